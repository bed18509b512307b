import type { LaunchTemplateArgs } from "@pulumi/aws/ec2";
import type { NodeGroupArgs } from "@pulumi/aws/eks";
import type { RoleArgs } from "@pulumi/aws/iam";
import type * as pulumi from "@pulumi/pulumi";
import type { Transform } from "../children";

/** Who adds and removes nodes: exactly one of these in a cluster. */
export const AUTOSCALING = ["cluster-autoscaler", "karpenter", "auto-mode"] as const;

/** One of {@link AUTOSCALING}. */
export type Autoscaling = (typeof AUTOSCALING)[number];

/** What the node groups of a pool are made from. */
export interface NodeGroupsArgs {
  /**
   * Name of the pool: lower-case letters, digits and dashes. Nodes carry it as label `berth.dev/pool`.
   *
   * @example "previews"
   */
  pool: string;
  clusterName: pulumi.Input<string>;
  /** The security group that EKS made for the cluster; the only one of the nodes. */
  clusterSecurityGroupId: pulumi.Input<string>;
  /**
   * Kubernetes version of the nodes, as of the control plane or one minor version behind while it is upgraded.
   *
   * @example "1.35"
   */
  kubernetesVersion: string;
  /**
   * Release of the AL2023 image.
   *
   * @default the newest when a group is made; later releases are taken when this is set
   * @example "1.35.2-20251209"
   */
  releaseVersion?: string;
  /** One private subnet for each zone, by the zone's full name. A group is made for each. */
  subnetIds: Record<string, pulumi.Input<string>>;
  /** KMS key of the nodes' root volumes; its policy must let the Auto Scaling service-linked role use it. */
  volumesKeyArn: pulumi.Input<string>;
  spec: NodePoolSpec;
  /**
   * Who adds and removes nodes. `cluster-autoscaler` makes the groups ready for being scaled from zero; with `karpenter` they are
   * the fixed base that Karpenter itself runs on; with `auto-mode` there are no node groups, so it is refused.
   */
  autoscaling: Autoscaling;
  /**
   * Tags of groups, launch template, role, instances and volumes.
   *
   * @default {} none but the names
   */
  tags?: Record<string, string>;
  /**
   * Changes children last, one function per kind of child.
   *
   * @default nothing is changed
   */
  transform?: NodeGroupsTransforms;
}

/** The nodes of a pool; the same in each zone. */
export interface NodePoolSpec {
  /**
   * Instance types of one processor architecture, of like vCPU and memory: Cluster Autoscaler takes all for the first. Spot needs
   * two at least.
   *
   * @example ["m7i.large", "m6i.large", "m7a.large"]
   */
  instanceTypes: string[];
  /**
   * How instances are bought. Spot costs less and can be taken back with two minutes' notice.
   *
   * @default "on-demand"
   */
  capacity?: "on-demand" | "spot";
  /**
   * Nodes in each zone at the least. 0 lets a zone's nodes disappear while nothing needs them; some pool without taints must keep
   * one, as the cluster's own pods need nodes to start on.
   *
   * @default 1
   */
  minPerZone?: number;
  /** Nodes in each zone at the most. */
  maxPerZone: number;
  /**
   * Other bounds for single zones, by the zone's full name.
   *
   * @default {} the same in all zones
   */
  perZone?: Record<string, { min?: number; max?: number }>;
  /**
   * For spot: a further group per zone with on-demand instances, used when spot capacity cannot be had. `false` for none.
   *
   * @default { minPerZone: 0, maxPerZone: the pool's }
   */
  onDemandFallback?: { minPerZone?: number; maxPerZone?: number } | false;
  /**
   * Size of the encrypted gp3 root volume in GiB: images, container logs and emptyDir volumes.
   *
   * @default 50
   */
  rootVolumeGiB?: number;
  /**
   * Pods on a node at the most, which the VPC CNI's prefix delegation makes possible. At most 110 for up to 30 vCPU, 250 above,
   * as managed node groups enforce.
   *
   * @default 110
   */
  maxPodsPerNode?: number;
  /**
   * CloudWatch figures each minute instead of every five; 2.10 USD a month and instance in us-east-1 ("Amazon CloudWatch
   * pricing").
   *
   * @default false
   */
  detailedMonitoring?: boolean;
  /**
   * Further labels of the nodes.
   *
   * @default {} only berth.dev/pool
   */
  labels?: Record<string, string>;
  /**
   * Taints that keep out pods without a matching toleration.
   *
   * @default [] none
   * @example [{ key: "berth.dev/pool", value: "runners", effect: "NoSchedule" }]
   */
  taints?: Taint[];
  /**
   * Share of a group's nodes that may be away at once while it is updated, in percent.
   *
   * @default 33
   */
  maxUnavailablePercentage?: number;
}

/** A taint, in the words of Kubernetes. */
export interface Taint {
  key: string;
  /** @default "" */
  value?: string;
  effect: "NoSchedule" | "NoExecute" | "PreferNoSchedule";
}

/** The children of a pool that can be changed; see {@link Transform}. */
export interface NodeGroupsTransforms {
  role?: Transform<RoleArgs>;
  launchTemplate?: Transform<LaunchTemplateArgs>;
  /** Called for each group. */
  nodeGroup?: Transform<NodeGroupArgs>;
}
