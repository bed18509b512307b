import type { ClusterArgs } from "@pulumi/eks/cluster";
import type { EksClusterArgs } from "./args";

/** All of the control plane's logs ("Send control plane logs to CloudWatch Logs", EKS user guide). */
export const LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

/** Days for which logs are kept unless said otherwise. */
export const DEFAULT_LOG_RETENTION_DAYS = 90;

/** Built-in node pools of EKS Auto Mode unless said otherwise. */
export const AUTO_MODE_NODE_POOLS = ["general-purpose", "system"] as const;

/** Name of the log group that EKS writes to; made beforehand, since EKS would make it without an end. */
export function logGroupName({ name }: Pick<EksClusterArgs, "name">): string {
  return `/aws/eks/${name}/cluster`;
}

/**
 * The settings of `eks.Cluster` that are known beforehand. It makes the control plane, its role and the access entries, and nothing that is
 * made here with a pinned version or not wanted at all: no nodes, no security groups (its own would open all egress), no add-ons, no OIDC
 * provider (pods have Pod Identity).
 */
export function planControlPlane(args: EksClusterArgs): ClusterArgs {
  const publicCidrs = args.endpoint?.publicCidrs ?? [];
  return {
    version: args.kubernetesVersion,
    skipDefaultNodeGroup: true,
    createInstanceRole: false,
    skipDefaultSecurityGroups: true,
    createOidcProvider: false,
    useDefaultVpcCni: true,
    kubeProxyAddonOptions: { enabled: false },
    corednsAddonOptions: { enabled: false },
    bootstrapSelfManagedAddons: false,
    authenticationMode: "API",
    endpointPrivateAccess: true,
    endpointPublicAccess: publicCidrs.length > 0,
    ...(publicCidrs.length > 0 ? { publicAccessCidrs: publicCidrs } : {}),
    enabledClusterLogTypes: LOG_TYPES,
    deletionProtection: args.deletionProtection ?? true,
    upgradePolicy: { supportType: args.extendedSupport === true ? "EXTENDED" : "STANDARD" },
    ...(args.autoscaling === "auto-mode"
      ? {
          autoMode: {
            enabled: true,
            createNodeRole: true,
            computeConfig: { nodePools: [...(args.autoMode?.nodePools ?? AUTO_MODE_NODE_POOLS)] },
          },
        }
      : {}),
    ...(args.tags ? { tags: args.tags } : {}),
  };
}
