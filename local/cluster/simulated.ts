import { join } from "node:path";

import { type Component, type ComponentContext, controlPlane, type SuperviseConfig } from "./components";
import type { Manifest } from "./manifests";
import { nodeNames } from "./plan";
import { marker } from "./process";
import { simulationStages } from "./stages";
import type { ClusterFolder, ClusterSpec } from "./spec";

/** Range that kwok gives pods addresses from. Nothing answers there: RFC 6890 sets 240.0.0.0/4 aside. */
const simulatedPodRange = "240.0.0.0/8";

/** kwok: says of every node that it is ready, and of every pod that it runs. */
function kwok(context: ComponentContext): Component {
  const { folder, spec } = context;
  return {
    name: "kwok",
    argv: [
      context.berthNode,
      "kwok",
      `--kubeconfig=${join(folder.clients, "kwok.conf")}`,
      "--manage-all-nodes=true",
      `--cidr=${simulatedPodRange}`,
      "--node-ip=127.0.0.1",
      `--server-address=127.0.0.1:${spec.ports?.kwok ?? 0}`,
      `--config=${join(folder.config, "kwok-stages.yaml")}`,
    ],
    env: { [marker]: folder.root },
    log: join(folder.logs, "kwok.log"),
    needs: ["kube-apiserver"],
    ready: { http: `http://127.0.0.1:${spec.ports?.kwok ?? 0}/healthz` },
    readyTimeoutSeconds: 60,
  };
}

/** What `berth-node supervise` runs for a simulated cluster: everything on 127.0.0.1, as this user, without namespaces. */
export function simulatedSupervision(context: ComponentContext): SuperviseConfig {
  return {
    namespaces: { pid: false, mount: false, net: false },
    statusFile: join(context.folder.run, "node-status.json"),
    pidFile: join(context.folder.run, "node.pid"),
    setup: [],
    components: [...controlPlane(context), kwok(context)],
  };
}

/** Node objects for kwok to keep alive. */
export function simulatedNodes(spec: ClusterSpec): Manifest[] {
  return nodeNames(spec).map((name) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
      },
      annotations: { "kwok.x-k8s.io/node": "fake" },
    },
  }));
}

/** Files that the simulated cluster's components read, by path. */
export function simulatedFiles(folder: ClusterFolder): Record<string, string> {
  return { [join(folder.config, "kwok-stages.yaml")]: simulationStages() };
}
