import type { Stored } from "../../account";
import { inner, text, texts, type Call } from "../../behaviour";
import { contains, parseRange } from "../../cidr";
import { fail } from "../../errors";
import { attachedTo, findRole } from "../iam";
import { minorOf, requireRole } from "./common";
import { CLUSTER, SECURITY_GROUP, SUBNET } from "./types";

/** Most public ranges that reach an endpoint ("Amazon EKS service quotas"). */
const mostPublicRanges = 40;

/** The ranges of private networks (RFC 1918, RFC 6598, RFC 3927), from which nobody reaches a public endpoint; EKS refuses them. */
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"];

export function verifyNew(call: Call): void {
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
export function verifyChange(call: Call, before: Stored): void {
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

export function verifyNetwork(call: Call, before: Stored | undefined): void {
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

export function subnetsOf(call: Call, ids: readonly string[]): Stored[] {
  return ids.flatMap((id) => call.account.find(SUBNET, call.region, id) ?? []);
}

function zonesOf(subnets: readonly Stored[]): string[] {
  return [...new Set(subnets.map(({ outputs }) => text(outputs, "availabilityZone")))].sort();
}

/** Compute, storage and load balancing of EKS Auto Mode are on together or not at all (EKS user guide, "Create an EKS Auto Mode cluster"). */
export function verifyAutoMode(call: Call): void {
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
