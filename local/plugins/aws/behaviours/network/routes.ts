import { hex } from "../../account";
import { arn, text } from "../../behaviour";
import type { Behaviour } from "../../behaviour";
import { AwsError, fail } from "../../errors";
import { checkRange, exactlyOne, given, knownText } from "../fields";
import { find, inSubnet, inVpc, siblings } from "./common";
import { ASSOCIATION, GATEWAY, NAT, ROUTE, ROUTE_TABLE, SUBNET } from "./types";

export const routeTable: Behaviour = {
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

export const route: Behaviour = {
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
export function numberOf(value: string): number {
  let number = 0;
  for (const character of value) number = (number * 31 + (character.codePointAt(0) ?? 0)) % 2 ** 31;
  return number;
}

export const association: Behaviour = {
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
