import { contradictions } from "./check";
import { ConfigError, findingsOf, toProblem } from "./problems";
import type { Finding } from "./problems";
import { configSchema } from "./schema";
import type { Config } from "./schema";

/**
 * Checks a config that is a value already, such as the one in a stack's config.
 *
 * @param value what berth.yaml says, with or without its defaults
 * @param source what to call it in errors
 * @throws ConfigError with all problems at once
 */
export function parseConfig(value: unknown, source = "berth:config"): Config {
  const result = examine(value);
  if ("config" in result) return result.config;
  throw new ConfigError(source, result.findings.map(toProblem));
}

/** Gives the config with its defaults, or everything that is wrong with it. */
export function examine(value: unknown): { config: Config } | { findings: Finding[] } {
  const input = value ?? {};
  const parsed = configSchema.safeParse(input);
  if (parsed.success) {
    const findings = contradictions(parsed.data);
    return findings.length === 0 ? { config: parsed.data } : { findings };
  }
  const wrong = findingsOf(parsed.error.issues, input, configSchema);
  return { findings: [...wrong, ...contradictionsBeside(wrong, input)] };
}

/** Fields that can be judged only together with others. */
const JUDGED_WITH: Readonly<Record<string, readonly string[]>> = {
  services: ["databases"],
  probes: ["ingress"],
  budget: ["app", "resources", "services", "databases"],
};

/** Contradictions in the fields that are fine by themselves, so that one look tells all there is to correct. */
function contradictionsBeside(wrong: readonly Finding[], input: unknown): Finding[] {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return [];
  const unusable = new Set<PropertyKey | undefined>(wrong.map(({ path }) => path[0]));
  for (const [field, others] of Object.entries(JUDGED_WITH)) {
    if (others.some((other) => unusable.has(other))) unusable.add(field);
  }
  const usable = Object.entries(input).filter(([field]) => !unusable.has(field));
  const parsed = configSchema.safeParse({ projectId: "any", ...Object.fromEntries(usable) });
  return parsed.success ? contradictions(parsed.data).filter(({ path }) => !unusable.has(path[0])) : [];
}
