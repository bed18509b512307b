import assert from "node:assert/strict";
import type { NodePoolSpec } from "./args";
import { validate } from "./validate";
import type { CheckedArgs } from "./validate";

const SPEC: NodePoolSpec = { instanceTypes: ["m7i.large", "m6i.large"], maxPerZone: 3 };
const GOOD: CheckedArgs = {
  pool: "previews",
  kubernetesVersion: "1.35",
  subnetIds: { "eu-central-1a": "subnet-a", "eu-central-1b": "subnet-b" },
  spec: SPEC,
  autoscaling: "cluster-autoscaler",
};

const WORDS = "0 to 63 letters, digits, dots, dashes and underscores, a letter or digit first and last. Change it.";
const KEY =
  "a name of letters, digits, dots, dashes and underscores, with a domain and a slash before it if wanted, at most 63 characters in all. Rename it.";

/** Arguments, or only the spec's, and what is said about them: each property with its reason. */
type Case = [
  title: string,
  args: { spec?: Partial<NodePoolSpec> } & Partial<Omit<CheckedArgs, "spec">>,
  problems: Record<string, string>,
];

const LONG = "previews-of-the-payments-and-ledger-team";

const CASES: Case[] = [
  [
    "no zone",
    { subnetIds: {} },
    { subnetIds: "there is no zone; accepted: one or more. Give the subnet of each zone." },
  ],
  [
    "a zone that is none",
    { subnetIds: { "eu-central-1a": "subnet-a", frankfurt: "subnet-b" } },
    {
      "subnetIds.frankfurt":
        '"frankfurt" is not known; accepted: a region and a letter, such as eu-central-1a. Correct or remove it.',
    },
  ],
  [
    "a pool whose name cannot be",
    { pool: "Previews_1" },
    {
      pool: '"Previews_1" is not accepted: lower-case letters, digits and dashes, a letter first and no dash last. Rename the pool, such as "previews".',
    },
  ],
  [
    "a pool that is called as fallbacks are",
    { pool: "my-on-demand" },
    {
      pool: '"my-on-demand" has "on-demand" in it, by which fallback groups are told from others; accepted: any other name. Rename the pool.',
    },
  ],
  [
    "a node group name over the limit of AWS",
    { pool: LONG, spec: { capacity: "spot" } },
    {
      pool: `"${LONG}" gives the node group name "${LONG}-on-demand-eu-central-1a-6dde52" with 71 characters; accepted: at most 63. Shorten it to 32 characters.`,
    },
  ],
  [
    "EKS Auto Mode, which has no node groups",
    { autoscaling: "auto-mode" },
    {
      autoscaling:
        '"auto-mode" does not go with node groups, as EKS makes its nodes itself; accepted: cluster-autoscaler, karpenter. Remove the pool previews, or change autoscaling.',
    },
  ],
  [
    "a release of another Kubernetes version",
    { releaseVersion: "1.34.5-20251209" },
    {
      releaseVersion:
        '"1.34.5-20251209" is for Kubernetes 1.34; accepted: one for 1.35, such as 1.35.2-20251209. Take one from the release notes of amazon-eks-ami, or leave it out for the newest.',
    },
  ],
  [
    "a release that is none",
    { releaseVersion: "latest" },
    {
      releaseVersion:
        '"latest" is not a release of AL2023 for EKS; accepted: one for 1.35, such as 1.35.2-20251209. Take one from the release notes of amazon-eks-ami, or leave it out for the newest.',
    },
  ],
  [
    "no instance types",
    { spec: { instanceTypes: [] } },
    { "spec.instanceTypes": "it is empty; accepted: one or more, such as m7i.large. Add some." },
  ],
  [
    "spot with one instance type",
    { spec: { instanceTypes: ["m7i.large"], capacity: "spot" } },
    {
      "spec.instanceTypes":
        "there is only m7i.large, and AWS takes spot instances of one type all back at once; accepted with spot: two types or more. Add types of like vCPU and memory, or set capacity to on-demand.",
    },
  ],
  [
    "spot with one instance type twice",
    { spec: { instanceTypes: ["m7i.large", "m7i.large"], capacity: "spot" } },
    {
      "spec.instanceTypes[1]": '"m7i.large" is listed twice; accepted: each type once. Remove it.',
      "spec.instanceTypes":
        "there is only m7i.large, and AWS takes spot instances of one type all back at once; accepted with spot: two types or more. Add types of like vCPU and memory, or set capacity to on-demand.",
    },
  ],
  [
    "instance types that nodes cannot be",
    { spec: { instanceTypes: ["m7i.large", "m7i", "t2.large", "g6.xlarge", "m7g.large"] } },
    {
      "spec.instanceTypes[1]":
        '"m7i" is not an instance type of EC2; accepted: names such as m7i.large. Correct or remove it.',
      "spec.instanceTypes[2]":
        '"t2.large" runs on Xen, where the VPC CNI has no prefixes for pods; accepted: types on Nitro, such as m7i.large. Take a newer generation.',
      "spec.instanceTypes[3]":
        '"g6.xlarge" has an accelerator, whose drivers the image of these nodes does not have; accepted: types without, such as m7i.large. Take one of these.',
      "spec.instanceTypes[4]":
        '"m7g.large" is arm64, and m7i.large is x86_64; accepted: one architecture in a pool, as its nodes share an image. Make a pool of its own for it.',
    },
  ],
  [
    "a minimum over the maximum",
    { spec: { minPerZone: 4 } },
    {
      "spec.minPerZone": "4 is more than maxPerZone, which is 3; accepted: 0 to 3. Lower it, or raise maxPerZone.",
    },
  ],
  [
    "bounds that are none",
    { spec: { minPerZone: -1, maxPerZone: 451, rootVolumeGiB: 8, maxPodsPerNode: 251, maxUnavailablePercentage: 0.5 } },
    {
      "spec.minPerZone": "-1 is not accepted: a whole number of nodes from 0 to 450. Change it.",
      "spec.maxPerZone": "451 is not accepted: a whole number of nodes from 1 to 450. Change it.",
      "spec.rootVolumeGiB": "8 is not accepted: a whole number of GiB from 20 to 16384. Change it.",
      "spec.maxPodsPerNode": "251 is not accepted: a whole number of pods from 10 to 250. Change it.",
      "spec.maxUnavailablePercentage": "0.5 is not accepted: a whole number of percent from 1 to 100. Change it.",
    },
  ],
  [
    "bounds of single zones",
    { spec: { perZone: { "eu-central-1a": { min: 4 }, "eu-central-1b": { max: 0 }, "eu-central-1c": { max: 2 } } } },
    {
      "spec.perZone.eu-central-1a.min":
        "4 is more than perZone.eu-central-1a.max, which is 3; accepted: 0 to 3. Lower it, or raise perZone.eu-central-1a.max.",
      "spec.perZone.eu-central-1b.max": "0 is not accepted: a whole number of nodes from 1 to 450. Change it.",
      "spec.perZone.eu-central-1b.min":
        "1 is more than perZone.eu-central-1b.max, which is 0; accepted: 0 to 0. Lower it, or raise perZone.eu-central-1b.max.",
      "spec.perZone.eu-central-1c":
        "the pool has no subnet in it; accepted: eu-central-1a, eu-central-1b. Remove it, or add the zone.",
    },
  ],
  [
    "a fallback for what is on-demand already",
    { spec: { onDemandFallback: {} } },
    {
      "spec.onDemandFallback":
        "it is for spot, and the pool's instances are on-demand already; accepted: left out. Remove it, or set capacity to spot.",
    },
  ],
  [
    "a fallback whose bounds cannot be",
    { spec: { capacity: "spot", onDemandFallback: { minPerZone: 4 } } },
    {
      "spec.onDemandFallback.minPerZone":
        "4 is more than maxPerZone, which is 3; accepted: 0 to 3. Lower it, or raise maxPerZone.",
    },
  ],
  [
    "a base for Karpenter that is neither fixed nor safe",
    { autoscaling: "karpenter", spec: { capacity: "spot" } },
    {
      "spec.minPerZone":
        "1 is less than maxPerZone, which is 3, and with Karpenter nothing scales node groups; accepted: the same as maxPerZone. Make them equal.",
      "spec.capacity":
        '"spot" could be taken back under Karpenter itself, which runs on these nodes; accepted: on-demand. Change it; Karpenter buys spot by its own node pools.',
    },
  ],
  [
    "labels that nodes cannot have",
    {
      spec: {
        labels: {
          "-a": "1",
          "node-role.kubernetes.io/runner": "1",
          "eks.amazonaws.com/x": "1",
          "berth.dev/pool": "mine",
          empty: "",
          long: "x".repeat(64),
          fine: "1",
        },
      },
    },
    {
      'spec.labels["-a"]': `"-a" is not accepted: ${KEY}`,
      'spec.labels["node-role.kubernetes.io/runner"]':
        '"node-role.kubernetes.io/runner" belongs to kubernetes.io, whose labels nodes cannot be given; accepted: a domain of your own, such as berth.dev/team. Rename it.',
      'spec.labels["eks.amazonaws.com/x"]':
        '"eks.amazonaws.com/x" belongs to eks.amazonaws.com, whose labels nodes cannot be given; accepted: a domain of your own, such as berth.dev/team. Rename it.',
      'spec.labels["berth.dev/pool"]': '"berth.dev/pool" is set to the pool\'s name; accepted: other keys. Remove it.',
      'spec.labels["empty"]': `"" is not accepted: ${WORDS.replace("0", "1")}`,
      'spec.labels["long"]': `"${"x".repeat(64)}" is not accepted: ${WORDS.replace("0", "1")}`,
    },
  ],
  [
    "taints that nodes cannot have",
    {
      spec: {
        taints: [
          { key: "a", effect: "NoSchedule" },
          { key: "a", effect: "NoExecute" },
          { key: "a", value: "b", effect: "NoSchedule" },
          { key: "", value: "b!", effect: "NoSchedule" },
        ],
      },
    },
    {
      "spec.taints[2].key": '"a" with NoSchedule is there twice; accepted: each once. Remove it.',
      "spec.taints[3].key": `"" is not accepted: ${KEY}`,
      "spec.taints[3].value": `"b!" is not accepted: ${WORDS}`,
    },
  ],
  [
    "more taints than a node group has",
    {
      spec: { taints: Array.from({ length: 51 }, (_, index) => ({ key: `t${index}`, effect: "NoSchedule" as const })) },
    },
    { "spec.taints": "there are 51 taints; accepted: at most 50 in a node group. Remove some." },
  ],
];

function byProperty({ spec, ...args }: Case[1]): Record<string, string> {
  const problems = validate({ ...GOOD, ...args, spec: { ...SPEC, ...spec } });
  assert.equal(new Set(problems.map(({ propertyPath }) => propertyPath)).size, problems.length);
  return Object.fromEntries(problems.map(({ propertyPath, reason }) => [propertyPath, reason]));
}

describe("Arguments of node groups", () => {
  it("are accepted when they can be", () => {
    assert.deepEqual(validate(GOOD), []);
    const full: CheckedArgs = {
      ...GOOD,
      releaseVersion: "1.35.2-20251209",
      spec: {
        instanceTypes: ["m7g.large", "m6g.large"],
        capacity: "spot",
        minPerZone: 0,
        maxPerZone: 450,
        perZone: { "eu-central-1b": { min: 3, max: 3 } },
        onDemandFallback: { minPerZone: 1, maxPerZone: 1 },
        rootVolumeGiB: 20,
        maxPodsPerNode: 250,
        detailedMonitoring: true,
        labels: { "example.com/team": "a", plain: "b" },
        taints: [{ key: "berth.dev/pool", value: "runners", effect: "NoSchedule" }],
        maxUnavailablePercentage: 100,
      },
    };
    assert.deepEqual(validate(full), []);
    const base = { instanceTypes: ["m7i.large"], minPerZone: 1, maxPerZone: 1 };
    assert.deepEqual(validate({ ...GOOD, autoscaling: "karpenter", spec: base }), []);
  });

  for (const [title, args, problems] of CASES) {
    it(`name ${title}, and the fix`, () => assert.deepEqual(byProperty(args), problems));
  }

  it("are all told at once", () => {
    const problems = byProperty({
      pool: "",
      autoscaling: "auto-mode",
      releaseVersion: "1",
      subnetIds: { "moon-1a": "subnet" },
      spec: { instanceTypes: ["x"], capacity: "spot", minPerZone: 9, maxPerZone: 0, labels: { "/": "" } },
    });
    assert.deepEqual(Object.keys(problems), [
      "subnetIds.moon-1a",
      "pool",
      "autoscaling",
      "releaseVersion",
      "spec.instanceTypes[0]",
      "spec.instanceTypes",
      "spec.maxPerZone",
      "spec.minPerZone",
      'spec.labels["/"]',
    ]);
  });
});
