import assert from "node:assert/strict";
import fc from "fast-check";
import { PEOPLE } from "../../../config/oauth";
import { ConfigError } from "../../../config/problems";
import { HOST_FACTS, OAUTH_FACTS, PR, config } from "../../../test/support/samples";
import { planPrEnvironment } from "../plan";
import { validate } from "../validate";

const platform = OAUTH_FACTS;
const argsOf = (fields: Record<string, unknown>, facts = platform) => ({
  config: config(fields),
  pr: PR,
  platform: facts,
});
const guarded = (oidc: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
  argsOf({ access: { mode: "oidc", oidc }, ...more });
const settings = (oidc: Record<string, unknown> = {}, more: Record<string, unknown> = {}): string =>
  ((planPrEnvironment(guarded(oidc, more)).logins.proxy?.config.data ?? {}) as Record<string, string>)["httpd.conf"] ??
  "";
/** The Services that Ingresses lead to. */
const entrances = (workloads: readonly { ingress: unknown }[]): string[] =>
  workloads.flatMap(({ ingress }) => /"service":\{"name":"([^"]+)"/.exec(JSON.stringify(ingress ?? {}))?.[1] ?? []);
const refused = (fields: Record<string, unknown>, message: RegExp) =>
  assert.throws(
    () => config(fields),
    (error) => error instanceof ConfigError && message.test(error.message),
  );

describe("the log-in before an environment", () => {
  it("is there only when asked for", () => {
    const { logins, networkPolicies, workloads } = planPrEnvironment(argsOf({}));
    assert.deepEqual(logins, { proxy: undefined, stateKey: false });
    assert.ok("allow-gateway-to-app" in networkPolicies);
    assert.deepEqual(entrances(workloads), ["app"]);
  });

  it("takes the gateway from the app to the proxy, which alone reaches the app", () => {
    const services = [
      { name: "api", port: 8080, public: true },
      { name: "worker", port: 9090 },
    ];
    for (const more of [{}, { services }]) {
      const { networkPolicies, workloads, serviceAccounts } = planPrEnvironment(guarded({}, more));
      assert.deepEqual(
        entrances(workloads),
        "services" in more ? ["access-proxy", "access-proxy"] : ["access-proxy"],
        "every URL leads to the proxy",
      );
      const gateway = JSON.stringify([{ ipBlock: { cidr: "10.89.0.1/32" } }]);
      const fromGateway = Object.entries(networkPolicies).filter(([, { spec }]) =>
        JSON.stringify(spec).includes(gateway),
      );
      assert.deepEqual(
        fromGateway.map(([name]) => name),
        ["allow-gateway-to-access-proxy"],
        "the gateway reaches nothing else",
      );
      assert.equal(serviceAccounts["access-proxy"]?.automountServiceAccountToken, false);
    }
    const { networkPolicies } = planPrEnvironment(guarded({}, { services }));
    const proxies = [{ podSelector: { matchLabels: { "berth.dev/component": "access-proxy" } } }];
    for (const [name, port] of [["app", 3000] as const, ["api", 8080] as const]) {
      assert.deepEqual((networkPolicies[`allow-access-proxy-to-${name}`]?.spec as { ingress: unknown }).ingress, [
        { from: proxies, ports: [{ port, protocol: "TCP" }] },
      ]);
    }
    const { egress } = networkPolicies["allow-access-proxy-out"]?.spec as { egress: { ports: { port: number }[] }[] };
    assert.deepEqual(
      egress.map(({ ports }) => ports.map(({ port }) => port)),
      [[53, 53], [3000], [8080], [8081]],
    );
  });

  it("has a host with a callback of its own for each public service", () => {
    const text = settings({}, { services: [{ name: "api", port: 8080, public: true }] });
    assert.match(text, /ServerName shop-pr-7-api\.berth\.localhost\n {2}OIDCRedirectURI \S+\/\/shop-pr-7-api\./);
    assert.match(text, /ProxyPass \/ http:\/\/api:8080\//);
    assert.equal(text.match(/<RequireAll>\n\s+Require valid-user/g)?.length, 2);
  });

  it("leaves the app's own probes as they are", () => {
    const probes = (args: ReturnType<typeof argsOf>) => {
      const [{ deployment } = assert.fail()] = planPrEnvironment(args).workloads;
      return JSON.stringify(deployment).match(/"(startup|readiness|liveness)Probe":\{.*?\}\}?/g);
    };
    assert.deepEqual(probes(guarded()), probes(argsOf({})));
  });

  it("has room in the quota, for an update too", () => {
    const [before, after] = [planPrEnvironment(argsOf({})), planPrEnvironment(guarded())].map(
      ({ neededQuota }) => neededQuota,
    );
    assert.equal(Number(after?.["pods"]) - Number(before?.["pods"]), 2);
    assert.equal(Number(after?.["services"]) - Number(before?.["services"]), 1);
  });

  it("asks for what the platform asks and for what the project asks, both", () => {
    const text = settings({ emails: ["Ann.B+x@example.com"], groups: ["Design Team"] });
    assert.match(text, /<RequireAll>\n\s+Require valid-user\n\s+<RequireAny>/);
    assert.equal(text.match(/<RequireAny>/g)?.length, 4, "platform and project, each with addresses inside");
    assert.ok(text.includes(String.raw`Require claim "email~(?i)^Ann\.B\+x@example\.com$"`));
    assert.ok(text.includes(String.raw`Require claim "email~(?i)^[^@\s]+@example\.org$"`));
    assert.ok(text.includes('Require claim "groups:Design Team"'));
    assert.equal(text.match(/email_verified:true/g)?.length, 2);
    assert.equal(settings().match(/<RequireAny>/g)?.length, 2, "the platform's alone");
  });

  it("has no secret in its settings, and the app none of the proxy's", () => {
    assert.match(settings(), /OIDCClientSecret "\$\{PROXY_KEY\}"/);
    assert.doesNotMatch(
      JSON.stringify(planPrEnvironment(guarded()).workloads.map(({ deployment }) => deployment)),
      /access-proxy|PROXY_/,
    );
    refused({ envFrom: [{ secretRef: { name: "access-proxy" } }] }, /the proxy's own Secret/);
  });

  it("lets no entry of a list out of its line", () => {
    for (const kind of ["emails", "emailDomains", "groups"] as const) {
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.stringMatching(PEOPLE[kind].pattern)), (entry) => {
          if (!PEOPLE[kind].pattern.test(entry)) {
            refused({ access: { mode: "oidc", oidc: { [kind]: [entry] } } }, /access\.oidc/);
            return;
          }
          const lines = settings({ [kind]: [entry] }).split("\n");
          assert.equal(
            lines.length,
            settings({ [kind]: [{ emails: "a@b.c", emailDomains: "b.c", groups: "a" }[kind]] }).split("\n").length,
          );
          assert.doesNotMatch(entry, /["\\$<>{}\n\r%]/);
        }),
        { numRuns: 60 },
      );
    }
  });

  it("is refused where the platform has no provider, with whom to ask", () => {
    const [{ propertyPath, reason } = assert.fail()] = validate(argsOf({ access: { mode: "oidc" } }, HOST_FACTS));
    assert.equal(propertyPath, "config.access.mode");
    assert.match(reason, /takes a provider.*accepted: public, basic\. Ask its owner to set oauth\.oidc/);
    assert.deepEqual(validate(guarded()), []);
  });

  it("is there by the platform's default too, unless nothing has a URL", () => {
    const facts = { ...platform, access: { ...platform.access, default: "oidc" as const } };
    assert.equal(planPrEnvironment(argsOf({}, facts)).gate.mode, "oidc");
    assert.deepEqual(planPrEnvironment(argsOf({}, facts)).logins, planPrEnvironment(guarded()).logins);
    assert.deepEqual(planPrEnvironment(argsOf({}, facts)).neededQuota, planPrEnvironment(guarded()).neededQuota);
    const { logins, networkPolicies } = planPrEnvironment(argsOf({ ingress: { enabled: false } }, facts));
    assert.equal(logins.proxy, undefined);
    assert.doesNotMatch(JSON.stringify(networkPolicies), /access-proxy|10\.89\.0\.1/);
  });

  it("is behind the gateway's headers and list of addresses", () => {
    const { gate, workloads } = planPrEnvironment(argsOf({ access: { mode: "oidc", allow: ["203.0.113.0/24"] } }));
    assert.deepEqual(
      gate.middlewares.map(({ metadata }) => metadata.name),
      ["response-headers", "access-allow"],
    );
    assert.equal(gate.login, undefined);
    assert.match(
      JSON.stringify(workloads[0]?.ingress?.metadata),
      /shop-pr-7-response-headers@kubernetescrd,shop-pr-7-access-allow@kubernetescrd/,
    );
  });

  it("sleeps and wakes with its environment", () => {
    const replicas = (asleep: true | undefined) => {
      const { logins } = planPrEnvironment({ ...guarded(), pr: { ...PR, asleep } });
      return (logins.proxy?.deployment.spec as { replicas: number }).replicas;
    };
    assert.deepEqual([replicas(true), replicas(undefined)], [0, 1]);
  });

  it("takes HTTP only, of what has a URL", () => {
    const services = [
      { name: "api", port: 9000, protocol: "h2c", public: true },
      { name: "worker", port: 9001, protocol: "grpc" },
    ];
    assert.deepEqual(
      validate(guarded({}, { app: { protocol: "grpc" }, services })).map(
        ({ propertyPath, reason }) => `${propertyPath}: ${reason}`,
      ),
      [
        'config.app.protocol: "grpc" does not pass the proxy of access.mode oidc; accepted: http. Use it, have no URL for this, or choose another access.mode.',
        'config.services[0].protocol: "h2c" does not pass the proxy of access.mode oidc; accepted: http. Use it, have no URL for this, or choose another access.mode.',
      ],
    );
  });

  it("is capped by the platform: an address that it never lets in is an error, not a puzzle", () => {
    const oidc = platform.oauth?.oidc ?? assert.fail();
    const narrow = {
      ...platform,
      oauth: {
        ...platform.oauth,
        oidc: { ...oidc, allow: { emails: ["cto@corp.test"], emailDomains: ["example.com"], groups: [] } },
      } as typeof platform.oauth,
    };
    const problems = validate(
      argsOf(
        {
          access: {
            mode: "oidc",
            oidc: { emails: ["a@EXAMPLE.com", "b@evil.test", "CTO@corp.test"], emailDomains: ["corp.test"] },
          },
        },
        narrow,
      ),
    );
    assert.deepEqual(
      problems.map(({ propertyPath }) => propertyPath),
      ["config.access.oidc.emails[1]", "config.access.oidc.emailDomains[0]"],
    );
    assert.match(
      problems[0]?.reason ?? "",
      /"b@evil\.test" is not let in by this platform; accepted: example\.com, cto@corp\.test\./,
    );
  });

  it("wants a URL and its mode", () => {
    refused(
      { access: { mode: "oidc" }, ingress: { enabled: false } },
      /access\.mode is given for an environment without a URL/,
    );
    refused(
      { oauth: { callback: true }, ingress: { enabled: false } },
      /oauth\.callback is given for an environment without a URL/,
    );
    refused(
      { access: { oidc: { groups: ["a"] } } },
      /access\.oidc\.groups.*although access\.mode is left to the platform/s,
    );
    refused({ access: { mode: "oidc", oidc: { groups: ["a", "a"] } } }, /access\.oidc\.groups\[1\].*there already/s);
  });
});

describe("log-ins of the app itself", () => {
  it("get three variables, the key from a Secret", () => {
    const { workloads, logins } = planPrEnvironment(argsOf({ oauth: { callback: true } }));
    assert.ok(logins.stateKey);
    const text = JSON.stringify(workloads[0]?.deployment);
    assert.match(text, /\{"name":"OAUTH_CALLBACK_URL","value":"https:\/\/auth\.berth\.localhost:8443\/callback"\}/);
    assert.match(text, /\{"name":"OAUTH_ENVIRONMENT","value":"shop-pr-7"\}/);
    assert.match(
      text,
      /\{"name":"OAUTH_STATE_KEY","valueFrom":\{"secretKeyRef":\{"name":"oauth-state","key":"key"\}\}\}/,
    );
    refused({ oauth: { callback: true }, env: { OAUTH_STATE_KEY: "x" } }, /env\.OAUTH_STATE_KEY.*that Berth sets/s);
    assert.equal(config({ env: { OAUTH_STATE_KEY: "x" } }).env["OAUTH_STATE_KEY"], "x");
  });

  it("are refused where the platform has no broker", () => {
    assert.deepEqual(
      validate(argsOf({ oauth: { callback: true } }, HOST_FACTS)).map(({ propertyPath }) => propertyPath),
      ["config.oauth.callback"],
    );
  });
});
