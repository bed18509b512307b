import type { Input } from "@pulumi/pulumi";
import type { Statement } from "../iam/document";
import { CLUSTER_TAG, arn, instanceTag, regionalArn } from "./context";
import type { Site } from "./context";
import { USE_KEY } from "./keys";

/** Pods that take a role by Pod Identity. */
export interface Identity {
  namespace: string;
  serviceAccount: string;
}

/** Service account of the VPC CNI's pods. */
export const VPC_CNI: Identity = { namespace: "kube-system", serviceAccount: "aws-node" };

/** Service account of the EBS CSI driver's controller; its pods on nodes need no rights. */
export const EBS_CSI: Identity = { namespace: "kube-system", serviceAccount: "ebs-csi-controller-sa" };

/**
 * What the VPC CNI does: adds network interfaces and addresses to the cluster's nodes. The actions are those of AmazonEKS_CNI_Policy, but for
 * interfaces, subnets and security groups of this VPC and for instances of this cluster only (`docs/iam-policy.md` of amazon-vpc-cni-k8s
 * narrows by tag, which the interface that an instance starts with does not have).
 *
 * @param vpcArn the cluster's VPC
 */
export function vpcCniStatements(site: Site, vpcArn: Input<string>): Statement[] {
  const inVpc = { ArnEquals: { "ec2:Vpc": vpcArn } };
  const interfaces = arn(site, "ec2", "network-interface/*");
  const subnets = arn(site, "ec2", "subnet/*");
  const groups = arn(site, "ec2", "security-group/*");
  return [
    readInRegion(site, [
      "ec2:DescribeInstanceTypes",
      "ec2:DescribeInstances",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeTags",
    ]),
    // All three kinds of resource have to be allowed: the new interface has no VPC yet, but its subnet and groups have.
    { sid: "MakeInterfaces", actions: ["ec2:CreateNetworkInterface"], resources: [interfaces] },
    {
      sid: "MakeInterfacesInVpc",
      actions: ["ec2:CreateNetworkInterface"],
      resources: [subnets, groups],
      conditions: inVpc,
    },
    {
      sid: "TagNewInterfaces",
      actions: ["ec2:CreateTags"],
      resources: [interfaces],
      conditions: { StringEquals: { "ec2:CreateAction": "CreateNetworkInterface" } },
    },
    {
      sid: "ChangeInterfacesInVpc",
      actions: [
        "ec2:AssignPrivateIpAddresses",
        "ec2:AttachNetworkInterface",
        "ec2:CreateTags",
        "ec2:DeleteNetworkInterface",
        "ec2:DetachNetworkInterface",
        "ec2:ModifyNetworkInterfaceAttribute",
        "ec2:UnassignPrivateIpAddresses",
      ],
      resources: [interfaces],
      conditions: inVpc,
    },
    {
      sid: "UseGroupsInVpc",
      actions: ["ec2:ModifyNetworkInterfaceAttribute"],
      resources: [groups],
      conditions: inVpc,
    },
    {
      sid: "AttachToNodes",
      actions: ["ec2:AttachNetworkInterface", "ec2:DetachNetworkInterface", "ec2:ModifyNetworkInterfaceAttribute"],
      resources: [arn(site, "ec2", "instance/*")],
      conditions: ofCluster(site),
    },
  ];
}

/**
 * What the EBS CSI driver does: makes, attaches, grows, snapshots and deletes volumes. The actions are those of AmazonEBSCSIDriverPolicy that
 * PersistentVolumeClaims and VolumeSnapshots need, but for volumes with the cluster's tag only, which the driver puts on each
 * (`extraVolumeTags`), and encrypted with the cluster's key.
 */
export function ebsCsiStatements(site: Site, volumesKeyArn: Input<string>): Statement[] {
  const volumes = arn(site, "ec2", "volume/*");
  const snapshots = regionalArn(site, "ec2", "snapshot/*");
  const tagged = { StringEquals: { [`aws:RequestTag/${CLUSTER_TAG}`]: site.name } };
  const ours = { StringEquals: { [`aws:ResourceTag/${CLUSTER_TAG}`]: site.name } };
  return [
    readInRegion(site, [
      "ec2:DescribeAvailabilityZones",
      "ec2:DescribeInstances",
      "ec2:DescribeSnapshots",
      "ec2:DescribeTags",
      "ec2:DescribeVolumeStatus",
      "ec2:DescribeVolumes",
      "ec2:DescribeVolumesModifications",
    ]),
    { sid: "MakeVolumes", actions: ["ec2:CreateVolume"], resources: [volumes], conditions: tagged },
    { sid: "MakeVolumesFromSnapshots", actions: ["ec2:CreateVolume"], resources: [snapshots], conditions: ours },
    {
      sid: "UseVolumes",
      actions: ["ec2:AttachVolume", "ec2:CreateSnapshot", "ec2:DeleteVolume", "ec2:DetachVolume", "ec2:ModifyVolume"],
      resources: [volumes],
      conditions: ours,
    },
    {
      sid: "AttachToNodes",
      actions: ["ec2:AttachVolume", "ec2:DetachVolume"],
      resources: [arn(site, "ec2", "instance/*")],
      conditions: ofCluster(site),
    },
    { sid: "MakeSnapshots", actions: ["ec2:CreateSnapshot"], resources: [snapshots], conditions: tagged },
    { sid: "DeleteSnapshots", actions: ["ec2:DeleteSnapshot"], resources: [snapshots], conditions: ours },
    {
      sid: "TagNewOnes",
      actions: ["ec2:CreateTags"],
      resources: [volumes, snapshots],
      conditions: { StringEquals: { "ec2:CreateAction": ["CreateVolume", "CreateSnapshot"] } },
    },
    { sid: "UseKey", actions: USE_KEY, resources: [volumesKeyArn] },
    {
      sid: "GrantKeyToVolumes",
      actions: ["kms:CreateGrant"],
      resources: [volumesKeyArn],
      conditions: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ];
}

/** Actions that only list, which EC2 cannot narrow to resources, in this region. */
export function readInRegion({ region }: Site, actions: string[]): Statement {
  return {
    sid: "Read",
    actions,
    resources: ["*"],
    conditions: { StringEquals: { "aws:RequestedRegion": region } },
  };
}

/** Instances of this cluster. */
function ofCluster(site: Site) {
  return { StringEquals: { [`aws:ResourceTag/${instanceTag(site)}`]: "owned" } };
}
