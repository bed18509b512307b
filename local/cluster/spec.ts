import { join } from "node:path";

import { LocalError } from "../errors";
import { stateDir } from "../paths";

/** `real`: kubelet and containerd run pods. `simulated`: kwok pretends that pods run. */
export type NodeKind = "real" | "simulated";

/** Ports of a simulated cluster on 127.0.0.1. A real node has a network namespace of its own and uses the standard ports. */
export interface LoopbackPorts {
  etcd: number;
  etcdPeer: number;
  apiServer: number;
  controllerManager: number;
  scheduler: number;
  kwok: number;
}

/** What `up` decided about a cluster and must find again at the next `up`: kept in `cluster.json`. */
export interface ClusterSpec {
  /** Version of this file's shape. */
  version: 1;
  name: string;
  nodes: NodeKind;
  /** Number that the cluster's addresses are made of, 0 to 255; unique on the machine. */
  index: number;
  /** Port on 127.0.0.1 where the gateway redirects HTTP to HTTPS; absent when the cluster has no gateway. */
  gatewayPort?: number;
  /** The user asked for that port, so no other may take its place. @default false */
  gatewayPortGiven?: boolean;
  /** Port on 127.0.0.1 where the gateway serves HTTPS. Absent without a gateway, and until the next `up` of a cluster from before HTTPS. */
  gatewayTlsPort?: number;
  /** The user asked for that port, so no other may take its place. @default false */
  gatewayTlsPortGiven?: boolean;
  /** Pods may reach the real network through the machine's own connection. */
  internet: boolean;
  /** Present when `nodes` is `simulated`. */
  ports?: LoopbackPorts;
  /** How many simulated nodes; 1 when `nodes` is `real`. */
  nodeCount: number;
  /** When the cluster was first started, RFC 3339. */
  createdAt: string;
}

/** Longest accepted cluster name; node names and labels are made of it. */
const maximumNameLength = 30;
const namePattern = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;

/**
 * Checks a cluster's name.
 *
 * @returns the same name.
 * @throws LocalError (exit code 2) when it is not lower-case letters, digits and dashes, starts with no letter, or is too long.
 */
export function checkName(name: string): string {
  if (namePattern.test(name) && name.length <= maximumNameLength) return name;
  throw new LocalError({
    message:
      `The cluster name "${name}" is not usable: at most ${maximumNameLength} lower-case letters, digits and dashes, ` +
      "starting with a letter and not ending with a dash.",
    fix: "Choose another name, for example --name berth.",
    exitCode: 2,
  });
}

/** Every path of one cluster. Nothing of a cluster lies outside `root`, except its cgroups and interfaces. */
export interface ClusterFolder {
  /** `<state>/clusters/<name>`. */
  root: string;
  /** {@link ClusterSpec} as JSON. */
  spec: string;
  /** Held by flock(1) while `up` or `down` works. */
  lock: string;
  /** The user's kubeconfig, 0600. */
  kubeconfig: string;
  /** Keys and certificates, 0700. */
  pki: string;
  /** Kubeconfigs of the components, 0700. */
  clients: string;
  /** Generated configuration files. */
  config: string;
  /** What must survive a restart: etcd, images, volumes, kubelet state. */
  data: string;
  /** The node's own /var. */
  nodeVar: string;
  /** Folder of the volumes that the default StorageClass hands out. */
  volumes: string;
  logs: string;
  /** Connections that pods were refused, a line of JSON each. */
  egressLog: string;
  /** Pid and status files; meaningless after a reboot. */
  run: string;
  /** Pulumi's state (`file://` backend). */
  pulumi: string;
  /** Passphrase of the Pulumi stacks in this cluster, 0600. */
  passphrase: string;
}

/** Folder that holds all clusters of this user. */
export function clustersDir(): string {
  return join(stateDir(), "clusters");
}

/** The paths of the cluster `name`; creates nothing. */
export function clusterFolder(name: string): ClusterFolder {
  const root = join(clustersDir(), checkName(name));
  return {
    root,
    spec: join(root, "cluster.json"),
    lock: join(root, "lock"),
    kubeconfig: join(root, "kubeconfig"),
    pki: join(root, "pki"),
    clients: join(root, "clients"),
    config: join(root, "config"),
    data: join(root, "data"),
    nodeVar: join(root, "data", "var"),
    volumes: join(root, "data", "volumes"),
    logs: join(root, "logs"),
    egressLog: join(root, "logs", "egress-denied.log"),
    run: join(root, "run"),
    pulumi: join(root, "pulumi"),
    passphrase: join(root, "pulumi-passphrase"),
  };
}
