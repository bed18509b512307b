import { z } from "zod";
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
const yesOrNo = () => z.boolean("true or false");
const byZone = (accepted: string) => z.record(z.string(), text(accepted), `a mapping of zone names to ${accepted}`);
const options = <const Values extends readonly [string, ...string[]]>(...values: Values) =>
  z.enum(
    values,
    values.length === 2 ? values.join(" or ") : `${values.slice(0, -1).join(", ")} or ${values.at(-1) ?? ""}`,
  );

const ZONES = "zone names, such as eu-central-1a";
const CIDR = "an IPv4 range in CIDR notation, such as 10.0.0.0/16";
const CIDRS = "IPv4 ranges in CIDR notation";
const ARN = "an ARN";

const network = z.strictObject(
  {
    cidr: text(CIDR).optional().describe("Range of the VPC."),
    controlPlaneZones: texts(ZONES).optional().describe("Zones of the control plane's own subnets. Never changes."),
    avoidCidrs: texts(CIDRS).optional().describe("Ranges that the VPC must not overlap."),
    natGateways: options("one", "per-zone").optional().describe("How many NAT gateways."),
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
      .describe("AWS services that are reached inside the VPC."),
    flowLogs: z
      .strictObject(
        {
          traffic: options("all", "rejected", "none").optional(),
          retentionDays: number().optional(),
          kmsKeyArn: text(ARN).optional(),
        },
        "a mapping of fields",
      )
      .optional()
      .describe("Records of the traffic in the VPC."),
    existing: z
      .strictObject(
        {
          vpcId: text("the ID of a VPC"),
          cidr: text(CIDR),
          privateSubnetIds: byZone("subnet IDs"),
          publicSubnetIds: byZone("subnet IDs").optional(),
          controlPlaneSubnetIds: byZone("subnet IDs").optional(),
        },
        "a mapping of fields",
      )
      .optional()
      .describe("A VPC that is there already."),
  },
  "a mapping of fields",
);

const ids = z.strictObject({ owner: number(), repository: number() }, "a mapping of owner and repository to numbers");

const deployer = z.strictObject(
  {
    name: text("a short name"),
    principalArn: text(ARN).optional().describe("An IAM role or user that is there already."),
    github: z
      .strictObject(
        {
          repository: text("owner/name"),
          environment: text("the name of a GitHub environment"),
          ids: ids.optional(),
        },
        "a mapping of fields",
      )
      .optional()
      .describe("The workflow jobs for which a role is made."),
    namespaces: texts("namespace names").optional(),
  },
  "a mapping of fields",
);

const bounds = z.strictObject({ min: number().optional(), max: number().optional() }, "a mapping of min and max");

const pool = z.strictObject(
  {
    instanceTypes: texts("EC2 instance types"),
    capacity: options("on-demand", "spot").optional(),
    minPerZone: number().optional(),
    maxPerZone: number(),
    perZone: z.record(z.string(), bounds, "a mapping of zone names to bounds").optional(),
    onDemandFallback: z
      .union(
        [
          z.literal(false),
          z.strictObject({ minPerZone: number().optional(), maxPerZone: number().optional() }, "a mapping of fields"),
        ],
        "false, or a mapping of minPerZone and maxPerZone",
      )
      .optional(),
    rootVolumeGiB: number().optional(),
    maxPodsPerNode: number().optional(),
    detailedMonitoring: yesOrNo().optional(),
    labels: z.record(z.string(), text("text"), "a mapping of labels to text").optional(),
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
      .optional(),
    maxUnavailablePercentage: number().optional(),
    releaseVersion: text("a release of the AL2023 image").optional(),
  },
  "a mapping of fields",
);

const registry = z.strictObject(
  {
    repositories: z
      .array(
        z.strictObject(
          {
            name: text("a repository's name"),
            push: z.strictObject(
              {
                repository: text("owner/name"),
                environments: texts("GitHub environments"),
                ids: ids.optional(),
              },
              "a mapping of fields",
            ),
            cleanup: z
              .strictObject({ environments: texts("GitHub environments") }, "a mapping with environments")
              .optional(),
            buildCache: z.strictObject({ expireAfterDays: number() }, "a mapping with expireAfterDays").optional(),
            expireUntaggedAfterDays: number().optional(),
          },
          "a mapping of fields",
        ),
        "a list of repositories",
      )
      .default([])
      .describe("Repositories for the images that environments run."),
    pullThrough: z
      .array(
        z.strictObject(
          {
            prefix: text("a prefix"),
            upstream: options("ecr-public", "kubernetes", "quay", "docker-hub", "github", "gitlab"),
            credentialArn: text(ARN).optional(),
          },
          "a mapping of fields",
        ),
        "a list of caches",
      )
      .optional()
      .describe("Public registries whose images are pulled through this one."),
    forceDelete: yesOrNo().optional(),
  },
  "a mapping of fields",
);

const metrics = z.strictObject(
  {
    prefix: text("a path").describe("The one path that can be written to."),
    namespace: text("a namespace").describe("Namespace of the exporter."),
    serviceAccount: text("a service account").describe("Service account of the exporter."),
    expireAfterDays: number().optional(),
    keepOverwrittenDays: number().optional(),
    forceDestroy: yesOrNo().optional(),
  },
  "a mapping of fields",
);

export const clusterSchema = z.strictObject(
  {
    name: text("a cluster's name").describe("The cluster's name in AWS; begins the names of what belongs to it."),
    region: text("an AWS region").describe("Region of everything."),
    accountId: text('an AWS account in quotes, such as "111122223333"').describe(
      "The account. Nothing is made in another one, whatever credentials the engine finds.",
    ),
    zones: texts(ZONES).describe("Availability zones of nodes, in the order in which they were added."),
    size: options("small", "large")
      .default("small")
      .describe(
        "Whom the defaults suit: a small team that minds the bill, or a large company that minds the loss of a zone.",
      ),
    kubernetesVersion: text('a Kubernetes version in quotes, such as "1.34"').describe("Moves up by one at a time."),
    network: network.prefault({}),
    endpoint: z
      .strictObject(
        { publicCidrs: texts(CIDRS).optional(), privateCidrs: texts(CIDRS).optional() },
        "a mapping of publicCidrs and privateCidrs",
      )
      .optional()
      .describe("From where the API server is reached, besides the cluster's own nodes."),
    access: z
      .strictObject(
        {
          admins: texts("ARNs").default([]),
          deployers: z.array(deployer, "a list of deployers").default([]),
        },
        "a mapping of admins and deployers",
      )
      .prefault({}),
    networkPolicy: options("standard", "strict").default("standard"),
    autoscaling: options("cluster-autoscaler", "karpenter", "auto-mode").default("cluster-autoscaler"),
    clusterAutoscaler: z
      .strictObject(
        { image: text("an image by digest").optional(), replicas: number().optional() },
        "a mapping of fields",
      )
      .optional(),
    karpenter: z
      .strictObject({ namespace: text("a namespace").optional(), serviceAccount: text("a service account").optional() })
      .optional(),
    autoMode: z
      .strictObject({ nodePools: z.array(options("general-purpose", "system"), "a list of node pools").optional() })
      .optional(),
    pools: z
      .record(z.string(), pool, "a mapping of names to pools")
      .default({})
      .describe("Managed node groups: one group per zone for each pool."),
    registry: registry.optional(),
    metrics: metrics.optional(),
    github: z
      .strictObject({ oidcProviderArn: text(ARN).optional() }, "a mapping with oidcProviderArn")
      .prefault({})
      .describe("How GitHub proves who it is. An account holds one OIDC provider per URL: name it when there is one."),
    logRetentionDays: number().optional(),
    deletionProtection: yesOrNo().optional(),
    extendedSupport: yesOrNo().optional(),
    tags: z.record(z.string(), text("text"), "a mapping of tags to text").default({}),
  },
  "a mapping of fields",
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
