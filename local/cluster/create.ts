import { randomBytes } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

import { z } from "zod";

import { LocalError } from "../errors";
import { readIfPresent, writeJson, writePrivate } from "./files";
import { routes } from "./link";
import { withLock } from "../lock";
import { chooseIndex, conflictingRoute, planNetwork } from "./plan";
import { clusterFolder, clustersDir, type ClusterSpec, type LoopbackPorts, type NodeKind } from "./spec";
import { supervisorPid } from "./supervisor";

const specShape: z.ZodType<ClusterSpec> = z.object({
  version: z.literal(1),
  name: z.string(),
  nodes: z.enum(["real", "simulated"]),
  index: z.number().int(),
  gatewayPort: z.number().int().optional(),
  gatewayPortGiven: z.boolean().optional(),
  gatewayTlsPort: z.number().int().optional(),
  gatewayTlsPortGiven: z.boolean().optional(),
  internet: z.boolean(),
  ports: z
    .object({
      etcd: z.number(),
      etcdPeer: z.number(),
      apiServer: z.number(),
      controllerManager: z.number(),
      scheduler: z.number(),
      kwok: z.number(),
    })
    .optional(),
  nodeCount: z.number().int(),
  createdAt: z.string(),
});

/** Ports of the gateway when nobody asks for others and they are free. */
export const defaultGatewayPorts = { gatewayPort: 8080, gatewayTlsPort: 8443 } as const;

/** What the gateway does on each of its ports, for people. */
const gatewayPortUses = { gatewayPort: "redirects HTTP on", gatewayTlsPort: "serves HTTPS on" } as const;

/** A port of the gateway, by its field in {@link ClusterSpec}. */
type GatewayPort = keyof typeof defaultGatewayPorts;

const gatewayPorts = Object.keys(defaultGatewayPorts) as GatewayPort[];

/** What the user asked for; absent fields keep what the cluster has, or get the default of a new one. */
export interface WantedCluster {
  name: string;
  /** @default "real" */
  nodes?: NodeKind;
  /** Port on 127.0.0.1 where the gateway redirects HTTP to HTTPS. @default 8080, or a free port when that is taken */
  gatewayPort?: number;
  /** Port on 127.0.0.1 where the gateway serves HTTPS, which every URL shows. @default 8443, or a free port when that is taken */
  gatewayTlsPort?: number;
  /** Run a gateway. @default true for real nodes, false for simulated ones */
  gateway?: boolean;
  /** Let pods reach the real network. @default false */
  internet?: boolean;
  /** Number of simulated nodes. @default 1 */
  nodeCount?: number;
}

/**
 * Reads what `up` decided about a cluster.
 *
 * @returns null when there is no cluster of this name.
 * @throws LocalError when the file is damaged.
 */
export async function readSpec(name: string): Promise<ClusterSpec | null> {
  const path = clusterFolder(name).spec;
  const text = await readIfPresent(path);
  if (text === null) return null;
  let parsed;
  try {
    parsed = specShape.safeParse(JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    parsed = { success: false as const, error };
  }
  if (parsed.success) return parsed.data;
  throw new LocalError({
    message: `${path} is damaged, so the cluster ${name} cannot be told apart from others.`,
    fix: `Remove the cluster with its data: berth local down --name ${name} --delete-data`,
    exitCode: 1,
    cause: parsed.error,
  });
}

/** Names of all clusters of this user, running or not. */
export async function clusterNames(): Promise<string[]> {
  await mkdir(clustersDir(), { recursive: true, mode: 0o700 });
  const entries = await readdir(clustersDir(), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
}

/**
 * Finds the cluster's spec or decides one: index, ports. Written before anything is started, so that `down` after a crash knows
 * what to remove.
 *
 * @returns the spec, and a remark for the user when a port other than the usual one was taken.
 */
export async function ensureSpec(wanted: WantedCluster): Promise<{ spec: ClusterSpec; remark?: string }> {
  const existing = await readSpec(wanted.name);
  if (existing !== null) return changeSpec(existing, wanted);
  // Two new clusters at once must not choose the same index.
  return withLock(join(clustersDir(), ".lock"), { what: "the list of clusters", waitSeconds: 30 }, async () => {
    const nodes = wanted.nodes ?? "real";
    const gateway = wanted.gateway ?? nodes === "real";
    const { ports, remark } = gateway ? await chooseGatewayPorts(wanted, gatewayPorts) : { ports: {} };
    const spec: ClusterSpec = {
      version: 1,
      name: wanted.name,
      nodes,
      index: await chooseFreeIndex(),
      ...ports,
      internet: wanted.internet ?? false,
      ...(nodes === "simulated" ? { ports: await chooseLoopbackPorts() } : {}),
      nodeCount: nodes === "real" ? 1 : (wanted.nodeCount ?? 1),
      createdAt: new Date().toISOString(),
    };
    const folder = clusterFolder(wanted.name);
    await mkdir(folder.root, { recursive: true, mode: 0o700 });
    await writeJson(folder.spec, spec);
    return { spec, ...(remark === undefined ? {} : { remark }) };
  });
}

/** Applies what the user asked to change about an existing cluster. */
async function changeSpec(spec: ClusterSpec, wanted: WantedCluster): Promise<{ spec: ClusterSpec; remark?: string }> {
  if (wanted.nodes !== undefined && wanted.nodes !== spec.nodes) {
    throw new LocalError({
      message: `The cluster ${spec.name} exists with ${spec.nodes} nodes; it cannot be changed to ${wanted.nodes}.`,
      fix: `Choose another name with --name, or remove it first: berth local down --name ${spec.name} --delete-data`,
      exitCode: 2,
    });
  }
  const changed: ClusterSpec = {
    ...spec,
    internet: wanted.internet ?? spec.internet,
    nodeCount: spec.nodes === "real" ? 1 : (wanted.nodeCount ?? spec.nodeCount),
  };
  let remark: string | undefined;
  if (wanted.gateway === false) {
    for (const port of gatewayPorts) {
      Reflect.deleteProperty(changed, port);
      Reflect.deleteProperty(changed, `${port}Given`);
    }
  } else if (wanted.gateway === true || gatewayPorts.some((port) => (spec[port] ?? wanted[port]) !== undefined)) {
    const open: GatewayPort[] = [];
    for (const port of gatewayPorts) {
      if (wanted[port] !== undefined || spec[port] === undefined || (await isLost(spec, port))) open.push(port);
    }
    const choice = await chooseGatewayPorts(wanted, open);
    Object.assign(changed, choice.ports);
    remark = choice.remark;
  }
  if (JSON.stringify(changed) !== JSON.stringify(spec)) await writeJson(clusterFolder(spec.name).spec, changed);
  return { spec: changed, ...(remark === undefined ? {} : { remark }) };
}

/** Whether somebody else took one of the gateway's ports, one that nobody asked for, while the gateway did not run. */
async function isLost(spec: ClusterSpec, port: GatewayPort): Promise<boolean> {
  const number = spec[port];
  if (number === undefined || spec[`${port}Given` as const] === true) return false;
  if ((await supervisorPid(clusterFolder(spec.name), "gateway")) !== null) return false;
  return !(await isPortFree(number));
}

/** Makes sure that the passphrase of the cluster's Pulumi stacks exists, 0600. */
export async function ensurePassphrase(path: string): Promise<void> {
  if ((await readIfPresent(path)) !== null) return;
  await writePrivate(path, randomBytes(32).toString("base64url"));
}

async function chooseFreeIndex(): Promise<number> {
  const others = await Promise.all(
    (await clusterNames()).map(async (name) => {
      const text = await readIfPresent(clusterFolder(name).spec);
      // A damaged neighbour is reported when it is used; here its routes, if it runs, still protect its addresses.
      const parsed = text === null ? null : specShape.safeParse(tryJson(text));
      return parsed?.success === true ? parsed.data.index : null;
    }),
  );
  const destinations = (await routes()).map(({ destination }) => destination);
  const index = chooseIndex(
    others.filter((other) => other !== null),
    destinations,
  );
  if (index !== undefined) return index;
  throw new LocalError({
    message:
      "All 256 address ranges for clusters (10.89.i.0/30, 10.90.i.0/24, 10.91.i.0/24) are taken by clusters or by routes of this machine.",
    fix: 'Remove a cluster ("berth local list", "berth local down --delete-data"), or a route to 10.89.0.0/16, 10.90.0.0/16 or 10.91.0.0/16.',
  });
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/**
 * Checks that no route of the machine leads the cluster's addresses elsewhere, for a cluster that does not run.
 *
 * @throws LocalError naming the route and its interface.
 */
export async function checkAddresses(spec: ClusterSpec): Promise<void> {
  const all = await routes();
  const conflict = conflictingRoute(
    spec.index,
    all.map(({ destination }) => destination),
  );
  if (conflict === undefined) return;
  const device = all.find(({ destination }) => destination === conflict)?.device ?? "";
  const own = planNetwork(spec.index);
  throw new LocalError({
    message:
      `The addresses of the cluster ${spec.name} (${own.nodeAddress}, ${own.podCidr}) are in use: this machine has a route to ${conflict}` +
      `${device === "" ? "" : ` through ${device}`}.`,
    fix: device.startsWith("berth")
      ? "Another user's or another state folder's Berth cluster uses them: stop that one, or start a cluster under a new name."
      : "Remove the route, or start a cluster under a new name, which takes other addresses.",
  });
}

/** Whether nothing listens on the port of 127.0.0.1. */
export async function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ host: "127.0.0.1", port: 0 }, resolve);
      });
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof address === "object" && address !== null ? address.port : 0;
    }),
  );
}

/** Six free ports on 127.0.0.1 for a simulated cluster. */
export async function chooseLoopbackPorts(): Promise<LoopbackPorts> {
  const [etcd = 0, etcdPeer = 0, apiServer = 0, controllerManager = 0, scheduler = 0, kwok = 0] = await freePorts(6);
  return { etcd, etcdPeer, apiServer, controllerManager, scheduler, kwok };
}

/** Decides ports of the gateway: what is asked for, else the usual ones, else free ones. */
async function chooseGatewayPorts(
  wanted: Pick<WantedCluster, GatewayPort>,
  open: readonly GatewayPort[],
): Promise<{ ports: Partial<ClusterSpec>; remark?: string }> {
  const ports: Partial<ClusterSpec> = {};
  const remarks: string[] = [];
  for (const port of open) {
    const given = wanted[port];
    if (given !== undefined) {
      ports[port] = given;
      ports[`${port}Given` as const] = true;
      continue;
    }
    const usual = defaultGatewayPorts[port];
    if (await isPortFree(usual)) {
      ports[port] = usual;
      continue;
    }
    const [free = 0] = await freePorts(1);
    ports[port] = free;
    remarks.push(`Port ${usual} is taken, so the gateway ${gatewayPortUses[port]} ${free}.`);
  }
  return { ports, ...(remarks.length === 0 ? {} : { remark: remarks.join(" ") }) };
}
