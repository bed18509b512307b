import { hex } from "../../account";
import { arn, text, texts } from "../../behaviour";
import type { Behaviour, Values } from "../../behaviour";
import { AwsError, fail } from "../../errors";
import { exactlyOne, given, knownText } from "../fields";
import { find, inSubnet, inVpc, siblings } from "./common";
import { numberOf } from "./routes";
import { ENDPOINT, ENDPOINT_ROUTES, ENDPOINT_SUBNET, ROUTE_TABLE, SECURITY_GROUP, SUBNET, VPC } from "./types";

const isInterface = (values: Values) => values["vpcEndpointType"] === "Interface";

export const endpoint: Behaviour = {
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

export const endpointSubnet: Behaviour = {
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

export const endpointRoutes: Behaviour = {
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
