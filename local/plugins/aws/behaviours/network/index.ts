import type { Behaviours } from "../../behaviour";
import { endpoint, endpointRoutes, endpointSubnet } from "./endpoints";
import { address, internetGateway, natGateway } from "./gateways";
import { association, route, routeTable } from "./routes";
import {
  ADDRESS,
  ASSOCIATION,
  ENDPOINT,
  ENDPOINT_ROUTES,
  ENDPOINT_SUBNET,
  FLOW_LOG,
  GATEWAY,
  INTERFACE,
  NAT,
  RESERVATION,
  ROUTE,
  ROUTE_TABLE,
  SUBNET,
  VPC,
} from "./types";
import { flowLog, networkInterface, reservation, subnet, tag, vpc } from "./vpc";

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
