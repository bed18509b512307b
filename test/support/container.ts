import { spawn, type ChildProcess } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";

/*
 * Runs what a container would run, without a container: the programs of the machine, as a user without rights, with an environment
 * of its own and a kill that takes everything.
 */

/** A program that runs as the first process of a container would. */
export interface Container {
  child: ChildProcess;
  /** Everything it has written so far. */
  output: () => string;
}

/** The machine's user for what should own nothing; in the images it is uid 999. */
export const containerUser: { uid: number; gid: number } | { uid?: never; gid?: never } =
  process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/**
 * Starts a program.
 *
 * @param argv the program and its arguments.
 * @param env its whole environment.
 */
export function startContainer([program = "", ...args]: readonly string[], env: Record<string, string>): Container {
  const child = spawn(program, args, {
    ...containerUser,
    cwd: "/",
    // A process group of its own, so that a kill takes the whole container, as the end of its PID namespace would.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return { child, output: () => text };
}

/**
 * Ends a program and waits for its end. Killed, it goes with everything that it has started; asked politely, only the first process
 * hears it.
 *
 * @param folder a folder that all of its processes have in their arguments or environment, or work in.
 */
export async function endContainer(child: ChildProcess, signal: NodeJS.Signals, folder: string): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((done) => child.once("close", done));
  if (signal === "SIGKILL" && child.pid !== undefined) {
    process.kill(-child.pid, signal);
    // A server that prepares a data folder may have a process group of its own.
    for (const pid of await processesOf(folder)) killIfThere(pid);
  } else child.kill(signal);
  await closed;
}

async function processesOf(folder: string): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const ofFolder = await Promise.all(
    pids.map(async (pid) => {
      const about = [readFile(`/proc/${pid}/cmdline`), readFile(`/proc/${pid}/environ`), readlink(`/proc/${pid}/cwd`)];
      // A process may have ended meanwhile.
      const found = await Promise.allSettled(about);
      return found.some((one) => one.status === "fulfilled" && String(one.value).includes(folder));
    }),
  );
  return pids.filter((_, index) => ofFolder[index]);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
