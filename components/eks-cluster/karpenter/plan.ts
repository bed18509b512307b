import type { Input } from "@pulumi/pulumi";
import type { Conditions, Statement } from "../../iam/document";
import { readInRegion } from "../identities";
import { arn, clusterArn, globalArn, instanceTag, regionalArn } from "../context";
import type { Site } from "../context";

/** Tag by which EC2NodeClasses find private subnets, which `components/network` tags, and the security group of nodes. */
export const DISCOVERY_TAG = "karpenter.sh/discovery";

/** What EC2 and AWS Health say before they take an instance away or stop it; Karpenter drains its node ("Interruption", Karpenter docs). */
export const INTERRUPTIONS = {
  "scheduled-change": { source: ["aws.health"], "detail-type": ["AWS Health Event"] },
  "spot-interruption": { source: ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"] },
  rebalance: { source: ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"] },
  "state-change": { source: ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"] },
} as const;

/** Managed policies of nodes: joining the cluster, and pulling from ECR ("Amazon EKS node IAM role", EKS user guide). */
export const NODE_POLICIES = {
  worker: "AmazonEKSWorkerNodeMinimalPolicy",
  pull: "AmazonEC2ContainerRegistryPullOnly",
} as const;

/** Seconds for which a warning is kept: longer than the two minutes that spot instances have left. */
export const RETENTION_SECONDS = 300;

/** Where the price list is, which is the same for all regions ("Using the AWS Price List Query API", AWS Billing user guide). */
const PRICE_LIST_REGIONS = ["us-east-1", "eu-central-1", "ap-south-1"] as const;

/**
 * What Karpenter's controller does: makes and ends instances of this cluster, by tag, with the one role for nodes. The statements are those
 * of Karpenter's reference ("CloudFormation", Karpenter 1.14 docs), narrowed to this account's resources where it says any account.
 */
export function controllerStatements(
  site: Site,
  { nodeRoleArn, queueArn }: { nodeRoleArn: Input<string>; queueArn: Input<string> },
): Statement[] {
  const owned = instanceTag(site);
  const ec2 = (...kinds: string[]) => kinds.map((kind) => arn(site, "ec2", `${kind}/*`));
  const made = ec2("fleet", "instance", "volume", "network-interface", "launch-template");
  const requested = (extra: Record<string, string[]> = {}): Conditions => ({
    StringEquals: { [`aws:RequestTag/${owned}`]: "owned", ...extra },
    StringLike: { "aws:RequestTag/karpenter.sh/nodepool": "*" },
  });
  const existing: Conditions = {
    StringEquals: { [`aws:ResourceTag/${owned}`]: "owned" },
    StringLike: { "aws:ResourceTag/karpenter.sh/nodepool": "*" },
  };
  return [
    {
      sid: "StartInstancesFrom",
      actions: ["ec2:RunInstances", "ec2:CreateFleet"],
      resources: [
        regionalArn(site, "ec2", "image/*"),
        regionalArn(site, "ec2", "snapshot/*"),
        ...ec2("security-group", "subnet", "spot-instances-request", "capacity-reservation"),
      ],
    },
    {
      sid: "StartInstancesFromTemplates",
      actions: ["ec2:RunInstances", "ec2:CreateFleet"],
      resources: ec2("launch-template"),
      conditions: existing,
    },
    {
      sid: "StartTaggedInstances",
      actions: ["ec2:RunInstances", "ec2:CreateFleet", "ec2:CreateLaunchTemplate"],
      resources: made,
      conditions: requested(),
    },
    {
      sid: "TagNewOnes",
      actions: ["ec2:CreateTags"],
      resources: [...made, ...ec2("spot-instances-request")],
      conditions: requested({ "ec2:CreateAction": ["RunInstances", "CreateFleet", "CreateLaunchTemplate"] }),
    },
    {
      sid: "NameInstances",
      actions: ["ec2:CreateTags"],
      resources: ec2("instance"),
      conditions: {
        ...existing,
        "ForAllValues:StringEquals": {
          "aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"],
        },
        // Holds for no tags otherwise.
        Null: { "aws:TagKeys": "false" },
      },
    },
    {
      sid: "EndInstances",
      actions: ["ec2:TerminateInstances", "ec2:DeleteLaunchTemplate"],
      resources: ec2("instance", "launch-template"),
      conditions: existing,
    },
    readInRegion(site, [
      "ec2:DescribeAvailabilityZones",
      "ec2:DescribeCapacityReservations",
      "ec2:DescribeImages",
      "ec2:DescribeInstanceStatus",
      "ec2:DescribeInstanceTypeOfferings",
      "ec2:DescribeInstanceTypes",
      "ec2:DescribeInstances",
      "ec2:DescribeLaunchTemplates",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSpotPriceHistory",
      "ec2:DescribeSubnets",
    ]),
    {
      sid: "FindImages",
      actions: ["ssm:GetParameter"],
      resources: [regionalArn(site, "ssm", "parameter/aws/service/*")],
    },
    {
      sid: "ReadPrices",
      actions: ["pricing:GetProducts"],
      resources: ["*"],
      conditions: { StringEquals: { "aws:RequestedRegion": [...PRICE_LIST_REGIONS] } },
    },
    {
      sid: "ReadInterruptions",
      actions: ["sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
      resources: [queueArn],
    },
    {
      sid: "PassNodeRole",
      actions: ["iam:PassRole"],
      resources: [nodeRoleArn],
      conditions: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
    },
    ...instanceProfileStatements(site),
    { sid: "FindCluster", actions: ["eks:DescribeCluster"], resources: [clusterArn(site)] },
  ];
}

/** Karpenter keeps one instance profile for each EC2NodeClass. */
function instanceProfileStatements(site: Site): Statement[] {
  const profiles = [globalArn(site, "iam", "instance-profile/*")];
  const tags = (kind: "RequestTag" | "ResourceTag") => ({
    [`aws:${kind}/${instanceTag(site)}`]: "owned",
    [`aws:${kind}/topology.kubernetes.io/region`]: site.region,
  });
  return [
    {
      sid: "MakeProfiles",
      actions: ["iam:CreateInstanceProfile"],
      resources: profiles,
      conditions: {
        StringEquals: tags("RequestTag"),
        StringLike: { "aws:RequestTag/karpenter.k8s.aws/ec2nodeclass": "*" },
      },
    },
    {
      sid: "TagProfiles",
      actions: ["iam:TagInstanceProfile"],
      resources: profiles,
      conditions: {
        StringEquals: { ...tags("ResourceTag"), ...tags("RequestTag") },
        StringLike: {
          "aws:RequestTag/karpenter.k8s.aws/ec2nodeclass": "*",
          "aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass": "*",
        },
      },
    },
    {
      sid: "ChangeProfiles",
      actions: ["iam:AddRoleToInstanceProfile", "iam:DeleteInstanceProfile", "iam:RemoveRoleFromInstanceProfile"],
      resources: profiles,
      conditions: {
        StringEquals: tags("ResourceTag"),
        StringLike: { "aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass": "*" },
      },
    },
    { sid: "ReadProfiles", actions: ["iam:GetInstanceProfile", "iam:ListInstanceProfiles"], resources: profiles },
  ];
}

/** Only the rules above put messages into the queue, and nobody without TLS. */
export function queueStatements(
  site: Site,
  { queueArn, ruleArns }: { queueArn: Input<string>; ruleArns: Input<string>[] },
): Statement[] {
  return [
    {
      sid: "FromRules",
      principal: { service: "events.amazonaws.com" },
      actions: ["sqs:SendMessage"],
      resources: [queueArn],
      conditions: { StringEquals: { "aws:SourceAccount": site.accountId }, ArnEquals: { "aws:SourceArn": ruleArns } },
    },
    {
      sid: "OnlyEncrypted",
      effect: "Deny",
      principal: "*",
      actions: ["sqs:*"],
      resources: [queueArn],
      conditions: { Bool: { "aws:SecureTransport": "false" } },
    },
  ];
}
