import { hex } from "../../account";
import { arn, asText, text } from "../../behaviour";
import type { Behaviour } from "../../behaviour";
import { addressIn } from "../../cidr";
import { AwsError, fail } from "../../errors";
import { given, knownText } from "../fields";
import { find, inSubnet, inVpc, quota, quotas, rangeOf, siblings } from "./common";
import { ADDRESS, GATEWAY, INTERFACE, NAT, SUBNET } from "./types";

export const internetGateway: Behaviour = {
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

export const address: Behaviour = {
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

export const natGateway: Behaviour = {
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
