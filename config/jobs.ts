import { enabledEngines } from "./databases";
import { parseDuration } from "./duration";
import type { Engine } from "./databases";
import { fromOf, seedOf } from "./seed";
import type { Config } from "./schema";

/* What runs to its end in an environment: migrations, seeds and the like. */

/** Name of all of them among the parts of an environment, and of their service account. */
export const JOB = "job";

/** Name of the container that takes a snapshot out of its image. */
export const SNAPSHOT = "snapshot";

/** A seed that fails does so again, unless its pod was lost; and half a mebibyte of statements is done in well under five minutes. */
const SEED = { retries: 1, timeout: 300 } as const;

/** Seconds that a database may take to be filled from a snapshot: a volume of 5 GiB, the largest, at 3 MiB each second. */
const SNAPSHOT_SECONDS = 1800;

/** First pause between two tries and the longest, seconds: what the Job controller does (Kubernetes, "Pod backoff failure policy"). */
const BACKOFF = { first: 10, most: 360 };

/** Databases that a job fills. */
export function filledEngines(databases: Config["databases"]): Engine[] {
  return enabledEngines(databases).filter(
    (engine) => seedOf(databases, engine).length > 0 || fromOf(databases, engine)?.image !== undefined,
  );
}

/** How long and how often filling a new database is tried. */
export function fillTimes(databases: Config["databases"], engine: Engine): { retries: number; timeout: number } {
  return fromOf(databases, engine)?.image === undefined ? SEED : { ...SEED, timeout: SNAPSHOT_SECONDS };
}

/** Whether an environment of this config has anything that runs to its end. */
export function hasJobs({ jobs, databases }: Pick<Config, "jobs" | "databases">): boolean {
  return jobs.length > 0 || filledEngines(databases).length > 0;
}

/**
 * Seconds after which a job has ended one way or the other, every try and pause included.
 *
 * @param timeout seconds of one try
 */
export function longestSeconds({ retries, timeout }: { retries: number; timeout: number }): number {
  const pauses = Array.from({ length: retries }, (_, index) => Math.min(BACKOFF.first * 2 ** index, BACKOFF.most));
  return (retries + 1) * timeout + pauses.reduce((total, pause) => total + pause, 0);
}

/** Seconds that the seeds and jobs of a config run at most: seeds side by side, then jobs one after another. */
export function jobSeconds({ jobs, databases }: Pick<Config, "jobs" | "databases">): number {
  const seeds = Math.max(0, ...filledEngines(databases).map((engine) => longestSeconds(fillTimes(databases, engine))));
  return jobs.reduce(
    (total, { retries, timeout }) => total + longestSeconds({ retries, timeout: parseDuration(timeout) }),
    seeds,
  );
}
