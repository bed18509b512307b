import type { ClusterSpec } from "./spec";

/** Addresses and names of one cluster; a pure function of its {@link ClusterSpec}. */
export interface NetworkPlan {
  /** Host end of the veth pair that joins the node to the machine: interface name (at most 15 characters). */
  hostInterface: string;
  /** Address of the host end; the gateway's requests reach pods from here. */
  hostAddress: string;
  /** The node's end: interface name inside the node's network namespace. */
  nodeInterface: string;
  /** Address of the node and of its API server. */
  nodeAddress: string;
  /** Prefix length of the two addresses above. */
  linkPrefix: number;
  /** Bridge that the pods hang on, inside the node's network namespace. */
  bridge: string;
  podCidr: string;
  /** First address of `podCidr`, held by the bridge. */
  podGateway: string;
  serviceCidr: string;
  /** Cluster IP of the `kubernetes` Service. */
  apiServiceAddress: string;
  /** Cluster IP of the `kube-dns` Service. */
  dnsAddress: string;
  clusterDomain: string;
}

/** Number of the netfilter queue that the NetworkPolicy agent listens on (its default). */
export const policyQueue = 100;

/** Highest cluster index: the addresses give it one byte. */
export const highestIndex = 255;

/**
 * Addresses of the cluster with this index: `10.89.i.0/30` between machine and node, `10.90.i.0/24` for pods,
 * `10.91.i.0/24` for services.
 *
 * @param index 0 to {@link highestIndex}.
 */
export function planNetwork(index: number): NetworkPlan {
  if (!Number.isInteger(index) || index < 0 || index > highestIndex) {
    throw new RangeError(`cluster index ${index} is not an integer from 0 to ${highestIndex}`);
  }
  return {
    hostInterface: `berth${index}`,
    hostAddress: `10.89.${index}.1`,
    nodeInterface: "eth0",
    nodeAddress: `10.89.${index}.2`,
    linkPrefix: 30,
    bridge: "pods0",
    podCidr: `10.90.${index}.0/24`,
    podGateway: `10.90.${index}.1`,
    serviceCidr: `10.91.${index}.0/24`,
    apiServiceAddress: `10.91.${index}.1`,
    dnsAddress: `10.91.${index}.10`,
    clusterDomain: "cluster.local",
  };
}

/** Where each server of the control plane listens. */
export interface Endpoints {
  etcd: { address: string; port: number; peerPort: number };
  apiServer: { address: string; port: number };
  controllerManager: { address: string; port: number };
  scheduler: { address: string; port: number };
}

/** Standard ports inside a real node's namespace, the chosen loopback ports for a simulated one. */
export function planEndpoints(spec: ClusterSpec): Endpoints {
  const loopback = "127.0.0.1";
  if (spec.nodes === "real") {
    return {
      etcd: { address: loopback, port: 2379, peerPort: 2380 },
      apiServer: { address: planNetwork(spec.index).nodeAddress, port: 6443 },
      controllerManager: { address: loopback, port: 10257 },
      scheduler: { address: loopback, port: 10259 },
    };
  }
  if (spec.ports === undefined) throw new Error(`the simulated cluster ${spec.name} has no ports in its spec`);
  return {
    etcd: { address: loopback, port: spec.ports.etcd, peerPort: spec.ports.etcdPeer },
    apiServer: { address: loopback, port: spec.ports.apiServer },
    controllerManager: { address: loopback, port: spec.ports.controllerManager },
    scheduler: { address: loopback, port: spec.ports.scheduler },
  };
}

/** URL of the cluster's API server. */
export function apiServerUrl(spec: ClusterSpec): string {
  const { address, port } = planEndpoints(spec).apiServer;
  return `https://${address}:${port}`;
}

/** Names of the cluster's nodes: `berth-<name>` for a real one, `berth-<name>-<i>` for simulated ones. */
export function nodeNames(spec: ClusterSpec): string[] {
  if (spec.nodes === "real") return [`berth-${spec.name}`];
  return Array.from({ length: spec.nodeCount }, (_, i) => `berth-${spec.name}-${i}`);
}

/**
 * The node's cgroup below the root of each hierarchy. The index is in it because two state folders may hold clusters of the
 * same name.
 */
export function cgroupPath(spec: Pick<ClusterSpec, "name" | "index">): string {
  return `/berth/${spec.name}-${spec.index}`;
}

/** An IPv4 network as two numbers. */
interface Range {
  first: number;
  last: number;
}

/**
 * Reads `10.90.0.0/24` or a single address.
 *
 * @returns null for `default` and for anything that is no IPv4 network.
 */
export function parseNetwork(text: string): Range | null {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?$/.exec(text);
  if (match === null) return null;
  const [a = 0, b = 0, c = 0, d = 0] = match.slice(1, 5).map(Number);
  const prefix = match[5] === undefined ? 32 : Number(match[5]);
  if ([a, b, c, d].some((byte) => byte > 255) || prefix > 32) return null;
  const size = 2 ** (32 - prefix);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

/** The three networks that the cluster with this index uses. */
export function networksOf(index: number): string[] {
  const plan = planNetwork(index);
  return [`10.89.${index}.0/${plan.linkPrefix}`, plan.podCidr, plan.serviceCidr];
}

/**
 * Whether a cluster with this index would use addresses that the machine already routes somewhere.
 *
 * @param routes destinations of the machine's routing table (`10.0.0.0/8`, `default`, …); the default route does not count.
 * @returns the first route that overlaps, or undefined.
 */
export function conflictingRoute(index: number, routes: readonly string[]): string | undefined {
  const own = networksOf(index).map(parseNetwork);
  return routes.find((route) => {
    const other = parseNetwork(route);
    return (
      other !== null && own.some((range) => range !== null && range.first <= other.last && other.first <= range.last)
    );
  });
}

/**
 * Chooses the lowest index that no other cluster has and that no existing route overlaps.
 *
 * @param taken indexes that other clusters of this user hold, running or not.
 * @param routes destinations of the machine's routing table.
 * @returns undefined when none is left.
 */
export function chooseIndex(taken: readonly number[], routes: readonly string[]): number | undefined {
  for (let index = 0; index <= highestIndex; index++) {
    if (!taken.includes(index) && conflictingRoute(index, routes) === undefined) return index;
  }
  return undefined;
}
