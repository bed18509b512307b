import { enabledEngines, isOperated, settingsOf } from "./databases";
import { filledEngines } from "./jobs";
import { hasEgressProxy } from "./egress";
import type { EgressHosts } from "./egress";
import { DATABASE_RESOURCES, EGRESS_PROXY_RESOURCES, PROXY_RESOURCES, SEED_RESOURCES, WAIT_RESOURCES } from "./limits";
import type { Resources } from "./limits";
import { formatBytes, formatCpu, parseBytes, parseCpu } from "./quantity";
import type { Config } from "./schema";
import { APP, portsOf, workloadsOf } from "./workloads";
import type { WorkloadConfig } from "./workloads";

/**
 * How many pods of an app or service fit at once: those that run, the one that a rolling update starts beside them, and as many as
 * run that are still ending, since an ended pod counts until it is gone.
 */
export function podsOf({ replicas }: Pick<WorkloadConfig, "replicas">): number {
  return 2 * replicas + 1;
}

/** Pods of a database that count at once: the running one, and one that is still ending on a lost node. */
export const DATABASE_PODS = 2;

/** Pods of a proxy at once: the running one, and the one that an update starts beside it. */
export const PROXY_PODS = 2;

/** Pods of jobs that count at once: the one that runs, and one of the commit before that is still ending. */
export const JOB_PODS = 2;

/** Pods for people: `kubectl debug`, a one-off Job. They take what LimitRange gives by default, if the quota has it left. */
export const SPARE_PODS = 2;

/** Limits may exceed what is computed by this much, so that a pod for debugging finds some room. As in k8s-ee. */
export const LIMITS_HEADROOM = 1.15;

/** ConfigMaps and Secrets in an environment, those of its app (envFrom) included; each service has one ConfigMap more. As in k8s-ee. */
export const MAX_CONFIG_MAPS = 15;
export const MAX_SECRETS = 25;

/** `spec.hard` of an environment's ResourceQuota. */
export type Quota = Record<string, string>;

interface Need {
  pods: number;
  each: { cpuRequest: number; cpuLimit: number; memoryRequest: number; memoryLimit: number };
}

/**
 * Computes the quota of an environment from what its config enables, so that everything in it fits, updates included, and nothing
 * else does. Storage is what the config asks for, not an allowance.
 *
 * Load balancers and node ports are zero: an environment is reached through the gateway only.
 *
 * @param isGuarded whether a proxy stands before it, as in access mode oidc
 * @param egressHosts what enforces rules by host name on the platform
 */
export function planQuota(config: Config, isGuarded = false, egressHosts: EgressHosts = "proxy"): Quota {
  const engines = enabledEngines(config.databases);
  const workloads = workloadsOf(config);
  const proxies = [
    ...(isGuarded ? [PROXY_RESOURCES] : []),
    ...(hasEgressProxy(config, egressHosts) ? [EGRESS_PROXY_RESOURCES] : []),
  ];
  const seeds = filledEngines(config.databases).length;
  const jobPods = config.jobs.length > 0 ? JOB_PODS : 0;
  const needs: Need[] = [
    ...workloads.map((workload) => ({
      // Jobs are pods like the app's.
      pods: podsOf(workload) + (workload.name === APP ? jobPods : 0),
      // The init containers run one after the other, so that one stands for all of them.
      each: workload.engines.length > 0 ? podNeed(workload.resources, WAIT_RESOURCES) : podNeed(workload.resources),
    })),
    { pods: seeds, each: podNeed(SEED_RESOURCES, WAIT_RESOURCES) },
    ...engines.map((engine) => ({ pods: 1, each: podNeed(DATABASE_RESOURCES[engine]) })),
    ...proxies.map((resources) => ({ pods: PROXY_PODS, each: podNeed(resources) })),
  ];
  const pods = workloads.reduce((total, workload) => total + podsOf(workload), 0);
  // A renamed service comes before the old one goes, so that each counts twice. Pods have that room anyway.
  const reached = workloads
    .filter((workload) => portsOf(workload).length > 0)
    .reduce((total, { name }) => total + (name === APP ? 1 : 2), 0);
  const volumes = engines.map((engine) => settingsOf(config.databases, engine).storage);
  const sum = (field: keyof Need["each"]) => needs.reduce((total, { pods, each }) => total + pods * each[field], 0);
  const limitBytes = Math.ceil((sum("memoryLimit") * LIMITS_HEADROOM) / MEBIBYTE) * MEBIBYTE;
  return {
    "requests.cpu": formatCpu(sum("cpuRequest")),
    "requests.memory": formatBytes(sum("memoryRequest")),
    "limits.cpu": formatCpu(Math.ceil(round(sum("cpuLimit") * LIMITS_HEADROOM))),
    "limits.memory": formatBytes(limitBytes),
    "requests.storage": formatBytes(volumes.reduce((total, size) => total + parseBytes(size), 0)),
    persistentvolumeclaims: String(volumes.length),
    pods: String(pods + jobPods + seeds + volumes.length * DATABASE_PODS + proxies.length * PROXY_PODS + SPARE_PODS),
    // CloudNativePG makes one of its own beside ours.
    services: String(reached + volumes.length + (isOperated(config.databases) ? 1 : 0) + proxies.length),
    "services.loadbalancers": "0",
    "services.nodeports": "0",
    configmaps: String(MAX_CONFIG_MAPS + config.services.length),
    secrets: String(MAX_SECRETS),
  };
}

/**
 * The larger of two quotas, resource by resource. What only one of them names is taken from there.
 *
 * An update needs room for what was there before it beside what comes with it: the quota may shrink only when nothing of before is
 * left, or the new pods wait for room that the old ones hold until the new ones run.
 */
export function largerQuota(a: Quota, b: Quota): Quota {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return Object.fromEntries(
    keys.map((key) => {
      const [left, right] = [a[key] ?? "0", b[key] ?? "0"];
      return [key, amountOf(key, left) >= amountOf(key, right) ? left : right];
    }),
  );
}

/** Whether one quota has more than another of anything. */
export function outgrows(quota: Quota, other: Quota): boolean {
  return Object.entries(quota).some(([key, amount]) => amountOf(key, amount) > amountOf(key, other[key] ?? "0"));
}

function amountOf(key: string, text: string): number {
  return key.endsWith("cpu") ? parseCpu(text) : parseBytes(text);
}

const MEBIBYTE = 2 ** 20;

/** Takes the last bits of a binary fraction off, so that 600 × 1.15 is 690 and not 691 rounded up from 690.0000000000001. */
function round(value: number): number {
  return Number(value.toFixed(6));
}

/** What the scheduler and the quota count for a pod: the larger of its one container and of each init container. */
function podNeed(container: Resources, ...init: Resources[]): Need["each"] {
  const all = [container, ...init];
  const most = (read: (resources: Resources) => number) => Math.max(...all.map(read));
  return {
    cpuRequest: most(({ requests }) => parseCpu(requests.cpu)),
    cpuLimit: most(({ limits }) => parseCpu(limits.cpu)),
    memoryRequest: most(({ requests }) => parseBytes(requests.memory)),
    memoryLimit: most(({ limits }) => parseBytes(limits.memory)),
  };
}
