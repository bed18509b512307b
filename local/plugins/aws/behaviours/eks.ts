import { createHash } from "node:crypto";

import { capitals, hex, type Stored } from "../account";
import {
  arn,
  inner,
  inners,
  text,
  texts,
  type Behaviour,
  type Behaviours,
  type Call,
  type Reference,
  type Values,
} from "../behaviour";
import { contains, parseRange } from "../cidr";
import { AwsError, fail } from "../errors";
import { checkArn, checkRange, knownObject, knownText, knownTexts } from "./fields";
import { findRole, attachedTo } from "./iam";
import { findKey } from "./kms";
import { implicitLogGroup } from "./logs";
import { allows } from "./policies";
import { implicitGroup } from "./security-groups";

/** Tokens of the types of a cluster. */
export const CLUSTER = "aws:eks/cluster:Cluster";
export const NODE_GROUP = "aws:eks/nodeGroup:NodeGroup";
export const ADDON = "aws:eks/addon:Addon";
export const POD_IDENTITY = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
const ACCESS_ENTRY = "aws:eks/accessEntry:AccessEntry";
const POLICY_ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation";
const SUBNET = "aws:ec2/subnet:Subnet";
const SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup";
const ROLE = "aws:iam/role:Role";

/** Most public ranges that reach an endpoint ("Amazon EKS service quotas"). */
const mostPublicRanges = 40;

/** The ranges of private networks (RFC 1918, RFC 6598, RFC 3927), from which nobody reaches a public endpoint; EKS refuses them. */
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"];

export const ofCluster: Reference = { property: "clusterName", to: CLUSTER, deletion: "goes" };

export const noCluster = (name: string) =>
  new AwsError("ResourceNotFoundException", `No cluster found for name: ${name}.`);

/** The cluster that a resource belongs to. References make sure that it is there. */
export function clusterOf(call: Call): Stored {
  const name = text(call.inputs, "clusterName");
  return (
    call.account.find(CLUSTER, call.region, name) ??
    fail("ResourceNotFoundException", `No cluster found for name: ${name}.`)
  );
}

/** Whether EKS Auto Mode makes the nodes. */
export function isAutoMode(cluster: Stored): boolean {
  return inner(cluster.inputs, "computeConfig")["enabled"] === true;
}

/** Minor versions as numbers, for example 35. */
export function minorOf(version: string): number {
  return Number(/^1\.(\d+)/.exec(version)?.[1] ?? Number.NaN);
}

/** Asks for a role of this account that a service may take. */
export function requireRole(
  call: Call,
  roleArn: string,
  service: string,
  actions: readonly string[] = ["sts:AssumeRole"],
): void {
  if (!roleArn.includes(`:${call.accountId}:`)) return;
  const role = findRole(call, roleArn);
  if (!role) return fail("InvalidParameterException", `roleArn, ${roleArn}, does not exist`);
  const lacking = actions.filter((action) => !allows(text(role.inputs, "assumeRolePolicy"), service, action));
  if (lacking.length > 0)
    fail(
      "InvalidParameterException",
      `Role ${roleArn} could not be assumed because the trusted entity is not correct: ${service} may not ${lacking.join(", ")}`,
    );
}

const cluster: Behaviour = {
  title: "EKS Cluster",
  autoname: { property: "name", maximum: 100 },
  sets: [
    "computeConfig.nodePools",
    "enabledClusterLogTypes",
    "vpcConfig.publicAccessCidrs",
    "vpcConfig.securityGroupIds",
    "vpcConfig.subnetIds",
  ],
  references: [
    { property: "vpcConfig.subnetIds", to: SUBNET },
    { property: "vpcConfig.securityGroupIds", to: SECURITY_GROUP },
    { property: "roleArn", to: ROLE, by: "arn", deletion: "stays" },
  ],
  volatile: ["platformVersion"],
  notFound: noCluster,
  inUse: (resource, users) =>
    new AwsError(
      "ResourceInUseException",
      `Cluster has nodegroups attached: ${resource.id} has ${users.map(({ id }) => id).join(", ")}`,
    ),
  check: (inputs) => {
    const vpc = knownObject(inputs, "vpcConfig") ?? {};
    const version = knownText(inputs, "version");
    const service = knownText(knownObject(inputs, "kubernetesNetworkConfig") ?? {}, "serviceIpv4Cidr");
    return [
      ...checkArn(knownText(inputs, "roleArn"), "roleArn"),
      ...(version !== undefined && !/^1\.\d\d$/.test(version)
        ? [{ property: "version", reason: `"${version}" is no Kubernetes version, such as 1.35` }]
        : []),
      ...(inputs["version"] === undefined
        ? [{ property: "version", reason: "is required by the stand-in for AWS, which knows no newest version" }]
        : []),
      ...checkRange(service, "kubernetesNetworkConfig.serviceIpv4Cidr", 12, 24),
      ...knownTexts(vpc, "publicAccessCidrs").flatMap(({ value, path }) => checkRange(value, `vpcConfig.${path}`)),
    ];
  },
  replacesWhen: (olds, news) => {
    const role = text(inner(olds, "computeConfig"), "nodeRoleArn");
    const newRole = knownText(knownObject(news, "computeConfig") ?? {}, "nodeRoleArn");
    return [
      // Encryption with a key cannot be turned off.
      ...(olds["encryptionConfig"] !== undefined && news["encryptionConfig"] === undefined ? ["encryptionConfig"] : []),
      ...(role !== "" && newRole !== undefined && role !== newRole ? ["computeConfig.nodeRoleArn"] : []),
    ];
  },
  verify: (call, before) => {
    if (before) verifyChange(call, before);
    else verifyNew(call);
    verifyNetwork(call, before);
    verifyAutoMode(call);
    const key = text(inner(inner(call.inputs, "encryptionConfig"), "provider"), "keyArn");
    if (key !== "" && !findKey(call, key)) fail("InvalidParameterException", `The keyArn ${key} does not exist`);
  },
  id: (call) => text(call.inputs, "name"),
  describe: describeCluster,
  applied: (call, resource, before) => {
    if (before) return;
    const vpcConfig = inner(resource.outputs, "vpcConfig");
    const group = implicitGroup(call, `eks-cluster-sg-${resource.id}-${hex(8)}`, text(vpcConfig, "vpcId"), {
      [`kubernetes.io/cluster/${resource.id}`]: "owned",
    });
    resource.outputs["vpcConfig"] = { ...vpcConfig, clusterSecurityGroupId: group.id };
    if (texts(call.inputs, "enabledClusterLogTypes").length > 0)
      implicitLogGroup(call, `/aws/eks/${resource.id}/cluster`);
    const access = inner(resource.outputs, "accessConfig");
    if (access["authenticationMode"] === "CONFIG_MAP") return;
    if (access["bootstrapClusterCreatorAdminPermissions"] !== false)
      implicitEntry(call, resource.id, `arn:${call.partition}:iam::${call.accountId}:role/deployer`, "STANDARD");
    const nodeRole = text(inner(call.inputs, "computeConfig"), "nodeRoleArn");
    if (nodeRole !== "") implicitEntry(call, resource.id, nodeRole, "EC2");
  },
  remove: (call, { id, outputs }) => {
    if (outputs["deletionProtection"] === true)
      fail("InvalidRequestException", `Cluster ${id} cannot be deleted because deletion protection is enabled`);
    const group = text(inner(outputs, "vpcConfig"), "clusterSecurityGroupId");
    call.account.remove({ type: SECURITY_GROUP, region: call.region, id: group });
  },
};

function verifyNew(call: Call): void {
  const name = text(call.inputs, "name");
  if (call.account.find(CLUSTER, call.region, name))
    fail("ResourceInUseException", `Cluster already exists with name: ${name}`);
  const roleArn = text(call.inputs, "roleArn");
  requireRole(call, roleArn, "eks.amazonaws.com");
  const role = findRole(call, roleArn);
  if (role && !attachedTo(call, role.id).includes("AmazonEKSClusterPolicy"))
    fail(
      "InvalidParameterException",
      `The provided role doesn't have the Amazon EKS Managed Policies associated with it. Please ensure the following policies [arn:${call.partition}:iam::aws:policy/AmazonEKSClusterPolicy] are attached to ${role.id}`,
    );
}

/** What a cluster never takes back ("Update existing cluster to new Kubernetes version", "Grant IAM users access", EKS user guide). */
function verifyChange(call: Call, before: Stored): void {
  const [old, fresh] = [text(before.outputs, "version"), text(call.inputs, "version")];
  const steps = minorOf(fresh) - minorOf(old);
  if (steps !== 0 && steps !== 1)
    fail("InvalidParameterException", `Unsupported Kubernetes minor version update from ${old} to ${fresh}`);
  const modes = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];
  const [oldMode = "", mode = oldMode] = [before.outputs, call.inputs].map(
    (one) => text(inner(one, "accessConfig"), "authenticationMode") || undefined,
  );
  if (modes.indexOf(mode) < modes.indexOf(oldMode))
    fail("InvalidParameterException", `Unsupported authentication mode update from ${oldMode} to ${mode}`);
  const [oldKey, key] = [before.inputs, call.inputs].map((one) =>
    text(inner(inner(one, "encryptionConfig"), "provider"), "keyArn"),
  );
  if (oldKey !== "" && key !== oldKey)
    fail("InvalidRequestException", `Encryption is already enabled on cluster ${before.id}, with ${oldKey ?? ""}`);
}

function verifyNetwork(call: Call, before: Stored | undefined): void {
  const config = inner(call.inputs, "vpcConfig");
  const subnets = subnetsOf(call, texts(config, "subnetIds"));
  const vpcs = new Set(subnets.map(({ inputs }) => inputs["vpcId"]));
  if (vpcs.size > 1) fail("InvalidParameterException", "Subnets specified must belong to the same VPC");
  const zones = zonesOf(subnets);
  if (zones.length < 2) fail("InvalidParameterException", "Subnets specified must be in at least two different AZs");
  for (const id of texts(config, "securityGroupIds"))
    if (!vpcs.has(call.account.find(SECURITY_GROUP, call.region, id)?.inputs["vpcId"] ?? ""))
      fail("InvalidParameterException", `Security group ${id} is not in the same VPC as the subnets`);
  const old = before && zonesOf(subnetsOf(call, texts(inner(before.inputs, "vpcConfig"), "subnetIds")));
  if (old && old.join() !== zones.join())
    fail(
      "InvalidParameterException",
      `Provided subnets belong to the AZs ${zones.join(", ")}. But they should belong to the exact set of AZs in which subnets were provided during cluster creation: ${old.join(", ")}`,
    );

  const isPublic = config["endpointPublicAccess"] !== false;
  const ranges = texts(config, "publicAccessCidrs");
  if (!isPublic && config["endpointPrivateAccess"] !== true)
    fail("InvalidParameterException", "Private and public endpoint access cannot be disabled");
  if (ranges.length > mostPublicRanges)
    fail("InvalidParameterException", `At most ${mostPublicRanges} CIDRs are allowed in publicAccessCidrs`);
  const refused = ranges.filter((one) => {
    const range = parseRange(one);
    return range && privateRanges.some((other) => contains(parseRange(other) ?? range, range));
  });
  if (refused.length > 0)
    fail(
      "InvalidParameterException",
      `The following CIDRs are not allowed in publicAccessCidrs: [${refused.join(", ")}]`,
    );
}

function subnetsOf(call: Call, ids: readonly string[]): Stored[] {
  return ids.flatMap((id) => call.account.find(SUBNET, call.region, id) ?? []);
}

function zonesOf(subnets: readonly Stored[]): string[] {
  return [...new Set(subnets.map(({ outputs }) => text(outputs, "availabilityZone")))].sort();
}

/** Compute, storage and load balancing of EKS Auto Mode are on together or not at all (EKS user guide, "Create an EKS Auto Mode cluster"). */
function verifyAutoMode(call: Call): void {
  const compute = inner(call.inputs, "computeConfig");
  const parts = [
    compute["enabled"],
    inner(inner(call.inputs, "storageConfig"), "blockStorage")["enabled"],
    inner(inner(call.inputs, "kubernetesNetworkConfig"), "elasticLoadBalancing")["enabled"],
  ].map((one) => one === true);
  if (!parts.includes(true)) return;
  if (parts.includes(false))
    fail(
      "InvalidParameterException",
      "compute_config.enabled, kubernetes_networking_config.elastic_load_balancing.enabled, and storage_config.block_storage.enabled must all be set to either true or false",
    );
  if (call.inputs["bootstrapSelfManagedAddons"] !== false)
    fail("InvalidParameterException", "When EKS Auto Mode is enabled, bootstrapSelfManagedAddons must be set to false");
  if (!text(inner(call.inputs, "accessConfig"), "authenticationMode").startsWith("API"))
    fail(
      "InvalidParameterException",
      "When EKS Auto Mode is enabled, authenticationMode must be API or API_AND_CONFIG_MAP",
    );
  const nodePools = texts(compute, "nodePools");
  const nodeRole = text(compute, "nodeRoleArn");
  if (nodePools.length > 0 !== (nodeRole !== ""))
    fail("InvalidParameterException", "nodePools and nodeRoleArn of computeConfig go together");
  const others = nodePools.filter((one) => one !== "general-purpose" && one !== "system");
  if (others.length > 0)
    fail(
      "InvalidParameterException",
      `There are no built-in node pools ${others.join(", ")}; accepted are general-purpose and system`,
    );
  if (nodeRole !== "") requireRole(call, nodeRole, "ec2.amazonaws.com");
}

function describeCluster(call: Call, id: string, before: Stored | undefined): Values {
  const { inputs } = call;
  const old = before?.outputs ?? {};
  const config = inner(inputs, "vpcConfig");
  const isPublic = config["endpointPublicAccess"] !== false;
  const network = inner(inputs, "kubernetesNetworkConfig");
  const [first] = subnetsOf(call, texts(config, "subnetIds"));
  const unique = hex(32).toUpperCase();
  return {
    accessConfig: {
      authenticationMode: text(inner(inputs, "accessConfig"), "authenticationMode") || "CONFIG_MAP",
      bootstrapClusterCreatorAdminPermissions:
        inner(inputs, "accessConfig")["bootstrapClusterCreatorAdminPermissions"] ?? true,
    },
    arn: arn(call, "eks", `cluster/${id}`),
    certificateAuthority: old["certificateAuthority"] ?? {
      data: Buffer.from(`stand-in for the certificate of ${id}`).toString("base64"),
    },
    clusterId: "",
    computeConfig: inputs["computeConfig"] ?? { enabled: false, nodePools: [], nodeRoleArn: "" },
    controlPlaneScalingConfig: inputs["controlPlaneScalingConfig"] ?? { tier: "standard" },
    createdAt: old["createdAt"] ?? call.now,
    deletionProtection: inputs["deletionProtection"] ?? false,
    endpoint: old["endpoint"] ?? `https://${unique}.gr7.${call.region}.eks.amazonaws.com`,
    identities: old["identities"] ?? [
      { oidcs: [{ issuer: `https://oidc.eks.${call.region}.amazonaws.com/id/${unique}` }] },
    ],
    kubeApiServerConfig: inputs["kubeApiServerConfig"] ?? {},
    kubeControllerManagerConfig: inputs["kubeControllerManagerConfig"] ?? {},
    kubeSchedulerConfig: inputs["kubeSchedulerConfig"] ?? {},
    kubernetesNetworkConfig: {
      elasticLoadBalancing: network["elasticLoadBalancing"] ?? { enabled: false },
      ipFamily: network["ipFamily"] ?? "ipv4",
      // One of the two that EKS takes unless told otherwise, whichever is not the VPC's.
      serviceIpv4Cidr: network["serviceIpv4Cidr"] ?? "172.20.0.0/16",
      serviceIpv6Cidr: "",
    },
    platformVersion: "eks.1",
    status: "ACTIVE",
    storageConfig: inputs["storageConfig"] ?? { blockStorage: { enabled: false } },
    upgradePolicy: inputs["upgradePolicy"] ?? { supportType: "EXTENDED" },
    vpcConfig: {
      endpointPrivateAccess: false,
      endpointPublicAccess: true,
      publicAccessCidrs: isPublic ? ["0.0.0.0/0"] : [],
      securityGroupIds: [],
      ...config,
      clusterSecurityGroupId: inner(old, "vpcConfig")["clusterSecurityGroupId"] ?? "",
      vpcId: first?.inputs["vpcId"] ?? "",
    },
  };
}

/** The entry that EKS makes for whoever creates a cluster, and for the nodes of managed groups. */
export function implicitEntry(call: Call, clusterName: string, principalArn: string, type: string): void {
  const id = `${clusterName}:${principalArn}`;
  if (call.account.find(ACCESS_ENTRY, call.region, id)) return;
  const inputs = { clusterName, principalArn, type };
  call.account.put({ type: ACCESS_ENTRY, id, region: call.region, implicit: true, inputs, outputs: { ...inputs } });
}

const entryTypes = ["STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX"];

/** Asks that the cluster knows access entries. */
function requireEntries(call: Call): void {
  const mode = text(inner(clusterOf(call).outputs, "accessConfig"), "authenticationMode");
  if (mode === "CONFIG_MAP")
    fail(
      "InvalidRequestException",
      "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    );
}

const accessEntry: Behaviour = {
  title: "EKS Access Entry",
  sets: ["kubernetesGroups"],
  references: [ofCluster],
  notFound: (id) => new AwsError("ResourceNotFoundException", `The specified principalArn could not be found: ${id}`),
  // CreateAccessEntry, EKS API reference.
  check: (inputs) => {
    const principal = knownText(inputs, "principalArn");
    const type = knownText(inputs, "type");
    const reserved = knownTexts(inputs, "kubernetesGroups").filter(({ value }) =>
      /^(system|eks|aws|amazon|iam):/.test(value),
    );
    const isPlain = type === undefined || type === "STANDARD";
    const forPlain = isPlain ? [] : ["kubernetesGroups", "userName"].filter((name) => inputs[name] !== undefined);
    return [
      ...(principal !== undefined && !/^arn:aws[a-z-]*:iam::\d{12}:(role|user|root)/.test(principal)
        ? [{ property: "principalArn", reason: `"${principal}" is no ARN of an IAM role or user` }]
        : []),
      ...(type !== undefined && !entryTypes.includes(type)
        ? [{ property: "type", reason: `"${type}" is not accepted; accepted are ${entryTypes.join(", ")}` }]
        : []),
      ...reserved.map(({ path, value }) => ({ property: path, reason: `"${value}" is kept for Kubernetes and AWS` })),
      ...forPlain.map((property) => ({ property, reason: `is not accepted for entries of type ${type ?? ""}` })),
    ];
  },
  verify: (call, before) => {
    requireEntries(call);
    const id = `${text(call.inputs, "clusterName")}:${text(call.inputs, "principalArn")}`;
    const there = call.account.find(ACCESS_ENTRY, call.region, id);
    if (!before && there)
      fail("ResourceInUseException", `The specified access entry resource is already in use on this cluster: ${id}`);
  },
  id: (call) => `${text(call.inputs, "clusterName")}:${text(call.inputs, "principalArn")}`,
  describe: (call, _id, before) => ({
    accessEntryArn:
      before?.outputs["accessEntryArn"] ??
      arn(call, "eks", `access-entry/${text(call.inputs, "clusterName")}/role/${call.accountId}/${hex(8)}`),
    createdAt: before?.outputs["createdAt"] ?? call.now,
    kubernetesGroups: call.inputs["kubernetesGroups"] ?? [],
    modifiedAt: call.now,
    type: call.inputs["type"] ?? "STANDARD",
    userName: call.inputs["userName"] ?? call.inputs["principalArn"] ?? "",
  }),
  applied: () => undefined,
  remove: (call, { inputs }) => {
    for (const one of call.account.all(POLICY_ASSOCIATION, call.region))
      if (one.inputs["clusterName"] === inputs["clusterName"] && one.inputs["principalArn"] === inputs["principalArn"])
        call.account.remove(one);
  },
};

/** "Review access policy permissions", EKS user guide. Those for AWS's own services are left out. */
const accessPolicies = [
  "AmazonEKSAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSAutoNodePolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSSecretReaderPolicy",
  "AmazonEKSViewPolicy",
];

const policyAssociation: Behaviour = {
  title: "EKS Access Policy Association",
  sets: ["accessScope.namespaces"],
  references: [ofCluster],
  notFound: (id) => new AwsError("ResourceNotFoundException", `no association ${id}`),
  check: (inputs) => {
    const policy = knownText(inputs, "policyArn");
    const scope = knownObject(inputs, "accessScope") ?? {};
    const names = knownTexts(scope, "namespaces");
    const name = policy?.replace(/^arn:aws[a-z-]*:eks::aws:cluster-access-policy\//, "");
    return [
      ...(name !== undefined && !accessPolicies.includes(name)
        ? [
            {
              property: "policyArn",
              reason: `"${policy ?? ""}" is no access policy; accepted are ${accessPolicies.join(", ")}`,
            },
          ]
        : []),
      ...(knownText(scope, "type") === "namespace" && scope["namespaces"] === undefined
        ? [{ property: "accessScope.namespaces", reason: "is required for the scope namespace" }]
        : []),
      ...(knownText(scope, "type") === "cluster" && names.length > 0
        ? [{ property: "accessScope.namespaces", reason: "is not accepted for the scope cluster" }]
        : []),
    ];
  },
  verify: (call) => {
    requireEntries(call);
    const principal = text(call.inputs, "principalArn");
    const entry = call.account.find(ACCESS_ENTRY, call.region, `${text(call.inputs, "clusterName")}:${principal}`);
    if (!entry)
      fail(
        "ResourceNotFoundException",
        `The specified principalArn could not be found. You can view your available principals with 'list-access-entries': ${principal}`,
      );
    if (entry.inputs["type"] !== undefined && entry.inputs["type"] !== "STANDARD" && entry.inputs["type"] !== "EC2")
      fail("InvalidParameterException", `Access policies go with entries of type STANDARD and EC2 only`);
  },
  id: (call) => ["clusterName", "principalArn", "policyArn"].map((name) => text(call.inputs, name)).join("#"),
  describe: (call, _id, before) => ({
    associatedAt: before?.outputs["associatedAt"] ?? call.now,
    modifiedAt: call.now,
  }),
};

const podIdentity: Behaviour = {
  title: "EKS Pod Identity Association",
  references: [
    ofCluster,
    {
      property: "roleArn",
      to: ROLE,
      by: "arn",
      deletion: "stays",
      except: (value, call) => !value.includes(`:${call.accountId}:`),
    },
  ],
  notFound: (id) => new AwsError("ResourceNotFoundException", `No association found for id: ${id}`),
  check: (inputs) => checkArn(knownText(inputs, "roleArn"), "roleArn"),
  verify: (call, before) => {
    requireRole(call, text(call.inputs, "roleArn"), "pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"]);
    const same = call.account
      .all(POD_IDENTITY, call.region)
      .find(
        (one) =>
          one.id !== before?.id &&
          ["clusterName", "namespace", "serviceAccount"].every((name) => one.inputs[name] === call.inputs[name]),
      );
    if (same) fail("ResourceInUseException", `Association already exists: ${same.id}`);
  },
  id: () => `a-${capitals(17).toLowerCase()}`,
  describe: (call, id) => ({
    associationArn: arn(call, "eks", `podidentityassociation/${text(call.inputs, "clusterName")}/${id}`),
    associationId: id,
    disableSessionTags: call.inputs["disableSessionTags"] ?? false,
    externalId:
      call.inputs["targetRoleArn"] === undefined ? "" : createHash("sha256").update(id).digest("hex").slice(0, 32),
  }),
};

/** Clusters of EKS and who may do what in them. */
export const eks: Behaviours = {
  [CLUSTER]: cluster,
  [ACCESS_ENTRY]: accessEntry,
  [POLICY_ASSOCIATION]: policyAssociation,
  [POD_IDENTITY]: podIdentity,
};

/** Everything of one type in the cluster of a call. */
export function inCluster(call: Call, type: string): Stored[] {
  return call.account.all(type, call.region).filter((one) => one.inputs["clusterName"] === call.inputs["clusterName"]);
}

/** True when some taint keeps ordinary pods off a node group. */
export function isTainted(inputs: Values): boolean {
  return inners(inputs, "taints").some(
    ({ key, effect }) => key !== "CriticalAddonsOnly" && effect !== "PREFER_NO_SCHEDULE",
  );
}
