import { adviceOn } from "./advice";
import type { EngineResult } from "./engine";
import { failureText, setupErrorOf } from "./engine-errors";
import { BerthError, ExitCode } from "./errors";
import type { Kube } from "./kube";
import type { EnvironmentName } from "./naming";
import type { Target } from "./target";
import type { Trouble } from "./trouble";
import { explain, masker, type Waiting } from "./waiting";

/** What was seen of an environment while the engine waited for it. */
export type Watched = Pick<Waiting, "hopeless" | "troubles" | "failedJobs">;

/**
 * Why an update of an environment failed: the set-up, a pod that says so itself, time, or what the engine says. Ends the jobs that
 * hang.
 *
 * @param timedOutAfter Seconds; undefined when there was time left.
 */
export async function updateFailure(
  target: Target,
  kube: Kube,
  name: EnvironmentName,
  result: EngineResult,
  waiting: Watched,
  timedOutAfter: number | undefined,
): Promise<BerthError> {
  const hopeless = waiting.hopeless.aborted ? (waiting.hopeless.reason as Trouble) : undefined;
  const setup = hopeless ? undefined : await setupErrorOf(target, kube, result);
  if (setup) return setup;
  const jobs = hopeless ? [] : await waiting.failedJobs().catch(() => []);
  // A job that failed ends the deploy: what else there is to say is not why.
  const troubles = hopeless ? [hopeless] : jobs.length > 0 ? jobs : waiting.troubles();
  const after = timedOutAfter === undefined ? "" : ` after ${timedOutAfter} s`;
  const head = `${name.namespace} did not become ready${after}`;
  const again = "Then deploy again, or remove it with `berth destroy`.";
  if (troubles.length === 0) {
    // The engine masks what it knows to be secret; an API server's refusal may quote an object.
    const hide = await masker(kube, name.namespace).catch(() => (text: string) => text);
    return new BerthError(`${head}: ${hide(failureText(result))}`, {
      fix: `correct what the message names. ${again}`,
      exitCode: ExitCode.environmentFailed,
    });
  }
  const explained = await Promise.all(troubles.map((trouble) => explain(kube, name.namespace, trouble)));
  await endJobs(kube, name, troubles);
  const fixes = [...troubles.map((trouble) => trouble.fix), ...explained.flatMap((words) => adviceOn(words))];
  return new BerthError(`${head}: ${explained.join("\n")}`, {
    fix: `${[...new Set(fixes)].join(" ")} ${again}`,
    exitCode: ExitCode.environmentFailed,
  });
}

/** Removes jobs that hang, with their pods, so that they hold no lock in a database and the next deploy begins them anew. */
async function endJobs(kube: Kube, name: EnvironmentName, troubles: readonly Trouble[]): Promise<void> {
  for (const { endJob } of troubles) {
    if (endJob === undefined) continue;
    await kube.delete(`/apis/batch/v1/namespaces/${name.namespace}/jobs/${endJob}`, {
      propagationPolicy: "Background",
    });
  }
}
