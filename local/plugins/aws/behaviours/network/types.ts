/* Types of resources of EC2 networks, as programs name them. */

export const VPC = "aws:ec2/vpc:Vpc";
export const SUBNET = "aws:ec2/subnet:Subnet";
export const GATEWAY = "aws:ec2/internetGateway:InternetGateway";
export const ADDRESS = "aws:ec2/eip:Eip";
export const NAT = "aws:ec2/natGateway:NatGateway";
export const ROUTE_TABLE = "aws:ec2/routeTable:RouteTable";
export const ROUTE = "aws:ec2/route:Route";
export const ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation";
export const RESERVATION = "aws:ec2/subnetCidrReservation:SubnetCidrReservation";
export const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";
export const ENDPOINT_SUBNET = "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation";
export const ENDPOINT_ROUTES = "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation";
export const FLOW_LOG = "aws:ec2/flowLog:FlowLog";
export const SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup";

/** A network interface, which AWS makes for load balancers, endpoints and the like. No program makes one here. */
export const INTERFACE = "aws:ec2/networkInterface:NetworkInterface";
