import type { ServiceAccountArgs } from "@pulumi/kubernetes/core/v1";
import type { ClusterRoleArgs, ClusterRoleBindingArgs, RoleArgs, RoleBindingArgs } from "@pulumi/kubernetes/rbac/v1";
import type { input } from "@pulumi/kubernetes/types";
import { PLATFORM_NAMESPACE } from "../../config/names";
import type { Gateway, PlatformConfig, PlatformFacts } from "../../config/platform";
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

/**
 * Name of the role that deployers have in environments, and of the RoleBinding there that gives it. `ENVIRONMENT_BINDING` in
 * policies/identity.ts is the same.
 */
export const ENVIRONMENT_ROLE = "berth-environment";

const RBAC_GROUP = "rbac.authorization.k8s.io";

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

/** Core resources that can be listed, but for Secrets. RBAC knows no exceptions, so each is named. */
const CORE_LISTED = [
  "configmaps",
  "endpoints",
  "limitranges",
  "nodes",
  "persistentvolumeclaims",
  "persistentvolumes",
  "podtemplates",
  "replicationcontrollers",
  "resourcequotas",
  "serviceaccounts",
  "services",
];

/**
 * API groups that Kubernetes 1.30 to 1.36 serves itself, but for the core group. Their kinds hold no secret values, and some of each are
 * listed for the receipt: what is in a namespace, and what of the whole cluster has an environment's label.
 */
const BUILT_IN_GROUPS = [
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "apps",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "coordination.k8s.io",
  "discovery.k8s.io",
  "events.k8s.io",
  "flowcontrol.apiserver.k8s.io",
  "internal.apiserver.k8s.io",
  "networking.k8s.io",
  "node.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "resource.k8s.io",
  "scheduling.k8s.io",
  "storage.k8s.io",
  "storagemigration.k8s.io",
];

/** API groups of operators that environments may have objects of, which are looked for after their namespace too. */
const OPERATOR_GROUPS = [
  // Middlewares in front of an app.
  TRAEFIK_API.group,
  // Databases that CloudNativePG runs.
  "postgresql.cnpg.io",
  // Monitors of the Prometheus Operator.
  "monitoring.coreos.com",
  // SealedSecrets, whose values are encrypted.
  "bitnami.com",
  // ExternalSecrets and their stores, which name values and hold none.
  "external-secrets.io",
  // Snapshots of volumes, and what makes them known.
  SNAPSHOT_API,
  // Policies of Cilium, which say what hosts pods reach.
  "cilium.io",
];

/**
 * What deploying and destroying environments needs in the whole cluster: making and deleting namespaces, giving itself
 * {@link planEnvironmentRole} in them, watching an environment's pods and events from before its namespace is there, and listing for
 * the receipt what could be left of an environment once that right is gone with its namespace. No right to read a Secret, and none to
 * write anything in a namespace but that one binding, which the admission policy of deployers looks at too.
 */
export function planDeployerRole({ snapshots }: PlatformConfig): ClusterRoleArgs {
  return {
    metadata: clusterMetadata(DEPLOYER),
    rules: [
      rule("", ["namespaces"], WRITE),
      // A name cannot restrict what is created: the admission policy does.
      rule(RBAC_GROUP, ["rolebindings"], ["create"]),
      {
        ...rule(RBAC_GROUP, ["rolebindings"], ["get", "watch", "update", "patch", "delete"]),
        resourceNames: [ENVIRONMENT_ROLE],
      },
      { ...rule(RBAC_GROUP, ["clusterroles"], ["bind"]), resourceNames: [ENVIRONMENT_ROLE] },
      // They have no namespace. Which snapshots they may name is up to the admission rule.
      ...(Object.keys(snapshots).length > 0 ? [rule(SNAPSHOT_API, ["volumesnapshotcontents"], WRITE)] : []),
      rule("", ["pods", "events"], READ),
      rule("", CORE_LISTED, ["list"]),
      ...[...BUILT_IN_GROUPS, ...OPERATOR_GROUPS].map((group) => rule(group, ["*"], ["list"])),
    ],
  };
}

/**
 * What deployers may do in the namespace of an environment, by a RoleBinding that comes right after the namespace and goes with it: the
 * kinds that an environment consists of, reading pods for the reason why one hangs, and listing every kind for the receipt. No right to
 * exec, to change roles, or to make pods. It is bound in no other place.
 */
export function planEnvironmentRole({
  metrics,
  operators,
  sealedSecrets,
  externalSecrets,
  snapshots,
  egressHosts,
}: PlatformConfig): ClusterRoleArgs {
  return {
    metadata: clusterMetadata(ENVIRONMENT_ROLE),
    rules: [
      rule(
        "",
        [
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
      ...(Object.keys(snapshots).length > 0 ? [rule(SNAPSHOT_API, ["volumesnapshots"], WRITE)] : []),
      ...(egressHosts === "cilium" ? [rule("cilium.io", ["ciliumnetworkpolicies"], WRITE)] : []),
      rule("", ["pods", "pods/log", "events"], READ),
      rule("apps", ["replicasets", "controllerrevisions"], READ),
      rule("discovery.k8s.io", ["endpointslices"], READ),
      rule("events.k8s.io", ["events"], READ),
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
      ? { kind: "User", apiGroup: RBAC_GROUP, name: gateway.user }
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
export function deployers({
  deployerGroups,
}: Pick<PlatformConfig, "deployerGroups">): PlatformFacts["deployers"]["subjects"] {
  return [
    { kind: "ServiceAccount", name: DEPLOYER, namespace: PLATFORM_NAMESPACE },
    ...deployerGroups.map((name) => ({ kind: "Group" as const, apiGroup: RBAC_GROUP, name })),
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
  return { apiGroup: RBAC_GROUP, kind, name };
}
