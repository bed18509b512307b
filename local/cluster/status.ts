import { readIfPresent } from "./files";
import { clusterNames, readSpec } from "./create";
import { localDomain } from "./gateway";
import { nodeNames, planEndpoints, planNetwork, apiServerUrl } from "./plan";
import { clusterFolder, type ClusterSpec, type NodeKind } from "./spec";
import { readStatus, supervisorPid, type SupervisorStatus } from "./supervisor";
import { readVersions, type Versions } from "./versions";

/** What a part of the cluster is compared to what it stands for. */
export type Reality = "real" | "simulated" | "stand-in";

/** One part of a cluster. */
export interface Part {
  name: string;
  /** What it is for. */
  role: string;
  reality: Reality;
  version: string;
  /** `ready`, `starting`, `backoff`, …; `stopped` when the cluster does not run. */
  state: string;
  /** Process on the machine; absent when there is none. */
  pid?: number;
  restarts: number;
  /** Since when it is in that state, RFC 3339. */
  since?: string;
  /** Why it is not ready. */
  message?: string;
  /** Where it listens: addresses and ports. */
  listens: string[];
}

/** A cluster and its parts. */
export interface ClusterStatus {
  name: string;
  nodes: NodeKind;
  running: boolean;
  /** `ready`, `starting`, `degraded`, `failed` or `stopped`. */
  state: string;
  /** URL of the API server. */
  server: string;
  /** Where the gateway serves environments, `*` for any of them; absent when the cluster has none. */
  gateway?: string;
  /** Path of the kubeconfig; there while the cluster runs. */
  kubeconfig: string;
  /** Folder of the cluster. */
  folder: string;
  nodeNames: string[];
  podCidr?: string;
  serviceCidr: string;
  createdAt: string;
  parts: Part[];
}

/**
 * Looks at one cluster.
 *
 * @returns null when there is no cluster of this name.
 */
export async function clusterStatus(name: string): Promise<ClusterStatus | null> {
  const spec = await readSpec(name);
  if (spec === null) return null;
  const folder = clusterFolder(name);
  const nodeRuns = (await supervisorPid(folder, "node")) !== null;
  const node = nodeRuns ? await readStatus(folder, "node") : null;
  const gatewayRuns = (await supervisorPid(folder, "gateway")) !== null;
  const gateway = gatewayRuns ? await readStatus(folder, "gateway") : null;
  const network = planNetwork(spec.index);
  const wantsGateway = spec.gatewayPort !== undefined;
  const whole = !nodeRuns ? "stopped" : (node?.state ?? "starting");
  return {
    name,
    nodes: spec.nodes,
    running: nodeRuns,
    state: whole === "ready" && wantsGateway && gateway?.state !== "ready" ? "degraded" : whole,
    server: apiServerUrl(spec),
    ...(wantsGateway ? { gateway: `https://*.${localDomain}:${spec.gatewayTlsPort ?? 0}` } : {}),
    kubeconfig: folder.kubeconfig,
    folder: folder.root,
    nodeNames: nodeNames(spec),
    ...(spec.nodes === "real" ? { podCidr: network.podCidr } : {}),
    serviceCidr: network.serviceCidr,
    createdAt: spec.createdAt,
    parts: describeParts(spec, await readVersions(), node, gateway),
  };
}

/** A cluster in a list. */
export interface ClusterSummary {
  name: string;
  nodes: NodeKind;
  running: boolean;
  state: string;
  server: string;
  gateway?: string;
}

/** All clusters of this user, running or not. A damaged one is left out; its own commands report it. */
export async function listClusters(): Promise<ClusterSummary[]> {
  const names = await clusterNames();
  const sound = await Promise.all(
    names.map(async (name) => ((await readIfPresent(clusterFolder(name).spec)) === null ? null : clusterStatus(name))),
  );
  return sound
    .filter((status): status is ClusterStatus => status !== null)
    .map(({ name, nodes, running, state, server, gateway }) => ({
      name,
      nodes,
      running,
      state,
      server,
      ...(gateway === undefined ? {} : { gateway }),
    }));
}

interface PartPlan {
  role: string;
  reality: Reality;
  version: string;
  listens?: string[];
}

/** What each part is, whatever its state. */
function planParts(spec: ClusterSpec, versions: Versions): Record<string, PartPlan> {
  const { etcd, apiServer, controllerManager, scheduler } = planEndpoints(spec);
  const kubernetes = versions.kubernetes;
  const nodeAddress = planNetwork(spec.index).nodeAddress;
  const common: Record<string, PartPlan> = {
    etcd: {
      role: "stores all objects",
      reality: "real",
      version: versions.etcd,
      listens: [`${etcd.address}:${etcd.port}`],
    },
    "kube-apiserver": {
      role: "Kubernetes API",
      reality: "real",
      version: kubernetes,
      listens: [`${apiServer.address}:${apiServer.port}`],
    },
    "kube-controller-manager": {
      role: "controllers",
      reality: "real",
      version: kubernetes,
      listens: [`${controllerManager.address}:${controllerManager.port}`],
    },
    "kube-scheduler": {
      role: "places pods",
      reality: "real",
      version: kubernetes,
      listens: [`${scheduler.address}:${scheduler.port}`],
    },
    "local-path-provisioner": {
      role: "folders for volumes; sizes are not enforced",
      reality: "stand-in",
      version: "Berth's own, for a CSI driver",
    },
  };
  const gateway: Record<string, PartPlan> =
    spec.gatewayPort === undefined
      ? {}
      : {
          traefik: {
            role: "gateway, on the machine itself",
            reality: "real",
            version: versions.traefik,
            listens: [`127.0.0.1:${spec.gatewayTlsPort ?? 0}`, `127.0.0.1:${spec.gatewayPort}`],
          },
        };
  if (spec.nodes === "simulated") {
    return {
      ...common,
      kwok: {
        role: "nodes and pods; no container runs, no packet flows",
        reality: "simulated",
        version: versions.kwok,
        listens: [`127.0.0.1:${spec.ports?.kwok ?? 0}`],
      },
      ...gateway,
    };
  }
  return {
    ...common,
    containerd: { role: "runs containers", reality: "real", version: "of the Debian package containerd" },
    kubelet: { role: "runs pods", reality: "real", version: kubernetes, listens: [`${nodeAddress}:10250`] },
    "kube-proxy": { role: "Service addresses (nftables)", reality: "real", version: kubernetes },
    coredns: { role: "DNS of the cluster, as a Deployment", reality: "real", version: versions.coredns },
    "kube-network-policies": {
      role: "decides each new connection by NetworkPolicy; what it does not know does not pass",
      reality: "real",
      version: versions.networkPolicies,
    },
    ...gateway,
  };
}

/** Parts in the order of their plan, each with what its supervisor says about it. */
export function describeParts(
  spec: ClusterSpec,
  versions: Versions,
  node: SupervisorStatus | null,
  gateway: SupervisorStatus | null,
): Part[] {
  return Object.entries(planParts(spec, versions)).map(([name, { role, reality, version, listens = [] }]) => {
    const found = node?.components?.[name] ?? gateway?.components?.[name];
    return {
      name,
      role,
      reality,
      version,
      // CoreDNS is a workload of the cluster, not of its supervisors.
      state: found?.state ?? (name === "coredns" && node !== null ? "deployed" : "stopped"),
      ...(found === undefined || found.hostPid === 0 ? {} : { pid: found.hostPid }),
      restarts: found?.restarts ?? 0,
      ...(found === undefined ? {} : { since: found.since }),
      ...(found?.message === undefined || found.message === "" ? {} : { message: found.message }),
      listens,
    };
  });
}
