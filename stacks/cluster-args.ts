import type { EksClusterArgs } from "../components/eks-cluster/args";
import { validate as validateCluster } from "../components/eks-cluster/validate";
import type { MetricsBucketArgs } from "../components/metrics-bucket/args";
import { validate as validateMetrics } from "../components/metrics-bucket/validate";
import type { NetworkArgs } from "../components/network/args";
import { validate as validateNetwork } from "../components/network/validate";
import type { NodeGroupsArgs } from "../components/node-groups/args";
import { planNodeGroups } from "../components/node-groups/plan";
import { validate as validatePool } from "../components/node-groups/validate";
import type { InvalidProperty } from "../components/problems";
import type { RegistryArgs } from "../components/registry/args";
import { validate as validateRegistry } from "../components/registry/validate";
import { examineCluster } from "../config/cluster";
import type { ClusterConfig } from "../config/cluster";
import { formatPath } from "../config/problems";

/*
 * From the stack's config to the arguments of its components, in plain values: the same for the stack, for the checks before anything is
 * made, and for the price.
 */

/** Tag that tells which cluster an AWS resource belongs to, besides those of the config. */
export const CLUSTER_TAG = "berth.dev/cluster";

/** The arguments that come from config alone. What the components tell each other is added where they are made. */
export interface ClusterStackArgs {
  network: NetworkArgs;
  cluster: Omit<EksClusterArgs, "vpcId" | "controlPlaneSubnetIds" | "access"> & {
    access: Omit<EksClusterArgs["access"], "deployers">;
  };
  /** By name of the pool. */
  pools: Record<string, Omit<NodeGroupsArgs, "clusterName" | "clusterSecurityGroupId" | "subnetIds" | "volumesKeyArn">>;
  /** Undefined without a registry. */
  registry: RegistryArgs | undefined;
  /** Undefined without metrics export. */
  metrics:
    (Omit<MetricsBucketArgs, "writer"> & { writer: Omit<MetricsBucketArgs["writer"], "clusterName"> }) | undefined;
}

/** Reads the components' arguments out of the config. */
export function argsOf(config: ClusterConfig): ClusterStackArgs {
  const { name, region, accountId, zones, size, kubernetesVersion, autoscaling } = config;
  const tags = { [CLUSTER_TAG]: name, ...config.tags };
  return {
    network: { ...config.network, region, accountId, clusterName: name, zones, size, tags },
    cluster: {
      name,
      region,
      accountId,
      kubernetesVersion,
      autoscaling,
      networkPolicy: { mode: config.networkPolicy },
      access: { admins: config.access.admins },
      ...given({
        endpoint: config.endpoint,
        clusterAutoscaler: config.clusterAutoscaler,
        karpenter: config.karpenter,
        autoMode: config.autoMode,
        logRetentionDays: config.logRetentionDays,
        deletionProtection: config.deletionProtection,
        extendedSupport: config.extendedSupport,
      }),
      tags,
    },
    pools: Object.fromEntries(
      Object.entries(config.pools).map(([pool, { releaseVersion, ...spec }]) => [
        pool,
        { pool, kubernetesVersion, spec, autoscaling, tags, ...given({ releaseVersion }) },
      ]),
    ),
    registry: config.registry && {
      ...config.registry,
      name,
      region,
      accountId,
      tags,
      ...given({ github: config.github.oidcProviderArn === undefined ? undefined : config.github }),
    },
    metrics: config.metrics && metricsArgs(config, tags),
  };
}

function metricsArgs(
  { name, region, accountId, metrics }: ClusterConfig,
  tags: Record<string, string>,
): NonNullable<ClusterStackArgs["metrics"]> {
  const { namespace, serviceAccount, prefix, ...rest } = metrics ?? { namespace: "", serviceAccount: "", prefix: "" };
  return { name, region, accountId, prefix, writer: { namespace, serviceAccount }, ...rest, tags };
}

/**
 * Finds everything that is wrong with a value of `berth:cluster`: its fields and types, what each component says of its arguments, and whether they go
 * together.
 *
 * @returns the config, and all problems with their places in it
 */
export function examineConfig(value: unknown): { config: ClusterConfig; problems: InvalidProperty[] } {
  const { config, findings, replaced } = examineCluster(value);
  const problems = [
    ...findings.map(({ path, value: found, accepted, fix }) => ({
      propertyPath: formatPath(path),
      reason: `${found}; accepted: ${accepted}. ${fix}`,
    })),
    ...rulesOf(config).filter(
      ({ propertyPath }) => !(replaced.has(head(propertyPath)) && !isPoolOf(config, propertyPath)),
    ),
    ...(replaced.size === 0 ? together(config) : []),
  ];
  return { config, problems: problems.map((problem) => inStack(problem)) };
}

function isPoolOf({ pools }: ClusterConfig, path: string): boolean {
  return Object.keys(pools).some((pool) => path === `pools.${pool}` || path.startsWith(`pools.${pool}.`));
}

function inStack({ propertyPath, reason }: InvalidProperty): InvalidProperty {
  return { propertyPath: propertyPath === "" ? "berth:cluster" : `berth:cluster.${propertyPath}`, reason };
}

/** What the components say of their arguments; paths are those of the config. */
function rulesOf(config: ClusterConfig): InvalidProperty[] {
  const args = argsOf(config);
  const unknown = placeholders(config);
  const found = [
    inConfig(validateNetwork(args.network), networkPath),
    inConfig(
      validateCluster({
        ...args.cluster,
        access: { ...args.cluster.access, deployers: deployersOf(config, unknown.oidcProviderArn) },
        vpcId: unknown.vpcId,
        controlPlaneSubnetIds: unknown.subnetIds,
      }),
      (path) => (path === "networkPolicy.mode" ? "networkPolicy" : path),
    ),
    ...Object.entries(args.pools).map(([pool, poolArgs]) =>
      inConfig(
        validatePool({
          ...poolArgs,
          clusterName: config.name,
          clusterSecurityGroupId: unknown.securityGroupId,
          subnetIds: Object.fromEntries(config.zones.map((zone) => [zone, unknown.subnetId])),
          volumesKeyArn: unknown.keyArn,
        }),
        (path) => poolPath(pool, path),
      ),
    ),
    args.registry ? inConfig(validateRegistry(args.registry), (path) => registryPath(path)) : [],
    args.metrics
      ? inConfig(
          validateMetrics({ ...args.metrics, writer: { ...args.metrics.writer, clusterName: config.name } }),
          metricsPath,
        )
      : [],
  ];
  return withoutEchoes(found);
}

/** What fits the form of values that are known only once other components are made, and so are not checked. */
function placeholders({ region, accountId }: ClusterConfig) {
  const id = "0".repeat(17);
  return {
    vpcId: `vpc-${id}`,
    subnetId: `subnet-${id}`,
    subnetIds: [`subnet-${id}`, `subnet-${id.slice(1)}1`],
    securityGroupId: `sg-${id}`,
    keyArn: `arn:aws:kms:${region}:${accountId}:key/00000000-0000-0000-0000-000000000000`,
    oidcProviderArn: `arn:aws:iam::${accountId}:oidc-provider/token.actions.githubusercontent.com`,
  };
}

/**
 * The deployers of a config.
 *
 * @param oidcProviderArn GitHub's OIDC provider, for those whose role is made here
 */
export function deployersOf<Arn>(
  { access }: ClusterConfig,
  oidcProviderArn: Arn,
): (Omit<ClusterConfig["access"]["deployers"][number], "github"> & {
  github?: NonNullable<ClusterConfig["access"]["deployers"][number]["github"]> & { oidcProviderArn: Arn };
})[] {
  return access.deployers.map(({ github, ...deployer }) =>
    github === undefined ? deployer : { ...deployer, github: { ...github, oidcProviderArn } },
  );
}

/** Rules that no component can know by itself. */
function together({ access, github, registry, pools, autoscaling, zones }: ClusterConfig): InvalidProperty[] {
  const problems: InvalidProperty[] = [];
  access.deployers.forEach((deployer, index) => {
    if (deployer.github === undefined || registry !== undefined || github.oidcProviderArn !== undefined) return;
    problems.push({
      propertyPath: `access.deployers[${index}].github`,
      reason:
        "needs GitHub's OIDC provider, and there is neither registry, which makes one, nor github.oidcProviderArn. " +
        "Set github.oidcProviderArn to the account's provider, or add registry.",
    });
  });
  if (autoscaling !== "auto-mode" && !Object.values(pools).some((pool) => keepsNode(zones, pool))) {
    problems.push({
      propertyPath: "pools",
      reason:
        `none of them always has a node that takes any pod, and ${autoscaling}, CoreDNS and the like have to run somewhere. ` +
        "Give one pool without taints a minPerZone of 1 or more, or set autoscaling to auto-mode.",
    });
  }
  return problems;
}

/** Whether a pool always has a node for pods that tolerate nothing. */
function keepsNode(zones: readonly string[], pool: ClusterConfig["pools"][string]): boolean {
  const closed = (pool.taints ?? []).some(({ effect }) => effect !== "PreferNoSchedule");
  return !closed && planNodeGroups(zones, pool).some(({ min }) => min > 0);
}

/** Fields that are the same in the arguments of several components, and stand at the top of the config. */
const SHARED = new Set(["region", "accountId", "zones", "size", "name", "kubernetesVersion", "autoscaling", "tags"]);

function isShared(path: string): boolean {
  return SHARED.has(head(path));
}

function head(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? "";
}

function networkPath(path: string): string {
  if (path === "clusterName") return "name";
  return isShared(path) ? path : `network.${path}`;
}

function poolPath(pool: string, path: string): string {
  const place = `pools.${pool}`;
  if (path === "pool") return place;
  if (path === "clusterName") return "name";
  if (head(path) === "subnetIds") return "zones";
  if (isShared(path)) return path;
  return `${place}.${path.replace(/^spec\./, "")}`;
}

function registryPath(path: string): string {
  if (isShared(path) || head(path) === "github") return path;
  return `registry.${path}`;
}

function metricsPath(path: string): string {
  return isShared(path) ? path : `metrics.${path.replace(/^writer\./, "")}`;
}

function inConfig(problems: readonly InvalidProperty[], place: (path: string) => string): InvalidProperty[] {
  return problems.map(({ propertyPath, reason }) => ({ propertyPath: place(propertyPath), reason }));
}

/** Several components look at the same field, such as the region. The first that finds fault with it has the word. */
function withoutEchoes(found: readonly InvalidProperty[][]): InvalidProperty[] {
  const said = new Set<string>();
  return found.flatMap((problems) => {
    const fresh = problems.filter(({ propertyPath }) => !said.has(propertyPath));
    for (const { propertyPath } of fresh) said.add(propertyPath);
    return fresh;
  });
}

/** Leaves out what is undefined, so that a field is either given or not there. */
function given<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]?: Exclude<Fields[Key], undefined>;
  };
}
