import type * as pulumi from "@pulumi/pulumi";
import { EksCluster } from "../../components/eks-cluster";
import type { EksClusterArgs } from "../../components/eks-cluster/args";
import { record } from "./mocks";
import type { Registration } from "./mocks";

/* The cluster that the specs of components/eks-cluster look at, and how they read what it registered. */

/** A valid cluster, from which each test changes what it is about. */
export const ARGS: EksClusterArgs = {
  name: "previews",
  region: "eu-central-1",
  accountId: "111122223333",
  kubernetesVersion: "1.36",
  vpcId: "vpc-1",
  controlPlaneSubnetIds: ["subnet-a", "subnet-b"],
  access: { admins: ["arn:aws:iam::111122223333:role/platform-admin"], deployers: [] },
  autoscaling: "cluster-autoscaler",
};

export const CLUSTER = "eks:index:Cluster";
export const ADDON = "aws:eks/addon:Addon";
export const ROLE = "aws:iam/role:Role";
export const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
export const KEY = "aws:kms/key:Key";
export const CONTROL_PLANE = "cluster-control-plane";

/** What a cluster with other arguments registers. */
export const make = (change: Partial<EksClusterArgs> = {}) =>
  record(() => new EksCluster("cluster", { ...ARGS, ...change }));

/** The policy document in an input of a resource. */
export function policyOf({ inputs }: Registration, property = "policy"): { Statement: Record<string, unknown>[] } {
  return JSON.parse(inputs[property] as string) as { Statement: Record<string, unknown>[] };
}

/** What a program reads from a component's output. */
export function valueOf<Value>(output: pulumi.Output<Value>): Promise<Value> {
  return new Promise((resolve) => output.apply(resolve));
}
