import { type KubeObject, type Selector } from "./kubernetes";
import type { Attempt } from "./rule";

/*
 * What policies of every kind let pods connect to, in one shape: NetworkPolicies, and the kinds of network plugins that know host names.
 * What opens in them adds up, so that a rule on egress has to look into all of them.
 */

/** Label by which a selector names one namespace; Kubernetes sets it. */
export const NAMESPACE_NAME = "kubernetes.io/metadata.name";

/** Where a rule leads. */
export interface Peer {
  readonly ipBlock?: { readonly cidr?: string; readonly except?: readonly string[] };
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
  /** Host names and patterns of them. */
  readonly names?: readonly string[];
  /** Something of the cluster that is no pod, as Cilium names it, such as `host`. */
  readonly entity?: string;
  /** The field that leads to what is not written in the policy. */
  readonly elsewhere?: string;
}

/** On which ports. */
export interface Port {
  readonly port?: number | string;
  readonly endPort?: number;
  readonly protocol?: string;
}

/** One rule of a policy. */
export interface EgressRule {
  /** Where it stands, such as `spec.egress[0]`. */
  readonly place: string;
  /** Whether it names no destination, and so opens all. */
  readonly open: boolean;
  readonly to: readonly Peer[];
  /** None stand for all of them. Throws what `attempt` takes where a preview does not know them. */
  readonly ports: () => readonly Port[];
}

/** A NetworkPolicy. */
export interface NetworkPolicy extends KubeObject {
  readonly spec?: {
    readonly podSelector?: Selector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports?: readonly Port[] }[];
    readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports?: readonly Port[] }[];
  };
}

interface CiliumRule {
  readonly toEndpoints?: readonly Selector[];
  readonly toEntities?: readonly string[];
  readonly toCIDR?: readonly string[];
  readonly toCIDRSet?: readonly { readonly cidr?: string; readonly except?: readonly string[] }[];
  readonly toFQDNs?: readonly { readonly matchName?: string; readonly matchPattern?: string }[];
  readonly toServices?: readonly object[];
  readonly toNodes?: readonly object[];
  readonly toGroups?: readonly object[];
  readonly toPorts?: readonly { readonly ports?: readonly { readonly port?: string; readonly endPort?: number }[] }[];
}

interface NamedPeer extends Peer {
  readonly domainNames?: readonly string[];
}

interface AnyPolicy {
  readonly spec?: { readonly egress?: readonly object[] };
  readonly specs?: readonly AnyPolicy["spec"][];
}

/** Type of NetworkPolicies. */
export const NETWORK_POLICY = /^kubernetes:(networking\.k8s\.io\/v1|extensions\/v1beta1):NetworkPolicy(Patch)?$/;

/** Types of policies that can name hosts: those of Cilium, and of EKS. */
export const HOST_POLICY =
  /^kubernetes:(cilium\.io\/v2:Cilium(Clusterwide)?NetworkPolicy|networking\.k8s\.aws\/v1alpha1:(Application|Cluster)NetworkPolicy)$/;

/** Types of all policies on egress. */
export const EGRESS_POLICY = new RegExp(`${NETWORK_POLICY.source}|${HOST_POLICY.source}`);

/**
 * Rules on egress of a policy of any kind. A part that a preview does not know is left out, and `attempt` remembers that it was there.
 *
 * What Cilium's fields mean: docs.cilium.io, "Layer 3 Policies". Those of EKS are those of a NetworkPolicy, with `domainNames` in peers
 * (docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html).
 */
export function egressRules(type: string, props: object, attempt: Attempt): EgressRule[] {
  const { spec, specs = [] } = props as AnyPolicy;
  const read = type.startsWith("kubernetes:cilium.io/") ? ciliumRule(type.includes("Clusterwide")) : plainRule;
  const rules: EgressRule[] = [];
  [{ at: "spec", spec }, ...Array.from(specs, (one, index) => ({ at: `specs[${index}]`, spec: one }))].forEach(
    ({ at, spec: one }) => {
      attempt(() => {
        (one?.egress ?? []).forEach((rule, index) => {
          attempt(() => rules.push({ place: `${at}.egress[${index}]`, ...read(rule, attempt) }));
        });
      });
    },
  );
  return rules;
}

type Read = (rule: object, attempt: Attempt) => Omit<EgressRule, "place">;

const plainRule: Read = (rule, attempt) => {
  const given = rule as { to?: readonly NamedPeer[]; ports?: readonly Port[] };
  const { to = [] } = given;
  const peers = [...to].flatMap((peer): Peer[] => {
    const found: Peer[] = [];
    attempt(() => {
      const { ipBlock, namespaceSelector, podSelector, domainNames } = peer;
      found.push({ ipBlock, namespaceSelector, podSelector, ...(domainNames && { names: [...domainNames] }) });
    });
    return found;
  });
  return { open: to.length === 0, to: peers, ports: () => [...(given.ports ?? [])] };
};

/** Fields of Cilium that say where a rule leads. A rule with none of them leads everywhere. */
const ELSEWHERE = ["toServices", "toNodes", "toGroups"] as const;
const DESTINATIONS = ["toEndpoints", "toEntities", "toCIDR", "toCIDRSet", "toFQDNs", ...ELSEWHERE] as const;

function ciliumRule(clusterwide: boolean): Read {
  return (given, attempt) => {
    const rule = given as CiliumRule;
    const to: Peer[] = [];
    const add = <One>(list: readonly One[] | undefined, peers: (one: One) => Peer[]): void => {
      for (let index = 0; index < (list?.length ?? 0); index++) {
        attempt(() => to.push(...peers((list as readonly One[])[index] as One)));
      }
    };
    const parts: (() => void)[] = [
      () => {
        add(rule.toEndpoints, (selector) => endpoints(selector, clusterwide));
      },
      () => {
        add(rule.toEntities, entity);
      },
      () => {
        add(rule.toCIDR, (cidr) => [{ ipBlock: { cidr } }]);
      },
      () => {
        add(rule.toCIDRSet, ({ cidr, except }) =>
          cidr === undefined ? [{ elsewhere: "toCIDRSet" }] : [{ ipBlock: { cidr, except } }],
        );
      },
      () => {
        add(rule.toFQDNs, ({ matchName, matchPattern }) => [{ names: [matchName ?? matchPattern ?? "*"] }]);
      },
      ...ELSEWHERE.map((field) => () => {
        add<object>(rule[field], () => [{ elsewhere: field }]);
      }),
    ];
    parts.forEach(attempt);
    const ports = () => {
      const lists = [...(rule.toPorts ?? [])].map((one) => [...(one.ports ?? [])]);
      // A list without ports opens all of them, as none does.
      return lists.every((list) => list.length > 0) ? lists.flat().map(portOf) : [];
    };
    return { open: DESTINATIONS.every((field) => rule[field] === undefined), to, ports };
  };
}

/** Ports are text in Cilium's kind, and 0 stands for all of them. */
function portOf({ port, endPort }: { port?: string; endPort?: number }): Port {
  if (port === undefined || !/^\d+$/.test(port)) return { port, endPort };
  return port === "0" ? {} : { port: Number(port), endPort };
}

/** Every address. */
const WORLD: readonly Peer[] = [{ ipBlock: { cidr: "0.0.0.0/0" } }, { ipBlock: { cidr: "::/0" } }];
const EVERY_POD: Peer = { namespaceSelector: {} };

function entity(name: string): Peer[] {
  if (name === "none") return [];
  if (name === "all") return [...WORLD, EVERY_POD, { entity: "host" }];
  if (name.startsWith("world")) return [...WORLD];
  return ["cluster", "cluster-mesh", "unmanaged"].includes(name) ? [EVERY_POD] : [{ entity: name }];
}

/** What begins labels that stand for entities: Cilium reads `reserved.world` and `$world` as `reserved:world` (pkg/labels, GetExtendedKeyFrom, ParseSource). */
export const RESERVED_LABEL = /^(reserved[:.]|\$)/;

const NAMESPACE = "io.kubernetes.pod.namespace";
const NAMESPACE_LABELS = "io.cilium.k8s.namespace.labels";

/** Pods by their labels, in this namespace unless the labels name one: whatever else says something of namespaces counts as all of them. */
function endpoints({ matchLabels = {}, matchExpressions = [] }: Selector, clusterwide: boolean): Peer[] {
  const labels = Object.entries(matchLabels).map(([key, value]) => [key, value] as const);
  const keys = [...labels.map(([key]) => key), ...[...matchExpressions].map(({ key = "" }) => key)];
  const reserved = keys.flatMap((key) => (RESERVED_LABEL.test(key) ? entity(key.replace(RESERVED_LABEL, "")) : []));
  if (reserved.length > 0) return reserved;
  const known = Object.fromEntries(labels.map(([key, value]) => [bare(key), value]));
  const { [NAMESPACE]: namespace, ...podLabels } = known;
  const podSelector = { matchLabels: podLabels, matchExpressions };
  if (namespace !== undefined) {
    return [{ namespaceSelector: { matchLabels: { [NAMESPACE_NAME]: namespace } }, podSelector }];
  }
  const beyond =
    clusterwide || keys.some((key) => [NAMESPACE, NAMESPACE_LABELS].some((one) => bare(key).startsWith(one)));
  return [beyond ? EVERY_POD : { podSelector }];
}

/** A key of a label without its source. */
function bare(key: string): string {
  return key.replace(/^(k8s|any):/, "");
}

/** A policy of Cilium as far as it keeps its pods from addresses, whatever opens them. */
interface CiliumPolicy {
  readonly egress?: readonly CiliumRule[];
  readonly egressDeny?: readonly Pick<CiliumRule, "toCIDR" | "toCIDRSet" | "toPorts">[];
}

/**
 * Ranges that the parts of a policy of Cilium which name hosts deny, one list for each part, with where it stands. A name may lead to any
 * address, and what is denied comes before what is opened.
 */
export function deniedToHosts(
  type: string,
  props: object,
  attempt: Attempt,
): { place: string; denied: NonNullable<Peer["ipBlock"]>[] }[] {
  if (!type.startsWith("kubernetes:cilium.io/")) return [];
  const { spec, specs = [] } = props as { spec?: CiliumPolicy; specs?: readonly CiliumPolicy[] };
  const parts = [{ place: "spec", part: spec }].concat(
    Array.from(specs, (part, index) => ({ place: `specs[${index}]`, part })),
  );
  return parts.flatMap(({ place, part }) => {
    const found: { place: string; denied: NonNullable<Peer["ipBlock"]>[] }[] = [];
    attempt(() => {
      if (!(part?.egress ?? []).some(({ toFQDNs }) => toFQDNs !== undefined)) return;
      const rules = (part?.egressDeny ?? []).filter(({ toPorts }) => toPorts === undefined);
      const denied = [...rules].flatMap(({ toCIDR = [], toCIDRSet = [] }) => [
        ...[...toCIDR].map((cidr) => ({ cidr })),
        ...[...toCIDRSet].map(({ cidr, except }) => ({ cidr, except })),
      ]);
      found.push({ place, denied });
    });
    return found;
  });
}

/** Whether a pattern of host names has names of more than one domain: whatever stands for any text in the last two labels. */
export function isWide(name: string): boolean {
  const labels = name.replace(/\.$/, "").split(".");
  return name.includes("*") && (labels.length < 2 || labels.slice(-2).some((label) => label.includes("*")));
}
