import { median } from "./statistics";

/** One deploy of a fresh environment. */
export interface Attempt {
  /** Seconds from the command's start to its end. */
  seconds: number;
  /** Containers that were restarted until then, and tries of jobs that failed. */
  restarts: number;
  /** Why it failed; undefined when it did not. */
  error?: string;
}

/** What came of many attempts. */
export interface Outcome {
  deploys: number;
  /** How many failed at the first attempt. */
  failed: number;
  restarts: number;
  /** Seconds of those that did not fail; undefined when all did. */
  seconds: { median: number; min: number; max: number } | undefined;
  /** Messages of those that failed, each once. */
  errors: string[];
}

/** Counts attempts. */
export function outcomeOf(attempts: readonly Attempt[]): Outcome {
  const times = attempts.filter(({ error }) => error === undefined).map(({ seconds }) => seconds);
  const errors = attempts.flatMap(({ error }) => error ?? []);
  return {
    deploys: attempts.length,
    failed: errors.length,
    restarts: attempts.reduce((total, { restarts }) => total + restarts, 0),
    seconds:
      times.length === 0 ? undefined : { median: median(times), min: Math.min(...times), max: Math.max(...times) },
    errors: [...new Set(errors)],
  };
}

/** The parts of a pod that tell restarts. */
export interface PodRestarts {
  status?: {
    phase?: string;
    initContainerStatuses?: { restartCount: number }[];
    containerStatuses?: { restartCount: number }[];
  };
}

/** Restarts of containers, and pods that failed: a job's try ends its pod. */
export function restartsOf(pods: readonly PodRestarts[]): number {
  return pods.reduce((total, { status }) => {
    const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
    const restarts = containers.reduce((sum, { restartCount }) => sum + restartCount, 0);
    return total + restarts + (status?.phase === "Failed" ? 1 : 0);
  }, 0);
}
