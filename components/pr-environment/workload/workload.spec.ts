import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { PrConfig } from "../../../config/pr";
import { record } from "../../../test/support/mocks";
import { DIGEST, HOST_FACTS, PR, config } from "../../../test/support/samples";
import { PrEnvironment } from "..";
import { planPrEnvironment } from "../plan";
import { validate } from "../validate";

interface Planned {
  replicas: number;
  template: {
    spec: {
      serviceAccountName: string;
      automountServiceAccountToken: boolean;
      initContainers?: { name: string }[];
      containers: {
        name: string;
        image: string;
        command?: string[];
        args?: string[];
        env: { name: string; value?: string; valueFrom?: object }[];
        envFrom: object[];
        ports: { name: string; containerPort: number }[];
        resources: object;
        volumeMounts: { mountPath: string }[];
        startupProbe?: object;
        readinessProbe?: object;
        livenessProbe?: object;
        lifecycle?: object;
      }[];
    };
  };
}

/** A platform that allows the project a Secret. */
const PLATFORM = {
  ...HOST_FACTS,
  previewSecrets: { shop: { namespace: "previews", repository: null, secrets: ["stripe"], configMaps: [] } },
};

const services = [
  {
    name: "api",
    image: `ghcr.io/acme/api@${DIGEST}`,
    port: 8080,
    extraPorts: [9090],
    public: true,
    healthPath: "/ready",
    replicas: 2,
    command: ["node", "api.js"],
    args: ["--verbose"],
    env: { LEVEL: "debug" },
    envFrom: [{ secretRef: { name: "stripe" } }],
    resources: { size: "medium" },
    writableDirs: ["/cache"],
    databases: ["postgresql"],
  },
  { name: "worker" },
];

function plan(fields: Record<string, unknown>, pr: Partial<PrConfig> = {}) {
  const planned = planPrEnvironment({ config: config(fields), pr: { ...PR, ...pr }, platform: PLATFORM });
  const workload = (name: string) =>
    planned.workloads.find((one) => one.name === name) ?? assert.fail(`no workload ${name}`);
  const spec = (name: string) => workload(name).deployment.spec as unknown as Planned;
  const container = (name: string) => spec(name).template.spec.containers[0] ?? assert.fail("no container");
  const variables = (name: string) =>
    Object.fromEntries(container(name).env.map((one) => [one.name, one.value ?? "from a Secret"]));
  return { planned, workload, spec, container, variables };
}

describe("services", () => {
  const full = plan({ services, databases: { postgresql: true } });

  it("have a Deployment, an identity without token, and variables of their own, whatever else they have", () => {
    for (const name of ["api", "worker"]) {
      const { serviceAccountName, automountServiceAccountToken } = full.spec(name).template.spec;
      assert.deepEqual([serviceAccountName, automountServiceAccountToken], [name, false]);
      assert.equal(full.planned.serviceAccounts[name]?.automountServiceAccountToken, false);
      assert.equal((full.workload(name).env.metadata as unknown as { name: string }).name, `${name}-env`);
    }
    assert.deepEqual(full.workload("api").env.data, { LEVEL: "debug" });
  });

  it("run what the config says", () => {
    const api = full.container("api");
    assert.deepEqual(
      [api.name, api.image, api.command, api.args],
      ["api", services[0]?.image, ["node", "api.js"], ["--verbose"]],
    );
    assert.equal(full.spec("api").replicas, 2);
    assert.deepEqual(api.resources, {
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { cpu: "500m", memory: "512Mi" },
    });
    assert.deepEqual(api.envFrom, [{ configMapRef: { name: "api-env" } }, { secretRef: { name: "preview-stripe" } }]);
    assert.deepEqual(
      api.volumeMounts.map(({ mountPath }) => mountPath),
      ["/tmp", "/cache"],
    );
    assert.deepEqual(
      api.ports.map(({ name, containerPort }) => [name, containerPort]),
      [
        ["http", 8080],
        ["port-9090", 9090],
      ],
    );
  });

  it("run the app's image, that of the config, or the one that the deploy gives, in this order of rising weight", () => {
    assert.equal(full.container("worker").image, PR.image);
    const built = `ghcr.io/acme/api@${DIGEST.replace("0", "f")}`;
    assert.equal(
      plan({ services, databases: { postgresql: true } }, { serviceImages: { api: built } }).container("api").image,
      built,
    );
  });

  it("wait for and know the databases that they name, and no other", () => {
    const waits = (name: string) => full.spec(name).template.spec.initContainers?.map((one) => one.name) ?? [];
    assert.deepEqual(waits("api"), ["wait-for-postgresql"]);
    assert.deepEqual(waits("worker"), []);
    assert.equal(full.variables("api")["DATABASE_URL"], "from a Secret");
    assert.equal("DATABASE_URL" in full.variables("worker"), false);
  });

  it("and the app know each other's addresses", () => {
    const api = {
      SERVICE_API_HOST: "api",
      SERVICE_API_PORT: "8080",
      SERVICE_API_URL: "http://api:8080",
      PUBLIC_API_URL: "https://shop-pr-7-api.berth.localhost:8443",
    };
    const app = { SERVICE_APP_HOST: "app", SERVICE_APP_PORT: "3000", SERVICE_APP_URL: "http://app:3000" };
    const of = (name: string) =>
      Object.fromEntries(Object.entries(full.variables(name)).filter(([key]) => /^(SERVICE|PUBLIC)_/.test(key)));
    assert.deepEqual(of("app"), api);
    assert.deepEqual(of("api"), { ...app, PUBLIC_API_URL: api.PUBLIC_API_URL });
    assert.deepEqual(of("worker"), { ...app, ...api });
    const { PORT, PREVIEW_URL } = full.variables("api");
    assert.deepEqual([PORT, PREVIEW_URL], ["8080", "https://shop-pr-7.berth.localhost:8443"]);
    assert.equal("PORT" in full.variables("worker"), false);
  });

  it("have a Service for their ports, and a host of one label when they are public", () => {
    const { service, ingress } = full.workload("api");
    assert.deepEqual((service?.spec as unknown as { ports: object }).ports, [
      { name: "http", port: 8080, targetPort: 8080 },
      { name: "port-9090", port: 9090, targetPort: 9090 },
    ]);
    const [rule] = (ingress?.spec as unknown as { rules: { host: string; http: { paths: object[] } }[] }).rules;
    assert.equal(rule?.host, "shop-pr-7-api.berth.localhost");
    assert.deepEqual(rule.http.paths, [
      { path: "/", pathType: "Prefix", backend: { service: { name: "api", port: { number: 8080 } } } },
    ]);
    assert.deepEqual([full.workload("worker").service, full.workload("worker").ingress], [undefined, undefined]);
  });

  it("that nobody connects to are not asked and have nothing to drain", () => {
    const { startupProbe, readinessProbe, livenessProbe, lifecycle } = full.container("worker");
    assert.deepEqual(
      [startupProbe, readinessProbe, livenessProbe, lifecycle],
      [undefined, undefined, undefined, undefined],
    );
  });

  it("change nothing in the app's own objects but the addresses that it is told", () => {
    const alone = plan({});
    const beside = plan({ services: [{ name: "worker" }] });
    assert.deepEqual(beside.workload("app"), alone.workload("app"));
  });

  it("are reached from the gateway only when public, and reach each other's ports and their databases only", () => {
    const policies = full.planned.networkPolicies;
    assert.deepEqual(Object.keys(policies).sort(), [
      "allow-api-from-others",
      "allow-api-to-dns",
      "allow-api-to-postgresql",
      "allow-app-from-others",
      "allow-app-to-dns",
      "allow-app-to-postgresql",
      "allow-gateway-to-api",
      "allow-gateway-to-app",
      "allow-others-to-api",
      "allow-others-to-app",
      "allow-postgresql-from-app",
      "allow-worker-to-dns",
      "default-deny",
    ]);
    const specOf = (name: string) =>
      policies[name]?.spec as unknown as { podSelector: object; ingress?: object[]; egress?: object[] };
    const of = (...values: string[]) => ({
      matchExpressions: [{ key: "berth.dev/component", operator: "In", values }],
    });
    const ports = [
      { port: 8080, protocol: "TCP" },
      { port: 9090, protocol: "TCP" },
    ];
    assert.deepEqual(specOf("allow-api-from-others").ingress, [
      { from: [{ podSelector: of("app", "worker") }], ports },
    ]);
    assert.deepEqual(specOf("allow-others-to-api").podSelector, of("app", "worker"));
    assert.deepEqual(specOf("allow-others-to-api").egress, [
      { to: [{ podSelector: { matchLabels: { "berth.dev/component": "api" } } }], ports },
    ]);
    assert.deepEqual(specOf("allow-gateway-to-api").ingress, [
      { from: [{ ipBlock: { cidr: "10.89.0.1/32" } }], ports: [{ port: 8080, protocol: "TCP" }] },
    ]);
    assert.deepEqual(specOf("allow-postgresql-from-app").ingress, [
      { from: [{ podSelector: of("app", "api") }], ports: [{ port: 5432, protocol: "TCP" }] },
    ]);
  });

  it("are registered side by side behind every fence, awaited beyond their own deadline, and told of", async () => {
    const asked = config({ services, databases: { postgresql: true } });
    const recording = await record(() => new PrEnvironment("shop-pr-7", { config: asked, pr: PR, platform: PLATFORM }));
    const { registrations } = recording;
    const deployments = registrations.filter(({ type }) => type === "kubernetes:apps/v1:Deployment");
    assert.deepEqual(deployments.map(({ name }) => name).sort(), [
      "shop-pr-7-app",
      "shop-pr-7-service-api",
      "shop-pr-7-service-worker",
    ]);
    const fences = registrations.filter(({ type }) =>
      /NetworkPolicy|ServiceAccount|ResourceQuota|LimitRange$/.test(type),
    );
    for (const { name, dependsOn } of deployments) {
      for (const fence of fences) assert.ok(dependsOn?.includes(fence.name), `${name} before ${fence.name}`);
      for (const other of deployments)
        assert.ok(dependsOn?.includes(other.name) !== true, `${name} after ${other.name}`);
    }
    const api = recording.get("kubernetes:apps/v1:Deployment", "shop-pr-7-service-api");
    const { progressDeadlineSeconds } = api.inputs["spec"] as { progressDeadlineSeconds: number };
    assert.deepEqual(api.customTimeouts, {
      create: `${progressDeadlineSeconds + 60}s`,
      update: `${progressDeadlineSeconds + 60}s`,
    });
    assert.deepEqual((recording.result as PrEnvironment).serviceUrls, {
      api: "https://shop-pr-7-api.berth.localhost:8443",
    });
  });

  it("are refused without an image of where the config says, and for names that are none of theirs", () => {
    const repository = [{ name: "api", image: "ghcr.io/acme/api" }];
    const reasons = (fields: Record<string, unknown>, serviceImages?: Record<string, string>) =>
      validate({
        config: config(fields),
        pr: { ...PR, ...(serviceImages && { serviceImages }) },
        platform: HOST_FACTS,
      }).map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`);
    const other = `ghcr.io/acme/other@${DIGEST}`;
    assert.deepEqual(reasons({ services: repository }), [
      'config.services[0].image: "ghcr.io/acme/api" is a repository without a digest, and the deploy gives no image of it. Deploy with --service-image api=ghcr.io/acme/api@sha256:…, or write the digest into the config.',
    ]);
    assert.deepEqual(reasons({ services: repository }, { api: other, web: other }), [
      'pr.serviceImages.web: "web" is no service of the config; accepted: api. Correct the name of --service-image, or add the service.',
      `pr.serviceImages.api: "${other}" is not from ghcr.io/acme/api, which the config's services[0].image asks for. Deploy an image from there, or change the config.`,
    ]);
    assert.deepEqual(reasons({ services: repository }, { api: `ghcr.io/acme/api@${DIGEST}` }), []);
    assert.deepEqual(reasons({ services: [{ name: "api" }] }, { api: other }), []);
    assert.deepEqual(reasons({ services: [{ name: "api", envFrom: [{ secretRef: { name: "stripe" } }] }] }), [
      'config.services[0].envFrom[0].secretRef.name: "stripe" is not allowed; accepted: none, as this platform has no Secrets for previews of project shop. Remove it, or have the platform\'s owner add it to previewSecrets.shop.secrets of berth:platform.',
    ]);
  });
});

describe("the app's container", () => {
  it("runs the config's command with its arguments, in as many pods as it says", () => {
    const { container, spec } = plan({ app: { command: ["node"], args: ["server.js"], replicas: 3 } });
    assert.deepEqual(
      [container("app").command, container("app").args, spec("app").replicas],
      [["node"], ["server.js"], 3],
    );
    const plain = plan({}).container("app");
    assert.deepEqual([plain.command, plain.args], [undefined, undefined]);
  });

  it("is asked for its start, readiness and life as the config says", () => {
    const { startupProbe, readinessProbe, livenessProbe } = plan({
      probes: {
        startup: { path: "/started", failureThreshold: 300, initialDelaySeconds: 2 },
        readiness: { tcp: true, port: 9000, successThreshold: 2, periodSeconds: 5, timeoutSeconds: 1 },
        liveness: false,
      },
    }).container("app");
    assert.deepEqual(startupProbe, {
      httpGet: { path: "/started", port: 3000 },
      initialDelaySeconds: 2,
      periodSeconds: 1,
      timeoutSeconds: 2,
      failureThreshold: 300,
    });
    assert.deepEqual(readinessProbe, {
      tcpSocket: { port: 9000 },
      periodSeconds: 5,
      timeoutSeconds: 1,
      failureThreshold: 3,
      successThreshold: 2,
    });
    assert.equal(livenessProbe, undefined);
  });

  it("of a service and a database that cannot be are refused together", async () => {
    await assert.rejects(
      record(
        () =>
          new PrEnvironment("shop-pr-7", {
            config: config({
              services: [{ name: "api", image: "ghcr.io/acme/api" }],
              databases: { postgresql: { version: "12" } },
            }),
            pr: PR,
            platform: HOST_FACTS,
          }),
      ),
      (error) => {
        assert.ok(pulumi.InputPropertiesError.isInstance(error));
        assert.deepEqual(
          error.errors.map(({ propertyPath }) => propertyPath),
          ["config.services[0].image", "config.databases.postgresql.version"],
        );
        return true;
      },
    );
  });
});
