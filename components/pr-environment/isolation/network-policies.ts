import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { input } from "@pulumi/kubernetes/types";
import { exceptions } from "../../../config/cidr";
import { isOperated } from "../../../config/databases";
import type { Engine } from "../../../config/databases";
import { EGRESS_PROXY, EGRESS_PROXY_PORT, hasEgressProxy, rangeRules } from "../../../config/egress";
import { JOB, hasJobs } from "../../../config/jobs";
import { BROKER, BROKER_PORTS, PROXY_PORTS } from "../../../config/oauth";
import { LABEL } from "../../../config/labels";
import type { PlatformFacts } from "../../../config/platform";
import { APP, portsOf, workloadsOf } from "../../../config/workloads";
import type { WorkloadConfig } from "../../../config/workloads";
import { CLUSTER_POD, STATUS_PORT } from "../databases/cloudnative-pg";
import type { EngineSpec } from "../databases/engine";
import { specsOf } from "../databases/plan";
import { PUBLIC, proxyPorts } from "../egress/plan";
import { scraperPeer } from "../metrics/plan";
import { ACCESS_PROXY, metadata, namesHosts, outsideUsers, selector } from "../context";
import type { Component, PlanContext } from "../context";

type Peer = input.networking.v1.NetworkPolicyPeer;

/**
 * All policies of an environment, by name.
 *
 * They add up: everything is refused both ways, and each further policy opens one path that is needed. The app and the services reach
 * each other's ports and those of the databases that the config gives them; jobs reach the databases; nothing else in the environment
 * is reached. Only what has a URL is reached from the gateway; in access mode oidc the gateway reaches the proxy only, the proxy what
 * has a URL and the platform's broker. Of what is outside, the app, the services and the jobs reach ranges of `egress.allow`, and its hosts
 * by way of the egress proxy alone. Where the network plugin knows names, its own policies open hosts in place of the proxy, and DNS for
 * who has them: one here would open all names again. Nobody reaches the API server, and a database reaches nothing at all, DNS included; only a
 * database that an operator runs reaches the API server.
 */
export function planNetworkPolicies(context: PlanContext): Record<string, NetworkPolicyArgs> {
  const { config, platform, isGuarded } = context;
  const workloads = workloadsOf(config);
  const ranges = rangeRules(config);
  const scraper = scraperPeer(context);
  const gateway = platform.gatewaySources.map(gatewayPeer);
  // With a log-in requests reach what has a URL by way of the proxy alone.
  const entrance = isGuarded
    ? { name: ACCESS_PROXY, peers: [{ podSelector: anyOf([ACCESS_PROXY]) }] }
    : { name: "gateway", peers: gateway };
  return {
    "default-deny": policy(context, "default-deny", {}, { policyTypes: ["Ingress", "Egress"] }),
    ...Object.fromEntries(
      workloads.flatMap(({ name, port, isPublic }) => {
        const fromEntrance = `allow-${entrance.name}-to-${name}`;
        const toDns = `allow-${name}-to-dns`;
        return [
          ...(isPublic && port !== undefined
            ? [[fromEntrance, allowIn(context, fromEntrance, anyOf([name]), entrance.peers, [port])] as const]
            : []),
          ...dnsFor(context, name).map(
            (rule) =>
              [toDns, policy(context, toDns, anyOf([name]), { policyTypes: ["Egress"], egress: [rule] })] as const,
          ),
        ];
      }),
    ),
    ...when(scraper !== undefined, "allow-metrics-to-app", () =>
      allowIn(context, "allow-metrics-to-app", anyOf([APP]), scraper === undefined ? [] : [scraper], [config.app.port]),
    ),
    ...when(isGuarded, "allow-gateway-to-access-proxy", () =>
      allowIn(context, "allow-gateway-to-access-proxy", anyOf([ACCESS_PROXY]), gateway, [PROXY_PORTS.http]),
    ),
    ...when(isGuarded, "allow-access-proxy-out", () =>
      policy(context, "allow-access-proxy-out", anyOf([ACCESS_PROXY]), {
        policyTypes: ["Egress"],
        egress: [
          ...dnsFor(context, ACCESS_PROXY),
          ...workloads.flatMap(({ name, port, isPublic }) =>
            isPublic && port !== undefined ? [{ to: [{ podSelector: anyOf([name]) }], ports: [portOf(port)] }] : [],
          ),
          { to: [brokerPeer(platform.namespace)], ports: [portOf(BROKER_PORTS.internal)] },
        ],
      }),
    ),
    ...Object.fromEntries(specsOf(config.databases).flatMap((spec) => databasePolicies(context, spec, workloads))),
    ...when(hasJobs(config), "allow-job-to-databases", () =>
      policy(context, "allow-job-to-databases", anyOf([JOB]), {
        policyTypes: ["Egress"],
        egress: [
          ...dnsFor(context, JOB),
          ...specsOf(config.databases).map(({ engine, port }) => ({
            to: [{ podSelector: podsOf(context, engine) }],
            ports: [portOf(port)],
          })),
        ],
      }),
    ),
    ...(workloads.length > 1
      ? Object.fromEntries(workloads.flatMap((workload) => betweenWorkloads(context, workload, workloads)))
      : {}),
    ...(hasEgressProxy(config, platform.egressHosts) ? egressProxyPolicies(context) : {}),
    ...when(ranges.length > 0, "allow-app-egress", () =>
      policy(context, "allow-app-egress", anyOf(outsideUsers(context)), {
        policyTypes: ["Egress"],
        egress: ranges.map(({ cidr, ports }) => ({
          to: [block(cidr)],
          ports: ports.map((number) => portOf(number)),
        })),
      }),
    ),
  };
}

/**
 * What reaches the egress proxy, and what the proxy reaches: DNS, and public addresses on the ports of the rules. Which of them it asks is
 * up to its settings.
 */
function egressProxyPolicies(context: PlanContext): Record<string, NetworkPolicyArgs> {
  const users = anyOf(outsideUsers(context));
  const proxy = anyOf([EGRESS_PROXY]);
  const [out, into, beyond] = ["allow-app-to-egress-proxy", "allow-egress-proxy-from-app", "allow-egress-proxy-out"];
  return {
    [out]: policy(context, out, users, {
      policyTypes: ["Egress"],
      egress: [{ to: [{ podSelector: proxy }], ports: [portOf(EGRESS_PROXY_PORT)] }],
    }),
    [into]: allowIn(context, into, proxy, [{ podSelector: users }], [EGRESS_PROXY_PORT]),
    [beyond]: policy(context, beyond, proxy, {
      policyTypes: ["Egress"],
      egress: [
        ...dnsFor(context, EGRESS_PROXY),
        { to: [{ ipBlock: PUBLIC }], ports: proxyPorts(context).map((number) => portOf(number)) },
      ],
    }),
  };
}

function isRunByOperator({ config }: PlanContext, engine: Engine): boolean {
  return engine === "postgresql" && isOperated(config.databases);
}

/** Selects the pods of a database. */
function podsOf(context: PlanContext, engine: Engine): input.meta.v1.LabelSelector {
  return isRunByOperator(context, engine) ? { matchLabels: CLUSTER_POD } : anyOf([engine]);
}

/** One policy on each end of the way to a database, with their names: one for each that reaches it, and one for the database. */
function databasePolicies(
  context: PlanContext,
  { engine, port }: EngineSpec,
  workloads: readonly WorkloadConfig[],
): [string, NetworkPolicyArgs][] {
  const users = workloads.filter(({ engines }) => engines.includes(engine)).map(({ name }) => name);
  const clients = hasJobs(context.config) ? [...users, JOB] : users;
  const pods = podsOf(context, engine);
  const egress = [{ to: [{ podSelector: pods }], ports: [portOf(port)] }];
  const into = `allow-${engine}-from-app`;
  return [
    ...users.map((user): [string, NetworkPolicyArgs] => {
      const out = `allow-${user}-to-${engine}`;
      return [out, policy(context, out, anyOf([user]), { policyTypes: ["Egress"], egress })];
    }),
    [into, allowIn(context, into, pods, [{ podSelector: anyOf(clients) }], [port])],
    ...(isRunByOperator(context, engine) ? operatorPolicies(context, engine) : []),
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
  const pods = { matchLabels: CLUSTER_POD };
  const egress = [{ to: cloudnativePg.apiServerCidrs.map(apiServerBlock), ports: [portOf(443), portOf(6443)] }];
  return [
    [into, allowIn(context, into, pods, [operator], [STATUS_PORT])],
    [out, policy(context, out, pods, { policyTypes: ["Egress"], egress })],
  ];
}

/** The way from all other workloads to the ports of one, with a policy on each end. */
function betweenWorkloads(
  context: PlanContext,
  workload: WorkloadConfig,
  workloads: readonly WorkloadConfig[],
): [string, NetworkPolicyArgs][] {
  const { name } = workload;
  const ports = portsOf(workload);
  if (ports.length === 0) return [];
  const others = anyOf(workloads.map((other) => other.name).filter((other) => other !== name));
  const [into, out] = [`allow-${name}-from-others`, `allow-others-to-${name}`];
  return [
    [into, allowIn(context, into, anyOf([name]), [{ podSelector: others }], ports)],
    [
      out,
      policy(context, out, others, {
        policyTypes: ["Egress"],
        egress: [{ to: [{ podSelector: anyOf([name]) }], ports: ports.map((port) => portOf(port)) }],
      }),
    ],
  ];
}

/** Selects the pods of any of these components. */
function anyOf(components: readonly Component[]): input.meta.v1.LabelSelector {
  const [only, ...more] = components;
  if (only !== undefined && more.length === 0) return { matchLabels: selector(only) };
  return { matchExpressions: [{ key: LABEL.component, operator: "In", values: [...components] }] };
}

/** The cluster's DNS pods, by the label they carry on EKS, kubeadm, k3s and the embedded cluster alike. */
const CLUSTER_DNS: Peer = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
  podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
};

/** The rule that opens the cluster's DNS for a part; none where the network plugin's own policy opens it, for some names only. */
function dnsFor(context: PlanContext, component: Component): input.networking.v1.NetworkPolicyEgressRule[] {
  return namesHosts(context, component) ? [] : [{ to: [CLUSTER_DNS], ports: [portOf(53, "UDP"), portOf(53)] }];
}

/** The platform's callback broker, through which proxies speak to the provider. */
function brokerPeer(namespace: string): Peer {
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    podSelector: { matchLabels: { [LABEL.name]: BROKER } },
  };
}

function when(condition: boolean, name: string, plan: () => NetworkPolicyArgs): Record<string, NetworkPolicyArgs> {
  return condition ? { [name]: plan() } : {};
}

function policy(
  context: PlanContext,
  name: string,
  podSelector: input.meta.v1.LabelSelector,
  spec: Omit<input.networking.v1.NetworkPolicySpec, "podSelector">,
): NetworkPolicyArgs {
  return { metadata: metadata(context, name), spec: { podSelector, ...spec } };
}

function allowIn(
  context: PlanContext,
  name: string,
  to: input.meta.v1.LabelSelector,
  from: Peer[],
  ports: readonly number[],
): NetworkPolicyArgs {
  return policy(context, name, to, {
    policyTypes: ["Ingress"],
    ingress: [{ from, ports: ports.map((port) => portOf(port)) }],
  });
}

function portOf(number: number, protocol: "TCP" | "UDP" = "TCP"): input.networking.v1.NetworkPolicyPort {
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
