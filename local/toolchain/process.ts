import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** How a program is run. */
export interface ProcessOptions {
  cwd?: string;
  /** The whole environment. @default that of this process */
  env?: NodeJS.ProcessEnv;
  /** Sends SIGINT, on which Go ends its compilers. */
  signal?: AbortSignal | undefined;
  /** A file descriptor that the program, and what it starts, keep open. */
  keep?: number;
  /** Milliseconds after which the program is killed. @default never */
  timeout?: number;
}

/** How a program ended. */
export interface ProcessEnd {
  /** Null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
}

/**
 * Runs a program and returns its standard output.
 *
 * @throws the error of `execFile`, with `stderr`, when the program cannot be run or does not end with 0.
 */
export async function capture(
  command: string,
  args: readonly string[],
  options: Omit<ProcessOptions, "keep"> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, {
    ...options,
    killSignal: "SIGINT",
    maxBuffer: 64 * 2 ** 20,
  });
  return stdout;
}

/**
 * Runs a program and hands over its output line by line.
 *
 * @param onOutput takes a line of standard output.
 * @param onMessage takes a line of standard error.
 * @returns how it ended, after its last line.
 * @throws the error of `spawn` when the program cannot be run.
 */
export async function runLines(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
  onOutput: (line: string) => void,
  onMessage: (line: string) => void,
): Promise<ProcessEnd> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["ignore", "pipe", "pipe", options.keep ?? "ignore"],
  });
  const interrupt = (): void => void child.kill("SIGINT");
  options.signal?.addEventListener("abort", interrupt, { once: true });
  if (options.signal?.aborted === true) interrupt();
  const outputs = [
    [child.stdout, onOutput],
    [child.stderr, onMessage],
  ] as const;
  for (const [stream, take] of outputs) {
    if (stream !== null) createInterface({ input: stream }).on("line", take);
  }
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    return { code, signal };
  } finally {
    options.signal?.removeEventListener("abort", interrupt);
  }
}
