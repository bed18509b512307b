import { PodIdentityAssociation } from "@pulumi/aws/eks";
import { Role as IamRole, RolePolicy } from "@pulumi/aws/iam";
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, ServiceAccount } from "@pulumi/kubernetes/core/v1";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1";
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "@pulumi/kubernetes/rbac/v1";
import * as pulumi from "@pulumi/pulumi";
import { Children } from "../../children";
import { assumeByPodIdentity, policyJson } from "../../iam";
import { throwIfInvalid } from "../../problems";
import type { ClusterAutoscalerArgs } from "./args";
import { NAME, NAMESPACE, planClusterAutoscaler, statementsOf } from "./plan";
import { validate } from "./validate";

export type { ClusterAutoscalerArgs, ClusterAutoscalerTransforms } from "./args";
export { SAFE_TO_EVICT } from "./plan";

/**
 * The Kubernetes Cluster Autoscaler: adds nodes to managed node groups for pods that do not fit, evenly over the zones of a pool, and takes
 * nodes away that are hardly used.
 *
 * Needs providers for AWS and for the cluster.
 *
 * @example
 * ```ts
 * new ClusterAutoscaler("autoscaler", { clusterName: "previews", cluster: cluster.clusterName, … }, { providers: [cluster.provider] });
 * ```
 */
export class ClusterAutoscaler extends pulumi.ComponentResource {
  /** ARN of the role that its pods take. */
  readonly roleArn: pulumi.Output<string>;

  /**
   * @throws pulumi.InputPropertiesError with everything that is wrong with the arguments
   */
  constructor(name: string, args: ClusterAutoscalerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:operators:ClusterAutoscaler", name, {}, opts);
    throwIfInvalid(`Cluster Autoscaler ${name} cannot be made as asked.`, validate(args));
    const children = new Children(name, this);
    const { transform = {} } = args;

    const identity = createIdentity(children, args);
    const plan = planClusterAutoscaler(args);
    const account = children.add(ServiceAccount, "account", plan.account);
    const rights = createRights(children, plan);
    const priorities = children.add(ConfigMap, "priorities", plan.priorities);
    const fence = children.add(NetworkPolicy, "policy", plan.networkPolicy);
    children
      .with({ dependsOn: [...identity.all, account, ...rights, priorities, fence] })
      .add(Deployment, "deployment", plan.deployment, transform.deployment);
    if (plan.disruptionBudget) children.add(PodDisruptionBudget, "budget", plan.disruptionBudget);

    this.roleArn = identity.role.arn;
    this.registerOutputs({ roleArn: this.roleArn });
  }
}

/** The role, its rights and its pods. Pods get credentials only if the association is there when they start. */
function createIdentity(children: Children, args: ClusterAutoscalerArgs) {
  const { clusterName, accountId, tags = {}, transform = {} } = args;
  const pods = { namespace: NAMESPACE, serviceAccount: NAME };
  const role = children.add(
    IamRole,
    "role",
    {
      description: `Cluster Autoscaler of ${clusterName}`,
      assumeRolePolicy: policyJson(assumeByPodIdentity({ ...pods, clusterName, accountId })),
      tags,
    },
    transform.role,
  );
  const policy = children.add(RolePolicy, "role", { role: role.name, policy: policyJson(...statementsOf(args)) });
  const association = children.add(PodIdentityAssociation, "role", {
    clusterName: args.cluster,
    ...pods,
    roleArn: role.arn,
    tags,
  });
  return { role, all: [policy, association] };
}

function createRights(children: Children, plan: ReturnType<typeof planClusterAutoscaler>): pulumi.Resource[] {
  const clusterRole = children.add(ClusterRole, "cluster-role", plan.clusterRole);
  const role = children.add(Role, "namespace-role", plan.role);
  return [
    children
      .with({ dependsOn: [clusterRole] })
      .add(ClusterRoleBinding, "cluster-role-binding", plan.clusterRoleBinding),
    children.with({ dependsOn: [role] }).add(RoleBinding, "namespace-role-binding", plan.roleBinding),
  ];
}
