import { createHash } from "node:crypto";
import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { ConfigMapArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import type { IngressArgs } from "@pulumi/kubernetes/networking/v1";
import { PROXY_PORTS } from "../../../config/oauth";
import { ANNOTATION } from "../../../config/labels";
import type { Config } from "../../../config/schema";
import { APP, progressSeconds, workloadsOf } from "../../../config/workloads";
import type { WorkloadConfig } from "../../../config/workloads";
import { podSecurity } from "../../security";
import { appProtocol, ingressAnnotations, serviceAnnotations } from "../gate/plan";
import { ACCESS_PROXY, APP_USER, metadata, podLabels, selector } from "../context";
import type { PlanContext } from "../context";
import type { DatabasePlan } from "../databases/engine";
import { rotationAnnotations } from "../databases/plan";
import { planCanary } from "../egress/canary";
import { planMetrics } from "../metrics/plan";
import { canonical, envName, namedPorts, planContainer, writableVolumes } from "./container";

/**
 * Seconds between the signal to end and the kill. Requests to a preview are short and its data is in its database, so five are
 * plenty; an app that ignores the signal holds up each update and the teardown by as long as this is.
 */
const GRACE_SECONDS = 5;

/** What the app or one service of an environment consists of. */
export interface WorkloadPlan {
  /** `app`, or the name of the service. */
  name: string;
  env: ConfigMapArgs;
  deployment: DeploymentArgs;
  /** What its variables come from, as the config has it. */
  envFrom: Config["envFrom"];
  /** Seconds after which its rollout counts as failed. */
  progressSeconds: number;
  /** Undefined when it has no port. */
  service: ServiceArgs | undefined;
  /** Undefined when it has no URL. */
  ingress: IngressArgs | undefined;
}

/** On what is not waited for, since it says no more than its Deployment. */
const SKIP_AWAIT = { "pulumi.com/skipAwait": "true" };

/** Plans the app and every service. */
export function planWorkloads(context: PlanContext, databases: readonly DatabasePlan[]): WorkloadPlan[] {
  return workloadsOf(context.config).map((workload) => planWorkload(context, workload, databases));
}

/** Plans one of them. Its port comes from one place of the config everywhere. */
function planWorkload(
  context: PlanContext,
  workload: WorkloadConfig,
  databases: readonly DatabasePlan[],
): WorkloadPlan {
  const { name, env, envFrom } = workload;
  return {
    name,
    env: { metadata: metadata(context, envName(workload), name), data: env },
    deployment: planDeployment(context, workload, databases),
    envFrom,
    progressSeconds: progressSeconds(workload),
    service: planService(context, workload),
    ingress: planIngress(context, workload),
  };
}

function planService(context: PlanContext, workload: WorkloadConfig): ServiceArgs | undefined {
  const { name, port, protocol } = workload;
  const ports = namedPorts(workload);
  if (ports.length === 0) return undefined;
  return {
    metadata: { ...metadata(context, name, name), annotations: { ...serviceAnnotations(protocol), ...SKIP_AWAIT } },
    spec: {
      selector: selector(name),
      // The same number on both sides: the VPC CNI applies NetworkPolicies to a Service only then.
      ports: ports.map((one) => ({
        name: one.name,
        port: one.port,
        targetPort: one.port,
        ...(one.port === port ? appProtocol(protocol) : {}),
      })),
    },
  };
}

function planIngress(context: PlanContext, { name, port }: WorkloadConfig): IngressArgs | undefined {
  const { platform } = context;
  const host = name === APP ? context.host : (context.services[name]?.host ?? null);
  if (host === null || port === undefined) return undefined;
  // With a proxy before it, requests reach it by way of that only.
  const entrance = context.isGuarded
    ? { name: ACCESS_PROXY, port: { number: PROXY_PORTS.http } }
    : { name, port: { number: port } };
  return {
    metadata: {
      ...metadata(context, name, name),
      annotations: { ...ingressAnnotations(context, name), ...SKIP_AWAIT },
    },
    spec: {
      ingressClassName: platform.ingressClass,
      rules: [
        {
          host,
          http: {
            paths: [{ path: "/", pathType: "Prefix", backend: { service: entrance } }],
          },
        },
      ],
    },
  };
}

function planDeployment(
  context: PlanContext,
  workload: WorkloadConfig,
  databases: readonly DatabasePlan[],
): DeploymentArgs {
  const { name, env, replicas, engines } = workload;
  const initContainers = [
    ...planCanary(context, canonical(workload.resources)),
    ...databases.filter(({ engine }) => engines.includes(engine)).map(({ wait }) => wait),
  ];
  return {
    metadata: metadata(context, name, name),
    spec: {
      replicas: context.pr.asleep === true ? 0 : replicas,
      revisionHistoryLimit: 1,
      progressDeadlineSeconds: progressSeconds(workload),
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: selector(name) },
      template: {
        metadata: {
          labels: podLabels(context, name),
          annotations: {
            [ANNOTATION.configHash]: hash(env),
            ...rotationAnnotations(context, engines),
            ...(name === APP ? planMetrics(context).podAnnotations : {}),
          },
        },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          priorityClassName: context.platform.priorityClasses.environment,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          securityContext: podSecurity(APP_USER),
          ...(initContainers.length > 0 ? { initContainers } : {}),
          containers: [planContainer(context, workload)],
          volumes: writableVolumes(workload),
        },
      },
    },
  };
}

/** Short hash of variables, whatever their order. */
function hash(variables: Record<string, string>): string {
  const sorted = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16);
}
