import { partitionOf } from "../iam/partition";
import type { EksClusterArgs } from "./args";

/** Where a cluster is. */
export type Site = Pick<EksClusterArgs, "name" | "region" | "accountId">;

/** Tag by which the volumes and snapshots of a cluster are told from others of the account. */
export const CLUSTER_TAG = "berth.dev/cluster";

/** Namespace of everything that a cluster needs to run. */
export const SYSTEM_NAMESPACE = "kube-system";

/** ARN of a resource of this account and region. */
export function arn({ region, accountId }: Site, service: string, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}:${accountId}:${resource}`;
}

/** ARN of something that belongs to no region, in this account. */
export function globalArn({ region, accountId }: Site, service: string, resource: string): string {
  return `arn:${partitionOf(region)}:${service}::${accountId}:${resource}`;
}

/** ARN of something that AWS has for everyone in a region, such as an image, or of a snapshot, which has no account in its ARN. */
export function regionalArn({ region }: Site, service: string, resource: string): string {
  return `arn:${partitionOf(region)}:${service}:${region}::${resource}`;
}

/** ARN of a policy that AWS maintains. */
export function managedPolicyArn({ region }: Site, name: string): string {
  return `arn:${partitionOf(region)}:iam::aws:policy/${name}`;
}

/** ARN of the cluster. */
export function clusterArn(site: Site): string {
  return arn(site, "eks", `cluster/${site.name}`);
}

/** Tag that EKS and Karpenter put on the cluster's instances ("Tagging your Amazon EKS resources", EKS user guide). */
export function instanceTag({ name }: Site): string {
  return `kubernetes.io/cluster/${name}`;
}
