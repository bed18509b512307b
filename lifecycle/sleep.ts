import { absent } from "./absent";
import { deployHeld, fingerprintKey, assertOwned, type DeployOptions, type StackValues } from "./deploy";
import { BerthError, ExitCode } from "./errors";
import { availability } from "./lease";
import { list, type EnvironmentSummary } from "./list";
import { environmentName, type EnvironmentName } from "./naming";
import { ensurePlatform } from "./platform";
import { thisProcess } from "./process";
import { silent } from "./progress";
import { recorded, Recorder } from "./records";
import { acquire, findLease } from "./state";
import { connect, type Target } from "./target";
import { withRecordedTrust } from "./trust";
import { readStackConfig, writeProject } from "./workspace";

/** An environment whose pods were stopped or started. */
export interface SleepResult {
  readonly environment: string;
  readonly asleep: boolean;
  readonly url: string;
  readonly outcome: "done" | "unchanged";
  /** Seconds by phase. */
  readonly durations: Readonly<Record<string, number>>;
}

/** How to do it. */
export type SleepOptions = Omit<DeployOptions, "automatic" | "refresh" | "patience">;

/**
 * Stops the pods of an environment, or starts them again, as it was last deployed. Volumes, passwords, network policies and URL
 * stay. It is an update of the stack like any other: safe to repeat and to kill, and a deploy wakes what sleeps.
 *
 * @throws BerthError when there is no such environment, somebody works on it, or its pods do not come up
 */
export async function setAsleep(
  target: Target,
  name: EnvironmentName,
  asleep: boolean,
  options: SleepOptions,
): Promise<SleepResult> {
  const recorder = new Recorder(asleep ? "sleep" : "wake", name, options.who);
  const work = async () => {
    const { url, outcome } = await change(target, name, asleep, options, recorder);
    return { environment: name.namespace, asleep, url, outcome };
  };
  return recorded(target, recorder, work, ({ outcome }) => outcome);
}

async function change(
  target: Target,
  name: EnvironmentName,
  asleep: boolean,
  options: SleepOptions,
  recorder: Recorder,
): Promise<{ url: string; outcome: "done" | "unchanged" }> {
  const progress = options.progress ?? silent;
  const kube = await recorder.phase("connect", () => connect(target));
  if (!(await assertOwned(kube, name))) throw absent(target, name);
  await writeProject(target);
  const last = await readStackConfig(target, name.stack);
  const pr = last?.["berth:pr"] as StackValues["berth:pr"] | undefined;
  if (last === undefined || pr === undefined) {
    throw new BerthError(`what ${name.namespace} was last deployed with is not kept on this machine`, {
      fix: "run the command where it was deployed from, or deploy it again, which wakes it.",
      exitCode: ExitCode.usage,
    });
  }
  // A deploy is never stopped for a sleep, so this must not leave a newer request in the Lease while one runs.
  const lease = await findLease(kube, name.namespace);
  if (lease && availability(lease, kube.now(), thisProcess()) === "held") {
    throw new BerthError(`${name.namespace} is being worked on by ${lease.holder?.identity ?? "somebody"}`, {
      fix: "wait until that is done, then run the command again.",
      exitCode: ExitCode.busy,
    });
  }
  await recorder.phase("platform", () => ensurePlatform(target, kube, progress, options));
  progress({ kind: "phase", text: `${asleep ? "stopping" : "starting"} the pods of ${name.namespace}` });
  const noted = last[fingerprintKey];
  const print = typeof noted === "string" ? noted : "";
  const held = await recorder.phase("lease", () =>
    acquire(
      kube,
      name.namespace,
      { desired: "present", commit: pr.commit, fingerprint: print },
      { behind: true, signal: options.signal },
    ),
  );
  if (held === undefined) {
    throw new BerthError(`the platform's namespace vanished while ${name.namespace} was about to be changed`, {
      fix: "run the command again.",
    });
  }
  try {
    const values = { ...(last as unknown as StackValues), "berth:pr": { ...pr, asleep: asleep ? true : undefined } };
    const settle = () => withRecordedTrust(kube, name, values["berth:pr"]);
    const result = await deployHeld(target, kube, name, values, settle, print, held, options, recorder);
    return { url: result.url, outcome: result.outcome === "unchanged" ? "unchanged" : "done" };
  } finally {
    await held.release();
  }
}

/** What became of each environment that was due. */
export interface DueResult {
  readonly asleep: readonly string[];
  readonly failed: readonly { readonly environment: string; readonly message: string }[];
}

/** Whether an environment's time to sleep has come. */
export function isDue(environment: Pick<EnvironmentSummary, "sleeps" | "state">, now: number): boolean {
  const runs = environment.state === "ready" || environment.state === "unready";
  return runs && environment.sleeps !== "" && Date.parse(environment.sleeps) <= now;
}

/** Stops every environment whose time to sleep has come, one after the other; one that fails does not keep the others awake. */
export async function sleepDue(target: Target, options: SleepOptions): Promise<DueResult> {
  const kube = await connect(target);
  // Any answer of the server tells its time, which the dates are in.
  const due = (await list(target)).filter((environment) => isDue(environment, kube.now()));
  const asleep: string[] = [];
  const failed: { environment: string; message: string }[] = [];
  for (const { project, pr, environment } of due) {
    if (options.signal?.aborted) break;
    try {
      await setAsleep(target, environmentName(project, pr), true, options);
      asleep.push(environment);
    } catch (error) {
      failed.push({ environment, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { asleep, failed };
}
