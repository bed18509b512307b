import type { Input } from "@pulumi/pulumi";
import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { RoleArgs } from "@pulumi/aws/iam";
import type { Transform } from "../../children";

/** What a Cluster Autoscaler is made from. */
export interface ClusterAutoscalerArgs {
  /** The cluster's name in AWS. Plain: the rights and the command line name it. */
  clusterName: string;
  /** The cluster once nodes may join; the pod identity association comes after it. */
  cluster: Input<string>;
  /** Region, such as `eu-central-1`. */
  region: string;
  /** The AWS account, 12 digits. */
  accountId: string;
  /** Image by digest, of the cluster's own Kubernetes minor version (Cluster Autoscaler README, "Releases"). */
  image: string;
  /**
   * Pods. One works, the others wait to take over.
   *
   * @default 2
   */
  replicas?: number;
  /**
   * Tags of every AWS resource.
   *
   * @default none
   */
  tags?: Record<string, string>;
  /**
   * Changes children last, one function per kind of child.
   *
   * @default nothing is changed
   */
  transform?: ClusterAutoscalerTransforms;
}

/** The children of a Cluster Autoscaler that can be changed; see {@link Transform}. */
export interface ClusterAutoscalerTransforms {
  role?: Transform<RoleArgs>;
  deployment?: Transform<DeploymentArgs>;
}
