import { createHash } from "node:crypto";
import type { NodePoolSpec, Taint } from "./args";
import { architectureOf } from "./instance-types";
import type { Architecture } from "./instance-types";

/** Label of every node: the pool's name. */
export const POOL_LABEL = "berth.dev/pool";

/**
 * What tells a fallback group's name from others. EKS calls the Auto Scaling group `eks-{node group}-{id}`, so the Cluster
 * Autoscaler's priority expander can prefer other groups by the pattern `.*-on-demand-.*`.
 */
export const FALLBACK = "on-demand";

/** Longest name of a managed node group ("Create a managed node group for your cluster", Amazon EKS User Guide). */
export const MAX_GROUP_NAME = 63;

/** What a pool has where its spec does not say otherwise; {@link NodePoolSpec} explains each. */
export const DEFAULTS = {
  capacity: "on-demand",
  minPerZone: 1,
  rootVolumeGiB: 50,
  maxPodsPerNode: 110,
  detailedMonitoring: false,
  maxUnavailablePercentage: 33,
} as const satisfies Partial<NodePoolSpec>;

/** One managed node group. Plain values, the same for the same spec and zone. */
export interface NodeGroupPlan {
  /** Tells the group from others of its pool: the zone, or `on-demand-{zone}` for the fallback. */
  key: string;
  zone: string;
  capacity: "on-demand" | "spot";
  /** True for the group that is used when spot capacity cannot be had. */
  fallback: boolean;
  instanceTypes: string[];
  architecture: Architecture;
  /** Nodes at the least and at the most. */
  min: number;
  max: number;
  rootVolumeGiB: number;
  maxUnavailablePercentage: number;
  /** Labels that the spec asks for. */
  labels: Record<string, string>;
  taints: Taint[];
}

/** Decides which groups a pool has: one per zone, and with spot a second one that is used when spot capacity cannot be had. */
export function planNodeGroups(zones: readonly string[], spec: NodePoolSpec): NodeGroupPlan[] {
  const { capacity = DEFAULTS.capacity } = spec;
  return zones.flatMap((zone) => {
    const shared = {
      zone,
      instanceTypes: [...spec.instanceTypes],
      architecture: architectureOf(spec.instanceTypes[0] ?? ""),
      rootVolumeGiB: spec.rootVolumeGiB ?? DEFAULTS.rootVolumeGiB,
      maxUnavailablePercentage: spec.maxUnavailablePercentage ?? DEFAULTS.maxUnavailablePercentage,
      labels: { ...spec.labels },
      taints: [...(spec.taints ?? [])],
    };
    const main: NodeGroupPlan = { key: zone, capacity, fallback: false, ...boundsOf(spec, zone), ...shared };
    const bounds = fallbackBounds(spec, main.max);
    if (!bounds) return [main];
    return [main, { key: `${FALLBACK}-${zone}`, capacity: "on-demand", fallback: true, ...bounds, ...shared }];
  });
}

/** Nodes of a zone's group at the least and at the most. */
export function boundsOf(spec: NodePoolSpec, zone: string): { min: number; max: number } {
  const { min = spec.minPerZone ?? DEFAULTS.minPerZone, max = spec.maxPerZone } = spec.perZone?.[zone] ?? {};
  return { min, max };
}

function fallbackBounds({ capacity, onDemandFallback = {} }: NodePoolSpec, max: number) {
  if (capacity !== "spot" || onDemandFallback === false) return undefined;
  return { min: onDemandFallback.minPerZone ?? 0, max: onDemandFallback.maxPerZone ?? max };
}

/** Image of a group's nodes, by its name in the EKS API. */
export function amiTypeOf({ architecture }: Pick<NodeGroupPlan, "architecture">): string {
  return architecture === "arm64" ? "AL2023_ARM_64_STANDARD" : "AL2023_x86_64_STANDARD";
}

/**
 * Name of a node group in AWS: `{pool}-{zone}-{hash}`.
 *
 * The hash is over what EKS cannot change in a group. A change of that makes a new group before the old one goes, and AWS refuses
 * a second group of one name.
 */
export function groupName(pool: string, group: NodeGroupPlan): string {
  const fixed = JSON.stringify([group.capacity, amiTypeOf(group), group.instanceTypes]);
  return `${pool}-${group.key}-${createHash("sha256").update(fixed).digest("hex").slice(0, 6)}`;
}

/** Labels of a group's nodes. */
export function labelsOf(pool: string, group: NodeGroupPlan): Record<string, string> {
  return { ...group.labels, [POOL_LABEL]: pool };
}

/** Taints as the EKS API has them. */
export function taintsOf({ taints }: NodeGroupPlan): { key: string; value: string; effect: string }[] {
  const effects = {
    NoSchedule: "NO_SCHEDULE",
    NoExecute: "NO_EXECUTE",
    PreferNoSchedule: "PREFER_NO_SCHEDULE",
  } as const;
  return taints.map(({ key, value = "", effect }) => ({ key, value, effect: effects[effect] }));
}

/**
 * Tags of a group's Auto Scaling group from which the Cluster Autoscaler knows what a node would be like while there is none
 * ("Auto-Discovery Setup" and "Scaling a node group to 0", Cluster Autoscaler on AWS).
 *
 * @returns values by what follows `k8s.io/cluster-autoscaler/node-template/` in the tag's key
 */
export function templateTags(pool: string, group: NodeGroupPlan): Record<string, string> {
  const labels = {
    ...labelsOf(pool, group),
    "eks.amazonaws.com/capacityType": group.capacity === "spot" ? "SPOT" : "ON_DEMAND",
    // Volumes are bound to this label of the EBS CSI driver, which sets it only once a node runs.
    "topology.ebs.csi.aws.com/zone": group.zone,
  };
  return {
    ...Object.fromEntries(Object.entries(labels).map(([key, value]) => [`label/${key}`, value])),
    ...Object.fromEntries(group.taints.map(({ key, value = "", effect }) => [`taint/${key}`, `${value}:${effect}`])),
    "resources/ephemeral-storage": `${ephemeralStorageGiB(group.rootVolumeGiB)}Gi`,
  };
}

/** What pods get of a root volume: the kubelet evicts at 10 % left and keeps 1 GiB for itself (defaults of nodeadm). */
function ephemeralStorageGiB(rootVolumeGiB: number): number {
  return Math.floor(rootVolumeGiB * 0.9) - 1;
}

/**
 * Settings that nodeadm adds to those that EKS writes for the node ("Customize managed nodes with launch templates", Amazon EKS
 * User Guide), as a launch template takes them.
 */
export function userData({ maxPodsPerNode = DEFAULTS.maxPodsPerNode }: Pick<NodePoolSpec, "maxPodsPerNode">): string {
  const text = [
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="BERTH"',
    "",
    "--BERTH",
    "Content-Type: application/node.eks.aws",
    "",
    "---",
    "apiVersion: node.eks.aws/v1alpha1",
    "kind: NodeConfig",
    "spec:",
    "  kubelet:",
    "    config:",
    `      maxPods: ${maxPodsPerNode}`,
    "",
    "--BERTH--",
    "",
  ].join("\n");
  return Buffer.from(text).toString("base64");
}
