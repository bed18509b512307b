import { CustomResourceDefinition } from "@pulumi/kubernetes/apiextensions/v1";
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { Namespace, Service, ServiceAccount } from "@pulumi/kubernetes/core/v1";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "@pulumi/kubernetes/rbac/v1";
import type { input } from "@pulumi/kubernetes/types";
import * as pulumi from "@pulumi/pulumi";
import { Children } from "../../children";
import { planSealedSecrets } from "./plan";
import type { SealedSecretsConfig } from "./plan";

/** What the controller is made from. Plain values. */
export interface SealedSecretsArgs {
  /** The value of `sealedSecrets` of `berth:platform`. */
  config: SealedSecretsConfig;
  /** Who may ask for the certificate that values are sealed with. */
  deployers: input.rbac.v1.Subject[];
}

/**
 * The SealedSecrets controller (github.com/bitnami-labs/sealed-secrets): makes Secrets of values that it alone can decrypt.
 *
 * Its keys are Secrets of its namespace. Whoever takes it away without a copy of them makes every sealed value worthless.
 *
 * @example
 * ```ts
 * new SealedSecrets("sealed-secrets", { config: { image, apiServerCidrs: ["10.0.0.0/16"] }, deployers });
 * ```
 */
export class SealedSecrets extends pulumi.ComponentResource {
  constructor(name: string, { config, deployers }: SealedSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:operators:SealedSecrets", name, {}, opts);
    const plan = planSealedSecrets(config, deployers);
    const owner = new Children(name, this);

    const crd = owner.add(CustomResourceDefinition, "crd", plan.crd);
    const namespace = owner.with({ customTimeouts: { delete: "5m" } }).add(Namespace, "namespace", plan.namespace);
    const children = owner.with({ dependsOn: [namespace], deletedWith: namespace });
    const fences = Object.entries(plan.networkPolicies).map(([suffix, policy]) =>
      children.add(NetworkPolicy, `policy-${suffix}`, policy),
    );
    const account = children.add(ServiceAccount, "account", plan.account);
    const unsealer = owner.add(ClusterRole, "cluster-role", plan.unsealer.role);
    const rights: pulumi.Resource[] = [
      owner.with({ dependsOn: [unsealer] }).add(ClusterRoleBinding, "cluster-role-binding", plan.unsealer.binding),
      ...(["keys", "certificate"] as const).map((what) => {
        const role = children.add(Role, `role-${what}`, plan[what].role);
        return children
          .with({ dependsOn: [namespace, role] })
          .add(RoleBinding, `role-binding-${what}`, plan[what].binding);
      }),
    ];
    children
      .with({
        dependsOn: [namespace, crd, ...fences, account, ...rights],
        customTimeouts: { create: "5m", update: "5m" },
      })
      .add(Deployment, "deployment", plan.deployment);
    children.add(Service, "service", plan.service);
    this.registerOutputs({});
  }
}
