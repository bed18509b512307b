import assert from "node:assert/strict";
import { assertLeastPrivilege, findTooBroad, policyDocument } from "../iam";
import type { PolicyDocument } from "../iam";
import { deployerStatements } from "./access";
import { ebsCsiStatements, vpcCniStatements } from "./identities";
import { controllerStatements, queueStatements } from "./karpenter/plan";
import { autoscalingRoleArn, secretsKeyStatements, volumesKeyStatements } from "./keys";

const SITE = { name: "previews", region: "eu-central-1", accountId: "111122223333" };
const KEY = "arn:aws:kms:eu-central-1:111122223333:key/volumes";
const VPC = "arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-1";

const POLICIES: Record<string, PolicyDocument> = {
  deployer: policyDocument(deployerStatements(SITE)),
  "vpc-cni": policyDocument(vpcCniStatements(SITE, VPC)),
  "ebs-csi": policyDocument(ebsCsiStatements(SITE, KEY)),
  karpenter: policyDocument(
    controllerStatements(SITE, {
      nodeRoleArn: "arn:aws:iam::111122223333:role/nodes",
      queueArn: "arn:aws:sqs:eu-central-1:111122223333:interruptions",
    }),
  ),
  queue: policyDocument(
    queueStatements(SITE, { queueArn: "arn:aws:sqs:eu-central-1:111122223333:interruptions", ruleArns: ["arn:rule"] }),
  ),
};

/** Statements that allow an action. */
function allowing(policy: PolicyDocument | undefined, action: string) {
  return (policy?.Statement ?? []).filter(
    ({ Effect, Action }) => Effect === "Allow" && [Action].flat().includes(action),
  );
}

describe("Policies of an EKS cluster", () => {
  for (const [name, policy] of Object.entries(POLICIES)) {
    it(`name what ${name} may do, and to what`, () => {
      assertLeastPrivilege(policy);
    });

    it(`let ${name} change nothing outside account and region`, () => {
      for (const { Effect, Resource } of policy.Statement) {
        if (Effect === "Deny") continue;
        for (const resource of [Resource].flat() as string[]) {
          if (resource === "*") continue;
          // Images, snapshots and public parameters have no account in their ARN, and IAM no region.
          assert.match(
            resource,
            /^arn:aws:(\w+:eu-central-1:111122223333:.+|ec2:eu-central-1::(image|snapshot)\/\*|ssm:eu-central-1::parameter\/aws\/service\/\*|iam::111122223333:.+|rule)$/,
          );
        }
      }
    });

    it(`fit ${name}'s role`, () => {
      // An inline policy has at most 10,240 characters, white space not counted ("IAM and AWS STS quotas").
      assert.ok(JSON.stringify(policy).length < 10_240);
    });
  }

  it("let the EBS driver touch volumes with the cluster's tag only", () => {
    const ours = { StringEquals: { "aws:ResourceTag/berth.dev/cluster": "previews" } };
    const tagged = { StringEquals: { "aws:RequestTag/berth.dev/cluster": "previews" } };
    const volumes = "arn:aws:ec2:eu-central-1:111122223333:volume/*";
    const policy = POLICIES["ebs-csi"];
    assert.deepEqual(
      allowing(policy, "ec2:DeleteVolume").map(({ Resource, Condition }) => [Resource, Condition]),
      [[volumes, ours]],
    );
    assert.deepEqual(
      allowing(policy, "ec2:CreateVolume").map(({ Resource, Condition }) => [Resource, Condition]),
      [
        [volumes, tagged],
        ["arn:aws:ec2:eu-central-1::snapshot/*", ours],
      ],
    );
    assert.deepEqual(
      allowing(policy, "ec2:AttachVolume").map(({ Resource, Condition }) => [Resource, Condition]),
      [
        [volumes, ours],
        [
          "arn:aws:ec2:eu-central-1:111122223333:instance/*",
          { StringEquals: { "aws:ResourceTag/kubernetes.io/cluster/previews": "owned" } },
        ],
      ],
    );
    assert.deepEqual(
      allowing(policy, "kms:CreateGrant").map(({ Resource, Condition }) => [Resource, Condition]),
      [[KEY, { Bool: { "kms:GrantIsForAWSResource": "true" } }]],
    );
  });

  it("let the VPC CNI make interfaces in the cluster's VPC only", () => {
    const inVpc = { ArnEquals: { "ec2:Vpc": VPC } };
    const policy = POLICIES["vpc-cni"];
    assert.deepEqual(
      allowing(policy, "ec2:CreateNetworkInterface").map(({ Resource, Condition }) => [Resource, Condition]),
      [
        ["arn:aws:ec2:eu-central-1:111122223333:network-interface/*", undefined],
        [
          ["arn:aws:ec2:eu-central-1:111122223333:subnet/*", "arn:aws:ec2:eu-central-1:111122223333:security-group/*"],
          inVpc,
        ],
      ],
    );
    for (const action of ["ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface"]) {
      assert.deepEqual(
        allowing(policy, action).map(({ Condition }) => Condition),
        [inVpc],
      );
    }
  });

  it("let Karpenter end only what it made for this cluster, and pass one role", () => {
    const policy = POLICIES["karpenter"];
    for (const action of ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"]) {
      assert.deepEqual(
        allowing(policy, action).map(({ Condition }) => Condition),
        [
          {
            StringEquals: { "aws:ResourceTag/kubernetes.io/cluster/previews": "owned" },
            StringLike: { "aws:ResourceTag/karpenter.sh/nodepool": "*" },
          },
        ],
      );
    }
    assert.deepEqual(
      allowing(policy, "iam:PassRole").map(({ Resource, Condition }) => [Resource, Condition]),
      [["arn:aws:iam::111122223333:role/nodes", { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } }]],
    );
  });

  it("leave keys to IAM, and let the given roles of the account use the one for volumes", () => {
    const secrets = policyDocument(secretsKeyStatements(SITE));
    const volumes = policyDocument(volumesKeyStatements(SITE, [autoscalingRoleArn(SITE)]));
    for (const policy of [secrets, volumes]) assert.deepEqual(findTooBroad(policy, { keyPolicy: true }), []);
    assert.deepEqual(
      secrets.Statement.map(({ Sid, Principal }) => [Sid, Principal]),
      [["LeaveToIam", { AWS: "arn:aws:iam::111122223333:root" }]],
    );
    const roles = {
      StringEquals: { "kms:CallerAccount": "111122223333" },
      ArnEquals: {
        "aws:PrincipalArn": [
          "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        ],
      },
    };
    assert.deepEqual(
      volumes.Statement.map(({ Sid, Condition }) => [Sid, Condition]),
      [
        ["LeaveToIam", undefined],
        ["UseForVolumes", roles],
        ["GrantToVolumes", { ...roles, Bool: { "kms:GrantIsForAWSResource": "true" } }],
      ],
    );
  });
});
