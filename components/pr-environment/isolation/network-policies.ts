import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { input } from "@pulumi/kubernetes/types";
import { exceptions } from "../../../config/cidr";
import { isOperated } from "../../../config/databases";
import type { PlatformFacts } from "../../../config/platform";
import { CLUSTER_POD, STATUS_PORT } from "../databases/cloudnative-pg";
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
 * database reaches nothing at all, DNS included; only a database that an operator runs reaches the API server.
 */
export function planNetworkPolicies(context: PlanContext): Record<string, NetworkPolicyArgs> {
  const { config, platform } = context;
  const app = config.app.port;
  return {
    "default-deny": policy(context, "default-deny", {}, { policyTypes: ["Ingress", "Egress"] }),
    ...when(config.ingress.enabled, "allow-gateway-to-app", () =>
      allowIn(context, "allow-gateway-to-app", selector("app"), platform.gatewaySources.map(gatewayPeer), app),
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
  const isByOperator = engine === "postgresql" && isOperated(context.config.databases);
  const pods = isByOperator ? CLUSTER_POD : selector(engine);
  const [out, into] = [`allow-app-to-${engine}`, `allow-${engine}-from-app`];
  const egress = [{ to: [{ podSelector: { matchLabels: pods } }], ports: [port(number)] }];
  return [
    [out, policy(context, out, selector("app"), { policyTypes: ["Egress"], egress })],
    [into, allowIn(context, into, pods, [{ podSelector: { matchLabels: selector("app") } }], number)],
    ...(isByOperator ? operatorPolicies(context, engine) : []),
  ];
}

/**
 * What the pods of CloudNativePG need beside: its operator asks them how they do, and each watches its own object at the API server,
 * with an account that may do that and nothing else.
 */
function operatorPolicies(context: PlanContext, engine: Component): [string, NetworkPolicyArgs][] {
  const { cloudnativePg } = context.platform.operators;
  if (cloudnativePg === null) return [];
  const [into, out] = [`allow-operator-to-${engine}`, `allow-${engine}-to-api-server`];
  const operator = { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": cloudnativePg.namespace } } };
  const egress = [{ to: cloudnativePg.apiServerCidrs.map(apiServerBlock), ports: [port(443), port(6443)] }];
  return [
    [into, allowIn(context, into, CLUSTER_POD, [operator], STATUS_PORT)],
    [out, policy(context, out, CLUSTER_POD, { policyTypes: ["Egress"], egress })],
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

function allowIn(
  context: PlanContext,
  name: string,
  to: Record<string, string>,
  from: Peer[],
  number: number,
): NetworkPolicyArgs {
  return policy(context, name, to, { policyTypes: ["Ingress"], ingress: [{ from, ports: [port(number)] }] });
}

function port(number: number, protocol: "TCP" | "UDP" = "TCP"): input.networking.v1.NetworkPolicyPort {
  return { port: number, protocol };
}

function block(cidr: string): Peer {
  const except = exceptions(cidr);
  return { ipBlock: except.length === 0 ? { cidr } : { cidr, except } };
}

/** The API server is at a private address in most clusters, so that only link-local and metadata addresses stay closed. */
function apiServerBlock(cidr: string): Peer {
  const except = exceptions(cidr).filter((range) => range.startsWith("169.254."));
  return { ipBlock: except.length === 0 ? { cidr } : { cidr, except } };
}

function gatewayPeer(source: PlatformFacts["gatewaySources"][number]): Peer {
  if ("cidr" in source) return { ipBlock: { cidr: source.cidr } };
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": source.namespace } },
    podSelector: { matchLabels: source.podLabels },
  };
}
