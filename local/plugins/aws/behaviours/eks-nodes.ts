import { randomUUID } from "node:crypto";

import type { CheckFailure, Properties } from "../../provider";
import type { Stored } from "../account";
import { arn, inner, inners, text, texts, type Behaviour, type Behaviours, type Call, type Values } from "../behaviour";
import { AwsError, fail } from "../errors";
import { rules } from "../rules";
import { implicitEntry } from "./eks/access";
import { clusterOf, inCluster, isAutoMode, isTainted, minorOf, ofCluster, requireRole } from "./eks/common";
import { ADDON, CLUSTER, NODE_GROUP, POD_IDENTITY } from "./eks/types";
import { given, knownNumber, knownObject, knownText, knownTexts } from "./fields";
import { attachedTo, findRole } from "./iam";
import { findKey } from "./kms";

const TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate";
const SUBNET = "aws:ec2/subnet:Subnet";
const ROUTE = "aws:ec2/route:Route";
const ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation";
const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";
const AUTOSCALING_TAG = "aws:autoscaling/tag:Tag";

/** The Auto Scaling group of a node group. EKS makes it; no program makes one here. */
export const AUTOSCALING_GROUP = "aws:autoscaling/group:Group";

/** Default quotas ("Amazon EKS service quotas"). */
const quotas = { groupsPerCluster: 30, nodesPerGroup: 450 };

/** Longest name of a node group (EKS user guide, "Create a managed node group"). */
const longestName = 63;

/** Minor versions that nodes may be behind their control plane (Kubernetes "Version Skew Policy"). */
const mostSkew = 3;

/** Endpoints without which nodes of a subnet without a way to the internet do not join ("Deploy private clusters", EKS user guide). */
const neededEndpoints = ["ec2", "ecr.api", "ecr.dkr", "eks", "sts"];

const nodeGroup: Behaviour = {
  title: "EKS Node Group",
  autoname: { property: "nodeGroupName", maximum: longestName },
  sets: ["subnetIds", "taints"],
  references: [
    { property: "clusterName", to: CLUSTER },
    { property: "subnetIds", to: SUBNET },
    { property: "nodeRoleArn", to: "aws:iam/role:Role", by: "arn", deletion: "stays" },
    { property: "launchTemplate.id", to: TEMPLATE, deletion: "stays" },
    { property: "launchTemplate.name", to: TEMPLATE, by: "name", deletion: "stays" },
  ],
  notFound: (id) => new AwsError("ResourceNotFoundException", `No node group found for name: ${id}.`),
  check: checkNodeGroup,
  verify: verifyNodeGroup,
  lacks: lacksForNodes,
  id: (call) => `${text(call.inputs, "clusterName")}:${text(call.inputs, "nodeGroupName")}`,
  describe: describeNodeGroup,
  applied: (call, resource, before) => {
    const [first] = inners(inners(resource.outputs, "resources")[0] ?? {}, "autoscalingGroups");
    const name = text(first ?? {}, "name");
    const scaling = inner(resource.inputs, "scalingConfig");
    const outputs = { name, ...scaling };
    call.account.put({ type: AUTOSCALING_GROUP, id: name, region: call.region, implicit: true, inputs: {}, outputs });
    const mode = text(inner(clusterOf(call).outputs, "accessConfig"), "authenticationMode");
    if (!before && mode !== "CONFIG_MAP")
      implicitEntry(call, text(call.inputs, "clusterName"), text(call.inputs, "nodeRoleArn"), "EC2_LINUX");
  },
  remove: (call, { outputs }) => {
    const [first] = inners(inners(outputs, "resources")[0] ?? {}, "autoscalingGroups");
    const id = text(first ?? {}, "name");
    call.account.remove({ type: AUTOSCALING_GROUP, region: call.region, id });
    for (const one of call.account.all(AUTOSCALING_TAG, call.region))
      if (one.inputs["autoscalingGroupName"] === id) call.account.remove(one);
  },
};

function checkNodeGroup(inputs: Properties): CheckFailure[] {
  const name = knownText(inputs, "nodeGroupName");
  const scaling = knownObject(inputs, "scalingConfig") ?? {};
  const [least, wanted, most] = ["minSize", "desiredSize", "maxSize"].map((one) => knownNumber(scaling, one));
  const update = knownObject(inputs, "updateConfig") ?? {};
  const failures: CheckFailure[] = [];
  const wrong = (property: string, reason: string) => failures.push({ property, reason });
  // "A node group name can't be longer than 63 characters. It must start with letter or digit" (EKS user guide, "Create a managed node group").
  if (name !== undefined && (name.length > longestName || !/^[0-9A-Za-z][0-9A-Za-z_-]*$/.test(name)))
    wrong("nodeGroupName", `"${name}" must have at most 63 letters, digits, - and _, beginning with a letter or digit`);
  if (least !== undefined && wanted !== undefined && least > wanted)
    wrong("scalingConfig", `Minimum capacity ${least} can't be greater than desired size ${wanted}`);
  if (most !== undefined && wanted !== undefined && wanted > most)
    wrong("scalingConfig", `desired capacity ${wanted} can't be greater than max size ${most}`);
  if (most !== undefined && most > quotas.nodesPerGroup)
    wrong("scalingConfig.maxSize", `is ${most}; at most 450 nodes are accepted`);
  if (given(update, ["maxUnavailable", "maxUnavailablePercentage"]).length > 1)
    wrong("updateConfig", "takes either maxUnavailable or maxUnavailablePercentage");
  for (const { value, path } of knownTexts(inputs, "instanceTypes")) {
    if (!rules.instanceTypes.includes(value)) wrong(path, `"${value}" is no instance type`);
    else if (!suits(value, knownText(inputs, "amiType")))
      wrong(path, `"${value}" does not run ${knownText(inputs, "amiType") ?? ""}`);
  }
  for (const label of Object.keys(knownObject(inputs, "labels") ?? {}))
    if (
      /^([a-z0-9.-]+\.)?(kubernetes|k8s|eks\.amazonaws)\.(io|com)\//.test(label) &&
      !label.startsWith("node.kubernetes.io/")
    )
      wrong(`labels["${label}"]`, "has a prefix that is kept for Kubernetes and EKS");
  if (inputs["launchTemplate"] !== undefined)
    for (const name of given(inputs, ["diskSize", "remoteAccess"]))
      wrong(name, "is not accepted together with a launch template, where it belongs");
  return failures;
}

/**
 * Whether an instance type has the processor of an image. A `g` behind the generation means Graviton (Amazon EC2 User Guide, "Instance type
 * naming conventions"); a1 came before that.
 */
function suits(instanceType: string, amiType: string | undefined): boolean {
  if (amiType === undefined || amiType === "CUSTOM") return true;
  const isArm = /^(a1|[a-z]+\d+(?:[a-z]*g[a-z]*)|[a-z]+g)(\.|-)/.test(instanceType) && !/^(g|p)\d/.test(instanceType);
  const isGravitonGpu = /^g5g\./.test(instanceType);
  return (isArm || isGravitonGpu) === /ARM/i.test(amiType);
}

function verifyNodeGroup(call: Call, before: Stored | undefined): void {
  const cluster = clusterOf(call);
  const name = text(call.inputs, "nodeGroupName");
  const groups = inCluster(call, NODE_GROUP);
  if (!before && groups.some((one) => one.inputs["nodeGroupName"] === name))
    fail("ResourceInUseException", `NodeGroup already exists with name ${name} and cluster name ${cluster.id}`);
  if (!before && groups.length >= quotas.groupsPerCluster)
    fail(
      "ResourceLimitExceededException",
      `Limit of ${quotas.groupsPerCluster} managed node groups of cluster ${cluster.id} is reached`,
    );
  const vpcId = inner(cluster.outputs, "vpcConfig")["vpcId"];
  const foreign = texts(call.inputs, "subnetIds").filter(
    (id) => call.account.find(SUBNET, call.region, id)?.inputs["vpcId"] !== vpcId,
  );
  if (foreign.length > 0)
    fail("InvalidParameterException", `Subnets are not in the VPC of cluster ${cluster.id}: ${foreign.join(", ")}`);
  requireRole(call, text(call.inputs, "nodeRoleArn"), "ec2.amazonaws.com");
  verifyVersion(call, cluster, before);
  verifyTemplate(call);
}

function verifyVersion(call: Call, cluster: Stored, before: Stored | undefined): void {
  const version = text(call.inputs, "version");
  const controlPlane = text(cluster.outputs, "version");
  const skew = minorOf(controlPlane) - minorOf(version);
  if (version !== "" && (skew < 0 || skew > mostSkew))
    fail(
      "InvalidParameterException",
      `Requested Nodegroup version ${version} is not supported with cluster version ${controlPlane}`,
    );
  if (before && version !== "" && minorOf(version) < minorOf(text(before.outputs, "version")))
    fail(
      "InvalidParameterException",
      `Nodegroup version ${version} is lower than the present ${text(before.outputs, "version")}`,
    );
  const release = text(call.inputs, "releaseVersion");
  if (release !== "" && !release.startsWith(`${version || controlPlane}.`))
    fail(
      "InvalidParameterException",
      `Requested release version ${release} is not valid for kubernetes version ${version || controlPlane}`,
    );
}

/** "Customize managed nodes with launch templates", EKS user guide. */
function verifyTemplate(call: Call): void {
  const given = inner(call.inputs, "launchTemplate");
  const template = templateOf(call);
  if (!template) return;
  const version = text(given, "version");
  const latest = Number(template.outputs["latestVersion"]);
  if (!/^\d+$/.test(version) || Number(version) < 1 || Number(version) > latest)
    fail(
      "InvalidParameterException",
      `Could not find the specified version ${version} for the launch template with ID ${template.id}`,
    );
  const { inputs } = template;
  const refused = ["iamInstanceProfile", "hibernationOptions"].filter((one) => inputs[one] !== undefined);
  if (refused.length > 0)
    fail("InvalidRequestException", `Launch template ${template.id} should not specify ${refused.join(", ")}`);
  if (inputs["instanceType"] !== undefined && texts(call.inputs, "instanceTypes").length > 0)
    fail("InvalidParameterException", "Instance types cannot be both in the launch template and in the node group");
  if ((inputs["imageId"] !== undefined) !== (call.inputs["amiType"] === "CUSTOM"))
    fail("InvalidParameterException", "An image in the launch template goes with amiType CUSTOM only");
  for (const mapping of inners(inputs, "blockDeviceMappings"))
    requireVolumesKey(call, text(inner(mapping, "ebs"), "kmsKeyId"));
}

function templateOf(call: Call): Stored | undefined {
  const { id, name } = inner(call.inputs, "launchTemplate");
  return call.account
    .all(TEMPLATE, call.region)
    .find((one) => one.id === id || (name !== undefined && one.outputs["name"] === name));
}

/**
 * Instances with volumes under a key that Auto Scaling's own role may not use do not start ("Required AWS KMS key policy for use with
 * encrypted volumes", Amazon EC2 Auto Scaling User Guide).
 */
function requireVolumesKey(call: Call, keyArn: string): void {
  const key = keyArn === "" ? undefined : findKey(call, keyArn);
  if (key && !text(key.outputs, "policy").includes("AWSServiceRoleForAutoScaling"))
    fail(
      "AsgInstanceLaunchFailures",
      `Could not launch On-Demand Instances. Client.InvalidKMSKey.InvalidState: the policy of ${keyArn} does not let AWSServiceRoleForAutoScaling use it`,
    );
}

/** What keeps nodes from joining their cluster. */
function lacksForNodes(call: Call): string | undefined {
  const cluster = call.account.find(CLUSTER, call.region, text(call.inputs, "clusterName"));
  const role = findRole(call, text(call.inputs, "nodeRoleArn"));
  // Whoever is missing altogether is reported by name later.
  if (!cluster || !role || Number(inner(call.inputs, "scalingConfig")["desiredSize"]) === 0) return undefined;
  const failed = (reason: string) => `NodeCreationFailure: Instances failed to join the kubernetes cluster: ${reason}`;
  const attached = attachedTo(call, role.id);
  if (!attached.some((one) => /^AmazonEKSWorkerNode(Minimal)?Policy$/.test(one)))
    return failed(`node role ${role.id} has neither AmazonEKSWorkerNodePolicy nor AmazonEKSWorkerNodeMinimalPolicy`);
  if (!attached.some((one) => one.startsWith("AmazonEC2ContainerRegistry")))
    return failed(`node role ${role.id} has no policy to pull images, such as AmazonEC2ContainerRegistryPullOnly`);
  for (const id of texts(call.inputs, "subnetIds"))
    if (!isConnected(call, id)) return failed(`subnet ${id} has no way to EKS and ECR`);
  return lacksNetwork(call, cluster, attached);
}

/** Nodes are not ready until the VPC CNI has given them a network, for which it needs rights. */
function lacksNetwork(call: Call, cluster: Stored, attached: readonly string[]): string | undefined {
  if (cluster.inputs["bootstrapSelfManagedAddons"] !== false || isAutoMode(cluster)) return undefined;
  const addons = inCluster(call, ADDON);
  const unhealthy = (reason: string) => `NodeCreationFailure: Unhealthy nodes in the kubernetes cluster: ${reason}`;
  const cni = addons.find((one) => one.inputs["addonName"] === "vpc-cni");
  if (!cni) return unhealthy("container runtime network not ready, as there is no add-on vpc-cni");
  const hasAgent = addons.some((one) => one.inputs["addonName"] === "eks-pod-identity-agent");
  const associations = [
    ...inCluster(call, POD_IDENTITY).map(({ inputs }) => inputs),
    ...inners(cni.inputs, "podIdentityAssociations"),
  ];
  const hasIdentity = associations.some((one) => one["serviceAccount"] === "aws-node");
  if (attached.includes("AmazonEKS_CNI_Policy") || cni.inputs["serviceAccountRoleArn"] !== undefined) return undefined;
  if (hasIdentity && hasAgent) return undefined;
  return unhealthy(
    `the VPC CNI has no rights: ${hasIdentity ? "there is no add-on eks-pod-identity-agent" : "kube-system/aws-node has no pod identity"}`,
  );
}

function isConnected(call: Call, subnetId: string): boolean {
  const table = call.account.all(ASSOCIATION, call.region).find((one) => one.inputs["subnetId"] === subnetId)?.inputs[
    "routeTableId"
  ];
  const routes = call.account.all(ROUTE, call.region).filter((one) => one.inputs["routeTableId"] === table);
  if (table !== undefined && routes.some((one) => one.inputs["destinationCidrBlock"] === "0.0.0.0/0")) return true;
  const vpcId = call.account.find(SUBNET, call.region, subnetId)?.inputs["vpcId"];
  const services = call.account
    .all(ENDPOINT, call.region)
    .filter((one) => one.inputs["vpcId"] === vpcId)
    .map((one) => text(one.inputs, "serviceName"));
  return neededEndpoints.every((name) => services.includes(`com.amazonaws.${call.region}.${name}`));
}

function describeNodeGroup(call: Call, _id: string, before: Stored | undefined): Values {
  const { inputs } = call;
  const cluster = clusterOf(call);
  const name = text(inputs, "nodeGroupName");
  const version = text(inputs, "version") || text(before?.outputs ?? cluster.outputs, "version");
  const unique = randomUUID();
  const template = inner(inputs, "launchTemplate");
  return {
    amiType: inputs["amiType"] ?? "AL2023_x86_64_STANDARD",
    arn: before?.outputs["arn"] ?? arn(call, "eks", `nodegroup/${cluster.id}/${name}/${unique}`),
    capacityType: inputs["capacityType"] ?? "ON_DEMAND",
    diskSize: inputs["diskSize"] ?? (template["version"] === undefined ? 20 : 0),
    instanceTypes: inputs["instanceTypes"] ?? (template["version"] === undefined ? ["t3.medium"] : []),
    ...(template["version"] !== undefined && {
      launchTemplate: {
        id: templateOf(call)?.id ?? "",
        name: templateOf(call)?.outputs["name"] ?? "",
        version: text(template, "version"),
      },
    }),
    nodeGroupNamePrefix: inputs["nodeGroupNamePrefix"] ?? "",
    nodeRepairConfig: inputs["nodeRepairConfig"] ?? { enabled: false },
    releaseVersion: inputs["releaseVersion"] ?? `${version}.0-20260101`,
    resources: before?.outputs["resources"] ?? [
      { autoscalingGroups: [{ name: `eks-${name}-${unique}` }], remoteAccessSecurityGroupId: "" },
    ],
    status: "ACTIVE",
    updateConfig: inputs["updateConfig"] ?? { maxUnavailable: 1 },
    version,
  };
}

/**
 * Add-ons of AWS and of the community ("AWS add-ons" and "Community add-ons", EKS user guide), and whether they run as a Deployment, which
 * becomes active only when there is a node for its pods.
 */
const addons: Record<string, "deployment" | "daemonset"> = {
  "amazon-cloudwatch-observability": "deployment",
  "aws-ebs-csi-driver": "deployment",
  "aws-efs-csi-driver": "deployment",
  "aws-mountpoint-s3-csi-driver": "daemonset",
  "cert-manager": "deployment",
  coredns: "deployment",
  "eks-node-monitoring-agent": "daemonset",
  "eks-pod-identity-agent": "daemonset",
  "external-dns": "deployment",
  "fluent-bit": "daemonset",
  "kube-proxy": "daemonset",
  "kube-state-metrics": "deployment",
  "metrics-server": "deployment",
  "prometheus-node-exporter": "daemonset",
  "snapshot-controller": "deployment",
  "vpc-cni": "daemonset",
};

const addon: Behaviour = {
  title: "EKS Add-On",
  sets: ["podIdentityAssociations"],
  references: [
    ofCluster,
    { property: "serviceAccountRoleArn", to: "aws:iam/role:Role", by: "arn", deletion: "stays" },
    { property: "podIdentityAssociations.roleArn", to: "aws:iam/role:Role", by: "arn", deletion: "stays" },
  ],
  notFound: (id) => new AwsError("ResourceNotFoundException", `No addon: ${id} found`),
  check: (inputs) => {
    const name = knownText(inputs, "addonName");
    const version = knownText(inputs, "addonVersion");
    const configuration = knownText(inputs, "configurationValues");
    return [
      ...(name !== undefined && !(name in addons)
        ? [
            {
              property: "addonName",
              reason: `"${name}" is no add-on; the stand-in for AWS knows ${Object.keys(addons).join(", ")}`,
            },
          ]
        : []),
      ...(version !== undefined && !/^v\d+\.\d+\.\d+-eksbuild\.\d+$/.test(version)
        ? [{ property: "addonVersion", reason: `"${version}" is no version of an add-on, such as v1.22.4-eksbuild.3` }]
        : []),
      ...(configuration !== undefined && !isJsonObject(configuration)
        ? [{ property: "configurationValues", reason: "is no JSON object" }]
        : []),
      ...(inputs["resolveConflictsOnCreate"] === "PRESERVE"
        ? [{ property: "resolveConflictsOnCreate", reason: "takes NONE and OVERWRITE only" }]
        : []),
    ];
  },
  verify: (call, before) => {
    const cluster = clusterOf(call);
    const name = text(call.inputs, "addonName");
    if (!before && inCluster(call, ADDON).some((one) => one.inputs["addonName"] === name))
      fail("ResourceInUseException", `Addon already exists: ${name} on cluster ${cluster.id}`);
    const version = text(call.inputs, "addonVersion");
    const controlPlane = text(cluster.outputs, "version");
    if (name === "kube-proxy" && version !== "" && minorOf(version.slice(1)) > minorOf(controlPlane))
      fail(
        "InvalidParameterException",
        `Addon version ${version} is not supported in ${controlPlane} kubernetes version`,
      );
    for (const one of inners(call.inputs, "podIdentityAssociations"))
      requireRole(call, text(one, "roleArn"), "pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"]);
  },
  lacks: (call) => {
    const name = text(call.inputs, "addonName");
    const cluster = call.account.find(CLUSTER, call.region, text(call.inputs, "clusterName"));
    if (!cluster || addons[name] !== "deployment" || isAutoMode(cluster)) return undefined;
    const hasNodes = inCluster(call, NODE_GROUP).some(
      ({ inputs }) => Number(inner(inputs, "scalingConfig")["desiredSize"]) > 0 && !isTainted(inputs),
    );
    return hasNodes
      ? undefined
      : `unexpected state 'DEGRADED', wanted target 'ACTIVE'. last error: InsufficientNumberOfReplicas: The add-on is unhealthy because it doesn't have the desired number of replicas: there is no node without taints`;
  },
  id: (call) => `${text(call.inputs, "clusterName")}:${text(call.inputs, "addonName")}`,
  describe: (call, _id, before) => {
    const path = ["clusterName", "addonName"].map((name) => text(call.inputs, name)).join("/");
    return {
      addonVersion: call.inputs["addonVersion"] ?? before?.outputs["addonVersion"] ?? "v1.0.0-eksbuild.1",
      arn: before?.outputs["arn"] ?? arn(call, "eks", `addon/${path}/${randomUUID()}`),
      configurationValues: call.inputs["configurationValues"] ?? "",
      createdAt: before?.outputs["createdAt"] ?? call.now,
      modifiedAt: call.now,
      namespaceConfig: call.inputs["namespaceConfig"] ?? { namespace: "kube-system" },
    };
  },
};

function isJsonObject(document: string): boolean {
  try {
    const value = JSON.parse(document) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const tag: Behaviour = {
  title: "Auto Scaling Tag",
  references: [{ property: "autoscalingGroupName", to: AUTOSCALING_GROUP, deletion: "goes" }],
  notFound: (id) => new AwsError("ValidationError", `no tag ${id}`),
  id: (call) => `${text(call.inputs, "autoscalingGroupName")},${text(inner(call.inputs, "tag"), "key")}`,
  describe: () => ({}),
};

const autoscalingGroup: Behaviour = {
  title: "Auto Scaling Group",
  notFound: (name) =>
    new AwsError("ValidationError", `AutoScalingGroup name not found - AutoScalingGroup ${name} not found`),
  id: () => fail("ValidationError", "the stand-in for AWS makes no Auto Scaling groups by themselves"),
  describe: () => ({}),
};

/** Nodes and add-ons of EKS. */
export const eksNodes: Behaviours = {
  [NODE_GROUP]: nodeGroup,
  [ADDON]: addon,
  [AUTOSCALING_TAG]: tag,
  [AUTOSCALING_GROUP]: autoscalingGroup,
};
