import { spawn } from "node:child_process";

import { LocalError } from "../errors";

/** Settings of {@link run}. */
export interface RunOptions {
  /** Stops the program with SIGKILL, so what it starts has to end with it, and what it writes is not to be used. */
  signal?: AbortSignal;
  /** Working folder. @default the process's own */
  cwd?: string;
  /** Environment variables on top of the process's own. */
  env?: Record<string, string>;
  /** What to do when the program is not there. */
  fixWhenMissing: string;
  /** What to do when the program fails. */
  fixWhenFailed: string;
}

/** How many lines of a failed program's output are shown. */
const shownLines = 12;

/**
 * Runs a program of the machine to its end.
 *
 * @param command the program and its arguments.
 * @returns its standard output.
 * @throws LocalError when it is missing or fails, with the last lines of its output; the signal's reason when stopped.
 */
export async function run(command: readonly [string, ...string[]], options: RunOptions): Promise<string> {
  const [program, ...args] = command;
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    signal: options.signal,
    killSignal: "SIGKILL",
  });
  let output = "";
  let all = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    all += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (all += chunk));
  const { error, how } = await new Promise<{ error?: NodeJS.ErrnoException; how?: string }>((resolve) => {
    let error: NodeJS.ErrnoException | undefined;
    child.once("error", (raised) => {
      error = raised;
      // Nothing was started, so no "close" follows.
      if (child.pid === undefined) resolve({ error });
    });
    child.once("close", (code, signal) => {
      resolve({ error, how: code === 0 ? undefined : code === null ? `signal ${signal ?? "?"}` : `exit code ${code}` });
    });
  });
  options.signal?.throwIfAborted();
  if (error?.code === "ENOENT") {
    throw new LocalError({ message: `The program ${program} is missing.`, fix: options.fixWhenMissing, cause: error });
  }
  if (error !== undefined) throw error;
  if (how === undefined) return output;
  if (/no space left on device/i.test(all)) throw diskFull(program);
  const lines = all.trim().split("\n").slice(-shownLines);
  throw new LocalError({
    message: `${program} failed (${how}). Its last lines:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    fix: options.fixWhenFailed,
    exitCode: 1,
  });
}

/**
 * The error for a full disk.
 *
 * @param during what was going on.
 */
export function diskFull(during: string): LocalError {
  return new LocalError({
    message: `The disk is full (during: ${during}).`,
    fix: "Free some space, or point BERTH_CACHE at a folder on a larger disk.",
  });
}
