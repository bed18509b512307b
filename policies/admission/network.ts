import {
  defaultDeny,
  DNS_PORT_NAMES,
  DNS_PORTS,
  dnsOnlyToCluster,
  hostRulesNeedCni,
  noReservedEgress,
  noWorldEgress,
  RESERVED,
} from "../egress";
import { quotaPresent } from "../hygiene";
import { changed, check, field, literal, parameter, writes, type AdmissionGroup } from "./cel";

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
    parameter(dnsOnlyToCluster, "namespace", "resolverNamespace"),
    parameter(dnsOnlyToCluster, "labels"),
    parameter(dnsOnlyToCluster, "addresses"),
  ],
  variables: [
    { name: "sizes", expression: literal(SIZES) },
    { name: "rules", expression: "object.spec.?egress.orValue([])" },
    { name: "open", expression: "variables.rules.filter(rule, size(rule.?to.orValue([])) == 0)" },
    {
      name: "everyNamespace",
      expression:
        "variables.rules.filter(rule, rule.?to.orValue([]).exists(peer, has(peer.namespaceSelector) && size(peer.namespaceSelector.?matchLabels.orValue({})) == 0 && size(peer.namespaceSelector.?matchExpressions.orValue([])) == 0))",
    },
    {
      name: "isForProxy",
      expression:
        'size(variables.proxy) > 0 && variables.proxy.all(key, object.spec.?podSelector.?matchLabels[?key].orValue("") == variables.proxy[key])',
    },
    // Those of the egress proxy on listed ports are left out: what it lets through, its settings say.
    {
      name: "limited",
      expression: "variables.rules.filter(rule, !variables.isForProxy || size(rule.?ports.orValue([])) == 0)",
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
      name: "reserved",
      expression:
        "variables.forbidden.filter(range, variables.rules.exists(rule, rule.?to.orValue([]).exists(peer, has(peer.ipBlock) && (cidr(peer.ipBlock.cidr).containsCIDR(range) || cidr(range).containsCIDR(peer.ipBlock.cidr)) && !peer.ipBlock.?except.orValue([]).exists(one, cidr(one).containsCIDR(range)))))",
    },
    {
      name: "otherResolvers",
      expression:
        "variables.rules.filter(rule, (size(rule.?ports.orValue([])) == 0 || rule.ports.exists(one, !has(one.port) || (type(one.port) == string ? " +
        `string(one.port).matches(${literal(DNS_PORT_NAMES.source)}) : ${literal(DNS_PORTS)}.exists(dns, one.port <= dns && dns <= one.?endPort.orValue(one.port))))) && ` +
        "rule.?to.orValue([]).exists(peer, has(peer.ipBlock) ? !variables.addresses.exists(one, cidr(one).containsCIDR(peer.ipBlock.cidr)) : " +
        'has(peer.namespaceSelector) && !(peer.namespaceSelector.?matchLabels[?"kubernetes.io/metadata.name"].orValue("") == variables.resolverNamespace && variables.labels.all(key, peer.?podSelector.?matchLabels[?key].orValue("") == variables.labels[key]))))',
    },
  ],
  checks: [
    check(
      noWorldEgress,
      "size(variables.open) == 0 && size(variables.everyNamespace) == 0 && double(variables.share4) <= double(variables.share) * 4294967296.0 && double(variables.share6) <= double(variables.share) * 4294967296.0",
      'size(variables.open) > 0 ? "spec.egress has a rule without \\"to\\", which opens every address" : size(variables.everyNamespace) > 0 ? "spec.egress opens the pods of every namespace" : "spec.egress opens " + string(double(variables.share4) / 42949672.96) + " % of all addresses of IPv4 and " + string(double(variables.share6) / 42949672.96) + " % of IPv6"',
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

/** Rules by host name of the network plugins that have them. */
export const hostPolicies: AdmissionGroup = {
  name: "host-policies",
  about: "Egress rules by host name stand only where the cluster's network plugin enforces them.",
  scope: "environments",
  matched: [writes("cilium.io", "ciliumnetworkpolicies"), writes("networking.k8s.aws", "applicationnetworkpolicies")],
  conditions: [],
  parameters: [parameter(hostRulesNeedCni, "cni")],
  variables: [
    {
      name: "enforcer",
      expression: 'request.resource.group == "cilium.io" ? "cilium" : "eks-auto-mode"',
    },
    {
      name: "specs",
      expression: "(has(object.spec) ? [dyn(object.spec)] : []) + dyn(object).?specs.orValue([])",
    },
  ],
  checks: [
    check(
      hostRulesNeedCni,
      "variables.cni == variables.enforcer || variables.specs.all(spec, spec.?egress.orValue([]).all(rule, !has(rule.toFQDNs) && rule.?to.orValue([]).all(peer, !has(peer.domainNames))))",
      '"spec.egress names hosts, which only " + variables.enforcer + " enforces"',
    ),
  ],
};
