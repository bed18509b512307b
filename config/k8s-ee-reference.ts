import { planQuota } from "./quota";
import type { Quota } from "./quota";
import { parseConfig } from "./parse";
import type { Config } from "./schema";

/* What becomes of a k8s-ee.yaml, as data: docs/k8s-ee.md is written from it, and its spec holds it against the schema. */

/** One field of the older file. */
export interface OldField {
  path: string;
  /** Its default there, as JSON has it; undefined for none. */
  default?: unknown;
  /** What the field does here where that is not the same as there. */
  here?: string;
}

/** Every field of k8s-ee.yaml with its default there. */
export const OLD_FIELDS: readonly OldField[] = [
  { path: "projectId" },
  {
    path: "trigger",
    default: "automatic",
    here: "`berth deploy --automatic` is what a workflow runs for a push; with `on-demand` it updates an environment that is there and creates none.",
  },
  { path: "app.port", default: 3000 },
  { path: "app.healthPath", default: "/health" },
  { path: "app.metricsPath", here: "`/metrics` when left out." },
  {
    path: "image.context",
    default: ".",
    here: "`berth build` reads it. A deploy takes an image by digest, whoever built it.",
  },
  { path: "image.dockerfile", default: "Dockerfile", here: "As `image.context`." },
  { path: "image.repository", here: "An image from elsewhere is refused. Without it `berth build` needs `--load`." },
  { path: "resources.requests.cpu", default: "50m", here: "Really given to the container; there it never was." },
  { path: "resources.requests.memory", default: "128Mi", here: "As above." },
  { path: "resources.limits.cpu", default: "200m", here: "As above." },
  {
    path: "resources.limits.memory",
    default: "384Mi",
    here: "As above. At most 1Gi, which is the LimitRange's figure.",
  },
  { path: "env", default: {} },
  {
    path: "envFrom",
    default: [],
    here: "Really given to the container; there it never was. Names what `previewSecrets` of `berth:platform` lists for the project.",
  },
  { path: "writableDirs", default: [], here: "`/tmp` is always writable. Folders of the system are refused." },
  { path: "databases.postgresql", default: false },
  {
    path: "databases.postgresql.version",
    default: "16",
    here: "The default holds where the platform offers 16, else it is the newest offered.",
  },
  { path: "databases.postgresql.storage", default: "1Gi" },
  { path: "databases.postgresql.bootstrap.initSQL", default: [] },
  { path: "databases.postgresql.bootstrap.postInitApplicationSQL", default: [] },
  { path: "databases.redis", default: false, here: "Keeps its keys on a volume; there they were in memory alone." },
  {
    path: "databases.mongodb",
    default: false,
    here: "Without the older operator: one server, with the user and password in the same variables.",
  },
  { path: "databases.mongodb.version", here: "The newest offered when left out." },
  { path: "databases.mongodb.storage", default: "1Gi" },
  {
    path: "databases.minio",
    default: false,
    here: "Another S3-compatible object store, since MinIO is no longer maintained; the variables are the same.",
  },
  { path: "databases.minio.storage", default: "1Gi" },
  { path: "databases.minio.bucket", here: "`data` when left out." },
  { path: "databases.mariadb", default: false, here: "Keeps its data on a volume; there a restart lost it." },
  {
    path: "databases.mariadb.version",
    default: "11.4",
    here: "The default holds where the platform offers 11.4, else it is the newest offered.",
  },
  { path: "databases.mariadb.storage", default: "1Gi", here: "Is the volume's size; there it had no effect." },
  { path: "ingress.enabled", default: true, here: "Really acted upon; there it never was." },
  {
    path: "ingress.annotations",
    default: {},
    here: "As above. Keys of Berth, Pulumi and the Ingress class are refused.",
  },
  {
    path: "metrics.enabled",
    default: false,
    here: "Found by annotations, a PodMonitor or a ServiceMonitor, as `metrics` of `berth:platform` says.",
  },
  { path: "metrics.interval", default: "30s", here: "From 5s to 1h." },
];

const QUOTA_KEYS = [
  "requests.cpu",
  "requests.memory",
  "limits.cpu",
  "limits.memory",
  "requests.storage",
  "persistentvolumeclaims",
  "pods",
  "services",
];

function quota(values: string): Quota {
  const each = values.split(" ");
  return Object.fromEntries(QUOTA_KEYS.map((key, index) => [key, each[index] ?? ""]));
}

/** What is enabled in a row of the table of quotas, and what k8s-ee gave for it. */
export const OLD_QUOTAS: readonly { what: string; databases: Record<string, boolean>; quota: Quota }[] = [
  { what: "app only", databases: {}, quota: quota("200m 512Mi 690m 1177Mi 1Gi 1 5 3") },
  {
    what: "app and PostgreSQL",
    databases: { postgresql: true },
    quota: quota("450m 768Mi 1265m 1766Mi 3Gi 2 7 6"),
  },
  {
    what: "app, PostgreSQL and Redis",
    databases: { postgresql: true, redis: true },
    quota: quota("550m 832Mi 1495m 1913Mi 3Gi 2 8 7"),
  },
];

/** The default of a field here, as JSON has it; undefined for none. */
export function defaultHere(path: string): unknown {
  const config: Config = parseConfig({ projectId: "any" });
  const value = path
    .split(".")
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
      config,
    );
  const isDatabase = typeof value === "object" && value !== null && "enabled" in value && path.startsWith("databases.");
  return isDatabase ? value.enabled : path === "projectId" ? undefined : value;
}

/** docs/k8s-ee.md. */
export function k8sEeReference(): string {
  return `# k8s-ee.yaml

Written from \`config/k8s-ee-reference.ts\` by \`UPDATE_GOLDEN=1 npm test\`; do not edit by hand.

A \`k8s-ee.yaml\` is a \`berth.yaml\`: same fields, same places, same defaults. \`berth config check k8s-ee.yaml\` tells whether it is accepted, \`berth config show k8s-ee.yaml\`
what it comes to, and \`berth deploy\` reads it where there is no \`berth.yaml\`. [berth-yaml.md](berth-yaml.md) has every field, those included that the older file lacks.

## Fields

| field | default there | default here | what is different |
|---|---|---|---|
${OLD_FIELDS.map(({ path, default: old, here }) => `| \`${path}\` | ${json(old)} | ${json(defaultHere(path))} | ${here ?? ""} |`).join("\n")}

Bounds are those of the older LimitRange: a container asks for 10m to 1 CPU and 32Mi to 1Gi, a pod for at most 2 CPU and 2Gi, a volume for 100Mi to 5Gi.

## Names and variables

Namespace \`{projectId}-pr-{number}\`, URL \`https://{namespace}.{domain}\` and the image's tag \`pr-{number}\` are the same, and so are the [variables](berth-yaml.md#variables-that-every-app-gets). Labels and annotations
begin with \`berth.dev/\` instead of \`k8s-ee/\`.

## Quota

\`spec.hard\` of the ResourceQuota, there → here, where they differ:

| what is enabled | CPU requests | memory requests | CPU limits | memory limits | storage | volumes | pods | Services |
|---|---|---|---|---|---|---|---|---|
${OLD_QUOTAS.map(({ what, databases, quota: old }) => quotaRow(what, old, planQuota(parseConfig({ projectId: "any", databases })))).join("\n")}

ConfigMaps (15) and Secrets (25) are the same. The reasons for the others:

- Storage is the sum of the volumes that the config asks for. There it was a fixed amount for each database whatever \`storage\` said, so that a larger volume did not fit.
- There is room for three pods of the app: the one that runs, the one that replaces it, and one that is still ending. There it was one and a fixed 100m and 256Mi.
- PostgreSQL is promised 100m here and 250m there; its limits are the same.
- Services are counted, and load balancers and node ports are zero: an environment is reached through the gateway alone.

## Behaviour that is different on purpose

- **Egress is closed.** There every public address was open on every port, the cloud's metadata address among them. Here the app reaches DNS, its databases, and what \`egress.allow\` names, by range or by host.
- **Pods of one environment reach each other only where they must**: the app and the services reach each other's ports and their databases; a database reaches nothing. There everything in the namespace was open.
- **The API server is out of reach**, and no pod has a token for it.
- **An image is deployed by digest**, never by its moving tag, and no registry's visibility is changed.
- **A destroy needs nothing of the pull request** and says what is left, or that nothing is. There a broken file or a changed \`projectId\` left the environment behind, and a failure was reported as success.
- **A change of \`projectId\`** makes another environment; the old one is listed until it is destroyed.
`;
}

function json(value: unknown): string {
  return value === undefined ? "none" : `\`${JSON.stringify(value)}\``;
}

function quotaRow(what: string, old: Quota, now: Quota): string {
  const cells = QUOTA_KEYS.map((key) => (old[key] === now[key] ? old[key] : `${old[key] ?? ""} → ${now[key] ?? ""}`));
  return `| ${what} | ${cells.join(" | ")} |`;
}
