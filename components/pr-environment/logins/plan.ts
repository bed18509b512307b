import { createHash } from "node:crypto";
import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { ConfigMapArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import { ANNOTATION } from "../../../config/labels";
import { PROXY_RESOURCES } from "../../../config/limits";
import { OAUTH_SECRETS, PROXY_PORTS } from "../../../config/oauth";
import { CONTAINER_SECURITY, podSecurity } from "../../security";
import { ACCESS_PROXY, metadata, podLabels, selector } from "../context";
import type { PlanContext } from "../context";
import { proxyConfig } from "./httpd";

/** User of the proxy's image. */
const PROXY_USER = 65532;

/** Seconds between the signal to end and the kill. */
const GRACE_SECONDS = 5;

/** Keys of the proxy's Secret: by the first it speaks to the broker, by the second it encrypts its cookies. */
export const PROXY_KEYS = [OAUTH_SECRETS.proxy.key, "cookie"] as const;

/** What stands between people and an app, and by what it logs people in. */
export interface LoginsPlan {
  /** Undefined when everybody may enter. */
  proxy: { config: ConfigMapArgs; deployment: DeploymentArgs; service: ServiceArgs } | undefined;
  /** Whether the app gets a key to sign the state of its own log-ins. */
  stateKey: boolean;
}

/** Plans the proxy of an environment. */
export function planLogins(context: PlanContext): LoginsPlan {
  const { config, platform } = context;
  const stateKey = config.oauth.callback && platform.oauth !== null;
  if (!context.isGuarded || !platform.oauth?.oidc) {
    return { proxy: undefined, stateKey };
  }
  const { proxyImage } = platform.oauth.oidc;
  const about = metadata(context, ACCESS_PROXY, ACCESS_PROXY);
  const data = { "httpd.conf": proxyConfig(context, platform.oauth, platform.oauth.oidc), alive: "alive\n" };
  const alive = { httpGet: { path: "/alive", port: PROXY_PORTS.health } };
  return {
    stateKey,
    proxy: {
      config: { metadata: about, data },
      service: {
        metadata: { ...about, annotations: { "pulumi.com/skipAwait": "true" } },
        spec: {
          selector: selector(ACCESS_PROXY),
          ports: [{ name: "http", port: PROXY_PORTS.http, targetPort: PROXY_PORTS.http }],
        },
      },
      deployment: {
        metadata: about,
        spec: {
          replicas: context.pr.asleep === true ? 0 : 1,
          revisionHistoryLimit: 1,
          progressDeadlineSeconds: 120,
          strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
          selector: { matchLabels: selector(ACCESS_PROXY) },
          template: {
            metadata: {
              labels: podLabels(context, ACCESS_PROXY),
              annotations: { [ANNOTATION.configHash]: hash(data["httpd.conf"]) },
            },
            spec: {
              serviceAccountName: "access-proxy",
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              priorityClassName: platform.priorityClasses.environment,
              terminationGracePeriodSeconds: GRACE_SECONDS,
              securityContext: podSecurity(PROXY_USER),
              containers: [
                {
                  name: "access-proxy",
                  image: proxyImage,
                  imagePullPolicy: "IfNotPresent",
                  command: ["/usr/sbin/apache2"],
                  args: ["-D", "FOREGROUND", "-f", "/etc/access-proxy/httpd.conf"],
                  env: PROXY_KEYS.map((key) => ({
                    name: `PROXY_${key.toUpperCase()}`,
                    valueFrom: { secretKeyRef: { name: OAUTH_SECRETS.proxy.name, key } },
                  })),
                  ports: Object.entries(PROXY_PORTS).map(([name, containerPort]) => ({ name, containerPort })),
                  resources: PROXY_RESOURCES,
                  securityContext: CONTAINER_SECURITY,
                  startupProbe: { ...alive, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 30 },
                  readinessProbe: { ...alive, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
                  livenessProbe: { ...alive, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
                  lifecycle: { preStop: { sleep: { seconds: 1 } } },
                  volumeMounts: [
                    { name: "config", mountPath: "/etc/access-proxy", readOnly: true },
                    { name: "tmp", mountPath: "/tmp" },
                  ],
                },
              ],
              volumes: [
                {
                  name: "config",
                  configMap: {
                    name: "access-proxy",
                    items: [
                      { key: "httpd.conf", path: "httpd.conf" },
                      { key: "alive", path: "health/alive" },
                    ],
                  },
                },
                { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
              ],
            },
          },
        },
      },
    },
  };
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
