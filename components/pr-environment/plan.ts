import type { LimitRangeArgs, NamespaceArgs, ResourceQuotaArgs, ServiceAccountArgs } from "@pulumi/kubernetes/core/v1";
import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import { planQuota } from "../../config/quota";
import type { Quota } from "../../config/quota";
import type { PrEnvironmentArgs } from "./args";
import { planContext } from "./context";
import type { Component, PlanContext } from "./context";
import { planPostgresql } from "./databases/postgresql";
import type { PostgresqlPlan } from "./databases/postgresql";
import { planNetworkPolicies } from "./isolation/network-policies";
import { planLimitRange, planNamespace, planResourceQuota, planServiceAccount } from "./isolation/plan";
import { planWorkload } from "./workload/plan";
import type { WorkloadPlan } from "./workload/plan";

/** Everything in an environment, passwords apart. Plain values, the same for the same arguments. */
export interface PrEnvironmentPlan {
  context: PlanContext;
  namespace: NamespaceArgs;
  /** What the config needs, for the next deploy to leave room for. */
  neededQuota: Quota;
  quota: ResourceQuotaArgs;
  limitRange: LimitRangeArgs;
  serviceAccounts: Partial<Record<Component, ServiceAccountArgs>>;
  networkPolicies: Record<string, NetworkPolicyArgs>;
  postgresql: PostgresqlPlan | undefined;
  workload: WorkloadPlan;
}

/**
 * Decides what an environment consists of.
 *
 * @throws RangeError when project and number do not give a name; arguments are otherwise taken to have passed `validate`
 */
export function planPrEnvironment(args: Omit<PrEnvironmentArgs, "transform">): PrEnvironmentPlan {
  const context = planContext(args);
  const postgresql = planPostgresql(context);
  const neededQuota = planQuota(args.config);
  return {
    context,
    namespace: planNamespace(context),
    neededQuota,
    quota: planResourceQuota(context, neededQuota, args.previousQuota),
    limitRange: planLimitRange(context),
    serviceAccounts: {
      app: planServiceAccount(context, "app"),
      ...(postgresql ? { postgresql: planServiceAccount(context, "postgresql") } : {}),
    },
    networkPolicies: planNetworkPolicies(context),
    postgresql,
    workload: planWorkload(context, postgresql),
  };
}
