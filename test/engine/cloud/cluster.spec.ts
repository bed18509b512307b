import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { ClusterInput } from "../../../config/cluster";
import type { Registration } from "../../support/mocks";
import { ClusterStack, exampleCluster, failing, type Step } from "./cluster-support";

/** The names of what was done, each once: `create network-private-eu-central-1c`. */
function named(steps: readonly Step[]): string[] {
  return [...new Set(steps.map(({ op, name }) => `${op} ${name}`))].sort();
}

/** Names of the resources of a golden graph. */
function golden(name: string): Set<string> {
  const graph = JSON.parse(readFileSync(join(__dirname, "../../golden", `${name}.json`), "utf8")) as Registration[];
  return new Set(graph.map((one) => `${one.type} ${one.name}`));
}

for (const [who, file, graph] of [
  ["small team", "Pulumi.cluster.example.yaml", "cluster-small"],
  ["large company", "Pulumi.cluster-large.example.yaml", "cluster-large"],
] as const) {
  describe(`a cluster's stack of a ${who} on the engine`, () => {
    let example: ClusterInput;
    let stack: ClusterStack;

    before(async () => {
      example = await exampleCluster(file);
      stack = await ClusterStack.open(graph === "cluster-small" ? "cluster" : "cluster-large");
      await stack.configure(example);
    });
    after(() => stack.close(example));

    it("is previewed to the end, and nothing is made", async () => {
      const { steps, changes } = await stack.preview();
      const planned = new Set(steps.map(({ type, name }) => `${type} ${name}`));
      for (const one of golden(graph)) assert.ok(planned.has(one), `${one} is not in the preview`);
      assert.deepEqual(Object.keys(changes), ["create"]);
      assert.deepEqual(await stack.aws(), []);
      assert.equal(await stack.has("storage.k8s.io/v1", "StorageClass", "gp3"), false);
    });

    it("is made to the end", async () => {
      const { steps, outputs, changes } = await stack.up();
      const made = new Set(steps.map(({ type, name }) => `${type} ${name}`));
      for (const one of golden(graph)) assert.ok(made.has(one), `${one} was not made`);
      assert.deepEqual(Object.keys(changes), ["create"]);
      assert.equal(outputs["clusterName"], example.name);
      assert.match(String(outputs["vpcId"]), /^vpc-[0-9a-f]{17}$/);
      assert.ok((await stack.aws()).length > 60);
      assert.ok(await stack.has("storage.k8s.io/v1", "StorageClass", "gp3"));
      assert.ok(
        await stack.has("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass", String(outputs["volumeSnapshotClass"])),
      );
      assert.ok(await stack.has("apps/v1", "Deployment", "cluster-autoscaler", "kube-system"));
    });

    it("makes real children of the EKS package's cluster, by the stack's own AWS provider", async () => {
      const types = (await stack.aws()).map(({ type }) => type);
      assert.equal(types.filter((type) => type === "aws:eks/cluster:Cluster").length, 1);
    });

    it("has nothing to do when nothing changed", async () => {
      const { steps } = await stack.up({ expectNoChanges: true });
      assert.deepEqual(steps, []);
    });

    it("adds a zone without touching another", async () => {
      const zone = "eu-central-1d";
      await stack.configure({ ...example, zones: [...example.zones, zone] });
      const { steps } = await stack.up();
      const foreign = named(steps.filter(({ name, type }) => !name.includes(zone) && type !== "pulumi:pulumi:Stack"));
      assert.deepEqual(foreign, []);
      assert.deepEqual([...new Set(steps.filter(({ name }) => name.includes(zone)).map(({ op }) => op))], ["create"]);
      assert.ok(steps.some(({ type }) => type === "aws:eks/nodeGroup:NodeGroup"));
    });

    it("removes a zone without touching another", async () => {
      const zone = "eu-central-1b";
      const zones = [...example.zones.filter((one) => one !== zone), "eu-central-1d"];
      // The control plane stays where it was made.
      const network = { ...example.network, controlPlaneZones: example.zones.slice(0, 2) };
      await stack.configure({ ...example, zones, network });
      const { steps } = await stack.up();
      const foreign = named(steps.filter(({ name, type }) => !name.includes(zone) && type !== "pulumi:pulumi:Stack"));
      assert.deepEqual(foreign, []);
      assert.deepEqual([...new Set(steps.filter(({ name }) => name.includes(zone)).map(({ op }) => op))], ["delete"]);
      assert.ok(steps.some(({ type }) => type === "aws:eks/nodeGroup:NodeGroup"));
      assert.deepEqual((await stack.up({ expectNoChanges: true })).steps, []);
    });

    it("is protected until the config says otherwise, and then goes to nothing", async () => {
      assert.match(await failing(stack.destroy()), /protect/);
      assert.ok((await stack.aws()).some(({ type }) => type === "aws:eks/cluster:Cluster"));
      const registry = example.registry && { ...example.registry, forceDelete: true };
      const metrics = example.metrics && { ...example.metrics, forceDestroy: true };
      await stack.configure({ ...example, registry, metrics, deletionProtection: false });
      await stack.up();
      await stack.destroy();
      assert.deepEqual(await stack.aws(), []);
      assert.equal(await stack.has("storage.k8s.io/v1", "StorageClass", "gp3"), false);
      assert.equal(await stack.has("apps/v1", "Deployment", "cluster-autoscaler", "kube-system"), false);
      assert.equal(await stack.has("v1", "ServiceAccount", "cluster-autoscaler", "kube-system"), false);
    });
  });
}

describe("a cluster's stack with a config that cannot be, on the engine", () => {
  let stack: ClusterStack;
  before(async () => (stack = await ClusterStack.open("cluster")));
  after(() => stack.close());

  for (const operation of ["preview", "up"] as const) {
    it(`fails with all that is wrong before anything is made, in ${operation}`, async () => {
      const example = await exampleCluster("Pulumi.cluster.example.yaml");
      const endpoint = { publicCidrs: ["0.0.0.0/0"] };
      const pools = { previews: { instanceTypes: ["m7i.large"], capacity: "spot", minPerZone: 3, maxPerZone: 1 } };
      await stack.configure({
        ...example,
        region: "mars-1",
        zones: ["eu-central-1a"],
        kubernetesVersion: "1.20",
        endpoint,
        pools,
      });
      const message = await failing(stack[operation]());
      for (const line of [
        "The cluster cannot be made as asked.",
        `berth:cluster.region: "mars-1" is not known; accepted: a region of AWS's commercial partition.`,
        "berth:cluster.zones: there is 1 zone; accepted: 2 or more, as EKS asks for subnets in 2 zones. Add zones.",
        `berth:cluster.kubernetesVersion: "1.20" is not supported; accepted:`,
        `berth:cluster.endpoint.publicCidrs[0]: "0.0.0.0/0" opens the API server to the whole internet;`,
        "berth:cluster.pools.previews.instanceTypes: there is only m7i.large,",
        "berth:cluster.pools.previews.minPerZone: 3 is more than maxPerZone, which is 1; accepted: 0 to 1.",
      ]) {
        assert.ok(message.includes(line), `${line}\nis not in\n${message}`);
      }
      assert.doesNotMatch(message, /\.js:\d+|at .*stacks/, "a stack trace");
      assert.deepEqual(await stack.aws(), []);
    });
  }

  it("is refused by AWS, too, where only AWS can know: another account", async () => {
    const example = await exampleCluster("Pulumi.cluster.example.yaml");
    await stack.configure({
      ...example,
      accountId: "444455556666",
      access: { deployers: example.access?.deployers ?? [] },
    });
    assert.match(await failing(stack.up()), /AWS account ID not allowed: 111122223333/);
    assert.deepEqual(await stack.aws(), []);
  });
});
