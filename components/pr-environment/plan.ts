import type { CustomResourceArgs } from "@pulumi/kubernetes/apiextensions";
import type { LimitRangeArgs, NamespaceArgs, ResourceQuotaArgs, ServiceAccountArgs } from "@pulumi/kubernetes/core/v1";
import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { RoleBindingArgs } from "@pulumi/kubernetes/rbac/v1";
import { EGRESS_PROXY } from "../../config/egress";
import { JOB, hasJobs } from "../../config/jobs";
import { outgrows, planQuota } from "../../config/quota";
import type { Quota } from "../../config/quota";
import { planGate } from "./gate/plan";
import type { GatePlan } from "./gate/plan";
import type { PrEnvironmentArgs } from "./args";
import { planLogins } from "./logins/plan";
import type { LoginsPlan } from "./logins/plan";
import { ACCESS_PROXY, planContext } from "./context";
import type { Component, PlanContext } from "./context";
import type { DatabasePlan } from "./databases/engine";
import { planDatabases } from "./databases/plan";
import { planHostPolicies } from "./egress/cilium";
import { planEgress } from "./egress/plan";
import type { EgressPlan } from "./egress/plan";
import { planJobs } from "./jobs/plan";
import type { JobsPlan } from "./jobs/plan";
import { planNetworkPolicies } from "./isolation/network-policies";
import { planDeployers, planLimitRange, planNamespace, planResourceQuota, planServiceAccount } from "./isolation/plan";
import { planSecrets } from "./secrets/plan";
import type { SecretsPlan } from "./secrets/plan";
import { planMetrics } from "./metrics/plan";
import type { MetricsPlan } from "./metrics/plan";
import { planWorkloads } from "./workload/plan";
import type { WorkloadPlan } from "./workload/plan";

/** Everything in an environment, passwords apart. Plain values, the same for the same arguments. */
export interface PrEnvironmentPlan {
  context: PlanContext;
  namespace: NamespaceArgs;
  /** Who may change what is in it; without it nobody but an administrator can. */
  deployers: RoleBindingArgs;
  /** What the config needs, for the next deploy to leave room for. */
  neededQuota: Quota;
  quota: ResourceQuotaArgs;
  /** Whether the quota becomes larger than the last deploy needed it. */
  quotaGrows: boolean;
  limitRange: LimitRangeArgs;
  serviceAccounts: Record<Component, ServiceAccountArgs>;
  networkPolicies: Record<string, NetworkPolicyArgs>;
  databases: DatabasePlan[];
  secrets: SecretsPlan;
  gate: GatePlan;
  jobs: JobsPlan;
  /** The app, then the services in the order of the config. */
  workloads: WorkloadPlan[];
  metrics: MetricsPlan;
  logins: LoginsPlan;
  /** The proxy by which hosts outside are reached; undefined when no rule names one, or the network plugin knows names. */
  egress: EgressPlan | undefined;
  /** Policies of the network plugin's own kind, by name, where it enforces rules by host name. */
  hostPolicies: Record<string, CustomResourceArgs>;
}

/**
 * Decides what an environment consists of.
 *
 * @throws RangeError when project and number do not give a name; arguments are otherwise taken to have passed `validate`
 */
export function planPrEnvironment(args: Omit<PrEnvironmentArgs, "transform">): PrEnvironmentPlan {
  const context = planContext(args);
  const databases = planDatabases(context);
  const workloads = planWorkloads(context, databases);
  const logins = planLogins(context);
  const egress = planEgress(context);
  const neededQuota = planQuota(args.config, context.isGuarded, args.platform.egressHosts);
  const components: Component[] = [
    ...workloads.map(({ name }) => name),
    ...(hasJobs(args.config) ? [JOB] : []),
    ...(logins.proxy ? [ACCESS_PROXY] : []),
    ...(egress ? [EGRESS_PROXY] : []),
    // An operator makes the accounts of its own pods.
    ...databases.filter(({ server }) => server.kind === "pod").map(({ engine }) => engine),
  ];
  return {
    context,
    namespace: planNamespace(context),
    deployers: planDeployers(context),
    neededQuota,
    quota: planResourceQuota(context, neededQuota, args.previousQuota),
    quotaGrows: args.previousQuota !== undefined && outgrows(neededQuota, args.previousQuota),
    limitRange: planLimitRange(context),
    serviceAccounts: Object.fromEntries(components.map((one) => [one, planServiceAccount(context, one)])),
    networkPolicies: planNetworkPolicies(context),
    databases,
    secrets: planSecrets(context),
    gate: planGate(context),
    jobs: planJobs(context, databases),
    workloads,
    metrics: planMetrics(context),
    logins,
    egress,
    hostPolicies: planHostPolicies(context),
  };
}
