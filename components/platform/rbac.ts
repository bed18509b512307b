import type { ServiceAccountArgs } from "@pulumi/kubernetes/core/v1";
import type { ClusterRoleArgs, ClusterRoleBindingArgs, RoleArgs, RoleBindingArgs } from "@pulumi/kubernetes/rbac/v1";
import type { input } from "@pulumi/kubernetes/types";
import { PLATFORM_NAMESPACE } from "../../config/names";
import type { Gateway, PlatformConfig } from "../../config/platform";
import { SNAPSHOT_API } from "../../config/seed";
import { TRAEFIK_API, TRAEFIK_KINDS } from "../../config/traefik";
import { clusterMetadata, metadata } from "./context";

/** Name of the gateway's role, and of its service account when it is deployed. */
export const GATEWAY = "berth-gateway";

/** Name of the role and service account that deploys environments. */
export const DEPLOYER = "berth-deployer";

/** Name of the role that keeps the environments' leases. */
const LEASES = "berth-leases";

/** Name of the role that reads a project's preview secrets. */
const PREVIEW_SECRETS = "berth-preview-secrets";

type Rule = input.rbac.v1.PolicyRule;
type Subject = input.rbac.v1.Subject;

const READ = ["get", "list", "watch"];
const WRITE = [...READ, "create", "update", "patch", "delete"];

/**
 * What Traefik's providers for Ingresses and for its own kinds read. They watch Secrets and ConfigMaps of all namespaces, for
 * certificates and logins, and do not start without that right; nothing here may be written.
 */
export const GATEWAY_ROLE: ClusterRoleArgs = {
  metadata: clusterMetadata(GATEWAY),
  rules: [
    rule("", ["services", "secrets", "configmaps", "nodes"], READ),
    rule("discovery.k8s.io", ["endpointslices"], READ),
    rule("networking.k8s.io", ["ingresses", "ingressclasses"], READ),
    rule(TRAEFIK_API.group, Object.keys(TRAEFIK_KINDS), READ),
  ],
};

/**
 * What deploying and destroying environments needs: namespaces and the kinds that an environment consists of, reading pods for the
 * reason why one hangs, and listing every kind for the receipt. No right to exec, to change roles, nodes or volumes, or to make pods.
 */
export function planDeployerRole({
  metrics,
  operators,
  sealedSecrets,
  externalSecrets,
  snapshots,
  egressHosts,
}: PlatformConfig): ClusterRoleArgs {
  return {
    metadata: clusterMetadata(DEPLOYER),
    rules: [
      rule(
        "",
        [
          "namespaces",
          "configmaps",
          "secrets",
          "services",
          "serviceaccounts",
          "persistentvolumeclaims",
          "resourcequotas",
          "limitranges",
        ],
        WRITE,
      ),
      rule("apps", ["deployments", "statefulsets"], WRITE),
      rule("batch", ["jobs"], WRITE),
      rule("networking.k8s.io", ["ingresses", "networkpolicies"], WRITE),
      rule(TRAEFIK_API.group, ["middlewares"], WRITE),
      ...(operators.cloudnativePg === undefined ? [] : [rule("postgresql.cnpg.io", ["clusters"], WRITE)]),
      ...((metrics?.discovery ?? "annotations") === "annotations"
        ? []
        : [rule("monitoring.coreos.com", ["podmonitors", "servicemonitors"], WRITE)]),
      ...(sealedSecrets ? [rule("bitnami.com", ["sealedsecrets"], WRITE)] : []),
      ...(Object.keys(externalSecrets).length > 0 ? [rule("external-secrets.io", ["externalsecrets"], WRITE)] : []),
      // Which snapshots they may name is up to the admission rule.
      ...(Object.keys(snapshots).length > 0
        ? [rule(SNAPSHOT_API, ["volumesnapshots", "volumesnapshotcontents"], WRITE)]
        : []),
      ...(egressHosts === "cilium" ? [rule("cilium.io", ["ciliumnetworkpolicies"], WRITE)] : []),
      rule("", ["pods", "pods/log", "events", "persistentvolumes"], READ),
      rule("apps", ["replicasets", "controllerrevisions"], READ),
      rule("discovery.k8s.io", ["endpointslices"], READ),
      rule("events.k8s.io", ["events"], READ),
      rule("storage.k8s.io", ["storageclasses"], READ),
      rule("*", ["*"], ["list"]),
    ],
  };
}

/** Leases are the lock of each environment; they live in the platform namespace only. */
export const LEASES_ROLE: RoleArgs = {
  metadata: metadata(LEASES),
  rules: [rule("coordination.k8s.io", ["leases"], WRITE)],
};

/** The deployer's own account, for workflows that run in the cluster. */
export const DEPLOYER_ACCOUNT: ServiceAccountArgs = {
  metadata: metadata(DEPLOYER),
  automountServiceAccountToken: false,
};

/** The gateway's role, bound to whom the gateway is; none for a gateway that has rights already. */
export function planGatewayRole(
  gateway: Gateway,
): Record<string, { role: ClusterRoleArgs; binding: ClusterRoleBindingArgs }> {
  if (gateway.mode === "existing") return {};
  const subject: Subject =
    gateway.mode === "host"
      ? { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: gateway.user }
      : { kind: "ServiceAccount", name: GATEWAY, namespace: PLATFORM_NAMESPACE };
  const binding = { metadata: clusterMetadata(GATEWAY), roleRef: roleRef("ClusterRole", GATEWAY), subjects: [subject] };
  return { gateway: { role: GATEWAY_ROLE, binding } };
}

/** Binds the deployer's roles to its account and to the configured groups. */
export function planDeployerBindings(config: PlatformConfig): {
  cluster: ClusterRoleBindingArgs;
  leases: RoleBindingArgs;
} {
  const subjects = deployers(config);
  return {
    cluster: { metadata: clusterMetadata(DEPLOYER), roleRef: roleRef("ClusterRole", DEPLOYER), subjects },
    leases: { metadata: metadata(LEASES), roleRef: roleRef("Role", LEASES), subjects },
  };
}

/** Who deploys: the service account, and the configured groups. */
export function deployers({ deployerGroups }: Pick<PlatformConfig, "deployerGroups">): Subject[] {
  return [
    { kind: "ServiceAccount", name: DEPLOYER, namespace: PLATFORM_NAMESPACE },
    ...deployerGroups.map((name) => ({ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name })),
  ];
}

/** Lets the deployer read, in each project's preview secrets, exactly what is named, and write nothing. */
export function planPreviewSecrets(
  config: PlatformConfig,
): Record<string, { role: RoleArgs; binding: RoleBindingArgs }> {
  return Object.fromEntries(
    Object.entries(config.previewSecrets).flatMap(([project, { namespace, secrets, configMaps }]) => {
      const rules = Object.entries({ secrets, configmaps: configMaps })
        .filter(([, resourceNames]) => resourceNames.length > 0)
        .map(([resource, resourceNames]): Rule => ({ ...rule("", [resource], ["get"]), resourceNames }));
      if (rules.length === 0) return [];
      const about = { ...clusterMetadata(PREVIEW_SECRETS), namespace };
      return [
        [
          project,
          {
            role: { metadata: about, rules },
            binding: { metadata: about, roleRef: roleRef("Role", PREVIEW_SECRETS), subjects: deployers(config) },
          },
        ] as const,
      ];
    }),
  );
}

function rule(apiGroup: string, resources: string[], verbs: string[]): Rule {
  return { apiGroups: [apiGroup], resources, verbs };
}

function roleRef(kind: "ClusterRole" | "Role", name: string): input.rbac.v1.RoleRef {
  return { apiGroup: "rbac.authorization.k8s.io", kind, name };
}
