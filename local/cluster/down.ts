import { rm } from "node:fs/promises";
import { basename } from "node:path";

import { LocalError } from "../errors";
import { endPods, hierarchies, removeCgroups } from "./cgroups";
import { clusterNames, readSpec } from "./create";
import { closeInternet } from "./internet";
import { leaveNode } from "./link";
import { withLock } from "../lock";
import { cgroupPath } from "./plan";
import { markedProcesses, poll, signalProcess } from "./process";
import { clusterFolder, type ClusterFolder, type ClusterSpec } from "./spec";
import { readStatus, stopSupervisor, supervisorPid } from "./supervisor";

/** What {@link down} did. */
export interface DownResult {
  name: string;
  /** There was such a cluster. */
  existed: boolean;
  /** Its folder. */
  folder: string;
  /** Its data were deleted. */
  dataDeleted: boolean;
  /** Duration in seconds. */
  seconds: number;
}

/** How long the parts of a cluster may take to end by themselves, in milliseconds. */
const patience = 15_000;

/**
 * Removes every process, mount, network namespace, interface, rule and cgroup of a cluster, whatever state it is in. Its data
 * stay unless `deleteData` is set.
 *
 * @throws LocalError when something could not be removed (exit code 4) or somebody else works on the cluster (6).
 */
export async function down(name: string, options: { deleteData?: boolean } = {}): Promise<DownResult> {
  const begin = performance.now();
  const folder = clusterFolder(name);
  const deleteData = options.deleteData ?? false;
  const existed = await exists(folder);
  if (existed) {
    await withLock(folder.lock, { what: `the cluster ${name}`, waitSeconds: 60 }, async () => {
      await stopCluster(folder);
      if (deleteData) await rm(folder.root, { recursive: true, force: true });
    });
  }
  return {
    name,
    existed,
    folder: folder.root,
    dataDeleted: existed && deleteData,
    seconds: (performance.now() - begin) / 1000,
  };
}

async function exists(folder: ClusterFolder): Promise<boolean> {
  return (await clusterNames()).some((name) => clusterFolder(name).root === folder.root);
}

/**
 * Ends everything that runs for the cluster of this folder and removes what it put into the machine; idempotent, and knows no
 * earlier state: it looks for what is there.
 *
 * @throws LocalError (exit code 4) that names what is left.
 */
export async function stopCluster(folder: ClusterFolder): Promise<void> {
  const spec = await readSpecIfSound(folder);
  await Promise.all([
    stopSupervisor(folder, "gateway", patience),
    endNodePods(folder, spec).then(() => stopSupervisor(folder, "node", patience)),
  ]);
  const left = await killMarked(folder);
  // Simulated clusters put nothing else into the machine, and their owner need not be root.
  if (process.getuid?.() === 0) {
    const indexes = new Set(await leaveNode(folder));
    if (spec !== null) indexes.add(spec.index);
    const others = (await clusterNames()).map(clusterFolder).filter(({ root }) => root !== folder.root);
    for (const index of indexes) await closeInternet(index, folder, others);
    const all = await hierarchies();
    for (const index of indexes) {
      if (all !== null) left.push(...(await removeCgroups(all, cgroupPath({ name: basename(folder.root), index }))));
    }
  }
  await rm(folder.run, { recursive: true, force: true });
  // Its address belongs to nobody now, so requests to it would leave the machine by the default route.
  await rm(folder.kubeconfig, { force: true });
  if (left.length > 0) {
    throw new LocalError({
      message: `The cluster in ${folder.root} could not be removed wholly; left are: ${left.join(", ")}.`,
      fix: 'Run "berth local down" again; a process in uninterruptible sleep (state D in ps) ends only when its disk answers.',
      exitCode: 4,
    });
  }
}

/** How long pods may take to end by themselves, in milliseconds: a database needs some time to write what it has in memory. */
const podPatience = 5000;

/** Lets the pods of a running node end as they would on a machine that is switched off. */
async function endNodePods(folder: ClusterFolder, spec: ClusterSpec | null): Promise<void> {
  const all = await hierarchies();
  if (spec?.nodes !== "real" || all === null) return;
  const kubelet = (await readStatus(folder, "node"))?.components?.["kubelet"]?.hostPid ?? 0;
  if ((await supervisorPid(folder, "node")) === null || kubelet === 0) return;
  // A kubelet at work would start each container again.
  signalProcess(kubelet, "SIGSTOP");
  try {
    await endPods(all, cgroupPath(spec), podPatience);
  } finally {
    signalProcess(kubelet, "SIGCONT");
  }
}

/** `down` must work with a damaged spec too; the interface's name then tells the index. */
async function readSpecIfSound(folder: ClusterFolder): Promise<ClusterSpec | null> {
  try {
    return await readSpec(basename(folder.root));
  } catch (error) {
    if (error instanceof LocalError) return null;
    throw error;
  }
}

/** Kills processes of the cluster that outlived their supervisor, as after a kill -9 of it. */
async function killMarked(folder: ClusterFolder): Promise<string[]> {
  let left: number[] = [];
  await poll(async () => {
    left = await markedProcesses(folder.root);
    for (const pid of left) signalProcess(pid, "SIGKILL");
    return left.length === 0 ? true : null;
  }, 5000);
  return left.map((pid) => `process ${pid}`);
}
