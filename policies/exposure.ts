import type { Policies } from "@pulumi/policy";
import { cloudOpened } from "./egress";
import { namespaceOf, type KubeObject } from "./kubernetes";
import { shareOf } from "./ranges";
import { PREVIEWS, resourcePolicy } from "./rule";

/*
 * From where previews and clusters can be reached.
 */

interface Ingress extends KubeObject {
  readonly spec?: {
    readonly ingressClassName?: string;
    readonly defaultBackend?: object;
    readonly rules?: readonly { readonly host?: string }[];
    readonly tls?: readonly { readonly hosts?: readonly string[] }[];
  };
}

const INGRESS = /^kubernetes:(networking\.k8s\.io\/v1|extensions\/v1beta1):Ingress$/;
const INGRESS_DOCS = "https://kubernetes.io/docs/concepts/services-networking/ingress/";

/** A part of a label that names another environment: the last `pr-NUMBER` of a label says whose it is. */
export const ENVIRONMENT_IN_LABEL = /(^|-)pr-[0-9]+(-|$)/;

/** Whether the first label of a host is an environment's, or of one of its services: `NAMESPACE` or `NAMESPACE-SERVICE`. */
function isOwnLabel(label: string, namespace: string): boolean {
  const isService = label.startsWith(`${namespace}-`) && !ENVIRONMENT_IN_LABEL.test(label.slice(namespace.length + 1));
  return label === namespace || isService;
}

/** Hosts are the environment's own: a path under another's, or under that of the platform's log-in, would take its requests. */
export const hostUnderDomain = resourcePolicy<Ingress, { domains: readonly string[] }>({
  name: "host-under-preview-domain",
  description:
    "Checks that the hosts of a preview's Ingress are one label under a preview domain, which is the name of its namespace or begins with it and a dash.",
  severity: "high",
  remediation:
    "use the host that Berth gives the service; set `domains` in the pack's config to the platform's domain.",
  url: `${INGRESS_DOCS}#name-based-virtual-hosting`,
  stacks: PREVIEWS,
  types: INGRESS,
  parameters: {
    domains: {
      type: "array",
      items: { type: "string" },
      default: [],
      description: "Domains of previews. Without any, the label may be under any domain.",
    },
  },
  check: ({ props, config, report, attempt }) => {
    (props.spec?.rules ?? []).forEach((rule, index) => {
      attempt(() => {
        const host = rule.host;
        // The rule no-wildcard-host reports hosts that are missing.
        if (host === undefined) return;
        const [label = "", ...rest] = host.split(".");
        const domain = rest.join(".");
        const isUnder = config.domains.length === 0 ? rest.length > 0 : config.domains.includes(domain);
        const namespace = namespaceOf(props);
        if (!isUnder || !isOwnLabel(label, namespace)) {
          const wanted = config.domains.length === 0 ? "a domain" : config.domains.join(" or ");
          const names = `${namespace} or ${namespace}-SERVICE`;
          report(`spec.rules[${index}].host is ${host}, which is not one label under ${wanted}, namely ${names}`);
        }
      });
    });
  },
});

/** No preview takes the traffic of others. */
export const noWildcardHost = resourcePolicy<Ingress>({
  name: "no-wildcard-host",
  description:
    "Checks that every rule of a preview's Ingress names a host, without a wildcard, and that there is no default backend.",
  severity: "high",
  remediation: "name each host in full.",
  url: `${INGRESS_DOCS}#hostname-wildcards`,
  stacks: PREVIEWS,
  types: INGRESS,
  check: ({ props, report, attempt }) => {
    attempt(() => {
      if (props.spec?.defaultBackend) report("spec.defaultBackend takes every host");
    });
    (props.spec?.rules ?? []).forEach((rule, index) => {
      attempt(() => {
        if (rule.host === undefined || rule.host === "") report(`spec.rules[${index}] takes every host`);
        else if (rule.host.includes("*")) report(`spec.rules[${index}].host is ${rule.host}, a wildcard`);
      });
    });
  },
});

/** Everything is encrypted on the way. */
export const ingressTls = resourcePolicy<Ingress, { classes: readonly string[] }>({
  name: "ingress-tls",
  description:
    "Checks that a preview's Ingress has TLS, its own or that of a class whose gateway ends TLS for all hosts.",
  severity: "high",
  remediation: "use the ingress class `berth`, or list the host under `spec.tls`.",
  url: `${INGRESS_DOCS}#tls`,
  stacks: PREVIEWS,
  types: INGRESS,
  parameters: {
    classes: {
      type: "array",
      items: { type: "string" },
      default: ["berth"],
      description: "Ingress classes whose gateway has the certificate of all previews.",
    },
  },
  check: ({ props, config, report, attempt }) => {
    if (config.classes.includes(props.spec?.ingressClassName ?? "")) return;
    const covered = new Set(Array.from(props.spec?.tls ?? []).flatMap(({ hosts = [] }) => [...hosts]));
    (props.spec?.rules ?? []).forEach((rule, index) => {
      attempt(() => {
        if (!covered.has(rule.host ?? "")) report(`spec.rules[${index}] has no TLS for ${rule.host ?? "its hosts"}`);
      });
    });
  },
});

interface Service extends KubeObject {
  readonly spec?: { readonly type?: string; readonly externalIPs?: readonly string[] };
}

const SERVICE = /^kubernetes:core\/v1:Service(Patch)?$/;

/** Everything comes through the gateway. */
export const noDoorOfItsOwn = resourcePolicy<Service>({
  name: "no-load-balancer-or-node-port",
  description: "Checks that no Service of a preview is a load balancer, takes ports of nodes or external addresses.",
  severity: "high",
  remediation: "use a Service of type ClusterIP behind the Ingress.",
  url: "https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types",
  stacks: PREVIEWS,
  types: SERVICE,
  check: ({ props, report, attempt }) => {
    attempt(() => {
      const type = props.spec?.type ?? "ClusterIP";
      if (type === "LoadBalancer" || type === "NodePort") report(`spec.type is ${type}`);
    });
    attempt(() => {
      if ((props.spec?.externalIPs ?? []).length > 0) report("spec.externalIPs takes addresses from the network");
    });
  },
});

const TRAEFIK_ROUTES = ["ingressroutes", "ingressroutetcps", "ingressrouteudps", "traefikservices"];

/**
 * API groups of kinds that lead requests to Services past Ingresses: those of Traefik (of version 2 too), of the Gateway API and of
 * OpenShift, by their resources.
 */
export const ROUTES: Readonly<Record<string, readonly string[]>> = {
  "traefik.io": TRAEFIK_ROUTES,
  "traefik.containo.us": TRAEFIK_ROUTES,
  "gateway.networking.k8s.io": ["gateways", "httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes"],
  "route.openshift.io": ["routes"],
};

/** The type of each kind of {@link ROUTES} in Pulumi, whichever its version. */
const ROUTE_TYPES = new RegExp(
  `^kubernetes:(${Object.entries(ROUTES)
    .map(
      ([group, kinds]) => `${group.replaceAll(".", "\\.")}/\\w+:(${kinds.map((kind) => kind.slice(0, -1)).join("|")})`,
    )
    .join("|")})(Patch)?$`,
  "i",
);

/** Hosts can be read. */
export const routedByIngress = resourcePolicy<KubeObject>({
  name: "routed-by-ingress-alone",
  description:
    "Checks that a preview is reached by Ingresses alone, whose hosts other rules read, and by no other sort of route.",
  severity: "high",
  remediation: "name the service `public` in berth.yaml, which makes an Ingress.",
  url: `${INGRESS_DOCS}#the-ingress-resource`,
  stacks: PREVIEWS,
  types: ROUTE_TYPES,
  check: ({ type, report }) => {
    report(`a ${type.split(":").at(-1) ?? type} leads requests past Ingresses`);
  },
});

/** A gateway follows the addresses of a Service wherever they lead (CVE-2021-25740), and a name that it stands for. */
export const endpointsByCluster = resourcePolicy<Service>({
  name: "endpoints-by-the-cluster-alone",
  description:
    "Checks that a preview does not name the addresses behind its Services itself, nor another name that a Service stands for (ExternalName): the gateway would go there, past all NetworkPolicies of pods.",
  severity: "high",
  remediation: "give the Service the type ClusterIP and a selector, and leave the addresses to Kubernetes.",
  url: "https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors",
  stacks: PREVIEWS,
  types: /^kubernetes:(core\/v1:(Endpoints|Service)|discovery\.k8s\.io\/v1(beta1)?:EndpointSlice)(Patch)?$/,
  check: ({ type, props, report, attempt }) => {
    if (!SERVICE.test(type)) report("it names addresses behind a Service");
    else
      attempt(() => {
        if (props.spec?.type === "ExternalName") report("spec.type is ExternalName: it stands for another name");
      });
  },
});

interface Cluster {
  readonly endpointPublicAccess?: boolean;
  readonly publicAccessCidrs?: readonly string[];
  readonly vpcConfig?: { readonly endpointPublicAccess?: boolean; readonly publicAccessCidrs?: readonly string[] };
}

/** Who may reach the API server is written down. */
export const apiEndpointListed = resourcePolicy<Cluster>({
  name: "api-endpoint-listed",
  description: "Checks that a public endpoint of EKS lists who may reach it, and that the list is not the world.",
  severity: "high",
  remediation: "name the ranges in publicAccessCidrs, or switch the public endpoint off.",
  url: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html",
  types: /^(eks:index|aws:eks\/cluster):Cluster$/,
  check: ({ type, props, report }) => {
    const access = type.startsWith("aws:") ? (props.vpcConfig ?? {}) : props;
    // Both are AWS's defaults: a public endpoint that the world may reach.
    if (access.endpointPublicAccess === false) return;
    const listed = [...(access.publicAccessCidrs ?? ["0.0.0.0/0"])];
    const opened = cloudOpened("aws:ec2/x:Route", { cidrBlocks: listed }, "egress", (part) => part());
    for (const family of [4, 6] as const) {
      if (shareOf(family, opened) > 1 / 16) report(`the public endpoint is open to ${listed.join(", ")}`);
    }
  },
});

/** No firewall that lets everybody in. */
export const noWorldIngress = resourcePolicy<object, { share: number }>({
  name: "no-world-ingress",
  description: "Checks that no security group lets the world in.",
  severity: "critical",
  remediation: "name the ranges that need to connect; a load balancer makes its own group.",
  url: "https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-18",
  types: /^aws:(ec2|vpc)\/\w+:(SecurityGroup|DefaultSecurityGroup|SecurityGroupRule|SecurityGroupIngressRule)$/,
  parameters: {
    share: {
      type: "number",
      exclusiveMinimum: 0,
      maximum: 1,
      default: 1 / 16,
      description: "Share of all addresses above which a list of ranges counts as the world.",
    },
  },
  check: ({ type, props, config, report, attempt }) => {
    const opened = cloudOpened(type, props, "ingress", attempt);
    for (const family of [4, 6] as const) {
      const share = shareOf(family, opened);
      if (share > config.share) report(`it lets in ${(share * 100).toFixed(1)} % of all addresses of IPv${family}`);
    }
  },
});

/** All rules on exposure. */
export const exposurePolicies: Policies = [
  hostUnderDomain,
  noWildcardHost,
  ingressTls,
  noDoorOfItsOwn,
  routedByIngress,
  endpointsByCluster,
  apiEndpointListed,
  noWorldIngress,
];
