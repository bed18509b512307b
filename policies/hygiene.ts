import type { Policies } from "@pulumi/policy";
import { all, namespaceOf, WHOLE_WORKLOADS, type KubeObject, type Workload } from "./kubernetes";
import { PREVIEWS, resourcePolicy, stackPolicy } from "./rule";

/*
 * What keeps a cluster tidy: everything has an owner and an end, and what cannot be made again is not deleted by a slip.
 */

/** Whose it is can be seen on it. */
export const namespaceLabelled = resourcePolicy<KubeObject, { labels: readonly string[] }>({
  name: "namespace-has-owner",
  description: "Checks that a preview's namespace says whose it is: owner, project, pull request and commit.",
  severity: "medium",
  remediation: "add the labels; Berth's own environments have them.",
  url: "https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/",
  stacks: PREVIEWS,
  types: /^kubernetes:core\/v1:Namespace$/,
  parameters: {
    labels: {
      type: "array",
      items: { type: "string" },
      default: ["berth.dev/owner", "berth.dev/project", "berth.dev/pr", "berth.dev/commit", "berth.dev/environment"],
      description: "Labels that have to be there, with a value.",
    },
  },
  check: ({ props, config, report, attempt }) => {
    for (const label of config.labels) {
      attempt(() => {
        if (!props.metadata?.labels?.[label]) report(`the namespace lacks the label ${label}`);
      });
    }
  },
});

/** Everything ends. */
export const expirySet = resourcePolicy<KubeObject, { annotation: string }>({
  name: "expiry-set",
  description: "Checks that a preview's namespace says when it may be taken away.",
  severity: "low",
  remediation: "annotate the namespace with the time of its end.",
  url: "https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",
  // The lifecycle writes the annotation past the program, so a preview of the program alone does not show it.
  level: "advisory",
  stacks: PREVIEWS,
  types: /^kubernetes:core\/v1:Namespace$/,
  parameters: {
    annotation: { type: "string", default: "berth.dev/expires-at", description: "The annotation, a time in ISO 8601." },
  },
  check: ({ props, config, report }) => {
    const value = props.metadata?.annotations?.[config.annotation];
    if (value === undefined) report(`the namespace has no annotation ${config.annotation}`);
    else if (Number.isNaN(Date.parse(value))) report(`${config.annotation} is no time`);
  },
});

/** One preview cannot take the room of all. */
export const quotaPresent = stackPolicy({
  name: "namespace-has-quota",
  description: "Checks that each namespace of a preview with pods has a ResourceQuota.",
  severity: "high",
  remediation: "add a ResourceQuota to the namespace.",
  url: "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
  stacks: PREVIEWS,
  types: WHOLE_WORKLOADS,
  check: ({ resources, report, attempt }) => {
    const bounded = new Set<string>();
    for (const { props } of all<KubeObject>(resources, /^kubernetes:core\/v1:ResourceQuota$/)) {
      attempt(() => bounded.add(namespaceOf(props)));
    }
    const told = new Set<string>();
    for (const { urn, props } of all<Workload>(resources, WHOLE_WORKLOADS)) {
      attempt(() => {
        const namespace = namespaceOf(props);
        if (bounded.has(namespace) || told.has(namespace)) return;
        told.add(namespace);
        report(`the namespace ${namespace} has no ResourceQuota`, urn);
      });
    }
  },
});

/** Volumes are zonal: a group over several zones may start a node where the volume is not. */
export const oneZonePerNodeGroup = resourcePolicy<{ subnetIds?: readonly string[] }>({
  name: "one-zone-per-node-group",
  description: "Checks that each node group of EKS has one subnet, and so one zone.",
  severity: "medium",
  remediation: "make one node group for each zone.",
  url: "https://docs.aws.amazon.com/eks/latest/best-practices/cas.html#_ebs_volumes",
  types: /^aws:eks\/nodeGroup:NodeGroup$/,
  check: ({ props, report }) => {
    const count = (props.subnetIds ?? []).length;
    if (count !== 1) report(`the group has ${count} subnets`);
  },
});

interface Stateful {
  readonly deletionProtection?: boolean;
  readonly deletionProtectionEnabled?: boolean;
  readonly forceDestroy?: boolean;
  readonly forceDelete?: boolean;
  readonly deletionWindowInDays?: number;
  readonly skipFinalSnapshot?: boolean;
}

/** Data are not lost by a slip. */
export const deletionProtected = resourcePolicy<Stateful>({
  name: "stateful-deletion-protected",
  description:
    "Checks that clusters, keys, buckets, registries and databases cannot be deleted with their data by a slip.",
  severity: "high",
  remediation: "set `protect`, or the resource's own deletion protection, and no forceDestroy or forceDelete.",
  url: "https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
  types:
    /^(eks:index:Cluster|aws:(eks\/cluster:Cluster|kms\/key:Key|s3\/bucket(V2)?:Bucket(V2)?|ecr\/repository:Repository|rds\/(instance:Instance|cluster:Cluster)|dynamodb\/table:Table|efs\/fileSystem:FileSystem))$/,
  check: ({ type, props, args, report }) => {
    if (args.opts.protect) return;
    if (type.startsWith("aws:kms/")) {
      // Seven days is the shortest wait of KMS, and its default is 30 (KMS API, ScheduleKeyDeletion).
      if ((props.deletionWindowInDays ?? 30) < 30) report("the key may be gone in less than 30 days");
    } else if (type.startsWith("aws:s3/")) {
      if (props.forceDestroy === true) report("the bucket is deleted with what is in it");
    } else if (type.startsWith("aws:ecr/")) {
      if (props.forceDelete === true) report("the registry is deleted with its images");
    } else if (props.deletionProtection !== true && props.deletionProtectionEnabled !== true) {
      report("nothing protects it from deletion");
    }
  },
});

/** Somebody hears of it when it gets dear. */
export const budgetPresent = stackPolicy({
  name: "budget-present",
  description: "Checks that a stack with a cluster in AWS has a budget that tells when it costs more than planned.",
  severity: "low",
  remediation: "add an aws.budgets.Budget with a notification, or except the cluster when the account has one.",
  url: "https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
  // Most accounts have a budget that another team keeps.
  level: "advisory",
  types: /^(eks:index|aws:eks\/cluster):Cluster$/,
  check: ({ resources, report, attempt }) => {
    const clusters = resources.filter(({ type }) => /^(eks:index|aws:eks\/cluster):Cluster$/.test(type));
    attempt(() => {
      if (!resources.some(({ type }) => type === "aws:budgets/budget:Budget"))
        report("the stack has no budget", clusters[0]?.urn);
    });
  },
});

/** All rules on hygiene. */
export const hygienePolicies: Policies = [
  namespaceLabelled,
  expirySet,
  quotaPresent,
  oneZonePerNodeGroup,
  deletionProtected,
  budgetPresent,
];
