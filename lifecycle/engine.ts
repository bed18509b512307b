import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { BerthError, ExitCode, hasCode } from "./errors";
import { EventSummary, stripColor, type EngineEvent } from "./events";
import { runMarker } from "./run-id";
import type { Target } from "./target";
import { backendVariable } from "./workspace";

/** How long an engine that was asked to stop may take to end its present step, before it is killed. Milliseconds. */
const stopGrace = 60_000;

/** One call of the engine. */
export interface EngineOptions {
  /** The mark for this call and its children; see `run-id.ts`. */
  readonly runId: string;
  /** Asks the engine to stop after the steps that it is in. */
  readonly signal?: AbortSignal;
  /** Kills it at once. */
  readonly kill?: AbortSignal;
  /** Each of its events, as they happen. */
  readonly onEvent?: (event: EngineEvent) => void;
  /** Text for standard input. */
  readonly input?: string;
}

/** How a call of the engine ended. */
export interface EngineResult {
  /** Exit code; null when it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  /** Standard error without colours. */
  readonly stderr: string;
  readonly summary: EventSummary;
}

/**
 * Runs `pulumi` with these arguments.
 *
 * The Automation API's `Stack.up` would do the same and, before and after, run `pulumi version`, `stack select`,
 * `stack output` (twice) and `stack history`, each a process start of 0.3 to 0.5 s; what they would tell is in the event
 * stream already.
 *
 * A process group of its own keeps a terminal's Ctrl-C from the engine: it stops when it is told to, once.
 */
export async function runEngine(
  target: Target,
  args: readonly string[],
  options: EngineOptions,
): Promise<EngineResult> {
  const child = spawn(target.pulumi, [...args, "--non-interactive"], {
    cwd: target.workDir,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      ...target.env,
      ...backendVariable(target),
      KUBECONFIG: target.kubeconfig,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      [runMarker]: options.runId,
    },
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.on("error", (error) => {
      reject(hasCode(error, "ENOENT") ? engineMissing(target.pulumi, error) : error);
    });
    child.on("close", (code) => {
      resolve(code);
    });
  });
  let killTimer: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill("SIGINT");
    killTimer = setTimeout(kill, stopGrace);
  };
  const kill = () => {
    child.kill("SIGKILL");
  };
  onAbort(options.signal, stop);
  onAbort(options.kill, kill);

  const summary = new EventSummary();
  const stdout: string[] = [];
  const stderr: string[] = [];
  child.stdin.on("error", (error) => {
    // The engine may end without reading its input; how it ended says more than this.
    if (!hasCode(error, "EPIPE")) throw error;
  });
  child.stdin.end(options.input);
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = parseEvent(line);
    if (event === undefined) {
      stdout.push(line);
      return;
    }
    summary.add(event);
    options.onEvent?.(event);
  });
  try {
    const code = await exit;
    return { code, stdout: stdout.join("\n"), stderr: stripColor(stderr.join("")).trim(), summary };
  } finally {
    clearTimeout(killTimer);
    options.signal?.removeEventListener("abort", stop);
    options.kill?.removeEventListener("abort", kill);
  }
}

function onAbort(signal: AbortSignal | undefined, action: () => void): void {
  if (signal?.aborted) action();
  else signal?.addEventListener("abort", action, { once: true });
}

/** An event when the line is one; everything else that the engine prints is for people. */
function parseEvent(line: string): EngineEvent | undefined {
  if (!line.startsWith('{"sequence":') && !line.startsWith('{"timestamp":')) return undefined;
  return JSON.parse(line) as EngineEvent;
}

function engineMissing(path: string, cause: unknown): BerthError {
  return new BerthError(`the Pulumi engine ${path} does not exist`, {
    fix: "run `berth local up`, which builds it, or put `pulumi` on PATH.",
    exitCode: ExitCode.prerequisite,
    cause,
  });
}
