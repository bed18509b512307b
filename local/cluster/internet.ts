import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { readIfPresent, writePrivate } from "./files";
import { planNetwork } from "./plan";
import { attempt, run } from "./process";
import type { ClusterFolder, ClusterSpec } from "./spec";

/** The kernel's switch for passing packets on, for the whole machine. */
const forwarding = "/proc/sys/net/ipv4/ip_forward";

/** Name of the machine's nftables table for one cluster. */
function tableName(index: number): string {
  return `berth-${index}`;
}

/**
 * Rules that let a cluster's pods out through the machine's own connection, under the machine's address. Nothing from outside
 * comes in: only answers do.
 */
export function internetRules(spec: Pick<ClusterSpec, "index">): string {
  const { hostInterface, nodeAddress, podCidr } = planNetwork(spec.index);
  return [
    `table ip ${tableName(spec.index)} {`,
    "  chain postrouting {",
    "    type nat hook postrouting priority srcnat;",
    `    ip saddr { ${nodeAddress}, ${podCidr} } oifname != "${hostInterface}" masquerade`,
    "  }",
    "  chain forward {",
    "    type filter hook forward priority filter;",
    `    oifname "${hostInterface}" ct state established,related accept`,
    `    oifname "${hostInterface}" drop`,
    "  }",
    "}",
    "",
  ].join("\n");
}

/** Where the switch's former value is kept while the cluster uses it. */
function formerValueFile(folder: ClusterFolder): string {
  return join(folder.root, "ip-forward");
}

/** Opens the way out for a cluster whose link to the machine exists. */
export async function openInternet(spec: ClusterSpec, folder: ClusterFolder): Promise<void> {
  const former = await readFile(forwarding, "utf8");
  if ((await readIfPresent(formerValueFile(folder))) === null) await writePrivate(formerValueFile(folder), former);
  await closeTable(spec.index);
  await run(["nft", "-f", "-"], { input: internetRules(spec) });
  await run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
}

/**
 * Closes the way out again. The machine's switch goes back to what it was, unless another cluster uses it, which then does it.
 *
 * @param others folders of the user's other clusters.
 */
export async function closeInternet(
  index: number,
  folder: ClusterFolder,
  others: readonly ClusterFolder[],
): Promise<void> {
  const former = await readIfPresent(formerValueFile(folder));
  if (former === null) return;
  await closeTable(index);
  const heir = await firstWithFormer(others);
  if (heir === null) await run(["sysctl", "-qw", `net.ipv4.ip_forward=${former.trim()}`]);
  else await writePrivate(formerValueFile(heir), former);
  await rm(formerValueFile(folder), { force: true });
}

async function firstWithFormer(folders: readonly ClusterFolder[]): Promise<ClusterFolder | null> {
  for (const folder of folders) if ((await readIfPresent(formerValueFile(folder))) !== null) return folder;
  return null;
}

async function closeTable(index: number): Promise<void> {
  // Fails when there is no such table, which is what is wanted.
  await attempt(["nft", "delete", "table", "ip", tableName(index)]);
}

/** Addresses of the machine's resolvers that a pod could reach: those of loopback answer on the machine alone. */
export function reachableResolvers(resolvConf: string): string[] {
  return resolvConf
    .split("\n")
    .map((line) => /^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/.exec(line)?.[1])
    .filter((address): address is string => address !== undefined && !address.startsWith("127."));
}
