import { enabledEngines } from "../../../config/databases";
import type { Engine } from "../../../config/databases";
import type { Config } from "../../../config/schema";
import type { PlanContext } from "../context";
import { planDatabase } from "./engine";
import type { DatabasePlan, EngineSpec } from "./engine";
import { mariadb } from "./mariadb";
import { postgresql } from "./postgresql";
import { redis } from "./redis";

const SPECS: Record<Engine, (databases: Config["databases"]) => EngineSpec> = {
  postgresql: (databases) => postgresql(databases.postgresql),
  mariadb,
  redis,
};

/** What is particular to each database that the config enables. */
export function specsOf(databases: Config["databases"]): EngineSpec[] {
  return enabledEngines(databases).map((engine) => SPECS[engine](databases));
}

/** Plans every database that the config enables. */
export function planDatabases(context: PlanContext): DatabasePlan[] {
  return specsOf(context.config.databases).map((spec) => planDatabase(context, spec));
}
