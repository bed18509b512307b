import { validatePlace } from "../aws-place";
import { RETENTION_DAYS } from "../network/validate";
import { AUTOSCALING } from "../node-groups/args";
import { validate as validateAutoscaler } from "../operators/cluster-autoscaler/validate";
import { under } from "../problems";
import type { InvalidProperty } from "../problems";
import type { EksClusterArgs } from "./args";
import { AUTO_MODE_NODE_POOLS } from "./control-plane";
import { validateAccess } from "./validate-access";
import { validateEndpoint } from "./validate-endpoint";
import { KUBERNETES_VERSIONS, isKubernetesVersion } from "./versions";

/** Settings that belong to one way of autoscaling, by property. */
const SETTINGS = { clusterAutoscaler: "cluster-autoscaler", karpenter: "karpenter", autoMode: "auto-mode" } as const;

/** Finds what is wrong with the arguments of a cluster, all of it. Pure; only plain values are looked at. */
export function validate(args: Omit<EksClusterArgs, "transform">): InvalidProperty[] {
  return [
    ...validateName(args.name),
    ...validatePlace(args),
    ...validateVersion(args.kubernetesVersion),
    ...validateSubnets(args),
    ...(args.endpoint ? under("endpoint", validateEndpoint(args.endpoint)) : []),
    ...under("access", validateAccess(args.access)),
    ...validateAutoscaling(args),
    ...validateNetworkPolicy(args),
    ...validateRetention(args.logRetentionDays),
    ...validateTags(args.tags ?? {}),
  ];
}

/** CreateCluster, EKS API reference. */
function validateName(name: string): InvalidProperty[] {
  if (/^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/.test(name)) return [];
  const reason = `"${name}" is not a cluster's name; accepted: 1 to 100 letters, digits, hyphens and underscores, a letter or digit first. Rename the cluster.`;
  return [{ propertyPath: "name", reason }];
}

function validateVersion(version: string): InvalidProperty[] {
  if (isKubernetesVersion(version)) return [];
  const reason = `"${version}" is not supported; accepted: ${KUBERNETES_VERSIONS.join(", ")}. Choose one of them, or add a row to components/eks-cluster/versions.ts.`;
  return [{ propertyPath: "kubernetesVersion", reason }];
}

/** "Amazon EKS networking requirements", EKS user guide. */
function validateSubnets({ controlPlaneSubnetIds }: Pick<EksClusterArgs, "controlPlaneSubnetIds">): InvalidProperty[] {
  const count = controlPlaneSubnetIds.length;
  if (count >= 2) return [];
  const reason = `there ${count === 1 ? "is 1 subnet" : "are 0 subnets"}; accepted: 2 or more, in different zones. Add subnets.`;
  return [{ propertyPath: "controlPlaneSubnetIds", reason }];
}

function validateAutoscaling(args: Omit<EksClusterArgs, "transform">): InvalidProperty[] {
  const { autoscaling, clusterAutoscaler, karpenter, autoMode } = args;
  if (!(AUTOSCALING as readonly string[]).includes(autoscaling)) {
    const reason = `"${autoscaling}" is not known; accepted: ${AUTOSCALING.join(", ")}, one of them. Choose one.`;
    return [{ propertyPath: "autoscaling", reason }];
  }
  const conflicts = Object.entries(SETTINGS)
    .filter(([property, way]) => args[property as keyof typeof SETTINGS] !== undefined && way !== autoscaling)
    .map(([property, way]) => ({
      propertyPath: property,
      reason: `it is for ${way}, but autoscaling is ${autoscaling}, and two would work against each other; accepted: settings of ${autoscaling} only. Remove it, or set autoscaling to ${way}.`,
    }));
  return [
    ...conflicts,
    ...(clusterAutoscaler ? under("clusterAutoscaler", validateAutoscaler(clusterAutoscaler)) : []),
    ...(karpenter ? under("karpenter", validateKarpenter(karpenter)) : []),
    ...(autoMode ? under("autoMode", validateAutoMode(autoMode)) : []),
  ];
}

function validateKarpenter(settings: NonNullable<EksClusterArgs["karpenter"]>): InvalidProperty[] {
  return Object.entries<string>({ ...settings })
    .filter(([, name]) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    .map(([propertyPath, name]) => ({
      propertyPath,
      reason: `"${name}" is not a name in Kubernetes; accepted: 1 to 63 lower-case letters, digits and hyphens inside. Take the one that Karpenter is installed with.`,
    }));
}

function validateAutoMode({ nodePools = [...AUTO_MODE_NODE_POOLS] }: NonNullable<EksClusterArgs["autoMode"]>) {
  const propertyPath = "nodePools";
  const accepted = `accepted: ${AUTO_MODE_NODE_POOLS.join(", ")}, at least one`;
  const unknown = nodePools.filter((pool) => !AUTO_MODE_NODE_POOLS.includes(pool));
  if (unknown.length > 0) {
    return [{ propertyPath, reason: `"${unknown.join('", "')}" is not built in; ${accepted}. Remove it.` }];
  }
  return nodePools.length > 0
    ? []
    : [{ propertyPath, reason: `it is empty, so no pod would ever run; ${accepted}. Add one, or leave it out.` }];
}

function validateNetworkPolicy({ networkPolicy, autoscaling }: Pick<EksClusterArgs, "networkPolicy" | "autoscaling">) {
  const mode: string = networkPolicy?.mode ?? "standard";
  const propertyPath = "networkPolicy.mode";
  if (mode !== "standard" && mode !== "strict") {
    const reason = `"${mode}" is not known; accepted: standard, strict. Choose one.`;
    return [{ propertyPath, reason }];
  }
  if (mode === "standard" || autoscaling !== "auto-mode") return [];
  const reason =
    '"strict" is a field of NodeClasses with auto-mode; accepted: standard. Set networkPolicy: DefaultDeny in your own NodeClass, or choose another autoscaling.';
  return [{ propertyPath, reason }];
}

function validateRetention(days: number | undefined): InvalidProperty[] {
  if (days === undefined || (RETENTION_DAYS as readonly number[]).includes(days)) return [];
  const reason = `${days} is not a step of CloudWatch Logs; accepted: ${RETENTION_DAYS.join(", ")}. Take the next one.`;
  return [{ propertyPath: "logRetentionDays", reason }];
}

/** "Tag naming limits and requirements", Tagging AWS resources user guide. Room is left for tags that are added here. */
function validateTags(tags: Record<string, string>): InvalidProperty[] {
  const most = 40;
  const count = Object.keys(tags).length;
  const tooMany =
    count > most
      ? [{ propertyPath: "tags", reason: `there are ${count} tags; accepted: at most ${most}. Remove some.` }]
      : [];
  return [
    ...tooMany,
    ...Object.entries(tags).flatMap(([key, value]) => {
      const propertyPath = `tags.${key}`;
      if (/^aws:/i.test(key)) {
        const reason = 'names that begin with "aws:" are kept for AWS; accepted: any other. Rename the tag.';
        return [{ propertyPath, reason }];
      }
      if (key.length <= 128 && value.length <= 256) return [];
      const reason = `it has ${key.length} and ${value.length} characters; accepted: at most 128 in the name and 256 in the value. Shorten it.`;
      return [{ propertyPath, reason }];
    }),
  ];
}
