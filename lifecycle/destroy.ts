import type { EngineResult } from "./engine";
import { failureText, setupError } from "./engine-errors";
import { assertOwned } from "./deploy";
import type { StackResource } from "./events";
import { BerthError, ExitCode, messageOf } from "./errors";
import type { Kube } from "./kube";
import type { EnvironmentName } from "./naming";
import { silent, type Progress, type Stops } from "./progress";
import { takeReceipt, type Receipt } from "./receipt";
import { fileNameOf, recorded, Recorder, writeBeside } from "./records";
import { acquire, interrupted, leaseLost, type Held } from "./state";
import { findStuck, stuckText, type Stuck } from "./stuck";
import { deleteCustomResources, endWorkloads, removeByLabel } from "./sweep";
import { connect, type Target } from "./target";
import { engineFailed, prepareStack, runStack, type StackRun } from "./update";
import { removeStackFile, writeProject } from "./workspace";

/** How to destroy an environment. */
export interface DestroyOptions extends Stops {
  /** Who asks for it, for the record. */
  readonly who: string;
  readonly progress?: Progress;
  /** Seconds that the cluster may take to delete everything. @default 180 */
  readonly timeout?: number;
  /** Seconds to wait for another command that works on the same environment. @default 900 */
  readonly patience?: number;
}

/** A destroyed environment. */
export interface DestroyResult {
  readonly environment: string;
  readonly receipt: Receipt;
  /** Where the receipt is kept. */
  readonly receiptFile: string;
  /** Whether there was anything to destroy. */
  readonly outcome: "done" | "unchanged";
  /** Seconds by phase. */
  readonly durations: Readonly<Record<string, number>>;
}

/**
 * Removes an environment and proves it. Needs nothing but its name: not the pull request, not its berth.yaml, and not even
 * the state, since what belongs to an environment carries its label.
 *
 * @throws BerthError (leftovers) that names what is left.
 */
export async function destroy(target: Target, name: EnvironmentName, options: DestroyOptions): Promise<DestroyResult> {
  const recorder = new Recorder("destroy", name, options.who);
  return recorded(
    target,
    recorder,
    () => destroyRecorded(target, name, options, recorder),
    ({ outcome }) => outcome,
  );
}

async function destroyRecorded(
  target: Target,
  name: EnvironmentName,
  options: DestroyOptions,
  recorder: Recorder,
): Promise<Omit<DestroyResult, "durations">> {
  const progress = options.progress ?? silent;
  const kube = await recorder.phase("connect", () => connect(target));
  await assertOwned(kube, name);
  await writeProject(target);
  progress({ kind: "phase", text: `destroying ${name.namespace}` });
  const lease = await recorder.phase("lease", () =>
    acquire(
      kube,
      name.namespace,
      { desired: "absent", commit: "", fingerprint: "" },
      {
        patience: options.patience === undefined ? undefined : options.patience * 1000,
        signal: options.signal,
        onWait: (holder) => {
          progress({ kind: "detail", text: `waiting for ${holder} to let go of it` });
        },
      },
    ),
  );
  try {
    const result = await destroyHeld(target, kube, name, lease, options, recorder);
    await lease?.remove();
    return result;
  } catch (error) {
    await lease?.release();
    throw error;
  }
}

async function destroyHeld(
  target: Target,
  kube: Kube,
  name: EnvironmentName,
  lease: Held | undefined,
  options: DestroyOptions,
  recorder: Recorder,
): Promise<Omit<DestroyResult, "durations">> {
  const progress = options.progress ?? silent;
  const timeout = AbortSignal.timeout((options.timeout ?? 180) * 1000);
  const signal = AbortSignal.any([lease?.stop, timeout, options.signal].filter((each) => each !== undefined));
  const run = { stack: name.stack, progress, leaseExpired: lease?.expired ?? false, signal, kill: options.kill };
  const assertGoing = async () => {
    if (options.signal?.aborted) throw interrupted();
    if (lease?.stop.aborted) throw leaseLost(name.namespace);
    if (timeout.aborted) throw stuckError(name, await findStuck(kube, name.namespace), recorder);
  };

  const { state } = await recorder.phase("prepare", () => prepareStack(target, run));
  const swept = await recorder.phase("custom-resources", () => deleteCustomResources(kube, name.namespace, signal));
  await assertGoing();

  const had: StackResource[] = [];
  if (state?.exists !== false) {
    const result = await recorder.phase("engine", () => runDestroy(target, kube, name, run));
    had.push(...result.summary.deleted);
    recorder.details.changes = result.summary.changes;
    await assertGoing();
    const missing = result.code !== 0 && /no stack named/.test(result.stderr);
    if (result.code !== 0 && !missing) {
      const setup = setupError(target, result);
      if (setup) throw setup;
      // The provider gives up on a deletion after a time of its own.
      const gaveUp = /finalizer|timed out|deadline/i.test(failureText(result));
      const stuck = gaveUp ? await findStuck(kube, name.namespace) : [];
      throw stuck.length > 0 ? stuckError(name, stuck, recorder) : engineFailed(target, name.stack, result);
    }
  }
  const removed = await recorder.phase("by-label", () => removeByLabel(kube, name, signal));
  await assertGoing();
  await removeStackFile(target, name.stack);

  progress({ kind: "phase", text: "looking for what is left" });
  const receipt = await recorder.phase("receipt", () =>
    takeReceipt(target, kube, name, had, [...swept, ...removed], options.signal),
  );
  if (options.signal?.aborted) throw interrupted();
  const file = fileNameOf(new Date(receipt.time), "receipt");
  const receiptFile = await writeBeside(target, name.namespace, file, receipt);
  recorder.details.receipt = file;
  if (receipt.left.length > 0) throw leftError(receipt, receiptFile);
  const outcome = had.length + removed.length + swept.length > 0 ? "done" : "unchanged";
  return { environment: name.namespace, receipt, receiptFile, outcome };
}

/** Runs the engine's destroy, and has the pods end while the namespace waits for its controller. */
async function runDestroy(
  target: Target,
  kube: Kube,
  name: EnvironmentName,
  run: StackRun & { signal: AbortSignal },
): Promise<EngineResult> {
  const ended = new AbortController();
  const workloads = endWorkloads(kube, name, AbortSignal.any([run.signal, ended.signal])).catch((error: unknown) => {
    // Only time is lost: the namespace controller deletes them as well.
    run.progress({ kind: "detail", text: `the workloads end with their namespace only: ${messageOf(error)}` });
  });
  try {
    return await runStack(target, ["destroy", "--remove"], run);
  } finally {
    ended.abort();
    await workloads;
  }
}

/** The error for a namespace that does not go: who holds it, and who would have to let go. */
function stuckError(name: EnvironmentName, stuck: readonly Stuck[], recorder: Recorder): BerthError {
  const head = `${name.namespace} is not gone after ${Math.round(recorder.times()["total"] ?? 0)} s`;
  if (stuck.length === 0) {
    return new BerthError(`${head}, though nothing in it waits for a finalizer`, {
      fix: "run the command again with a longer --timeout; if it stays, see whether an APIService is unavailable (`kubectl get apiservices`).",
      exitCode: ExitCode.leftovers,
    });
  }
  return new BerthError(`${head}:\n${stuck.map((each) => `  ${stuckText(each)}`).join("\n")}`, {
    fix: "bring that controller back, so that it can finish its work, then run `berth destroy` again. Removing a finalizer by hand leaves behind what it stands for.",
    exitCode: ExitCode.leftovers,
  });
}

function leftError(receipt: Receipt, file: string): BerthError {
  const lines = receipt.left.map(({ kind, name, finalizers, conditions = [] }) => {
    const held = finalizers === undefined ? "" : ` (finalizers: ${finalizers.join(", ")})`;
    return [`  ${kind} ${name}${held}`, ...conditions.map((each) => `    ${each}`)].join("\n");
  });
  if (receipt.notListed.length > 0) {
    lines.push(`  and what you have no right to list: ${receipt.notListed.map(({ type }) => type).join(", ")}`);
  }
  const count = receipt.left.length;
  return new BerthError(
    `${receipt.environment}: ${count} ${count === 1 ? "resource" : "resources"} left:\n${lines.join("\n")}`,
    {
      fix: `run \`berth destroy ${receipt.environment}\` again; if they stay, see who holds them. The receipt is ${file}.`,
      exitCode: ExitCode.leftovers,
    },
  );
}
