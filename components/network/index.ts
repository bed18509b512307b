import * as pulumi from "@pulumi/pulumi";
import type { NetworkArgs } from "./args";

export type { NetworkArgs, NetworkTransforms } from "./args";

/** The network of a cluster. */
export class Network extends pulumi.ComponentResource {
  readonly vpcId!: pulumi.Output<string>;
  /** IPv4 range of the VPC. */
  readonly cidr!: string;
  /** By zone. Known only once the subnet reaches the internet, so that whatever starts in it can. */
  readonly privateSubnetIds!: Record<string, pulumi.Output<string>>;
  /** By zone; empty for an existing VPC without public subnets. */
  readonly publicSubnetIds!: Record<string, pulumi.Output<string>>;
  /** By zone, for the control plane alone; the same zones whichever zones nodes are in. */
  readonly controlPlaneSubnetIds!: Record<string, pulumi.Output<string>>;
  /** Security group of the interface endpoints; undefined without any. */
  readonly endpointSecurityGroupId: pulumi.Output<string> | undefined;

  constructor(name: string, _args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:network:Network", name, {}, opts);
    this.registerOutputs({});
  }
}
