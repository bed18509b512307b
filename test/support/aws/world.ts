import type { PropertyValue } from "../../../local/plugins/provider";
import { out, somePolicy, trust, type Made, type Workbench } from "./workbench";

/** A network with one private and one public subnet in each of two zones, connected as nodes need it. */
export interface TestNetwork {
  vpc: Made;
  privateSubnets: Made[];
  publicSubnets: Made[];
  all: Made[];
}

/** Collects what is made, in order. */
export class Maker {
  readonly all: Made[] = [];

  constructor(readonly bench: Workbench) {}

  async make(type: string, name: string, inputs: Record<string, PropertyValue>): Promise<Made> {
    const made = await this.bench.make(type, name, inputs);
    this.all.push(made);
    return made;
  }
}

/** Makes a network. */
export async function buildNetwork(maker: Maker): Promise<Omit<TestNetwork, "all">> {
  const vpc = await maker.make("Vpc", "vpc", {
    cidrBlock: "10.0.0.0/16",
    enableDnsHostnames: true,
    tags: { Name: "test" },
  });
  await maker.make("DefaultSecurityGroup", "default", { vpcId: vpc.id, ingress: [], egress: [] });
  const gateway = await maker.make("InternetGateway", "gateway", { vpcId: vpc.id });
  const publicTable = await maker.make("RouteTable", "public", { vpcId: vpc.id });
  const toInternet = { routeTableId: publicTable.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id };
  await maker.make("Route", "public", toInternet);
  const subnets: Made[][] = [[], []];
  for (const [index, zone] of ["eu-central-1a", "eu-central-1b"].entries()) {
    for (const [kind, list] of subnets.entries()) {
      const cidrBlock = `10.0.${index * 2 + kind}.0/24`;
      const inputs = { vpcId: vpc.id, availabilityZone: zone, cidrBlock };
      list.push(await maker.make("Subnet", `${kind === 0 ? "private" : "public"}-${zone}`, inputs));
    }
  }
  const [privateSubnets = [], publicSubnets = []] = subnets;
  const associate = (subnet: Made | undefined, table: Made, name: string) =>
    maker.make("RouteTableAssociation", name, { subnetId: subnet?.id ?? "", routeTableId: table.id });
  for (const subnet of publicSubnets) await associate(subnet, publicTable, subnet.name);
  const address = await maker.make("Eip", "nat", { domain: "vpc" });
  const nat = await maker.make("NatGateway", "nat", { allocationId: address.id, subnetId: publicSubnets[0]?.id ?? "" });
  const table = await maker.make("RouteTable", "private", { vpcId: vpc.id });
  await maker.make("Route", "private", {
    routeTableId: table.id,
    destinationCidrBlock: "0.0.0.0/0",
    natGatewayId: nat.id,
  });
  for (const subnet of privateSubnets) await associate(subnet, table, subnet.name);
  return { vpc, privateSubnets, publicSubnets };
}

/** Makes a role that a service takes, with policies of AWS. */
export async function buildRole(
  maker: Maker,
  name: string,
  service: string,
  policies: string[],
  actions?: string[],
): Promise<Made> {
  const role = await maker.make("Role", name, { assumeRolePolicy: trust(service, actions) });
  for (const policy of policies)
    await maker.make("RolePolicyAttachment", `${name}-${policy}`, {
      role: role.id,
      policyArn: `arn:aws:iam::aws:policy/${policy}`,
    });
  return role;
}

/** Makes a control plane. */
export async function buildCluster(
  maker: Maker,
  subnets: readonly Made[],
  more: Record<string, PropertyValue> = {},
): Promise<Made> {
  const role = await buildRole(maker, "cluster", "eks.amazonaws.com", ["AmazonEKSClusterPolicy"]);
  return maker.make("Cluster", "cluster", {
    name: "previews",
    version: "1.35",
    roleArn: out(role, "arn"),
    vpcConfig: { subnetIds: subnets.map(({ id }) => id), endpointPrivateAccess: true },
    accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true },
    bootstrapSelfManagedAddons: false,
    ...more,
  });
}

/** Makes what nodes need besides their subnets: a role, a network and rights for it. Gives the role. */
export async function buildNodeNeeds(maker: Maker, cluster: Made): Promise<Made> {
  const policies = ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"];
  const nodes = await buildRole(maker, "nodes", "ec2.amazonaws.com", policies);
  const cni = await buildRole(maker, "cni", "pods.eks.amazonaws.com", [], ["sts:AssumeRole", "sts:TagSession"]);
  const clusterName = cluster.id;
  await maker.make("PodIdentityAssociation", "cni", {
    clusterName,
    namespace: "kube-system",
    serviceAccount: "aws-node",
    roleArn: out(cni, "arn"),
  });
  for (const [addonName, addonVersion] of [
    ["eks-pod-identity-agent", "v1.3.10-eksbuild.3"],
    ["vpc-cni", "v1.22.4-eksbuild.3"],
  ] as const)
    await maker.make("Addon", addonName, { clusterName, addonName, addonVersion });
  return nodes;
}

/** Makes at least one resource of each type that is covered, so that each can be made. */
export async function buildWorld(bench: Workbench): Promise<Made[]> {
  const maker = new Maker(bench);
  const network = await buildNetwork(maker);
  await buildNetworkDetails(maker, network);
  const key = await buildKeysAndLogs(maker, network.vpc);
  await buildStores(maker, key);
  await buildEvents(maker);
  await buildNodes(maker, network, key);
  return maker.all;
}

async function buildNetworkDetails(maker: Maker, { vpc, privateSubnets }: Omit<TestNetwork, "all">): Promise<void> {
  const [first] = privateSubnets;
  const table = maker.all.find(({ type, name }) => type.endsWith(":RouteTable") && name === "private");
  await maker.make("SubnetCidrReservation", "pods", {
    subnetId: first?.id ?? "",
    cidrBlock: "10.0.0.128/25",
    reservationType: "prefix",
  });
  const group = await maker.make("SecurityGroup", "endpoints", { vpcId: vpc.id, description: "Endpoints" });
  const https = { securityGroupId: group.id, ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "10.0.0.0/16" };
  await maker.make("SecurityGroupIngressRule", "https", https);
  await maker.make("SecurityGroupEgressRule", "https", https);
  await maker.make("SecurityGroupRule", "dns", {
    securityGroupId: group.id,
    type: "egress",
    protocol: "udp",
    fromPort: 53,
    toPort: 53,
    cidrBlocks: ["10.0.0.2/32"],
  });
  const s3 = await maker.make("VpcEndpoint", "s3", {
    vpcId: vpc.id,
    vpcEndpointType: "Gateway",
    serviceName: "com.amazonaws.eu-central-1.s3",
  });
  await maker.make("VpcEndpointRouteTableAssociation", "s3", { vpcEndpointId: s3.id, routeTableId: table?.id ?? "" });
  const sts = await maker.make("VpcEndpoint", "sts", {
    vpcId: vpc.id,
    vpcEndpointType: "Interface",
    serviceName: "com.amazonaws.eu-central-1.sts",
    privateDnsEnabled: true,
    securityGroupIds: [group.id],
  });
  await maker.make("VpcEndpointSubnetAssociation", "sts", { vpcEndpointId: sts.id, subnetId: first?.id ?? "" });
  await maker.make("Tag", "discovery", { resourceId: group.id, key: "karpenter.sh/discovery", value: "x" });
}

async function buildKeysAndLogs(maker: Maker, vpc: Made): Promise<Made> {
  const key = await maker.make("Key", "key", { description: "Volumes", policy: volumesKeyPolicy });
  await maker.make("Alias", "key", { name: "alias/volumes", targetKeyId: key.id });
  const group = await maker.make("LogGroup", "flow-logs", { name: "/aws/vpc/test", retentionInDays: 30 });
  const role = await maker.make("Role", "flow-logs", {
    assumeRolePolicy: trust("vpc-flow-logs.amazonaws.com"),
  });
  await maker.make("RolePolicy", "flow-logs", { role: role.id, policy: somePolicy });
  await maker.make("FlowLog", "flow-logs", {
    vpcId: vpc.id,
    trafficType: "ALL",
    logDestination: out(group, "arn"),
    iamRoleArn: out(role, "arn"),
  });
  const statement = {
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Action: "logs:PutLogEvents",
    Resource: "*",
  };
  const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await maker.make("LogResourcePolicy", "events", { policyName: "events", policyDocument });
  return key;
}

/** A policy with which Auto Scaling may start instances with volumes under a key. */
export const volumesKeyPolicy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" },
    {
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: "kms:Decrypt",
      Resource: "*",
      Condition: {
        ArnEquals: {
          "aws:PrincipalArn":
            "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        },
      },
    },
  ],
});

async function buildStores(maker: Maker, key: Made): Promise<void> {
  const images = await maker.make("Repository", "images", {
    name: "acme/shop",
    imageTagMutability: "IMMUTABLE",
    encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: out(key, "arn") }],
  });
  const selection = { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 };
  const policy = JSON.stringify({ rules: [{ rulePriority: 1, selection, action: { type: "expire" } }] });
  await maker.make("LifecyclePolicy", "images", { repository: images.id, policy });
  const statement = { Effect: "Allow", Principal: "*", Action: "ecr:BatchGetImage" };
  const ofRepository = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await maker.make("RepositoryPolicy", "images", { repository: images.id, policy: ofRepository });
  const ofRegistry = JSON.stringify({ Version: "2012-10-17", Statement: [{ ...statement, Resource: "*" }] });
  await maker.make("RegistryPolicy", "registry", { policy: ofRegistry });
  await maker.make("RegistryScanningConfiguration", "registry", { scanType: "BASIC" });
  await maker.make("RepositoryCreationTemplate", "quay", { prefix: "quay", appliedFors: ["PULL_THROUGH_CACHE"] });
  await maker.make("PullThroughCacheRule", "quay", { ecrRepositoryPrefix: "quay", upstreamRegistryUrl: "quay.io" });
  const bucket = await maker.make("Bucket", "Metrics", { forceDestroy: true });
  const ofBucket = { bucket: bucket.id };
  await maker.make("BucketVersioning", "metrics", { ...ofBucket, versioningConfiguration: { status: "Enabled" } });
  await maker.make("BucketPublicAccessBlock", "metrics", { ...ofBucket, blockPublicPolicy: true });
  await maker.make("BucketOwnershipControls", "metrics", {
    ...ofBucket,
    rule: { objectOwnership: "BucketOwnerEnforced" },
  });
  const byDefault = { sseAlgorithm: "aws:kms", kmsMasterKeyId: out(key, "arn") };
  const rules = [{ applyServerSideEncryptionByDefault: byDefault }];
  await maker.make("BucketServerSideEncryptionConfiguration", "metrics", { ...ofBucket, rules });
  const expire = [{ id: "expire", status: "Enabled", expiration: { days: 30 } }];
  await maker.make("BucketLifecycleConfiguration", "metrics", { ...ofBucket, rules: expire });
  const deny = { Effect: "Deny", Principal: "*", Action: "s3:*", Resource: `${out(bucket, "arn")}/*` };
  await maker.make("BucketPolicy", "metrics", {
    ...ofBucket,
    policy: JSON.stringify({ Version: "2012-10-17", Statement: [deny] }),
  });
}

async function buildEvents(maker: Maker): Promise<void> {
  const queue = await maker.make("Queue", "interruptions", { messageRetentionSeconds: 300 });
  const statement = {
    Effect: "Allow",
    Principal: { Service: "events.amazonaws.com" },
    Action: "sqs:SendMessage",
    Resource: out(queue, "arn"),
  };
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  await maker.make("QueuePolicy", "interruptions", { queueUrl: queue.id, policy });
  const rule = await maker.make("EventRule", "spot", { eventPattern: JSON.stringify({ source: ["aws.ec2"] }) });
  await maker.make("EventTarget", "spot", { rule: rule.id, arn: out(queue, "arn") });
}

async function buildNodes(maker: Maker, { privateSubnets }: Omit<TestNetwork, "all">, key: Made): Promise<void> {
  const cluster = await buildCluster(maker, privateSubnets);
  const clusterName = cluster.id;
  const role = await buildNodeNeeds(maker, cluster);
  const own = await maker.make("Policy", "own", { policy: somePolicy });
  await maker.make("RolePolicyAttachment", "own", { role: role.id, policyArn: own.id });
  await maker.make("InstanceProfile", "nodes", { role: role.id });
  await maker.make("OpenIdConnectProvider", "github", {
    url: "https://token.actions.githubusercontent.com",
    clientIdLists: ["sts.amazonaws.com"],
  });
  const template = await maker.make("LaunchTemplate", "nodes", {
    metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
    blockDeviceMappings: [{ deviceName: "/dev/xvda", ebs: { encrypted: "true", kmsKeyId: out(key, "arn") } }],
  });
  const group = await maker.make("NodeGroup", "nodes", {
    clusterName,
    nodeRoleArn: out(role, "arn"),
    subnetIds: [privateSubnets[0]?.id ?? ""],
    instanceTypes: ["m7i.large"],
    scalingConfig: { minSize: 1, desiredSize: 1, maxSize: 3 },
    launchTemplate: { id: template.id, version: "1" },
  });
  const [{ autoscalingGroups: [{ name = "" } = {}] = [] } = {}] = group.outputs["resources"] as unknown as {
    autoscalingGroups?: { name?: string }[];
  }[];
  await maker.make("aws:autoscaling/tag:Tag", "label", {
    autoscalingGroupName: name,
    tag: { key: "k8s.io/cluster-autoscaler/enabled", value: "true", propagateAtLaunch: false },
  });
  await maker.make("Addon", "coredns", { clusterName, addonName: "coredns", addonVersion: "v1.13.2-eksbuild.31" });
  const principalArn = "arn:aws:iam::111122223333:role/platform-admin";
  await maker.make("AccessEntry", "admin", { clusterName, principalArn });
  await maker.make("AccessPolicyAssociation", "admin", {
    clusterName,
    principalArn,
    policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    accessScope: { type: "cluster" },
  });
}
