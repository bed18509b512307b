import type { EnvironmentName } from "./naming";
import { readRecords, type LifeRecord } from "./records";
import type { Target } from "./target";

/**
 * What has happened to an environment, newest first; it outlives the environment.
 *
 * @param name @default every environment
 * @param limit Records at most. @default 50
 */
export async function history(target: Target, name?: EnvironmentName, limit = 50): Promise<LifeRecord[]> {
  return (await readRecords(target, name?.namespace)).slice(0, limit);
}
