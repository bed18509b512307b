import { canRotate, ENGINE_TITLES, enabledEngines, type Engine } from "../config/databases";
import { parseConfig } from "../config/parse";
import type { PrConfig } from "../config/pr";
import { absent } from "./absent";
import { assertOwned, openRecorded, updateHeld } from "./deploy";
import { runEngine } from "./engine";
import { failureText, setupError } from "./engine-errors";
import { BerthError, ExitCode } from "./errors";
import type { EnvironmentName } from "./naming";
import type { PoliciesLeftOut, PolicyChoice } from "./policies";
import type { PolicySummary } from "./policy-report";
import { silent, type Progress, type Stops } from "./progress";
import { recorded, Recorder } from "./records";
import type { StackState } from "./recovery";
import { runIdFor } from "./run-id";
import { acquire } from "./state";
import { connect, type Target } from "./target";
import { withRecordedTrust } from "./trust";
import { readStackConfig, writeProject } from "./workspace";

/** How to rotate. */
export interface RotateOptions extends Stops {
  /** Who asks for it, for the record. */
  readonly who: string;
  /** Databases that get a new password. @default all that the environment has and whose password can be changed */
  readonly databases?: readonly Engine[];
  readonly progress?: Progress;
  /** Seconds until it is given up. @default 600 */
  readonly timeout?: number;
  /** Seconds to wait for another command that works on the same environment. @default 900 */
  readonly patience?: number;
  /** The rules that judge it, before and while it is changed. @default none */
  readonly policies?: PolicyChoice | PoliciesLeftOut;
}

/** An environment with new passwords. */
export interface RotateResult {
  readonly environment: string;
  /** Databases that have a new password. */
  readonly databases: readonly Engine[];
  /** When the passwords were asked for, ISO 8601; the pods that read them carry it as an annotation. */
  readonly at: string;
  readonly outcome: "done";
  /** Resources created, updated, deleted, left alone. */
  readonly changes: Readonly<Record<string, number>>;
  /** How it was judged, or why it was not. */
  readonly policies?: PolicySummary | PoliciesLeftOut;
  /** Seconds by phase. */
  readonly durations: Readonly<Record<string, number>>;
}

/**
 * Gives databases of an environment new passwords and keeps their data: each server takes its new password at a restart, then the
 * app restarts with it. The old password works no longer, and what was logged in with it is cut off.
 *
 * Safe to repeat and safe to kill: passwords are made by the engine and kept encrypted in its state, and each step brings its part to
 * the newest of them, whatever it was at. After a kill the next rotation or deploy ends with one password everywhere.
 *
 * @throws BerthError
 */
export async function rotate(target: Target, name: EnvironmentName, options: RotateOptions): Promise<RotateResult> {
  const recorder = new Recorder("rotate", name, options.who);
  return recorded(
    target,
    recorder,
    () => rotateRecorded(target, name, options, recorder),
    () => "done",
  );
}

async function rotateRecorded(
  target: Target,
  name: EnvironmentName,
  options: RotateOptions,
  recorder: Recorder,
): Promise<Omit<RotateResult, "durations">> {
  const progress = options.progress ?? silent;
  const pack = await openRecorded(options.policies, recorder);
  const kube = await recorder.phase("connect", () => connect(target));
  await assertOwned(kube, name);
  if ((await kube.find(`/api/v1/namespaces/${name.namespace}`)) === undefined) throw absent(target, name);
  await writeProject(target);
  progress({ kind: "phase", text: `changing passwords of ${name.namespace}` });
  const request = { desired: "present", commit: "", fingerprint: "" } as const;
  const lease = await recorder.phase("lease", () =>
    acquire(kube, name.namespace, request, {
      behind: true,
      patience: options.patience === undefined ? undefined : options.patience * 1000,
      signal: options.signal,
      onWait: (holder) => {
        progress({ kind: "detail", text: `waiting for ${holder}, who works on it` });
      },
    }),
  );
  if (lease === undefined) throw absent(target, name);
  // The API server's clock, so that times of several machines are in order.
  const at = new Date(kube.now()).toISOString();
  const limited = { ...options, pack, timeout: options.timeout ?? 600 };
  let databases: readonly Engine[] = [];
  try {
    const result = await updateHeld(target, kube, name, lease, limited, recorder, async (state) => {
      const config = await lastConfig(target, name, state);
      databases = chosen(name, config, options.databases);
      recorder.details.databases = databases;
      const pr = await withRecordedTrust(kube, name, config["berth:pr"] as PrConfig);
      return { ...config, "berth:pr": pr, "berth:rotate": { at, databases } };
    });
    const { changes } = result.summary;
    const { policies } = recorder.details;
    return { environment: name.namespace, databases, at, outcome: "done", changes, ...(policies && { policies }) };
  } catch (error) {
    if (lease.stop.reason === "superseded") throw overtaken(name);
    throw error;
  } finally {
    await lease.release();
  }
}

/** The configuration of the last deploy: from this machine, else from the state's history. */
async function lastConfig(
  target: Target,
  name: EnvironmentName,
  state: StackState | undefined,
): Promise<Record<string, unknown>> {
  if (state?.exists === false) throw stateLost(name);
  const present = await readStackConfig(target, name.stack);
  if (present?.["berth:config"] !== undefined) return present;
  const runId = runIdFor(target, name.stack);
  const args = ["config", "refresh", "--force", "--stack", name.stack];
  const result = await runEngine(target, args, { runId });
  if (result.code !== 0 && /no stack named/.test(result.stderr)) throw stateLost(name);
  const restored = await readStackConfig(target, name.stack);
  if (result.code === 0 && restored?.["berth:config"] !== undefined) return restored;
  throw (
    setupError(target, result) ??
    new BerthError(`the configuration of ${name.namespace} is not known: ${failureText(result)}`, {
      fix: "deploy it once more, then rotate again.",
      exitCode: ExitCode.environmentFailed,
    })
  );
}

/** The databases to rotate, in the order in which they are listed. */
function chosen(name: EnvironmentName, config: Record<string, unknown>, wanted?: readonly Engine[]): Engine[] {
  const { databases } = parseConfig(config["berth:config"]);
  const possible = enabledEngines(databases).filter((engine) => canRotate(databases, engine));
  const missing = (wanted ?? []).filter((engine) => !possible.includes(engine));
  if (possible.length > 0 && missing.length === 0) {
    return possible.filter((engine) => wanted === undefined || wanted.includes(engine));
  }
  const titles = missing.map((engine) => ENGINE_TITLES[engine]);
  const what = possible.length === 0 ? "database" : titles.join(" and no ");
  throw new BerthError(`${name.namespace} has no ${what} whose password can be changed`, {
    fix:
      possible.length === 0
        ? "it can be for every database but a PostgreSQL with an operator; `databases` in berth.yaml gives it one."
        : `give --database one of ${possible.join(", ")}, or leave it out for all of these.`,
    exitCode: ExitCode.usage,
  });
}

function stateLost(name: EnvironmentName): BerthError {
  return new BerthError(`${name.namespace} exists on the cluster, but its state is lost (stack ${name.stack})`, {
    fix: `bring the state back (PULUMI_BACKEND_URL), or run \`berth destroy ${name.namespace}\` and deploy again.`,
    exitCode: ExitCode.environmentFailed,
  });
}

function overtaken(name: EnvironmentName): BerthError {
  return new BerthError(`a newer request for ${name.namespace} has taken the place of this rotation`, {
    fix: "run `berth rotate` again when that is done: whether the passwords were changed before is not certain.",
    exitCode: ExitCode.busy,
  });
}
