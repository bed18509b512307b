import { CANARY_OPEN, EGRESS_CANARY } from "../config/egress";
import { SNAPSHOT } from "../config/jobs";
import { ANNOTATION, LABEL } from "../config/labels";
import { CANARY_ADVICE, CANARY_FAILED_ADVICE } from "./advice";
import type { ContainerStatus, Pod, Trouble } from "./trouble";

/*
 * What jobs (migrations, seeds) say of themselves: their pods stay when they end, each try a pod of its own.
 */

/** Label by which the Job controller marks the pods of one Job. */
const JOB_NAME = "batch.kubernetes.io/job-name";

/**
 * Seconds after which a job that is out of tries counts as hopeless. The engine sees it by itself within a second or two; this is for
 * one that does not.
 */
const endedPatience = 30;

/** Whether a pod is that of a job, so that its end is no failure of the environment. */
export function isJobPod(pod: Pod): boolean {
  return pod.metadata.labels?.[LABEL.job] !== undefined;
}

/**
 * What keeps jobs from ending well.
 *
 * @param pods Pods of jobs only.
 * @param since Tries that ended before this time do not count, milliseconds since 1970: they are those of an earlier deploy.
 * @param now The same clock.
 */
export function jobTroubles(pods: readonly Pod[], since: number, now: number): Trouble[] {
  const jobs = new Map<string, Pod[]>();
  for (const pod of pods) {
    const job = pod.metadata.labels?.[JOB_NAME] ?? pod.metadata.name;
    jobs.set(job, [...(jobs.get(job) ?? []), pod]);
  }
  return [...jobs].flatMap(([job, tries]) => jobTrouble(job, tries, since, now) ?? []);
}

function jobTrouble(job: string, tries: readonly Pod[], since: number, now: number): Trouble | undefined {
  if (tries.some((pod) => pod.status?.phase === "Succeeded")) return undefined;
  const ordered = [...tries].sort((a, b) => createdAt(a) - createdAt(b));
  const running = ordered.find((pod) => pod.status?.phase === "Running");
  const hanging = running && hangs(job, running, now);
  if (hanging) return hanging;
  const failed = ordered.filter((pod) => pod.status?.phase === "Failed" && endedAt(pod) >= since);
  const last = failed.at(-1);
  if (last === undefined) return undefined;
  const ended = containersOf(last).find(({ state }) => (state?.terminated?.exitCode ?? 0) !== 0);
  const most = Number(last.metadata.annotations?.[ANNOTATION.jobTries] ?? 1);
  const how =
    ended?.state?.terminated?.reason === "OOMKilled"
      ? "ran out of memory"
      : ended === undefined
        ? (last.status?.message ?? "failed without a word")
        : `ended with code ${ended.state?.terminated?.exitCode ?? "unknown"}`;
  const isOver = failed.length >= most;
  return {
    object: `job ${nameOf(last)} (pod ${last.metadata.name})`,
    reason: isOver ? "JobFailed" : "JobTryFailed",
    message: `${how}, try ${failed.length} of ${most}`,
    fix: fixOf(last, ended),
    ...(isOver ? { hopelessAfter: endedPatience } : {}),
    ...(ended ? { log: { pod: last.metadata.name, container: ended.name, previous: false } } : {}),
  };
}

function hangs(job: string, pod: Pod, now: number): Trouble | undefined {
  const [container] = pod.status?.containerStatuses ?? [];
  const started = Date.parse(container?.state?.running?.startedAt ?? "");
  const timeout = Number(pod.metadata.annotations?.[ANNOTATION.jobTimeout]);
  if (container === undefined || !(now - started > timeout * 1000)) return undefined;
  return {
    object: `job ${nameOf(pod)} (pod ${pod.metadata.name})`,
    reason: "JobTimeout",
    message: `ran for more than ${timeout} s and was ended`,
    fix: `see in its last lines what it waits for, or give it more time; it is ${whereOf(pod)} of berth.yaml.`,
    hopelessAfter: 0,
    log: { pod: pod.metadata.name, container: container.name, previous: false },
    endJob: job,
  };
}

function fixOf(pod: Pod, container: ContainerStatus | undefined): string {
  if (container?.name === EGRESS_CANARY)
    return container.state?.terminated?.exitCode === CANARY_OPEN ? CANARY_ADVICE : CANARY_FAILED_ADVICE;
  if (container?.name.startsWith("wait-for-") === true) {
    const engine = container.name.slice("wait-for-".length);
    return `see why ${engine} takes no connections: the log of pod ${engine}-0 says it.`;
  }
  if (container?.name === SNAPSHOT) {
    const [from] = whereOf(pod).split(" ");
    return `give ${from ?? ""}.from of berth.yaml an image with a command cp and a folder /snapshot that user 999 may read; the app was left as it was.`;
  }
  if (container?.state?.terminated?.reason === "OOMKilled") {
    return "raise resources.limits.memory in berth.yaml, or have the job hold less at once.";
  }
  return `correct ${whereOf(pod)} of berth.yaml or what it runs; the app was left as it was.`;
}

/** Where a job stands in berth.yaml. */
function whereOf(pod: Pod): string {
  const name = nameOf(pod);
  // Jobs of the config have names that begin with `job-`, whatever they are called.
  if (!pod.metadata.name.startsWith(`${name}-`)) return `jobs (${name})`;
  const database = `databases.${name.replace(/^seed-/, "")}`;
  const hasSnapshot = pod.status?.initContainerStatuses?.some((container) => container.name === SNAPSHOT) === true;
  return hasSnapshot ? `${database} (from, seed)` : `${database}.seed`;
}

function nameOf(pod: Pod): string {
  return pod.metadata.labels?.[LABEL.job] ?? pod.metadata.name;
}

function containersOf({ status }: Pod): ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

function createdAt({ metadata }: Pod): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

/** When the last of a pod's containers ended; for a pod without one, when it was made. */
function endedAt(pod: Pod): number {
  const ends = containersOf(pod).flatMap(({ state }) => Date.parse(state?.terminated?.finishedAt ?? "") || []);
  return Math.max(createdAt(pod), ...ends);
}
