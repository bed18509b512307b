import type { Input } from "@pulumi/pulumi";
import type { Statement } from "../iam/document";
import { partitionOf } from "../iam/partition";
import type { AccessArgs } from "./args";
import { clusterArn } from "./context";
import type { Site } from "./context";

/** Kubernetes group of everyone who deploys environments; `components/platform/rbac.ts` binds it (`deployerGroups`). */
export const DEPLOYER_GROUP = "berth:deployers";

/** One IAM role or user, and what it may do in the cluster. */
export interface AccessEntryPlan {
  principalArn: Input<string>;
  kubernetesGroups?: string[];
  /** Nodes without a managed node group; only for those. */
  type?: "EC2_LINUX";
  accessPolicies?: Record<
    string,
    { policyArn: string; accessScope: { type: "cluster" | "namespace"; namespaces?: string[] } }
  >;
}

/**
 * Plans who may do what: administrators everything, deployers what the platform lets their group do, and to edit the namespaces that are
 * listed for them.
 *
 * @param deployerArns by the deployer's name
 * @returns by a name that stays the same when others are added or removed
 */
export function planAccess(
  { region }: Pick<Site, "region">,
  { admins, deployers }: AccessArgs,
  deployerArns: Record<string, Input<string>>,
): Record<string, AccessEntryPlan> {
  const policyArn = (name: string) => `arn:${partitionOf(region)}:eks::aws:cluster-access-policy/${name}`;
  const adminEntries = admins.map((principalArn): [string, AccessEntryPlan] => [
    `admin-${principalName(principalArn)}`,
    {
      principalArn,
      accessPolicies: {
        admin: { policyArn: policyArn("AmazonEKSClusterAdminPolicy"), accessScope: { type: "cluster" } },
      },
    },
  ]);
  const deployerEntries = deployers.map(({ name, namespaces = [] }): [string, AccessEntryPlan] => [
    `deployer-${name}`,
    {
      principalArn: deployerArns[name] ?? "",
      kubernetesGroups: [DEPLOYER_GROUP],
      ...(namespaces.length > 0
        ? {
            accessPolicies: {
              edit: { policyArn: policyArn("AmazonEKSEditPolicy"), accessScope: { type: "namespace", namespaces } },
            },
          }
        : {}),
    },
  ]);
  return Object.fromEntries([...adminEntries, ...deployerEntries]);
}

/** All that a deployer does in AWS: finds out where the cluster is (`aws eks update-kubeconfig`); the token needs no right. */
export function deployerStatements(site: Site): Statement[] {
  return [{ sid: "FindCluster", actions: ["eks:DescribeCluster"], resources: [clusterArn(site)] }];
}

/** `role-team-admin` for `…:role/team/admin`. */
export function principalName(principalArn: string): string {
  return (principalArn.split(":").at(-1) ?? "").replace(/[^A-Za-z0-9]+/g, "-");
}
