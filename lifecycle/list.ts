import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ANNOTATION, LABEL, MANAGED_BY } from "../config/labels";
import { parseStackName } from "../config/names";
import { hasCode } from "./errors";
import { isJobPod } from "./jobs";
import type { Kube, KubeList, KubeObject } from "./kube";
import { availability, leasesPath, viewLease, type LeaseObject, type LeaseView } from "./lease";
import { environmentName, pulumiProject, type EnvironmentName } from "./naming";
import { thisProcess } from "./process";
import { readRecords, type LifeRecord } from "./records";
import { readState } from "./recovery";
import { connect, type Target } from "./target";
import { isReady, type Pod } from "./trouble";
import { backendFolder } from "./workspace";

/**
 * Where an environment is in its life. `unready`: it was deployed and some pod is not ready now; `orphaned`: its state is
 * there and its namespace is not; `asleep`: its pods are stopped until it is woken or deployed.
 */
export type State = "creating" | "updating" | "ready" | "asleep" | "unready" | "failed" | "destroying" | "orphaned";

/** One environment in a list. */
export interface EnvironmentSummary {
  readonly environment: string;
  readonly project: string;
  readonly pr: number;
  readonly state: State;
  readonly commit: string;
  readonly owner: string;
  /** How much its code is trusted: `trusted`, `internal` or `fork`; empty where its namespace does not say it. */
  readonly trust: string;
  readonly url: string;
  /** URLs of the public services, by name. */
  readonly serviceUrls: Readonly<Record<string, string>>;
  /** When the namespace was made, ISO 8601; empty for an orphaned state. */
  readonly created: string;
  /** When it may be removed, ISO 8601; empty for never. */
  readonly expires: string;
  /** When its pods may be stopped, ISO 8601; empty for never. */
  readonly sleeps: string;
  readonly podsReady: number;
  readonly pods: number;
  /** Who works on it now. */
  readonly holder?: string;
}

/** What the state is derived from. */
export interface Facts {
  readonly namespace: boolean;
  readonly terminating: boolean;
  /** Whether its pods are stopped on purpose. */
  readonly asleep: boolean;
  /** What somebody does to it at present, if somebody does. */
  readonly doing?: LeaseView["desired"];
  readonly podsReady: number;
  readonly pods: number;
  /** The newest record. */
  readonly last?: Pick<LifeRecord, "verb" | "outcome">;
  /** Whether any deploy has ever succeeded. */
  readonly everDeployed: boolean;
}

/** The state of an environment, from what can be seen of it. */
export function stateOf(facts: Facts): State {
  if (facts.terminating || facts.doing === "absent") return "destroying";
  if (facts.doing === "present") return facts.everDeployed ? "updating" : "creating";
  if (!facts.namespace) return "orphaned";
  const succeeded = facts.last?.outcome === "done" || facts.last?.outcome === "unchanged";
  if (facts.last?.verb === "deploy" && !succeeded) return "failed";
  if (facts.asleep) return "asleep";
  return facts.podsReady === facts.pods && facts.pods > 0 ? "ready" : "unready";
}

/** Every environment on a cluster: from namespaces, from Leases and from the stacks of the state. */
export async function list(target: Target, project?: string): Promise<EnvironmentSummary[]> {
  const kube = await connect(target);
  const selector = `${LABEL.managedBy}=${MANAGED_BY},${LABEL.environment}`;
  const [namespaces, pods, leases, records, stacks] = await Promise.all([
    kube.get<KubeList>("/api/v1/namespaces", { query: { labelSelector: selector } }),
    kube.get<KubeList<Pod>>("/api/v1/pods", { query: { labelSelector: LABEL.environment } }),
    kube.find<KubeList<LeaseObject>>(leasesPath),
    readRecords(target),
    stackNames(target),
  ]);
  const names = new Set(namespaces.items.map((namespace) => namespace.metadata.name));
  const orphaned = stacks.filter((stack) => !names.has(stack.namespace));
  const known = (name: string): Known => ({
    pods: pods.items.filter((pod) => pod.metadata.namespace === name),
    lease: leases?.items.map(viewLease).find((lease) => lease.name === name),
    records: records.filter((record) => record.environment === name),
  });
  const all = [
    ...namespaces.items.map((namespace) => summarise(kube, namespace, known(namespace.metadata.name))),
    ...orphaned.map((stack) => orphan(kube, stack, known(stack.namespace))),
  ];
  return all
    .filter((environment) => project === undefined || environment.project === project)
    .sort((a, b) => a.project.localeCompare(b.project) || a.pr - b.pr);
}

/** What is known of an environment beside its namespace. */
export interface Known {
  readonly pods: readonly Pod[];
  readonly lease: LeaseView | undefined;
  /** Newest first. */
  readonly records: readonly LifeRecord[];
}

/** One line about a namespace of Berth's. */
export function summarise(kube: Kube, namespace: KubeObject, known: Known): EnvironmentSummary {
  const { name, labels = {}, annotations = {}, creationTimestamp = "", deletionTimestamp } = namespace.metadata;
  const pods = known.pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.phase !== "Succeeded" && !isJobPod(pod),
  );
  const ready = pods.filter(isReady).length;
  const deployed = known.records.find((record) => record.outcome === "done" && record.verb === "deploy");
  return {
    environment: name,
    project: labels[LABEL.project] ?? "",
    pr: Number(labels[LABEL.pr] ?? 0),
    state: stateOf({
      ...factsOf(kube, known),
      namespace: true,
      terminating: deletionTimestamp !== undefined,
      asleep: annotations[ANNOTATION.asleep] === "true",
      pods: pods.length,
      podsReady: ready,
    }),
    commit: labels[LABEL.commit] ?? "",
    owner: labels[LABEL.owner] ?? "",
    trust: labels[LABEL.trust] ?? "",
    url: deployed?.url ?? "",
    serviceUrls: deployed?.serviceUrls ?? {},
    created: creationTimestamp,
    expires: annotations[ANNOTATION.expiresAt] ?? "",
    sleeps: annotations[ANNOTATION.sleepAt] ?? "",
    podsReady: ready,
    pods: pods.length,
    ...holderOf(kube, known),
  };
}

function orphan(
  kube: Kube,
  name: { projectId: string; number: number; namespace: string },
  known: Known,
): EnvironmentSummary {
  return {
    environment: name.namespace,
    project: name.projectId,
    pr: name.number,
    state: stateOf({
      ...factsOf(kube, known),
      namespace: false,
      terminating: false,
      asleep: false,
      pods: 0,
      podsReady: 0,
    }),
    commit: "",
    owner: "",
    trust: "",
    url: "",
    serviceUrls: {},
    created: "",
    expires: "",
    sleeps: "",
    podsReady: 0,
    pods: 0,
    ...holderOf(kube, known),
  };
}

function factsOf(kube: Kube, known: Known): Pick<Facts, "doing" | "last" | "everDeployed"> {
  const { lease, records } = known;
  const held = lease && availability(lease, kube.now(), thisProcess()) === "held";
  const sinceDestroy = records.slice(
    0,
    indexOrAll(
      records.findIndex((record) => record.verb === "destroy" && record.outcome === "done"),
      records.length,
    ),
  );
  return {
    doing: held ? lease.holder?.doing : undefined,
    last: records[0],
    everDeployed: sinceDestroy.some((record) => record.verb === "deploy" && record.outcome === "done"),
  };
}

function indexOrAll(index: number, all: number): number {
  return index === -1 ? all : index;
}

function holderOf(kube: Kube, { lease }: Known): { holder?: string } {
  const held = lease && availability(lease, kube.now(), thisProcess()) === "held";
  return held && lease.holder ? { holder: lease.holder.identity } : {};
}

/**
 * Environments whose stack has resources, where the backend is a folder. An empty stack is what a deploy leaves that failed
 * before it began, and is nobody's environment.
 */
async function stackNames(target: Target): Promise<EnvironmentName[]> {
  const root = backendFolder(target);
  if (root === undefined) return [];
  const files = await readdir(join(root, "stacks", pulumiProject)).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  const names = files.flatMap((file) => {
    const key = file.endsWith(".json") ? parseStackName(file.slice(0, -".json".length)) : undefined;
    return key === undefined ? [] : [environmentName(key.projectId, key.number)];
  });
  const states = await Promise.all(names.map((name) => readState(target, name.stack)));
  return names.filter((_, index) => {
    const state = states[index];
    return state === undefined || state.resources.length + state.pending.length > 0;
  });
}
