import {
  defaultDeny,
  DNS_PORT_NAMES,
  DNS_PORTS,
  dnsOnlyToCluster,
  hostRulesNeedCni,
  METADATA,
  noReservedEgress,
  noWorldEgress,
  API_SERVER_PORTS,
  OPERATED,
  PROXY_PORTS,
  RESERVED,
  SHARED,
} from "../egress";
import { NAMESPACE_NAME, RESERVED_LABEL } from "../egress-rules";
import { quotaPresent } from "../hygiene";
import { changed, check, field, literal, parameter, writes, type AdmissionGroup, type Variable } from "./cel";

/*
 * Where pods may connect to. CEL has no sets of addresses: the sizes of ranges are added up without what they have in common, and without what `except` takes out, so that
 * the API server refuses all that the pack refuses, and more only where ranges that are near the limit overlap.
 */

/** Name of the NetworkPolicy that denies what no other one allows, in every environment. */
export const DEFAULT_DENY = "default-deny";

/** Name of every environment's ResourceQuota. */
export const QUOTA = "environment";

/** Sizes of ranges by the length of their prefix, from 0 to 32, where 2^32 is the world. */
const SIZES = Array.from({ length: 33 }, (_, prefix) => 2 ** (32 - prefix));

const spec = field("spec");

/** Whether a policy's rules are none, in a direction that it is for. */
function denies(policy: string, direction: "Ingress" | "Egress"): string {
  return `"${direction}" in ${policy}.spec.?policyTypes.orValue([]) && size(${policy}.spec.?${direction.toLowerCase()}.orValue([])) == 0`;
}

/** Whether a policy denies everything both ways, for all pods. */
function deniesAll(policy: string): string {
  const selector = `${policy}.spec.?podSelector`;
  return `size(${selector}.?matchLabels.orValue({})) == 0 && size(${selector}.?matchExpressions.orValue([])) == 0 && ${denies(policy, "Ingress")} && ${denies(policy, "Egress")}`;
}

/** NetworkPolicies. */
export const networkPolicies: AdmissionGroup = {
  name: "network-policies",
  about: "Where pods of environments may connect to.",
  scope: "environments",
  matched: [writes("networking.k8s.io", "networkpolicies")],
  conditions: [changed(spec)],
  parameters: [
    parameter(noWorldEgress, "share"),
    parameter(noWorldEgress, "proxy"),
    parameter(noReservedEgress, "internal"),
    parameter(noReservedEgress, "permitted"),
    parameter(noReservedEgress, "apiServer"),
    parameter(dnsOnlyToCluster, "namespace", "resolverNamespace"),
    parameter(dnsOnlyToCluster, "labels"),
    parameter(dnsOnlyToCluster, "addresses"),
  ],
  variables: [
    { name: "sizes", expression: literal(SIZES) },
    { name: "rules", expression: "object.spec.?egress.orValue([])" },
    { name: "open", expression: "variables.rules.filter(rule, size(rule.?to.orValue([])) == 0)" },
    {
      name: "unnamedNamespaces",
      expression: `variables.rules.filter(rule, rule.?to.orValue([]).exists(peer, has(peer.namespaceSelector) && !(${literal(NAMESPACE_NAME)} in peer.namespaceSelector.?matchLabels.orValue({}))))`,
    },
    {
      name: "isForProxy",
      expression:
        'size(variables.proxy) > 0 && variables.proxy.all(key, object.spec.?podSelector.?matchLabels[?key].orValue("") == variables.proxy[key])',
    },
    // Those of the egress proxy on listed ports are left out: what it lets through, its settings say.
    {
      name: "limited",
      expression: `variables.rules.filter(rule, !variables.isForProxy || size(rule.?ports.orValue([])) == 0 || size(rule.ports) > ${PROXY_PORTS} || rule.ports.exists(one, !has(one.port) || type(one.port) == string || has(one.endPort)))`,
    },
    {
      name: "share4",
      expression:
        "variables.limited.map(rule, rule.?to.orValue([]).filter(peer, has(peer.ipBlock) && cidr(peer.ipBlock.cidr).ip().family() == 4).map(peer, variables.sizes[cidr(peer.ipBlock.cidr).prefixLength()]).sum()).sum()",
    },
    // Of IPv6 the global addresses count, 2000::/3, as in the pack: a range with prefix 3 or less that has them is the world.
    {
      name: "share6",
      expression:
        'variables.limited.map(rule, rule.?to.orValue([]).filter(peer, has(peer.ipBlock) && cidr(peer.ipBlock.cidr).ip().family() == 6 && (cidr("2000::/3").containsCIDR(peer.ipBlock.cidr) || cidr(peer.ipBlock.cidr).containsCIDR("2000::/3")))' +
        ".map(peer, cidr(peer.ipBlock.cidr).prefixLength()).map(prefix, prefix <= 3 ? variables.sizes[0] : prefix <= 35 ? variables.sizes[prefix - 3] : 0).sum()).sum()",
    },
    {
      name: "forbidden",
      expression: `${literal(RESERVED.map(([range]) => range))} + variables.internal`,
    },
    {
      name: "permittedToServer",
      expression: `${literal(OPERATED)} in object.spec.?podSelector.?matchLabels.orValue({}) ? variables.apiServer : []`,
    },
    {
      name: "reserved",
      expression:
        "variables.forbidden.filter(range, variables.rules.exists(rule, rule.?to.orValue([]).exists(peer, has(peer.ipBlock) && (cidr(peer.ipBlock.cidr).containsCIDR(range) || cidr(range).containsCIDR(peer.ipBlock.cidr)) && !peer.ipBlock.?except.orValue([]).exists(one, cidr(one).containsCIDR(range)) && " +
        `!((range in variables.internal || range == ${literal(SHARED)}) && (variables.permitted.exists(one, cidr(one).containsCIDR(peer.ipBlock.cidr)) || ` +
        `(size(rule.?ports.orValue([])) > 0 && rule.ports.all(one, has(one.port) && type(one.port) == int && one.port in ${literal(API_SERVER_PORTS)} && !has(one.endPort)) && variables.permittedToServer.exists(one, cidr(one).containsCIDR(peer.ipBlock.cidr))))))))`,
    },
    {
      name: "otherResolvers",
      expression:
        "variables.rules.filter(rule, (size(rule.?ports.orValue([])) == 0 || rule.ports.exists(one, !has(one.port) || (type(one.port) == string ? " +
        `string(one.port).matches(${literal(DNS_PORT_NAMES.source)}) : ${literal(DNS_PORTS)}.exists(dns, one.port <= dns && dns <= one.?endPort.orValue(one.port))))) && ` +
        "rule.?to.orValue([]).exists(peer, has(peer.ipBlock) ? !variables.addresses.exists(one, cidr(one).containsCIDR(peer.ipBlock.cidr)) : " +
        `has(peer.namespaceSelector) && !(peer.namespaceSelector.?matchLabels[?${literal(NAMESPACE_NAME)}].orValue("") == variables.resolverNamespace && ` +
        'variables.labels.all(key, peer.?podSelector.?matchLabels[?key].orValue("") == variables.labels[key]))))',
    },
  ],
  checks: [
    check(
      noWorldEgress,
      "size(variables.open) == 0 && size(variables.unnamedNamespaces) == 0 && double(variables.share4) <= double(variables.share) * 4294967296.0 && double(variables.share6) <= double(variables.share) * 4294967296.0",
      'size(variables.open) > 0 ? "spec.egress has a rule without \\"to\\", which opens every address" : size(variables.unnamedNamespaces) > 0 ? "spec.egress opens the pods of namespaces that it does not name" : "spec.egress opens " + string(double(variables.share4) / 42949672.96) + " % of all addresses of IPv4 and " + string(double(variables.share6) / 42949672.96) + " % of IPv6"',
    ),
    check(
      noReservedEgress,
      "size(variables.reserved) == 0",
      '"spec.egress opens " + variables.reserved.map(one, string(one)).join(", ")',
    ),
    check(
      dnsOnlyToCluster,
      "size(variables.otherResolvers) == 0",
      'string(size(variables.otherResolvers)) + " of the rules in spec.egress open DNS to something else than the cluster\'s resolver"',
    ),
    check(
      defaultDeny,
      `object.metadata.name != ${literal(DEFAULT_DENY)} || (${deniesAll("object")})`,
      `"the NetworkPolicy ${DEFAULT_DENY} does not deny everything both ways"`,
    ),
  ],
};

/** No pod without the policy that denies what no other one allows. */
export const fencedPods: AdmissionGroup = {
  name: "default-deny-both-ways",
  about: "No pod of an environment starts without the NetworkPolicy that denies everything both ways.",
  scope: "environments",
  matched: [{ ...writes("", "pods"), operations: ["CREATE"] }],
  conditions: [],
  parameters: [],
  variables: [],
  requires: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", name: DEFAULT_DENY },
  checks: [
    check(
      defaultDeny,
      deniesAll("params"),
      `"the NetworkPolicy ${DEFAULT_DENY} of the namespace does not deny everything both ways"`,
    ),
  ],
};

/** No pod without a quota. */
export const countedPods: AdmissionGroup = {
  name: "namespace-has-quota",
  about: "No pod of an environment starts without the ResourceQuota.",
  scope: "environments",
  matched: [{ ...writes("", "pods"), operations: ["CREATE"] }],
  conditions: [],
  parameters: [],
  variables: [],
  requires: { apiVersion: "v1", kind: "ResourceQuota", name: QUOTA },
  checks: [
    check(
      quotaPresent,
      '"pods" in params.spec.?hard.orValue({}) && size(params.spec.?scopes.orValue([])) == 0 && !has(params.spec.scopeSelector)',
      `"the ResourceQuota ${QUOTA} of the namespace does not count all pods"`,
    ),
  ],
};

/** What keeps an environment apart stays as long as the environment. When the namespace goes, so do they. */
export const fences: AdmissionGroup = {
  name: "fences",
  about: "The NetworkPolicy that denies everything and the ResourceQuota stay as long as their environment.",
  scope: "environments",
  matched: [
    { ...writes("networking.k8s.io", "networkpolicies"), operations: ["DELETE"] },
    { ...writes("", "resourcequotas"), operations: ["DELETE"] },
  ],
  conditions: [
    {
      name: "is-a-fence",
      // Named by the old object, since requests that delete a collection name none.
      expression: `oldObject.metadata.name == (request.resource.resource == "networkpolicies" ? ${literal(DEFAULT_DENY)} : ${literal(QUOTA)})`,
    },
    {
      name: "is-not-the-end-of-the-namespace",
      expression: 'request.userInfo.username != "system:serviceaccount:kube-system:namespace-controller"',
    },
  ],
  parameters: [],
  variables: [
    {
      name: "ends",
      expression: "namespaceObject == null || has(namespaceObject.metadata.deletionTimestamp)",
    },
  ],
  checks: [
    check(
      defaultDeny,
      'variables.ends || request.resource.resource != "networkpolicies"',
      '"the NetworkPolicy " + oldObject.metadata.name + " stays as long as the environment; delete the namespace"',
    ),
    check(
      quotaPresent,
      'variables.ends || request.resource.resource != "resourcequotas"',
      '"the ResourceQuota " + oldObject.metadata.name + " stays as long as the environment; delete the namespace"',
    ),
  ],
};

/** Kinds of network plugins that can name hosts. */
export const HOST_POLICIES = [
  writes("cilium.io", "ciliumnetworkpolicies"),
  writes("networking.k8s.aws", "applicationnetworkpolicies"),
];

/** What such a policy says, of either kind. */
export const HOST_SPECS: Variable = {
  name: "specs",
  expression: "(has(object.spec) ? [dyn(object.spec)] : []) + dyn(object).?specs.orValue([])",
};

/** Whether something holds for all `rule`s of such a policy. */
export function everyRule(holds: string): string {
  return `variables.specs.all(spec, spec.?egress.orValue([]).all(rule, ${holds}))`;
}

/** Fields of Cilium that lead out of a namespace by something else than labels and names. Berth uses none of them. */
export const BEYOND = ["toEntities", "toCIDR", "toCIDRSet", "toServices", "toNodes", "toGroups", "toRequires"];

const none = (fields: readonly string[]) => fields.map((name) => `!has(rule.${name})`).join(" && ");

/** A pattern of names below one domain. */
const NARROW = "^[^ ]+[.][-a-zA-Z0-9_]+[.][-a-zA-Z0-9_]+[.]?$";
const narrow = (name: string) => `(!${name}.contains("*") || ${name}.matches(${literal(NARROW)}))`;

const NAMESPACE_KEYS = [
  "io.kubernetes.pod.namespace",
  "k8s:io.kubernetes.pod.namespace",
  "any:io.kubernetes.pod.namespace",
];

/**
 * Policies of network plugins that know host names. CEL sees less of them than the pack does: whatever opens addresses is refused, since
 * ranges stand in NetworkPolicies, and pods of other namespaces are the resolver's alone.
 */
export const hostPolicies: AdmissionGroup = {
  name: "host-policies",
  about: "Egress rules by host name stand only where the cluster's network plugin enforces them, and open hosts alone.",
  scope: "environments",
  matched: HOST_POLICIES,
  conditions: [],
  parameters: [
    parameter(hostRulesNeedCni, "cni"),
    parameter(dnsOnlyToCluster, "namespace", "resolverNamespace"),
    parameter(dnsOnlyToCluster, "labels"),
  ],
  variables: [
    {
      name: "enforcer",
      expression: 'request.resource.group == "cilium.io" ? "cilium" : "eks-auto-mode"',
    },
    HOST_SPECS,
    { name: "namespaceKeys", expression: literal(NAMESPACE_KEYS) },
  ],
  checks: [
    check(
      hostRulesNeedCni,
      `variables.cni == variables.enforcer || ${everyRule("!has(rule.toFQDNs) && rule.?to.orValue([]).all(peer, !has(peer.domainNames))")}`,
      '"spec.egress names hosts, which only " + variables.enforcer + " enforces"',
    ),
    check(
      noWorldEgress,
      everyRule(
        `${none(BEYOND)} && (has(rule.toFQDNs) || has(rule.toEndpoints) || size(rule.?to.orValue([])) > 0) && ` +
          `rule.?toFQDNs.orValue([]).all(one, ${narrow('one.?matchName.orValue(one.?matchPattern.orValue("*"))')}) && ` +
          "rule.?toEndpoints.orValue([]).all(one, size(one.?matchExpressions.orValue([])) == 0 && one.?matchLabels.orValue({}).all(key, !key.matches(" +
          `${literal(RESERVED_LABEL.source)}) && !key.contains("io.cilium.k8s.namespace.labels"))) && ` +
          `rule.?to.orValue([]).all(peer, !has(peer.ipBlock) && (!has(peer.namespaceSelector) || ${literal(NAMESPACE_NAME)} in peer.namespaceSelector.?matchLabels.orValue({})) && peer.?domainNames.orValue([]).all(name, ${narrow("name")}))`,
      ),
      '"spec.egress opens more than hosts of a domain and pods: entities, ranges, services, or names of any domain"',
    ),
    check(
      noReservedEgress,
      "variables.specs.all(spec, spec.?egress.orValue([]).all(rule, !has(rule.toFQDNs)) || spec.?egressDeny.orValue([]).exists(rule, !has(rule.toPorts) && " +
        `(rule.?toCIDR.orValue([]).exists(one, cidr(one).containsCIDR(${literal(METADATA)})) || ` +
        `rule.?toCIDRSet.orValue([]).exists(one, has(one.cidr) && cidr(one.cidr).containsCIDR(${literal(METADATA)}) && size(one.?except.orValue([])) == 0))))`,
      `"spec.egressDeny does not keep hosts from ${METADATA}: a name may lead to the metadata address"`,
    ),
    check(
      dnsOnlyToCluster,
      everyRule(
        'rule.?toEndpoints.orValue([]).all(one, one.?matchLabels.orValue({}).all(key, !(key in variables.namespaceKeys) || (one.matchLabels[key] == variables.resolverNamespace && variables.labels.all(label, one.matchLabels[?("k8s:" + label)].orValue(one.matchLabels[?label].orValue("")) == variables.labels[label])))) && ' +
          "(!has(rule.toFQDNs) || (size(rule.?toPorts.orValue([])) > 0 && rule.toPorts.all(list, size(list.?ports.orValue([])) > 0 && list.ports.all(one, !has(one.endPort) && " +
          `!(one.?port.orValue("0") in ${literal(["0", ...DNS_PORTS.map(String)])}) && !one.?port.orValue("0").matches(${literal(DNS_PORT_NAMES.source)}))))) && ` +
          "rule.?to.orValue([]).all(peer, !has(peer.domainNames) || (size(rule.?ports.orValue([])) > 0 && rule.ports.all(one, has(one.port) && type(one.port) == int && !has(one.endPort) && " +
          `!(one.port in ${literal(DNS_PORTS)}))))`,
      ),
      '"spec.egress opens pods of other namespaces than the resolver\'s, or ports of DNS to hosts"',
    ),
  ],
};
