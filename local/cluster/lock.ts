import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

import { LocalError } from "../errors";

/** Exit code that flock(1) gives when somebody else holds the lock. */
const heldByOther = 75;

/**
 * Runs `action` while holding a lock file. The kernel holds the lock (flock(2) through util-linux), so it is free at once
 * when this process ends, however it ends.
 *
 * @param path lock file; made when missing.
 * @param what what the lock protects, for the message.
 * @param waitSeconds how long to wait for another holder.
 * @throws LocalError (exit code 6) when somebody else still holds it then.
 */
export async function withLock<T>(
  path: string,
  what: string,
  waitSeconds: number,
  action: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // The child holds the lock until its standard input closes: with release(), or with the death of this process. It leads a
  // process group of its own, so that the terminal's Ctrl-C does not free the lock before this process has cleaned up.
  const child = spawn(
    "flock",
    [
      "--exclusive",
      "--wait",
      String(waitSeconds),
      "--conflict-exit-code",
      String(heldByOther),
      path,
      "sh",
      "-c",
      "echo held; cat",
    ],
    { stdio: ["pipe", "pipe", "pipe"], detached: true },
  );
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  const held = new Promise<true>((resolve) => child.stdout.once("data", () => resolve(true)));
  const first = await Promise.race([held, ended]);
  if (first === heldByOther) {
    throw new LocalError({
      message: `Another process has been working on ${what} for ${waitSeconds} s (lock ${path}).`,
      fix: "Wait until it has finished, then run the command again.",
      exitCode: 6,
    });
  }
  if (first !== true) {
    throw new LocalError({
      message: `The lock ${path} cannot be taken: flock ended with code ${first ?? "none"}.`,
      fix: `Check that the folder is writable and that flock (Debian package util-linux) works: flock ${path} true`,
    });
  }
  try {
    return await action();
  } finally {
    child.stdin.end();
    await ended;
  }
}
