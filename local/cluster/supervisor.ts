import { spawn } from "node:child_process";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { LocalError } from "../errors";
import type { SuperviseConfig } from "./components";
import { readIfPresent, writeJson } from "./files";
import { marker, poll, signalProcess, startTime } from "./process";
import type { ClusterFolder } from "./spec";

const componentShape = z.object({
  pid: z.number(),
  hostPid: z.number(),
  state: z.string(),
  restarts: z.number(),
  since: z.string(),
  lastExit: z.string().optional(),
  message: z.string().optional(),
});

const statusShape = z.object({
  state: z.string(),
  pid: z.number(),
  since: z.string(),
  message: z.string().optional(),
  components: z.record(z.string(), componentShape).nullable(),
});

/** Status file of `berth-node supervise`. */
export type SupervisorStatus = z.infer<typeof statusShape>;

/** The two supervisors of a cluster: the node (or the simulated control plane), and the gateway on the machine. */
export type SupervisorName = "node" | "gateway";

/** Files of one supervisor. */
export function supervisorFiles(folder: ClusterFolder, name: SupervisorName) {
  return {
    config: join(folder.config, `${name}.json`),
    status: join(folder.run, `${name}-status.json`),
    pid: join(folder.run, `${name}.pid`),
    log: join(folder.logs, `${name}-supervisor.log`),
  };
}

/** Reads the supervisor's status; null when it never ran. */
export async function readStatus(folder: ClusterFolder, name: SupervisorName): Promise<SupervisorStatus | null> {
  const text = await readIfPresent(supervisorFiles(folder, name).status);
  return text === null ? null : statusShape.parse(JSON.parse(text));
}

/**
 * The process whose end ends everything that the supervisor runs; null when it does not run. For a real node it is the first
 * process of the node's namespaces.
 */
export async function supervisorPid(folder: ClusterFolder, name: SupervisorName): Promise<number | null> {
  const text = await readIfPresent(supervisorFiles(folder, name).pid);
  if (text === null) return null;
  const pid = Number(text.trim());
  if (!Number.isInteger(pid) || pid <= 1 || (await startTime(pid)) === null) return null;
  // The number may have gone to another process since the file was written.
  return (await belongs(pid, folder)) ? pid : null;
}

async function belongs(pid: number, folder: ClusterFolder): Promise<boolean> {
  try {
    return (await readFile(`/proc/${pid}/environ`, "utf8")).split("\0").includes(`${marker}=${folder.root}`);
  } catch {
    // It ended meanwhile, or is somebody else's: either way not ours.
    return false;
  }
}

/**
 * Starts a supervisor that outlives this process.
 *
 * @param options.joins files of cgroups that it joins before anything else.
 */
export async function startSupervisor(options: {
  folder: ClusterFolder;
  name: SupervisorName;
  berthNode: string;
  config: SuperviseConfig;
  joins?: readonly string[];
}): Promise<void> {
  const { folder, name, berthNode, config, joins = [] } = options;
  const files = supervisorFiles(folder, name);
  await writeJson(files.config, config);
  await mkdir(folder.run, { recursive: true, mode: 0o700 });
  await mkdir(folder.logs, { recursive: true, mode: 0o700 });
  await rm(files.status, { force: true });
  await rm(files.pid, { force: true });
  const log = await open(files.log, "w", 0o600);
  try {
    // The shell joins the cgroups and then becomes the supervisor, so no process is ever outside them.
    const script = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1"; shift; n=$((n-1)); done; exec "$@"';
    const child = spawn(
      "/bin/sh",
      ["-euc", script, "sh", String(joins.length), ...joins, berthNode, "supervise", "--config", files.config],
      { detached: true, stdio: ["ignore", log.fd, log.fd], cwd: "/", env: { ...process.env, [marker]: folder.root } },
    );
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    child.unref();
  } finally {
    await log.close();
  }
}

/**
 * Waits until `accept` is content with the supervisor's status.
 *
 * @param timeout milliseconds.
 * @throws LocalError with the failing component's own words when setting up failed or the time is over.
 */
export async function awaitSupervisor(options: {
  folder: ClusterFolder;
  name: SupervisorName;
  accept: (status: SupervisorStatus) => boolean;
  timeout: number;
  signal?: AbortSignal;
}): Promise<SupervisorStatus> {
  const { folder, name, accept, timeout, signal } = options;
  const files = supervisorFiles(folder, name);
  let last: SupervisorStatus | null = null;
  const found = await poll(
    async () => {
      last = await readStatus(folder, name);
      if (last?.state === "failed" || (last !== null && isHopeless(last))) return last;
      return last !== null && accept(last) ? last : null;
    },
    timeout,
    signal,
    30,
  );
  if (found !== null && found.state !== "failed" && !isHopeless(found)) return found;
  const why = await explain(folder, name, found ?? last);
  throw new LocalError({
    message: `The cluster did not start: ${why}`,
    fix: why.includes(noInotifyInstances)
      ? 'Raise how many programs may watch files at once, 128 on Debian (sysctl -w fs.inotify.max_user_instances=1024), or stop other clusters of this machine; then run "berth local up" again.'
      : `Read the logs in ${folder.logs} ("berth local logs"), then run "berth local up" again, or "berth local down" to remove everything.`,
    exitCode: 1,
    cause: files.log,
  });
}

/** What the kubelet says when all of the machine's inotify instances are in use: inotify_init(2), EMFILE. */
const noInotifyInstances = "inotify_init: too many open files";

/** After so many starts in a row a component will not come up by itself: its log says why. */
const hopelessAfter = 6;

function isHopeless(status: SupervisorStatus): boolean {
  return Object.values(status.components ?? {}).some(
    ({ state, restarts }) => state === "backoff" && restarts >= hopelessAfter && status.state === "starting",
  );
}

/** What is wrong, in the words of whatever is not ready, with the end of its log. */
async function explain(folder: ClusterFolder, name: SupervisorName, status: SupervisorStatus | null): Promise<string> {
  if (status === null) return `its supervisor wrote no status: ${await logTail(supervisorFiles(folder, name).log)}`;
  if (status.state === "failed") return status.message ?? "setting up failed";
  const stuck = Object.entries(status.components ?? {}).filter(
    ([, { state }]) => !["ready", "waiting"].includes(state),
  );
  const parts = await Promise.all(
    stuck.map(
      async ([component, { state, message }]) =>
        `${component} is ${state}${message === undefined ? "" : ` (${message})`}: ${await logTail(join(folder.logs, `${component}.log`))}`,
    ),
  );
  return parts.length === 0 ? "its components are still waiting for each other" : parts.join("; ");
}

async function logTail(path: string): Promise<string> {
  const text = ((await readIfPresent(path)) ?? "").trimEnd();
  return text === "" ? "its log is empty" : text.split("\n").slice(-3).join(" | ").slice(-600);
}

/**
 * Ends a supervisor and everything it runs.
 *
 * @param timeout milliseconds that its components may take to end; then they are killed.
 */
export async function stopSupervisor(folder: ClusterFolder, name: SupervisorName, timeout: number): Promise<void> {
  const files = supervisorFiles(folder, name);
  const pid = await supervisorPid(folder, name);
  if (pid !== null) {
    const ended = async (): Promise<true | null> => ((await startTime(pid)) === null ? true : null);
    signalProcess(pid, "SIGTERM");
    if ((await poll(ended, timeout)) === null) {
      signalProcess(pid, "SIGKILL");
      await poll(ended, 5000);
    }
  }
  await rm(files.pid, { force: true });
}
