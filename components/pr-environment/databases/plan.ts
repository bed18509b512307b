import { enabledEngines, isOperated } from "../../../config/databases";
import type { Engine } from "../../../config/databases";
import { ANNOTATION } from "../../../config/labels";
import type { Config } from "../../../config/schema";
import type { PlanContext } from "../context";
import { planOperated } from "./cloudnative-pg";
import { planDatabase } from "./engine";
import type { DatabasePlan, EngineSpec } from "./engine";
import { mariadb } from "./mariadb";
import { mongodb } from "./mongodb";
import { postgresql } from "./postgresql";
import { redis } from "./redis";
import { s3 } from "./s3";

const SPECS: Record<Engine, (databases: Config["databases"]) => EngineSpec> = {
  postgresql: (databases) => postgresql(databases.postgresql),
  mariadb,
  redis,
  mongodb,
  s3,
};

/** What is particular to each database that the config enables. */
export function specsOf(databases: Config["databases"]): EngineSpec[] {
  return enabledEngines(databases).map((engine) => SPECS[engine](databases));
}

/**
 * Annotations for pods that get databases' passwords as variables: a changed one restarts them.
 *
 * @param engines databases whose passwords they get
 */
export function rotationAnnotations({ rotations }: PlanContext, engines: readonly Engine[]): Record<string, string> {
  const times = engines.flatMap((engine) => rotations[engine] ?? []).sort();
  const last = times.at(-1);
  return last === undefined ? {} : { [ANNOTATION.rotated]: last };
}

/** Plans every database that the config enables. */
export function planDatabases(context: PlanContext): DatabasePlan[] {
  const { databases } = context.config;
  return specsOf(databases).map((spec) =>
    spec.engine === "postgresql" && isOperated(databases) ? planOperated(context, spec) : planDatabase(context, spec),
  );
}
