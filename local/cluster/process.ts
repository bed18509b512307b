import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";

import { hasCode } from "./files";

/** Result of a finished command. */
export interface Finished {
  stdout: string;
  stderr: string;
  exitCode: number;
}

/** A command that could not be run or ended with a code other than 0. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  constructor(
    readonly command: string,
    readonly exitCode: number | undefined,
    readonly stderr: string,
    cause: unknown,
  ) {
    super(`${command} failed (exit code ${exitCode ?? "none"}): ${stderr.trim() || String(cause)}`, { cause });
  }
}

/** How a command is run. */
export interface RunOptions {
  /** Text for its standard input. */
  input?: string;
  env?: Record<string, string>;
  /** Ends the command. */
  signal?: AbortSignal;
  /** Milliseconds after which the command is killed and counts as failed. @default 60000 */
  timeout?: number;
}

/**
 * Runs a command to its end.
 *
 * @throws CommandError when it cannot be started, is killed, or ends with a code other than 0; the signal's reason when it was
 * aborted.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const result = await attempt(argv, options);
  if (result.exitCode !== 0) {
    throw new CommandError(argv.slice(0, 3).join(" "), result.exitCode, result.stderr || result.stdout, undefined);
  }
  return result;
}

/**
 * Runs a command to its end and leaves it to the caller what its exit code means.
 *
 * @throws CommandError when it cannot be started or is killed; the signal's reason when it was aborted.
 */
export async function attempt(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [file = "", ...args] = argv;
  const { signal, input, env, timeout = 60_000 } = options;
  signal?.throwIfAborted();
  const finished = await new Promise<Finished | CommandError>((resolve) => {
    const child = execFile(
      file,
      args,
      {
        timeout,
        killSignal: "SIGKILL",
        maxBuffer: 64 * 1024 * 1024,
        env: { ...process.env, ...env },
        ...(signal && { signal }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve({ stdout, stderr, exitCode: 0 });
        else if (typeof error.code === "number") resolve({ stdout, stderr, exitCode: error.code });
        else resolve(new CommandError(argv.slice(0, 3).join(" "), undefined, stderr, error));
      },
    );
    // A command that ends without reading its input closes the pipe; its exit code tells what that means.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
  signal?.throwIfAborted();
  if (finished instanceof CommandError) throw finished;
  return finished;
}

/** Name of the environment variable that every process which `up` starts carries; its value is the cluster's folder. */
export const marker = "BERTH_CLUSTER_FOLDER";

/** Numbers of all processes that this user can look into. */
async function processes(): Promise<number[]> {
  return (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** Text of a file below /proc; empty when the process has ended or belongs to somebody else. */
async function procText(pid: number, file: string): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].some((code) => hasCode(error, code))) return "";
    throw error;
  }
}

/** Processes that belong to the cluster of this folder, by the variable in their environment. */
export async function markedProcesses(folder: string): Promise<number[]> {
  const wanted = `${marker}=${folder}`;
  const found = await Promise.all(
    (await processes()).map(async (pid) =>
      (await procText(pid, "environ")).split("\0").includes(wanted) ? pid : null,
    ),
  );
  return found.filter((pid): pid is number => pid !== null && pid !== process.pid);
}

/**
 * Start of a process in clock ticks since boot, which tells it from a later process with the same number.
 *
 * @returns null when there is no such process, or only its zombie.
 */
export async function startTime(pid: number): Promise<string | null> {
  const stat = await procText(pid, "stat");
  // proc(5): the name in brackets may hold anything, so fields count from the last bracket; state is the 3rd field of all and
  // the start time the 22nd.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (stat === "" || fields[0] === "Z" || fields[0] === "X") return null;
  return fields[19] ?? null;
}

/** Sends a signal; a process that has ended already is fine. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}

/** Waits. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * Waits until `condition` gives something other than null.
 *
 * @param timeout milliseconds to wait at most.
 * @param interval milliseconds between two tries. @default 50
 * @returns null when the time is over.
 * @throws the signal's reason when aborted.
 */
export async function poll<T>(
  condition: () => Promise<T | null>,
  timeout: number,
  signal?: AbortSignal,
  interval = 50,
): Promise<T | null> {
  const end = Date.now() + timeout;
  for (;;) {
    signal?.throwIfAborted();
    const value = await condition();
    if (value !== null) return value;
    if (Date.now() >= end) return null;
    await sleep(interval);
  }
}
