import type { Policies } from "@pulumi/policy";
import { all, namespaceOf, selectsAll, WHOLE_WORKLOADS, type Workload } from "./kubernetes";
import { egressProxyImage, PROXY_LABELS } from "./egress-proxy";
import {
  deniedToHosts,
  EGRESS_POLICY,
  egressRules,
  HOST_POLICY,
  isWide,
  NAMESPACE_NAME,
  NETWORK_POLICY,
  type NetworkPolicy,
  type Peer,
  type Port,
} from "./egress-rules";
import { overlap, parseRange, shareOf, union, without, type Interval } from "./ranges";
import { PREVIEWS, resourcePolicy, stackPolicy } from "./rule";

/*
 * Where pods of pull requests may connect to.
 */

const KUBERNETES_DOCS = "https://kubernetes.io/docs/concepts/services-networking/network-policies/";

const SHARE = {
  share: {
    type: "number",
    exclusiveMinimum: 0,
    maximum: 1,
    default: 1 / 16,
    description:
      "Share of all addresses, of IPv4 or of the global ones of IPv6, above which a list of ranges counts as the world.",
  },
} as const;

const LIMITS = {
  ...SHARE,
  proxy: {
    type: "object",
    additionalProperties: { type: "string" },
    default: PROXY_LABELS,
    description:
      "Labels of the pods that may connect to the world, on ports that their rule lists one by one: a proxy that lets through nothing but the hosts that berth.yaml names. None when empty.",
  },
} as const;

interface Limits {
  share: number;
  proxy: Record<string, string>;
}

/** Whether a policy is for the pods of the egress proxy and no others. */
function isForProxy({ spec }: NetworkPolicy, proxy: Limits["proxy"]): boolean {
  const labels = Object.entries(proxy);
  return labels.length > 0 && labels.every(([key, value]) => spec?.podSelector?.matchLabels?.[key] === value);
}

/** Most ports of a rule of the egress proxy: 20 in each of 50 rules of berth.yaml. */
export const PROXY_PORTS = 1000;

/** Whether the ports of a rule are named one by one, as those of the egress proxy have to be: a range of them would lead everywhere. */
function listsPorts(listed: readonly Port[]): boolean {
  const isOne = ({ port, endPort }: Port) => typeof port === "number" && endPort === undefined;
  return listed.length > 0 && listed.length <= PROXY_PORTS && listed.every(isOne);
}

/** Addresses that the blocks of some peers open. */
function opened(peers: Iterable<Peer>): Interval[] {
  return [...peers].flatMap(({ ipBlock }) => {
    if (ipBlock?.cidr === undefined) return [];
    const block = parseRange(ipBlock.cidr);
    if (!block) return [];
    return without([block], ranges(ipBlock.except ?? []));
  });
}

function ranges(texts: Iterable<string>): Interval[] {
  return [...texts].flatMap((text) => parseRange(text) ?? []);
}

/** In words how much of the world some intervals are, if it is more than the limit. */
function worldIn(intervals: readonly Interval[], limit: number): string | undefined {
  for (const family of [4, 6] as const) {
    const share = shareOf(family, intervals);
    if (share > limit) return `${(share * 100).toFixed(1)} % of all addresses of IPv${family}`;
  }
  return undefined;
}

/** A rule of a NetworkPolicy opens the world by no list of peers, or by ranges that add up to it. */
export const noWorldEgress = resourcePolicy<NetworkPolicy, Limits>({
  name: "no-world-egress",
  description:
    "Checks that no policy of a preview lets pods connect to everywhere: by an empty rule, to namespaces that it does not name, to hosts of any name, or by ranges that add up to the world. Only the egress proxy may have such ranges, on ports that are listed one by one.",
  severity: "critical",
  remediation: `name the ranges and ports that the app needs under \`egress.allow\` of berth.yaml, and namespaces by the label ${NAMESPACE_NAME}.`,
  url: `${KUBERNETES_DOCS}#networkpolicy-resource`,
  stacks: PREVIEWS,
  types: EGRESS_POLICY,
  parameters: LIMITS,
  check: ({ type, props, config, report, attempt }) => {
    const known: Interval[] = [];
    let proxy = false;
    attempt(() => (proxy = isForProxy(props, config.proxy)));
    for (const { place, open, to, ports } of egressRules(type, props, attempt)) {
      if (open) report(`${place} has no "to": it opens every address`);
      for (const peer of to) {
        attempt(() => {
          const { namespaceSelector, names = [], elsewhere } = peer;
          if (namespaceSelector !== undefined && namespaceSelector.matchLabels?.[NAMESPACE_NAME] === undefined)
            report(`${place} opens the pods of namespaces that it does not name`);
          for (const name of names) if (isWide(name)) report(`${place} opens hosts of any name: ${name}`);
          if (elsewhere !== undefined) report(`${place}.${elsewhere} opens what stands elsewhere`);
          if (!proxy || !listsPorts(ports())) known.push(...opened([peer]));
        });
      }
    }
    const world = worldIn(known, config.share);
    if (world) report(`spec.egress opens ${world}`);
  },
});

/** The same for all policies of a namespace together. */
export const noWorldEgressInParts = stackPolicy<Limits>({
  name: "no-world-egress-in-parts",
  description: "Checks that the policies of a preview's namespace do not add up to egress to the world.",
  severity: "critical",
  remediation: "name fewer or smaller ranges under `egress.allow` of berth.yaml.",
  url: `${KUBERNETES_DOCS}#networkpolicy-resource`,
  stacks: PREVIEWS,
  types: EGRESS_POLICY,
  parameters: LIMITS,
  check: ({ resources, config, report, attempt }) => {
    const byNamespace = new Map<string, { urn: string; parts: Interval[][] }>();
    for (const { urn, type, props } of all<NetworkPolicy>(resources, EGRESS_POLICY)) {
      attempt(() => {
        const entry = byNamespace.get(namespaceOf(props)) ?? { urn, parts: [] };
        byNamespace.set(namespaceOf(props), entry);
        const part: Interval[] = [];
        entry.parts.push(part);
        let proxy = false;
        attempt(() => (proxy = isForProxy(props, config.proxy)));
        for (const { to, ports } of egressRules(type, props, attempt)) {
          attempt(() => {
            if (!proxy || !listsPorts(ports())) part.push(...opened(to));
          });
        }
      });
    }
    for (const [namespace, { urn, parts }] of byNamespace) {
      const world = worldIn(parts.flat(), config.share);
      // A policy that does it alone has been reported by itself.
      const alone = parts.some((part) => worldIn(part, config.share) !== undefined);
      if (world && !alone) report(`the policies of ${namespace} open ${world} together`, urn);
    }
  },
});

/** The metadata services of AWS, GCP and Azure. */
export const METADATA = "169.254.169.254/32";

/** Addresses of providers, where services that a platform permits may be too. */
export const SHARED = "100.64.0.0/10";

/**
 * Addresses that no preview has business with, each with its source. The instance metadata services of AWS, GCP and Azure are at 169.254.169.254, that of AWS also at
 * fd00:ec2::254 (AWS EC2 user guide, "Access instance metadata"); the pod identity agent of EKS at 169.254.170.23 and fd00:ec2::23.
 */
export const RESERVED: readonly (readonly [range: string, name: string])[] = [
  [METADATA, "the metadata address"],
  ["fd00:ec2::254/128", "the metadata address of IPv6"],
  ["169.254.0.0/16", "link-local addresses (RFC 3927)"],
  ["fe80::/10", "link-local addresses of IPv6 (RFC 4291)"],
  [SHARED, "shared addresses of providers (RFC 6598)"],
  ["127.0.0.0/8", "loopback addresses (RFC 1122)"],
  ["::1/128", "the loopback address of IPv6 (RFC 4291)"],
  ["fd00:ec2::/32", "services of the node (AWS)"],
];

/** Label of the pods that an operator asks the API server about: those of CloudNativePG, each of which watches its own object there. */
export const OPERATED = "cnpg.io/cluster";

/** Ports of API servers: behind a Service or a load balancer, and Kubernetes' own. */
export const API_SERVER_PORTS: readonly number[] = [443, 6443];

interface Internal {
  readonly internal: readonly string[];
  readonly permitted: readonly string[];
  readonly apiServer: readonly string[];
}

const RANGES = { type: "array", items: { type: "string" }, default: [] } as const;

/** No reserved or internal addresses. */
export const noReservedEgress = resourcePolicy<NetworkPolicy, Internal>({
  name: "no-reserved-egress",
  description:
    "Checks that no policy of a preview opens the metadata addresses, link-local, loopback or shared provider addresses, or internal ranges such as those of nodes and the API server, and that rules by host name deny the metadata address where the network plugin can.",
  severity: "critical",
  remediation:
    "take these addresses out of the range, with `except` or by smaller ranges, or have the platform's owner add them to `privateEgress`.",
  url: "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
  stacks: PREVIEWS,
  types: EGRESS_POLICY,
  parameters: {
    internal: {
      ...RANGES,
      description:
        "Ranges of nodes, of the API server and of other things that previews must not reach; in the cluster all private ones.",
    },
    permitted: {
      ...RANGES,
      description: `Ranges within internal ones and ${SHARED} that previews may reach: the platform's privateEgress.`,
    },
    apiServer: {
      ...RANGES,
      description: `The same for pods with the label ${OPERATED}, on ports ${API_SERVER_PORTS.join(" and ")}: the operator's apiServerCidrs.`,
    },
  },
  check: ({ type, props, config, report, attempt }) => {
    const forbidden = [...RESERVED, ...config.internal.map((range) => [range, "an internal range"] as const)];
    const isOperated = props.spec?.podSelector?.matchLabels?.[OPERATED] !== undefined;
    const known: Interval[] = [];
    const notPermitted: Interval[] = [];
    for (const { place, to, ports } of egressRules(type, props, attempt)) {
      attempt(() => {
        const listed = isOperated ? ports() : [];
        const asksServer =
          listed.length > 0 &&
          listed.every(({ port, endPort }) => API_SERVER_PORTS.some((one) => one === port) && endPort === undefined);
        const permitted = ranges([...config.permitted, ...(asksServer ? config.apiServer : [])]);
        for (const peer of to) {
          attempt(() => {
            known.push(...opened([peer]));
            notPermitted.push(...without(opened([peer]), permitted));
          });
          if (peer.entity !== undefined) report(`${place} opens ${peer.entity}: nodes and what runs on them`);
        }
      });
    }
    for (const { place, denied } of deniedToHosts(type, props, attempt)) {
      attempt(() => {
        const closed = opened(denied.map((ipBlock) => ({ ipBlock })));
        const metadata = parseRange(METADATA);
        if (metadata && !closed.some((one) => overlap(one, metadata)))
          report(`${place}.egressDeny does not keep hosts from ${METADATA}: a name may lead to the metadata address`);
      });
    }
    const [merged, mergedRest] = [union(known), union(notPermitted)];
    const reported: Interval[] = [];
    for (const [range, name] of forbidden) {
      const interval = parseRange(range);
      if (!interval) continue;
      const covered = reported.some((one) => overlap(one, interval));
      const mayBePermitted = range === SHARED || config.internal.includes(range);
      const judged = mayBePermitted ? mergedRest : merged;
      if (covered || !judged.some((one) => overlap(one, interval))) continue;
      reported.push(interval);
      report(`spec.egress opens ${range}: ${name}`);
    }
  },
});

interface CloudRule {
  readonly cidrBlock?: string;
  readonly cidrBlocks?: readonly string[];
  readonly ipv6CidrBlock?: string;
  readonly ipv6CidrBlocks?: readonly string[];
  readonly cidrIpv4?: string;
  readonly cidrIpv6?: string;
  readonly destinationCidrBlock?: string;
  readonly destinationIpv6CidrBlock?: string;
  readonly egress?: boolean | readonly CloudRule[];
  readonly ingress?: readonly CloudRule[];
  readonly routes?: readonly CloudRule[];
  readonly type?: string;
  readonly action?: string;
  readonly ruleAction?: string;
}

/** Ranges that a rule of a security group, network ACL or route table names. */
export function cloudRanges(rule: CloudRule): Interval[] {
  return ranges(
    [
      rule.cidrBlock,
      ...(rule.cidrBlocks ?? []),
      rule.ipv6CidrBlock,
      ...(rule.ipv6CidrBlocks ?? []),
      rule.cidrIpv4,
      rule.cidrIpv6,
      rule.destinationCidrBlock,
      rule.destinationIpv6CidrBlock,
    ].filter((range) => range !== undefined),
  );
}

/** Ranges of a resource of AWS in one direction, past those that it denies. */
export function cloudOpened(
  type: string,
  props: CloudRule,
  direction: "egress" | "ingress",
  attempt: (part: () => void) => void,
): Interval[] {
  const known: Interval[] = [];
  const add = (rule: CloudRule): void => {
    attempt(() => {
      if ((rule.action ?? rule.ruleAction) !== "deny") known.push(...cloudRanges(rule));
    });
  };
  const kind = type.split(":").at(-1) ?? "";
  if (/^(SecurityGroup|DefaultSecurityGroup|NetworkAcl|DefaultNetworkAcl)$/.test(kind)) {
    attempt(() => {
      const rules = props[direction];
      if (Array.isArray(rules)) (rules as readonly CloudRule[]).forEach(add);
    });
  } else if (kind === "SecurityGroupRule") {
    if (props.type === direction) add(props);
  } else if (kind === "NetworkAclRule") {
    if ((props.egress === true) === (direction === "egress")) add(props);
  } else if (kind === "RouteTable" || kind === "DefaultRouteTable") {
    if (direction === "egress") (props.routes ?? []).forEach(add);
  } else if (kind === (direction === "egress" ? "SecurityGroupEgressRule" : "SecurityGroupIngressRule")) add(props);
  else if (kind === "Route" && direction === "egress") add(props);
  return known;
}

/** The same for what a preview would make in AWS. */
export const noWorldCloudEgress = resourcePolicy<CloudRule, { share: number }>({
  name: "no-world-cloud-egress",
  description:
    "Checks that no security group, network ACL or route of a preview leads to the world or to reserved addresses.",
  severity: "critical",
  remediation: "name the ranges that are needed; what all previews share belongs to the stack of the cluster.",
  url: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-best-practices.html",
  stacks: PREVIEWS,
  types:
    /^aws:(ec2|vpc)\/\w+:(SecurityGroup|DefaultSecurityGroup|SecurityGroupRule|SecurityGroupEgressRule|NetworkAcl|DefaultNetworkAcl|NetworkAclRule|Route|RouteTable|DefaultRouteTable)$/,
  parameters: SHARE,
  check: ({ type, props, config, report, attempt }) => {
    const known = cloudOpened(type, props, "egress", attempt);
    const world = worldIn(known, config.share);
    if (world) report(`it opens ${world}`);
    for (const [range, name] of RESERVED.slice(0, 2)) {
      const interval = parseRange(range);
      if (!world && interval && known.some((one) => overlap(one, interval))) report(`it opens ${range}: ${name}`);
    }
  },
});

/** No pod without a policy that denies what no other one allows. */
export const defaultDeny = stackPolicy({
  name: "default-deny-both-ways",
  description: "Checks that each namespace with pods has a NetworkPolicy that denies all ingress and all egress.",
  severity: "critical",
  remediation: "add a NetworkPolicy with an empty podSelector, no rules, and both policyTypes.",
  url: `${KUBERNETES_DOCS}#default-deny-all-ingress-and-all-egress-traffic`,
  stacks: "^(pr-|platform)",
  types: WHOLE_WORKLOADS,
  check: ({ resources, report, attempt }) => {
    const denied = new Map<string, Set<string>>();
    for (const { props } of all<NetworkPolicy>(resources, NETWORK_POLICY)) {
      attempt(() => {
        if (!selectsAll(props.spec?.podSelector)) return;
        const open = (["ingress", "egress"] as const).filter((direction) => (props.spec?.[direction] ?? []).length > 0);
        const types = denied.get(namespaceOf(props)) ?? new Set();
        for (const type of props.spec?.policyTypes ?? ["Ingress"]) {
          if (!open.includes(type.toLowerCase() as "ingress")) types.add(type);
        }
        denied.set(namespaceOf(props), types);
      });
    }
    const told = new Set<string>();
    for (const { urn, props } of all<Workload>(resources, WHOLE_WORKLOADS)) {
      attempt(() => {
        const namespace = namespaceOf(props);
        const missing = ["Ingress", "Egress"].filter((type) => !denied.get(namespace)?.has(type));
        if (missing.length === 0 || told.has(namespace)) return;
        told.add(namespace);
        report(`no NetworkPolicy of ${namespace} denies all ${missing.join(" and all ").toLowerCase()}`, urn);
      });
    }
  },
});

/** Names are resolved by the cluster alone: DNS to anywhere else carries data out. */
export const dnsOnlyToCluster = resourcePolicy<
  NetworkPolicy,
  { namespace: string; labels: Record<string, string>; addresses: readonly string[] }
>({
  name: "dns-only-to-the-cluster",
  description: "Checks that policies of a preview open DNS to the cluster's resolver only.",
  severity: "high",
  remediation: "let DNS go to the pods of kube-dns in kube-system, and name no port 53 or 853 for other peers.",
  url: "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/",
  stacks: PREVIEWS,
  types: EGRESS_POLICY,
  parameters: {
    namespace: { type: "string", default: "kube-system", description: "Namespace of the resolver." },
    labels: {
      type: "object",
      additionalProperties: { type: "string" },
      default: { "k8s-app": "kube-dns" },
      description: "Labels of the resolver's pods.",
    },
    addresses: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Addresses of resolvers on the node, such as that of NodeLocal DNSCache.",
    },
  },
  check: ({ type, props, config, report, attempt }) => {
    const resolvers = ranges(config.addresses);
    const isResolver = ({ ipBlock, namespaceSelector, podSelector }: Peer): boolean => {
      if (ipBlock) {
        const block = parseRange(ipBlock.cidr ?? "");
        return block !== undefined && resolvers.some((one) => one.first <= block.first && block.last <= one.last);
      }
      return (
        namespaceSelector?.matchLabels?.[NAMESPACE_NAME] === config.namespace &&
        Object.entries(config.labels).every(([key, value]) => podSelector?.matchLabels?.[key] === value)
      );
    };
    for (const { place, to, ports } of egressRules(type, props, attempt)) {
      attempt(() => {
        // Without any, a rule opens every port.
        const listed = ports();
        const dns = listed.length === 0 || listed.some(isDns);
        to.forEach((peer, index) => {
          attempt(() => {
            // Peers inside the namespace are pods of the same preview, whose own rules end at the same fence.
            const { ipBlock, namespaceSelector, names, entity, elsewhere } = peer;
            const inside = !ipBlock && !namespaceSelector && !names && entity === undefined && elsewhere === undefined;
            if (dns && !inside && !isResolver(peer)) {
              report(`${place}.to[${index}] opens DNS to something else than the cluster's resolver`);
            }
          });
        });
      });
    }
  },
});

/** DNS is on port 53, over TLS on 853 (RFC 7858). */
export const DNS_PORTS: readonly number[] = [53, 853];

/** Names of ports that are DNS by custom. */
export const DNS_PORT_NAMES = /^(dns|domain)/;

function isDns({ port, endPort }: Port): boolean {
  if (typeof port === "string") return DNS_PORT_NAMES.test(port);
  // An entry that names only a protocol opens all ports of it.
  return port === undefined || DNS_PORTS.some((dns) => port <= dns && dns <= (endPort ?? port));
}

/** A rule by host name that nobody enforces is worse than none. */
export const hostRulesNeedCni = resourcePolicy<object, { cni: string }>({
  name: "host-rules-need-a-cni",
  description: "Checks that egress rules by host name are used only where the cluster's network plugin supports them.",
  severity: "high",
  remediation: "allow ranges of addresses instead, or set `cni` in the pack's config to what the cluster has.",
  url: "https://docs.cilium.io/en/stable/security/policy/language/#dns-based",
  types: HOST_POLICY,
  parameters: {
    cni: {
      type: "string",
      enum: ["none", "cilium", "eks-auto-mode"],
      default: "none",
      description: "What enforces rules by host name in the cluster.",
    },
  },
  check: ({ type, props, config, report, attempt }) => {
    const supports = type.startsWith("kubernetes:cilium.io/") ? "cilium" : "eks-auto-mode";
    if (config.cni === supports) return;
    for (const { place, to } of egressRules(type, props, attempt)) {
      if (to.some(({ names }) => names !== undefined)) report(`${place} names hosts, which only ${supports} enforces`);
    }
  },
});

/** All rules on egress. */
export const egressPolicies: Policies = [
  noWorldEgress,
  noWorldEgressInParts,
  egressProxyImage,
  noReservedEgress,
  noWorldCloudEgress,
  defaultDeny,
  dnsOnlyToCluster,
  hostRulesNeedCni,
];
