import {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from "@pulumi/kubernetes/admissionregistration/v1";
import { CustomResourceDefinition } from "@pulumi/kubernetes/apiextensions/v1";
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, Namespace, Service, ServiceAccount } from "@pulumi/kubernetes/core/v1";
import { Ingress, IngressClass, NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1";
import { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "@pulumi/kubernetes/rbac/v1";
import { PriorityClass } from "@pulumi/kubernetes/scheduling/v1";
import * as pulumi from "@pulumi/pulumi";
import type { PlatformFacts } from "../../config/platform";
import { Children } from "../children";
import { SealedSecrets } from "../operators/sealed-secrets";
import type { PlatformArgs, PlatformTransforms } from "./args";
import type { GatewayPlan } from "./gateway";
import type { BrokerPlan } from "./oauth";
import { planPlatform } from "./plan";
import { deployers } from "./rbac";

export type { PlatformArgs, PlatformTransforms } from "./args";

/**
 * What all environments of a cluster share: the platform namespace, the gateway, priorities, and who may deploy.
 *
 * @example
 * ```ts
 * new Platform("platform", { config: parsePlatform({ domain: "preview.example.com", gateway: { … } }) });
 * ```
 */
export class Platform extends pulumi.ComponentResource {
  /** What other stacks need to know, as plain values. */
  readonly facts: PlatformFacts;

  constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:platform:Platform", name, {}, opts);
    const plan = planPlatform(args.config);
    const { transform = {} } = args;
    for (const warning of plan.warnings) void pulumi.log.warn(warning, this);

    const owner = new Children(name, this);
    for (const [suffix, priority] of Object.entries(plan.priorityClasses)) {
      owner.add(PriorityClass, `priority-${suffix}`, priority);
    }
    if (plan.ingressClass) owner.add(IngressClass, "ingress-class", plan.ingressClass);
    const kinds = Object.entries(plan.kinds).map(([plural, kind]) =>
      owner.add(CustomResourceDefinition, `kind-${plural}`, kind),
    );
    for (const [suffix, { role, binding }] of Object.entries(plan.clusterRoles)) {
      const dependsOn = [owner.add(ClusterRole, `role-${suffix}`, role, transform.clusterRole)];
      owner.with({ dependsOn }).add(ClusterRoleBinding, `role-binding-${suffix}`, binding);
    }
    owner.add(ClusterRole, "role-environment", plan.environmentRole, transform.clusterRole);
    for (const [suffix, { policy, binding }] of Object.entries(plan.admission)) {
      const dependsOn = [owner.add(ValidatingAdmissionPolicy, `admission-${suffix}`, policy)];
      owner.with({ dependsOn }).add(ValidatingAdmissionPolicyBinding, `admission-binding-${suffix}`, binding);
    }
    const namespace = owner
      .with({ customTimeouts: { delete: "5m" } })
      .add(Namespace, "namespace", plan.namespace, transform.namespace);
    const children = owner.with({ dependsOn: [namespace], deletedWith: namespace });
    const fences = Object.entries(plan.networkPolicies).map(([suffix, policy]) =>
      children.add(NetworkPolicy, `policy-${suffix}`, policy, transform.networkPolicy),
    );
    children.add(ServiceAccount, "service-account-deployer", plan.deployer);
    const leases = children.add(Role, "role-leases", plan.leases.role);
    children.with({ dependsOn: [namespace, leases] }).add(RoleBinding, "role-binding-leases", plan.leases.binding);
    for (const [project, { role, binding }] of Object.entries(plan.previewSecrets)) {
      const dependsOn = [owner.add(Role, `role-preview-secrets-${project}`, role)];
      owner.with({ dependsOn }).add(RoleBinding, `role-binding-preview-secrets-${project}`, binding);
    }
    const { sealedSecrets } = args.config;
    if (sealedSecrets) {
      const settings = { config: sealedSecrets, deployers: deployers(args.config) };
      new SealedSecrets(`${name}-sealed-secrets`, settings, { parent: this });
    }
    if (plan.gateway) createGateway(children, [namespace, ...fences, ...kinds], plan.gateway, transform);

    if (plan.broker) createBroker(owner, children, [namespace, ...fences], plan.broker, transform);

    this.facts = plan.facts;
    this.registerOutputs({ facts: this.facts });
  }
}

/** Registers the gateway that runs in the cluster. */
function createGateway(
  children: Children,
  fences: pulumi.Resource[],
  plan: GatewayPlan,
  transform: PlatformTransforms,
): void {
  const account = children.add(ServiceAccount, "service-account-gateway", plan.account);
  const tls = plan.tls ? [children.add(ConfigMap, "gateway-tls", plan.tls)] : [];
  children
    .with({ dependsOn: [...fences, account, ...tls], customTimeouts: { create: "5m", update: "5m" } })
    .add(Deployment, "gateway", plan.deployment, transform.gateway);
  children.add(Service, "gateway-service", plan.service, transform.gatewayService);
  if (plan.disruptionBudget) children.add(PodDisruptionBudget, "gateway-budget", plan.disruptionBudget);
}

/** Registers the callback broker. */
function createBroker(
  owner: Children,
  children: Children,
  fences: pulumi.Resource[],
  plan: BrokerPlan,
  transform: PlatformTransforms,
): void {
  const role = owner.add(ClusterRole, "role-oauth-broker", plan.clusterRole.role, transform.clusterRole);
  const leases = children.add(Role, "role-oauth-broker-leases", plan.leases.role);
  const rights = [
    owner.with({ dependsOn: [role] }).add(ClusterRoleBinding, "role-binding-oauth-broker", plan.clusterRole.binding),
    children
      .with({ dependsOn: [...fences, leases] })
      .add(RoleBinding, "role-binding-oauth-broker-leases", plan.leases.binding),
  ];
  const account = children.add(ServiceAccount, "service-account-oauth-broker", plan.account);
  const config = children.add(ConfigMap, "oauth-broker-config", plan.config);
  children
    .with({ dependsOn: [...fences, ...rights, account, config], customTimeouts: { create: "3m", update: "3m" } })
    .add(Deployment, "oauth-broker", plan.deployment, transform.broker);
  children.add(Service, "oauth-broker-service", plan.service);
  children.add(Ingress, "oauth-broker-ingress", plan.ingress);
}
