import { ENGINES } from "./engines";
import type { Engine } from "./engines";
import type { Config } from "./schema";

export { ENGINES } from "./engines";
export type { Engine } from "./engines";

/* The databases that an environment can have of its own, and what all parts of Berth know of each. */

/** Engines as people call them. */
export const ENGINE_TITLES: Record<Engine, string> = {
  postgresql: "PostgreSQL",
  mariadb: "MariaDB",
  redis: "Redis",
  mongodb: "MongoDB",
  s3: "S3 object store",
};

/**
 * Variables that an app with a database gets, under the names that most libraries read. As in k8s-ee, which has none of `AWS_*`,
 * `S3_REGION` and `S3_FORCE_PATH_STYLE`.
 *
 * Each is a key of the Secret that is named after the engine. An object store that is called `minio` has {@link MINIO_VARIABLES}.
 */
export const INJECTED_DATABASE = {
  postgresql: ["DATABASE_URL", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"],
  mariadb: ["MYSQL_URL", "MYSQL_HOST", "MYSQL_PORT", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE"],
  redis: ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"],
  mongodb: ["MONGODB_URI", "MONGODB_URL", "MONGODB_DATABASE"],
  s3: [
    ...["S3_ENDPOINT", "S3_REGION", "S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_FORCE_PATH_STYLE"],
    ...["AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
  ],
} as const satisfies Record<Engine, readonly string[]>;

/**
 * Variables of an object store that the config calls `minio`. None of `AWS_*`, so that an app which also has an account at AWS, by
 * `envFrom`, keeps it.
 */
export const MINIO_VARIABLES = [
  ...["MINIO_ENDPOINT", "MINIO_BUCKET", "MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"],
  ...["S3_ENDPOINT", "S3_REGION", "S3_BUCKET", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_FORCE_PATH_STYLE"],
] as const;

/** The version for a config that names none, where the platform offers it. As in k8s-ee, which has none for the others. */
export const USUAL_VERSIONS: Partial<Record<Engine, string>> = { postgresql: "16", mariadb: "11.4" };

/** What a config says of an engine, as far as all engines have it. */
export interface EngineSettings {
  enabled: boolean;
  /** Undefined: the platform's default. */
  version?: string | undefined;
  /** Size of the volume. */
  storage: string;
}

/** Whether a config asks for the object store by the name that k8s-ee.yaml has for it. */
export function isMinio(databases: Config["databases"]): boolean {
  return databases.minio.enabled && !databases.s3.enabled;
}

/** What a config says of an engine, under whichever name. */
export function settingsOf(databases: Config["databases"], engine: Engine): EngineSettings {
  return engine === "s3" && isMinio(databases) ? databases.minio : databases[engine];
}

/** The bucket that an app finds in its object store. */
export function bucketOf(databases: Config["databases"]): string {
  return isMinio(databases) ? databases.minio.bucket : databases.s3.bucket;
}

/** Variables that an app gets for an engine, each a key of the Secret that is named after it. */
export function variablesOf(databases: Config["databases"], engine: Engine): readonly string[] {
  return engine === "s3" && isMinio(databases) ? MINIO_VARIABLES : INJECTED_DATABASE[engine];
}

/** Whether a config has its PostgreSQL run by the operator CloudNativePG. */
export function isOperated({ postgresql }: Pick<Config["databases"], "postgresql">): boolean {
  return postgresql.enabled && postgresql.operator === "cloudnative-pg";
}

/** Whether the password of an engine can be changed: all but a PostgreSQL with an operator, which has a way of its own. */
export function canRotate(databases: Config["databases"], engine: Engine): boolean {
  return engine !== "postgresql" || !isOperated(databases);
}

/** Engines that a config enables. */
export function enabledEngines(databases: Config["databases"]): Engine[] {
  return ENGINES.filter((engine) => settingsOf(databases, engine).enabled);
}

/** Makes a value for each engine. */
export function perEngine<T>(make: (engine: Engine) => T): Record<Engine, T> {
  return Object.fromEntries(ENGINES.map((engine) => [engine, make(engine)])) as Record<Engine, T>;
}

/**
 * The offered version that serves a wanted one: itself, else the series that it is of, so that `7.0.5` is served by `7.0`, since
 * platforms mostly offer series. Undefined when there is none.
 */
export function servingVersion(wanted: string, offered: readonly string[]): string | undefined {
  const parts = wanted.split(".");
  const series = parts.map((_, index) => parts.slice(0, parts.length - index).join("."));
  return series.find((one) => offered.includes(one));
}

/** Sorts versions such as `9`, `10.11` and `7.0.5`, oldest first. */
export function sortVersions(versions: readonly string[]): string[] {
  const parts = (version: string) => version.split(".").map(Number);
  return [...versions].sort((a, b) => {
    const [left, right] = [parts(a), parts(b)];
    const at = left.findIndex((part, index) => part !== right[index]);
    return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
  });
}
