import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { hasCode, readIfPresent } from "./files";
import { poll, signalProcess } from "./process";

/** Where the machine's cgroup hierarchies are mounted. */
export interface Hierarchies {
  version: 1 | 2;
  /** Mount points that count: one for version 2, one per controller for version 1. */
  mounts: string[];
  /** The mount point of version 2 beside version 1, without controllers; runc makes its groups there too. */
  unified?: string;
}

/**
 * Reads the mounted cgroup hierarchies.
 *
 * @param mountInfo text in the format of /proc/self/mountinfo.
 * @returns null when none is mounted.
 */
export function parseHierarchies(mountInfo: string): Hierarchies | null {
  const mounted = mountInfo
    .split("\n")
    .map((line) => {
      // proc(5): mount point is the 5th field; after a lone dash come type, source and options of the file system.
      const [before = "", after = ""] = line.split(" - ");
      return { point: before.split(" ")[4] ?? "", type: after.split(" ")[0] ?? "" };
    })
    .filter(({ point }) => point !== "");
  const first = mounted.filter(({ type }) => type === "cgroup").map(({ point }) => point);
  const second = mounted.find(({ type }) => type === "cgroup2");
  if (first.length > 0) {
    return { version: 1, mounts: [...new Set(first)], ...(second === undefined ? {} : { unified: second.point }) };
  }
  return second === undefined ? null : { version: 2, mounts: [second.point] };
}

/** The hierarchies of this machine. */
export async function hierarchies(): Promise<Hierarchies | null> {
  return parseHierarchies(await readFile("/proc/self/mountinfo", "utf8"));
}

/** Name of the group below a cluster's own for its supervised processes. */
const systemGroup = "system";
/** Name of the group that the kubelet makes beside it for all pods. */
const podsGroup = "kubepods";

/**
 * Makes the cluster's cgroups in every hierarchy.
 *
 * @param path cgroup of the cluster, see `cgroupPath`.
 * @returns files into which a process writes its number to join the cluster's system group.
 */
export async function ensureCgroups(all: Hierarchies, path: string): Promise<string[]> {
  const joins: string[] = [];
  for (const mount of all.mounts) {
    const group = join(mount, path, systemGroup);
    await mkdir(group, { recursive: true });
    const levels = [dirname(join(mount, path)), join(mount, path), group];
    if (all.version === 2) await delegate(mount, levels.slice(0, -1));
    else await inheritCpus(mount, levels);
    joins.push(join(group, "cgroup.procs"));
  }
  return joins;
}

/** Version 2: a controller works in a group only if every group above hands it down. */
async function delegate(mount: string, groups: string[]): Promise<void> {
  for (const group of [mount, ...groups]) {
    const available = (await readFile(join(group, "cgroup.controllers"), "utf8")).trim().split(/\s+/);
    const wanted = ["cpu", "cpuset", "memory", "pids", "io", "hugetlb"].filter((name) => available.includes(name));
    await writeFile(join(group, "cgroup.subtree_control"), wanted.map((name) => `+${name}`).join(" "));
  }
}

/** Version 1: a cpuset group starts without processors, and nothing can join it until it has some. */
async function inheritCpus(mount: string, groups: string[]): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const all = await readIfPresent(join(mount, file));
    if (all === null) continue;
    for (const group of groups) {
      if ((await readFile(join(group, file), "utf8")).trim() === "") await writeFile(join(group, file), all);
    }
  }
}

/** The groups at and below `path` in one hierarchy, the deepest first. */
async function groupsBelow(path: string): Promise<string[]> {
  let entries;
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENODEV")) return [];
    throw error;
  }
  const below = await Promise.all(
    entries.filter((entry) => entry.isDirectory()).map((entry) => groupsBelow(join(path, entry.name))),
  );
  return [...below.flat(), path];
}

function everyMount(all: Hierarchies): string[] {
  return [...all.mounts, ...(all.unified === undefined ? [] : [all.unified])];
}

/** Numbers of the processes in the cluster's cgroups. */
export async function cgroupProcesses(all: Hierarchies, path: string): Promise<number[]> {
  const found = new Set<number>();
  for (const mount of everyMount(all)) {
    for (const group of await groupsBelow(join(mount, path))) {
      const text = (await readIfPresentInGroup(join(group, "cgroup.procs"))) ?? "";
      for (const line of text.split("\n")) if (line !== "" && line !== "0") found.add(Number(line));
    }
  }
  return [...found];
}

async function readIfPresentInGroup(path: string): Promise<string | null> {
  try {
    return await readIfPresent(path);
  } catch (error) {
    // The group was removed between listing and reading.
    if (hasCode(error, "ENODEV")) return null;
    throw error;
  }
}

/**
 * Asks the processes of all pods to end, and waits for them.
 *
 * @param timeout milliseconds to wait at most; what is left then is killed with the node.
 */
export async function endPods(all: Hierarchies, path: string, timeout: number): Promise<void> {
  const pods = join(path, podsGroup);
  for (const pid of await cgroupProcesses(all, pods)) signalProcess(pid, "SIGTERM");
  await poll(async () => ((await cgroupProcesses(all, pods)).length === 0 ? true : null), timeout);
}

/**
 * Kills what is left in the cluster's cgroups and removes them.
 *
 * @returns groups that could not be removed within ten seconds; normally none.
 */
export async function removeCgroups(all: Hierarchies, path: string): Promise<string[]> {
  let left: string[] = [];
  await poll(async () => {
    for (const pid of await cgroupProcesses(all, path)) {
      if (pid !== process.pid) signalProcess(pid, "SIGKILL");
    }
    left = [];
    for (const mount of everyMount(all)) {
      for (const group of await groupsBelow(join(mount, path))) {
        if (!(await removeGroup(group))) left.push(group);
      }
      // The common parent goes with the last cluster.
      await removeGroup(dirname(join(mount, path)));
    }
    return left.length === 0 ? true : null;
  }, 10_000);
  return left;
}

async function removeGroup(group: string): Promise<boolean> {
  try {
    await rmdir(group);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return true;
    if (hasCode(error, "EBUSY") || hasCode(error, "ENOTEMPTY")) return false;
    throw error;
  }
}
