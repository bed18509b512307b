import type { Stored } from "../account";
import { hex } from "../account";
import {
  arn,
  asText,
  text,
  texts,
  type Behaviour,
  type Behaviours,
  type Call,
  type Reference,
  type Values,
} from "../behaviour";
import { addressIn, contains, overlap, parseRange, type Range } from "../cidr";
import { AwsError, fail } from "../errors";
import { atMostOne, checkRange, exactlyOne, given, knownText } from "./fields";
import { zonesOf } from "./zones";

const VPC = "aws:ec2/vpc:Vpc";
const SUBNET = "aws:ec2/subnet:Subnet";
const GATEWAY = "aws:ec2/internetGateway:InternetGateway";
const ADDRESS = "aws:ec2/eip:Eip";
const NAT = "aws:ec2/natGateway:NatGateway";
const ROUTE_TABLE = "aws:ec2/routeTable:RouteTable";
const ROUTE = "aws:ec2/route:Route";
const ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation";
const RESERVATION = "aws:ec2/subnetCidrReservation:SubnetCidrReservation";
const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";
const ENDPOINT_SUBNET = "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation";
const ENDPOINT_ROUTES = "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation";
const FLOW_LOG = "aws:ec2/flowLog:FlowLog";
const SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup";

/** A network interface, which AWS makes for load balancers, endpoints and the like. No program makes one here. */
export const INTERFACE = "aws:ec2/networkInterface:NetworkInterface";

/**
 * Default quotas of an account and region ("Amazon VPC quotas", Amazon VPC User Guide; "Elastic IP address quota", Amazon EC2
 * User Guide).
 */
const quotas = { vpcs: 5, internetGateways: 5, subnetsPerVpc: 200, addresses: 5, natGatewaysPerZone: 5 };

const inVpc: Reference = { property: "vpcId", to: VPC };
const inSubnet: Reference = { property: "subnetId", to: SUBNET };

function dependencies(what: string) {
  return (resource: Stored, users: readonly Stored[]) =>
    new AwsError(
      "DependencyViolation",
      `The ${what} '${resource.id}' has dependencies and cannot be deleted: ${users.map(({ id }) => id).join(", ")}`,
    );
}

function quota(code: string, what: string, count: number, most: number): void {
  if (count >= most) throw new AwsError(code, `The maximum number of ${what} has been reached: ${most}.`);
}

function rangeOf(values: Values, name = "cidrBlock"): Range {
  return (
    parseRange(text(values, name)) ?? fail("InvalidParameterValue", `${text(values, name)} is not a valid CIDR block.`)
  );
}

function siblings(call: Call, type: string, before: Stored | undefined): Stored[] {
  return call.account.all(type, call.region).filter((one) => one.id !== before?.id);
}

function find(call: Call, type: string, id: string): Stored {
  return call.account.find(type, call.region, id) ?? fail("NotFound", `'${id}' does not exist`);
}

const vpc: Behaviour = {
  title: "EC2 VPC",
  notFound: (id) => new AwsError("InvalidVpcID.NotFound", `The vpc ID '${id}' does not exist`),
  inUse: dependencies("vpc"),
  // "VPC CIDR blocks", Amazon VPC User Guide.
  check: (inputs) => [
    ...checkRange(knownText(inputs, "cidrBlock"), "cidrBlock", 16, 28),
    ...exactlyOne(inputs, ["cidrBlock", "ipv4IpamPoolId"]),
  ],
  verify: (call, before) => quota("VpcLimitExceeded", "VPCs", siblings(call, VPC, before).length, quotas.vpcs),
  id: () => `vpc-${hex()}`,
  describe: (call, id, before) => ({
    arn: arn(call, "ec2", `vpc/${id}`),
    ownerId: call.accountId,
    dhcpOptionsId: "dopt-0a1b2c3d4e5f60718",
    enableDnsHostnames: call.inputs["enableDnsHostnames"] ?? false,
    enableDnsSupport: call.inputs["enableDnsSupport"] ?? true,
    enableNetworkAddressUsageMetrics: call.inputs["enableNetworkAddressUsageMetrics"] ?? false,
    instanceTenancy: call.inputs["instanceTenancy"] ?? "default",
    ipv6AssociationId: "",
    ipv6CidrBlock: "",
    ipv6CidrBlockNetworkBorderGroup: "",
    defaultNetworkAclId: before?.outputs["defaultNetworkAclId"] ?? `acl-${hex()}`,
    defaultRouteTableId: before?.outputs["defaultRouteTableId"] ?? `rtb-${hex()}`,
    mainRouteTableId: before?.outputs["mainRouteTableId"] ?? `rtb-${hex()}`,
    defaultSecurityGroupId: before?.outputs["defaultSecurityGroupId"] ?? `sg-${hex()}`,
  }),
  applied: (call, { id, outputs }, before) => {
    if (before) return;
    const main = text(outputs, "defaultRouteTableId");
    outputs["mainRouteTableId"] = main;
    const group = text(outputs, "defaultSecurityGroupId");
    call.account.put({
      type: SECURITY_GROUP,
      id: group,
      region: call.region,
      implicit: true,
      inputs: { vpcId: id, name: "default" },
      outputs: { name: "default", vpcId: id, arn: arn(call, "ec2", `security-group/${group}`) },
    });
    const routeTable = {
      type: ROUTE_TABLE,
      id: main,
      region: call.region,
      inputs: { vpcId: id },
      outputs: { vpcId: id },
    };
    call.account.put({ ...routeTable, implicit: true });
  },
};

const subnet: Behaviour = {
  title: "EC2 Subnet",
  references: [inVpc],
  notFound: (id) => new AwsError("InvalidSubnetID.NotFound", `The subnet ID '${id}' does not exist`),
  inUse: dependencies("subnet"),
  // "Subnet CIDR blocks", Amazon VPC User Guide.
  check: (inputs) => [
    ...checkRange(knownText(inputs, "cidrBlock"), "cidrBlock", 16, 28),
    ...atMostOne(inputs, ["availabilityZone", "availabilityZoneId"]),
  ],
  verify: (call, before) => {
    const zone = text(call.inputs, "availabilityZone");
    const zones = zonesOf(call.region).map(({ name }) => name);
    if (zone !== "" && !zones.includes(zone))
      fail(
        "InvalidParameterValue",
        `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${zones.join(", ")}.`,
      );
    const range = rangeOf(call.inputs);
    const vpcId = text(call.inputs, "vpcId");
    const cidr = text(call.inputs, "cidrBlock");
    if (!contains(rangeOf(find(call, VPC, vpcId).outputs), range))
      fail(
        "InvalidSubnet.Range",
        `The CIDR '${cidr}' is invalid: it is not in ${text(find(call, VPC, vpcId).outputs, "cidrBlock")}.`,
      );
    const others = siblings(call, SUBNET, before).filter((one) => one.outputs["vpcId"] === vpcId);
    const clash = others.find((one) => overlap(rangeOf(one.outputs), range));
    if (clash) fail("InvalidSubnet.Conflict", `The CIDR '${cidr}' conflicts with another subnet: ${clash.id}`);
    quota("SubnetLimitExceeded", "subnets", others.length, quotas.subnetsPerVpc);
  },
  id: () => `subnet-${hex()}`,
  describe: (call, id) => {
    const zones = zonesOf(call.region);
    const zone =
      zones.find(
        (one) => one.name === call.inputs["availabilityZone"] || one.id === call.inputs["availabilityZoneId"],
      ) ?? zones[0];
    return {
      arn: arn(call, "ec2", `subnet/${id}`),
      ownerId: call.accountId,
      availabilityZone: zone?.name ?? "",
      availabilityZoneId: zone?.id ?? "",
      assignIpv6AddressOnCreation: call.inputs["assignIpv6AddressOnCreation"] ?? false,
      mapPublicIpOnLaunch: call.inputs["mapPublicIpOnLaunch"] ?? false,
      enableDns64: call.inputs["enableDns64"] ?? false,
      ipv6CidrBlock: "",
      ipv6CidrBlockAssociationId: "",
      privateDnsHostnameTypeOnLaunch: call.inputs["privateDnsHostnameTypeOnLaunch"] ?? "ip-name",
    };
  },
};

const reservation: Behaviour = {
  title: "EC2 Subnet CIDR Reservation",
  references: [{ ...inSubnet, deletion: "goes" }],
  notFound: (id) =>
    new AwsError("InvalidSubnetCidrReservationID.NotFound", `The subnet CIDR reservation '${id}' does not exist`),
  check: (inputs) => checkRange(knownText(inputs, "cidrBlock"), "cidrBlock"),
  verify: (call, before) => {
    const range = rangeOf(call.inputs);
    const subnetId = text(call.inputs, "subnetId");
    if (!contains(rangeOf(find(call, SUBNET, subnetId).outputs), range))
      fail("InvalidParameterValue", `The CIDR '${text(call.inputs, "cidrBlock")}' is not in subnet ${subnetId}.`);
    const clash = siblings(call, RESERVATION, before).find(
      (one) => one.inputs["subnetId"] === subnetId && overlap(rangeOf(one.inputs), range),
    );
    if (clash) fail("InvalidSubnetCidrReservation.Conflict", `The CIDR conflicts with reservation ${clash.id}.`);
  },
  id: () => `scr-${hex()}`,
  describe: (call) => ({ ownerId: call.accountId }),
};

const internetGateway: Behaviour = {
  title: "EC2 Internet Gateway",
  references: [inVpc],
  notFound: (id) => new AwsError("InvalidInternetGatewayID.NotFound", `The internetGateway ID '${id}' does not exist`),
  verify: (call, before) => {
    const others = siblings(call, GATEWAY, before);
    quota("InternetGatewayLimitExceeded", "internet gateways", others.length, quotas.internetGateways);
    const vpcId = call.inputs["vpcId"];
    if (vpcId !== undefined && others.some((one) => one.inputs["vpcId"] === vpcId))
      fail("InvalidParameterValue", `Network ${asText(vpcId)} already has an internet gateway attached`);
  },
  id: () => `igw-${hex()}`,
  describe: (call, id) => ({
    arn: arn(call, "ec2", `internet-gateway/${id}`),
    ownerId: call.accountId,
    vpcId: call.inputs["vpcId"] ?? "",
  }),
  remove: (call, { inputs }) => {
    const subnets = call.account.all(SUBNET, call.region).filter((one) => one.inputs["vpcId"] === inputs["vpcId"]);
    const mapped = [...call.account.all(NAT, call.region), ...call.account.all(INTERFACE, call.region)].filter(
      (one) => subnets.some(({ id }) => id === one.inputs["subnetId"]) && one.inputs["connectivityType"] !== "private",
    );
    if (mapped.length > 0)
      fail(
        "DependencyViolation",
        `Network ${text(inputs, "vpcId")} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway: ${mapped.map(({ id }) => id).join(", ")}`,
      );
  },
};

const address: Behaviour = {
  title: "EC2 EIP",
  references: [],
  notFound: (id) => new AwsError("InvalidAllocationID.NotFound", `The allocation ID '${id}' does not exist`),
  inUse: ({ id }, users) =>
    new AwsError("InvalidIPAddress.InUse", `Address '${id}' is in use by ${users.map((user) => user.id).join(", ")}.`),
  verify: (call, before) =>
    quota("AddressLimitExceeded", "addresses", siblings(call, ADDRESS, before).length, quotas.addresses),
  id: () => `eipalloc-${hex()}`,
  describe: (call, id, before) => {
    // 203.0.113.0/24 is for documentation (RFC 5737).
    const used = new Set(call.account.all(ADDRESS).map((one) => one.outputs["publicIp"]));
    const free = Array.from({ length: 254 }, (_, index) => `203.0.113.${index + 1}`).find((one) => !used.has(one));
    const publicIp = before?.outputs["publicIp"] ?? free ?? "203.0.113.255";
    return {
      allocationId: id,
      arn: arn(call, "ec2", `elastic-ip/${id}`),
      associationId: "",
      carrierIp: "",
      customerOwnedIp: "",
      domain: "vpc",
      instance: "",
      ipamPoolId: "",
      networkBorderGroup: call.region,
      networkInterface: "",
      privateDns: "",
      privateIp: "",
      ptrRecord: "",
      publicDns: `ec2-${(typeof publicIp === "string" ? publicIp : "").replaceAll(".", "-")}.${call.region}.compute.amazonaws.com`,
      publicIp,
      publicIpv4Pool: "amazon",
    };
  },
};

const natGateway: Behaviour = {
  title: "EC2 NAT Gateway",
  references: [inSubnet, { property: "allocationId", to: ADDRESS }],
  notFound: (id) => new AwsError("NatGatewayNotFound", `The Nat Gateway ${id} was not found`),
  check: (inputs) => {
    const isPrivate = knownText(inputs, "connectivityType") === "private";
    if (isPrivate && given(inputs, ["allocationId"]).length > 0)
      return [{ property: "allocationId", reason: "is not accepted with connectivityType private" }];
    if (!isPrivate && given(inputs, ["allocationId", "availabilityMode"]).length === 0)
      return [{ property: "allocationId", reason: "is required with connectivityType public" }];
    return [];
  },
  verify: (call, before) => {
    const subnetId = text(call.inputs, "subnetId");
    const { vpcId = "", availabilityZone = "" } = find(call, SUBNET, subnetId).outputs;
    const attached = call.account.all(GATEWAY, call.region).some((one) => one.inputs["vpcId"] === vpcId);
    if (call.inputs["connectivityType"] !== "private" && !attached)
      fail("Gateway.NotAttached", `Network ${asText(vpcId)} has no Internet gateway attached`);
    const others = siblings(call, NAT, before);
    if (
      others.some(
        (one) => one.inputs["allocationId"] !== undefined && one.inputs["allocationId"] === call.inputs["allocationId"],
      )
    )
      fail(
        "Resource.AlreadyAssociated",
        `Elastic IP address [${text(call.inputs, "allocationId")}] is already associated`,
      );
    const inZone = others.filter(
      (one) => find(call, SUBNET, text(one.inputs, "subnetId")).outputs["availabilityZone"] === availabilityZone,
    );
    quota(
      "NatGatewayLimitExceeded",
      `NAT gateways in ${asText(availabilityZone)}`,
      inZone.length,
      quotas.natGatewaysPerZone,
    );
  },
  id: () => `nat-${hex()}`,
  describe: (call, _id, before) => {
    const place = find(call, SUBNET, text(call.inputs, "subnetId"));
    const allocation = call.account.find(ADDRESS, call.region, text(call.inputs, "allocationId"));
    return {
      associationId: before?.outputs["associationId"] ?? (allocation ? `eipassoc-${hex()}` : ""),
      autoProvisionZones: "",
      autoScalingIps: "",
      availabilityMode: call.inputs["availabilityMode"] ?? "zonal",
      connectivityType: call.inputs["connectivityType"] ?? "public",
      networkInterfaceId: before?.outputs["networkInterfaceId"] ?? `eni-${hex()}`,
      // The first four addresses of a subnet are AWS's own ("Subnet CIDR blocks", Amazon VPC User Guide).
      privateIp: call.inputs["privateIp"] ?? addressIn(rangeOf(place.outputs), 4),
      publicIp: allocation?.outputs["publicIp"] ?? "",
      regionalNatGatewayAddresses: [],
      regionalNatGatewayAutoMode: "",
      routeTableId: "",
      secondaryAllocationIds: call.inputs["secondaryAllocationIds"] ?? [],
      secondaryPrivateIpAddressCount: call.inputs["secondaryPrivateIpAddressCount"] ?? 0,
      secondaryPrivateIpAddresses: call.inputs["secondaryPrivateIpAddresses"] ?? [],
      vpcId: place.outputs["vpcId"] ?? "",
    };
  },
};

const routeTable: Behaviour = {
  title: "EC2 Route Table",
  references: [inVpc],
  notFound: (id) => new AwsError("InvalidRouteTableID.NotFound", `The routeTable ID '${id}' does not exist`),
  check: (inputs) =>
    given(inputs, ["routes"]).map((property) => ({
      property,
      reason: "is not covered by the stand-in for AWS; use aws.ec2.Route",
    })),
  id: () => `rtb-${hex()}`,
  describe: (call, id) => ({
    arn: arn(call, "ec2", `route-table/${id}`),
    ownerId: call.accountId,
    propagatingVgws: call.inputs["propagatingVgws"] ?? [],
    routes: [],
  }),
};

const destinations = ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"];
const targets = [
  "carrierGatewayId",
  "coreNetworkArn",
  "egressOnlyGatewayId",
  "gatewayId",
  "localGatewayId",
  "natGatewayId",
  "networkInterfaceId",
  "transitGatewayId",
  "vpcEndpointId",
  "vpcPeeringConnectionId",
];

const route: Behaviour = {
  title: "EC2 Route",
  references: [
    { property: "routeTableId", to: ROUTE_TABLE, deletion: "goes" },
    { property: "gatewayId", to: GATEWAY, deletion: "stays", except: (value) => !value.startsWith("igw-") },
    { property: "natGatewayId", to: NAT, deletion: "stays" },
  ],
  notFound: (id) => new AwsError("InvalidRoute.NotFound", `no route with ID ${id}`),
  check: (inputs) => [
    ...checkRange(knownText(inputs, "destinationCidrBlock"), "destinationCidrBlock"),
    ...exactlyOne(inputs, destinations),
    ...exactlyOne(inputs, targets),
  ],
  verify: (call, before) => {
    const table = find(call, ROUTE_TABLE, text(call.inputs, "routeTableId"));
    const name = destinations.find((one) => call.inputs[one] !== undefined) ?? "";
    const same = siblings(call, ROUTE, before).find(
      (one) => one.inputs["routeTableId"] === table.id && one.inputs[name] === call.inputs[name],
    );
    if (same) fail("RouteAlreadyExists", `The route identified by ${text(call.inputs, name)} already exists.`);
    const gateway = call.account.find(GATEWAY, call.region, text(call.inputs, "gatewayId"));
    if (gateway && gateway.inputs["vpcId"] !== table.inputs["vpcId"])
      fail(
        "InvalidParameterValue",
        `route table ${table.id} and network gateway ${gateway.id} belong to different networks`,
      );
  },
  id: (call) => {
    const name = destinations.find((one) => call.inputs[one] !== undefined) ?? "";
    return `r-${text(call.inputs, "routeTableId")}${numberOf(text(call.inputs, name))}`;
  },
  describe: () => ({
    instanceId: "",
    instanceOwnerId: "",
    networkInterfaceId: "",
    origin: "CreateRoute",
    state: "active",
  }),
};

/** A number made from a text, as in the IDs of routes and associations. */
function numberOf(value: string): number {
  let number = 0;
  for (const character of value) number = (number * 31 + (character.codePointAt(0) ?? 0)) % 2 ** 31;
  return number;
}

const association: Behaviour = {
  title: "EC2 Route Table Association",
  references: [
    { ...inSubnet, deletion: "goes" },
    // Pulumi's provider takes the associations away before it deletes a route table.
    { property: "routeTableId", to: ROUTE_TABLE, deletion: "goes" },
  ],
  notFound: (id) => new AwsError("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`),
  check: (inputs) => exactlyOne(inputs, ["subnetId", "gatewayId"]),
  verify: (call, before) => {
    const table = find(call, ROUTE_TABLE, text(call.inputs, "routeTableId"));
    const subnetId = text(call.inputs, "subnetId");
    if (subnetId !== "" && find(call, SUBNET, subnetId).inputs["vpcId"] !== table.inputs["vpcId"])
      fail("InvalidParameterValue", `route table ${table.id} and subnet ${subnetId} belong to different networks`);
    if (subnetId !== "" && siblings(call, ASSOCIATION, before).some((one) => one.inputs["subnetId"] === subnetId))
      fail(
        "Resource.AlreadyAssociated",
        `the specified association for route table ${table.id} conflicts with an existing association of ${subnetId}`,
      );
  },
  id: () => `rtbassoc-${hex()}`,
  describe: () => ({}),
};

const isInterface = (values: Values) => values["vpcEndpointType"] === "Interface";

const endpoint: Behaviour = {
  title: "EC2 VPC Endpoint",
  sets: ["routeTableIds", "securityGroupIds", "subnetIds"],
  references: [
    inVpc,
    { property: "subnetIds", to: SUBNET },
    { property: "securityGroupIds", to: SECURITY_GROUP },
    { property: "routeTableIds", to: ROUTE_TABLE, deletion: "stays" },
  ],
  notFound: (id) => new AwsError("InvalidVpcEndpointId.NotFound", `The Vpc Endpoint Id '${id}' does not exist`),
  check: (inputs) => {
    const ofInterface = given(inputs, ["privateDnsEnabled", "securityGroupIds", "subnetIds"]);
    return [
      ...exactlyOne(inputs, ["serviceName", "resourceConfigurationArn", "serviceNetworkArn"]),
      ...((knownText(inputs, "vpcEndpointType") ?? "Gateway") === "Gateway" ? ofInterface : []).map((property) => ({
        property,
        reason: "is not accepted for a Gateway endpoint",
      })),
    ];
  },
  verify: (call, before) => {
    const service = text(call.inputs, "serviceName");
    const gateway = !isInterface(call.inputs);
    // "Gateway endpoints", AWS PrivateLink Guide: S3 and DynamoDB have them, and nothing else.
    const known = gateway
      ? new RegExp(`^com\\.amazonaws\\.${call.region}\\.(s3|dynamodb)$`)
      : new RegExp(`^(com|cn\\.com)\\.amazonaws\\.${call.region}\\.[a-z0-9.-]+$|^com\\.amazonaws\\.vpce\\.`);
    if (!known.test(service)) fail("InvalidServiceName", `The Vpc Endpoint Service '${service}' does not exist`);
    const place = find(call, VPC, text(call.inputs, "vpcId"));
    if (gateway || call.inputs["privateDnsEnabled"] !== true) return;
    if (place.outputs["enableDnsHostnames"] !== true || place.outputs["enableDnsSupport"] !== true)
      fail(
        "InvalidParameter",
        `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${place.id}`,
      );
    const same = siblings(call, ENDPOINT, before).find(
      (one) =>
        one.inputs["vpcId"] === place.id &&
        one.inputs["serviceName"] === service &&
        one.inputs["privateDnsEnabled"] === true,
    );
    if (same)
      fail(
        "InvalidParameter",
        `private-dns-enabled cannot be set because there is already a conflicting DNS domain for ${service} in the VPC ${place.id}`,
      );
  },
  id: () => `vpce-${hex()}`,
  describe: (call, id, before) => ({
    arn: arn(call, "ec2", `vpc-endpoint/${id}`),
    cidrBlocks: isInterface(call.inputs) ? [] : ["198.51.100.0/24"],
    dnsEntries: isInterface(call.inputs)
      ? [
          {
            dnsName: `${id}.${text(call.inputs, "serviceName").split(".").at(-1) ?? ""}.${call.region}.vpce.amazonaws.com`,
            hostedZoneId: "Z1HUB23UULQXV",
          },
        ]
      : [],
    dnsOptions: call.inputs["dnsOptions"] ?? {
      dnsRecordIpType: "ipv4",
      privateDnsOnlyForInboundResolverEndpoint: false,
    },
    ipAddressType: call.inputs["ipAddressType"] ?? "ipv4",
    networkInterfaceIds:
      before?.outputs["networkInterfaceIds"] ?? texts(call.inputs, "subnetIds").map(() => `eni-${hex()}`),
    ownerId: call.accountId,
    policy:
      call.inputs["policy"] ??
      JSON.stringify({
        Statement: [{ Action: "*", Effect: "Allow", Principal: "*", Resource: "*" }],
        Version: "2008-10-17",
      }),
    prefixListId: isInterface(call.inputs) ? "" : (before?.outputs["prefixListId"] ?? `pl-${hex(8)}`),
    privateDnsEnabled: call.inputs["privateDnsEnabled"] ?? false,
    requesterManaged: false,
    routeTableIds: call.inputs["routeTableIds"] ?? [],
    securityGroupIds: call.inputs["securityGroupIds"] ?? [],
    serviceRegion: call.region,
    state: "available",
    subnetConfigurations: call.inputs["subnetConfigurations"] ?? [],
    subnetIds: call.inputs["subnetIds"] ?? [],
    vpcEndpointType: call.inputs["vpcEndpointType"] ?? "Gateway",
  }),
};

const endpointSubnet: Behaviour = {
  title: "EC2 VPC Endpoint Subnet Association",
  references: [{ property: "vpcEndpointId", to: ENDPOINT, deletion: "goes" }, inSubnet],
  notFound: (id) => new AwsError("NotFound", `no association ${id}`),
  verify: (call, before) => {
    const point = find(call, ENDPOINT, text(call.inputs, "vpcEndpointId"));
    const place = find(call, SUBNET, text(call.inputs, "subnetId"));
    if (!isInterface(point.inputs))
      fail("InvalidParameter", `Endpoint (${point.id}) does not accept subnets, as it is a Gateway endpoint`);
    if (place.inputs["vpcId"] !== point.inputs["vpcId"])
      fail("InvalidParameter", `Subnet '${place.id}' is not in the VPC of endpoint ${point.id}`);
    const others = siblings(call, ENDPOINT_SUBNET, before).filter((one) => one.inputs["vpcEndpointId"] === point.id);
    const zone = place.outputs["availabilityZone"];
    const taken = others.find(
      (one) => find(call, SUBNET, text(one.inputs, "subnetId")).outputs["availabilityZone"] === zone,
    );
    if (taken)
      fail("DuplicateSubnetsInSameZone", `Found another VPC endpoint subnet in the availability zone of ${place.id}`);
  },
  id: (call) => `a-${text(call.inputs, "vpcEndpointId")}${numberOf(text(call.inputs, "subnetId"))}`,
  describe: () => ({}),
};

const endpointRoutes: Behaviour = {
  title: "EC2 VPC Endpoint Route Table Association",
  references: [
    { property: "vpcEndpointId", to: ENDPOINT, deletion: "goes" },
    { property: "routeTableId", to: ROUTE_TABLE, deletion: "goes" },
  ],
  notFound: (id) => new AwsError("NotFound", `no association ${id}`),
  verify: (call, before) => {
    const point = find(call, ENDPOINT, text(call.inputs, "vpcEndpointId"));
    const table = find(call, ROUTE_TABLE, text(call.inputs, "routeTableId"));
    if (isInterface(point.inputs))
      fail("InvalidParameter", `Endpoint (${point.id}) does not accept route tables, as it is an Interface endpoint`);
    if (table.inputs["vpcId"] !== point.inputs["vpcId"])
      fail("InvalidParameter", `Route table '${table.id}' is not in the VPC of endpoint ${point.id}`);
    const same = siblings(call, ENDPOINT_ROUTES, before).some(
      (one) => one.inputs["vpcEndpointId"] === point.id && one.inputs["routeTableId"] === table.id,
    );
    if (same)
      fail(
        "RouteAlreadyExists",
        `route table ${table.id} already has a route with destination-prefix-list-id ${text(point.outputs, "prefixListId")}`,
      );
  },
  id: (call) => `a-${text(call.inputs, "vpcEndpointId")}${numberOf(text(call.inputs, "routeTableId"))}`,
  describe: () => ({}),
};

const flowLog: Behaviour = {
  title: "EC2 Flow Log",
  references: [
    { ...inVpc, deletion: "stays" },
    { ...inSubnet, deletion: "stays" },
    { property: "iamRoleArn", to: "aws:iam/role:Role", by: "arn", deletion: "stays" },
    {
      property: "logDestination",
      to: "aws:cloudwatch/logGroup:LogGroup",
      by: "arn",
      deletion: "stays",
      except: (value) => !value.includes(":logs:"),
    },
  ],
  notFound: (id) => new AwsError("InvalidFlowLogId.NotFound", `The flow log ID '${id}' does not exist`),
  check: (inputs) => {
    const toLogs = (knownText(inputs, "logDestinationType") ?? "cloud-watch-logs") === "cloud-watch-logs";
    return [
      ...exactlyOne(inputs, [
        "eniId",
        "regionalNatGatewayId",
        "subnetId",
        "transitGatewayAttachmentId",
        "transitGatewayId",
        "vpcId",
      ]),
      ...(toLogs && given(inputs, ["iamRoleArn"]).length === 0
        ? [{ property: "iamRoleArn", reason: "is required for logDestinationType cloud-watch-logs" }]
        : []),
      ...(!given(inputs, ["transitGatewayId", "transitGatewayAttachmentId"]).length &&
      given(inputs, ["trafficType"]).length === 0
        ? [{ property: "trafficType", reason: "is required" }]
        : []),
    ];
  },
  verify: (call, before) => {
    const of = (one: Values) =>
      JSON.stringify([one["vpcId"], one["subnetId"], one["logDestination"], one["trafficType"]]);
    if (siblings(call, FLOW_LOG, before).some((one) => of(one.inputs) === of(call.inputs)))
      fail("FlowLogAlreadyExists", "There is an existing Flow Log with the same configuration and log destination.");
  },
  id: () => `fl-${hex()}`,
  describe: (call, id) => ({
    arn: arn(call, "ec2", `vpc-flow-log/${id}`),
    logDestinationType: call.inputs["logDestinationType"] ?? "cloud-watch-logs",
    logFormat:
      call.inputs["logFormat"] ??
      "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}",
    logDestination: call.inputs["logDestination"] ?? "",
    maxAggregationInterval: call.inputs["maxAggregationInterval"] ?? 600,
  }),
};

const networkInterface: Behaviour = {
  title: "EC2 Network Interface",
  references: [inSubnet, { property: "securityGroups", to: SECURITY_GROUP }],
  notFound: (id) =>
    new AwsError("InvalidNetworkInterfaceID.NotFound", `The networkInterface ID '${id}' does not exist`),
  id: () => `eni-${hex()}`,
  describe: () => ({}),
};

const tag: Behaviour = {
  title: "EC2 Tag",
  notFound: (id) => new AwsError("InvalidID", `no tag ${id}`),
  verify: (call) => {
    const id = text(call.inputs, "resourceId");
    if (!call.account.everything().some((one) => one.id === id && one.region === call.region))
      fail("InvalidID", `The ID '${id}' is not valid`);
  },
  id: (call) => `${text(call.inputs, "resourceId")},${text(call.inputs, "key")}`,
  describe: () => ({}),
};

/** Networks of EC2. */
export const network: Behaviours = {
  [VPC]: vpc,
  [SUBNET]: subnet,
  [RESERVATION]: reservation,
  [GATEWAY]: internetGateway,
  [ADDRESS]: address,
  [NAT]: natGateway,
  [ROUTE_TABLE]: routeTable,
  [ROUTE]: route,
  [ASSOCIATION]: association,
  [ENDPOINT]: endpoint,
  [ENDPOINT_SUBNET]: endpointSubnet,
  [ENDPOINT_ROUTES]: endpointRoutes,
  [FLOW_LOG]: flowLog,
  [INTERFACE]: networkInterface,
  "aws:ec2/tag:Tag": tag,
};
