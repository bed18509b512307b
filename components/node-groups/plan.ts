import type { NodePoolSpec } from "./args";

/** One managed node group. Plain values, the same for the same pool and zone. */
export interface NodeGroupPlan {
  /** Tells the group from others of its pool: the zone, or `on-demand-{zone}` for the fallback. */
  key: string;
  zone: string;
  capacity: "on-demand" | "spot";
  instanceTypes: string[];
  architecture: "x86_64" | "arm64";
  /** Nodes at the least and at the most. */
  min: number;
  max: number;
  rootVolumeGiB: number;
}

/** Decides which groups a pool has: one per zone, and with spot a second one that is used when spot capacity cannot be had. */
export function planNodeGroups(_zones: readonly string[], _spec: NodePoolSpec): NodeGroupPlan[] {
  return [];
}
