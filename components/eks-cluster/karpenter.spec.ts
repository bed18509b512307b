import assert from "node:assert/strict";
import { ARGS, CLUSTER, CONTROL_PLANE, KEY, ROLE_POLICY, policyOf, valueOf } from "../../test/support/eks-cluster";
import { record } from "../../test/support/mocks";
import type { Recording } from "../../test/support/mocks";
import { assertLeastPrivilege } from "../iam";
import { EksCluster } from ".";

describe("EksCluster with Karpenter", () => {
  let recording: Recording;
  let cluster: EksCluster;
  before(async () => {
    recording = await record(
      () =>
        (cluster = new EksCluster("cluster", {
          ...ARGS,
          autoscaling: "karpenter",
          karpenter: { namespace: "karpenter" },
        })),
    );
  });

  it("runs no other autoscaler, and installs nothing of Karpenter", () => {
    assert.deepEqual(recording.ofType("kubernetes:apps/v1:Deployment"), []);
    assert.deepEqual(recording.ofType("berth:operators:ClusterAutoscaler"), []);
  });

  it("lets Karpenter's nodes join with two managed policies", () => {
    const { inputs } = recording.get(CLUSTER, CONTROL_PLANE);
    assert.deepEqual((inputs["accessEntries"] as Record<string, unknown>)["karpenter-node"], {
      principalArn: "arn:mock:cluster-karpenter-node",
      type: "EC2_LINUX",
    });
    assert.deepEqual(
      recording
        .ofType("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        .map(({ inputs: attachment }) => attachment["policyArn"]),
      [
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodeMinimalPolicy",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
      ],
    );
  });

  it("gives the controller its role by Pod Identity, where it is installed", () => {
    const association = recording.get(
      "aws:eks/podIdentityAssociation:PodIdentityAssociation",
      "cluster-karpenter-controller",
    );
    assert.deepEqual(association.inputs, {
      clusterName: "previews",
      namespace: "karpenter",
      serviceAccount: "karpenter",
      roleArn: "arn:mock:cluster-karpenter-controller",
      tags: {},
    });
    assertLeastPrivilege(policyOf(recording.get(ROLE_POLICY, "cluster-karpenter-controller")));
  });

  it("hears of interruptions in a queue that only its four rules write to", () => {
    const rules = recording.ofType("aws:cloudwatch/eventRule:EventRule");
    assert.deepEqual(
      rules.map(({ inputs }) => JSON.parse(inputs["eventPattern"] as string) as unknown),
      [
        { source: ["aws.health"], "detail-type": ["AWS Health Event"] },
        { source: ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"] },
        { source: ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"] },
        { source: ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"] },
      ],
    );
    assert.equal(recording.ofType("aws:cloudwatch/eventTarget:EventTarget").length, 4);
    const [send, deny] = policyOf(
      recording.get("aws:sqs/queuePolicy:QueuePolicy", "cluster-karpenter-interruptions"),
    ).Statement;
    assert.deepEqual(send?.["Condition"], {
      StringEquals: { "aws:SourceAccount": "111122223333" },
      ArnEquals: { "aws:SourceArn": rules.map(({ name }) => `arn:mock:${name}`) },
    });
    assert.equal(deny?.["Effect"], "Deny");
    assert.deepEqual(recording.get("aws:sqs/queue:Queue", "cluster-karpenter-interruptions").inputs, {
      messageRetentionSeconds: 300,
      sqsManagedSseEnabled: true,
      tags: {},
    });
  });

  it("marks the security group of nodes, and says how subnets are found", async () => {
    assert.deepEqual(recording.get("aws:ec2/tag:Tag", "cluster-karpenter-discovery").inputs, {
      resourceId: "sg-cluster",
      key: "karpenter.sh/discovery",
      value: "previews",
    });
    assert.deepEqual(cluster.karpenter?.subnetTags, { "karpenter.sh/discovery": "previews" });
    assert.deepEqual(cluster.karpenter.securityGroupTags, { "karpenter.sh/discovery": "previews" });
    assert.equal(await valueOf(cluster.karpenter.nodeRoleName), "cluster-karpenter-node");
  });

  it("lets the controller and spot instances use the volumes' key too", () => {
    const [, use] = policyOf(recording.get(KEY, "cluster-volumes-key")).Statement;
    const { ArnEquals } = use?.["Condition"] as { ArnEquals: Record<string, string[]> };
    assert.deepEqual(ArnEquals["aws:PrincipalArn"], [
      "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
      "arn:mock:cluster-ebs-csi",
      "arn:mock:cluster-karpenter-controller",
      "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
    ]);
  });
});
