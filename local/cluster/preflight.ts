import { mkdir, mkdtemp, rm, statfs } from "node:fs/promises";
import { dirname, join, sep } from "node:path";

import { ensureDebianPackages, type DebianPackage } from "../debian";
import { LocalError } from "../errors";
import { hierarchies } from "./cgroups";
import { isPortFree } from "./create";
import type { QueueWay } from "./network";
import { attempt } from "./process";
import type { ClusterFolder, ClusterSpec, NodeKind } from "./spec";

/** Debian packages that a cluster needs, by what its nodes are. */
export function requirements(nodes: NodeKind): DebianPackage[] {
  const always: DebianPackage[] = [{ name: "util-linux", why: "locks and namespaces", programs: ["flock", "nsenter"] }];
  const real: DebianPackage[] = [
    { name: "containerd", why: "running containers", programs: ["/usr/bin/containerd", "/usr/bin/ctr"] },
    { name: "runc", why: "running containers", programs: ["runc"] },
    {
      name: "containernetworking-plugins",
      why: "pod networks",
      programs: ["bridge", "host-local", "loopback"].map((plugin) => `/usr/lib/cni/${plugin}`),
    },
    {
      name: "iptables",
      why: "handing packets to the NetworkPolicy agent",
      programs: ["iptables-restore", "ip6tables-restore"],
    },
    { name: "nftables", why: "Service addresses", programs: ["nft"] },
    { name: "iproute2", why: "network interfaces", programs: ["ip"] },
    { name: "procps", why: "the node's kernel settings", programs: ["sysctl"] },
    { name: "mount", why: "the node's own file systems", programs: ["mount"] },
    { name: "mmdebstrap", why: "building the images of databases and of the example", programs: ["mmdebstrap"] },
  ];
  return nodes === "real" ? [...always, ...real] : always;
}

/** Free space that a cluster needs to start, in bytes: images, etcd with its log, container file systems. */
export const neededSpace: Record<NodeKind, number> = { real: 2 * 1024 ** 3, simulated: 512 * 1024 ** 2 };

async function checkDisk(folder: ClusterFolder, nodes: NodeKind): Promise<void> {
  const { bavail, bsize, ffree, files } = await statfs(folder.root);
  const free = bavail * bsize;
  const needed = neededSpace[nodes];
  if (free < needed) {
    throw new LocalError({
      message: `The disk of ${folder.root} has ${mebibytes(free)} MiB free; a cluster with ${nodes} nodes needs ${mebibytes(needed)} MiB.`,
      fix: "Free some space, or point BERTH_STATE at a folder on a larger disk.",
    });
  }
  // File systems without a fixed number of inodes say 0.
  if (files > 0 && ffree < 10_000) {
    throw new LocalError({
      message: `The disk of ${folder.root} has room for ${ffree} more files; a cluster needs 10000.`,
      fix: "Remove some files, or point BERTH_STATE at a folder on another disk.",
    });
  }
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2);
}

/** A kernel feature, how to try it, and what it is for. */
interface Feature {
  name: string;
  script: string;
  why: string;
}

/** Tries everything in namespaces that vanish with the shell, so nothing of the machine is touched. */
function features(scratch: string): Feature[] {
  const dirs = ["lower", "upper", "work", "all"].map((name) => `$d/${name}`).join(" ");
  return [
    {
      name: "overlayfs",
      why: "container file systems",
      script: `d="${scratch}"; mkdir -p ${dirs} && mount -t overlay overlay -o lowerdir=$d/lower,upperdir=$d/upper,workdir=$d/work $d/all`,
    },
    { name: "bridge", why: "the pods' network", script: "ip link add berth-try-b type bridge" },
    { name: "veth", why: "the pods' network", script: "ip link add berth-try-v type veth peer name berth-try-w" },
    {
      name: "br_netfilter",
      why: "NetworkPolicies between pods of one node",
      // The one module that nothing loads by itself when it is first needed.
      script: "[ -d /proc/sys/net/bridge ] || modprobe br_netfilter; sysctl -qw net.bridge.bridge-nf-call-iptables=1",
    },
    { name: "nf_tables", why: "Service addresses", script: "nft add table ip berth-try" },
  ];
}

const queueTries: Record<QueueWay, string> = {
  nftables:
    "nft add table inet berth-try && nft 'add chain inet berth-try c { type filter hook forward priority 0; }' && " +
    "nft add rule inet berth-try c ct state new queue num 100",
  iptables: "iptables -w -A FORWARD -m conntrack --ctstate NEW -j NFQUEUE --queue-num 100",
};

async function tryInNamespaces(script: string): Promise<string | null> {
  const { exitCode, stderr, stdout } = await attempt(["unshare", "--mount", "--net", "/bin/sh", "-euc", script]);
  return exitCode === 0 ? null : stderr.trim() || stdout.trim() || `exit code ${exitCode}`;
}

/**
 * Finds out how netfilter can hand packets to the NetworkPolicy agent on this kernel: by nftables (CONFIG_NFT_QUEUE), else by
 * iptables' NFQUEUE target (CONFIG_NETFILTER_XT_TARGET_NFQUEUE).
 *
 * @throws LocalError when neither works.
 */
export async function findQueueWay(): Promise<QueueWay> {
  const problems: string[] = [];
  for (const way of ["nftables", "iptables"] as const) {
    const problem = await tryInNamespaces(queueTries[way]);
    if (problem === null) return way;
    problems.push(`${way}: ${problem.split("\n")[0] ?? ""}`);
  }
  throw new LocalError({
    message: `This kernel cannot hand packets to user space, which NetworkPolicies need (${problems.join("; ")}).`,
    fix: "Load the module (modprobe nft_queue, or modprobe xt_NFQUEUE), use a kernel with CONFIG_NFT_QUEUE or CONFIG_NETFILTER_XT_TARGET_NFQUEUE, or run with --nodes simulated.",
  });
}

async function checkKernel(folder: ClusterFolder): Promise<void> {
  // On the disk that will hold the containers' file systems.
  await mkdir(dirname(folder.root), { recursive: true, mode: 0o700 });
  const scratch = await mkdtemp(join(dirname(folder.root), ".try-"));
  const all = features(scratch);
  const problems = await Promise.all(all.map(({ script }) => tryInNamespaces(script))).finally(() =>
    rm(scratch, { recursive: true, force: true }),
  );
  const missing = all.flatMap((feature, i) => {
    const problem = problems[i];
    return problem === null || problem === undefined
      ? []
      : [`${feature.name}, for ${feature.why} (${problem.split("\n")[0] ?? ""})`];
  });
  if (missing.length === 0) return;
  throw new LocalError({
    message: `This kernel or container lacks what a real node needs: ${missing.join("; ")}.`,
    fix: "Load the modules (modprobe overlay bridge veth br_netfilter nf_tables), use a machine where root has all capabilities, or run with --nodes simulated.",
  });
}

/** Controllers without which the kubelet does not start. */
const neededControllers = ["cpu", "memory", "pids"];

async function checkCgroups(): Promise<void> {
  const all = await hierarchies();
  const fix = "Mount the cgroup file systems (on Debian systemd does), or run with --nodes simulated.";
  if (all === null) throw new LocalError({ message: "No cgroup hierarchy is mounted on this machine.", fix });
  const missing =
    all.version === 2
      ? []
      : neededControllers.filter(
          (name) => !all.mounts.some((mount) => mount.split(sep).at(-1)?.split(",").includes(name)),
        );
  if (missing.length > 0) {
    throw new LocalError({
      message: `The cgroup controllers ${missing.join(", ")} are not mounted on this machine.`,
      fix,
    });
  }
}

/** Folders that a real node replaces by its own and where the cluster's data therefore cannot lie. */
const replacedFolders = ["/run", "/proc", "/sys", "/dev"];

/**
 * Checks what nodes of this kind need from the machine, whatever the cluster, and finds out how packets reach the
 * NetworkPolicy agent. Changes nothing that lasts.
 *
 * @param options.install install missing Debian packages, which takes root. @default false
 * @param options.onInstall called before that, with their names.
 * @throws LocalError (exit code 7) with what is missing and how to get it.
 */
export async function checkMachine(options: {
  nodes: NodeKind;
  folder: ClusterFolder;
  install?: boolean;
  onInstall?: (names: readonly string[]) => void;
  signal?: AbortSignal;
}): Promise<{ queueWay: QueueWay }> {
  const { nodes, folder, install = false, onInstall, signal } = options;
  if (process.platform !== "linux") {
    throw new LocalError({
      message: `The embedded cluster runs on Linux; this is ${process.platform}.`,
      fix: "Use a Linux machine, or point Berth at a cluster of your own with --kubeconfig.",
    });
  }
  if (nodes === "real" && process.getuid?.() !== 0) {
    throw new LocalError({
      message: `A real node takes root (namespaces, mounts, network); this is uid ${process.getuid?.() ?? "unknown"}.`,
      fix: "Run the command as root (sudo -E), or with --nodes simulated.",
    });
  }
  if (nodes === "real" && replacedFolders.some((path) => folder.root.startsWith(`${path}/`))) {
    throw new LocalError({
      message: `The cluster's folder ${folder.root} lies in a folder that a real node replaces by its own (${replacedFolders.join(", ")}).`,
      fix: "Point BERTH_STATE at a folder on a disk, for example BERTH_STATE=$HOME/.local/state/berth.",
    });
  }
  await ensureDebianPackages({
    packages: requirements(nodes),
    install,
    ...(onInstall && { onInstall }),
    ...(signal && { signal }),
  });
  if (nodes === "simulated") return { queueWay: "iptables" };
  await checkCgroups();
  const [queueWay] = await Promise.all([findQueueWay(), checkKernel(folder)]);
  return { queueWay };
}

/**
 * Checks what this cluster needs on top: disk space and free ports.
 *
 * @param wanted.gatewayRuns the cluster's own gateway holds its ports already.
 * @throws LocalError (exit code 7) with what is missing and how to get it.
 */
export async function checkRoom(wanted: {
  spec: ClusterSpec;
  folder: ClusterFolder;
  gatewayRuns: boolean;
}): Promise<void> {
  const { spec, folder, gatewayRuns } = wanted;
  await checkDisk(folder, spec.nodes);
  const options = { gatewayPort: "--gateway-port", gatewayTlsPort: "--gateway-tls-port" } as const;
  if (spec.gatewayPort !== undefined && spec.gatewayPort === spec.gatewayTlsPort) {
    throw new LocalError({
      message: `The gateway cannot use port ${spec.gatewayPort} both for HTTP and for HTTPS.`,
      fix: `Choose another with ${options.gatewayPort} or ${options.gatewayTlsPort}.`,
      exitCode: 2,
    });
  }
  for (const field of ["gatewayPort", "gatewayTlsPort"] as const) {
    const port = spec[field];
    if (port === undefined || gatewayRuns || (await isPortFree(port))) continue;
    throw new LocalError({
      message: `Port ${port} of 127.0.0.1, which the gateway is to listen on, is in use (or not allowed to this user).`,
      fix: `Stop what listens there (ss -ltnp), or choose another with ${options[field]}.`,
    });
  }
}
