import { enabledEngines, variablesOf } from "./databases";
import { INJECTED_PROXY, hasEgressProxy } from "./egress";
import type { Engine } from "./engines";
import { jobSeconds } from "./jobs";
import { INJECTED_OAUTH } from "./oauth";
import { isAsked, startupSeconds } from "./probes";
import type { Config } from "./schema";

/* The app and the services of an environment, seen as one kind of thing: what runs pods and is not a database. */

/** Name of the app among them, and of its objects. */
export const APP = "app";

/** Variables that every app and service gets. PORT only where it has one. */
export const INJECTED = ["PORT", "PR_NUMBER", "COMMIT_SHA", "BRANCH_NAME", "APP_VERSION", "PREVIEW_URL"] as const;

type Service = Config["services"][number];

/** What the config says about the app or one service. */
export interface WorkloadConfig extends Pick<
  Service,
  | "command"
  | "args"
  | "protocol"
  | "env"
  | "envFrom"
  | "extraPorts"
  | "healthPath"
  | "probes"
  | "replicas"
  | "resources"
  | "writableDirs"
> {
  /** `app`, or the name of the service. Also that of its Deployment, Service and ServiceAccount. */
  name: string;
  /** Where in the config its env, resources and the like stand. */
  path: readonly (string | number)[];
  /** Port that it listens on; undefined when nobody connects to it. */
  port: number | undefined;
  /** Whether it has a URL behind the gateway. */
  isPublic: boolean;
  /** Databases that it reaches. */
  engines: readonly Engine[];
}

/** What the config says about the app. */
export function appOf(config: Config): WorkloadConfig {
  const { app, env, envFrom, resources, writableDirs, probes, ingress, databases } = config;
  return {
    ...app,
    name: APP,
    path: [],
    env,
    envFrom,
    resources,
    writableDirs,
    probes,
    extraPorts: [],
    isPublic: ingress.enabled,
    engines: enabledEngines(databases),
  };
}

/** The app, then the services in the order of the config. */
export function workloadsOf(config: Config): WorkloadConfig[] {
  return [
    appOf(config),
    ...config.services.map(({ public: isPublic, databases: engines, ...service }, index) => ({
      ...service,
      path: ["services", index],
      port: service.port,
      isPublic,
      engines,
    })),
  ];
}

/** Every port that others may connect to, the main one first. */
export function portsOf({ port, extraPorts }: Pick<WorkloadConfig, "port" | "extraPorts">): number[] {
  return [...(port === undefined ? [] : [port]), ...extraPorts];
}

/**
 * Variables that tell one workload where another is.
 *
 * @param workload the other
 * @param url its public URL; null when it has none
 * @returns `SERVICE_{NAME}_HOST`, `_PORT` and `_URL` for the way inside the environment, `PUBLIC_{NAME}_URL` for that of browsers
 */
export function addressVariables({ name, port }: WorkloadConfig, url: string | null): Record<string, string> {
  const key = name.toUpperCase().replaceAll("-", "_");
  return {
    ...(port === undefined
      ? {}
      : {
          [`SERVICE_${key}_HOST`]: name,
          [`SERVICE_${key}_PORT`]: String(port),
          [`SERVICE_${key}_URL`]: `http://${name}:${port}`,
        }),
    ...(url === null ? {} : { [`PUBLIC_${key}_URL`]: url }),
  };
}

/**
 * The addresses that a workload is told: those of all others, and the public one of its own where it is a service. The app's own are
 * PORT and PREVIEW_URL.
 *
 * @param urlOf gives the public URL of a service; null for none
 */
export function addressesFor(
  { name: self }: Pick<WorkloadConfig, "name">,
  config: Config,
  urlOf: (service: WorkloadConfig) => string | null,
): Record<string, string> {
  const all = workloadsOf(config).map((other) =>
    addressVariables(
      other.name === self ? { ...other, port: undefined } : other,
      other.name === APP ? null : urlOf(other),
    ),
  );
  return Object.assign({}, ...all) as Record<string, string>;
}

/** Names of all variables that one workload gets from Berth, whose values it therefore cannot set. */
export function injectedNames(config: Config, workload: WorkloadConfig): string[] {
  const addresses = addressesFor(workload, config, ({ isPublic }) => (isPublic ? "" : null));
  return [
    ...INJECTED,
    ...(config.oauth.callback ? INJECTED_OAUTH : []),
    ...(hasEgressProxy(config) ? INJECTED_PROXY : []),
    ...workload.engines.flatMap((engine) => variablesOf(config.databases, engine)),
    ...Object.keys(addresses),
  ];
}

/**
 * Seconds that pulling the images of a pod may take, one after the other. It is a time of its own, so that none of it is taken
 * from the start: a GiB at 2 MB/s, slower than any registry in the same region.
 */
export const PULL_SECONDS = 600;

/** Seconds that an app waits for its databases, which start side by side. */
export const DATABASE_WAIT_SECONDS = 180;

/** Seconds beside all that: scheduling, volumes, the first readiness. */
const SLACK_SECONDS = 30;

/**
 * Seconds without progress after which a rollout counts as failed: its pulls, its waiting and the whole of its start one after the
 * other. The kubelet counts the start from when the container runs, so that whatever the pull took, the start has its own time.
 */
export function progressSeconds({ engines, port, probes: { startup, readiness } }: WorkloadConfig): number {
  const ready = isAsked(readiness, port)
    ? readiness.initialDelaySeconds + readiness.periodSeconds * readiness.successThreshold
    : 0;
  return (
    PULL_SECONDS +
    (engines.length > 0 ? DATABASE_WAIT_SECONDS : 0) +
    startupSeconds(startup, port) +
    ready +
    SLACK_SECONDS
  );
}

/** Seconds without progress after which the egress proxy, which starts before the app, counts as failed. */
export const EGRESS_PROXY_SECONDS = PULL_SECONDS + 2 * SLACK_SECONDS;

/**
 * Seconds that a deploy of a config takes at most, unless something has failed: its egress proxy, its jobs, then its slowest app or
 * service.
 */
export function deploySeconds(config: Config): number {
  const slowest = Math.max(...workloadsOf(config).map(progressSeconds));
  const proxy = hasEgressProxy(config) ? EGRESS_PROXY_SECONDS : 0;
  return proxy + jobSeconds(config) + slowest + 2 * SLACK_SECONDS;
}
