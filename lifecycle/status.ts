import { absent } from "./absent";
import type { KubeList, KubeObject } from "./kube";
import { summarise, type EnvironmentSummary } from "./list";
import type { EnvironmentName } from "./naming";
import { readRecords, type LifeRecord } from "./records";
import { findLease } from "./state";
import { isOwned } from "./sweep";
import { connect, type Target } from "./target";
import { diagnose, isReady, type KubeEvent, type Pod } from "./trouble";
import { explain } from "./waiting";

/** One pod of an environment. */
export interface PodSummary {
  readonly name: string;
  readonly ready: boolean;
  readonly phase: string;
  readonly restarts: number;
  readonly image: string;
}

/** Everything that is worth knowing about one environment. */
export interface EnvironmentStatus extends EnvironmentSummary {
  readonly workloads: readonly PodSummary[];
  /** What keeps it from being ready, in the pods' own words. */
  readonly troubles: readonly string[];
  /** The newest records, newest first. */
  readonly recent: readonly LifeRecord[];
}

/** Records that are shown. */
const recentRecords = 5;

/**
 * Looks at one environment.
 *
 * @throws BerthError (usage) when there is none of this name.
 */
export async function status(target: Target, name: EnvironmentName): Promise<EnvironmentStatus> {
  const kube = await connect(target);
  const path = `/api/v1/namespaces/${name.namespace}`;
  const [namespace, pods, events, lease, records] = await Promise.all([
    kube.find<KubeObject>(path),
    kube.get<KubeList<Pod>>(`${path}/pods`),
    kube.get<KubeList<KubeEvent>>(`${path}/events`),
    findLease(kube, name.namespace),
    readRecords(target, name.namespace),
  ]);
  if (namespace === undefined || !isOwned(namespace, name)) {
    const last = records[0];
    throw absent(target, name, last ? ` Its last ${last.verb} was at ${last.time} (${last.outcome}).` : "");
  }
  const troubles = diagnose(pods.items, events.items, 0, kube.now());
  return {
    ...summarise(kube, namespace, { pods: pods.items, lease, records }),
    workloads: pods.items.map(summarisePod),
    troubles: await Promise.all(troubles.map((trouble) => explain(kube, name.namespace, trouble))),
    recent: records.slice(0, recentRecords),
  };
}

function summarisePod(pod: Pod): PodSummary {
  const containers = pod.status?.containerStatuses ?? [];
  return {
    name: pod.metadata.name,
    ready: isReady(pod),
    phase: pod.metadata.deletionTimestamp === undefined ? (pod.status?.phase ?? "Unknown") : "Terminating",
    restarts: containers.reduce((sum, container) => sum + (container.restartCount ?? 0), 0),
    image: containers[0]?.image ?? "",
  };
}
