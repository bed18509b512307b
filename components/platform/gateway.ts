import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { ConfigMapArgs, ServiceAccountArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import type { IngressClassArgs } from "@pulumi/kubernetes/networking/v1";
import type { PodDisruptionBudgetArgs } from "@pulumi/kubernetes/policy/v1";
import type { Gateway } from "../../config/platform";
import { CONTAINER_SECURITY, podSecurity } from "../security";
import { GATEWAY_SELECTOR, INGRESS_CLASS, PRIORITY_CLASSES, clusterMetadata, metadata } from "./context";
import { GATEWAY } from "./rbac";

/** Ports that the deployed gateway's pods listen on; unprivileged ones, as they run without capabilities. */
export const GATEWAY_PORTS = { web: 8000, websecure: 8443, health: 8080 } as const;

const GATEWAY_USER = 65532;

/** Makes environments' Ingresses ours, whether Traefik runs in the cluster or on the host. */
export const INGRESS_CLASS_ARGS: IngressClassArgs = {
  metadata: clusterMetadata(INGRESS_CLASS),
  spec: { controller: "traefik.io/ingress-controller" },
};

/** Settings of a gateway that runs in the cluster. */
export type DeployedGateway = Extract<Gateway, { mode: "deployed" }>;

/** What a gateway in the cluster consists of. */
export interface GatewayPlan {
  account: ServiceAccountArgs;
  /** Traefik's file with the wildcard certificate; undefined when TLS ends before the gateway. */
  tls: ConfigMapArgs | undefined;
  deployment: DeploymentArgs;
  service: ServiceArgs;
  /** Keeps one pod through drains of nodes; undefined when there is only one. */
  disruptionBudget: PodDisruptionBudgetArgs | undefined;
}

/** Plans Traefik in the platform namespace. */
export function planGateway(gateway: DeployedGateway, port: number): GatewayPlan {
  const hasTls = gateway.tlsSecret !== undefined;
  return {
    account: { metadata: metadata(GATEWAY, GATEWAY_SELECTOR), automountServiceAccountToken: false },
    tls: hasTls ? { metadata: metadata("traefik-tls", GATEWAY_SELECTOR), data: { "tls.yaml": TLS_FILE } } : undefined,
    deployment: planDeployment(gateway, port),
    service: {
      metadata: {
        ...metadata("traefik", GATEWAY_SELECTOR),
        annotations: { ...gateway.serviceAnnotations, "pulumi.com/skipAwait": "true" },
      },
      spec: {
        type: gateway.serviceType,
        selector: GATEWAY_SELECTOR,
        ports: [
          { name: gateway.scheme, port, targetPort: hasTls ? GATEWAY_PORTS.websecure : GATEWAY_PORTS.web },
          // Leads to https. Where TLS ends before the gateway, that is the load balancer's to do.
          ...(hasTls && port !== 80 ? [{ name: "http", port: 80, targetPort: GATEWAY_PORTS.web }] : []),
        ],
        ...(gateway.clientAddresses === "seen" && gateway.serviceType !== "ClusterIP"
          ? { externalTrafficPolicy: "Local" }
          : {}),
      },
    },
    disruptionBudget:
      gateway.replicas > 1
        ? {
            metadata: metadata("traefik", GATEWAY_SELECTOR),
            spec: { minAvailable: 1, selector: { matchLabels: GATEWAY_SELECTOR } },
          }
        : undefined,
  };
}

const TLS_FILE = `tls:
  stores:
    default:
      defaultCertificate:
        certFile: /etc/traefik/certificate/tls.crt
        keyFile: /etc/traefik/certificate/tls.key
`;

/** Traefik's command line. No Service that is an alias of another host is served. */
function traefikArgs(hasTls: boolean, port: number): string[] {
  return [
    "--global.checknewversion=false",
    "--global.sendanonymoususage=false",
    `--entrypoints.web.address=:${GATEWAY_PORTS.web}`,
    `--entrypoints.health.address=:${GATEWAY_PORTS.health}`,
    "--ping.entrypoint=health",
    `--providers.kubernetesingress.ingressclass=${INGRESS_CLASS}`,
    "--providers.kubernetesingress.allowexternalnameservices=false",
    "--providers.kubernetescrd=true",
    "--providers.kubernetescrd.allowexternalnameservices=false",
    "--providers.kubernetescrd.allowcrossnamespace=false",
    // A pod that is to end serves for one second more (DRAIN_SECONDS of an environment's workloads): the gateway must have heard of it by
    // then, and its usual two seconds between two looks would be too long.
    "--providers.providersthrottleduration=250ms",
    ...(hasTls
      ? [
          `--entrypoints.websecure.address=:${GATEWAY_PORTS.websecure}`,
          "--entrypoints.websecure.http.tls=true",
          `--entrypoints.web.http.redirections.entrypoint.to=:${port}`,
          "--entrypoints.web.http.redirections.entrypoint.scheme=https",
          "--providers.file.filename=/etc/traefik/dynamic/tls.yaml",
        ]
      : []),
  ];
}

function planDeployment({ image, replicas, tlsSecret }: DeployedGateway, port: number): DeploymentArgs {
  const about = metadata("traefik", GATEWAY_SELECTOR);
  const ping = { httpGet: { path: "/ping", port: GATEWAY_PORTS.health } };
  const mounts =
    tlsSecret === undefined
      ? []
      : [
          { volume: { name: "certificate", secret: { secretName: tlsSecret } }, mountPath: "/etc/traefik/certificate" },
          { volume: { name: "dynamic", configMap: { name: "traefik-tls" } }, mountPath: "/etc/traefik/dynamic" },
        ];
  return {
    metadata: about,
    spec: {
      replicas,
      revisionHistoryLimit: 2,
      progressDeadlineSeconds: 180,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      selector: { matchLabels: GATEWAY_SELECTOR },
      template: {
        metadata: { labels: about.labels },
        spec: {
          serviceAccountName: GATEWAY,
          // The one pod of ours that talks to the API server.
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          priorityClassName: PRIORITY_CLASSES.platform,
          // Requests under way may end; load balancers take up to half a minute to notice that a pod is gone.
          terminationGracePeriodSeconds: 60,
          securityContext: podSecurity(GATEWAY_USER),
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "kubernetes.io/hostname",
              whenUnsatisfiable: "ScheduleAnyway",
              labelSelector: { matchLabels: GATEWAY_SELECTOR },
            },
          ],
          containers: [
            {
              name: "traefik",
              image,
              imagePullPolicy: "IfNotPresent",
              args: traefikArgs(tlsSecret !== undefined, port),
              ports: Object.entries(GATEWAY_PORTS).map(([name, containerPort]) => ({ name, containerPort })),
              resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "512Mi" } },
              securityContext: CONTAINER_SECURITY,
              startupProbe: { ...ping, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 },
              readinessProbe: { ...ping, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
              livenessProbe: { ...ping, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
              volumeMounts: [
                { name: "tmp", mountPath: "/tmp" },
                ...mounts.map(({ volume, mountPath }) => ({ name: volume.name, mountPath, readOnly: true })),
              ],
            },
          ],
          volumes: [{ name: "tmp", emptyDir: { sizeLimit: "64Mi" } }, ...mounts.map(({ volume }) => volume)],
        },
      },
    },
  };
}
