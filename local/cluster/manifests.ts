import { LABEL } from "../../config/labels";
import { TRAEFIK_API, TRAEFIK_KINDS, traefikKinds } from "../../config/traefik";
import { administratorsGroup } from "./certificates";
import { provisionerName } from "./components";
import { planNetwork } from "./plan";
import type { ClusterSpec } from "./spec";

/** A Kubernetes object as data. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

/** Label of everything that the embedded cluster itself puts into Kubernetes. */
export const ownLabels = { "app.kubernetes.io/managed-by": "berth-local" };
/** Name of the StorageClass that claims get when they name none. */
export const storageClassName = "berth-local";
/** Label by which DNS egress rules find the DNS pods, here and on EKS. */
const dnsLabels = { "k8s-app": "kube-dns" };

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

const read = ["get", "list", "watch"];

/** A ClusterRole and its binding to the user of a component's client certificate. */
function role(name: string, user: string, rules: Rule[]): Manifest[] {
  const reference = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
  return [
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name, labels: ownLabels }, rules },
    binding(name, reference.name, { kind: "User", name: user }),
  ];
}

function binding(name: string, clusterRole: string, subject: { kind: "User" | "Group"; name: string }): Manifest {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name, labels: ownLabels },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: clusterRole },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", ...subject }],
  };
}

/** Rights of the cluster's own components; each gets what it reads and writes and no more. */
export function accessManifests(spec: ClusterSpec): Manifest[] {
  return [
    binding("berth:cluster-admins", "cluster-admin", { kind: "Group", name: administratorsGroup }),
    // The API server reaches kubelets (logs, exec) as this user.
    binding("berth:kubelet-api", "system:kubelet-api-admin", { kind: "User", name: "kube-apiserver-kubelet-client" }),
    ...role("berth:provisioner", "berth:provisioner", [
      { apiGroups: [""], resources: ["persistentvolumes"], verbs: [...read, "create", "patch", "update", "delete"] },
      { apiGroups: [""], resources: ["persistentvolumeclaims"], verbs: [...read, "update", "patch"] },
      { apiGroups: [""], resources: ["persistentvolumeclaims/status"], verbs: ["patch"] },
      { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: read },
      { apiGroups: [""], resources: ["nodes", "pods"], verbs: read },
      { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
    ]),
    ...(spec.nodes === "real"
      ? [
          ...role("berth:network-policies", "berth:network-policies", [
            { apiGroups: [""], resources: ["pods", "namespaces", "nodes"], verbs: read },
            { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: read },
          ]),
        ]
      : role("berth:kwok", "berth:kwok", [
          { apiGroups: [""], resources: ["nodes", "pods"], verbs: [...read, "create", "update", "patch", "delete"] },
          { apiGroups: [""], resources: ["nodes/status", "pods/status"], verbs: ["update", "patch"] },
          { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [...read, "create", "update", "patch"] },
          { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
          { apiGroups: ["kwok.x-k8s.io"], resources: ["*"], verbs: [...read, "update", "patch"] },
        ])),
    ...(spec.gatewayPort === undefined
      ? []
      : role("berth:gateway", "berth:gateway", [
          { apiGroups: [""], resources: ["services", "nodes", "namespaces", "secrets", "configmaps"], verbs: read },
          { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
          { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "ingressclasses"], verbs: read },
          { apiGroups: ["networking.k8s.io"], resources: ["ingresses/status"], verbs: ["update", "patch"] },
          { apiGroups: [TRAEFIK_API.group], resources: Object.keys(TRAEFIK_KINDS), verbs: read },
        ])),
  ];
}

/** The gateway's own kinds. Environments say by Middlewares who gets in, also while a cluster has no gateway. */
export function gatewayManifests(): Manifest[] {
  return traefikKinds(ownLabels).map((kind) => ({ ...kind }));
}

/** The default StorageClass: a folder per claim on the node's disk, made when a pod first needs it. */
export function storageManifests(): Manifest[] {
  return [
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: {
        name: storageClassName,
        labels: ownLabels,
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      provisioner: provisionerName,
      reclaimPolicy: "Delete",
      volumeBindingMode: "WaitForFirstConsumer",
      // The provisioner records the new size; the folders share one disk and have no size of their own.
      allowVolumeExpansion: true,
    },
  ];
}

/**
 * Whom CoreDNS resolves names outside the cluster for (its plugin `view`): pods that are labelled for it, and pods of no environment. Who
 * asks without being known as a pod is told nothing, as it may be one that has just started.
 */
const outsideView = [
  `metadata('kubernetes/client-label/${LABEL.outsideNames}') == 'allowed'`,
  `(metadata('kubernetes/client-namespace') != '' && metadata('kubernetes/client-label/${LABEL.environment}') == '')`,
].join(" || ");

/**
 * CoreDNS's settings. Without resolvers it answers for the cluster's names only, and so it does to pods of environments that have no use
 * for others: a query is a way out too, whatever NetworkPolicies say.
 */
function corefile(clusterDomain: string, resolvers: readonly string[]): string {
  const block = (lines: readonly string[]) => [".:53 {", ...lines.map((line) => `    ${line}`), "}"];
  const names = (pods: "insecure" | "verified") => [
    "errors",
    "ready",
    `kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {`,
    `    pods ${pods}`,
    "    fallthrough in-addr.arpa ip6.arpa",
    "    ttl 5",
    "}",
    "cache 5",
    "loadbalance",
  ];
  const outside =
    resolvers.length === 0
      ? []
      : block([
          "metadata",
          "view outside {",
          `    expr ${outsideView}`,
          "}",
          ...names("verified"),
          `forward . ${resolvers.join(" ")}`,
        ]);
  return [...outside, ...block(["health {", "    lameduck 1s", "}", ...names("insecure")]), ""].join("\n");
}

/**
 * CoreDNS as a cluster has it: Deployment, Service `kube-dns`, rights of its own. It answers for the cluster's names only;
 * anything else is refused at once while the node has no way out.
 *
 * @param image reference of an image on the node.
 * @param resolvers addresses of resolvers for all other names; none when nothing leaves the node.
 */
export function dnsManifests(spec: ClusterSpec, image: string, resolvers: readonly string[]): Manifest[] {
  const network = planNetwork(spec.index);
  const metadata = { name: "coredns", namespace: "kube-system", labels: { ...ownLabels, ...dnsLabels } };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "berth:coredns", labels: ownLabels },
      rules: [
        { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
        { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
      ],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "berth:coredns", labels: ownLabels },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "berth:coredns" },
      subjects: [{ kind: "ServiceAccount", name: "coredns", namespace: "kube-system" }],
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: corefile(network.clusterDomain, resolvers) } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...metadata, name: "kube-dns" },
      spec: {
        clusterIP: network.dnsAddress,
        selector: dnsLabels,
        ports: [
          { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
          { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
        ],
      },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: dnsLabels },
        template: {
          metadata: { labels: dnsLabels },
          spec: {
            serviceAccountName: "coredns",
            priorityClassName: "system-cluster-critical",
            dnsPolicy: "Default",
            terminationGracePeriodSeconds: 5,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              runAsGroup: 65532,
              seccompProfile: { type: "RuntimeDefault" },
              // Port 53 without any capability; the setting counts in the pod's own network only.
              sysctls: [{ name: "net.ipv4.ip_unprivileged_port_start", value: "53" }],
            },
            containers: [
              {
                name: "coredns",
                image,
                imagePullPolicy: "IfNotPresent",
                args: ["-conf", "/etc/coredns/Corefile"],
                ports: [
                  { name: "dns", containerPort: 53, protocol: "UDP" },
                  { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
                ],
                resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
                readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 2 },
                livenessProbe: {
                  httpGet: { path: "/health", port: 8080 },
                  initialDelaySeconds: 30,
                  periodSeconds: 10,
                  failureThreshold: 5,
                },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ["ALL"] },
                },
                volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
              },
            ],
            volumes: [
              { name: "config", configMap: { name: "coredns", items: [{ key: "Corefile", path: "Corefile" }] } },
            ],
          },
        },
      },
    },
  ];
}

/** Everything as one list, for `kubectl apply`. */
export function manifestList(manifests: readonly Manifest[]): string {
  return JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests });
}
