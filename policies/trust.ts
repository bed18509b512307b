import type { Policies, PolicyConfigSchema } from "@pulumi/policy";
import { EGRESS_POLICY, egressRules, NAMESPACE_NAME, type Peer } from "./egress-rules";
import { DEPLOYERS, isDeployersBinding, type Role } from "./identity";
import {
  all,
  containersOf,
  namespaceOf,
  podOf,
  WORKLOADS,
  type KubeObject,
  type PodSpec,
  type Workload,
} from "./kubernetes";
import { matches, PREVIEWS, resourcePolicy, stackPolicy, type JudgedStack } from "./rule";

/*
 * What environments may have by how much their code is trusted. The namespace's label says the tier; who deploys sets it.
 */

/** The label that says the tier. */
export const TRUST = "berth.dev/trust";

/** The tier of code that nobody has read. */
export const FORK = "fork";

/** The annotation that says where a Secret or ConfigMap was copied from. */
export const COPIED_FROM = "berth.dev/copied-from";

/** Groups of the API whose objects bring what others own: secrets, and data in snapshots of volumes. */
export const SECRET_GROUPS: readonly string[] = ["bitnami.com", "external-secrets.io", "snapshot.storage.k8s.io"];

const NAMESPACE = /^kubernetes:core\/v1:Namespace$/;

/** Which tiers a rule is about. */
interface TierConfig {
  readonly tiers: readonly string[];
}

const ABOUT = {
  tiers: {
    type: "array",
    items: { type: "string" },
    default: [FORK],
    description: "Values of the label berth.dev/trust of the namespaces that it is about.",
  },
} satisfies PolicyConfigSchema["properties"];

const DOCS = "https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/";

/** The tier of a namespace is said, so that the rules on tiers know what they judge. */
export const namespaceHasTier = resourcePolicy<KubeObject, TierConfig>({
  name: "namespace-has-tier",
  description: "Checks that a preview's namespace says how much its code is trusted.",
  severity: "high",
  remediation: "label it berth.dev/trust with one of the tiers; `berth deploy --trust` does.",
  url: DOCS,
  stacks: PREVIEWS,
  types: NAMESPACE,
  parameters: { tiers: { ...ABOUT.tiers, default: ["trusted", "internal", FORK], description: "Accepted tiers." } },
  check: ({ props, config, report, attempt }) => {
    attempt(() => {
      const tier = props.metadata?.labels?.[TRUST] ?? "";
      if (!config.tiers.includes(tier)) {
        report(`its label ${TRUST} is ${tier === "" ? "missing" : tier}; accepted: ${config.tiers.join(", ")}`);
      }
    });
  },
});

/** The objects of a type in namespaces of the tiers that a rule is about, each judged for itself. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as `all`: the caller knows the type
function inTiers<Props extends KubeObject>(
  { resources, config, attempt }: Pick<JudgedStack<TierConfig>, "resources" | "config" | "attempt">,
  type: RegExp,
  check: (props: Props, urn: string, type: string) => void,
): void {
  const namespaces = new Set<string>();
  for (const { props } of all<KubeObject>(resources, NAMESPACE)) {
    attempt(() => {
      if (config.tiers.includes(props.metadata?.labels?.[TRUST] ?? "")) namespaces.add(props.metadata?.name ?? "");
    });
  }
  for (const one of resources.filter((resource) => type.test(resource.type))) {
    attempt(() => {
      const props = one.props as Props;
      if (namespaces.has(namespaceOf(props))) check(props, one.urn, one.type);
    });
  }
}

const SECRET_KINDS = new RegExp(`^kubernetes:(${SECRET_GROUPS.join("|").replaceAll(".", "\\.")})/[^:]+:`);
const COPIES = /^kubernetes:core\/v1:(Secret|ConfigMap)(Patch)?$/;

interface SecretConfig extends TierConfig {
  readonly names: readonly string[];
}

/** A volume of a pod, as far as it is of Secrets. */
interface Volume {
  readonly name?: string;
  readonly csi?: object;
  readonly secret?: { readonly secretName?: string };
  readonly projected?: { readonly sources?: readonly { readonly secret?: { readonly name?: string } }[] };
}

/** Secrets that a pod takes by name, each with the place. */
function secretsTaken(spec: PodSpec): { place: string; name: string }[] {
  const variables = containersOf(spec).flatMap(({ place, container }) =>
    Array.from(container.env ?? []).flatMap(({ valueFrom }, index) => {
      const reference = valueFrom?.secretKeyRef;
      return reference === undefined ? [] : [{ place: `${place}.env[${index}]`, name: reference.name ?? "" }];
    }),
  );
  const volumes = Array.from((spec.volumes ?? []) as readonly Volume[]).flatMap(({ secret, projected }, index) => {
    const projects = Array.from(projected?.sources ?? []).flatMap((source) => source.secret ?? []);
    const names = [...(secret === undefined ? [] : [secret.secretName]), ...projects.map(({ name }) => name)];
    return names.map((name = "") => ({ place: `volumes[${index}]`, name }));
  });
  return [...variables, ...volumes];
}

/** Code that nobody has read gets nothing that is worth taking. */
export const tierWithoutSecrets = stackPolicy<SecretConfig>({
  name: "tier-without-secrets",
  description:
    "Checks that the environment of a fork has no secrets but the passwords that were generated for itself: none copied, sealed or from a store, and no volume of a snapshot; and that its pods take no others.",
  severity: "critical",
  remediation: "remove envFrom, sealedSecrets, externalSecrets and databases.*.from.volumeSnapshot from berth.yaml.",
  url: DOCS,
  stacks: PREVIEWS,
  types: NAMESPACE,
  parameters: {
    ...ABOUT,
    names: {
      type: "array",
      items: { type: "string" },
      default: ["postgresql", "mariadb", "redis", "mongodb", "s3", "access-proxy"],
      description: "Secrets that its pods may take: those of Berth's own databases and log-in.",
    },
  },
  check: (judged) => {
    const { config, report, attempt } = judged;
    inTiers(judged, SECRET_KINDS, (_props, urn, type) => {
      report(`a ${type.split(":").at(-1) ?? ""} brings what others own into it`, urn);
    });
    inTiers(judged, COPIES, ({ metadata }, urn) => {
      const from = metadata?.annotations?.[COPIED_FROM];
      if (from !== undefined) report(`it is a copy of ${from}`, urn);
    });
    inTiers<Workload>(judged, WORKLOADS, (workload, urn, type) => {
      const spec = podOf(type, workload).spec ?? {};
      attempt(() => {
        for (const { place, container } of containersOf(spec)) {
          const sources = container.envFrom ?? [];
          if (sources.some(({ secretRef }) => secretRef !== undefined)) report(`${place} takes all of a Secret`, urn);
        }
      });
      attempt(() => {
        for (const { place, name } of secretsTaken(spec)) {
          if (!config.names.includes(name)) report(`${place} takes the Secret ${name}`, urn);
        }
      });
      attempt(() => {
        for (const [index, { csi }] of ((spec.volumes ?? []) as readonly Volume[]).entries()) {
          if (csi !== undefined) report(`volumes[${index}] is a driver's, which may bring secrets`, urn);
        }
      });
    });
  },
});

/** The label of pods whose queries for names outside the cluster its DNS answers. */
export const OUTSIDE_NAMES = "berth.dev/outside-names";

interface EgressConfig extends TierConfig {
  readonly peers: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Code that nobody has read reaches nothing outside. */
export const tierWithoutEgress = stackPolicy<EgressConfig>({
  name: "tier-without-egress",
  description:
    "Checks that no policy of a fork's environment opens addresses or hosts, and no other pods than its own, the cluster's resolver and the platform's log-in; and that none of its pods may resolve names outside.",
  severity: "critical",
  remediation: "remove `egress.allow` from berth.yaml.",
  url: "https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-resource",
  stacks: PREVIEWS,
  types: NAMESPACE,
  parameters: {
    ...ABOUT,
    peers: {
      type: "object",
      additionalProperties: { type: "object", additionalProperties: { type: "string" } },
      default: {
        "kube-system": { "k8s-app": "kube-dns" },
        "berth-system": { "app.kubernetes.io/name": "oauth-broker" },
      },
      description: "Other namespaces in which it may reach pods, each with labels of these.",
    },
  },
  check: (judged) => {
    const { config } = judged;
    const isKnown = ({ namespaceSelector, podSelector }: Peer) => {
      const labels = config.peers[namespaceSelector?.matchLabels?.[NAMESPACE_NAME] ?? ""];
      const given = podSelector?.matchLabels ?? {};
      return labels !== undefined && Object.entries(labels).every(([key, value]) => given[key] === value);
    };
    inTiers(judged, EGRESS_POLICY, (props, urn, type) => {
      for (const { place, open, to } of egressRules(type, props, judged.attempt)) {
        if (open) judged.report(`${place} opens every address`, urn);
        to.forEach((peer, index) => {
          const { ipBlock, names, entity, elsewhere, namespaceSelector } = peer;
          const outside = ipBlock ? (ipBlock.cidr ?? "addresses") : (names?.join(", ") ?? entity ?? elsewhere);
          if (outside !== undefined) judged.report(`${place}.to[${index}] opens ${outside}`, urn);
          else if (namespaceSelector && !isKnown(peer)) judged.report(`${place}.to[${index}] opens other pods`, urn);
        });
      }
    });
    inTiers<Workload>(judged, WORKLOADS, (workload, urn, type) => {
      const labels = podOf(type, workload).metadata?.labels ?? {};
      if (OUTSIDE_NAMES in labels) judged.report(`its pods may resolve names outside by ${OUTSIDE_NAMES}`, urn);
    });
  },
});

interface Quota extends KubeObject {
  readonly spec?: { readonly hard?: Record<string, string> };
}

interface QuotaConfig extends TierConfig {
  readonly hard: Readonly<Record<string, string>>;
}

/** Code that nobody has read takes little. */
export const tierQuota = stackPolicy<QuotaConfig>({
  name: "tier-has-small-quota",
  description: "Checks that a fork's environment has a ResourceQuota with tight bounds.",
  severity: "high",
  remediation:
    "ask for less in berth.yaml; set `hard` in the pack's config where the platform's trust.fork.quota is more.",
  url: "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
  stacks: PREVIEWS,
  types: NAMESPACE,
  parameters: {
    ...ABOUT,
    hard: {
      type: "object",
      additionalProperties: { type: "string" },
      default: { "limits.cpu": "3", "limits.memory": "3Gi", "requests.storage": "2Gi" },
      description: "The most of each resource, with units of Kubernetes.",
    },
  },
  check: (judged) => {
    const { config, report, attempt } = judged;
    const bounded = new Set<string>();
    inTiers<Quota>(judged, /^kubernetes:core\/v1:ResourceQuota$/, (quota, urn) => {
      bounded.add(namespaceOf(quota));
      for (const [resource, most] of Object.entries(config.hard)) {
        attempt(() => {
          const hard = quota.spec?.hard?.[resource];
          if (hard === undefined) report(`it does not bound ${resource}`, urn);
          else if (!(amount(hard) <= amount(most))) report(`${resource} is ${hard}; accepted: at most ${most}`, urn);
        });
      }
    });
    for (const { props, urn } of all<KubeObject>(judged.resources, NAMESPACE)) {
      attempt(() => {
        const { name = "", labels } = props.metadata ?? {};
        if (config.tiers.includes(labels?.[TRUST] ?? "") && !bounded.has(name)) report("it has no ResourceQuota", urn);
      });
    }
  },
});

const UNITS: Readonly<Record<string, number>> = {
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** A quantity of Kubernetes as a number; not a number when it has another form, so that it is not taken for little. */
function amount(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(text) ?? [];
  return number === undefined ? NaN : Number(number) * (UNITS[unit] ?? NaN);
}

interface ImageConfig extends TierConfig {
  readonly prefixes: readonly string[];
}

/** What runs is what the build without rights has made. */
export const tierImages = stackPolicy<ImageConfig>({
  name: "tier-images-from-its-build",
  description:
    "Checks that the images of a fork's environment are by digest and, where the pack's config says so, from the registries of the build without rights and of the platform.",
  severity: "critical",
  remediation: "deploy the image by the digest that the build has printed.",
  url: "https://kubernetes.io/docs/concepts/containers/images/#image-names",
  stacks: PREVIEWS,
  types: NAMESPACE,
  parameters: {
    ...ABOUT,
    prefixes: {
      type: "array",
      items: { type: "string" },
      default: [],
      description:
        "Registries with paths: that of the platform's trust.fork.images and those of its databases. Any when empty.",
    },
  },
  check: (judged) => {
    const { config, report, attempt } = judged;
    inTiers<Workload>(judged, WORKLOADS, (workload, urn, type) => {
      for (const { place, container } of containersOf(podOf(type, workload).spec ?? {})) {
        attempt(() => {
          const { image = "" } = container;
          // A prefix is of whole segments, or the repository itself.
          const isThere = config.prefixes.some((prefix) =>
            ["/", "@", ":"].some((end) => image.startsWith(prefix + end)),
          );
          if (!/@sha256:[0-9a-f]{64}$/.test(image)) report(`${place}.image is ${image}, which is no digest`, urn);
          else if (config.prefixes.length > 0 && !isThere) {
            report(`${place}.image is ${image}; accepted: from ${config.prefixes.join(", ")}`, urn);
          }
        });
      }
    });
  },
});

interface PrivilegeConfig extends TierConfig {
  readonly groups: readonly string[];
  readonly annotations: readonly string[];
  readonly deployers: readonly string[];
}

const BINDINGS = /^kubernetes:rbac\.authorization\.k8s\.io\/[^:]+:(Role|RoleBinding)(Patch)?$/;

/** Code that nobody has read tells no controller what to do. */
export const tierPrivileges = stackPolicy<PrivilegeConfig>({
  name: "tier-without-privileges",
  description:
    "Checks that a fork's environment has no roles but its deployers', no tokens of the API server, no objects of operators and no annotations for the ingress controller.",
  severity: "critical",
  remediation: "remove databases.postgresql.operator and ingress.annotations from berth.yaml.",
  url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
  stacks: PREVIEWS,
  types: NAMESPACE,
  parameters: {
    ...ABOUT,
    groups: {
      type: "array",
      items: { type: "string" },
      default: ["traefik.io", "monitoring.coreos.com"],
      description: "Groups of the API, besides those of Kubernetes, whose objects it may have.",
    },
    annotations: {
      type: "array",
      items: { type: "string" },
      default: [
        "pulumi.com/*",
        "berth.dev/*",
        "kubectl.kubernetes.io/*",
        "traefik.ingress.kubernetes.io/router.middlewares",
      ],
      description: "Annotations of an Ingress that it may have, `*` for any text. Berth sets them.",
    },
    ...DEPLOYERS,
  },
  check: (judged) => {
    const { config, report, attempt } = judged;
    inTiers<Role>(judged, BINDINGS, (props, urn) => {
      if (!isDeployersBinding(props, config.deployers)) report("it gives rights in the API server", urn);
    });
    inTiers(judged, /^kubernetes:[^:]*\.[^:]*:/, (_props, urn, type) => {
      const group = type.split(":")[1]?.split("/")[0] ?? "";
      // Groups of secrets have a rule of their own.
      if (group.endsWith(".k8s.io") || SECRET_KINDS.test(type) || config.groups.includes(group)) return;
      report(`${group} is a group whose controller acts on its objects`, urn);
    });
    inTiers<KubeObject>(judged, /^kubernetes:networking\.k8s\.io\/[^:]+:Ingress(Patch)?$/, ({ metadata }, urn) => {
      for (const key of Object.keys(metadata?.annotations ?? {})) {
        if (!config.annotations.some((pattern) => matches(pattern, key)))
          report(`its annotation ${key} is not Berth's`, urn);
      }
    });
    inTiers<Workload>(judged, WORKLOADS, (workload, urn, type) => {
      const spec = podOf(type, workload).spec ?? {};
      attempt(() => {
        if (spec.automountServiceAccountToken !== false) report("its pods get a token of the API server", urn);
      });
      attempt(() => {
        const projected = (spec.volumes ?? []).some(({ projected: volume }) =>
          ((volume as { sources?: readonly object[] } | undefined)?.sources ?? []).some(
            (source) => "serviceAccountToken" in source,
          ),
        );
        if (projected) report("a volume of its pods holds a token of the API server", urn);
      });
    });
  },
});

/** All rules on trust. */
export const trustPolicies: Policies = [
  namespaceHasTier,
  tierWithoutSecrets,
  tierWithoutEgress,
  tierQuota,
  tierImages,
  tierPrivileges,
];
