import { ConfigError, findingsOf, toProblem } from "../problems";
import { contradictions } from "./check";
import { platformSchema } from "./schema";
import type { PlatformConfig } from "./schema";

export { platformFactsSchema } from "./facts";
export type { PlatformFacts } from "./facts";
export { parseProvider } from "./oauth";
export type { ProviderInput } from "./oauth";
export { acceptedModes, defaultVersion, trustLimits } from "./offers";
export { platformSchema } from "./schema";
export type { Gateway, PlatformConfig, PlatformInput } from "./schema";
export { subjectText } from "./subjects";

/* The stack config `berth:platform`, and what the platform stack tells the others. */

/**
 * Checks the value of `berth:platform`.
 *
 * @throws ConfigError with all problems at once
 */
export function parsePlatform(value: unknown): PlatformConfig {
  const parsed = platformSchema.safeParse(value ?? {});
  const findings = parsed.success
    ? contradictions(parsed.data)
    : findingsOf(parsed.error.issues, value, platformSchema);
  if (parsed.success && findings.length === 0) return parsed.data;
  throw new ConfigError("berth:platform", findings.map(toProblem));
}
