import type { EksClusterArgs } from "./args";
import { CLUSTER_TAG } from "./context";
import { VERSIONS } from "./versions";
import type { AddonName, KubernetesVersion } from "./versions";

/** One add-on. Plain values. */
export interface AddonPlan {
  name: AddonName;
  version: string;
  /**
   * - `before-nodes`: nodes do not get ready, or their pods not their rights, without it. It runs on each node, so it is active at once.
   * - `after-nodes`: a Deployment, which becomes active when there is a node for it.
   */
  when: "before-nodes" | "after-nodes";
  /** Settings, as the add-on's schema has them (`aws eks describe-addon-configuration`). */
  configuration?: Record<string, unknown>;
}

/** What {@link planAddons} looks at. */
export type AddonInputs = Pick<EksClusterArgs, "name" | "autoscaling" | "networkPolicy"> & {
  kubernetesVersion: KubernetesVersion;
};

/** Add-ons that EKS Auto Mode has built into its nodes ("EKS Auto Mode", EKS user guide). */
const BUILT_INTO_AUTO_MODE: readonly AddonName[] = [
  "vpc-cni",
  "kube-proxy",
  "coredns",
  "eks-pod-identity-agent",
  "aws-ebs-csi-driver",
];

/** Decides which add-ons a cluster has, in the versions of the table. */
export function planAddons(args: AddonInputs): AddonPlan[] {
  const { addons } = VERSIONS[args.kubernetesVersion];
  const plan = (name: AddonName, when: AddonPlan["when"], configuration?: Record<string, unknown>): AddonPlan => ({
    name,
    version: addons[name],
    when,
    ...(configuration ? { configuration } : {}),
  });
  return [
    plan("eks-pod-identity-agent", "before-nodes"),
    plan("kube-proxy", "before-nodes"),
    plan("vpc-cni", "before-nodes", vpcCniConfiguration(args)),
    plan("coredns", "after-nodes"),
    plan("aws-ebs-csi-driver", "after-nodes", { controller: { extraVolumeTags: { [CLUSTER_TAG]: args.name } } }),
    plan("metrics-server", "after-nodes"),
    plan("snapshot-controller", "after-nodes"),
  ].filter(({ name }) => args.autoscaling !== "auto-mode" || !BUILT_INTO_AUTO_MODE.includes(name));
}

/**
 * Network policies are enforced; they are off by default. Addresses come in prefixes of 16, so that a node's pods are bounded by its size
 * and not by its network interfaces; the subnets of `components/network` are planned for that. One prefix is kept warm, as the best
 * practices guide advises ("Prefix Mode for Linux", EKS best practices guide).
 */
function vpcCniConfiguration({ networkPolicy }: AddonInputs): Record<string, unknown> {
  return {
    enableNetworkPolicy: "true",
    env: {
      ENABLE_PREFIX_DELEGATION: "true",
      WARM_PREFIX_TARGET: "1",
      NETWORK_POLICY_ENFORCING_MODE: networkPolicy?.mode ?? "standard",
    },
  };
}
