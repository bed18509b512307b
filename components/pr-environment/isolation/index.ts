import type * as pulumi from "@pulumi/pulumi";
import { LimitRange, ResourceQuota, ServiceAccount } from "@pulumi/kubernetes/core/v1";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import type { PrEnvironmentPlan } from "../plan";

/**
 * Registers quota, bounds, all network policies and the identities of the pods.
 *
 * @returns the quota, which all that it counts must depend on, so that it has grown before they come; and the fences that every pod
 * must depend on, the quota among them, so that none ever runs before them
 */
export function createIsolation(
  children: Children,
  plan: PrEnvironmentPlan,
  transform: PrEnvironmentTransforms,
): { quota: pulumi.Resource; fences: pulumi.Resource[] } {
  const quota = children.add(ResourceQuota, "quota", plan.quota, transform.quota);
  const fences = [
    quota,
    children.add(LimitRange, "limit-range", plan.limitRange, transform.limitRange),
    ...Object.entries(plan.networkPolicies).map(([name, policy]) =>
      children.add(NetworkPolicy, `policy-${name}`, policy, transform.networkPolicy),
    ),
    ...Object.entries(plan.serviceAccounts).map(([name, account]) =>
      children.add(ServiceAccount, `service-account-${name}`, account, transform.serviceAccount),
    ),
  ];
  return { quota, fences };
}
