import type { LogGroupArgs } from "@pulumi/aws/cloudwatch";
import type {
  DefaultSecurityGroupArgs,
  FlowLogArgs,
  NatGatewayArgs,
  RouteTableArgs,
  SecurityGroupArgs,
  SubnetArgs,
  VpcArgs,
  VpcEndpointArgs,
} from "@pulumi/aws/ec2";
import type { RoleArgs } from "@pulumi/aws/iam";
import type * as pulumi from "@pulumi/pulumi";
import type { Transform } from "../children";

/** AWS services that can be reached inside the VPC through an interface endpoint. Names as in `com.amazonaws.{region}.{name}`. */
export const INTERFACE_ENDPOINTS = [
  "autoscaling",
  "ec2",
  "ecr.api",
  "ecr.dkr",
  "eks",
  "eks-auth",
  "elasticloadbalancing",
  "kms",
  "logs",
  "sts",
] as const;

/** One of {@link INTERFACE_ENDPOINTS}. */
export type InterfaceEndpoint = (typeof INTERFACE_ENDPOINTS)[number];

/** What a network is made from. Plain values, as nearly all of them shape the graph. */
export interface NetworkArgs {
  /**
   * AWS region; the one that the provider is configured with.
   *
   * @example "eu-central-1"
   */
  region: string;
  /** The AWS account, 12 digits; policies name it. */
  accountId: string;
  /** Name of the cluster that lives here. Names the VPC and tags its subnets for the cluster's load balancers. */
  clusterName: string;
  /**
   * Availability zones by full name, at least two (EKS asks for subnets in two). A zone's ranges and resources depend on its name
   * alone, so adding or removing one leaves the others as they are. Only the single NAT gateway of `natGateways: "one"` stands in
   * the first zone of the list.
   *
   * @example ["eu-central-1a", "eu-central-1b"]
   */
  zones: string[];
  /**
   * Zones of the control plane's own small subnets, at least two. EKS never lets a cluster change them ("All subnets that you add
   * must be in the same set of AZs", EKS API reference, VpcConfigRequest), so write them down before you change the order or the
   * beginning of `zones`. They stay when their zone leaves `zones`.
   *
   * @default the first two of `zones`
   */
  controlPlaneZones?: string[];
  /** Whom the defaults suit: a small team that minds the bill, or a large company that minds the loss of a zone. */
  size: "small" | "large";
  /**
   * IPv4 range of the VPC: private (RFC 1918 or 100.64.0.0/10), /16 to /19. A /16 gives each zone a private /19: 8192 addresses,
   * half of them kept for the /28 prefixes of the VPC CNI.
   *
   * @default "10.0.0.0/16"
   */
  cidr?: string;
  /**
   * Ranges that the VPC must not overlap: other VPCs, offices, whatever it is to be joined to by peering, transit gateway or VPN.
   *
   * @default [] nothing is compared
   * @example ["10.1.0.0/16", "192.168.0.0/24"]
   */
  avoidCidrs?: string[];
  /**
   * One NAT gateway in each zone, or one in the first zone for all. One costs 0.045 USD an hour in us-east-1, 33 USD a month, and
   * 0.045 USD per GB ("Amazon VPC pricing"); with a single one, the loss of its zone cuts off all zones, and traffic of other
   * zones pays 0.01 USD per GB and direction to reach it.
   *
   * @default "one" for a small team, "per-zone" for a large company
   */
  natGateways?: "one" | "per-zone";
  /**
   * Services reached through an interface endpoint rather than through NAT. Each costs 0.01 USD an hour and zone in us-east-1,
   * 7.30 USD a month ("AWS PrivateLink pricing"). The gateway endpoint of S3 is free and always there, and image layers of ECR
   * come through it.
   *
   * @default [] for a small team; ["ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "sts"] for a large company
   */
  interfaceEndpoints?: InterfaceEndpoint[];
  /**
   * Records of the traffic in the VPC.
   *
   * @default refused connections for a small team, all for a large company
   */
  flowLogs?: FlowLogsArgs;
  /**
   * A VPC that is there already; then nothing is made or changed in it, and `cidr`, `avoidCidrs`, `natGateways`,
   * `interfaceEndpoints` and `flowLogs` must be left out. README.md says what it must have.
   *
   * @default a VPC is made
   */
  existing?: ExistingNetwork;
  /**
   * Tags of everything that takes tags.
   *
   * @default {} none but the names
   */
  tags?: Record<string, string>;
  /**
   * Changes children last, one function per kind of child.
   *
   * @default nothing is changed
   */
  transform?: NetworkTransforms;
}

/** Which traffic is recorded, and for how long. */
export interface FlowLogsArgs {
  /**
   * `all` connections, only `rejected` ones, or `none`. CloudWatch Logs takes 0.50 USD per GB in us-east-1 ("Amazon CloudWatch
   * pricing").
   *
   * @default "rejected" for a small team, "all" for a large company
   */
  traffic?: "all" | "rejected" | "none";
  /**
   * Days after which records are deleted; one of the values that CloudWatch Logs takes.
   *
   * @default 30 for a small team, 365 for a large company
   */
  retentionDays?: number;
  /**
   * KMS key that encrypts the records; its policy must let CloudWatch Logs use it.
   *
   * @default the key of CloudWatch Logs
   */
  kmsKeyArn?: pulumi.Input<string>;
}

/** A VPC that someone else made. */
export interface ExistingNetwork {
  /** @example "vpc-0a1b2c3d4e5f67890" */
  vpcId: string;
  /** Its primary IPv4 range, private (RFC 1918 or 100.64.0.0/10). */
  cidr: string;
  /** One private subnet, with a route to the internet by NAT, for each zone of `zones`. */
  privateSubnetIds: Record<string, string>;
  /**
   * One public subnet for each zone of `zones`, for load balancers that face the internet.
   *
   * @default none
   */
  publicSubnetIds?: Record<string, string>;
  /**
   * One subnet for each of `controlPlaneZones`, for the control plane's network interfaces.
   *
   * @default the private subnets of these zones
   */
  controlPlaneSubnetIds?: Record<string, string>;
}

/** The children of a network that can be changed; see {@link Transform}. */
export interface NetworkTransforms {
  vpc?: Transform<VpcArgs>;
  /** The emptied default security group. */
  defaultSecurityGroup?: Transform<DefaultSecurityGroupArgs>;
  /** Called for each private subnet. */
  privateSubnet?: Transform<SubnetArgs>;
  /** Called for each public subnet. */
  publicSubnet?: Transform<SubnetArgs>;
  /** Called for each of the control plane's subnets. */
  controlPlaneSubnet?: Transform<SubnetArgs>;
  /** Called for the public route table and each zone's private one. */
  routeTable?: Transform<RouteTableArgs>;
  /** Called for each NAT gateway. */
  natGateway?: Transform<NatGatewayArgs>;
  /** Called for the gateway endpoint and each interface endpoint. */
  endpoint?: Transform<VpcEndpointArgs>;
  /** The security group of the interface endpoints. */
  endpointSecurityGroup?: Transform<SecurityGroupArgs>;
  flowLog?: Transform<FlowLogArgs>;
  /** Where the flow log goes. */
  flowLogGroup?: Transform<LogGroupArgs>;
  /** The role by which the flow log is written. */
  flowLogRole?: Transform<RoleArgs>;
}
