import type { Config } from "./schema";

/* The databases that an environment can have of its own, and what all parts of Berth know of each. */

/** Every engine, in the order in which they are listed. */
export const ENGINES = ["postgresql", "mariadb", "redis"] as const;

/** An engine, by its name in berth.yaml. */
export type Engine = (typeof ENGINES)[number];

/** Engines as people call them. */
export const ENGINE_TITLES: Record<Engine, string> = { postgresql: "PostgreSQL", mariadb: "MariaDB", redis: "Redis" };

/**
 * Variables that an app with a database gets, under the names that most libraries read. As in k8s-ee.
 *
 * Each is a key of the Secret that is named after the engine.
 */
export const INJECTED_DATABASE = {
  postgresql: ["DATABASE_URL", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"],
  mariadb: ["MYSQL_URL", "MYSQL_HOST", "MYSQL_PORT", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE"],
  redis: ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"],
} as const satisfies Record<Engine, readonly string[]>;

/** The version for a config that names none, where the platform offers it. As in k8s-ee, which has none for Redis. */
export const USUAL_VERSIONS: Partial<Record<Engine, string>> = { postgresql: "16", mariadb: "11.4" };

/** Engines that a config enables. */
export function enabledEngines(databases: Config["databases"]): Engine[] {
  return ENGINES.filter((engine) => databases[engine].enabled);
}

/** Makes a value for each engine. */
export function perEngine<T>(make: (engine: Engine) => T): Record<Engine, T> {
  return Object.fromEntries(ENGINES.map((engine) => [engine, make(engine)])) as Record<Engine, T>;
}

/** Sorts versions such as `9`, `10.11` and `11.4`, oldest first. */
export function sortVersions(versions: readonly string[]): string[] {
  const parts = (version: string) => version.split(".").map(Number);
  return [...versions].sort((a, b) => {
    const [left, right] = [parts(a), parts(b)];
    return (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0);
  });
}
