import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { clusterSchema } from "../config/cluster";
import { record } from "../test/support/mocks";
import { fieldPaths, setAt } from "../test/support/schema-fields";
import { clusterStack } from "./cluster";

/*
 * Every field of `berth:cluster` must do something: this walks the schema, and for each field at the end of a path changes its value and looks for a
 * difference in what is made. A new field without a sample here fails, and so does one that changes nothing.
 */

const ACCOUNT = "111122223333";
const key = (digit: string) => `arn:aws:kms:eu-central-1:${ACCOUNT}:key/${digit.repeat(8)}-0000-0000-0000-000000000000`;
const secret = (name: string) => `arn:aws:secretsmanager:eu-central-1:${ACCOUNT}:secret:ecr-pullthroughcache/${name}`;
const image = (digit: string) => `registry.k8s.io/autoscaling/cluster-autoscaler@sha256:${digit.repeat(64)}`;
const subnets = (digit: string) => ({
  "eu-central-1a": `subnet-0000000${digit}`,
  "eu-central-1b": `subnet-1000000${digit}`,
});

const EXISTING = { vpcId: "vpc-00000001", cidr: "10.9.0.0/16", privateSubnetIds: subnets("a") };
const SPOT = { "pools.*.capacity": "spot", "pools.*.instanceTypes": ["m7i.large", "m6i.large"] };

/** Two accepted values for each field, and what it needs beside it; `*` stands for the first in a list, or the name `previews`. */
const SAMPLES: Record<string, [unknown, unknown, Record<string, unknown>?]> = {
  name: ["acme", "corp"],
  region: ["eu-central-1", "eu-west-1", { zones: undefined }],
  accountId: [ACCOUNT, "444455556666"],
  "zones.*": ["eu-central-1a", "eu-central-1c"],
  size: ["small", "large"],
  kubernetesVersion: ["1.35", "1.36"],
  "network.cidr": ["10.0.0.0/16", "10.1.0.0/16"],
  "network.controlPlaneZones.*": ["eu-central-1a", "eu-central-1c", { "network.controlPlaneZones.1": "eu-central-1b" }],
  // Makes nothing: it refuses what would clash.
  "network.avoidCidrs.*": ["10.1.0.0/16", "10.0.0.0/16"],
  "network.natGateways": ["one", "per-zone"],
  "network.interfaceEndpoints.*": ["sts", "logs"],
  "network.flowLogs.traffic": ["all", "none"],
  "network.flowLogs.retentionDays": [7, 14],
  "network.flowLogs.kmsKeyArn": [key("1"), key("2")],
  "network.existing.vpcId": ["vpc-00000001", "vpc-00000002", { "network.existing": EXISTING }],
  "network.existing.cidr": ["10.9.0.0/16", "10.8.0.0/16", { "network.existing": EXISTING }],
  "network.existing.privateSubnetIds.*": [subnets("a"), subnets("b"), { "network.existing": EXISTING }],
  "network.existing.publicSubnetIds.*": [subnets("c"), subnets("d"), { "network.existing": EXISTING }],
  "network.existing.controlPlaneSubnetIds.*": [subnets("c"), subnets("d"), { "network.existing": EXISTING }],
  "endpoint.publicCidrs.*": ["203.0.113.10/32", "203.0.113.11/32"],
  "endpoint.privateCidrs.*": ["10.8.0.0/16", "10.9.0.0/16"],
  "access.admins.*": [`arn:aws:iam::${ACCOUNT}:role/a`, `arn:aws:iam::${ACCOUNT}:role/b`],
  "access.deployers.*.name": ["a", "b", { "access.deployers.*.principalArn": `arn:aws:iam::${ACCOUNT}:role/d` }],
  "access.deployers.*.principalArn": [`arn:aws:iam::${ACCOUNT}:role/a`, `arn:aws:iam::${ACCOUNT}:role/b`, deployer()],
  "access.deployers.*.github.repository": ["acme/a", "acme/b", deployer({ github: { environment: "e" } })],
  "access.deployers.*.github.environment": ["a", "b", deployer({ github: { repository: "acme/a" } })],
  "access.deployers.*.github.ids.owner": [
    1,
    2,
    deployer({ github: { repository: "acme/a", environment: "e", ids: { repository: 1 } } }),
  ],
  "access.deployers.*.github.ids.repository": [
    1,
    2,
    deployer({ github: { repository: "acme/a", environment: "e", ids: { owner: 1 } } }),
  ],
  "access.deployers.*.namespaces.*": ["a", "b", deployer({ principalArn: `arn:aws:iam::${ACCOUNT}:role/d` })],
  networkPolicy: ["standard", "strict"],
  autoscaling: ["cluster-autoscaler", "karpenter", { "pools.*.maxPerZone": 1 }],
  "clusterAutoscaler.image": [image("1"), image("2")],
  "clusterAutoscaler.replicas": [1, 2],
  "karpenter.namespace": ["a", "b", { autoscaling: "karpenter", "pools.*.maxPerZone": 1 }],
  "karpenter.serviceAccount": ["a", "b", { autoscaling: "karpenter", "pools.*.maxPerZone": 1 }],
  "autoMode.nodePools.*": ["general-purpose", "system", { autoscaling: "auto-mode", pools: {} }],
  "pools.*.instanceTypes.*": ["m7i.large", "m6i.large"],
  "pools.*.capacity": ["on-demand", "spot", { "pools.*.instanceTypes": ["m7i.large", "m6i.large"] }],
  "pools.*.minPerZone": [1, 2],
  "pools.*.maxPerZone": [2, 3],
  "pools.*.perZone.*.min": [1, 2],
  "pools.*.perZone.*.max": [2, 3],
  "pools.*.onDemandFallback": [false, {}, SPOT],
  "pools.*.onDemandFallback.minPerZone": [1, 2, SPOT],
  "pools.*.onDemandFallback.maxPerZone": [1, 2, SPOT],
  "pools.*.rootVolumeGiB": [50, 60],
  "pools.*.maxPodsPerNode": [110, 100],
  "pools.*.detailedMonitoring": [true, false],
  "pools.*.labels.*": ["a", "b"],
  "pools.*.taints.*.key": ["a", "b", { "pools.*.taints.*.effect": "PreferNoSchedule" }],
  "pools.*.taints.*.value": ["a", "b", { "pools.*.taints.*.effect": "PreferNoSchedule", "pools.*.taints.*.key": "a" }],
  "pools.*.taints.*.effect": [
    "PreferNoSchedule",
    "NoSchedule",
    { "pools.*.taints.*.key": "a", "pools.other": { instanceTypes: ["m7i.large"], maxPerZone: 1 } },
  ],
  "pools.*.maxUnavailablePercentage": [33, 50],
  "pools.*.releaseVersion": ["1.35.7-20260911", "1.35.6-20260820"],
  "registry.repositories.*.name": ["acme/a", "acme/b", repository()],
  "registry.repositories.*.push.repository": ["acme/a", "acme/b", repository()],
  "registry.repositories.*.push.environments.*": ["a", "b", repository()],
  "registry.repositories.*.push.ids.owner": [1, 2, repository({ "push.ids.repository": 1 })],
  "registry.repositories.*.push.ids.repository": [1, 2, repository({ "push.ids.owner": 1 })],
  "registry.repositories.*.cleanup.environments.*": ["a", "b", repository()],
  "registry.repositories.*.buildCache.expireAfterDays": [1, 2, repository()],
  "registry.repositories.*.expireUntaggedAfterDays": [1, 2, repository()],
  "registry.pullThrough.*.prefix": ["aa", "bb", { "registry.pullThrough.*.upstream": "quay" }],
  "registry.pullThrough.*.upstream": ["quay", "kubernetes", { "registry.pullThrough.*.prefix": "aa" }],
  "registry.pullThrough.*.credentialArn": [
    secret("a"),
    secret("b"),
    { "registry.pullThrough.*.prefix": "aa", "registry.pullThrough.*.upstream": "docker-hub" },
  ],
  "registry.kmsKeyArn": [key("1"), key("2")],
  "registry.forceDelete": [true, false],
  "metrics.prefix": ["a", "b", metrics()],
  "metrics.namespace": ["a", "b", metrics()],
  "metrics.serviceAccount": ["a", "b", metrics()],
  "metrics.kmsKeyArn": [key("1"), key("2"), metrics()],
  "metrics.expireAfterDays": [1, 2, metrics()],
  "metrics.keepOverwrittenDays": [1, 2, metrics()],
  "metrics.forceDestroy": [true, false, metrics()],
  "github.oidcProviderArn": [`arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`, undefined],
  logRetentionDays: [7, 14],
  deletionProtection: [true, false],
  extendedSupport: [true, false],
  "tags.*": ["a", "b"],
};

function deployer(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return { "access.deployers.*": { name: "d", ...fields } };
}

function repository(more: Record<string, unknown> = {}): Record<string, unknown> {
  const first = { name: "acme/shop", push: { repository: "acme/shop", environments: ["images"] } };
  return {
    "registry.repositories.*": first,
    ...Object.fromEntries(Object.entries(more).map(([path, value]) => [`registry.repositories.*.${path}`, value])),
  };
}

function metrics(): Record<string, unknown> {
  return { metrics: { prefix: "metrics", namespace: "monitoring", serviceAccount: "exporter" } };
}

describe("no field of berth:cluster is silent", () => {
  const paths = fieldPaths(clusterSchema);

  it("each has a sample here, and no sample is left over", () => {
    assert.deepEqual(paths.sort(), Object.keys(SAMPLES).sort());
  });

  for (const path of paths) {
    it(path, async () => {
      const [first, second, beside = {}] = SAMPLES[path] ?? assert.fail("no sample");
      assert.notEqual(
        await outcome(path, first, beside),
        await outcome(path, second, beside),
        `${path} changes nothing`,
      );
    });
  }
});

/** What comes of a config in which one field has a value: all that is made, or why it is refused. */
async function outcome(path: string, value: unknown, beside: Record<string, unknown>): Promise<string> {
  const cluster: Record<string, unknown> = {
    name: "acme",
    region: "eu-central-1",
    accountId: ACCOUNT,
    zones: ["eu-central-1a", "eu-central-1b"],
    kubernetesVersion: "1.35",
    // A VPC that is there leaves less to make, where the case is not about that.
    ...(/^(network|zones|region|size)/.test(path) ? {} : { network: { existing: EXISTING } }),
    pools: { previews: { instanceTypes: ["m7i.large"], minPerZone: 1, maxPerZone: 2 } },
    ...(path === "registry.kmsKeyArn" ||
    path === "registry.forceDelete" ||
    path.startsWith("github.") ||
    path.includes(".github.")
      ? { registry: {} }
      : {}),
  };
  for (const [key, other] of Object.entries(beside)) set(cluster, key, structuredClone(other));
  if (cluster["registry"] !== undefined && !path.startsWith("registry.pullThrough")) {
    for (const [key, other] of Object.entries(repository())) {
      if (!(key in beside)) set(cluster, key, structuredClone(other));
    }
  }
  set(cluster, path, structuredClone(value));
  cluster["zones"] ??= ["a", "b"].map((letter) => `${String(cluster["region"])}${letter}`);
  try {
    const { registrations, result } = await record(clusterStack, { stack: "cluster", config: { cluster } });
    const outputs = await new Promise((resolve) => void pulumi.output(result as object).apply(resolve));
    return JSON.stringify([registrations, outputs]);
  } catch (error) {
    const { errors } = error as { errors?: { propertyPath: string; reason: string }[] };
    if (errors === undefined) throw error;
    // A field that only refuses others does something too.
    if (path === "network.avoidCidrs.*") return JSON.stringify(errors);
    return assert.fail(JSON.stringify(errors));
  }
}

/** Keys under which `*` is a name rather than a place in a list, with the name used here. */
const NAMED: Record<string, string> = { pools: "previews", perZone: "eu-central-1a", labels: "l", tags: "t" };

function set(root: Record<string, unknown>, path: string, value: unknown): void {
  // Mappings of zones to subnets are given as a whole.
  const keys = path
    .replace(/(SubnetIds)\.\*$/, "$1")
    .split(".")
    .map((key, index, all) =>
      key === "*" ? (NAMED[all[index - 1] ?? ""] ?? 0) : /^\d+$/.test(key) ? Number(key) : key,
    );
  setAt(root, keys, value);
}
