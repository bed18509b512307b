import * as pulumi from "@pulumi/pulumi";
import type { NodeGroupsArgs } from "./args";

export type { Autoscaling, NodeGroupsArgs, NodeGroupsTransforms, NodePoolSpec, Taint } from "./args";

/** The managed node groups of one pool, one per zone. */
export class NodeGroups extends pulumi.ComponentResource {
  /** ARN of the role of all nodes of the pool. */
  readonly roleArn!: pulumi.Output<string>;
  /** Names of the groups, by zone; the on-demand fallback's are under `on-demand-{zone}`. */
  readonly groupNames!: Record<string, pulumi.Output<string>>;

  constructor(name: string, _args: NodeGroupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:node-groups:NodeGroups", name, {}, opts);
    this.registerOutputs({});
  }
}
