import assert from "node:assert/strict";
import fc from "fast-check";
import { ZONE_LETTERS } from "../../config/aws-regions";
import type { NodePoolSpec } from "./args";
import { amiTypeOf, groupName, labelsOf, planNodeGroups, taintsOf, templateTags, userData } from "./plan";
import type { NodeGroupPlan } from "./plan";

const ON_DEMAND: NodePoolSpec = { instanceTypes: ["m7i.large"], maxPerZone: 3 };
const SPOT: NodePoolSpec = {
  instanceTypes: ["m7i.large", "m6i.large"],
  capacity: "spot",
  minPerZone: 0,
  maxPerZone: 5,
};

const zones = fc
  .shuffledSubarray([...ZONE_LETTERS], { minLength: 1 })
  .map((letters) => letters.map((letter) => `eu-central-1${letter}`));

const spec: fc.Arbitrary<NodePoolSpec> = fc.record(
  {
    instanceTypes: fc.constantFrom(["m7i.large", "m6i.large"], ["m7g.large", "c7g.large"]),
    capacity: fc.constantFrom("on-demand", "spot"),
    minPerZone: fc.nat(3),
    maxPerZone: fc.integer({ min: 3, max: 9 }),
    onDemandFallback: fc.constantFrom(false as const, { maxPerZone: 2 }),
    labels: fc.constant({ team: "a" }),
    taints: fc.constant([{ key: "berth.dev/pool", value: "runners", effect: "NoSchedule" as const }]),
  },
  { requiredKeys: ["instanceTypes", "maxPerZone"] },
);

function first(zone: string, one: NodePoolSpec): NodeGroupPlan {
  const [group] = planNodeGroups([zone], one);
  assert.ok(group);
  return group;
}

describe("Node group plan", () => {
  it("has one on-demand group per zone, with these defaults", () => {
    const shared = {
      capacity: "on-demand",
      fallback: false,
      instanceTypes: ["m7i.large"],
      architecture: "x86_64",
      min: 1,
      max: 3,
      rootVolumeGiB: 50,
      maxUnavailablePercentage: 33,
      labels: {},
      taints: [],
    };
    assert.deepEqual(planNodeGroups(["eu-central-1a", "eu-central-1b"], ON_DEMAND), [
      { key: "eu-central-1a", zone: "eu-central-1a", ...shared },
      { key: "eu-central-1b", zone: "eu-central-1b", ...shared },
    ]);
  });

  it("adds an on-demand group to each spot group, of none to as many nodes", () => {
    const groups = planNodeGroups(["eu-central-1a"], SPOT);
    assert.deepEqual(
      groups.map(({ key, capacity, fallback, min, max }) => ({ key, capacity, fallback, min, max })),
      [
        { key: "eu-central-1a", capacity: "spot", fallback: false, min: 0, max: 5 },
        { key: "on-demand-eu-central-1a", capacity: "on-demand", fallback: true, min: 0, max: 5 },
      ],
    );
    const [, fallback] = planNodeGroups(["eu-central-1a"], {
      ...SPOT,
      onDemandFallback: { minPerZone: 1, maxPerZone: 2 },
    });
    assert.deepEqual([fallback?.min, fallback?.max], [1, 2]);
    assert.equal(planNodeGroups(["eu-central-1a"], { ...SPOT, onDemandFallback: false }).length, 1);
  });

  it("takes other bounds for single zones", () => {
    const groups = planNodeGroups(["eu-central-1a", "eu-central-1b"], {
      ...SPOT,
      perZone: { "eu-central-1b": { min: 2, max: 9 } },
    });
    assert.deepEqual(
      groups.map(({ key, min, max }) => [key, min, max]),
      [
        ["eu-central-1a", 0, 5],
        ["on-demand-eu-central-1a", 0, 5],
        ["eu-central-1b", 2, 9],
        ["on-demand-eu-central-1b", 0, 9],
      ],
    );
  });

  it("makes groups alike but for the zone", () => {
    fc.assert(
      fc.property(zones, spec, (names, one) => {
        const groups = planNodeGroups(names, one);
        for (const fallback of [false, true]) {
          const kind = groups
            .filter((group) => group.fallback === fallback)
            .map(({ key, zone, ...rest }) => ({ ...rest, key: key.replace(zone, "") }));
          for (const group of kind) assert.deepEqual(group, kind[0]);
        }
      }),
    );
  });

  it("leaves other zones' groups as they are when a zone comes or goes, in any order", () => {
    fc.assert(
      fc.property(zones, spec, fc.nat(), (names, one, index) => {
        const gone = names[index % names.length];
        const rest = names.filter((zone) => zone !== gone).reverse();
        const before = planNodeGroups(names, one).filter(({ zone }) => zone !== gone);
        const byKey = (groups: NodeGroupPlan[]) => Object.fromEntries(groups.map((group) => [group.key, group]));
        assert.deepEqual(byKey(planNodeGroups(rest, one)), byKey(before));
      }),
    );
  });

  it("names groups by pool and zone, each differently, and the same again", () => {
    assert.equal(groupName("previews", first("eu-central-1a", ON_DEMAND)), "previews-eu-central-1a-53d0d5");
    fc.assert(
      fc.property(zones, spec, (names, one) => {
        const groups = planNodeGroups(names, one);
        const all = groups.map((group) => groupName("previews", group));
        assert.equal(new Set(all).size, groups.length);
        assert.deepEqual(
          planNodeGroups(names, one).map((group) => groupName("previews", group)),
          all,
        );
        for (const [index, name] of all.entries()) {
          assert.match(name, new RegExp(`^previews-${groups[index]?.key ?? ""}-[0-9a-f]{6}$`));
        }
      }),
    );
  });

  it("names a group anew exactly when EKS could not change it", () => {
    const name = (changes: Partial<NodePoolSpec>) =>
      groupName("previews", first("eu-central-1a", { ...ON_DEMAND, ...changes }));
    const changeable: Partial<NodePoolSpec> = {
      minPerZone: 0,
      maxPerZone: 9,
      rootVolumeGiB: 100,
      maxPodsPerNode: 58,
      detailedMonitoring: true,
      labels: { team: "a" },
      taints: [{ key: "a", effect: "NoExecute" }],
      maxUnavailablePercentage: 50,
    };
    for (const [key, value] of Object.entries(changeable)) assert.equal(name({ [key]: value }), name({}), key);
    const others = [
      name({}),
      name({ capacity: "spot" }),
      name({ instanceTypes: ["m7g.large"] }),
      name({ instanceTypes: ["m7i.large", "m6i.large"] }),
    ];
    assert.equal(new Set(others).size, others.length);
  });

  it("takes AL2023 for the processor of the instance types", () => {
    assert.equal(amiTypeOf(first("us-east-1a", ON_DEMAND)), "AL2023_x86_64_STANDARD");
    assert.equal(
      amiTypeOf(first("us-east-1a", { ...ON_DEMAND, instanceTypes: ["t4g.large"] })),
      "AL2023_ARM_64_STANDARD",
    );
  });

  it("labels nodes with the pool, which no spec takes away", () => {
    const labels = { team: "a", "berth.dev/pool": "mine" };
    assert.deepEqual(labelsOf("runners", first("us-east-1a", { ...ON_DEMAND, labels })), {
      team: "a",
      "berth.dev/pool": "runners",
    });
  });

  it("says taints in the words of EKS", () => {
    const group = first("us-east-1a", {
      ...ON_DEMAND,
      taints: [
        { key: "a", value: "1", effect: "NoSchedule" },
        { key: "b", effect: "NoExecute" },
        { key: "c", effect: "PreferNoSchedule" },
      ],
    });
    assert.deepEqual(taintsOf(group), [
      { key: "a", value: "1", effect: "NO_SCHEDULE" },
      { key: "b", value: "", effect: "NO_EXECUTE" },
      { key: "c", value: "", effect: "PREFER_NO_SCHEDULE" },
    ]);
  });

  it("tells the Cluster Autoscaler what a node would be like: labels, zone of volumes, taints, room", () => {
    const group = first("eu-central-1b", {
      ...SPOT,
      labels: { "example.com/team": "a" },
      taints: [{ key: "berth.dev/pool", value: "runners", effect: "NoSchedule" }],
      rootVolumeGiB: 100,
    });
    assert.deepEqual(templateTags("runners", group), {
      "label/example.com/team": "a",
      "label/berth.dev/pool": "runners",
      "label/eks.amazonaws.com/capacityType": "SPOT",
      "label/topology.ebs.csi.aws.com/zone": "eu-central-1b",
      "taint/berth.dev/pool": "runners:NoSchedule",
      "resources/ephemeral-storage": "89Gi",
    });
  });

  it("gives the kubelet the number of pods that prefixes make possible", () => {
    const text = Buffer.from(userData({}), "base64").toString();
    assert.match(text, /^MIME-Version: 1\.0\nContent-Type: multipart\/mixed; boundary="BERTH"\n\n--BERTH\n/);
    assert.match(
      text,
      /Content-Type: application\/node\.eks\.aws\n\n---\napiVersion: node\.eks\.aws\/v1alpha1\nkind: NodeConfig\nspec:\n {2}kubelet:\n {4}config:\n {6}maxPods: 110\n\n--BERTH--\n$/,
    );
    assert.match(Buffer.from(userData({ maxPodsPerNode: 58 }), "base64").toString(), /maxPods: 58\n/);
  });
});
