import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { HOST_FACTS, PR, config } from "../../../test/support/samples";
import { MOCK_PASSWORD, record } from "../../../test/support/mocks";
import type { PlatformFacts } from "../../../config/platform";
import { PrEnvironment } from "..";
import { planPrEnvironment } from "../plan";
import { validate } from "../validate";
import { loginLine } from "./plan";

const MIDDLEWARES = "traefik.ingress.kubernetes.io/router.middlewares";
const INGRESS = "kubernetes:networking.k8s.io/v1:Ingress";
const EXISTING: PlatformFacts = {
  ...HOST_FACTS,
  ingressClass: "contour",
  middlewares: false,
  access: { default: "public", accepted: ["public"], ipLists: false },
};

const plan = (fields: Record<string, unknown>, platform = HOST_FACTS) =>
  planPrEnvironment({ config: config(fields), pr: PR, platform });
const appOf = (fields: Record<string, unknown>, platform = HOST_FACTS) =>
  plan(fields, platform).workloads[0] ?? assert.fail("no app");
const refusals = (fields: Record<string, unknown>, platform: PlatformFacts) =>
  validate({ config: config(fields), pr: PR, platform }).map(
    ({ propertyPath, reason }) => `${propertyPath}: ${reason}`,
  );
/** The names of what a request passes, in order. */
const passes = (fields: Record<string, unknown>, platform = HOST_FACTS): string | undefined =>
  (appOf(fields, platform).ingress?.metadata as unknown as { annotations: Record<string, string> }).annotations[
    MIDDLEWARES
  ];

describe("access to an environment", () => {
  it("passes headers, then the list, then the login", () => {
    assert.equal(passes({}), "shop-pr-7-response-headers@kubernetescrd");
    assert.equal(
      passes({ access: { mode: "basic", allow: ["203.0.113.0/24"] } }),
      "shop-pr-7-response-headers@kubernetescrd,shop-pr-7-access-allow@kubernetescrd,shop-pr-7-access-login@kubernetescrd",
    );
    const all = {
      "X-Content-Type-Options": false,
      "Referrer-Policy": false,
      "X-Frame-Options": false,
      "X-Robots-Tag": false,
    };
    assert.equal(passes({ ingress: { headers: { ...all, "Strict-Transport-Security": false } } }), undefined);
  });

  it("has Middlewares that say what the config says", () => {
    const { middlewares } = plan({ access: { mode: "basic", allow: ["203.0.113.0/24"] } }).gate;
    assert.deepEqual(middlewares.map(({ spec }) => spec).slice(1), [
      { ipAllowList: { sourceRange: ["203.0.113.0/24"] } },
      { basicAuth: { secret: "access-login", realm: "shop-pr-7", removeHeader: true } },
    ]);
    for (const { metadata } of middlewares) assert.equal(metadata.namespace, "shop-pr-7");
  });

  it("follows the platform's default, and the config before it", () => {
    const closed: PlatformFacts = { ...HOST_FACTS, access: { ...HOST_FACTS.access, default: "basic" } };
    assert.equal(plan({}, closed).gate.mode, "basic");
    assert.match(passes({}, closed) ?? "", /access-login/);
    assert.equal(plan({ access: { mode: "public" } }, closed).gate.mode, "public");
  });

  it("guards nothing where there is no URL", () => {
    assert.deepEqual(plan({ ingress: { enabled: false } }).gate.middlewares, []);
  });

  it("is the same for public services, each at one label of the wildcard, also where the app has no URL", () => {
    const services = [{ name: "api", port: 8080, public: true }, { name: "worker" }];
    const { workloads, gate } = plan({ ingress: { enabled: false }, services, access: { mode: "basic" } });
    const routes = workloads.flatMap(({ ingress }) => (ingress === undefined ? [] : [ingress])) as unknown as {
      metadata: { annotations: Record<string, string> };
      spec: { rules: { host: string }[] };
    }[];
    assert.deepEqual(
      routes.map(({ spec }) => spec.rules.map(({ host }) => host)),
      [["shop-pr-7-api.berth.localhost"]],
    );
    const names = "shop-pr-7-response-headers@kubernetescrd,shop-pr-7-access-login@kubernetescrd";
    assert.equal(routes[0]?.metadata.annotations[MIDDLEWARES], names);
    assert.ok(gate.login);
  });

  it("is there before the route, with a hash in the cluster and the password in the state only", async () => {
    const recording = await record(
      () =>
        new PrEnvironment("shop-pr-7", { config: config({ access: { mode: "basic" } }), pr: PR, platform: HOST_FACTS }),
    );
    const { dependsOn = [] } = recording.get(INGRESS, "shop-pr-7-app-ingress");
    const guards = ["shop-pr-7-access-login", "shop-pr-7-access-login-secret", "shop-pr-7-response-headers"];
    assert.deepEqual(dependsOn.filter((name) => guards.includes(name)).sort(), guards);
    const { inputs } = recording.get("kubernetes:core/v1:Secret", "shop-pr-7-access-login-secret");
    const { secret } = inputs["stringData"] as { secret: { users: string } };
    assert.equal(secret.users, `berth:{SHA}${createHash("sha1").update(MOCK_PASSWORD).digest("base64")}`);
    assert.equal(loginLine(MOCK_PASSWORD), secret.users);
    assert.ok(!JSON.stringify(recording.registrations).includes(MOCK_PASSWORD));
  });

  it("tells the Service what the app speaks", () => {
    const service = (protocol: string) =>
      appOf({ app: { protocol } }).service as unknown as {
        metadata: { annotations: Record<string, string> };
        spec: { ports: { appProtocol?: string }[] };
      };
    const scheme = "traefik.ingress.kubernetes.io/service.serversscheme";
    assert.deepEqual(
      ["http", "h2c", "grpc"].map((each) => [
        service(each).metadata.annotations[scheme],
        service(each).spec.ports[0]?.appProtocol,
      ]),
      [
        [undefined, undefined],
        ["h2c", "kubernetes.io/h2c"],
        ["h2c", "kubernetes.io/h2c"],
      ],
    );
  });

  it("asks who speaks gRPC by gRPC's own health checks, and on another port by a path", () => {
    const { deployment } = appOf({ app: { protocol: "grpc" }, probes: { liveness: { path: "/up", port: 9090 } } });
    const { containers } = (
      deployment.spec as unknown as { template: { spec: { containers: Record<string, object>[] } } }
    ).template.spec;
    const asked = (probe: string) => {
      const { grpc, httpGet } = containers[0]?.[probe] as { grpc?: object; httpGet?: object };
      return { grpc, httpGet };
    };
    assert.deepEqual(asked("startupProbe"), { grpc: { port: 3000 }, httpGet: undefined });
    assert.deepEqual(asked("readinessProbe"), { grpc: { port: 3000 }, httpGet: undefined });
    assert.deepEqual(asked("livenessProbe"), { grpc: undefined, httpGet: { path: "/up", port: 9090 } });
  });
});

describe("access that a platform cannot keep", () => {
  it("is refused with another gateway than Berth's, never left open", () => {
    assert.deepEqual(
      refusals(
        { access: { mode: "basic", allow: ["203.0.113.0/24"] }, ingress: { headers: { Server: "x" } } },
        EXISTING,
      ),
      [
        'config.access.mode: "basic" cannot be kept by this platform, whose gateway (ingress class contour) is not one of Berth\'s; accepted: public. Ask its owner for a gateway of mode deployed or host.',
        "config.access.allow: it cannot be kept by this platform, whose gateway (ingress class contour) is not one of Berth's. Ask its owner for a gateway of mode deployed or host, or remove access.allow.",
        "config.ingress.headers: they cannot be set by this platform, whose gateway (ingress class contour) is not one of Berth's. Have the app set them, and remove ingress.headers.",
      ],
    );
    assert.deepEqual(refusals({}, EXISTING), []);
    assert.equal(passes({}, EXISTING), undefined);
  });

  it("is refused where visitors cannot be told apart, or the owner wants another mode", () => {
    const strict: PlatformFacts = { ...HOST_FACTS, access: { default: "basic", accepted: ["basic"], ipLists: false } };
    assert.deepEqual(refusals({ access: { mode: "public", allow: ["203.0.113.0/24"] } }, strict), [
      'config.access.mode: "public" is not accepted by this platform; accepted: basic. Choose one of them, or leave mode out for its default, basic.',
      "config.access.allow: this platform's gateway does not see the addresses of visitors, so it cannot keep a list of them. Ask its owner for clientAddresses: seen in gateway of berth:platform, or remove access.allow.",
    ]);
    assert.deepEqual(refusals({}, strict), []);
  });
});
