/** Labels and annotations by which people and the lifecycle find what belongs to an environment. */

/** Value of `app.kubernetes.io/managed-by` on everything that Berth makes. */
export const MANAGED_BY = "berth";

export const LABEL = {
  managedBy: "app.kubernetes.io/managed-by",
  name: "app.kubernetes.io/name",
  partOf: "app.kubernetes.io/part-of",
  /** Name of the environment; on every object of it, cluster-scoped ones too, so that a receipt can look for leftovers. */
  environment: "berth.dev/environment",
  project: "berth.dev/project",
  pr: "berth.dev/pr",
  commit: "berth.dev/commit",
  owner: "berth.dev/owner",
  /** Which part of the environment a pod is: `app`, or a database such as `postgresql`. NetworkPolicies select by it. */
  component: "berth.dev/component",
  /** `allowed` on pods that may resolve names outside the cluster, for a resolver that looks (docs/egress.md). */
  outsideNames: "berth.dev/outside-names",
  /** On a namespace of preview secrets: the projectId that may take from it. Whoever owns the namespace sets it. */
  previewSecrets: "berth.dev/preview-secrets",
  /** How much its code is trusted; on the namespace of an environment. */
  trust: "berth.dev/trust",
  /** Which job a pod runs, such as `migrate`. */
  job: "berth.dev/job",
} as const;

export const ANNOTATION = {
  /** Full branch name; labels do not take slashes. */
  branch: "berth.dev/branch",
  /** `owner/name` of the repository, for telling two repositories with one projectId apart. */
  repository: "berth.dev/repository",
  generation: "berth.dev/generation",
  /** `on-demand` where only a person's request makes the environment. */
  trigger: "berth.dev/trigger",
  /** When the reaper may take the environment. Written and moved by the lifecycle only. */
  expiresAt: "berth.dev/expires-at",
  /** When `berth sleep --due` stops the environment's pods. Written and moved by the lifecycle only. */
  sleepAt: "berth.dev/sleep-at",
  /** `true` while the environment's pods are stopped. */
  asleep: "berth.dev/asleep",
  /** Hash of what a pod reads once at its start; a change of it rolls the pods. */
  configHash: "berth.dev/config-hash",
  /** Which versions of its Secrets a pod was started with; a change of it rolls the pods. Tells nothing of their values. */
  secretVersions: "berth.dev/secret-versions",
  /** Where a copied Secret or ConfigMap comes from: namespace and name. */
  copiedFrom: "berth.dev/copied-from",
  /** Stands in previews only, on what the quota gets room for in the same update. */
  awaitsQuota: "berth.dev/awaits-quota",
  /** Version of the database whose data are used on a volume; on its PersistentVolumeClaim. */
  dataVersion: "berth.dev/data-version",
  /** When the password of a database was last changed; on the pods of all that read it at their start. */
  rotated: "berth.dev/rotated",
  /** On a job's pods: how many seconds a try may take, and how many tries there are. */
  jobTimeout: "berth.dev/job-timeout",
  jobTries: "berth.dev/job-tries",
  /** On a job's pods: identifies the volumes that it works on; a job runs again on new ones. */
  jobData: "berth.dev/job-data",
} as const;

/**
 * Makes a label value of free text: characters that labels do not take become dashes, length at most 63.
 *
 * @example labelValue("dependabot[bot]") // "dependabot-bot"
 */
export function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}
