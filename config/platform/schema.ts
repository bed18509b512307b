import { z } from "zod";
import { ACCESS_MODE, ACCESS_MODES } from "../access";
import type { Engine } from "../databases";
import { CANARY_CHOICES, EGRESS_HOSTS, NETWORK_PLUGINS } from "../egress";
import { VERSIONS } from "../engines";
import { imageByDigest, options, text, version } from "../fields";
import { deployedGateway, existingGateway, hostGateway } from "./gateway";
import { oauth } from "./oauth";
import { snapshots } from "./snapshots";
import { trust } from "./trust";
import { DOMAIN, cidr, labelName, objectName, projectId, ranges, target } from "./values";

const REPOSITORY = "owner/name";
const versionOf = (engine: Engine) => version(engine, `a ${VERSIONS[engine].what}`);
const imagesOf = (engine: Engine, what: string) =>
  z.record(versionOf(engine), imageByDigest(), `a mapping of ${what} to images`).default({});

/** Ways in which Prometheus finds an app. */
export const DISCOVERY = ["annotations", "PodMonitor", "ServiceMonitor"] as const;

export const previewSecrets = z.strictObject(
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
    apiServerCidrs: ranges()
      .default(["0.0.0.0/0"])
      .describe("Where the API server is. The controller reaches it on 443 and 6443 and nothing else."),
  },
  "a mapping with image",
);

const RULE = "the name of a rule, such as image-by-digest";

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
        postgresql: versionOf("postgresql")
          .optional()
          .describe('Default: "16" where offered, as in k8s-ee, else the newest offered.'),
        mariadb: versionOf("mariadb")
          .optional()
          .describe('Default: "11.4" where offered, as in k8s-ee, else the newest offered.'),
        redis: versionOf("redis").optional().describe("Default: the newest offered."),
        mongodb: versionOf("mongodb").optional().describe("Default: the newest offered."),
        s3: versionOf("s3").optional().describe("Default: the newest offered."),
      })
      .prefault({})
      .describe("Version of each database for a config that names none. Fix it before you offer another version."),
    operators: z
      .strictObject({
        cloudnativePg: z
          .strictObject({
            namespace: objectName().default("cnpg-system").describe("Namespace in which the operator runs."),
            apiServerCidrs: ranges().describe(
              "Where the API server is, which each of its database pods watches, on 443 and 6443.",
            ),
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
    egressHosts: z
      .enum(EGRESS_HOSTS, EGRESS_HOSTS.join(", "))
      .default("proxy")
      .describe(
        "What enforces egress rules by host name: a proxy in each environment, with any network plugin, or Cilium (1.19 or later), where it is the network plugin and has its DNS proxy.",
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
      .describe(
        "The proxy by which environments reach hosts by name. Without it, egress rules with host are refused, unless egressHosts is a network plugin.",
      ),
    s3Client: z
      .strictObject(
        {
          image: imageByDigest().describe(
            "Image with sh and rclone, run as user 999, such as docker.io/rclone/rclone.",
          ),
        },
        "a mapping with image",
      )
      .optional()
      .describe(
        "The client by which new object stores are filled. Without it, databases.s3.seed and databases.s3.from are refused.",
      ),
    networkPlugin: z
      .enum(NETWORK_PLUGINS, NETWORK_PLUGINS.join(", "))
      .optional()
      .describe(
        "What enforces NetworkPolicies: vpc-cni-standard and fail-open let a new pod out until they are in force, vpc-cni-strict and fail-closed do not. Not known when left out, which `pulumi up` warns of unless egressCanary has an image or is never.",
      ),
    egressCanary: z
      .strictObject(
        {
          image: imageByDigest()
            .optional()
            .describe("Image whose entry point is local/images/canary. Without it there are no canaries."),
          target: target()
            .optional()
            .describe(
              "What no pod may reach, although it answers there over TCP. The API server's Service when left out, so that nothing is sent outside.",
            ),
          when: z
            .enum(CANARY_CHOICES, CANARY_CHOICES.join(", "))
            .default("auto")
            .describe("auto: unless networkPlugin is closed from the first packet."),
        },
        "a mapping with image",
      )
      .optional()
      .describe(
        "The container that runs before apps, services and jobs, and fails unless egress is refused, so that they do not start where NetworkPolicies do not hold.",
      ),
    previewSecrets: z
      .record(projectId(), previewSecrets, "a mapping of projects to their preview secrets")
      .default({})
      .describe(
        "What envFrom may name, for each project: values made for previews, in a namespace of the project's own.",
      ),
    snapshots,
    metrics: z
      .strictObject({
        discovery: options(...DISCOVERY)
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
    withoutRules: z
      .record(
        z.string(RULE).regex(/^[a-z]+(-[a-z]+)*$/, RULE),
        z.string("a reason").min(1, "a reason"),
        "a mapping of rules to reasons",
      )
      .default({})
      .describe(
        "Rules of docs/policies.md that the API server does not check in environments, each with the reason. The policy pack goes on judging previews and updates.",
      ),
    trust: trust
      .prefault({})
      .describe("What environments may have, by how much their code is trusted (`berth deploy --trust`)."),
    deployerGroups: z
      .array(z.string("a group name").min(1, "a group name"), "a list of group names")
      .default(["berth:deployers"])
      .describe(
        "Groups that may deploy environments, besides the deployer's service account. On EKS: groups of an access entry.",
      ),
  },
  "a mapping of fields",
);

/** Settings of the platform stack, with defaults filled in. */
export type PlatformConfig = z.output<typeof platformSchema>;

/** Settings of the platform stack as one may write them: fields with a default may be missing. */
export type PlatformInput = z.input<typeof platformSchema>;

/** The gateway's settings. */
export type Gateway = PlatformConfig["gateway"];
