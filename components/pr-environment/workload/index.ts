import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, Service } from "@pulumi/kubernetes/core/v1";
import { Ingress } from "@pulumi/kubernetes/networking/v1";
import type * as pulumi from "@pulumi/pulumi";
import { APP } from "../../../config/workloads";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import { withRoomLater } from "../isolation/room";
import type { PrEnvironmentPlan } from "../plan";
import { restartedBy } from "../secrets";
import type { CreatedSecrets } from "../secrets";

/** Seconds for which a rollout is awaited beyond its own deadline, so that its own verdict comes first. */
const BEYOND_DEADLINE = 60;

/** What comes before the app and the services. */
interface Needs {
  /** What must be there before any pod. */
  pods: pulumi.Resource[];
  /** What must be there before any route. */
  routes: pulumi.Resource[];
  /** What must have ended before anything of them changes. */
  jobs: pulumi.Resource[];
}

/**
 * Registers the app, the services and their routes. Only the Deployments are waited for, side by side; a Service or an Ingress says no
 * more than they do.
 *
 * @returns the Deployments
 */
export function createWorkloads(
  children: Children,
  { pods, routes, jobs }: Needs,
  { workloads, metrics, quotaGrows }: PrEnvironmentPlan,
  transform: PrEnvironmentTransforms,
  secrets: CreatedSecrets,
): Deployment[] {
  if (metrics.monitor) children.add(CustomResource, "app-metrics", metrics.monitor, transform.monitor);
  const after = jobs.length === 0 ? children : children.with({ dependsOn: [...pods, ...jobs] });
  return workloads.map((plan) => {
    const child = plan.name === APP ? APP : `service-${plan.name}`;
    const timeout = `${plan.progressSeconds + BEYOND_DEADLINE}s`;
    const env = after.add(ConfigMap, `${child}-env`, plan.env, transform.configMap);
    const deployment = children
      .with({ dependsOn: [...pods, ...jobs, env], customTimeouts: { create: timeout, update: timeout } })
      .add(Deployment, child, restartedBy(secrets, plan.envFrom, plan.deployment), transform.deployment);
    if (plan.service) {
      after.add(Service, `${child}-service`, withRoomLater(plan.service, quotaGrows), transform.service);
    }
    if (plan.ingress) {
      // What guards a route is there before the route.
      children
        .with({ dependsOn: [...routes, ...jobs] })
        .add(Ingress, `${child}-ingress`, plan.ingress, transform.ingress);
    }
    return deployment;
  });
}
