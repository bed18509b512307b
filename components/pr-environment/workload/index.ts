import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, Service } from "@pulumi/kubernetes/core/v1";
import { Ingress } from "@pulumi/kubernetes/networking/v1";
import type * as pulumi from "@pulumi/pulumi";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import type { PrEnvironmentPlan } from "../plan";
import { restartedBy } from "../secrets";
import type { CreatedSecrets } from "../secrets";

/** Registers the app and its route. Only the Deployment is waited for; a Service or an Ingress says no more than it does. */
export function createWorkload(
  children: Children,
  needs: pulumi.Resource[],
  { context, workload }: PrEnvironmentPlan,
  transform: PrEnvironmentTransforms,
  secrets: CreatedSecrets,
): Deployment {
  const env = children.add(ConfigMap, "app-env", workload.env, transform.configMap);
  const deployment = children
    .with({ dependsOn: [...needs, ...secrets.needs, env], customTimeouts: { create: "6m", update: "6m" } })
    .add(Deployment, "app", restartedBy(secrets, context.config.envFrom, workload.deployment), transform.deployment);
  children.add(Service, "app-service", workload.service, transform.service);
  if (workload.ingress) children.add(Ingress, "app-ingress", workload.ingress, transform.ingress);
  return deployment;
}
