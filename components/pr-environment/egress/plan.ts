import { createHash } from "node:crypto";
import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { ConfigMapArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import { FORBIDDEN_RANGES, PRIVATE_RANGES } from "../../../config/cidr";
import { enabledEngines } from "../../../config/databases";
import { EGRESS_PROXY, EGRESS_PROXY_PORT, hasEgressProxy, hostRules, rangeRules } from "../../../config/egress";
import type { INJECTED_PROXY } from "../../../config/egress";
import { ANNOTATION } from "../../../config/labels";
import { EGRESS_PROXY_RESOURCES } from "../../../config/limits";
import { EGRESS_PROXY_SECONDS, workloadsOf } from "../../../config/workloads";
import { CONTAINER_SECURITY, podSecurity } from "../../security";
import { metadata, podLabels, selector } from "../context";
import type { PlanContext } from "../context";
import { KEY_PAIR, SETTINGS_FOLDER, squidSettings } from "./squid";

/** User `proxy` of Debian, which its package of Squid is made for. */
const PROXY_USER = 13;

/** Seconds between the signal to end and the kill: Squid gives open tunnels three of them. */
const GRACE_SECONDS = 5;

/** The egress proxy of an environment. */
export interface EgressPlan {
  settings: ConfigMapArgs;
  deployment: DeploymentArgs;
  service: ServiceArgs;
}

/** Plans the proxy; undefined when no rule names a host, or the network plugin knows names. Which image, the platform has said (see `validate`). */
export function planEgress(context: PlanContext): EgressPlan | undefined {
  const { config, platform, pr } = context;
  if (!hasEgressProxy(config, platform.egressHosts) || platform.egressProxy === null) return undefined;
  const settings = squidSettings(hostRules(config));
  const about = metadata(context, EGRESS_PROXY, EGRESS_PROXY);
  const ready = { tcpSocket: { port: EGRESS_PROXY_PORT } };
  return {
    settings: { metadata: about, data: { "squid.conf": settings } },
    service: {
      metadata: { ...about, annotations: { "pulumi.com/skipAwait": "true" } },
      spec: {
        selector: selector(EGRESS_PROXY),
        ports: [{ name: "proxy", port: EGRESS_PROXY_PORT, targetPort: EGRESS_PROXY_PORT }],
      },
    },
    deployment: {
      metadata: about,
      spec: {
        replicas: pr.asleep === true ? 0 : 1,
        revisionHistoryLimit: 1,
        progressDeadlineSeconds: EGRESS_PROXY_SECONDS,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        selector: { matchLabels: selector(EGRESS_PROXY) },
        template: {
          metadata: {
            labels: podLabels(context, EGRESS_PROXY),
            annotations: { [ANNOTATION.configHash]: hash(settings) },
          },
          spec: {
            serviceAccountName: EGRESS_PROXY,
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            priorityClassName: platform.priorityClasses.environment,
            terminationGracePeriodSeconds: GRACE_SECONDS,
            securityContext: podSecurity(PROXY_USER),
            containers: [
              {
                name: EGRESS_PROXY,
                image: platform.egressProxy.image,
                imagePullPolicy: "IfNotPresent",
                command: [...PROXY_COMMAND],
                ports: [{ name: "proxy", containerPort: EGRESS_PROXY_PORT }],
                resources: EGRESS_PROXY_RESOURCES,
                securityContext: CONTAINER_SECURITY,
                startupProbe: { ...ready, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 },
                readinessProbe: { ...ready, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 3 },
                livenessProbe: { ...ready, periodSeconds: 10, timeoutSeconds: 2, failureThreshold: 6 },
                volumeMounts: [
                  { name: "settings", mountPath: SETTINGS_FOLDER, readOnly: true },
                  { name: "tmp", mountPath: "/tmp" },
                ],
              },
            ],
            volumes: [
              { name: "settings", configMap: { name: EGRESS_PROXY } },
              { name: "tmp", emptyDir: { sizeLimit: "16Mi" } },
            ],
          },
        },
      },
    },
  };
}

/** Makes the key pair of this pod's own, then becomes Squid: in the foreground, one process, what it says at its start on standard error. */
const START = `umask 077
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=${EGRESS_PROXY} -keyout ${KEY_PAIR}.key -out ${KEY_PAIR}.crt 2>/dev/null
cat ${KEY_PAIR}.key ${KEY_PAIR}.crt >${KEY_PAIR}
exec squid -N -d 1 -f ${SETTINGS_FOLDER}/squid.conf`;

/** What the proxy's container runs. The platform lets no pod with the proxy's labels run anything else. */
export const PROXY_COMMAND: readonly string[] = ["sh", "-euc", START];

/**
 * Variables that lead the app, services and jobs to the proxy. What NetworkPolicies open by themselves goes past it: databases, each
 * other, and ranges of `egress.allow`.
 */
export function proxyVariables({ config, platform }: Pick<PlanContext, "config" | "platform">): Record<string, string> {
  if (!hasEgressProxy(config, platform.egressHosts)) return {};
  const proxy = `http://${EGRESS_PROXY}:${EGRESS_PROXY_PORT}`;
  const direct = [
    "localhost",
    "127.0.0.1",
    ".svc",
    ".cluster.local",
    EGRESS_PROXY,
    ...workloadsOf(config).map(({ name }) => name),
    ...enabledEngines(config.databases),
    ...rangeRules(config).map(({ cidr }) => cidr),
  ].join(",");
  const variables: Record<(typeof INJECTED_PROXY)[number], string> = {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    NO_PROXY: direct,
    http_proxy: proxy,
    https_proxy: proxy,
    no_proxy: direct,
    NODE_USE_ENV_PROXY: "1",
  };
  return variables;
}

/** Ports on which the proxy may leave the environment, in order. */
export function proxyPorts({ config }: Pick<PlanContext, "config">): number[] {
  return [...new Set(hostRules(config).flatMap(({ ports }) => ports))].sort((a, b) => a - b);
}

/** Everything but what no preview reaches and private addresses: a name may lead anywhere else. */
export const PUBLIC = { cidr: "0.0.0.0/0", except: [...FORBIDDEN_RANGES, ...PRIVATE_RANGES] };

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
