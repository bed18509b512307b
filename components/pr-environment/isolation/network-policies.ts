import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { input } from "@pulumi/kubernetes/types";
import { exceptions } from "../../../config/cidr";
import type { PlatformFacts } from "../../../config/platform";
import type { EngineSpec } from "../databases/engine";
import { specsOf } from "../databases/plan";
import { metadata, selector } from "../context";
import type { Component, PlanContext } from "../context";

type Peer = input.networking.v1.NetworkPolicyPeer;

/**
 * All policies of an environment, by name.
 *
 * They add up: everything is refused both ways, and each further policy opens one path that is needed. Pods of one environment do
 * not reach each other in general; the app reaches the ports of its databases and nothing else. Nobody reaches the API server, and a
 * database reaches nothing at all, DNS included.
 */
export function planNetworkPolicies(context: PlanContext): Record<string, NetworkPolicyArgs> {
  const { config, platform } = context;
  const app = config.app.port;
  return {
    "default-deny": policy(context, "default-deny", {}, { policyTypes: ["Ingress", "Egress"] }),
    ...when(config.ingress.enabled, "allow-gateway-to-app", () =>
      allowIn(context, "allow-gateway-to-app", "app", platform.gatewaySources.map(gatewayPeer), app),
    ),
    "allow-app-to-dns": policy(context, "allow-app-to-dns", selector("app"), {
      policyTypes: ["Egress"],
      egress: [{ to: [CLUSTER_DNS], ports: [port(53, "UDP"), port(53)] }],
    }),
    ...Object.fromEntries(specsOf(config.databases).flatMap((spec) => databasePolicies(context, spec))),
    ...when(config.egress.allow.length > 0, "allow-app-egress", () =>
      policy(context, "allow-app-egress", selector("app"), {
        policyTypes: ["Egress"],
        egress: config.egress.allow.map(({ cidr, ports }) => ({
          to: [block(cidr)],
          ports: ports.map((number) => port(number)),
        })),
      }),
    ),
  };
}

/** One policy on each end of the way from the app to a database, with their names. */
function databasePolicies(context: PlanContext, { engine, port: number }: EngineSpec): [string, NetworkPolicyArgs][] {
  const [out, into] = [`allow-app-to-${engine}`, `allow-${engine}-from-app`];
  const egress = [{ to: [{ podSelector: { matchLabels: selector(engine) } }], ports: [port(number)] }];
  return [
    [out, policy(context, out, selector("app"), { policyTypes: ["Egress"], egress })],
    [into, allowIn(context, into, engine, [{ podSelector: { matchLabels: selector("app") } }], number)],
  ];
}

/** The cluster's DNS pods, by the label they carry on EKS, kubeadm, k3s and the embedded cluster alike. */
const CLUSTER_DNS: Peer = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
  podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
};

function when(condition: boolean, name: string, plan: () => NetworkPolicyArgs): Record<string, NetworkPolicyArgs> {
  return condition ? { [name]: plan() } : {};
}

function policy(
  context: PlanContext,
  name: string,
  matchLabels: Record<string, string>,
  spec: Omit<input.networking.v1.NetworkPolicySpec, "podSelector">,
): NetworkPolicyArgs {
  const podSelector = Object.keys(matchLabels).length === 0 ? {} : { matchLabels };
  return { metadata: metadata(context, name), spec: { podSelector, ...spec } };
}

function allowIn(context: PlanContext, name: string, to: Component, from: Peer[], number: number): NetworkPolicyArgs {
  return policy(context, name, selector(to), { policyTypes: ["Ingress"], ingress: [{ from, ports: [port(number)] }] });
}

function port(number: number, protocol: "TCP" | "UDP" = "TCP"): input.networking.v1.NetworkPolicyPort {
  return { port: number, protocol };
}

function block(cidr: string): Peer {
  const except = exceptions(cidr);
  return { ipBlock: except.length === 0 ? { cidr } : { cidr, except } };
}

function gatewayPeer(source: PlatformFacts["gatewaySources"][number]): Peer {
  if ("cidr" in source) return { ipBlock: { cidr: source.cidr } };
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": source.namespace } },
    podSelector: { matchLabels: source.podLabels },
  };
}
