import { z } from "zod";
import { ACCESS_MODE, ACCESS_MODES } from "./access";
import type { AccessMode } from "./access";
import { PRIVATE_RANGES, contains, isCidr } from "./cidr";
import { ENGINES, USUAL_VERSIONS, perEngine, sortVersions } from "./databases";
import { VERSION_PATTERNS } from "./engines";
import { OBJECT_NAME_PATTERN, checked, flag, imageByDigest, port, text, whole } from "./fields";
import type { Engine } from "./databases";
import { tagOf } from "./image";
import { PLATFORM_NAMESPACE, PROJECT_ID_PATTERN } from "./names";
import { PEOPLE } from "./oauth";
import { ConfigError, findingsOf, repeats, toProblem } from "./problems";
import type { Finding } from "./problems";

/* The stack config `berth:platform`, and what the platform stack tells the others. */

const DOMAIN = "a domain name such as preview.example.com";
const CIDR = "an IPv4 range in CIDR notation, such as 10.0.0.0/16";
const OBJECT_NAME = "the name of a Kubernetes object";

const cidr = () => checked(CIDR, isCidr);
const objectName = () => text(OBJECT_NAME, OBJECT_NAME_PATTERN);
const LABEL_NAME = "a name of at most 63 lower-case letters, digits and dashes";
const labelName = () => text(LABEL_NAME, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const REPOSITORY = "owner/name";
const PROJECT_ID = "a projectId as berth.yaml has it";
const projectId = () => text(PROJECT_ID, PROJECT_ID_PATTERN);
const VERSIONS: Record<Engine, string> = {
  postgresql: 'a major version in quotes, such as "16"',
  mariadb: 'a version in quotes, such as "11.4"',
  redis: 'a version in quotes, such as "7"',
  mongodb: 'a version in quotes, such as "8.0"',
  s3: 'a version in quotes, such as "1"',
};
const version = (engine: Engine) => text(VERSIONS[engine], VERSION_PATTERNS[engine]);
const imagesOf = (engine: Engine, what: string) =>
  z.record(version(engine), imageByDigest(), `a mapping of ${what} to images`).default({});

/** Ways in which Prometheus finds an app. */
const DISCOVERY = ["annotations", "PodMonitor", "ServiceMonitor"] as const;

const url = {
  scheme: z.enum(["http", "https"], "http or https").default("https").describe("Scheme of every environment's URL."),
  port: port().optional().describe("Port in every environment's URL. The scheme's own by default."),
};

const clientAddresses = z.enum(["seen", "hidden"], "seen or hidden");

const hostGateway = z.strictObject({
  mode: z.literal("host").describe("Traefik runs outside the cluster and reads its API."),
  ...url,
  sources: z
    .array(cidr(), "a list of ranges")
    .min(1, "at least one range")
    .describe("Addresses from which the gateway's requests reach pods. Nothing else may reach an app."),
  user: z
    .string("a user name")
    .min(1, "a user name")
    .default("berth:gateway")
    .describe("User that the gateway is to the API server, such as the common name of its client certificate."),
  clientAddresses: clientAddresses
    .default("seen")
    .describe("Whether the gateway sees the addresses of visitors. Where it does not, `access.allow` is refused."),
});

const deployedGateway = z.strictObject({
  mode: z.literal("deployed").describe("Traefik runs in the platform namespace."),
  ...url,
  image: imageByDigest().describe("Traefik's image."),
  replicas: whole(1, 10).default(2).describe("Pods of the gateway."),
  serviceType: z
    .enum(["LoadBalancer", "NodePort", "ClusterIP"], "LoadBalancer, NodePort or ClusterIP")
    .default("LoadBalancer")
    .describe("How the world reaches the gateway."),
  serviceAnnotations: z
    .record(z.string(), z.string("text"), "a mapping of annotation keys to text")
    .default({})
    .describe("Annotations for its Service: which load balancer, which certificate."),
  tlsSecret: objectName()
    .optional()
    .describe(
      "Secret of type kubernetes.io/tls in the platform namespace, for the whole wildcard domain. Without it TLS ends before the gateway.",
    ),
  clientAddresses: clientAddresses
    .default("hidden")
    .describe(
      "`seen` keeps the addresses of visitors on the way through the Service (externalTrafficPolicy: Local), so that `access.allow` works. With the address of a load balancer or node in their place, `access.allow` is refused.",
    ),
  installKinds: flag()
    .default(true)
    .describe(
      "Whether the platform installs Traefik's CustomResourceDefinitions. Not where another Traefik has brought them.",
    ),
  apiServerCidrs: z
    .array(cidr(), "a list of ranges")
    .min(1, "at least one range")
    .default(["0.0.0.0/0"])
    .describe("Where the API server is. The gateway reaches it on 443 and 6443 and nothing else outside the cluster."),
});

const previewSecrets = z.strictObject(
  {
    namespace: labelName().describe(
      "Namespace that holds them. It exists already and has the label berth.dev/preview-secrets with the projectId as its value.",
    ),
    repository: text(REPOSITORY, /^[A-Za-z0-9][A-Za-z0-9-]*\/[A-Za-z0-9._-]+$/)
      .optional()
      .describe("Repository whose pull requests alone may have them. Any that deploys the project when left out."),
    secrets: z
      .array(labelName(), "a list of names")
      .default([])
      .describe("Secrets there that envFrom.secretRef may name."),
    configMaps: z
      .array(labelName(), "a list of names")
      .default([])
      .describe("ConfigMaps there that envFrom.configMapRef may name."),
  },
  "a mapping with namespace, secrets and configMaps",
);
const SOURCE = "a mapping with cidr, or with namespace and podLabels";

const existingGateway = z.strictObject({
  mode: z.literal("existing").describe("An ingress controller that the cluster has already, whichever it is."),
  ...url,
  ingressClass: objectName().describe("IngressClass that it serves."),
  sources: z
    .array(
      z.union(
        [
          z.strictObject({ cidr: cidr().describe("Range of addresses.") }),
          z.strictObject({
            namespace: objectName().describe("Namespace of its pods."),
            podLabels: z
              .record(z.string(), z.string("text"), "a mapping of labels to text")
              .describe("Labels of its pods."),
          }),
        ],
        SOURCE,
      ),
      "a list of sources",
    )
    .min(1, "at least one source")
    .describe("From where its requests reach pods: its pods, or ranges. Nothing else may reach an app."),
});
const people = (kind: keyof typeof PEOPLE, what: string) =>
  z.array(text(PEOPLE[kind].accepted, PEOPLE[kind].pattern), `a list of ${what}`).default([]);

const ISSUER = "an https URL without query, such as https://login.example.com";
const oidc = z.strictObject({
  issuer: text(ISSUER, /^https?:\/\/[^\s?#@]+$/)
    .refine((url) => URL.canParse(url), ISSUER)
    .describe(
      "The OpenID provider, exactly as it calls itself. Plain http only where environments have it too, or inside the cluster.",
    ),
  clientId: text("a client ID", /^[A-Za-z0-9._:/@-]{1,255}$/).describe(
    "The client that is registered with the provider, with the one callback URL.",
  ),
  clientSecret: z
    .strictObject({
      name: objectName().describe("Name of a Secret in the platform namespace."),
      key: objectName().default("client-secret").describe("Its key that holds the client's secret."),
    })
    .describe("Where the client's secret is. It never enters an environment, nor Pulumi's state."),
  proxyImage: imageByDigest().describe("Image of the proxy: Apache with mod_auth_openidc, as local/images makes it."),
  allow: z
    .strictObject({
      emails: people("emails", "e-mail addresses").describe("People, by verified e-mail address."),
      emailDomains: people("emailDomains", "domains").describe("Domains of verified e-mail addresses."),
      groups: people("groups", "groups").describe("Groups of the provider."),
    })
    .describe(
      "Who may enter environments at all: whoever is on one of the lists. A project's config narrows it further.",
    ),
  scopes: z
    .array(text("a scope", /^[A-Za-z0-9._:/-]{1,128}$/), "a list of scopes")
    .default(["openid", "email", "profile"])
    .describe("Scopes that are asked for. Some providers give groups only with one of their own."),
  groupsClaim: text("a claim", /^[A-Za-z0-9_-]{1,64}$/)
    .default("groups")
    .describe("Claim that lists a person's groups."),
  requireVerifiedEmail: flag()
    .default(true)
    .describe("Whether an address counts only with the claim email_verified, which a few providers never send."),
  ports: z.array(port(), "a list of ports").default([443]).describe("Ports of the provider."),
  cidrs: z
    .array(cidr(), "a list of ranges")
    .min(1, "at least one range")
    .default(["0.0.0.0/0"])
    .describe("Where the provider is. Private addresses inside a wider range stay closed; name theirs."),
});

const oauth = z.strictObject({
  image: imageByDigest().describe("Image of the callback broker, as local/images makes it."),
  apiServerCidrs: z
    .array(cidr(), "a list of ranges")
    .min(1, "at least one range")
    .default(["0.0.0.0/0"])
    .describe("Where the API server is. The broker reaches it on 443 and 6443."),
  oidc: oidc.optional().describe("The provider for environments with access.mode: oidc. None when left out."),
});

const sealedSecrets = z.strictObject(
  {
    image: imageByDigest().describe(
      "Image whose entry point is the controller of github.com/bitnami-labs/sealed-secrets.",
    ),
    projects: z
      .array(projectId(), "a list of projects")
      .optional()
      .describe(
        "Projects that may have sealed values. All when left out: a value sealed for one can be opened by each of them.",
      ),
    apiServerCidrs: z
      .array(cidr(), "a list of ranges")
      .min(1, "at least one range")
      .default(["0.0.0.0/0"])
      .describe("Where the API server is. The controller reaches it on 443 and 6443 and nothing else."),
  },
  "a mapping with image",
);

export const platformSchema = z.strictObject(
  {
    domain: text(
      DOMAIN,
      /^(?=.{1,189}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/,
    ).describe("Domain of all environments; *.domain must lead to the gateway."),
    gateway: z
      .discriminatedUnion(
        "mode",
        [hostGateway, deployedGateway, existingGateway],
        "a mapping whose mode is host, deployed or existing",
      )
      .describe("What leads requests to environments."),
    access: z
      .strictObject({
        default: z.enum(ACCESS_MODES, ACCESS_MODE).default("public").describe("Mode of a config that names none."),
        accepted: z
          .array(z.enum(ACCESS_MODES, ACCESS_MODE), "a list of access modes")
          .min(1, "at least one access mode")
          .optional()
          .describe(
            "Modes that a config may name. All that the gateway can keep when left out; `oidc` takes oauth.oidc.",
          ),
      })
      .prefault({})
      .describe("Who may open environments' URLs."),
    storageClass: objectName()
      .optional()
      .describe("Storage class of database volumes. The cluster's default when left out."),
    images: z
      .strictObject({
        postgresql: imagesOf("postgresql", "major versions").describe(
          "PostgreSQL images by major version, run as user 999, with the interface of docker.io/library/postgres.",
        ),
        mariadb: imagesOf("mariadb", "versions").describe(
          "MariaDB images by version, run as user 999, with the interface of docker.io/library/mariadb.",
        ),
        redis: imagesOf("redis", "versions").describe(
          "Redis images by version, run as user 999, with a shell, redis-server and redis-cli as in docker.io/library/redis.",
        ),
        mongodb: imagesOf("mongodb", "versions").describe(
          "MongoDB images by version, run as user 999, with the interface of docker.io/library/mongo and Bash.",
        ),
        s3: imagesOf("s3", "versions").describe(
          "Images of the Versity S3 Gateway by version, run as user 999, with versitygw, a shell and wget as in ghcr.io/versity/versitygw.",
        ),
      })
      .prefault({})
      .describe("Images of the databases that environments may have."),
    defaultVersions: z
      .strictObject({
        postgresql: version("postgresql")
          .optional()
          .describe('Default: "16" where offered, as in k8s-ee, else the newest offered.'),
        mariadb: version("mariadb")
          .optional()
          .describe('Default: "11.4" where offered, as in k8s-ee, else the newest offered.'),
        redis: version("redis").optional().describe("Default: the newest offered."),
        mongodb: version("mongodb").optional().describe("Default: the newest offered."),
        s3: version("s3").optional().describe("Default: the newest offered."),
      })
      .prefault({})
      .describe("Version of each database for a config that names none. Fix it before you offer another version."),
    operators: z
      .strictObject({
        cloudnativePg: z
          .strictObject({
            namespace: objectName().default("cnpg-system").describe("Namespace in which the operator runs."),
            apiServerCidrs: z
              .array(cidr(), "a list of ranges")
              .min(1, "at least one range")
              .describe("Where the API server is, which each of its database pods watches, on 443 and 6443."),
            images: imagesOf("postgresql", "major versions").describe(
              "Its images by major version, by digest and with the tag by which it knows the version, such as ghcr.io/cloudnative-pg/postgresql:16.9@sha256:….",
            ),
          })
          .optional()
          .describe("CloudNativePG, for databases.postgresql.operator. Install it beforehand; Berth does not."),
      })
      .prefault({})
      .describe("Operators that this cluster has for databases of environments."),
    oauth: oauth
      .optional()
      .describe(
        "The callback broker: one registered callback URL, https://auth.<domain>/callback, for all environments.",
      ),
    privateEgress: z
      .array(cidr(), "a list of ranges")
      .default([])
      .describe(
        "Private ranges that egress rules may open, such as a shared test service. Never those of nodes, pods or Services.",
      ),
    egressProxy: z
      .strictObject(
        {
          image: imageByDigest().describe(
            "Image with sh, openssl and Squid 5 or later built with OpenSSL, run as user 13, as local/images makes it of Debian's squid-openssl.",
          ),
        },
        "a mapping with image",
      )
      .optional()
      .describe("The proxy by which environments reach hosts by name. Without it, egress rules with host are refused."),
    previewSecrets: z
      .record(projectId(), previewSecrets, "a mapping of projects to their preview secrets")
      .default({})
      .describe(
        "What envFrom may name, for each project: values made for previews, in a namespace of the project's own.",
      ),
    metrics: z
      .strictObject({
        discovery: z
          .enum(DISCOVERY, "annotations, PodMonitor or ServiceMonitor")
          .default("annotations")
          .describe("How Prometheus finds apps: annotations on pods, or an object of the Prometheus operator."),
        labels: z
          .record(z.string(), z.string("text"), "a mapping of labels to values")
          .default({})
          .describe("Labels by which Prometheus selects its PodMonitors or ServiceMonitors."),
        namespace: objectName().describe("Namespace of the Prometheus that reads metrics."),
        podLabels: z
          .record(z.string(), z.string("text"), "a mapping of labels to values")
          .refine((labels) => Object.keys(labels).length > 0, "a mapping with at least one label")
          .describe("Labels of its pods. They alone may reach apps whose config enables metrics."),
      })
      .optional()
      .describe("The Prometheus that reads the metrics of environments. None by default."),
    sealedSecrets: sealedSecrets
      .optional()
      .describe("The SealedSecrets controller, for values that stand encrypted in berth.yaml. None when left out."),
    externalSecrets: z
      .record(
        projectId(),
        z.array(objectName(), "a list of stores").min(1, "at least one store"),
        "a mapping of projects to their stores",
      )
      .default({})
      .describe(
        "ClusterSecretStores of the External Secrets Operator that each project may name. The operator is installed already; a store's own credentials decide what it holds.",
      ),
    deployerGroups: z
      .array(z.string("a group name").min(1, "a group name"), "a list of group names")
      .default(["berth:deployers"])
      .describe(
        "Groups that may deploy environments, besides the deployer's service account. On EKS: groups of an access entry.",
      ),
  },
  "a mapping of fields",
);

/** Settings of the provider as one may write them, apart from the proxy's image. */
export type ProviderInput = Omit<z.input<typeof oidc>, "proxyImage">;

/**
 * Checks the settings of a provider in a file of their own.
 *
 * @param source name of the file, for errors
 * @throws ConfigError with all problems at once
 */
export function parseProvider(value: unknown, source: string): ProviderInput {
  const parsed = oidc.omit({ proxyImage: true }).safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw new ConfigError(source, findingsOf(parsed.error.issues, value, oidc).map(toProblem));
}

/** Settings of the platform stack, with defaults filled in. */
export type PlatformConfig = z.output<typeof platformSchema>;

/** Settings of the platform stack as one may write them: fields with a default may be missing. */
export type PlatformInput = z.input<typeof platformSchema>;

/** The gateway's settings. */
export type Gateway = PlatformConfig["gateway"];

/**
 * Checks the value of `berth:platform`.
 *
 * @throws ConfigError with all problems at once
 */
export function parsePlatform(value: unknown): PlatformConfig {
  const parsed = platformSchema.safeParse(value ?? {});
  const findings = parsed.success
    ? contradictions(parsed.data)
    : findingsOf(parsed.error.issues, value, platformSchema);
  if (parsed.success && findings.length === 0) return parsed.data;
  throw new ConfigError("berth:platform", findings.map(toProblem));
}

function contradictions(config: PlatformConfig): Finding[] {
  const { gateway, access, oauth, images, defaultVersions, operators, privateEgress } = config;
  const findings: Finding[] = checkPreviewSecrets(config);
  for (const engine of ENGINES) {
    const offered = sortVersions(Object.keys(images[engine]));
    const chosen = defaultVersions[engine];
    if (chosen === undefined || offered.includes(chosen)) continue;
    findings.push({
      path: ["defaultVersions", engine],
      value: `"${chosen}", which has no image`,
      accepted: offered.length > 0 ? `one of ${offered.join(", ")}` : "nothing, as no version is offered",
      fix: `Add its image to images.${engine}, or name another version.`,
    });
  }
  for (const [version, image] of Object.entries(operators.cloudnativePg?.images ?? {})) {
    const tag = tagOf(image);
    if (tag !== undefined && tag.split(/[.-]/)[0] === version) continue;
    findings.push({
      path: ["operators", "cloudnativePg", "images", version],
      value: tag === undefined ? "an image without tag" : `an image with tag "${tag}"`,
      accepted: `an image by digest whose tag begins with ${version}, such as :${version}.1@sha256:…`,
      fix: "Name the tag: CloudNativePG knows the version by it and refuses an image without.",
    });
  }
  if (gateway.mode === "deployed" && gateway.scheme === "http" && gateway.tlsSecret !== undefined) {
    findings.push({
      path: ["gateway", "tlsSecret"],
      value: "given although scheme is http",
      accepted: "a secret only with scheme https",
      fix: "Set gateway.scheme to https, or remove gateway.tlsSecret.",
    });
  }
  const modes = acceptedModes(config);
  if (!modes.includes(access.default)) {
    findings.push({
      path: ["access", "default"],
      value: `"${access.default}", which is not accepted here`,
      accepted: `one of ${modes.join(", ")}`,
      fix:
        gateway.mode === "existing"
          ? "Name another: a gateway of mode existing keeps nobody out."
          : access.default === "oidc" && oauth?.oidc === undefined
            ? "Describe the provider in oauth.oidc, or name another."
            : "Add it to access.accepted, or name another.",
    });
  }
  const provider = oauth?.oidc;
  if (provider?.issuer.startsWith("http:") && gateway.scheme === "https" && !isInCluster(provider.issuer)) {
    findings.push({
      path: ["oauth", "oidc", "issuer"],
      value: `"${provider.issuer}", without TLS`,
      accepted: "an https URL where gateway.scheme is https, or a host in the cluster (NAME.NAMESPACE.svc)",
      fix: "Use the provider's https URL.",
    });
  }
  if (provider && Object.values(provider.allow).every((entries) => entries.length === 0)) {
    findings.push({
      path: ["oauth", "oidc", "allow"],
      value: "nobody",
      accepted: "at least one entry in emails, emailDomains or groups",
      fix: "Say who may enter, such as emailDomains: [example.com].",
    });
  }
  privateEgress.forEach((range, index) => {
    if (PRIVATE_RANGES.some((outer) => contains(outer, range))) return;
    findings.push({
      path: ["privateEgress", index],
      value: `"${range}", not a private range`,
      accepted: `ranges inside ${PRIVATE_RANGES.join(", ")}`,
      fix: "Remove it: public ranges need no permission of the platform.",
    });
  });
  return findings;
}

/** Namespaces of the cluster itself, of the platform, and of environments: none of them holds values made for previews. */
const NO_PREVIEW_SECRETS = [/^default$/, /^kube-/, new RegExp(`^${PLATFORM_NAMESPACE}$`), /-pr-[1-9]\d*$/];

function checkPreviewSecrets({ previewSecrets }: PlatformConfig): Finding[] {
  const owners = new Map<string, string>();
  return Object.entries(previewSecrets).flatMap(([project, { namespace, secrets, configMaps }]): Finding[] => {
    const path = ["previewSecrets", project];
    const findings = Object.entries({ secrets, configMaps }).flatMap(([field, names]) =>
      repeats(
        names.map((name) => `"${name}"`),
        [...path, field],
        "each name once",
      ),
    );
    const owner = owners.get(namespace);
    owners.set(namespace, owner ?? project);
    if (NO_PREVIEW_SECRETS.some((pattern) => pattern.test(namespace))) {
      findings.push({
        path: [...path, "namespace"],
        value: `"${namespace}", which is the cluster's, the platform's or an environment's`,
        accepted: "a namespace that holds values made for previews and nothing else",
        fix: `Make one of its own, such as ${project}-preview-secrets.`,
      });
    } else if (owner !== undefined) {
      findings.push({
        path: [...path, "namespace"],
        value: `"${namespace}", that of project ${owner}`,
        accepted: "a namespace of the project's own",
        fix: `Make another one, such as ${project}-preview-secrets.`,
      });
    }
    return findings;
  });
}

/** Whether a URL leads to a Service of the cluster, by the names that its DNS gives them. */
function isInCluster(text: string): boolean {
  return /\.svc(\.cluster\.local)?$/.test(new URL(text).hostname);
}

/** The version of an engine that a config gets when it names none; undefined when the platform offers none. */
export function defaultVersion(
  engine: Engine,
  { images, defaultVersions }: Pick<PlatformConfig, "images" | "defaultVersions">,
): string | undefined {
  const offered = sortVersions(Object.keys(images[engine]));
  return defaultVersions[engine] ?? offered.find((one) => one === USUAL_VERSIONS[engine]) ?? offered.at(-1);
}

/** Access modes that configs may name: those that are accepted and that the gateway can keep. */
export function acceptedModes({
  gateway,
  access,
  oauth,
}: Pick<PlatformConfig, "gateway" | "access" | "oauth">): AccessMode[] {
  const wanted = access.accepted ?? ACCESS_MODES;
  const kept: Record<AccessMode, boolean> = {
    public: true,
    basic: gateway.mode !== "existing",
    oidc: gateway.mode !== "existing" && oauth?.oidc !== undefined,
  };
  return ACCESS_MODES.filter((mode) => wanted.includes(mode) && kept[mode]);
}

const source = z.union([
  z.strictObject({ cidr: cidr() }),
  z.strictObject({ namespace: z.string(), podLabels: z.record(z.string(), z.string()) }),
]);

/** What the platform stack tells the others: its outputs, one by one. */
export const platformFactsSchema = z.object({
  namespace: z.string(),
  domain: z.string(),
  scheme: z.enum(["http", "https"]),
  port: z.number(),
  ingressClass: z.string(),
  gatewaySources: z.array(source).min(1),
  /** Whether the gateway reads Traefik's Middlewares, by which environments say who gets in and which headers answers carry. */
  middlewares: z.boolean(),
  access: z.object({
    default: z.enum(ACCESS_MODES),
    accepted: z.array(z.enum(ACCESS_MODES)),
    /** Whether the gateway can tell visitors by their addresses. */
    ipLists: z.boolean(),
  }),
  storageClass: z.string().nullable(),
  images: z.object(perEngine(() => z.record(z.string(), z.string()))),
  defaultVersions: z.object(perEngine(() => z.string().nullable())),
  priorityClasses: z.object({ platform: z.string(), environment: z.string() }),
  operators: z.object({
    cloudnativePg: z
      .object({
        namespace: z.string(),
        apiServerCidrs: z.array(z.string()).min(1),
        images: z.record(z.string(), z.string()),
      })
      .nullable(),
  }),
  privateEgress: z.array(z.string()),
  /** Null where the platform has no proxy for egress rules by host name. */
  egressProxy: z.object({ image: z.string() }).nullable(),
  previewSecrets: z.record(
    z.string(),
    z.object({
      namespace: z.string(),
      repository: z.string().nullable(),
      secrets: z.array(z.string()),
      configMaps: z.array(z.string()),
    }),
  ),
  metrics: z
    .object({
      discovery: z.enum(DISCOVERY),
      labels: z.record(z.string(), z.string()),
      namespace: z.string(),
      podLabels: z.record(z.string(), z.string()),
    })
    .nullable(),
  /** Null where the platform has no callback broker. */
  oauth: z
    .object({
      callbackUrl: z.string(),
      /** Where proxies of environments reach the broker. */
      internalUrl: z.string(),
      oidc: z
        .object({
          clientId: z.string(),
          proxyImage: z.string(),
          scopes: z.array(z.string()),
          groupsClaim: z.string(),
          requireVerifiedEmail: z.boolean(),
          allow: z.object({
            emails: z.array(z.string()),
            emailDomains: z.array(z.string()),
            groups: z.array(z.string()),
          }),
        })
        .nullable(),
    })
    .nullable(),
  externalSecrets: z.record(z.string(), z.array(z.string())),
  sealedSecrets: z.object({ projects: z.array(z.string()).nullable() }).nullable(),
});

/** What an environment needs to know of its platform. */
export type PlatformFacts = z.output<typeof platformFactsSchema>;
