import { join } from "node:path";

import { stringify } from "yaml";

import type { ComponentContext, SuperviseConfig } from "./components";
import {
  cniNetwork,
  cniStateDir,
  containerd,
  containerdSocket,
  controlPlane,
  kubelet,
  kubeProxy,
  policyAgent,
} from "./components";
import { joinCommands } from "./link";
import { nodeSetup, type QueueWay } from "./network";
import { cgroupPath, nodeNames, planNetwork } from "./plan";
import type { ClusterFolder, ClusterSpec } from "./spec";

/** What of the machine decides about the node's configuration. */
export interface Machine {
  /** 1 or 2, by what is mounted on /sys/fs/cgroup. */
  cgroupVersion: 1 | 2;
  /** Folders outside the cluster's that the node must still see although its /var is its own (toolchain, images). */
  keepVisible: readonly string[];
  /** Image of the pods' sandboxes, by the name under which containerd has it. */
  pauseImage: string;
  /** How packets reach the NetworkPolicy agent. */
  queueWay: QueueWay;
}

/**
 * containerd's configuration: own folders and socket, nothing shared with the machine's containerd.
 *
 * @returns TOML. Values are JSON strings, which TOML's basic strings include.
 */
export function containerdConfig(folder: ClusterFolder, machine: Machine): string {
  const text = (value: string): string => JSON.stringify(value);
  return [
    "version = 2",
    `root = ${text(join(folder.data, "containerd"))}`,
    'state = "/run/containerd"',
    // What a cluster on one machine without a registry account does not use.
    'disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", ' +
      '"io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", ' +
      '"io.containerd.internal.v1.tracing"]',
    "[grpc]",
    `address = ${text(containerdSocket)}`,
    '[plugins."io.containerd.grpc.v1.cri"]',
    `sandbox_image = ${text(machine.pauseImage)}`,
    // Without CAP_SYS_RESOURCE runc cannot lower a score and fails ("can't get final child's PID from pipe").
    "restrict_oom_score_adj = true",
    // The machine's profiles are not ours to load.
    "disable_apparmor = true",
    "max_concurrent_downloads = 4",
    '[plugins."io.containerd.grpc.v1.cri".containerd]',
    'snapshotter = "overlayfs"',
    'default_runtime_name = "runc"',
    '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]',
    'runtime_type = "io.containerd.runc.v2"',
    '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]',
    "SystemdCgroup = false",
    '[plugins."io.containerd.grpc.v1.cri".cni]',
    'bin_dir = "/usr/lib/cni"',
    `conf_dir = ${text(join(folder.config, "cni"))}`,
    "",
  ].join("\n");
}

/** The CNI network: one bridge, addresses from the node's range, no masquerading (nothing leaves the node). */
export function cniConfig(spec: ClusterSpec): string {
  const network = planNetwork(spec.index);
  return `${JSON.stringify(
    {
      cniVersion: "1.0.0",
      name: cniNetwork,
      plugins: [
        {
          type: "bridge",
          bridge: network.bridge,
          isGateway: true,
          hairpinMode: true,
          ipMasq: false,
          ipam: {
            type: "host-local",
            dataDir: join(cniStateDir, "networks"),
            ranges: [[{ subnet: network.podCidr, gateway: network.podGateway }]],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
      ],
    },
    null,
    2,
  )}\n`;
}

/** The kubelet's configuration. */
export function kubeletConfig(spec: ClusterSpec, folder: ClusterFolder, machine: Machine): string {
  const network = planNetwork(spec.index);
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: network.nodeAddress,
    port: 10250,
    readOnlyPort: 0,
    healthzBindAddress: "127.0.0.1",
    healthzPort: 10248,
    tlsCertFile: join(folder.pki, "kubelet-serving.crt"),
    tlsPrivateKeyFile: join(folder.pki, "kubelet-serving.key"),
    tlsMinVersion: "VersionTLS12",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(folder.pki, "ca.crt") },
    },
    authorization: { mode: "Webhook" },
    clusterDNS: [network.dnsAddress],
    clusterDomain: network.clusterDomain,
    resolvConf: join(folder.config, "resolv.conf"),
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: cgroupPath(spec),
    ...(machine.cgroupVersion === 1 ? { failCgroupV1: false } : {}),
    enforceNodeAllocatable: ["pods"],
    failSwapOn: false,
    maxPods: 200,
    podPidsLimit: 2048,
    // The disk is shared with everything else on the machine: a share of it free says nothing about this node. Images came
    // from this machine's builds and no registry has them, so none is ever collected.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "500Mi", "nodefs.inodesFree": "1%" },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    serializeImagePulls: false,
    containerLogMaxSize: "10Mi",
    containerLogMaxFiles: 3,
    // One node asks one API server on the same machine, so the limits that protect large clusters only slow it.
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    eventRecordQPS: 50,
    syncFrequency: "10s",
    nodeStatusUpdateFrequency: "5s",
    fileCheckFrequency: "0s",
    httpCheckFrequency: "0s",
    enableProfilingHandler: false,
    enableDebugFlagsHandler: false,
  });
}

/** kube-proxy's configuration. */
export function kubeProxyConfig(spec: ClusterSpec, folder: ClusterFolder): string {
  return stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clientConnection: { kubeconfig: join(folder.clients, "kube-proxy.conf"), qps: 100, burst: 200 },
    clusterCIDR: planNetwork(spec.index).podCidr,
    hostnameOverride: nodeNames(spec)[0] ?? "",
    bindAddress: planNetwork(spec.index).nodeAddress,
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
    // The namespace's own tables; the machine's limits are not this node's to set.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    nftables: { minSyncPeriod: "0s", syncPeriod: "30s" },
    enableProfiling: false,
  });
}

/** What the pods' resolver inherits when they ask for the node's: nobody, as the node has no way out. */
export function resolvConf(): string {
  return "options ndots:1\n";
}

/** Files that the real node's components read, by path. */
export function nodeFiles(spec: ClusterSpec, folder: ClusterFolder, machine: Machine): Record<string, string> {
  return {
    [join(folder.config, "containerd.toml")]: containerdConfig(folder, machine),
    [join(folder.config, "cni", "10-berth.conflist")]: cniConfig(spec),
    [join(folder.config, "kubelet.yaml")]: kubeletConfig(spec, folder, machine),
    [join(folder.config, "kube-proxy.yaml")]: kubeProxyConfig(spec, folder),
    [join(folder.config, "resolv.conf")]: resolvConf(),
  };
}

/** What `berth-node supervise` runs for a real node: in namespaces of its own, which end with its first process. */
export function nodeSupervision(context: ComponentContext, machine: Machine): SuperviseConfig {
  const { folder, spec } = context;
  return {
    namespaces: { pid: true, mount: true, net: true },
    statusFile: join(folder.run, "node-status.json"),
    pidFile: join(folder.run, "node.pid"),
    hostSetup: joinCommands(spec, folder),
    setup: nodeSetup(spec, folder, machine.keepVisible, machine.queueWay),
    components: [
      ...controlPlane(context),
      containerd(context),
      kubelet(context),
      kubeProxy(context),
      policyAgent(context),
    ],
  };
}
