import type { Inputs } from "@pulumi/pulumi";

/** Something about the arguments that the stand-in cannot do. */
export interface Uncovered {
  propertyPath: string;
  reason: string;
}

/** Arguments that do what they do in Pulumi's own plugin. */
const covered = [
  "accessEntries",
  "authenticationMode",
  "autoMode",
  "bootstrapSelfManagedAddons",
  "clusterTags",
  "corednsAddonOptions",
  "createInstanceRole",
  "createOidcProvider",
  "deletionProtection",
  "enabledClusterLogTypes",
  "encryptionConfigKeyArn",
  "endpointPrivateAccess",
  "endpointPublicAccess",
  "ipFamily",
  "kubeProxyAddonOptions",
  "kubernetesServiceIpAddressRange",
  "name",
  "privateSubnetIds",
  "publicAccessCidrs",
  "publicSubnetIds",
  "serviceRole",
  "skipDefaultNodeGroup",
  "skipDefaultSecurityGroups",
  "subnetIds",
  "tags",
  "upgradePolicy",
  "useDefaultVpcCni",
  "version",
  "vpcId",
];

/** Arguments of which one value is covered, which is not the one that the package takes unless told otherwise. */
const demanded: Record<string, { value: unknown; unless?: (args: Inputs) => boolean; lacks: string }> = {
  authenticationMode: { value: "API", lacks: "the aws-auth ConfigMap" },
  skipDefaultNodeGroup: { value: true, unless: isAutoMode, lacks: "the default node group" },
  skipDefaultSecurityGroups: { value: true, unless: isAutoMode, lacks: "the security groups of the package" },
  useDefaultVpcCni: { value: true, unless: isAutoMode, lacks: "the add-on vpc-cni" },
};

/** Whether EKS Auto Mode is on. */
export function isAutoMode({ autoMode }: Inputs): boolean {
  return (autoMode as { enabled?: unknown } | undefined)?.enabled === true;
}

/** Everything about the arguments that the stand-in does not cover, by name. */
export function findUncovered(args: Inputs): Uncovered[] {
  const given = Object.keys(args).filter((name) => args[name] !== undefined && args[name] !== null);
  const names = given
    .filter((name) => !covered.includes(name))
    .map((propertyPath) => ({ propertyPath, reason: `the stand-in for EKS does not cover ${propertyPath}` }));
  const values = Object.entries(demanded)
    .filter(([name, { value, unless }]) => args[name] !== value && !(args[name] === undefined && unless?.(args)))
    .map(([propertyPath, { value, lacks }]) => ({
      propertyPath,
      reason: `the stand-in for EKS does not cover ${lacks}: set ${propertyPath} to ${JSON.stringify(value)}`,
    }));
  const flags = ["createInstanceRole", "createOidcProvider"]
    .filter((name) => args[name] === true)
    .map((propertyPath) => ({ propertyPath, reason: `the stand-in for EKS does not cover ${propertyPath}` }));
  return [...names, ...values, ...flags, ...findUncoveredAddons(args)];
}

/** Add-ons whose newest version Pulumi's plugin asks AWS for. */
function findUncoveredAddons(args: Inputs): Uncovered[] {
  return ["kubeProxyAddonOptions", "corednsAddonOptions"].flatMap((propertyPath) => {
    const options = args[propertyPath] as { enabled?: boolean; version?: unknown } | undefined;
    const isOn = options?.enabled ?? (propertyPath === "kubeProxyAddonOptions" && !isAutoMode(args));
    if (!isOn || options?.version !== undefined) return [];
    const reason =
      "the stand-in for EKS does not know the newest version of an add-on: set version, or enabled to false";
    return [{ propertyPath, reason }];
  });
}

/** Arguments that Pulumi's own plugin refuses together. */
export function findConflicts(args: Inputs): Uncovered[] {
  const conflicts: Uncovered[] = [];
  if (args["subnetIds"] !== undefined && (args["publicSubnetIds"] ?? args["privateSubnetIds"]) !== undefined)
    conflicts.push({
      propertyPath: "subnetIds",
      reason: "goes neither with publicSubnetIds nor with privateSubnetIds",
    });
  if (args["publicAccessCidrs"] !== undefined && args["endpointPublicAccess"] === false)
    conflicts.push({ propertyPath: "publicAccessCidrs", reason: "can only be set when endpointPublicAccess is true" });
  if (args["vpcId"] === undefined)
    conflicts.push({ propertyPath: "vpcId", reason: "is required by the stand-in for EKS, which has no default VPC" });
  return conflicts;
}
