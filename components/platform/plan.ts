import type { CustomResourceDefinitionArgs } from "@pulumi/kubernetes/apiextensions/v1";
import type { NamespaceArgs, ServiceAccountArgs } from "@pulumi/kubernetes/core/v1";
import type { IngressClassArgs, NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { ClusterRoleArgs, ClusterRoleBindingArgs, RoleArgs, RoleBindingArgs } from "@pulumi/kubernetes/rbac/v1";
import type { PriorityClassArgs } from "@pulumi/kubernetes/scheduling/v1";
import { PLATFORM_NAMESPACE } from "../../config/names";
import { perEngine } from "../../config/databases";
import { OPEN_PLUGINS } from "../../config/egress";
import { acceptedModes, defaultVersion, trustLimits } from "../../config/platform";
import type { Gateway, PlatformConfig, PlatformFacts } from "../../config/platform";
import { traefikKinds } from "../../config/traefik";
import { RESTRICTED_NAMESPACE } from "../security";
import { planDeployerAdmission } from "./admission";
import type { AdmissionPlan } from "./admission";
import { planEnvironmentRules } from "./environment-rules";
import { GATEWAY_SELECTOR, INGRESS_CLASS, PLATFORM_LABELS, PRIORITY_CLASSES, clusterMetadata } from "./context";
import { INGRESS_CLASS_ARGS, planGateway } from "./gateway";
import type { GatewayPlan } from "./gateway";
import { planBroker, planBrokerPolicies, planOauthFacts } from "./oauth";
import type { BrokerPlan } from "./oauth";
import { planNetworkPolicies } from "./network-policies";
import {
  DEPLOYER_ACCOUNT,
  ENVIRONMENT_ROLE,
  LEASES_ROLE,
  deployers,
  planDeployerBindings,
  planDeployerRole,
  planEnvironmentRole,
  planGatewayRole,
  planPreviewSecrets,
} from "./rbac";

/** Everything in a platform. Plain values, the same for the same arguments. */
export interface PlatformPlan {
  namespace: NamespaceArgs;
  priorityClasses: Record<string, PriorityClassArgs>;
  networkPolicies: Record<string, NetworkPolicyArgs>;
  /** Undefined when the cluster has one already. */
  ingressClass: IngressClassArgs | undefined;
  /** Traefik's kinds, by their plural, where the platform brings Traefik. */
  kinds: Record<string, CustomResourceDefinitionArgs>;
  clusterRoles: Record<string, { role: ClusterRoleArgs; binding: ClusterRoleBindingArgs }>;
  /** What deployers may do in an environment's namespace, where the environment itself binds it. */
  environmentRole: ClusterRoleArgs;
  leases: { role: RoleArgs; binding: RoleBindingArgs };
  /** By project: the right to read what it may take from its preview secrets, where that is anything. */
  previewSecrets: Record<string, { role: RoleArgs; binding: RoleBindingArgs }>;
  /** What the API server checks, by name. */
  admission: Record<string, AdmissionPlan>;
  deployer: ServiceAccountArgs;
  /** Undefined when the gateway runs on the host. */
  gateway: GatewayPlan | undefined;
  /** Undefined when the platform has none. */
  broker: BrokerPlan | undefined;
  /** What is worth a look although nothing is wrong with it by itself. */
  warnings: readonly string[];
  /** What other stacks need to know. */
  facts: PlatformFacts;
}

/** Decides what a platform consists of. */
export function planPlatform(config: PlatformConfig): PlatformPlan {
  const deployer = planDeployerBindings(config);
  const facts = planFacts(config);
  return {
    namespace: {
      metadata: { name: PLATFORM_NAMESPACE, labels: { ...PLATFORM_LABELS, ...RESTRICTED_NAMESPACE } },
    },
    priorityClasses: {
      platform: {
        metadata: clusterMetadata(PRIORITY_CLASSES.platform),
        value: 1_000_000,
        description: "What all environments share.",
      },
      environment: {
        metadata: clusterMetadata(PRIORITY_CLASSES.environment),
        value: 100,
        preemptionPolicy: "Never",
        description: "Pods of pull requests' environments; they wait for room rather than push others out.",
      },
    },
    networkPolicies: {
      ...planNetworkPolicies(config),
      ...(config.oauth ? planBrokerPolicies(config.oauth, facts.gatewaySources) : {}),
    },
    ingressClass: config.gateway.mode === "existing" ? undefined : INGRESS_CLASS_ARGS,
    kinds: planKinds(config.gateway),
    clusterRoles: {
      ...planGatewayRole(config.gateway),
      deployer: { role: planDeployerRole(config), binding: deployer.cluster },
    },
    environmentRole: planEnvironmentRole(config),
    leases: { role: LEASES_ROLE, binding: deployer.leases },
    previewSecrets: planPreviewSecrets(config),
    admission: { deployer: planDeployerAdmission(config), ...planEnvironmentRules(config, facts) },
    deployer: DEPLOYER_ACCOUNT,
    gateway: config.gateway.mode === "deployed" ? planGateway(config.gateway, facts.port) : undefined,
    broker: config.oauth ? planBroker(config.oauth, facts) : undefined,
    warnings: warningsOf(config),
    facts,
  };
}

function planFacts(config: PlatformConfig): PlatformFacts {
  const { gateway } = config;
  const at = {
    domain: config.domain,
    scheme: gateway.scheme,
    port: gateway.port ?? (gateway.scheme === "http" ? 80 : 443),
  };
  return {
    namespace: PLATFORM_NAMESPACE,
    ...at,
    ingressClass: gateway.mode === "existing" ? gateway.ingressClass : INGRESS_CLASS,
    gatewaySources: gatewaySources(gateway),
    middlewares: gateway.mode !== "existing",
    access: {
      default: config.access.default,
      accepted: acceptedModes(config),
      ipLists: gateway.mode !== "existing" && gateway.clientAddresses === "seen",
    },
    storageClass: config.storageClass ?? null,
    images: config.images,
    defaultVersions: perEngine((engine) => defaultVersion(engine, config) ?? null),
    priorityClasses: PRIORITY_CLASSES,
    operators: { cloudnativePg: config.operators.cloudnativePg ?? null },
    privateEgress: config.privateEgress,
    egressHosts: config.egressHosts,
    egressProxy: config.egressProxy ?? null,
    s3Client: config.s3Client ?? null,
    egressCanary: canaryFacts(config),
    snapshots: config.snapshots,
    deployers: { clusterRole: ENVIRONMENT_ROLE, subjects: deployers(config) },
    externalSecrets: config.externalSecrets,
    sealedSecrets: config.sealedSecrets ? { projects: config.sealedSecrets.projects ?? null } : null,
    previewSecrets: Object.fromEntries(
      Object.entries(config.previewSecrets).map(([project, { repository = null, ...rest }]) => [
        project,
        { ...rest, repository },
      ]),
    ),
    trust: { default: config.trust.default, limits: trustLimits(config) },
    metrics: config.metrics ?? null,
    oauth: planOauthFacts(config, at),
  };
}

function warningsOf({ networkPlugin, egressCanary }: PlatformConfig): string[] {
  if (networkPlugin !== undefined || egressCanary?.image !== undefined || egressCanary?.when === "never") return [];
  return [
    "networkPlugin is not said, and there is no egressCanary.image: where the network plugin lets a new pod out until its policies are in " +
      "force, code of pull requests gets out in that time. Say which it is, or give the canary's image; egressCanary.when: never does " +
      "without on purpose (docs/egress.md).",
  ];
}

/** The canary that pods start with, if they do. */
function canaryFacts({ networkPlugin, egressCanary }: PlatformConfig): PlatformFacts["egressCanary"] {
  const { image, target = null, when } = egressCanary ?? {};
  if (image === undefined || when === "never") return null;
  const isClosed = networkPlugin !== undefined && !OPEN_PLUGINS.includes(networkPlugin);
  return when === "auto" && isClosed ? null : { image, target };
}

function planKinds(gateway: Gateway): Record<string, CustomResourceDefinitionArgs> {
  if (gateway.mode !== "deployed" || !gateway.installKinds) return {};
  return Object.fromEntries(traefikKinds(PLATFORM_LABELS).map((kind) => [kind.spec.names.plural, kind]));
}

/** From where an environment's app may be reached. */
function gatewaySources(gateway: Gateway): PlatformFacts["gatewaySources"] {
  if (gateway.mode === "existing") return gateway.sources;
  if (gateway.mode === "host") return gateway.sources.map((cidr) => ({ cidr }));
  return [{ namespace: PLATFORM_NAMESPACE, podLabels: GATEWAY_SELECTOR }];
}
