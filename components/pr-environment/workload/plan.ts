import { createHash } from "node:crypto";
import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { ConfigMapArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import type { IngressArgs } from "@pulumi/kubernetes/networking/v1";
import type { input } from "@pulumi/kubernetes/types";
import { ANNOTATION } from "../../../config/labels";
import { WRITABLE_DIR_SIZE } from "../../../config/limits";
import type { Resources } from "../../../config/limits";
import { formatBytes, formatCpu, parseBytes, parseCpu } from "../../../config/quantity";
import { CONTAINER_SECURITY, podSecurity } from "../../security";
import { APP_USER, metadata, podLabels, selector } from "../context";
import type { PlanContext } from "../context";
import { fromSecret } from "../databases/engine";
import type { DatabasePlan } from "../databases/engine";
import { planEnvFrom } from "../secrets/plan";

/** ConfigMap with the variables of the config. */
const APP_ENV = "app-env";

/**
 * Seconds between the signal to end and the kill. Requests to a preview are short and its data is in its database, so five are
 * plenty; an app that ignores the signal holds up each update and the teardown by as long as this is.
 */
const GRACE_SECONDS = 5;

/** Seconds for which a pod that is to end still serves, so that the gateway has stopped sending to it before it stops. */
const DRAIN_SECONDS = 1;

/** Seconds an app has for its start, database included, before the rollout counts as failed. */
export const PROGRESS_SECONDS = 300;

/** Seconds an app's own start may take once its container runs. */
const STARTUP_SECONDS = 120;

/** What an environment's app consists of. */
export interface WorkloadPlan {
  env: ConfigMapArgs;
  deployment: DeploymentArgs;
  service: ServiceArgs;
  /** Undefined when the config switches it off. */
  ingress: IngressArgs | undefined;
}

/** Plans the app. Its port comes from `app.port` everywhere. */
export function planWorkload(context: PlanContext, databases: readonly DatabasePlan[]): WorkloadPlan {
  const { config, host } = context;
  const { port } = config.app;
  const skipAwait = { "pulumi.com/skipAwait": "true" };
  return {
    env: { metadata: metadata(context, APP_ENV, "app"), data: config.env },
    deployment: planDeployment(context, databases),
    service: {
      metadata: { ...metadata(context, "app", "app"), annotations: skipAwait },
      // The same number on both sides: the VPC CNI applies NetworkPolicies to a Service only then.
      spec: { selector: selector("app"), ports: [{ name: "http", port, targetPort: port }] },
    },
    ingress:
      host === null
        ? undefined
        : {
            metadata: {
              ...metadata(context, "app", "app"),
              annotations: { ...config.ingress.annotations, ...skipAwait },
            },
            spec: {
              ingressClassName: context.platform.ingressClass,
              rules: [
                {
                  host,
                  http: {
                    paths: [
                      { path: "/", pathType: "Prefix", backend: { service: { name: "app", port: { number: port } } } },
                    ],
                  },
                },
              ],
            },
          },
  };
}

function planDeployment(context: PlanContext, databases: readonly DatabasePlan[]): DeploymentArgs {
  const { config, platform } = context;
  const about = metadata(context, "app", "app");
  const dirs = writableDirs(config.writableDirs);
  return {
    metadata: about,
    spec: {
      replicas: 1,
      revisionHistoryLimit: 1,
      progressDeadlineSeconds: PROGRESS_SECONDS,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: selector("app") },
      template: {
        metadata: { labels: podLabels(context, "app"), annotations: { [ANNOTATION.configHash]: hash(config.env) } },
        spec: {
          serviceAccountName: "app",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          priorityClassName: platform.priorityClasses.environment,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          securityContext: podSecurity(APP_USER),
          ...(databases.length > 0 ? { initContainers: databases.map(({ wait }) => wait) } : {}),
          containers: [planContainer(context, dirs, databases)],
          volumes: dirs.map(({ name }) => ({ name, emptyDir: { sizeLimit: WRITABLE_DIR_SIZE } })),
        },
      },
    },
  };
}

function planContainer(
  context: PlanContext,
  dirs: WritableDir[],
  databases: readonly DatabasePlan[],
): input.core.v1.Container {
  const { config, pr } = context;
  const health = { httpGet: { path: config.app.healthPath, port: config.app.port } };
  return {
    name: "app",
    image: pr.image,
    imagePullPolicy: "IfNotPresent",
    ports: [{ name: "http", containerPort: config.app.port }],
    // Later sources win over earlier ones, and single variables over all of them.
    envFrom: [{ configMapRef: { name: APP_ENV } }, ...planEnvFrom(config.envFrom)],
    env: [...injected(context), ...databases.flatMap(injectedDatabase)],
    resources: canonical(config.resources),
    securityContext: CONTAINER_SECURITY,
    startupProbe: { ...health, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: STARTUP_SECONDS },
    readinessProbe: { ...health, periodSeconds: 3, timeoutSeconds: 3, failureThreshold: 3 },
    livenessProbe: { ...health, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    lifecycle: { preStop: { sleep: { seconds: DRAIN_SECONDS } } },
    volumeMounts: dirs.map(({ name, path }) => ({ name, mountPath: path })),
  };
}

function injected({ config, pr, url }: PlanContext): input.core.v1.EnvVar[] {
  const variables: Record<string, string | null> = {
    PORT: String(config.app.port),
    PR_NUMBER: String(pr.number),
    COMMIT_SHA: pr.commit,
    BRANCH_NAME: pr.branch,
    APP_VERSION: `pr-${pr.number}-${pr.commit.slice(0, 7)}`,
    PREVIEW_URL: url,
  };
  return Object.entries(variables).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}

function injectedDatabase({ engine, variables }: DatabasePlan): input.core.v1.EnvVar[] {
  return variables.map((name) => fromSecret(engine, name));
}

interface WritableDir {
  name: string;
  path: string;
}

/** The folders an app may write to: /tmp and those of the config, each a volume named by its place in the list. */
function writableDirs(configured: readonly string[]): WritableDir[] {
  return [...new Set(["/tmp", ...configured])].map((path, index) => ({ name: `writable-${index}`, path }));
}

function canonical({ requests, limits }: Resources): Resources {
  const each = ({ cpu, memory }: Resources["limits"]) => ({
    cpu: formatCpu(parseCpu(cpu)),
    memory: formatBytes(parseBytes(memory)),
  });
  return { requests: each(requests), limits: each(limits) };
}

/** Short hash of variables, whatever their order. */
function hash(variables: Record<string, string>): string {
  const sorted = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16);
}
