import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, Service } from "@pulumi/kubernetes/core/v1";
import type * as pulumi from "@pulumi/pulumi";
import { EGRESS_PROXY_SECONDS } from "../../../config/workloads";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import { withRoomLater } from "../isolation/room";
import type { PrEnvironmentPlan } from "../plan";

/** Seconds for which the rollout is awaited beyond its own deadline, so that its own verdict comes first. */
const BEYOND_DEADLINE = 60;

/**
 * Registers the egress proxy, or the policies of the network plugin in its place, where a rule names a host.
 *
 * @returns what apps and jobs must depend on: one that asks something outside while it starts would fail
 */
export function createEgress(
  children: Children,
  fences: pulumi.Resource[],
  { egress, hostPolicies, quotaGrows }: PrEnvironmentPlan,
  transform: PrEnvironmentTransforms,
): pulumi.CustomResource[] {
  if (egress === undefined) {
    return Object.entries(hostPolicies).map(([name, policy]) =>
      children.with({ dependsOn: fences }).add(CustomResource, name, policy, transform.hostPolicy),
    );
  }
  const limit = `${EGRESS_PROXY_SECONDS + BEYOND_DEADLINE}s`;
  const settings = children.add(ConfigMap, "egress-proxy-settings", egress.settings, transform.configMap);
  const service = withRoomLater(egress.service, quotaGrows);
  children.add(Service, "egress-proxy-service", service, transform.service);
  return [
    children
      .with({ dependsOn: [...fences, settings], customTimeouts: { create: limit, update: limit } })
      .add(Deployment, "egress-proxy", egress.deployment, transform.egressProxy),
  ];
}
