import { z } from "zod";

import { planNetwork } from "./plan";
import { attempt, run } from "./process";
import type { ClusterFolder, ClusterSpec } from "./spec";

const routesShape = z.array(z.looseObject({ dst: z.string(), dev: z.string().optional() }));
const linksShape = z.array(z.looseObject({ ifname: z.string(), ifalias: z.string().optional() }));

/** A destination in the machine's routing table and the interface it leads to. */
export interface Route {
  destination: string;
  device: string;
}

/** The machine's IPv4 routes. */
export async function routes(): Promise<Route[]> {
  const { stdout } = await run(["ip", "-json", "-4", "route", "show"]);
  return routesShape.parse(JSON.parse(stdout)).map(({ dst, dev }) => ({ destination: dst, device: dev ?? "" }));
}

/** Who made an interface, from its alias; null when there is no such interface. */
export async function linkOwner(name: string): Promise<string | null> {
  const { stdout, exitCode } = await attempt(["ip", "-json", "link", "show", "dev", name]);
  if (exitCode !== 0) return null;
  const [link] = linksShape.parse(JSON.parse(stdout));
  return link === undefined ? null : (link.ifalias ?? "");
}

/** Alias that marks an interface as made for the cluster of this folder. Interface aliases hold at most 255 bytes. */
export function ownerAlias(folder: ClusterFolder): string {
  return `berth:${folder.root}`.slice(0, 255);
}

/**
 * Commands that join the machine to a real node: a veth pair from the machine into the node's network namespace, and a route
 * to the pods through it. `{pid}` stands for a process in that namespace.
 */
export function joinCommands(spec: ClusterSpec, folder: ClusterFolder): string[][] {
  const network = planNetwork(spec.index);
  const device = network.hostInterface;
  return [
    ["ip", "link", "add", device, "type", "veth", "peer", "name", network.nodeInterface, "netns", "{pid}"],
    ["ip", "link", "set", "dev", device, "alias", ownerAlias(folder)],
    ["ip", "address", "add", `${network.hostAddress}/${network.linkPrefix}`, "dev", device],
    ["ip", "link", "set", "dev", device, "up"],
    ["ip", "route", "add", network.podCidr, "via", network.nodeAddress, "dev", device],
  ];
}

/**
 * Removes the machine's end of the pair, and with it the route. The other end goes with the node's namespace.
 *
 * @returns cluster indexes of the removed interfaces: one for a running cluster, none otherwise.
 */
export async function leaveNode(folder: ClusterFolder): Promise<number[]> {
  const { stdout } = await run(["ip", "-json", "link", "show", "type", "veth"]);
  // With no such interface, ip prints nothing or an empty object.
  const own = linksShape
    .parse(stdout.trim() === "" ? [] : JSON.parse(stdout))
    .filter(({ ifalias }) => ifalias === ownerAlias(folder))
    .map(({ ifname }) => ifname);
  for (const name of own) {
    const { exitCode, stderr } = await attempt(["ip", "link", "delete", name]);
    // It may vanish by itself between the two commands, with the namespace of its other end.
    if (exitCode !== 0 && (await linkOwner(name)) !== null) throw new Error(`ip link delete ${name}: ${stderr}`);
  }
  return own.map((name) => Number(name.replace(/^berth/, "")));
}
