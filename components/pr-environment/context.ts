import type { AccessMode } from "../../config/access";
import { EGRESS_PROXY, hostRules, rangeRules } from "../../config/egress";
import { JOB } from "../../config/jobs";
import { LABEL, MANAGED_BY, labelValue } from "../../config/labels";
import { environmentName, hostName, serviceHostName, url } from "../../config/names";
import type { PlatformFacts } from "../../config/platform";
import type { PrConfig } from "../../config/pr";
import type { Rotations } from "../../config/rotation";
import type { Config } from "../../config/schema";
import type { TrustLimits, TrustTier } from "../../config/trust";
import { workloadsOf } from "../../config/workloads";
import type { PlainMetadata } from "./args";

/** User and group that apps run as: the first ordinary user of most images, such as `node`. */
export const APP_USER = 1000;

/**
 * A part of an environment that runs pods, and the value of `berth.dev/component` on them: `app`, a service, a database, `access-proxy`,
 * `egress-proxy`, or `job` for all jobs. No two parts have the same name, which `config/check.ts` sees to.
 */
export type Component = string;

/** Where a public service is reached. */
export interface Route {
  host: string;
  url: string;
}

/** The proxy in front of everything that has a URL, in access mode oidc. */
export const ACCESS_PROXY: Component = "access-proxy";

/** What every planner of an environment reads. */
export interface PlanContext {
  config: Config;
  pr: PrConfig;
  platform: PlatformFacts;
  /** When the password of each database was last changed. */
  rotations: Rotations;
  /** Name of the namespace and of the environment. */
  namespace: string;
  /** Host name of the app; null when it has no Ingress. */
  host: string | null;
  /** URL of the app; null when it has no Ingress. */
  url: string | null;
  /** The public services, by name. */
  services: Record<string, Route>;
  /** Who gets in at the URLs: the config's mode, else the platform's. */
  accessMode: AccessMode;
  /** Whether the gateway leads to the proxy of mode oidc, and the proxy to all that has a URL. */
  isGuarded: boolean;
  /** How much its code is trusted: what the deploy says, else the platform. */
  trust: TrustTier;
  /** What it may have for that. */
  limits: TrustLimits;
  /** Labels of every object of the environment. */
  labels: Record<string, string>;
}

/** Derives names and labels once, for all planners. */
export function planContext(args: {
  config: Config;
  pr: PrConfig;
  platform: PlatformFacts;
  rotations?: Rotations;
}): PlanContext {
  const { config, pr, platform, rotations = {} } = args;
  const namespace = environmentName({ projectId: config.projectId, number: pr.number });
  const host = config.ingress.enabled ? hostName(namespace, platform.domain) : null;
  const accessMode = config.access.mode ?? platform.access.default;
  const trust = pr.trust ?? platform.trust.default;
  const isPublic = host !== null || config.services.some((service) => service.public);
  return {
    config,
    pr,
    platform,
    rotations,
    namespace,
    host,
    url: host === null ? null : url(platform.scheme, host, platform.port),
    services: Object.fromEntries(
      config.services
        .filter((service) => service.public)
        .map(({ name }) => {
          const own = serviceHostName(namespace, name, platform.domain);
          return [name, { host: own, url: url(platform.scheme, own, platform.port) }];
        }),
    ),
    accessMode,
    isGuarded: accessMode === "oidc" && isPublic,
    trust,
    limits: platform.trust.limits[trust],
    labels: {
      [LABEL.managedBy]: MANAGED_BY,
      [LABEL.environment]: namespace,
      [LABEL.project]: config.projectId,
      [LABEL.pr]: String(pr.number),
      [LABEL.owner]: labelValue(pr.owner),
    },
  };
}

/** Labels by which Services, workloads and NetworkPolicies select the pods of one component. */
export function selector(component: Component): Record<string, string> {
  return { [LABEL.component]: component };
}

/**
 * Labels of a component's pods: none that changes during an environment's life, since a changed one restarts them.
 *
 * @param reaches whether `egress.allow` is for them. @default for the app and the services
 */
export function podLabels(
  context: PlanContext,
  component: Component,
  reaches = workloadsOf(context.config).some(({ name }) => name === component),
): Record<string, string> {
  return {
    ...selector(component),
    [LABEL.name]: component,
    [LABEL.managedBy]: MANAGED_BY,
    [LABEL.environment]: context.namespace,
    // For names outside the cluster: the proxy resolves for all that ask it, and what reaches ranges, or hosts without it, does so by itself.
    ...(component === EGRESS_PROXY || (reaches && (rangeRules(context.config).length > 0 || knowsHosts(context)))
      ? { [LABEL.outsideNames]: "allowed" }
      : {}),
  };
}

/** Parts that `egress.allow` is for: the app, the services, and jobs of the config. Databases and their seeds reach nothing outside. */
export function outsideUsers({ config }: Pick<PlanContext, "config">): Component[] {
  return [...workloadsOf(config).map(({ name }) => name), ...(config.jobs.length > 0 ? [JOB] : [])];
}

/** Whether a part reaches hosts by itself: what it asks of DNS, then, is up to the network plugin's own policy. */
export function namesHosts(context: Pick<PlanContext, "config" | "platform">, component: Component): boolean {
  return knowsHosts(context) && outsideUsers(context).includes(component);
}

/** Whether the network plugin has rules by host name to enforce. */
export function knowsHosts({ config, platform }: Pick<PlanContext, "config" | "platform">): boolean {
  return platform.egressHosts !== "proxy" && hostRules(config).length > 0;
}

/** Metadata of an object in the environment's namespace. */
export function metadata(context: PlanContext, name: string, component?: Component): PlainMetadata {
  return {
    name,
    namespace: context.namespace,
    labels: component ? { ...context.labels, [LABEL.name]: component, ...selector(component) } : context.labels,
  };
}
