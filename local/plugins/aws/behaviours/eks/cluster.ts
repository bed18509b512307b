import { hex, type Stored } from "../../account";
import { arn, inner, text, texts, type Behaviour, type Call, type Values } from "../../behaviour";
import { AwsError, fail } from "../../errors";
import { checkArn, checkRange, knownObject, knownText, knownTexts } from "../fields";
import { findKey } from "../kms";
import { implicitLogGroup } from "../logs";
import { implicitGroup } from "../security-groups";
import { implicitEntry } from "./access";
import { ROLE, SECURITY_GROUP, SUBNET } from "./types";
import { subnetsOf, verifyAutoMode, verifyChange, verifyNetwork, verifyNew } from "./verify-cluster";

const noCluster = (name: string) => new AwsError("ResourceNotFoundException", `No cluster found for name: ${name}.`);

export const cluster: Behaviour = {
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
