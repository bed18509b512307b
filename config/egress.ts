import type { Config } from "./schema";

/* Rules for what apps may reach outside their environment: ranges of addresses, and hosts by name. */

/** Name of the proxy that leads to hosts, and of its objects. */
export const EGRESS_PROXY = "egress-proxy";

/** Port that the proxy listens on: Squid's own. */
export const EGRESS_PROXY_PORT = 3128;

/** What enforces rules by host name: a proxy in each environment, or the network plugin itself. */
export const EGRESS_HOSTS = ["proxy", "cilium"] as const;

/** One of them. */
export type EgressHosts = (typeof EGRESS_HOSTS)[number];

/** Name of the init container that proves that a pod cannot get out, before anything else of it runs. */
export const EGRESS_CANARY = "egress-canary";

/**
 * Seconds for which a canary may find the way open. The VPC CNI in standard mode closes it one or two seconds after a pod's start
 * (aws-network-policy-agent#83, #189); the rest is for a busy node.
 */
export const CANARY_SECONDS = 20;

/** Exit code of a canary that still got out when its time was up (local/images/canary/main.go). Any other says nothing of the policies. */
export const CANARY_OPEN = 1;

/**
 * What enforces NetworkPolicies, as far as it decides when: the VPC CNI in its two modes, or another plugin, which refuses the egress of a
 * new pod until its policies are in force, or lets it through until then.
 */
export const NETWORK_PLUGINS = ["vpc-cni-standard", "vpc-cni-strict", "fail-closed", "fail-open"] as const;

/** Those that let a new pod out until its policies are in force. */
export const OPEN_PLUGINS: readonly string[] = ["vpc-cni-standard", "fail-open"];

/** When environments have canaries: where the network plugin is not known to be closed from the first packet, or whatever it is. */
export const CANARY_CHOICES = ["auto", "always", "never"] as const;

/** What a host of a rule looks like, for error messages. */
export const EGRESS_HOST = "a public host name such as api.example.com, or *.example.com for every name below it";

const HOST = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Names that never lead to a public address: the machine's own, those of a local network and of a cluster, and those that are set aside
 * (RFC 2606, RFC 6761, RFC 6762, RFC 8375; `internal` is reserved by ICANN for private use).
 */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "svc", "arpa", "test", "invalid"];

/** Whether a rule may name this host. Lower case only, so that no two rules mean the same. */
export function isEgressHost(text: string): boolean {
  return text.length <= 253 && HOST.test(text) && !PRIVATE_SUFFIXES.includes(text.split(".").at(-1) ?? "");
}

/** A rule by addresses. */
export interface RangeRule {
  cidr: string;
  ports: readonly number[];
}

/** A rule by name. */
export interface HostRule {
  host: string;
  ports: readonly number[];
}

/** Rules that NetworkPolicies know by themselves. */
export function rangeRules({ egress }: Pick<Config, "egress">): RangeRule[] {
  return egress.allow.flatMap(({ cidr, ports }) => (cidr === undefined ? [] : [{ cidr, ports }]));
}

/** Rules that take the egress proxy, or a network plugin that knows names. */
export function hostRules({ egress }: Pick<Config, "egress">): HostRule[] {
  return egress.allow.flatMap(({ host, ports }) => (host === undefined ? [] : [{ host, ports }]));
}

/**
 * Whether an environment has an egress proxy.
 *
 * @param egressHosts What enforces rules by host name on the platform. @default "proxy", for what is known without a platform
 */
export function hasEgressProxy(config: Pick<Config, "egress">, egressHosts: EgressHosts = "proxy"): boolean {
  return egressHosts === "proxy" && hostRules(config).length > 0;
}

/**
 * Variables that lead a program to the egress proxy, under the names that most programs and libraries read. Node reads them only with
 * `NODE_USE_ENV_PROXY` (24 and later).
 */
export const INJECTED_PROXY = [
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "NODE_USE_ENV_PROXY",
] as const;
