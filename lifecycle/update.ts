import { runEngine, type EngineResult } from "./engine";
import { classify, failureText, setupError } from "./engine-errors";
import { BerthError, ExitCode } from "./errors";
import { describe, type EngineEvent } from "./events";
import { pause, type Kube } from "./kube";
import { clearLocks, parseLockError, readLocks, type EngineLock } from "./lock";
import type { Progress, Stops } from "./progress";
import { readState, recover, type StackState } from "./recovery";
import { runIdFor } from "./run-id";
import { interrupted } from "./state";
import type { Target } from "./target";

/** How long to wait for somebody who works on the stack by hand. Milliseconds. */
const lockPatience = 120_000;

/** Between two looks at a lock. Milliseconds. */
const lockPoll = 1_000;

/** What a run of the engine on a stack needs. */
export interface StackRun extends Stops {
  readonly stack: string;
  readonly progress: Progress;
  /** Whether the Lease of whoever worked on it before ran out. @default false */
  readonly leaseExpired?: boolean;
}

/** Creates a stack, with the passphrase provider unless the environment names another. */
export async function createStack(target: Target, stack: string): Promise<void> {
  const provider = target.env["BERTH_SECRETS_PROVIDER"] ?? process.env["BERTH_SECRETS_PROVIDER"] ?? "passphrase";
  const args = ["stack", "init", stack, "--no-select", "--secrets-provider", provider];
  const result = await runEngine(target, args, { runId: runIdFor(target, stack) });
  if (result.code !== 0 && !/already exists/.test(result.stderr)) throw engineFailed(target, stack, result);
}

/**
 * Brings a stack into a state in which the engine can start: no lock of a dead process, no operation left half-done.
 *
 * @param kube To look for what an interrupted run created. @default nothing is looked for
 * @returns The state, as far as it can be read, and whether an interrupted run left traces.
 * @throws BerthError (busy) when somebody else holds the stack.
 */
export async function prepareStack(
  target: Target,
  run: StackRun,
  kube?: Kube,
): Promise<{ state: StackState | undefined; recovered: boolean }> {
  await waitForLock(target, run, () => readLocks(target, run.stack));
  const state = await readState(target, run.stack);
  if (state === undefined || state.pending.length === 0) return { state, recovered: false };
  run.progress({ kind: "detail", text: "the last run was interrupted: bringing its state in order" });
  const recovered = await recover(target, run.stack, kube);
  return { state: await readState(target, run.stack), recovered };
}

/** Waits until nobody holds the stack, removing what dead holders left. */
async function waitForLock(
  target: Target,
  run: StackRun,
  read: () => Promise<EngineLock[] | undefined>,
): Promise<void> {
  const deadline = Date.now() + lockPatience;
  let told = false;
  for (;;) {
    const locks = await read();
    if (locks === undefined || locks.length === 0) return;
    const [held] = await clearLocks(target, run.stack, locks, run.leaseExpired ?? false);
    if (held === undefined) return;
    if (Date.now() > deadline) throw lockedByOther(run.stack, held);
    if (!told) run.progress({ kind: "detail", text: `waiting for ${nameOf(held)}, who works on stack ${run.stack}` });
    told = true;
    await pause(lockPoll, run.signal);
    if (run.signal?.aborted) throw interrupted();
  }
}

/**
 * Runs an update or destroy of a stack and tells what it does. A lock that appears in between is waited for.
 *
 * @param args Arguments after `pulumi`, without the stack.
 */
export async function runStack(
  target: Target,
  args: readonly string[],
  run: StackRun,
  onEvent?: (event: EngineEvent) => void,
): Promise<EngineResult> {
  for (;;) {
    const result = await runEngine(target, [...args, "--stack", run.stack, "--yes", "--skip-preview", "--json"], {
      runId: runIdFor(target, run.stack),
      signal: run.signal,
      kill: run.kill,
      onEvent: (event) => {
        tell(event, run.progress);
        onEvent?.(event);
      },
    });
    if (result.code === 0 || run.signal?.aborted || classify(result) !== "locked") return result;
    let refusal: EngineLock[] | undefined = parseLockError(`${result.stderr}\n${result.summary.errors.join("\n")}`);
    await waitForLock(target, run, async () => {
      const locks = (await readLocks(target, run.stack)) ?? refusal;
      refusal = undefined;
      return locks;
    });
  }
}

const verbs: Readonly<Record<string, string>> = {
  create: "creating",
  update: "updating",
  delete: "deleting",
  replace: "replacing",
  "create-replacement": "replacing",
};

function tell(event: EngineEvent, progress: Progress): void {
  const step = event.resourcePreEvent?.metadata;
  const verb = step && verbs[step.op];
  if (!step || !verb || step.type.startsWith("pulumi:") || !(step.new ?? step.old)?.custom) return;
  progress({ kind: "detail", text: `${verb} ${describe({ ...step, id: step.old?.id ?? step.new?.id ?? "" })}` });
}

function nameOf(lock: EngineLock): string {
  return `${lock.user}@${lock.host} (process ${lock.pid})`;
}

function lockedByOther(stack: string, lock: EngineLock): BerthError {
  return new BerthError(`the stack ${stack} is locked by ${nameOf(lock)} since ${lock.since}`, {
    fix: `wait until that is done; if it is certain that nobody works there, remove the lock with \`pulumi cancel --stack ${stack}\`.`,
    exitCode: ExitCode.busy,
  });
}

/** The error of an engine that failed: what the machine or the set-up lacks, else what the engine says. */
export function engineFailed(target: Target, stack: string, result: EngineResult): BerthError {
  return (
    setupError(target, result) ??
    new BerthError(`stack ${stack}: ${failureText(result)}`, {
      fix: `correct what the message names; \`pulumi preview --stack ${stack}\` in ${target.workDir} shows the engine's view.`,
      exitCode: ExitCode.environmentFailed,
    })
  );
}
