import assert from "node:assert/strict";
import fc from "fast-check";
import { RESPONSE_HEADERS, TLS_RESPONSE_HEADERS, responseHeaders } from "./access";
import { parseConfig } from "./parse";

const refusals = (fields: Record<string, unknown>): string => {
  try {
    parseConfig({ projectId: "shop", ...fields });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("headers of every answer", () => {
  it("are those of the scheme", () => {
    assert.deepEqual(responseHeaders("http", {}), RESPONSE_HEADERS);
    assert.deepEqual(responseHeaders("https", {}), { ...RESPONSE_HEADERS, ...TLS_RESPONSE_HEADERS });
  });

  it("are changed, left to the app or added by name, in any case", () => {
    const changes = {
      "x-frame-options": "DENY",
      "X-ROBOTS-TAG": false,
      "Content-Security-Policy": "default-src 'self'",
    };
    assert.deepEqual(responseHeaders("http", changes as Record<string, string | false>), {
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "strict-origin-when-cross-origin",
      "X-Frame-Options": "DENY",
      "Content-Security-Policy": "default-src 'self'",
    });
  });

  it("never come twice, and never with a value that the config took away", () => {
    const name = fc
      .constantFrom(...Object.keys(RESPONSE_HEADERS), "Server", "Via")
      .chain((known) => fc.constantFrom(known, known.toLowerCase(), known.toUpperCase()));
    const changes = fc.dictionary(name, fc.oneof(fc.constant(false as const), fc.string()), { maxKeys: 1 });
    fc.assert(
      fc.property(changes, (given) => {
        const headers = responseHeaders("https", given);
        const names = Object.keys(headers).map((each) => each.toLowerCase());
        assert.equal(new Set(names).size, names.length);
        for (const [key, value] of Object.entries(given))
          assert.equal(names.includes(key.toLowerCase()), value !== false);
      }),
    );
  });
});

describe("access in berth.yaml", () => {
  it("names what it takes", () => {
    assert.match(
      refusals({ access: { mode: "password" } }),
      /access\.mode is "password"; accepted: public, basic or oidc/,
    );
    assert.match(
      refusals({ access: { allow: ["10.0.0.1"] } }),
      /access\.allow\[0\] is "10\.0\.0\.1"; accepted: an IPv4 range/,
    );
    assert.match(refusals({ app: { protocol: "http2" } }), /app\.protocol is "http2"; accepted: http, h2c or grpc/);
    assert.match(
      refusals({ ingress: { headers: { "X-A": "a\r\nb" } } }),
      /ingress\.headers\.X-A .*accepted: text, or false/s,
    );
    assert.match(refusals({ ingress: { headers: { "X A": "a" } } }), /accepted: the name of a header/);
    assert.match(
      refusals({ ingress: { headers: { "X-A": true } } }),
      /accepted: text, or false to leave the header to the app/,
    );
  });

  it("is refused where it could mean nothing", () => {
    const closed = { enabled: false };
    assert.match(
      refusals({ ingress: closed, access: { mode: "basic" } }),
      /access\.mode is given for an environment without a URL/,
    );
    assert.match(
      refusals({ ingress: closed, access: { allow: ["203.0.113.0/24"] } }),
      /access\.allow is given for an environment/,
    );
    assert.match(
      refusals({ ingress: { ...closed, headers: { Server: "x" } } }),
      /ingress\.headers is given for an environment/,
    );
    assert.match(
      refusals({ access: { allow: ["203.0.113.0/24", "203.0.113.0/24"] } }),
      /access\.allow\[1\] is 203\.0\.113\.0\/24, there already/,
    );
    assert.match(
      refusals({ ingress: { headers: { Server: "x", server: "y" } } }),
      /ingress\.headers\.server is server, there already/,
    );
    assert.match(
      refusals({ app: { protocol: "grpc", healthPath: "/up" } }),
      /app\.healthPath is "\/up", for what speaks gRPC/,
    );
  });

  it("does not ask who speaks gRPC for a path, unless on another port", () => {
    const probes = { readiness: { path: "/up" } };
    assert.match(
      refusals({ app: { protocol: "grpc" }, probes }),
      /probes\.readiness\.path is "\/up", for what speaks gRPC/,
    );
    assert.match(
      refusals({ services: [{ name: "api", port: 9000, protocol: "grpc", healthPath: "/up" }] }),
      /services\[0\]\.healthPath is "\/up", for what speaks gRPC/,
    );
    assert.equal(refusals({ app: { protocol: "grpc" }, probes: { readiness: { path: "/up", port: 9090 } } }), "");
  });

  it("is for public services of an app without a URL too", () => {
    const services = [{ name: "api", port: 9000, public: true }];
    assert.equal(refusals({ ingress: { enabled: false }, services, access: { mode: "basic" } }), "");
  });

  it("keeps the gateway's Middlewares to Berth", () => {
    const annotations = { "traefik.ingress.kubernetes.io/router.middlewares": "other-open@kubernetescrd" };
    assert.match(
      refusals({ ingress: { annotations } }),
      /an annotation that Berth sets.*Remove it, and use access and ingress\.headers\./s,
    );
  });
});
