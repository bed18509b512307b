/**
 * Which versions go together. One table, so that an upgrade is one row and one number in the stack's config.
 *
 * Sources, read in November 2026:
 * - Kubernetes versions and dates: "Amazon EKS Kubernetes release calendar", EKS user guide. Versions in extended support are left out: their
 *   control plane costs six times as much.
 * - Add-ons: what `aws eks describe-addon-versions --kubernetes-version VERSION` marks as default, as public configurations of September 2026
 *   have it. Ask it again before you add a row; `aws eks describe-addon-configuration` shows which settings a version takes.
 * - Cluster Autoscaler: of the cluster's own minor version (its README, "Releases"). By digest of the image for all architectures; compare with
 *   `crane digest registry.k8s.io/autoscaling/cluster-autoscaler:TAG`.
 * - Nodes: releases of the EKS optimized AL2023 images (awslabs/amazon-eks-ami). AL2023 is the only image in use: there is no AL2 for 1.33 and
 *   newer, and from 1.35 the kubelet does not start on cgroup v1 (Kubernetes 1.35 changelog).
 */
export const VERSIONS = {
  "1.35": {
    standardSupportEnds: "2027-03-27",
    addons: {
      "vpc-cni": "v1.22.4-eksbuild.3",
      "kube-proxy": "v1.35.3-eksbuild.29",
      coredns: "v1.13.2-eksbuild.31",
      "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
      "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
      "metrics-server": "v0.9.0-eksbuild.11",
      "snapshot-controller": "v8.6.0-eksbuild.8",
    },
    clusterAutoscaler:
      "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2@sha256:aac369dc283927a623deb1af54696efcc722ae79255aa07788422e495bab887d",
    nodeRelease: "1.35.7-20260911",
  },
  "1.36": {
    standardSupportEnds: "2027-08-02",
    addons: {
      "vpc-cni": "v1.22.4-eksbuild.3",
      "kube-proxy": "v1.36.0-eksbuild.25",
      coredns: "v1.14.3-eksbuild.23",
      "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
      "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
      "metrics-server": "v0.9.0-eksbuild.11",
      "snapshot-controller": "v8.6.0-eksbuild.8",
    },
    clusterAutoscaler:
      "registry.k8s.io/autoscaling/cluster-autoscaler:v1.36.1@sha256:461388d03eb5b55db58941ee7a81d9a619dd15302b01cbab9f5a9946715994b4",
    nodeRelease: "1.36.4-20260923",
  },
} as const satisfies Record<string, ClusterVersion>;

/** What goes with one Kubernetes version. */
export interface ClusterVersion {
  /** Day on which AWS begins to charge for extended support, or upgrades the cluster. */
  standardSupportEnds: string;
  addons: Record<AddonName, string>;
  /** Image by digest. */
  clusterAutoscaler: string;
  /** A release of the AL2023 image that is known to be there, for `releaseVersion` of node pools. */
  nodeRelease: string;
}

/** Add-ons by the names that EKS has for them. */
export type AddonName =
  | "vpc-cni"
  | "kube-proxy"
  | "coredns"
  | "eks-pod-identity-agent"
  | "aws-ebs-csi-driver"
  | "metrics-server"
  | "snapshot-controller";

/** A Kubernetes version that clusters can have. */
export type KubernetesVersion = keyof typeof VERSIONS;

/** The versions that clusters can have, oldest first. */
export const KUBERNETES_VERSIONS = Object.keys(VERSIONS) as KubernetesVersion[];

/** Whether clusters can have this version. */
export function isKubernetesVersion(text: string): text is KubernetesVersion {
  return (KUBERNETES_VERSIONS as string[]).includes(text);
}
