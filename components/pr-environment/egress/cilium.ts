import type { CustomResourceArgs } from "@pulumi/kubernetes/apiextensions";
import { FORBIDDEN_RANGES, PRIVATE_RANGES, contains } from "../../../config/cidr";
import { hostRules, rangeRules } from "../../../config/egress";
import type { HostRule } from "../../../config/egress";
import { LABEL } from "../../../config/labels";
import { knowsHosts, metadata, outsideUsers } from "../context";
import type { Component, PlanContext } from "../context";
import { CLOSED_IPV6 } from "./squid";

/*
 * Rules by host name where Cilium enforces them (docs.cilium.io, "Layer 3 Policies", DNS based, and "Layer 7 Policies", DNS Policy and IP
 * Discovery; its CRD of 1.20).
 */

/** A name, or all names below one. */
type Name = { matchName: string } | { matchPattern: string };

/**
 * Names of the cluster: those of Services, and what a resolver makes of any name with the search list of a pod. CoreDNS answers for all of
 * them itself and asks nobody outside.
 */
const CLUSTER_NAMES: Name = { matchPattern: "**.cluster.local" };

/** The cluster's DNS pods; the key of the namespace is Cilium's own. */
const CLUSTER_DNS = { matchLabels: { "k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns" } };

/**
 * Plans a CiliumNetworkPolicy for each part that rules by host name are for; none where a proxy leads to hosts.
 *
 * Policies of all kinds add up in Cilium. A rule that opens a port without looking into it takes those out of force that do, so this one
 * alone opens DNS for its part: for the names of the rules and of the cluster, which Cilium's DNS proxy holds queries against. It notes
 * the addresses in the answers, and opens those of names in `toFQDNs`.
 *
 * A name may lead anywhere. `egressDeny`, which comes before whatever opens, keeps it from private and reserved addresses, but for private
 * ranges that the config opens by themselves. Neither it nor `toFQDNs` is for pods and nodes of the cluster, which Cilium knows by what
 * they are and not by address.
 */
export function planHostPolicies(context: PlanContext): Record<string, CustomResourceArgs> {
  if (!knowsHosts(context)) return {};
  return Object.fromEntries(
    outsideUsers(context).map((component) => {
      const name = `allow-${component}-to-hosts`;
      return [name, policy(context, name, component)];
    }),
  );
}

function policy(context: PlanContext, name: string, component: Component): CustomResourceArgs {
  const rules = hostRules(context.config);
  return {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: metadata(context, name),
    spec: {
      endpointSelector: { matchLabels: { [`k8s:${LABEL.component}`]: component } },
      egress: [
        {
          toEndpoints: [CLUSTER_DNS],
          toPorts: [
            {
              ports: [portOf(53, "UDP"), portOf(53)],
              rules: { dns: [CLUSTER_NAMES, ...rules.map(nameOf)] },
            },
          ],
        },
        ...rules.map((rule) => ({
          toFQDNs: [nameOf(rule)],
          toPorts: [{ ports: rule.ports.map((port) => portOf(port)) }],
        })),
      ],
      egressDeny: [{ toCIDRSet: closed(context) }],
    },
  };
}

/** A host as Cilium names it: `**.` stands for one label or more since 1.19 (cilium/cilium#43420), and for exactly one before. */
function nameOf({ host }: HostRule): Name {
  return host.startsWith("*.") ? { matchPattern: `*${host}` } : { matchName: host };
}

/** What no name may lead to. Cilium takes the exceptions of a range only from inside it. */
function closed({ config }: PlanContext): { cidr: string; except?: string[] }[] {
  const opened = rangeRules(config).map(({ cidr }) => cidr);
  return [
    ...FORBIDDEN_RANGES.map((cidr) => ({ cidr })),
    ...PRIVATE_RANGES.flatMap((cidr) => {
      const except = [...new Set(opened.filter((range) => contains(cidr, range)))];
      if (except.includes(cidr)) return [];
      return except.length === 0 ? [{ cidr }] : [{ cidr, except }];
    }),
    ...CLOSED_IPV6.map((cidr) => ({ cidr })),
  ];
}

/** Ports are text in Cilium's kind. */
function portOf(number: number, protocol: "TCP" | "UDP" = "TCP"): { port: string; protocol: string } {
  return { port: String(number), protocol };
}
