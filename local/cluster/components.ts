import { join } from "node:path";

import { nodeNames, planEndpoints, planNetwork, policyQueue } from "./plan";
import { marker } from "./process";
import type { ClusterFolder, ClusterSpec } from "./spec";

/** When a component counts as ready, as `berth-node supervise` reads it. */
export type Probe =
  | { http: string; caFile?: string; certFile?: string; keyFile?: string }
  | { tcp: string }
  | { file: string }
  | { exec: string[] };

/** One process that `berth-node supervise` starts, watches and restarts. */
export interface Component {
  name: string;
  argv: string[];
  env?: Record<string, string>;
  log: string;
  /** Components that must be ready before this one starts. */
  needs?: string[];
  ready?: Probe;
  readyTimeoutSeconds?: number;
  /** How long it may take to end before it is killed. @default 10 */
  stopTimeoutSeconds?: number;
}

/** Configuration file of `berth-node supervise`. */
export interface SuperviseConfig {
  namespaces: { pid: boolean; mount: boolean; net: boolean };
  statusFile: string;
  pidFile: string;
  /** Commands that run before the components, inside the namespaces, one after the other. */
  setup: string[][];
  /** Commands that run outside the namespaces before `setup`; `{pid}` stands for a process inside. */
  hostSetup?: string[][];
  components: Component[];
}

/** What the argument lists are made of. */
export interface ComponentContext {
  spec: ClusterSpec;
  folder: ClusterFolder;
  /** Path of the multi-call binary. */
  berthNode: string;
}

/**
 * Cipher suites that TLS 1.2 clients may use; TLS 1.3 picks its own. All give forward secrecy and authenticated encryption.
 */
const cipherSuites = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
].join(",");

function component(
  context: ComponentContext,
  name: string,
  program: string,
  flags: Record<string, string | number | boolean>,
  more: Pick<Component, "needs" | "ready" | "readyTimeoutSeconds" | "stopTimeoutSeconds"> = {},
): Component {
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  return {
    name,
    argv: [context.berthNode, program, ...args],
    env: { [marker]: context.folder.root },
    log: join(context.folder.logs, `${name}.log`),
    ...more,
  };
}

/** etcd, reachable by TLS client certificate of its own authority only. */
export function etcd(context: ComponentContext): Component {
  const { folder } = context;
  const { address, port, peerPort } = planEndpoints(context.spec).etcd;
  const client = `https://${address}:${port}`;
  const peer = `https://${address}:${peerPort}`;
  const certificate = join(folder.pki, "etcd.crt");
  const key = join(folder.pki, "etcd.key");
  const authority = join(folder.pki, "etcd-ca.crt");
  return component(
    context,
    "etcd",
    "etcd",
    {
      name: "berth",
      "data-dir": join(folder.data, "etcd"),
      "listen-client-urls": client,
      "advertise-client-urls": client,
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": `berth=${peer}`,
      "cert-file": certificate,
      "key-file": key,
      "trusted-ca-file": authority,
      "client-cert-auth": true,
      "peer-cert-file": certificate,
      "peer-key-file": key,
      "peer-trusted-ca-file": authority,
      "peer-client-cert-auth": true,
      "cipher-suites": cipherSuites,
      // A lone member has nobody to hear from: a short election makes it lead sooner after a start.
      "heartbeat-interval": 50,
      "election-timeout": 250,
      "auto-compaction-mode": "periodic",
      "auto-compaction-retention": "1h",
      "log-level": "warn",
    },
    {
      ready: {
        http: `${client}/readyz`,
        caFile: authority,
        certFile: join(folder.pki, "apiserver-etcd-client.crt"),
        keyFile: join(folder.pki, "apiserver-etcd-client.key"),
      },
      readyTimeoutSeconds: 60,
    },
  );
}

/** The API server. */
export function apiServer(context: ComponentContext): Component {
  const { folder, spec } = context;
  const endpoints = planEndpoints(spec);
  const { address, port } = endpoints.apiServer;
  const pki = (file: string): string => join(folder.pki, file);
  const config = (file: string): string => join(folder.config, file);
  return component(
    context,
    "kube-apiserver",
    "kube-apiserver",
    {
      "bind-address": address,
      "advertise-address": address,
      "secure-port": port,
      "etcd-servers": `https://${endpoints.etcd.address}:${endpoints.etcd.port}`,
      "etcd-cafile": pki("etcd-ca.crt"),
      "etcd-certfile": pki("apiserver-etcd-client.crt"),
      "etcd-keyfile": pki("apiserver-etcd-client.key"),
      "tls-cert-file": pki("apiserver.crt"),
      "tls-private-key-file": pki("apiserver.key"),
      "tls-min-version": "VersionTLS12",
      "tls-cipher-suites": cipherSuites,
      "client-ca-file": pki("ca.crt"),
      "kubelet-certificate-authority": pki("ca.crt"),
      "kubelet-client-certificate": pki("apiserver-kubelet-client.crt"),
      "kubelet-client-key": pki("apiserver-kubelet-client.key"),
      // Node names resolve nowhere; the kubelet serves on its address.
      "kubelet-preferred-address-types": "InternalIP",
      "requestheader-client-ca-file": pki("front-proxy-ca.crt"),
      "requestheader-allowed-names": "front-proxy-client",
      "requestheader-username-headers": "X-Remote-User",
      "requestheader-group-headers": "X-Remote-Group",
      "requestheader-extra-headers-prefix": "X-Remote-Extra-",
      "proxy-client-cert-file": pki("front-proxy-client.crt"),
      "proxy-client-key-file": pki("front-proxy-client.key"),
      "service-account-issuer": `https://kubernetes.default.svc.${planNetwork(spec.index).clusterDomain}`,
      "service-account-key-file": pki("service-accounts.pub"),
      "service-account-signing-key-file": pki("service-accounts.key"),
      "service-cluster-ip-range": planNetwork(spec.index).serviceCidr,
      "authorization-mode": "Node,RBAC",
      "enable-admission-plugins": "NodeRestriction",
      "authentication-config": config("authentication.yaml"),
      "encryption-provider-config": config("encryption.yaml"),
      "audit-policy-file": config("audit-policy.yaml"),
      "audit-log-path": join(folder.logs, "audit.log"),
      "audit-log-maxsize": 50,
      "audit-log-maxbackup": 2,
      "event-ttl": "1h",
      profiling: false,
    },
    {
      needs: ["etcd"],
      ready: { http: `https://${address}:${port}/readyz`, caFile: pki("ca.crt") },
      readyTimeoutSeconds: 90,
      // It waits for watches that pods keep open to the end; what it acknowledged is in etcd.
      stopTimeoutSeconds: 1,
    },
  );
}

/** The controllers. Work queues are wider than the defaults, so that many environments come and go at once. */
export function controllerManager(context: ComponentContext): Component {
  const { folder, spec } = context;
  const { address, port } = planEndpoints(spec).controllerManager;
  const network = planNetwork(spec.index);
  const kubeconfig = join(folder.clients, "controller-manager.conf");
  return component(
    context,
    "kube-controller-manager",
    "kube-controller-manager",
    {
      kubeconfig,
      "authentication-kubeconfig": kubeconfig,
      "authorization-kubeconfig": kubeconfig,
      "bind-address": address,
      "secure-port": port,
      "tls-cert-file": join(folder.pki, "serving.crt"),
      "tls-private-key-file": join(folder.pki, "serving.key"),
      "client-ca-file": join(folder.pki, "ca.crt"),
      "root-ca-file": join(folder.pki, "ca.crt"),
      "cluster-signing-cert-file": join(folder.pki, "ca.crt"),
      "cluster-signing-key-file": join(folder.pki, "ca.key"),
      "service-account-private-key-file": join(folder.pki, "service-accounts.key"),
      "use-service-account-credentials": true,
      "service-cluster-ip-range": network.serviceCidr,
      // One machine, one instance: a lease of a killed predecessor would only delay its successor.
      "leader-elect": false,
      "concurrent-namespace-syncs": 20,
      "concurrent-gc-syncs": 40,
      "concurrent-statefulset-syncs": 20,
      "concurrent-endpoint-syncs": 20,
      "concurrent-service-endpoint-syncs": 20,
      "kube-api-qps": 200,
      "kube-api-burst": 400,
      profiling: false,
      ...(spec.nodes === "real"
        ? { "allocate-node-cidrs": true, "cluster-cidr": network.podCidr, "node-cidr-mask-size": 24 }
        : // A simulated node cannot fail. Judged by its heartbeats it would, on a busy machine, and take its pods' readiness
          // away for good.
          { "node-monitor-grace-period": "24h" }),
    },
    {
      needs: ["kube-apiserver"],
      ready: { http: `https://${address}:${port}/healthz`, caFile: join(folder.pki, "ca.crt") },
      readyTimeoutSeconds: 60,
    },
  );
}

/** The scheduler. */
export function scheduler(context: ComponentContext): Component {
  const { folder, spec } = context;
  const { address, port } = planEndpoints(spec).scheduler;
  const kubeconfig = join(folder.clients, "scheduler.conf");
  return component(
    context,
    "kube-scheduler",
    "kube-scheduler",
    {
      kubeconfig,
      "authentication-kubeconfig": kubeconfig,
      "authorization-kubeconfig": kubeconfig,
      "bind-address": address,
      "secure-port": port,
      "tls-cert-file": join(folder.pki, "serving.crt"),
      "tls-private-key-file": join(folder.pki, "serving.key"),
      "client-ca-file": join(folder.pki, "ca.crt"),
      "leader-elect": false,
      "kube-api-qps": 200,
      "kube-api-burst": 400,
      profiling: false,
    },
    {
      needs: ["kube-apiserver"],
      ready: { http: `https://${address}:${port}/healthz`, caFile: join(folder.pki, "ca.crt") },
      readyTimeoutSeconds: 60,
    },
  );
}

/** Makes a folder for each claim of the default StorageClass and removes it with the volume. */
export function provisioner(context: ComponentContext): Component {
  const { folder, spec } = context;
  return component(
    context,
    "local-path-provisioner",
    "local-path-provisioner",
    {
      kubeconfig: join(folder.clients, "provisioner.conf"),
      "provisioner-name": provisionerName,
      root: folder.volumes,
      ...(spec.nodes === "real" ? { "node-name": nodeNames(spec)[0] ?? "" } : {}),
    },
    { needs: ["kube-apiserver"] },
  );
}

/** Name that the default StorageClass puts into its field `provisioner`. */
export const provisionerName = "berth.dev/local-path";
/** Socket of the node's own containerd, inside the node's mount namespace. */
export const containerdSocket = "/run/containerd/containerd.sock";
/** Name of the CNI network. */
export const cniNetwork = "berth";
/** Where libcni and host-local keep their records, inside the node's mount namespace. */
export const cniStateDir = "/var/lib/cni";

/** containerd with root, state, socket and configuration of its own. */
export function containerd(context: ComponentContext): Component {
  const { folder } = context;
  return {
    name: "containerd",
    argv: ["/usr/bin/containerd", "--config", join(folder.config, "containerd.toml")],
    env: { [marker]: folder.root },
    log: join(folder.logs, "containerd.log"),
    // The CRI service answers only after its plugins have loaded, and its clients retry until then.
    ready: { tcp: `unix:${containerdSocket}` },
    readyTimeoutSeconds: 30,
  };
}

/** The kubelet of the real node. */
export function kubelet(context: ComponentContext): Component {
  const { folder, spec } = context;
  return component(
    context,
    "kubelet",
    "kubelet",
    {
      config: join(folder.config, "kubelet.yaml"),
      kubeconfig: join(folder.clients, "kubelet.conf"),
      "hostname-override": nodeNames(spec)[0] ?? "",
      "node-ip": planNetwork(spec.index).nodeAddress,
      "root-dir": "/var/lib/kubelet",
      // Lowering one's own score takes CAP_SYS_RESOURCE, which nested machines lack.
      "oom-score-adj": 0,
    },
    {
      needs: ["containerd", "kube-apiserver"],
      ready: { http: "http://127.0.0.1:10248/healthz" },
      readyTimeoutSeconds: 60,
    },
  );
}

/** Service addresses, in the node's own nftables. */
export function kubeProxy(context: ComponentContext): Component {
  const { folder } = context;
  return component(
    context,
    "kube-proxy",
    "kube-proxy",
    { config: join(folder.config, "kube-proxy.yaml") },
    { needs: ["kube-apiserver"], ready: { http: "http://127.0.0.1:10256/livez" }, readyTimeoutSeconds: 60 },
  );
}

/** Decides each new connection of a pod by the NetworkPolicies. */
export function policyAgent(context: ComponentContext): Component {
  const { folder, spec } = context;
  return component(
    context,
    "kube-network-policies",
    "kube-network-policies",
    {
      kubeconfig: join(folder.clients, "network-policies.conf"),
      "node-name": nodeNames(spec)[0] ?? "",
      "pod-cidr": planNetwork(spec.index).podCidr,
      "cni-dir": cniStateDir,
      "cni-network": cniNetwork,
      queue: policyQueue,
      denials: folder.egressLog,
      "health-address": "127.0.0.1:9080",
    },
    { needs: ["kube-apiserver"], ready: { http: "http://127.0.0.1:9080/healthz" }, readyTimeoutSeconds: 60 },
  );
}

/** Parts that every cluster has. */
export function controlPlane(context: ComponentContext): Component[] {
  return [etcd(context), apiServer(context), controllerManager(context), scheduler(context), provisioner(context)];
}
