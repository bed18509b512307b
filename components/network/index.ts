import { LogGroup } from "@pulumi/aws/cloudwatch";
import {
  DefaultSecurityGroup,
  Eip,
  FlowLog,
  InternetGateway,
  NatGateway,
  Route,
  RouteTable,
  RouteTableAssociation,
  SecurityGroup,
  Subnet,
  SubnetCidrReservation,
  Vpc,
  VpcEndpoint,
  VpcEndpointRouteTableAssociation,
  VpcEndpointSubnetAssociation,
} from "@pulumi/aws/ec2";
import { Role, RolePolicy } from "@pulumi/aws/iam";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc";
import * as pulumi from "@pulumi/pulumi";
import { Children } from "../children";
import { assumeByService, partitionOf, policyJson } from "../iam";
import { throwIfInvalid } from "../problems";
import type { ExistingNetwork, NetworkArgs } from "./args";
import { controlPlaneZones, mapValues, planNetwork } from "./plan";
import type { NetworkPlan } from "./plan";
import { validate } from "./validate";

export type { ExistingNetwork, FlowLogsArgs, InterfaceEndpoint, NetworkArgs, NetworkTransforms } from "./args";

/** Subnets' IDs by zone. */
type SubnetIds = Record<string, pulumi.Output<string>>;

/** What a network tells others. */
interface NetworkOutputs {
  vpcId: pulumi.Output<string>;
  cidr: string;
  privateSubnetIds: SubnetIds;
  publicSubnetIds: SubnetIds;
  controlPlaneSubnetIds: SubnetIds;
  endpointSecurityGroupId: pulumi.Output<string> | undefined;
}

/** What every step of making a network needs. */
interface Site {
  args: NetworkArgs;
  plan: NetworkPlan;
  children: Children;
  vpc: Vpc;
  /** Tags of one thing: the name by which people find it, those that are asked for, and others. */
  tags: (name: string, others?: Record<string, string>) => Record<string, string>;
}

/**
 * The network of a cluster: a VPC with a private and a public subnet in each zone, or one that is there already.
 *
 * A zone's resources are named by the zone and depend on no other zone, so adding or removing one touches nothing else.
 *
 * @example
 * ```ts
 * new Network("network", {
 *   region: "eu-central-1",
 *   accountId: "111122223333",
 *   clusterName: "previews",
 *   zones: ["eu-central-1a", "eu-central-1b"],
 *   size: "small",
 * });
 * ```
 */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  /** IPv4 range of the VPC. */
  readonly cidr: string;
  /** By zone. Known only once the subnet reaches the internet, so that whatever starts in it can. */
  readonly privateSubnetIds: Record<string, pulumi.Output<string>>;
  /** By zone; empty for an existing VPC without public subnets. */
  readonly publicSubnetIds: Record<string, pulumi.Output<string>>;
  /** By zone, for the control plane alone; the same zones whichever zones nodes are in. */
  readonly controlPlaneSubnetIds: Record<string, pulumi.Output<string>>;
  /** Security group of the interface endpoints; undefined without any. */
  readonly endpointSecurityGroupId: pulumi.Output<string> | undefined;

  /**
   * @throws pulumi.InputPropertiesError with everything that is wrong with the arguments
   */
  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:network:Network", name, {}, opts);
    throwIfInvalid(`Network ${name} cannot be made as asked.`, validate(args));
    const outputs = args.existing
      ? useExisting(args.existing, controlPlaneZones(args))
      : createNetwork(new Children(name, this), args);

    this.vpcId = outputs.vpcId;
    this.cidr = outputs.cidr;
    this.privateSubnetIds = outputs.privateSubnetIds;
    this.publicSubnetIds = outputs.publicSubnetIds;
    this.controlPlaneSubnetIds = outputs.controlPlaneSubnetIds;
    this.endpointSecurityGroupId = outputs.endpointSecurityGroupId;
    this.registerOutputs({ ...outputs });
  }
}

function useExisting(existing: ExistingNetwork, controlZones: readonly string[]): NetworkOutputs {
  const toOutputs = (ids: Record<string, string> = {}) => mapValues(ids, (id) => pulumi.output(id));
  const ofPrivate = Object.fromEntries(controlZones.map((zone) => [zone, existing.privateSubnetIds[zone] ?? ""]));
  return {
    vpcId: pulumi.output(existing.vpcId),
    cidr: existing.cidr,
    privateSubnetIds: toOutputs(existing.privateSubnetIds),
    publicSubnetIds: toOutputs(existing.publicSubnetIds),
    controlPlaneSubnetIds: toOutputs(existing.controlPlaneSubnetIds ?? ofPrivate),
    endpointSecurityGroupId: undefined,
  };
}

function createNetwork(children: Children, args: NetworkArgs): NetworkOutputs {
  const plan = planNetwork(args);
  const tags: Site["tags"] = (name, others) => ({ Name: `${args.clusterName}-${name}`, ...args.tags, ...others });
  const vpc = createVpc(children, args, plan, tags);
  const site: Site = { args, plan, children, vpc, tags };

  const publicSubnetIds = createPublicSubnets(site);
  const natGateways = createNatGateways(site, publicSubnetIds);
  const privateSubnets = createPrivateSubnets(site, natGateways);
  const controlPlaneSubnetIds = createControlPlaneSubnets(site);
  createGatewayEndpoint(site, privateSubnets);
  const endpointSecurityGroupId = createInterfaceEndpoints(site, privateSubnets);
  createFlowLogs(site);
  return {
    vpcId: vpc.id,
    cidr: plan.cidr,
    privateSubnetIds: mapValues(privateSubnets, ({ connectedId }) => connectedId),
    publicSubnetIds: mapValues(publicSubnetIds, ({ connectedId }) => connectedId),
    controlPlaneSubnetIds,
    endpointSecurityGroupId,
  };
}

function createVpc(children: Children, { transform = {} }: NetworkArgs, plan: NetworkPlan, tags: Site["tags"]): Vpc {
  const vpc = children.add(
    Vpc,
    "vpc",
    // Private endpoints, of EKS and others, are found by DNS names that only resolve with both of these.
    { cidrBlock: plan.cidr, enableDnsHostnames: true, enableDnsSupport: true, tags: tags("vpc") },
    transform.vpc,
  );
  // AWS puts whatever names no security group into this one; without rules, that reaches nothing and is reached by nothing.
  children.add(
    DefaultSecurityGroup,
    "default-security-group",
    { vpcId: vpc.id, ingress: [], egress: [], tags: tags("default-unused") },
    transform.defaultSecurityGroup,
  );
  return vpc;
}

/** A subnet, and its ID once its routes are there. */
interface RoutedSubnet {
  subnet: Subnet;
  connectedId: pulumi.Output<string>;
  routeTable: RouteTable;
}

/** Tags by which the cluster's load balancers find their subnets ("Amazon EKS networking requirements", subnet tagging). */
function loadBalancerTags({ args }: Site, role: "elb" | "internal-elb"): Record<string, string> {
  return { [`kubernetes.io/cluster/${args.clusterName}`]: "shared", [`kubernetes.io/role/${role}`]: "1" };
}

function createPublicSubnets(site: Site): Record<string, RoutedSubnet> {
  const { args, children, plan, vpc, tags } = site;
  const { transform = {} } = args;
  const gateway = children.add(InternetGateway, "internet-gateway", { vpcId: vpc.id, tags: tags("internet") });
  const routeTable = children.add(RouteTable, "public", { vpcId: vpc.id, tags: tags("public") }, transform.routeTable);
  const route = children.add(Route, "public-internet", {
    routeTableId: routeTable.id,
    destinationCidrBlock: "0.0.0.0/0",
    gatewayId: gateway.id,
  });
  return mapValues(plan.zones, (ranges, zone) => {
    const subnet = children.add(
      Subnet,
      `public-${zone}`,
      {
        vpcId: vpc.id,
        availabilityZone: zone,
        cidrBlock: ranges.public,
        // Load balancers and NAT gateways bring addresses of their own; nothing else belongs here.
        mapPublicIpOnLaunch: false,
        tags: tags(`public-${zone}`, loadBalancerTags(site, "elb")),
      },
      transform.publicSubnet,
    );
    const association = associate(children, `public-${zone}`, subnet, routeTable);
    return { subnet, routeTable, connectedId: after(subnet.id, [route.id, association.id]) };
  });
}

function createNatGateways(site: Site, publicSubnets: Record<string, RoutedSubnet>): Record<string, NatGateway> {
  const { args, children, plan, tags } = site;
  return Object.fromEntries(
    plan.natZones.map((zone) => {
      const address = children.add(Eip, `nat-${zone}`, { domain: "vpc", tags: tags(`nat-${zone}`) });
      const gateway = children.add(
        NatGateway,
        `nat-${zone}`,
        {
          allocationId: address.id,
          // Without the way to the internet, AWS makes the gateway in vain.
          subnetId: of(publicSubnets, zone).connectedId,
          connectivityType: "public",
          tags: tags(`nat-${zone}`),
        },
        args.transform?.natGateway,
      );
      return [zone, gateway];
    }),
  );
}

function createPrivateSubnets(site: Site, natGateways: Record<string, NatGateway>): Record<string, RoutedSubnet> {
  const { args, children, plan, vpc, tags } = site;
  const { transform = {} } = args;
  return mapValues(plan.zones, (ranges, zone) => {
    const name = `private-${zone}`;
    const subnet = children.add(
      Subnet,
      name,
      {
        vpcId: vpc.id,
        availabilityZone: zone,
        cidrBlock: ranges.private,
        mapPublicIpOnLaunch: false,
        tags: tags(name, {
          ...loadBalancerTags(site, "internal-elb"),
          // By which Karpenter's EC2NodeClass finds subnets ("Getting Started with Karpenter").
          "karpenter.sh/discovery": args.clusterName,
        }),
      },
      transform.privateSubnet,
    );
    const reservation = children.add(SubnetCidrReservation, `pods-${zone}`, {
      subnetId: subnet.id,
      cidrBlock: ranges.pods,
      reservationType: "prefix",
      description: "Prefixes of the VPC CNI, for pods",
    });
    const routeTable = children.add(RouteTable, name, { vpcId: vpc.id, tags: tags(name) }, transform.routeTable);
    const route = children.add(Route, `private-internet-${zone}`, {
      routeTableId: routeTable.id,
      destinationCidrBlock: "0.0.0.0/0",
      natGatewayId: of(natGateways, of(plan.natZoneOf, zone)).id,
    });
    const association = associate(children, name, subnet, routeTable);
    return { subnet, routeTable, connectedId: after(subnet.id, [route.id, association.id, reservation.id]) };
  });
}

/** Subnets for the control plane's network interfaces only. They have no route out: only nodes and pods talk with them. */
function createControlPlaneSubnets({ args, children, plan, vpc, tags }: Site): SubnetIds {
  return mapValues(plan.controlPlane, (cidrBlock, zone) => {
    const name = `control-plane-${zone}`;
    const subnet = children.add(
      Subnet,
      name,
      { vpcId: vpc.id, availabilityZone: zone, cidrBlock, mapPublicIpOnLaunch: false, tags: tags(name) },
      args.transform?.controlPlaneSubnet,
    );
    return subnet.id;
  });
}

/** S3, where ECR keeps the layers of images. */
function createGatewayEndpoint(site: Site, privateSubnets: Record<string, RoutedSubnet>): void {
  const { args, children, vpc, tags } = site;
  const endpoint = children.add(
    VpcEndpoint,
    "endpoint-s3",
    { vpcId: vpc.id, vpcEndpointType: "Gateway", serviceName: `com.amazonaws.${args.region}.s3`, tags: tags("s3") },
    args.transform?.endpoint,
  );
  for (const [zone, { routeTable }] of Object.entries(privateSubnets)) {
    children.add(VpcEndpointRouteTableAssociation, `endpoint-s3-${zone}`, {
      vpcEndpointId: endpoint.id,
      routeTableId: routeTable.id,
    });
  }
}

/** Gives the ID of the endpoints' security group; undefined without endpoints. */
function createInterfaceEndpoints(
  site: Site,
  privateSubnets: Record<string, RoutedSubnet>,
): pulumi.Output<string> | undefined {
  const { args, children, plan, vpc, tags } = site;
  const { transform = {} } = args;
  if (plan.interfaceEndpoints.length === 0) return undefined;
  const group = children.add(
    SecurityGroup,
    "endpoints",
    { vpcId: vpc.id, description: "Interface endpoints, from inside the VPC", tags: tags("endpoints") },
    transform.endpointSecurityGroup,
  );
  children.add(SecurityGroupIngressRule, "endpoints-https", {
    securityGroupId: group.id,
    description: "HTTPS from inside the VPC",
    cidrIpv4: plan.cidr,
    ipProtocol: "tcp",
    fromPort: 443,
    toPort: 443,
    tags: tags("endpoints-https"),
  });
  for (const service of plan.interfaceEndpoints) {
    const endpoint = children.add(
      VpcEndpoint,
      `endpoint-${service}`,
      {
        vpcId: vpc.id,
        vpcEndpointType: "Interface",
        serviceName: `com.amazonaws.${args.region}.${service}`,
        privateDnsEnabled: true,
        securityGroupIds: [group.id],
        tags: tags(service),
      },
      transform.endpoint,
    );
    // An association of its own for each zone: a list on the endpoint would change it whenever a zone comes or goes.
    for (const [zone, { subnet }] of Object.entries(privateSubnets)) {
      children.add(VpcEndpointSubnetAssociation, `endpoint-${service}-${zone}`, {
        vpcEndpointId: endpoint.id,
        subnetId: subnet.id,
      });
    }
  }
  return group.id;
}

function createFlowLogs({ args, children, plan, vpc, tags }: Site): void {
  if (!plan.flowLogs) return;
  const { region, accountId, transform = {} } = args;
  const { group, retentionDays, traffic } = plan.flowLogs;
  const arn = (service: string, resource: string) =>
    `arn:${partitionOf(region)}:${service}:${region}:${accountId}:${resource}`;
  const logGroup = children.add(
    LogGroup,
    "flow-logs",
    { name: group, retentionInDays: retentionDays, kmsKeyId: args.flowLogs?.kmsKeyArn, tags: tags("flow-logs") },
    transform.flowLogGroup,
  );
  const role = children.add(
    Role,
    "flow-logs",
    {
      description: `Writes the VPC flow log of cluster ${args.clusterName}`,
      // Only flow logs of this account ("IAM role for publishing flow logs to CloudWatch Logs", Amazon VPC User Guide).
      assumeRolePolicy: policyJson(
        assumeByService("vpc-flow-logs.amazonaws.com", {
          StringEquals: { "aws:SourceAccount": accountId },
          ArnLike: { "aws:SourceArn": arn("ec2", "vpc-flow-log/*") },
        }),
      ),
      tags: tags("flow-logs"),
    },
    transform.flowLogRole,
  );
  const policy = children.add(RolePolicy, "flow-logs", {
    role: role.name,
    // Not logs:CreateLogGroup: the service would make the group anew while the network is being destroyed.
    policy: policyJson({
      sid: "WriteFlowLog",
      actions: ["logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"],
      resources: [arn("logs", `log-group:${group}`), arn("logs", `log-group:${group}:*`)],
    }),
  });
  children.with({ dependsOn: [policy] }).add(
    FlowLog,
    "flow-logs",
    {
      vpcId: vpc.id,
      trafficType: traffic,
      logDestinationType: "cloud-watch-logs",
      logDestination: logGroup.arn,
      iamRoleArn: role.arn,
      tags: tags("flow-logs"),
    },
    transform.flowLog,
  );
}

function associate(children: Children, name: string, subnet: Subnet, routeTable: RouteTable): RouteTableAssociation {
  return children.add(RouteTableAssociation, name, { subnetId: subnet.id, routeTableId: routeTable.id });
}

/** An ID that is known only once others are, and that brings dependencies on them along. */
function after(id: pulumi.Output<string>, others: pulumi.Output<string>[]): pulumi.Output<string> {
  return pulumi.all(others).apply(() => id);
}

function of<Value>(record: Record<string, Value>, zone: string): Value {
  const value = record[zone];
  if (value === undefined) throw new RangeError(`There is nothing for the zone ${zone}`);
  return value;
}
