import { createHash } from "node:crypto";
import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { ConfigMapArgs, ServiceAccountArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import type { IngressArgs, NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { ClusterRoleArgs, ClusterRoleBindingArgs, RoleArgs, RoleBindingArgs } from "@pulumi/kubernetes/rbac/v1";
import { exceptions } from "../../config/cidr";
import { ANNOTATION, LABEL } from "../../config/labels";
import { PLATFORM_NAMESPACE, hostName, url } from "../../config/names";
import { BROKER, BROKER_LABEL, BROKER_PORTS, CALLBACK_PATH, OAUTH_SECRETS } from "../../config/oauth";
import type { PlatformConfig, PlatformFacts } from "../../config/platform";
import { CONTAINER_SECURITY, podSecurity } from "../security";
import { PRIORITY_CLASSES, clusterMetadata, metadata } from "./context";

type OauthConfig = NonNullable<PlatformConfig["oauth"]>;
type Url = Pick<PlatformFacts, "domain" | "scheme" | "port">;
type Source = PlatformFacts["gatewaySources"][number];

/** User of the broker's image: that of Node's. */
const BROKER_USER = 1000;

const SELECTOR = { [LABEL.name]: BROKER, [LABEL.partOf]: "berth-platform" } as const;

/** Where proxies of environments reach the broker. */
const INTERNAL_URL = `http://${BROKER}.${PLATFORM_NAMESPACE}.svc:${BROKER_PORTS.internal}`;

/** What the callback broker consists of. */
export interface BrokerPlan {
  account: ServiceAccountArgs;
  clusterRole: { role: ClusterRoleArgs; binding: ClusterRoleBindingArgs };
  leases: { role: RoleArgs; binding: RoleBindingArgs };
  config: ConfigMapArgs;
  deployment: DeploymentArgs;
  service: ServiceArgs;
  ingress: IngressArgs;
}

/** Plans the callback broker in the platform namespace. */
export function planBroker(oauth: OauthConfig, at: Url & Pick<PlatformFacts, "ingressClass">): BrokerPlan {
  const about = metadata(BROKER, SELECTOR);
  const skipAwait = { "pulumi.com/skipAwait": "true" };
  const { oidc } = oauth;
  const settings = {
    domain: at.domain,
    scheme: at.scheme,
    port: at.port,
    internalUrl: INTERNAL_URL,
    ...(oidc && {
      oidc: { issuer: oidc.issuer, clientId: oidc.clientId, clientSecretFile: "/etc/oauth-client/client-secret" },
    }),
  };
  const data = { "settings.json": JSON.stringify(settings) };
  return {
    account: { metadata: about, automountServiceAccountToken: false },
    ...planRights(),
    config: { metadata: about, data },
    deployment: planDeployment(oauth, data["settings.json"]),
    service: {
      metadata: { ...about, annotations: skipAwait },
      spec: {
        selector: SELECTOR,
        ports: Object.entries(BROKER_PORTS).map(([name, port]) => ({ name, port, targetPort: port })),
      },
    },
    ingress: {
      metadata: { ...about, annotations: skipAwait },
      spec: {
        ingressClassName: at.ingressClass,
        rules: [
          {
            host: hostName(BROKER_LABEL, at.domain),
            http: {
              paths: [
                {
                  path: "/",
                  pathType: "Prefix",
                  backend: { service: { name: BROKER, port: { number: BROKER_PORTS.public } } },
                },
              ],
            },
          },
        ],
      },
    },
  };
}

/** What environments need to know of the broker. */
export function planOauthFacts({ oauth }: PlatformConfig, at: Url): PlatformFacts["oauth"] {
  if (oauth === undefined) return null;
  const { oidc } = oauth;
  return {
    callbackUrl: `${url(at.scheme, hostName(BROKER_LABEL, at.domain), at.port)}${CALLBACK_PATH}`,
    internalUrl: INTERNAL_URL,
    oidc: oidc
      ? {
          clientId: oidc.clientId,
          proxyImage: oidc.proxyImage,
          scopes: oidc.scopes,
          groupsClaim: oidc.groupsClaim,
          requireVerifiedEmail: oidc.requireVerifiedEmail,
          allow: oidc.allow,
        }
      : null,
  };
}

/**
 * Policies of the broker: the gateway reaches its public port and proxies of environments its internal one; it reaches DNS, the API
 * server and the provider.
 */
export function planBrokerPolicies(oauth: OauthConfig, sources: readonly Source[]): Record<string, NetworkPolicyArgs> {
  const tcp = (port: number) => ({ port, protocol: "TCP" });
  const { oidc } = oauth;
  // The platform namespace is closed both ways. A gateway elsewhere is its owner's to open.
  const gateways = sources.flatMap((source) =>
    "cidr" in source || source.namespace !== PLATFORM_NAMESPACE ? [] : [source.podLabels],
  );
  return {
    ...Object.fromEntries(
      gateways.map((matchLabels) => [
        "allow-gateway-to-oauth-broker",
        {
          metadata: metadata("allow-gateway-to-oauth-broker"),
          spec: {
            podSelector: { matchLabels },
            policyTypes: ["Egress"],
            egress: [{ to: [{ podSelector: { matchLabels: SELECTOR } }], ports: [tcp(BROKER_PORTS.public)] }],
          },
        },
      ]),
    ),
    "allow-oauth-broker": {
      metadata: metadata("allow-oauth-broker"),
      spec: {
        podSelector: { matchLabels: SELECTOR },
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          { from: sources.map(gatewayPeer), ports: [tcp(BROKER_PORTS.public)] },
          {
            from: [
              {
                namespaceSelector: { matchExpressions: [{ key: LABEL.environment, operator: "Exists" }] },
                podSelector: { matchLabels: { [LABEL.component]: "access-proxy" } },
              },
            ],
            ports: [tcp(BROKER_PORTS.internal)],
          },
        ],
        egress: [
          {
            to: [
              {
                namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
                podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
              },
            ],
            ports: [{ port: 53, protocol: "UDP" }, tcp(53)],
          },
          {
            // The API server is at a private address in most clusters; only link-local addresses stay closed.
            to: oauth.apiServerCidrs.map((cidr) => block(cidr, (range) => range.startsWith("169.254."))),
            ports: [tcp(443), tcp(6443)],
          },
          ...(oidc ? [{ to: oidc.cidrs.map((cidr) => block(cidr, () => true)), ports: oidc.ports.map(tcp) }] : []),
        ],
      },
    },
  };
}

function block(cidr: string, isClosed: (range: string) => boolean) {
  const except = exceptions(cidr).filter(isClosed);
  return { ipBlock: except.length === 0 ? { cidr } : { cidr, except } };
}

function gatewayPeer(source: Source) {
  if ("cidr" in source) return { ipBlock: { cidr: source.cidr } };
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": source.namespace } },
    podSelector: { matchLabels: source.podLabels },
  };
}

/** Reading namespaces, leases and the two Secrets that are environments' keys for it; nothing else, and writing nothing. */
function planRights(): Pick<BrokerPlan, "clusterRole" | "leases"> {
  const subjects = [{ kind: "ServiceAccount", name: BROKER, namespace: PLATFORM_NAMESPACE }];
  const roleRef = (kind: "ClusterRole" | "Role") => ({
    apiGroup: "rbac.authorization.k8s.io",
    kind,
    name: `berth-${BROKER}`,
  });
  const cluster = clusterMetadata(`berth-${BROKER}`);
  const local = metadata(`berth-${BROKER}`);
  const names = Object.values(OAUTH_SECRETS).map(({ name }) => name);
  return {
    clusterRole: {
      role: {
        metadata: cluster,
        rules: [
          { apiGroups: [""], resources: ["namespaces"], verbs: ["get"] },
          { apiGroups: [""], resources: ["secrets"], resourceNames: names, verbs: ["get"] },
        ],
      },
      binding: { metadata: cluster, roleRef: roleRef("ClusterRole"), subjects },
    },
    leases: {
      role: { metadata: local, rules: [{ apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"] }] },
      binding: { metadata: local, roleRef: roleRef("Role"), subjects },
    },
  };
}

function planDeployment({ image, oidc }: OauthConfig, settings: string): DeploymentArgs {
  const about = metadata(BROKER, SELECTOR);
  const health = { httpGet: { path: "/health", port: BROKER_PORTS.internal } };
  return {
    metadata: about,
    spec: {
      // One, and never two at once: what was used already is in its memory.
      replicas: 1,
      strategy: { type: "Recreate" },
      revisionHistoryLimit: 2,
      progressDeadlineSeconds: 120,
      selector: { matchLabels: SELECTOR },
      template: {
        metadata: {
          labels: about.labels,
          annotations: { [ANNOTATION.configHash]: createHash("sha256").update(settings).digest("hex").slice(0, 16) },
        },
        spec: {
          serviceAccountName: BROKER,
          // It asks the API server whether environments are there.
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          priorityClassName: PRIORITY_CLASSES.platform,
          terminationGracePeriodSeconds: 5,
          securityContext: podSecurity(BROKER_USER),
          containers: [
            {
              name: BROKER,
              image,
              imagePullPolicy: "IfNotPresent",
              env: [{ name: "BROKER_SETTINGS", value: "/etc/oauth-broker/settings.json" }],
              ports: Object.entries(BROKER_PORTS).map(([name, containerPort]) => ({ name, containerPort })),
              // Node takes some 50 MiB.
              resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "500m", memory: "192Mi" } },
              securityContext: CONTAINER_SECURITY,
              startupProbe: { ...health, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 },
              readinessProbe: { ...health, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
              livenessProbe: { ...health, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
              volumeMounts: [
                { name: "settings", mountPath: "/etc/oauth-broker", readOnly: true },
                ...(oidc ? [{ name: "client", mountPath: "/etc/oauth-client", readOnly: true }] : []),
              ],
            },
          ],
          volumes: [
            { name: "settings", configMap: { name: BROKER } },
            ...(oidc
              ? [
                  {
                    name: "client",
                    secret: {
                      secretName: oidc.clientSecret.name,
                      items: [{ key: oidc.clientSecret.key, path: "client-secret" }],
                    },
                  },
                ]
              : []),
          ],
        },
      },
    },
  };
}
