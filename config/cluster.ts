import { z } from "zod";
import { flag, options } from "./fields";
import { findingsOf } from "./problems";
import type { Finding } from "./problems";

/*
 * The stack config `berth:cluster`: fields and their types. Which values can be is said where the values are used, by the `validate` of each
 * component, so that the stack names everything that is wrong at once.
 */

const WHOLE = "a number";
const text = (accepted: string) => z.string(accepted);
const texts = (accepted: string) => z.array(text(accepted), `a list of ${accepted}`);
const number = () => z.number(WHOLE);
const byZone = (accepted: string) => z.record(z.string(), text(accepted), `a mapping of zone names to ${accepted}`);

const ZONES = "zone names, such as eu-central-1a";
const CIDR = "an IPv4 range in CIDR notation, such as 10.0.0.0/16";
const CIDRS = "IPv4 ranges in CIDR notation";
const ARN = "an ARN";
const FIELDS = "a mapping of fields";

function fields<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject(shape, FIELDS);
}

const network = z.strictObject(
  {
    cidr: text(CIDR).optional().describe("Range of the VPC, private, /16 to /19. 10.0.0.0/16 by default."),
    controlPlaneZones: texts(ZONES)
      .optional()
      .describe("Zones of the control plane's own subnets, which never change. The first two of zones by default."),
    avoidCidrs: texts(CIDRS).optional().describe("Ranges that the VPC must not overlap."),
    natGateways: options("one", "per-zone")
      .optional()
      .describe("How many NAT gateways: one for a small team, one per zone for a large company."),
    interfaceEndpoints: z
      .array(
        options(
          "autoscaling",
          "ec2",
          "ecr.api",
          "ecr.dkr",
          "eks",
          "eks-auth",
          "elasticloadbalancing",
          "kms",
          "logs",
          "sts",
        ),
        "a list of AWS services",
      )
      .optional()
      .describe("AWS services that are reached inside the VPC rather than through NAT."),
    flowLogs: fields({
      traffic: options("all", "rejected", "none")
        .optional()
        .describe("Which connections are recorded: refused ones for a small team, all for a large company."),
      retentionDays: number().optional().describe("Days that records are kept: 30 or 365."),
      kmsKeyArn: text(ARN).optional().describe("Key of the records. CloudWatch's own by default."),
    }).optional(),
    existing: fields({
      vpcId: text("the ID of a VPC").describe("A VPC that is there; nothing is made or changed in it."),
      cidr: text(CIDR).describe("Its range."),
      privateSubnetIds: byZone("subnet IDs").describe("A subnet with a route by NAT for each zone."),
      publicSubnetIds: byZone("subnet IDs").optional().describe("A subnet for load balancers for each zone."),
      controlPlaneSubnetIds: byZone("subnet IDs").optional().describe("The private ones by default."),
    }).optional(),
  },
  FIELDS,
);

const ids = fields({
  owner: number().describe("Numeric IDs of owner and repository, for repositories whose tokens carry them."),
  repository: number(),
});

const deployer = fields({
  name: text("a short name").describe("Unique name of someone who deploys environments."),
  principalArn: text(ARN).optional().describe("An IAM role or user that is there already."),
  github: fields({
    repository: text("owner/name").describe("Has a role made that jobs of this repository may take."),
    environment: text("the name of a GitHub environment").describe("Only jobs in this environment."),
    ids: ids.optional(),
  }).optional(),
  namespaces: texts("namespace names").optional().describe("Namespaces besides environments that it may edit."),
});

const bounds = z.strictObject({ min: number().optional(), max: number().optional() }, "a mapping of min and max");

const pool = fields({
  instanceTypes: texts("EC2 instance types").describe(
    "Of one processor, of like vCPU and memory; two or more with spot.",
  ),
  capacity: options("on-demand", "spot").optional().describe("How instances are bought: on-demand by default."),
  minPerZone: number().optional().describe("Nodes in each zone at the least: 1 by default."),
  maxPerZone: number().describe("Nodes in each zone at the most."),
  perZone: z
    .record(z.string(), bounds, "a mapping of zone names to bounds")
    .optional()
    .describe("Other bounds for single zones."),
  onDemandFallback: z
    .union(
      [z.literal(false), z.strictObject({ minPerZone: number().optional(), maxPerZone: number().optional() }, FIELDS)],
      "false, or a mapping of minPerZone and maxPerZone",
    )
    .optional()
    .describe(
      "With spot: on-demand nodes for when no spot capacity is to be had. From 0 to the pool's maximum by default.",
    ),
  rootVolumeGiB: number().optional().describe("Size of a node's encrypted disk: 50 by default."),
  maxPodsPerNode: number().optional().describe("110 by default."),
  detailedMonitoring: flag().optional().describe("CloudWatch figures each minute, which cost."),
  labels: z
    .record(z.string(), text("text"), "a mapping of labels to text")
    .optional()
    .describe("Further labels of nodes."),
  taints: z
    .array(
      z.strictObject(
        {
          key: text("a taint's key"),
          value: text("a taint's value").optional(),
          effect: options("NoSchedule", "NoExecute", "PreferNoSchedule"),
        },
        "a mapping of key, value and effect",
      ),
      "a list of taints",
    )
    .optional()
    .describe("Keep out pods that do not tolerate them."),
  maxUnavailablePercentage: number().optional().describe("Share of nodes that an update takes at once: 33 by default."),
  releaseVersion: text("a release of the AL2023 image")
    .optional()
    .describe("Image of nodes. The newest when made by default."),
});

const registry = fields({
  repositories: z
    .array(
      fields({
        name: text("a repository's name").describe("A repository for images that environments run."),
        push: fields({
          repository: text("owner/name").describe("GitHub repository whose jobs push."),
          environments: texts("GitHub environments").describe("Only jobs in these environments."),
          ids: ids.optional(),
        }),
        cleanup: fields({
          environments: texts("GitHub environments").describe("Whose jobs remove images of closed pull requests."),
        }).optional(),
        buildCache: fields({
          expireAfterDays: number().describe("Adds a repository for build caches, and days that these are kept."),
        }).optional(),
        expireUntaggedAfterDays: number()
          .optional()
          .describe("Days that images without a tag are kept: 14 by default."),
      }),
      "a list of repositories",
    )
    .default([])
    .describe("Repositories, and who pushes to them."),
  pullThrough: z
    .array(
      fields({
        prefix: text("a prefix").describe("First part of the names of images that come from a public registry."),
        upstream: options("ecr-public", "kubernetes", "quay", "docker-hub", "github", "gitlab").describe("Which one."),
        credentialArn: text(ARN).optional().describe("Secret with the credentials that it asks for."),
      }),
      "a list of caches",
    )
    .optional()
    .describe("Public registries whose images are pulled through this one."),
  kmsKeyArn: text(ARN).optional().describe("Key of images. One is made by default."),
  forceDelete: flag().optional().describe("Whether images go with the stack. Not by default."),
});

const metrics = fields({
  prefix: text("a path").describe("The one path that can be written to."),
  namespace: text("a namespace").describe("Namespace of the exporter."),
  serviceAccount: text("a service account").describe("Service account of the exporter; nothing else can write."),
  kmsKeyArn: text(ARN).optional().describe("Key of the bucket. One is made by default."),
  expireAfterDays: number().optional().describe("Days that metrics are kept: 400 by default."),
  keepOverwrittenDays: number().optional().describe("Days that what was overwritten can be had back: 30 by default."),
  forceDestroy: flag().optional().describe("Whether metrics go with the stack. Not by default."),
});

export const clusterSchema = z.strictObject(
  {
    name: text("a cluster's name").describe("The cluster's name in AWS; begins the names of what belongs to it."),
    region: text("an AWS region").describe("Region of everything."),
    accountId: text('an AWS account in quotes, such as "111122223333"').describe(
      "The account. Nothing is made in another one, whatever credentials the engine finds.",
    ),
    zones: texts(ZONES).describe("Availability zones of nodes, two or more, in the order in which they were added."),
    size: options("small", "large")
      .default("small")
      .describe(
        "Whom the network's defaults suit: a small team that minds the bill, or a large company that minds the loss of a zone.",
      ),
    kubernetesVersion: text('a Kubernetes version in quotes, such as "1.35"').describe("Moves up by one at a time."),
    network: network.prefault({}),
    endpoint: fields({
      publicCidrs: texts(CIDRS)
        .optional()
        .describe("Ranges of the internet that reach the API server, never all of it. None by default."),
      privateCidrs: texts(CIDRS).optional().describe("Private ranges that reach it besides the VPC, such as a VPN's."),
    }).optional(),
    access: fields({
      admins: texts("ARNs")
        .default([])
        .describe("IAM roles and users with all rights in the cluster, besides whoever makes it."),
      deployers: z.array(deployer, "a list of deployers").default([]).describe("Who deploys environments."),
    }).prefault({}),
    networkPolicy: options("standard", "strict")
      .default("standard")
      .describe("Whether a new pod's packets pass (standard) or not (strict) until its policies are in place."),
    autoscaling: options("cluster-autoscaler", "karpenter", "auto-mode")
      .default("cluster-autoscaler")
      .describe("Who adds and removes nodes; one alone."),
    clusterAutoscaler: fields({
      image: text("an image by digest").optional().describe("Another image of the autoscaler."),
      replicas: number().optional().describe("Pods of the autoscaler: 2 by default."),
    }).optional(),
    karpenter: fields({
      namespace: text("a namespace").optional().describe("Where Karpenter is installed: kube-system by default."),
      serviceAccount: text("a service account").optional().describe("karpenter by default."),
    }).optional(),
    autoMode: fields({
      nodePools: z
        .array(options("general-purpose", "system"), "a list of node pools")
        .optional()
        .describe("Built-in node pools: both by default."),
    }).optional(),
    pools: z
      .record(z.string(), pool, "a mapping of names to pools")
      .default({})
      .describe("Managed node groups: one group per zone for each pool."),
    registry: registry.optional(),
    metrics: metrics.optional(),
    github: fields({
      oidcProviderArn: text(ARN)
        .optional()
        .describe("The account's OIDC provider for GitHub, of which it holds one. The registry makes one by default."),
    }).prefault({}),
    logRetentionDays: number().optional().describe("Days that the control plane's logs are kept: 90 by default."),
    deletionProtection: flag()
      .optional()
      .describe("Whether neither AWS nor Pulumi deletes the cluster: true by default."),
    extendedSupport: flag()
      .optional()
      .describe("Whether the version may run into extended support, at six times the price. Not by default."),
    tags: z
      .record(z.string(), text("text"), "a mapping of tags to text")
      .default({})
      .describe("Tags of all AWS resources, besides the cluster's name."),
  },
  FIELDS,
);

/** Settings of the cluster stack, with defaults filled in. */
export type ClusterConfig = z.output<typeof clusterSchema>;

/** Settings of the cluster stack as one may write them. */
export type ClusterInput = z.input<typeof clusterSchema>;

/** What there is to say of a value of `berth:cluster`. */
export interface ClusterExamination {
  /** What could be read; fields in which something is wrong are left out, or replaced where nothing goes without them. */
  config: ClusterConfig;
  /** What is wrong with fields and types. */
  findings: Finding[];
  /** Fields at the top of `config` that are not as they were given. */
  replaced: Set<string>;
}

/** Takes the place of required fields that are missing or of the wrong type, so that the rules of all other fields can be checked. */
const REPLACEMENTS: Record<string, unknown> = {
  name: "cluster",
  region: "us-east-1",
  accountId: "000000000000",
  zones: ["us-east-1a", "us-east-1b"],
  kubernetesVersion: "0.0",
};

/** Reads `berth:cluster`, and what is wrong with its fields and types. */
export function examineCluster(value: unknown): ClusterExamination {
  const parsed = clusterSchema.safeParse(value ?? {});
  if (parsed.success) return { config: parsed.data, findings: [], replaced: new Set() };
  const findings = findingsOf(parsed.error.issues, value ?? {}, clusterSchema);
  const { readable, replaced } = withoutFindings(value, findings);
  return { config: clusterSchema.parse(readable), findings, replaced };
}

/** Leaves out each pool and each field at the top that something is wrong with. */
function withoutFindings(value: unknown, findings: readonly Finding[]) {
  const readable: Record<string, unknown> = isMapping(value) ? { ...value } : {};
  const pools = isMapping(readable["pools"]) ? { ...readable["pools"] } : undefined;
  if (pools) readable["pools"] = pools;
  const replaced = new Set<string>();
  for (const { path } of findings) {
    const [field, pool] = path.map(String);
    if (field === undefined) continue;
    replaced.add(field);
    if (field === "pools" && pools && pool !== undefined) Reflect.deleteProperty(pools, pool);
    else Reflect.deleteProperty(readable, field);
  }
  return { readable: { ...REPLACEMENTS, ...readable }, replaced };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
