import { createHash } from "node:crypto";
import { allProcesses, environmentOf, isRunning, startOf } from "./process";
import type { Target } from "./target";

/**
 * Marks the engine and everything that it starts, so that what a killed `berth` left running can be told from a stranger's
 * process. The value says which `berth` started it and for which stack of which state.
 */
export const runMarker = "BERTH_RUN";

/** The mark for a run of this process on a stack. */
export function runIdFor(target: Target, stack: string): string {
  return `${process.pid}.${startOf(process.pid)}.${scope(target, stack)}`;
}

/** Whether the `berth` that started this run has ended. */
export function starterEnded(runId: string): boolean {
  const [pid = "0", start = ""] = runId.split(".");
  return !isRunning(Number(pid)) || startOf(Number(pid)) !== start;
}

/** Processes that an ended `berth` left running on this stack. */
export function orphansOf(target: Target, stack: string): number[] {
  const suffix = `.${scope(target, stack)}`;
  return allProcesses().filter((pid) => {
    const runId = pid === process.pid ? undefined : environmentOf(pid, runMarker);
    return runId !== undefined && runId.endsWith(suffix) && starterEnded(runId);
  });
}

/** Names a stack of one state, from wherever it is worked on. */
function scope(target: Target, stack: string): string {
  const backend = target.env["PULUMI_BACKEND_URL"] ?? process.env["PULUMI_BACKEND_URL"] ?? target.workDir;
  return createHash("sha256").update(`${backend}\0${stack}`).digest("hex").slice(0, 16);
}
