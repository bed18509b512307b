import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { record } from "../../test/support/mocks";
import type { Recording, Registration } from "../../test/support/mocks";
import { assertLeastPrivilege } from "../iam";
import type { NetworkArgs } from "./args";
import { Network } from ".";

const SUBNET = "aws:ec2/subnet:Subnet";
const ROUTE = "aws:ec2/route:Route";
const ROUTE_TABLE = "aws:ec2/routeTable:RouteTable";
const NAT = "aws:ec2/natGateway:NatGateway";
const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";

const LARGE: NetworkArgs = {
  region: "eu-central-1",
  accountId: "111122223333",
  clusterName: "previews",
  zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
  controlPlaneZones: ["eu-central-1a", "eu-central-1b"],
  size: "large",
};
const SMALL: NetworkArgs = {
  ...LARGE,
  zones: ["eu-central-1a", "eu-central-1b"],
  controlPlaneZones: undefined,
  size: "small",
};

function recordNetwork(args: NetworkArgs): Promise<Recording> {
  return record(() => new Network("network", args));
}

/** The names of a recording's resources of each type, sorted. */
function names(recording: Recording): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const { type, name } of recording.registrations) all[type] = [...(all[type] ?? []), name].sort();
  return all;
}

/** What differs between two recordings, by resources' names. */
function compare(before: Recording, after: Recording) {
  const byKey = (recording: Recording) =>
    new Map(recording.registrations.map((one): [string, Registration] => [`${one.type} ${one.name}`, one]));
  const [old, now] = [byKey(before), byKey(after)];
  return {
    added: [...now.keys()].filter((key) => !old.has(key)),
    removed: [...old.keys()].filter((key) => !now.has(key)),
    changed: [...old].filter(([key, one]) => now.has(key) && !same(one, now.get(key))).map(([key]) => key),
  };
}

function same(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}

describe("Network", () => {
  let large: Recording;
  let small: Recording;
  before(async () => {
    large = await recordNetwork(LARGE);
    small = await recordNetwork(SMALL);
  });

  it("of a small team is exactly this", () => {
    assert.deepEqual(names(small), {
      "berth:network:Network": ["network"],
      "aws:ec2/vpc:Vpc": ["network-vpc"],
      "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ["network-default-security-group"],
      "aws:ec2/internetGateway:InternetGateway": ["network-internet-gateway"],
      [ROUTE_TABLE]: ["network-private-eu-central-1a", "network-private-eu-central-1b", "network-public"],
      [ROUTE]: [
        "network-private-internet-eu-central-1a",
        "network-private-internet-eu-central-1b",
        "network-public-internet",
      ],
      [SUBNET]: [
        "network-control-plane-eu-central-1a",
        "network-control-plane-eu-central-1b",
        "network-private-eu-central-1a",
        "network-private-eu-central-1b",
        "network-public-eu-central-1a",
        "network-public-eu-central-1b",
      ],
      "aws:ec2/routeTableAssociation:RouteTableAssociation": [
        "network-private-eu-central-1a",
        "network-private-eu-central-1b",
        "network-public-eu-central-1a",
        "network-public-eu-central-1b",
      ],
      "aws:ec2/eip:Eip": ["network-nat-eu-central-1a"],
      [NAT]: ["network-nat-eu-central-1a"],
      "aws:ec2/subnetCidrReservation:SubnetCidrReservation": [
        "network-pods-eu-central-1a",
        "network-pods-eu-central-1b",
      ],
      [ENDPOINT]: ["network-endpoint-s3"],
      "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation": [
        "network-endpoint-s3-eu-central-1a",
        "network-endpoint-s3-eu-central-1b",
      ],
      "aws:cloudwatch/logGroup:LogGroup": ["network-flow-logs"],
      "aws:iam/role:Role": ["network-flow-logs"],
      "aws:iam/rolePolicy:RolePolicy": ["network-flow-logs"],
      "aws:ec2/flowLog:FlowLog": ["network-flow-logs"],
    });
  });

  it("resolves private endpoints' names", () => {
    const { inputs } = small.get("aws:ec2/vpc:Vpc", "network-vpc");
    assert.deepEqual(inputs, {
      cidrBlock: "10.0.0.0/16",
      enableDnsHostnames: true,
      enableDnsSupport: true,
      tags: { Name: "previews-vpc" },
    });
  });

  it("leaves nothing in the default security group", () => {
    const { inputs } = small.get("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "network-default-security-group");
    assert.deepEqual([inputs["ingress"], inputs["egress"], inputs["vpcId"]], [[], [], "network-vpc-id"]);
  });

  it("tags subnets for the load balancers of EKS, and for Karpenter", () => {
    assert.deepEqual(small.get(SUBNET, "network-private-eu-central-1b").inputs, {
      vpcId: "network-vpc-id",
      availabilityZone: "eu-central-1b",
      cidrBlock: "10.0.32.0/19",
      mapPublicIpOnLaunch: false,
      tags: {
        Name: "previews-private-eu-central-1b",
        "kubernetes.io/cluster/previews": "shared",
        "kubernetes.io/role/internal-elb": "1",
        "karpenter.sh/discovery": "previews",
      },
    });
    assert.deepEqual(small.get(SUBNET, "network-public-eu-central-1b").inputs, {
      vpcId: "network-vpc-id",
      availabilityZone: "eu-central-1b",
      cidrBlock: "10.0.196.0/22",
      mapPublicIpOnLaunch: false,
      tags: {
        Name: "previews-public-eu-central-1b",
        "kubernetes.io/cluster/previews": "shared",
        "kubernetes.io/role/elb": "1",
      },
    });
    assert.deepEqual(small.get(SUBNET, "network-control-plane-eu-central-1b").inputs["tags"], {
      Name: "previews-control-plane-eu-central-1b",
    });
  });

  it("keeps half of each private subnet for pods' prefixes", () => {
    const { inputs } = small.get("aws:ec2/subnetCidrReservation:SubnetCidrReservation", "network-pods-eu-central-1b");
    assert.deepEqual(inputs, {
      subnetId: "network-private-eu-central-1b-id",
      cidrBlock: "10.0.48.0/20",
      reservationType: "prefix",
      description: "Prefixes of the VPC CNI, for pods",
    });
  });

  it("leads private subnets out by the one NAT gateway, or by that of their own zone", () => {
    const gatewayOf = (recording: Recording, zone: string) =>
      recording.get(ROUTE, `network-private-internet-${zone}`).inputs["natGatewayId"];
    for (const zone of SMALL.zones) assert.equal(gatewayOf(small, zone), "network-nat-eu-central-1a-id");
    for (const zone of LARGE.zones) assert.equal(gatewayOf(large, zone), `network-nat-${zone}-id`);
    assert.equal(large.ofType(NAT).length, 3);
    assert.deepEqual(small.get(NAT, "network-nat-eu-central-1a").inputs, {
      allocationId: "network-nat-eu-central-1a-id",
      subnetId: "network-public-eu-central-1a-id",
      connectivityType: "public",
      tags: { Name: "previews-nat-eu-central-1a" },
    });
  });

  it("makes NAT gateways once their subnet has its way to the internet", () => {
    for (const zone of LARGE.zones) {
      const { dependsOn = [] } = large.get(NAT, `network-nat-${zone}`);
      assert.ok(dependsOn.includes("network-public-internet"), zone);
      assert.ok(dependsOn.includes(`network-public-${zone}`), zone);
    }
  });

  it("gives away private subnets once they have their way to the internet", async () => {
    const recording = await record(() => {
      const network = new Network("network", SMALL);
      new pulumi.ComponentResource("berth:test:Node", "node", { subnetId: network.privateSubnetIds["eu-central-1b"] });
      return network;
    });
    const { privateSubnetIds, publicSubnetIds, controlPlaneSubnetIds, endpointSecurityGroupId, cidr } =
      recording.result as Network;
    assert.deepEqual(Object.keys(privateSubnetIds), SMALL.zones);
    assert.deepEqual(Object.keys(publicSubnetIds), SMALL.zones);
    assert.deepEqual(Object.keys(controlPlaneSubnetIds), SMALL.zones);
    assert.equal(endpointSecurityGroupId, undefined);
    assert.equal(cidr, "10.0.0.0/16");
    const { dependsOn = [], inputs } = recording.get("berth:test:Node", "node");
    assert.deepEqual(inputs, { subnetId: "network-private-eu-central-1b-id" });
    for (const needed of ["network-private-internet-eu-central-1b", "network-pods-eu-central-1b"]) {
      assert.ok(dependsOn.includes(needed), needed);
    }
  });

  it("takes images by the gateway endpoint of S3, in every zone", () => {
    for (const recording of [small, large]) {
      assert.deepEqual(recording.get(ENDPOINT, "network-endpoint-s3").inputs, {
        vpcId: "network-vpc-id",
        vpcEndpointType: "Gateway",
        serviceName: "com.amazonaws.eu-central-1.s3",
        tags: { Name: "previews-s3" },
      });
    }
    const { inputs } = large.get(
      "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
      "network-endpoint-s3-eu-central-1c",
    );
    assert.deepEqual(inputs, {
      vpcEndpointId: "network-endpoint-s3-id",
      routeTableId: "network-private-eu-central-1c-id",
    });
  });

  it("reaches ECR, EKS, STS and logs of a large company inside the VPC, by HTTPS only", () => {
    const interfaces = large.ofType(ENDPOINT).filter(({ inputs }) => inputs["vpcEndpointType"] === "Interface");
    assert.deepEqual(
      interfaces.map(({ inputs }) => inputs["serviceName"]),
      ["ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "sts"].map(
        (service) => `com.amazonaws.eu-central-1.${service}`,
      ),
    );
    for (const { inputs } of interfaces) {
      assert.equal(inputs["privateDnsEnabled"], true);
      assert.deepEqual(inputs["securityGroupIds"], ["network-endpoints-id"]);
      // Zones are associated one by one.
      assert.equal(inputs["subnetIds"], undefined);
    }
    const associations = large.ofType("aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation");
    assert.equal(associations.length, 6 * 3);
    const { inputs } = large.get(
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      "network-endpoints-https",
    );
    assert.deepEqual(inputs, {
      securityGroupId: "network-endpoints-id",
      description: "HTTPS from inside the VPC",
      cidrIpv4: "10.0.0.0/16",
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      tags: { Name: "previews-endpoints-https" },
    });
    const group = large.get("aws:ec2/securityGroup:SecurityGroup", "network-endpoints").inputs;
    assert.deepEqual([group["ingress"], group["egress"]], [undefined, undefined]);
  });

  it("records traffic with a role that writes this log group and nothing else", () => {
    const { inputs } = large.get("aws:ec2/flowLog:FlowLog", "network-flow-logs");
    assert.deepEqual(inputs, {
      vpcId: "network-vpc-id",
      trafficType: "ALL",
      logDestinationType: "cloud-watch-logs",
      logDestination: "arn:mock:network-flow-logs",
      iamRoleArn: "arn:mock:network-flow-logs",
      tags: { Name: "previews-flow-logs" },
    });
    const group = large.get("aws:cloudwatch/logGroup:LogGroup", "network-flow-logs").inputs;
    assert.deepEqual([group["name"], group["retentionInDays"]], ["/berth/previews/vpc-flow-logs", 365]);
    const trust = large.get("aws:iam/role:Role", "network-flow-logs").inputs["assumeRolePolicy"] as string;
    assert.deepEqual(JSON.parse(trust), {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "Assume",
          Effect: "Allow",
          Principal: { Service: "vpc-flow-logs.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: {
            StringEquals: { "aws:SourceAccount": "111122223333" },
            ArnLike: { "aws:SourceArn": "arn:aws:ec2:eu-central-1:111122223333:vpc-flow-log/*" },
          },
        },
      ],
    });
    const policy = large.get("aws:iam/rolePolicy:RolePolicy", "network-flow-logs").inputs["policy"] as string;
    assertLeastPrivilege(policy);
    assert.doesNotMatch(policy, /CreateLogGroup/);
    assert.match(policy, /log-group:\/berth\/previews\/vpc-flow-logs"/);
  });

  it("records nothing when told so", async () => {
    const recording = await recordNetwork({ ...LARGE, flowLogs: { traffic: "none" } });
    const flowLogs = recording.registrations.filter(({ name }) => name === "network-flow-logs");
    assert.deepEqual(flowLogs, []);
  });

  it("tags everything that takes tags", async () => {
    const untagged = [
      "aws:ec2/route:Route",
      "aws:ec2/routeTableAssociation:RouteTableAssociation",
      "aws:ec2/subnetCidrReservation:SubnetCidrReservation",
      "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
      "aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation",
      "aws:iam/rolePolicy:RolePolicy",
    ];
    const recording = await recordNetwork({ ...LARGE, tags: { team: "platform" } });
    for (const { type, name, inputs } of recording.registrations) {
      if (!type.startsWith("aws:") || untagged.includes(type)) continue;
      assert.equal((inputs["tags"] as Record<string, string>)["team"], "platform", `${type} ${name}`);
    }
  });

  describe("when a zone comes or goes", () => {
    it("touches only that zone's resources", async () => {
      const two = await recordNetwork({ ...LARGE, zones: ["eu-central-1a", "eu-central-1b"] });
      const { added, removed, changed } = compare(two, large);
      assert.deepEqual({ removed, changed }, { removed: [], changed: [] });
      assert.deepEqual(
        added.filter((key) => !key.endsWith("eu-central-1c")),
        [],
      );
      // Two subnets with their associations, a route table, a reservation, a NAT gateway with address and route, and 7 endpoints.
      assert.equal(added.length, 4 + 2 + 3 + 7);
      assert.deepEqual(compare(large, two), { added: [], removed: added, changed: [] });
    });

    it("does so also for the first one, even with one of the control plane's", async () => {
      const rest = await recordNetwork({ ...LARGE, zones: ["eu-central-1b", "eu-central-1c"] });
      const { added, removed, changed } = compare(large, rest);
      assert.deepEqual({ added, changed }, { added: [], changed: [] });
      assert.equal(removed.length, 16);
      assert.ok(removed.every((key) => key.endsWith("eu-central-1a")));
      assert.ok(!removed.some((key) => key.includes("control-plane")));
    });

    it("changes nothing in another order", async () => {
      const reversed = await recordNetwork({ ...LARGE, zones: [...LARGE.zones].reverse() });
      assert.deepEqual(compare(large, reversed), { added: [], removed: [], changed: [] });
    });

    it("moves the one NAT gateway only with the first zone", async () => {
      const one: NetworkArgs = { ...LARGE, natGateways: "one" };
      const all = await recordNetwork(one);
      const withoutLast = await recordNetwork({ ...one, zones: ["eu-central-1a", "eu-central-1b"] });
      const withoutFirst = await recordNetwork({ ...one, zones: ["eu-central-1b", "eu-central-1c"] });
      assert.deepEqual(compare(all, withoutLast).changed, []);
      assert.deepEqual(compare(all, withoutFirst).changed, [
        `${ROUTE} network-private-internet-eu-central-1b`,
        `${ROUTE} network-private-internet-eu-central-1c`,
      ]);
    });
  });

  it("lets children be changed last", async () => {
    const recording = await recordNetwork({
      ...SMALL,
      transform: {
        privateSubnet: (args, opts) => ({ args: { ...args, enableDns64: false }, opts: { ...opts, protect: true } }),
        vpc: (args, opts) => ({ args: { ...args, instanceTenancy: "default" }, opts }),
      },
    });
    for (const zone of SMALL.zones) {
      const { inputs, protect } = recording.get(SUBNET, `network-private-${zone}`);
      assert.deepEqual([inputs["enableDns64"], protect], [false, true]);
      assert.equal(recording.get(SUBNET, `network-public-${zone}`).protect, undefined);
    }
    assert.equal(recording.get("aws:ec2/vpc:Vpc", "network-vpc").inputs["instanceTenancy"], "default");
  });

  describe("in an existing VPC", () => {
    const existing = {
      vpcId: "vpc-0a1b2c3d4e5f67890",
      cidr: "10.20.0.0/16",
      privateSubnetIds: { "eu-central-1a": "subnet-0000000a", "eu-central-1b": "subnet-0000000b" },
    };
    const resolved = (record: Record<string, pulumi.Output<string>>) =>
      new Promise((resolve) => pulumi.output(record).apply(resolve));

    it("makes nothing", async () => {
      const recording = await recordNetwork({ ...SMALL, existing });
      assert.deepEqual(names(recording), { "berth:network:Network": ["network"] });
      const network = recording.result as Network;
      assert.equal(network.cidr, "10.20.0.0/16");
      assert.deepEqual(await resolved({ vpcId: network.vpcId }), { vpcId: "vpc-0a1b2c3d4e5f67890" });
      assert.deepEqual(await resolved(network.privateSubnetIds), existing.privateSubnetIds);
      assert.deepEqual(await resolved(network.controlPlaneSubnetIds), existing.privateSubnetIds);
      assert.deepEqual(network.publicSubnetIds, {});
      assert.equal(network.endpointSecurityGroupId, undefined);
    });

    it("gives the control plane subnets of its own where there are any", async () => {
      const controlPlaneSubnetIds = { "eu-central-1a": "subnet-0000001a", "eu-central-1b": "subnet-0000001b" };
      const recording = await recordNetwork({ ...SMALL, existing: { ...existing, controlPlaneSubnetIds } });
      assert.deepEqual(await resolved((recording.result as Network).controlPlaneSubnetIds), controlPlaneSubnetIds);
    });
  });

  it("registers nothing when its arguments cannot be, and says everything at once", async () => {
    const wrong = { ...SMALL, region: "eu-centrl-1", cidr: "10.0.0.0/24" };
    await assert.rejects(recordNetwork(wrong), (error) => {
      assert.ok(pulumi.InputPropertiesError.isInstance(error));
      assert.equal(error.message, "Network network cannot be made as asked.");
      assert.deepEqual(
        error.errors.map(({ propertyPath }) => propertyPath),
        ["region", "cidr"],
      );
      return true;
    });
  });
});
