import assert from "node:assert/strict";
import { PrEnvironment } from "..";
import type { PlatformFacts } from "../../../config/platform";
import { planQuota } from "../../../config/quota";
import { record } from "../../../test/support/mocks";
import type { Recording } from "../../../test/support/mocks";
import { DIGEST, HOST_FACTS, PR, config } from "../../../test/support/samples";
import { planPrEnvironment } from "../plan";
import { validate } from "../validate";

const NAME = "shop-pr-7";
const CLUSTER = "kubernetes:postgresql.cnpg.io/v1:Cluster";
const image = (version: string) => `ghcr.io/cloudnative-pg/postgresql:${version}@${DIGEST}`;
const platform: PlatformFacts = {
  ...HOST_FACTS,
  storageClass: "gp3",
  operators: {
    cloudnativePg: {
      namespace: "cnpg-system",
      apiServerCidrs: ["10.0.0.0/16", "172.20.0.1/32"],
      images: { "16": image("16.9"), "17": image("17.5") },
    },
  },
};
const operated = (options: object = {}) =>
  config({ databases: { postgresql: { operator: "cloudnative-pg", ...options } } });
const plan = (options: object = {}) => planPrEnvironment({ config: operated(options), pr: PR, platform });
const refused = (options: object, facts = platform) =>
  validate({ config: operated(options), pr: PR, platform: facts }).map(({ propertyPath, reason }) => [
    propertyPath,
    reason,
  ]);

describe("a PostgreSQL that CloudNativePG runs", () => {
  let made: Recording;
  before(async () => {
    made = await record(() => new PrEnvironment(NAME, { config: operated({ storage: "2Gi" }), pr: PR, platform }));
  });

  const cluster = (options: object = {}) => {
    const [database] = plan(options).databases;
    assert.equal(database?.server.kind, "operator");
    const { object } = database.server as { object: object } as { object: { spec: Record<string, unknown> } };
    return object.spec;
  };

  it("has the app's variables from the same Secret and address as one without", () => {
    const [without] = planPrEnvironment({
      config: config({ databases: { postgresql: true } }),
      pr: PR,
      platform,
    }).databases;
    const [database] = plan().databases;
    assert.deepEqual(database?.variables, without?.variables);
    const { username, password, ...values } = database?.connection("s3cret") ?? {};
    assert.deepEqual(values, without?.connection("s3cret"));
    assert.deepEqual([username, password], ["app", "s3cret"]);
    assert.equal(database?.secretType, "kubernetes.io/basic-auth");
    assert.deepEqual(database.service.metadata, without?.service.metadata);
    assert.deepEqual(database.service.spec, {
      selector: { "cnpg.io/cluster": "postgresql-cluster", "cnpg.io/instanceRole": "primary" },
      ports: [{ name: "postgresql", port: 5432, targetPort: 5432 }],
    });
  });

  it("is what the config says: version, size, bootstrap SQL, the app's user and password", () => {
    const bootstrap = { initSQL: ["CREATE ROLE reader"], postInitApplicationSQL: ["CREATE EXTENSION citext"] };
    const spec = cluster({ version: "17", storage: "2Gi", bootstrap });
    assert.equal(spec["imageName"], image("17.5"));
    assert.equal(spec["instances"], 1);
    assert.deepEqual(spec["storage"], { size: "2Gi", storageClass: "gp3" });
    assert.deepEqual(spec["bootstrap"], {
      initdb: {
        database: "app",
        owner: "app",
        secret: { name: "postgresql" },
        postInitSQL: bootstrap.initSQL,
        postInitApplicationSQL: bootstrap.postInitApplicationSQL,
      },
    });
    assert.deepEqual(spec["resources"], {
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { cpu: "500m", memory: "512Mi" },
    });
    assert.equal(spec["priorityClassName"], "berth-environment");
  });

  it("ends within seconds, and is in no drain's way", () => {
    const spec = cluster();
    assert.equal(spec["stopDelay"], 5);
    assert.equal(spec["startDelay"], 180);
    assert.equal(spec["enablePDB"], false);
    assert.equal(spec["enableSuperuserAccess"], false);
  });

  it("gets the platform's default version where there is an image of it, else the newest", () => {
    assert.equal(cluster()["imageName"], image("17.5"), "the default, 15, has none");
    const facts = { ...platform, defaultVersions: { ...platform.defaultVersions, postgresql: "16" } };
    const [database] = planPrEnvironment({ config: operated(), pr: PR, platform: facts }).databases;
    assert.equal(database?.version, "16");
  });

  it("starts after every fence and its Secret, is waited for, and goes before the namespace", () => {
    const object = made.get(CLUSTER, `${NAME}-postgresql`);
    for (const needed of ["namespace", "quota", "postgresql-secret", "policy-default-deny"])
      assert.ok(object.dependsOn?.includes(`${NAME}-${needed}`), needed);
    assert.equal(object.deletedWith, undefined);
    const { metadata } = object.inputs as { metadata: { annotations: Record<string, string> } };
    assert.equal(metadata.annotations["pulumi.com/waitFor"], "condition=Ready");
    assert.equal(object.customTimeouts?.delete, "3m");
  });

  it("has no pod, volume or account of Berth's own", () => {
    for (const type of ["StatefulSet", "PersistentVolumeClaim"])
      assert.deepEqual(
        made.registrations.filter((one) => one.type.endsWith(`:${type}`)),
        [],
        type,
      );
    assert.deepEqual(Object.keys(plan().serviceAccounts), ["app"]);
  });

  it("is reached by the app on its port and by its operator on its status port, and reaches the API server alone", () => {
    const { networkPolicies } = plan();
    const pods = { matchLabels: { "cnpg.io/cluster": "postgresql-cluster" } };
    const tcp = (port: number) => ({ port, protocol: "TCP" });
    const app = { podSelector: { matchLabels: { "berth.dev/component": "app" } } };
    const specs = Object.fromEntries(Object.entries(networkPolicies).map(([name, { spec }]) => [name, spec]));
    assert.deepEqual(specs["allow-postgresql-from-app"], {
      podSelector: pods,
      policyTypes: ["Ingress"],
      ingress: [{ from: [app], ports: [tcp(5432)] }],
    });
    assert.deepEqual(specs["allow-operator-to-postgresql"], {
      podSelector: pods,
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "cnpg-system" } } }],
          ports: [tcp(8000)],
        },
      ],
    });
    assert.deepEqual(specs["allow-postgresql-to-api-server"], {
      podSelector: pods,
      policyTypes: ["Egress"],
      egress: [
        {
          to: [{ ipBlock: { cidr: "10.0.0.0/16" } }, { ipBlock: { cidr: "172.20.0.1/32" } }],
          ports: [tcp(443), tcp(6443)],
        },
      ],
    });
    const others = Object.values(specs).filter((spec) => JSON.stringify(spec).includes('"port":6443'));
    assert.equal(others.length, 1, "nobody else reaches the API server");
  });

  it("has room in the quota for the Service that the operator makes", () => {
    const without = planQuota(config({ databases: { postgresql: true } }));
    assert.deepEqual(planQuota(operated()), { ...without, services: "3" });
  });

  it("is refused by a platform without the operator, and in a version without image", () => {
    assert.deepEqual(refused({}, HOST_FACTS), [
      [
        "config.databases.postgresql.operator",
        "this platform offers no PostgreSQL by CloudNativePG. Install the operator and give its images in operators.cloudnativePg of berth:platform, or leave operator out.",
      ],
    ]);
    assert.deepEqual(refused({ version: "15" }), [
      [
        "config.databases.postgresql.version",
        '"15" is not offered with CloudNativePG by this platform; accepted: 16, 17. Choose one of them, or leave version out for the default.',
      ],
    ]);
    assert.deepEqual(refused({ version: "16" }), []);
  });
});
