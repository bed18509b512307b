import { z } from "zod";

/**
 * Seconds of one core to compile a package, before a build on this machine has been measured: what a build from nothing took
 * on a 2-core virtual machine with nothing else to do.
 */
export const DEFAULT_SECONDS_PER_PACKAGE = 0.26;

/** Seconds to link one binary, measured on the same machine: 8 to 12. */
export const LINK_SECONDS = 10;

/** A build of fewer packages than this says too little about the machine's speed to be remembered. */
const ENOUGH_PACKAGES = 400;

/** A machine that seems further off the default than this was busy with something else. */
const FARTHEST = 4;

/** What is remembered of earlier builds. */
export const timingsSchema = z.object({ secondsPerPackage: z.number().positive() });

/** What is remembered of earlier builds. */
export type Timings = z.infer<typeof timingsSchema>;

/** A machine's speed, for {@link estimateSeconds}. */
export interface Speed {
  cores: number;
  /** From an earlier build on this machine, if there was one. */
  timings?: Timings;
}

/**
 * How long a build takes.
 *
 * @param work.packages packages still to compile.
 * @param work.binaries binaries still to link.
 * @param speed how fast the machine is.
 * @returns seconds of wall-clock time.
 */
export function estimateSeconds(work: { packages: number; binaries: number }, speed: Speed): number {
  const perPackage = speed.timings?.secondsPerPackage ?? DEFAULT_SECONDS_PER_PACKAGE;
  return (work.packages * perPackage + work.binaries * LINK_SECONDS) / Math.max(1, speed.cores);
}

/**
 * How much longer a running build takes, from its plan and from how it has gone so far: the longer it runs, the more its
 * own pace counts.
 *
 * @param progress.done packages compiled.
 * @param progress.total packages to compile.
 * @param progress.elapsedSeconds since the start.
 * @param progress.plannedSeconds what {@link estimateSeconds} said for the whole.
 * @returns seconds; never negative.
 */
export function remainingSeconds(progress: {
  done: number;
  total: number;
  elapsedSeconds: number;
  plannedSeconds: number;
}): number {
  const share = progress.total === 0 ? 1 : Math.min(1, progress.done / progress.total);
  const byPlan = Math.max(0, progress.plannedSeconds * (1 - share));
  if (share === 0) return byPlan;
  const byPace = (progress.elapsedSeconds * (1 - share)) / share;
  return byPlan * (1 - share) + byPace * share;
}

/**
 * What to remember of a build that has ended.
 *
 * @param build.packages packages that were compiled.
 * @param build.binaries binaries that were linked.
 * @param build.seconds wall-clock time.
 * @param build.cores processor cores.
 * @returns undefined when the build was too small to learn from.
 */
export function learn(build: {
  packages: number;
  binaries: number;
  seconds: number;
  cores: number;
}): Timings | undefined {
  if (build.packages < ENOUGH_PACKAGES) return undefined;
  const compiling = build.seconds * build.cores - build.binaries * LINK_SECONDS;
  if (compiling <= 0) return undefined;
  const measured = compiling / build.packages;
  const [least, most] = [DEFAULT_SECONDS_PER_PACKAGE / FARTHEST, DEFAULT_SECONDS_PER_PACKAGE * FARTHEST];
  return { secondsPerPackage: Math.min(most, Math.max(least, measured)) };
}
