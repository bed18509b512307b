import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";

import { LocalError } from "./errors";

/** Exit code by which `flock` says that another process holds the lock. */
const BUSY = 75;

/** How {@link withLock} waits. */
export interface LockOptions {
  /** Called once when another process holds the lock. */
  onWait?: () => void;
  /** Gives up waiting. */
  signal?: AbortSignal | undefined;
  /** Whole seconds to wait for another holder. @default no limit */
  waitSeconds?: number;
  /** What the lock protects, for the message when the waiting took too long. @default the lock file's path */
  what?: string;
}

/**
 * Runs an action while no other process holds the lock. The kernel keeps the lock for whoever has the open file, so it is
 * free as soon as this process and the programs that it has handed the file to have ended, however they end.
 *
 * @param path lock file; made when missing, never removed.
 * @param action what to do. It gets the descriptor of the open file, for programs that must keep the lock if this process dies.
 * @returns what the action returns.
 * @throws LocalError when the program `flock` is missing or the file cannot be locked; with exit code 6 when another process
 *   still holds it after `waitSeconds`; the signal's reason.
 */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  action: (descriptor: number) => Promise<T>,
): Promise<T> {
  const { onWait, signal, waitSeconds, what = path } = options;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const file = await open(path, "a", 0o600);
  try {
    if (!(await flock(file.fd, path, ["--nonblock"], signal))) {
      onWait?.();
      const limit = waitSeconds === undefined ? [] : ["--wait", String(waitSeconds)];
      if (!(await flock(file.fd, path, limit, signal))) {
        throw new LocalError({
          message: `Another process has been working on ${what} for ${waitSeconds ?? 0} s (lock ${path}).`,
          fix: "Wait until it has finished, then run the command again.",
          exitCode: 6,
        });
      }
    }
    return await action(file.fd);
  } finally {
    await file.close();
  }
}

/** Locks an open file; the result tells whether nobody else held it, or let go of it in time. */
async function flock(
  descriptor: number,
  path: string,
  flags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  signal?.throwIfAborted();
  const child = spawn("flock", [...flags, "--conflict-exit-code", String(BUSY), "3"], {
    stdio: ["ignore", "ignore", "pipe", descriptor],
    signal,
  });
  let complaint = "";
  child.stderr?.on("data", (text: Buffer) => (complaint += text.toString()));
  let code: number | null;
  try {
    [code] = (await once(child, "close")) as [number | null];
  } catch (error) {
    signal?.throwIfAborted();
    complaint = error instanceof Error ? error.message : String(error);
    code = null;
  }
  if (code === 0) return true;
  if (code === BUSY) return false;
  throw new LocalError({
    message: `The lock file ${path} cannot be locked: ${complaint.trim()}`,
    fix: "Check that the folder is writable and that the program flock (Debian package util-linux) is installed.",
  });
}
