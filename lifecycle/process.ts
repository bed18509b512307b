import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { basename } from "node:path";
import { hasCode } from "./errors";

/** Enough to say later, on the same machine, whether a process still runs. */
export interface ProcessIdentity {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  /** Changes at each boot; empty where the system has none. */
  readonly bootId: string;
  /** Two containers share host name and boot but number their processes each for itself. */
  readonly pidNamespace: string;
  /** Clock ticks from boot to the process's start: tells a process from a later one with the same number. */
  readonly start: string;
}

/** `unknown`: the process is (or was) on a machine that this one cannot look into. */
export type Liveness = "alive" | "dead" | "unknown";

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH") || hasCode(error, "EACCES")) return "";
    throw error;
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH") || hasCode(error, "EACCES")) return "";
    throw error;
  }
}

/**
 * When the process started, in clock ticks since boot; empty when there is no such process or no /proc.
 *
 * The name of a process may hold spaces and brackets, so fields are counted from the last bracket: the start time is the
 * 22nd field of all (proc(5)).
 */
export function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended; only its parent has not asked yet.
  if (fields[0] === "Z" || fields[0] === "X") return "";
  return fields[19] ?? "";
}

/** Whether a process with this number runs here and now. */
export function isRunning(pid: number): boolean {
  if (process.platform === "linux") return startOf(pid) !== "";
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

/** Who this process is. */
export function thisProcess(): ProcessIdentity {
  return {
    user: userInfo().username,
    host: hostname(),
    pid: process.pid,
    bootId: read("/proc/sys/kernel/random/boot_id").trim(),
    pidNamespace: link("/proc/self/ns/pid"),
    start: startOf(process.pid),
  };
}

/** Whether that process still runs, as far as this one can tell. */
export function livenessOf(identity: ProcessIdentity, here: ProcessIdentity = thisProcess()): Liveness {
  if (identity.host !== here.host) return "unknown";
  if (identity.bootId !== here.bootId) return identity.bootId !== "" && here.bootId !== "" ? "dead" : "unknown";
  if (identity.pidNamespace !== here.pidNamespace) return "unknown";
  if (!isRunning(identity.pid)) return "dead";
  if (identity.start === "" || here.start === "") return "unknown";
  return startOf(identity.pid) === identity.start ? "alive" : "dead";
}

/** File name of a process's executable; empty when there is no such process or it belongs to another user. */
export function executableOf(pid: number): string {
  return basename(link(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ""));
}

/** Numbers of all processes on this machine; empty without /proc. */
export function allProcesses(): number[] {
  return existsSync("/proc")
    ? readdirSync("/proc")
        .filter((name) => /^[0-9]+$/.test(name))
        .map(Number)
    : [];
}

/**
 * The value of a variable in another process's environment, or undefined. Needs the same user or root, as the kernel
 * demands.
 */
export function environmentOf(pid: number, variable: string): string | undefined {
  const prefix = `${variable}=`;
  return read(`/proc/${pid}/environ`)
    .split("\0")
    .find((entry) => entry.startsWith(prefix))
    ?.slice(prefix.length);
}
