import { hex } from "../../account";
import { arn, text } from "../../behaviour";
import type { Behaviour, Values } from "../../behaviour";
import { contains, overlap } from "../../cidr";
import { AwsError, fail } from "../../errors";
import { atMostOne, checkRange, exactlyOne, given, knownText } from "../fields";
import { zonesOf } from "../zones";
import { dependencies, find, inSubnet, inVpc, quota, quotas, rangeOf, siblings } from "./common";
import { FLOW_LOG, RESERVATION, ROUTE_TABLE, SECURITY_GROUP, SUBNET, VPC } from "./types";

export const vpc: Behaviour = {
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

export const subnet: Behaviour = {
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

export const reservation: Behaviour = {
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

export const flowLog: Behaviour = {
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

export const networkInterface: Behaviour = {
  title: "EC2 Network Interface",
  references: [inSubnet, { property: "securityGroups", to: SECURITY_GROUP }],
  notFound: (id) =>
    new AwsError("InvalidNetworkInterfaceID.NotFound", `The networkInterface ID '${id}' does not exist`),
  id: () => `eni-${hex()}`,
  describe: () => ({}),
};

export const tag: Behaviour = {
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
