import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { record } from "../../test/support/mocks";
import type { Recording, Registration } from "../../test/support/mocks";
import { assertLeastPrivilege } from "../iam";
import type { NodeGroupsArgs } from "./args";
import { NodeGroups } from ".";

const GROUP = "aws:eks/nodeGroup:NodeGroup";
const TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate";
const TAG = "aws:autoscaling/tag:Tag";

/** The pool for environments, and the one for workflow runners beside it. */
const PREVIEWS: NodeGroupsArgs = {
  pool: "previews",
  clusterName: "shop",
  clusterSecurityGroupId: "sg-cluster",
  kubernetesVersion: "1.35",
  subnetIds: { "eu-central-1a": "subnet-a", "eu-central-1b": "subnet-b", "eu-central-1c": "subnet-c" },
  volumesKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/volumes",
  spec: { instanceTypes: ["m7i.large", "m6i.large"], capacity: "spot", maxPerZone: 5 },
  autoscaling: "cluster-autoscaler",
};
const RUNNERS: NodeGroupsArgs = {
  ...PREVIEWS,
  pool: "runners",
  spec: {
    instanceTypes: ["c7g.xlarge"],
    minPerZone: 0,
    maxPerZone: 10,
    rootVolumeGiB: 100,
    labels: { "example.com/team": "platform" },
    taints: [{ key: "berth.dev/pool", value: "runners", effect: "NoSchedule" }],
  },
};

function recordGroups(...pools: NodeGroupsArgs[]): Promise<Recording> {
  return record(() => pools.map((args) => new NodeGroups(args.pool, args)));
}

function byKey(recording: Recording): Map<string, Registration> {
  return new Map(recording.registrations.map((one) => [`${one.type} ${one.name}`, one]));
}

function subnetIds(...letters: string[]): Record<string, string> {
  return Object.fromEntries(letters.map((letter) => [`eu-central-1${letter}`, `subnet-${letter}`]));
}

describe("NodeGroups", () => {
  let recording: Recording;
  before(async () => {
    recording = await recordGroups(PREVIEWS, RUNNERS);
  });

  it("are one managed group per zone, and with spot a second one each", () => {
    assert.deepEqual(
      recording
        .ofType(GROUP)
        .map(({ name }) => name)
        .sort(),
      [
        "previews-eu-central-1a",
        "previews-eu-central-1b",
        "previews-eu-central-1c",
        "previews-on-demand-eu-central-1a",
        "previews-on-demand-eu-central-1b",
        "previews-on-demand-eu-central-1c",
        "runners-eu-central-1a",
        "runners-eu-central-1b",
        "runners-eu-central-1c",
      ],
    );
  });

  it("are exactly this, for runners", () => {
    assert.deepEqual(recording.get(GROUP, "runners-eu-central-1b"), {
      type: GROUP,
      name: "runners-eu-central-1b",
      inputs: {
        clusterName: "shop",
        nodeGroupName: "runners-eu-central-1b-444a7c",
        nodeRoleArn: "arn:mock:runners-role",
        subnetIds: ["subnet-b"],
        version: "1.35",
        amiType: "AL2023_ARM_64_STANDARD",
        capacityType: "ON_DEMAND",
        instanceTypes: ["c7g.xlarge"],
        launchTemplate: { id: "runners-launch-template-id", version: "1" },
        scalingConfig: { minSize: 0, maxSize: 10, desiredSize: 0 },
        updateConfig: { maxUnavailablePercentage: 33 },
        nodeRepairConfig: { enabled: true },
        labels: { "example.com/team": "platform", "berth.dev/pool": "runners" },
        taints: [{ key: "berth.dev/pool", value: "runners", effect: "NO_SCHEDULE" }],
        tags: { "berth.dev/pool": "runners" },
      },
      parent: "runners",
      dependsOn: ["runners-launch-template", "runners-role", "runners-role-pull", "runners-role-worker"],
      ignoreChanges: ["scalingConfig.desiredSize"],
    });
  });

  it("leave the number of nodes to whoever scales", () => {
    for (const { name, ignoreChanges } of recording.ofType(GROUP)) {
      assert.deepEqual(ignoreChanges, ["scalingConfig.desiredSize"], name);
    }
  });

  it("buy spot first and have on-demand in reserve", () => {
    const capacityOf = (name: string) => recording.get(GROUP, name).inputs["capacityType"];
    assert.equal(capacityOf("previews-eu-central-1a"), "SPOT");
    assert.equal(capacityOf("previews-on-demand-eu-central-1a"), "ON_DEMAND");
    assert.match(
      String(recording.get(GROUP, "previews-on-demand-eu-central-1a").inputs["nodeGroupName"]),
      /^previews-on-demand-eu-central-1a-[0-9a-f]{6}$/,
    );
  });

  it("start nodes whose metadata no pod reaches, on encrypted disks", () => {
    const { inputs } = recording.get(TEMPLATE, "runners-launch-template");
    const { userData, tagSpecifications, ...rest } = inputs;
    assert.deepEqual(rest, {
      description: "Nodes of the pool runners",
      updateDefaultVersion: true,
      vpcSecurityGroupIds: ["sg-cluster"],
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: "disabled",
      },
      blockDeviceMappings: [
        {
          deviceName: "/dev/xvda",
          ebs: {
            volumeType: "gp3",
            volumeSize: 100,
            encrypted: "true",
            kmsKeyId: "arn:aws:kms:eu-central-1:111122223333:key/volumes",
            deleteOnTermination: "true",
          },
        },
      ],
      monitoring: { enabled: false },
      tags: { "berth.dev/pool": "runners", Name: "shop-runners" },
    });
    assert.match(Buffer.from(String(userData), "base64").toString(), /maxPods: 110/);
    assert.deepEqual(
      tagSpecifications,
      ["instance", "volume", "network-interface"].map((resourceType) => ({
        resourceType,
        tags: { "berth.dev/pool": "runners", Name: "shop-runners" },
      })),
    );
  });

  it("give nodes the rights to join and to pull, and no others", () => {
    const policies = recording.ofType("aws:iam/rolePolicyAttachment:RolePolicyAttachment").map(({ inputs }) => inputs);
    assert.deepEqual(
      policies.filter(({ role }) => role === "runners-role").map(({ policyArn }) => policyArn),
      [
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodeMinimalPolicy",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
      ],
    );
    assert.equal(policies.length, 4);
    const trust = String(recording.get("aws:iam/role:Role", "runners-role").inputs["assumeRolePolicy"]);
    assertLeastPrivilege(trust);
    assert.deepEqual(JSON.parse(trust), {
      Version: "2012-10-17",
      Statement: [
        { Sid: "Assume", Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
      ],
    });
  });

  it("can be scaled from zero by the Cluster Autoscaler", () => {
    const group = String(recording.get(GROUP, "runners-eu-central-1c").inputs["nodeGroupName"]);
    const tags = recording
      .ofType(TAG)
      .filter(({ inputs }) => inputs["autoscalingGroupName"] === `eks-${group}`)
      .map(({ inputs }) => inputs["tag"] as { key: string; value: string; propagateAtLaunch: boolean });
    assert.ok(tags.every(({ propagateAtLaunch }) => !propagateAtLaunch));
    const prefix = "k8s.io/cluster-autoscaler/node-template/";
    assert.deepEqual(Object.fromEntries(tags.map(({ key, value }) => [key, value])), {
      [`${prefix}label/example.com/team`]: "platform",
      [`${prefix}label/berth.dev/pool`]: "runners",
      [`${prefix}label/eks.amazonaws.com/capacityType`]: "ON_DEMAND",
      [`${prefix}label/topology.ebs.csi.aws.com/zone`]: "eu-central-1c",
      [`${prefix}taint/berth.dev/pool`]: "runners:NoSchedule",
      [`${prefix}resources/ephemeral-storage`]: "89Gi",
    });
    // 6 groups with 4 tags each, 3 with 6.
    assert.equal(recording.ofType(TAG).length, 6 * 4 + 3 * 6);
  });

  it("have no such tags under Karpenter, where nothing scales them", async () => {
    const base = { instanceTypes: ["m7i.large"], minPerZone: 1, maxPerZone: 1 };
    const karpenter = await recordGroups({ ...PREVIEWS, pool: "base", autoscaling: "karpenter", spec: base });
    assert.deepEqual(karpenter.ofType(TAG), []);
    assert.equal(karpenter.ofType(GROUP).length, 3);
  });

  it("tell their names by zone, and their role", async () => {
    const [previews] = recording.result as NodeGroups[];
    assert.ok(previews);
    const names = await new Promise<Record<string, string>>((resolve) =>
      pulumi.output(previews.groupNames).apply(resolve),
    );
    assert.deepEqual(Object.keys(names), [
      "eu-central-1a",
      "on-demand-eu-central-1a",
      "eu-central-1b",
      "on-demand-eu-central-1b",
      "eu-central-1c",
      "on-demand-eu-central-1c",
    ]);
    assert.equal(names["eu-central-1a"], recording.get(GROUP, "previews-eu-central-1a").inputs["nodeGroupName"]);
    assert.equal(await new Promise((resolve) => previews.roleArn.apply(resolve)), "arn:mock:previews-role");
  });

  describe("when a zone comes or goes", () => {
    for (const [title, fewer] of Object.entries({ last: ["a", "b"], "middle one": ["a", "c"], first: ["c", "b"] })) {
      it(`touch only that zone's resources: the ${title}`, async () => {
        const gone = ["a", "b", "c"].find((letter) => !fewer.includes(letter)) ?? "";
        const all = byKey(await recordGroups(PREVIEWS));
        const rest = byKey(await recordGroups({ ...PREVIEWS, subnetIds: subnetIds(...fewer) }));
        for (const [key, registration] of rest) assert.deepEqual(registration, all.get(key), key);
        const removed = [...all.keys()].filter((key) => !rest.has(key));
        assert.ok(removed.every((key) => key.includes(`eu-central-1${gone}`)));
        // A spot and an on-demand group, with 4 tags each.
        assert.equal(removed.length, 2 * (1 + 4));
      });
    }
  });

  it("can be changed last", async () => {
    const changed = await recordGroups({
      ...RUNNERS,
      transform: {
        nodeGroup: (args, opts) => ({ args: { ...args, forceUpdateVersion: true }, opts: { ...opts, protect: true } }),
        launchTemplate: (args, opts) => ({ args: { ...args, ebsOptimized: "true" }, opts }),
        role: (args, opts) => ({ args: { ...args, maxSessionDuration: 3600 }, opts }),
      },
    });
    for (const { inputs, protect } of changed.ofType(GROUP)) {
      assert.deepEqual([inputs["forceUpdateVersion"], protect], [true, true]);
    }
    assert.equal(changed.get(TEMPLATE, "runners-launch-template").inputs["ebsOptimized"], "true");
    assert.equal(changed.get("aws:iam/role:Role", "runners-role").inputs["maxSessionDuration"], 3600);
  });

  it("register nothing when their arguments cannot be, and say everything at once", async () => {
    const wrong: NodeGroupsArgs = {
      ...PREVIEWS,
      autoscaling: "auto-mode",
      spec: { instanceTypes: ["m7i.large"], capacity: "spot", minPerZone: 6, maxPerZone: 5 },
    };
    await assert.rejects(recordGroups(wrong), (error) => {
      assert.ok(pulumi.InputPropertiesError.isInstance(error));
      assert.equal(error.message, "Node groups previews cannot be made as asked.");
      assert.deepEqual(
        error.errors.map(({ propertyPath }) => propertyPath),
        ["autoscaling", "spec.instanceTypes", "spec.minPerZone"],
      );
      return true;
    });
  });
});
