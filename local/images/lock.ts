import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

import { LocalError } from "../errors";

/**
 * Runs something while no other process runs it.
 *
 * The lock is the kernel's (flock), held by a small child that lives as long as its standard input is open: however
 * this process ends, the lock is free again, and no stale file has to be judged.
 *
 * @param file the lock file; made when missing, never removed.
 * @param options.onWait called once when another process has the lock.
 * @param options.signal stops the waiting.
 * @param work what to do under the lock.
 * @throws LocalError when util-linux is missing; what `work` throws; the signal's reason.
 */
export async function withLock<T>(
  file: string,
  options: { signal?: AbortSignal; onWait?: () => void },
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  let release = await hold(file, ["--nonblock"], options.signal);
  if (release === null) {
    options.onWait?.();
    release = await hold(file, [], options.signal);
  }
  if (release === null) throw new Error(`flock gave up on ${file}`);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** @returns what gives the lock back, or null when another process has it. */
async function hold(file: string, flags: string[], signal?: AbortSignal): Promise<(() => Promise<void>) | null> {
  signal?.throwIfAborted();
  const args = ["--exclusive", ...flags, "--conflict-exit-code", "75", file, "sh", "-c", "echo; exec cat"];
  const child = spawn("flock", args, {
    stdio: ["pipe", "pipe", "inherit"],
    // In a process group of its own: a Ctrl-C in the terminal must not free the lock while the work is still ending.
    detached: true,
  });
  // The signal ends the waiting only: killed, the child would give the lock back while the work still runs.
  const stop = (): void => void child.kill();
  signal?.addEventListener("abort", stop, { once: true });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const missing = new Promise<Error>((resolve) => child.once("error", resolve));
  const held = new Promise<"held">((resolve) => child.stdout.once("data", () => resolve("held")));
  const outcome = await Promise.race([held, missing, closed]);
  signal?.removeEventListener("abort", stop);
  if (outcome === "held") {
    return async () => {
      child.stdin.end();
      await closed;
    };
  }
  signal?.throwIfAborted();
  if (outcome === 75) return null;
  throw new LocalError({
    message: `Could not lock ${file}: ${outcome instanceof Error ? outcome.message : `flock ended with ${outcome ?? "a signal"}`}.`,
    fix: "Check that the folder is writable and that util-linux (flock) is installed.",
  });
}
