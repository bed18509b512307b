import { readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { runEngine } from "./engine";
import { hasCode } from "./errors";
import { pause } from "./kube";
import { pulumiProject } from "./naming";
import { environmentOf, executableOf, isRunning } from "./process";
import { orphansOf, runIdFor, runMarker, starterEnded } from "./run-id";
import type { Target } from "./target";
import { backendFolder } from "./workspace";

/** Who holds a stack's lock in Pulumi's own backend. */
export interface EngineLock {
  /** The lock's file, where the backend is a folder. */
  readonly file?: string;
  readonly pid: number;
  readonly user: string;
  readonly host: string;
  readonly since: string;
}

/** How long an engine that outlived its `berth` may take to stop cleanly. Milliseconds. */
const orphanGrace = 30_000;

/** The locks on a stack in a folder backend; undefined when only the engine can tell. */
export async function readLocks(target: Target, stack: string): Promise<EngineLock[] | undefined> {
  const root = backendFolder(target);
  if (root === undefined) return undefined;
  const folder = join(root, "locks", "organization", pulumiProject, stack);
  const locks: EngineLock[] = [];
  for (const name of (await unlessMissing(readdir(folder))) ?? []) {
    // Beside each lock the backend keeps a file with its attributes.
    if (!name.endsWith(".json")) continue;
    const file = join(folder, name);
    const text = await unlessMissing(readFile(file, "utf8"));
    if (text !== undefined) locks.push(parseLock(file, text));
  }
  return locks;
}

async function unlessMissing<T>(action: Promise<T>): Promise<T | undefined> {
  try {
    return await action;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** A lock file that was cut off while it was written has no holder that could still run: process 0. */
function parseLock(file: string, text: string): EngineLock {
  try {
    const content = JSON.parse(text) as { pid: number; username: string; hostname: string; timestamp: string };
    return { file, pid: content.pid, user: content.username, host: content.hostname, since: content.timestamp };
  } catch {
    return { file, pid: 0, user: "", host: hostname(), since: "" };
  }
}

/** The locks that the engine names when it refuses to start. */
export function parseLockError(text: string): EngineLock[] {
  return [...text.matchAll(/created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/g)].map((match) => ({
    user: match[1] ?? "",
    host: match[2] ?? "",
    pid: Number(match[3]),
    since: match[4] ?? "",
  }));
}

/**
 * What may be done about a lock: `stale`, its process has ended; `orphan`, it is an engine whose `berth` has ended;
 * `held`, it works, or nobody here can know that it does not.
 */
export type LockVerdict = "stale" | "orphan" | "held";

/**
 * Judges a lock by its holder.
 *
 * @param leaseExpired Whether the holder's Lease ran out: the only sign there is of a holder on another machine.
 */
export function judgeLock(lock: EngineLock, leaseExpired: boolean): LockVerdict {
  if (lock.host !== hostname()) return leaseExpired ? "stale" : "held";
  if (lock.pid === 0 || !isRunning(lock.pid)) return "stale";
  const executable = executableOf(lock.pid);
  // Numbers are used again: whatever has it now did not make the lock unless it is an engine.
  if (executable !== "" && !executable.includes("pulumi")) return "stale";
  const runId = environmentOf(lock.pid, runMarker);
  return runId !== undefined && starterEnded(runId) ? "orphan" : "held";
}

/**
 * Removes the locks whose holder is gone and stops engines that a killed `berth` left running. Locks of anyone who may
 * still work stay.
 *
 * @param locks As read from a folder or from the engine's refusal.
 * @returns The locks that stay; empty when the stack is free.
 */
export async function clearLocks(
  target: Target,
  stack: string,
  locks: readonly EngineLock[],
  leaseExpired: boolean,
): Promise<EngineLock[]> {
  await stopOrphans(target, stack);
  const held = locks.filter((lock) => judgeLock(lock, leaseExpired) === "held");
  if (held.length > 0 || locks.length === 0) return held;
  const files = locks.flatMap((lock) => (lock.file === undefined ? [] : [lock.file]));
  if (files.length === locks.length) {
    await Promise.all(files.flatMap((file) => [file, `${file}.attrs`]).map((file) => rm(file, { force: true })));
  } else {
    // Removes every lock of the stack, and every one of them has just been judged stale.
    await runEngine(target, ["cancel", "--yes", "--stack", stack], { runId: runIdFor(target, stack) });
  }
  return [];
}

/**
 * Ends what a killed `berth` left running on a stack: an engine is asked first, so that it writes down what it has done;
 * its plugins, which notice nothing, are killed.
 */
export async function stopOrphans(target: Target, stack: string): Promise<void> {
  const orphans = orphansOf(target, stack);
  if (orphans.length === 0) return;
  for (const pid of orphans) if (executableOf(pid) === "pulumi") signal(pid, "SIGINT");
  const deadline = Date.now() + orphanGrace;
  const engines = () => orphansOf(target, stack).filter((pid) => executableOf(pid) === "pulumi");
  while (Date.now() < deadline && engines().length > 0) await pause(100);
  for (const pid of orphansOf(target, stack)) signal(pid, "SIGKILL");
  while (orphansOf(target, stack).length > 0) await pause(20);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}
