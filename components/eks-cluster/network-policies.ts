import type { ConfigMapArgs } from "@pulumi/kubernetes/core/v1";
import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import { LABEL, MANAGED_BY } from "../../config/labels";
import type { EksClusterArgs } from "./args";
import { SYSTEM_NAMESPACE } from "./context";

const labels = { [LABEL.managedBy]: MANAGED_BY };

/**
 * In strict mode a pod without policies has no network. Add-ons bring none, so this one lets the system's pods do what they do in standard
 * mode; undefined there.
 */
export function planSystemPolicy({
  networkPolicy,
}: Pick<EksClusterArgs, "networkPolicy">): NetworkPolicyArgs | undefined {
  if (networkPolicy?.mode !== "strict") return undefined;
  return {
    metadata: { name: "berth-system-pods", namespace: SYSTEM_NAMESPACE, labels },
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [{}], egress: [{}] },
  };
}

/** What has EKS Auto Mode enforce network policies ("Use Network Policies with EKS Auto Mode", EKS user guide); undefined without it. */
export function planAutoModePolicies({ autoscaling }: Pick<EksClusterArgs, "autoscaling">): ConfigMapArgs | undefined {
  if (autoscaling !== "auto-mode") return undefined;
  return {
    metadata: { name: "amazon-vpc-cni", namespace: SYSTEM_NAMESPACE, labels },
    data: { "enable-network-policy-controller": "true" },
  };
}
