import type { CustomResourceArgs } from "@pulumi/kubernetes/apiextensions";
import { servingVersion, sortVersions, variablesOf } from "../../../config/databases";
import { DATABASE_RESOURCES } from "../../../config/limits";
import type { PlatformFacts } from "../../../config/platform";
import { formatBytes, parseBytes } from "../../../config/quantity";
import type { Config } from "../../../config/schema";
import { metadata } from "../context";
import type { PlanContext } from "../context";
import { DATABASE_NAME, DATABASE_USER, GRACE_SECONDS, WAIT_SECONDS, planWait } from "./engine";
import type { DatabasePlan, EngineSpec } from "./engine";

/**
 * Name of the operator's object, and so the beginning of the names of all that it makes: pods, volume, service account, Secrets. Not
 * `postgresql`, which is the name of the app's Secret and of the Service that has the same address whoever runs the database.
 */
export const CLUSTER = "postgresql-cluster";

/** Label by which the operator's pods, those that set a database up included, are told from others (its "Labels and annotations"). */
export const CLUSTER_POD: Record<string, string> = { "cnpg.io/cluster": CLUSTER };

/** Label of the pod that serves, beside {@link CLUSTER_POD}; one that sets up has none. */
export const PRIMARY_POD: Record<string, string> = { ...CLUSTER_POD, "cnpg.io/instanceRole": "primary" };

/** Where the operator asks a pod how it does ("Networking" of its documentation). */
export const STATUS_PORT = 8000;

/** What the keys of Berth's own labels begin with. */
const LABEL_PREFIX = "berth.dev/";

/** Type of the Secret that the operator reads the owner's credentials from ("Bootstrap"). Other keys in it are left alone. */
export const OWNER_SECRET_TYPE = "kubernetes.io/basic-auth";

/** What a Cluster is waited for while it runs. */
const AWAKE = { "pulumi.com/waitFor": "condition=Ready" };

/** Has the operator take the pods away and keep the volume ("Declarative hibernation"), and waits until it has. */
const HIBERNATED = { "cnpg.io/hibernation": "on", "pulumi.com/waitFor": "condition=cnpg.io/hibernation" };

/** Versions that an operator's images are there for, oldest first. */
export function operatedVersions({ operators }: Pick<PlatformFacts, "operators">): string[] {
  return sortVersions(Object.keys(operators.cloudnativePg?.images ?? {}));
}

/** The version that a config gets; undefined when the platform has no image that serves it. */
export function operatedVersion(
  { postgresql }: Config["databases"],
  platform: Pick<PlatformFacts, "operators" | "defaultVersions">,
): string | undefined {
  const offered = operatedVersions(platform);
  if (postgresql.version !== undefined) return servingVersion(postgresql.version, offered);
  return offered.find((one) => one === platform.defaultVersions.postgresql) ?? offered.at(-1);
}

/**
 * Plans a PostgreSQL that the operator runs: the same address, variables and wait as without operator.
 *
 * @param spec what is particular to PostgreSQL
 */
export function planOperated(context: PlanContext, spec: EngineSpec): DatabasePlan {
  const { config, platform } = context;
  const version = operatedVersion(config.databases, platform) ?? "";
  const image = platform.operators.cloudnativePg?.images[version] ?? "";
  const { engine, port } = spec;
  return {
    engine,
    version,
    image,
    service: {
      metadata: { ...metadata(context, engine, engine), annotations: { "pulumi.com/skipAwait": "true" } },
      spec: { selector: PRIMARY_POD, ports: [{ name: engine, port, targetPort: port }] },
    },
    secretType: OWNER_SECRET_TYPE,
    rotated: context.rotations[engine],
    server: { kind: "operator", object: planCluster(context, image) },
    wait: planWait(spec, image, `--selector cnpg.io/cluster=${CLUSTER}`),
    variables: variablesOf(config.databases, engine),
    connection: (password) => ({ ...spec.connection(password), username: DATABASE_USER, password }),
  };
}

/**
 * PostgreSQL as an object of the operator CloudNativePG, one server without replicas. Users, version, storage, bootstrap SQL, resources
 * and times are those of a database without operator.
 *
 * @param image by digest and with a tag, by which the operator knows the version
 */
function planCluster(context: PlanContext, image: string): CustomResourceArgs {
  const { config, platform } = context;
  const { storage, bootstrap } = config.databases.postgresql;
  const about = metadata(context, CLUSTER, "postgresql");
  return {
    apiVersion: "postgresql.cnpg.io/v1",
    kind: "Cluster",
    metadata: { ...about, annotations: context.pr.asleep === true ? HIBERNATED : AWAKE },
    spec: {
      instances: 1,
      imageName: image,
      imagePullPolicy: "IfNotPresent",
      priorityClassName: platform.priorityClasses.environment,
      // Those of Berth alone: the operator gives its pods the usual ones itself.
      inheritedMetadata: {
        labels: Object.fromEntries(Object.entries(about.labels).filter(([key]) => key.startsWith(LABEL_PREFIX))),
      },
      resources: DATABASE_RESOURCES.postgresql,
      storage: {
        size: formatBytes(parseBytes(storage)),
        ...(platform.storageClass === null ? {} : { storageClass: platform.storageClass }),
      },
      bootstrap: {
        initdb: {
          database: DATABASE_NAME,
          owner: DATABASE_USER,
          secret: { name: "postgresql" },
          ...(bootstrap.initSQL.length > 0 && { postInitSQL: bootstrap.initSQL }),
          ...(bootstrap.postInitApplicationSQL.length > 0 && {
            postInitApplicationSQL: bootstrap.postInitApplicationSQL,
          }),
        },
      },
      enableSuperuserAccess: false,
      // A budget for a single pod would hold up every drain of its node.
      enablePDB: false,
      // The one for writing cannot be switched off; the quota has room for it.
      managed: { services: { disabledDefaultServices: ["ro", "r"] } },
      monitoring: { disableDefaultQueries: true },
      // Half an hour and an hour by default, which would be what a namespace takes to go and a failed start to be seen.
      stopDelay: GRACE_SECONDS,
      smartShutdownTimeout: 1,
      startDelay: WAIT_SECONDS,
    },
  };
}
