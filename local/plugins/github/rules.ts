import { isObject, Secret, Unknown, type CheckFailure, type Properties, type PropertyValue } from "../provider";
import rules from "./rules.json";

/** What a value may be. */
export type PropertyType =
  "string" | "number" | "boolean" | { list: PropertyType } | { object: Record<string, PropertyRule> };

/** One property that a resource takes. */
export interface PropertyRule {
  type: PropertyType;
  required?: boolean;
  deprecated?: boolean;
}

/** What a kind of resource takes and gives, as @pulumi/github declares it. */
export interface KindRules {
  inputs: Record<string, PropertyRule>;
  outputs: string[];
  secretOutputs: string[];
}

/** The rules by type token; see scripts/github-rules.ts. */
export const rulesByToken: Readonly<Record<string, KindRules>> = rules as Record<string, KindRules>;

/**
 * Compares inputs with the declared properties.
 *
 * @returns what is unknown, missing or of a wrong type, each by its path. No value is repeated, for it may be secret.
 */
export function checkProperties(declared: Record<string, PropertyRule>, inputs: Properties): CheckFailure[] {
  return checkObject(declared, inputs, "");
}

function checkObject(declared: Record<string, PropertyRule>, given: Properties, prefix: string): CheckFailure[] {
  const failures: CheckFailure[] = [];
  for (const [name, value] of Object.entries(given)) {
    const rule = declared[name];
    if (rule !== undefined) failures.push(...checkValue(rule.type, value, prefix + name));
    else {
      const reason = `is no property of @pulumi/github; accepted are ${Object.keys(declared).sort().join(", ")}`;
      failures.push({ property: prefix + name, reason });
    }
  }
  for (const [name, rule] of Object.entries(declared)) {
    if (rule.required === true && (given[name] ?? null) === null)
      failures.push({ property: prefix + name, reason: "is required" });
  }
  return failures;
}

function checkValue(type: PropertyType, value: PropertyValue, path: string): CheckFailure[] {
  if (value === null || value instanceof Unknown) return [];
  if (value instanceof Secret) return checkValue(type, value.secret, path);
  if (typeof type === "string")
    return typeof value === type ? [] : [{ property: path, reason: `must be a ${type}, not ${nameOf(value)}` }];
  if ("list" in type) {
    if (!Array.isArray(value)) return [{ property: path, reason: `must be a list, not ${nameOf(value)}` }];
    return value.flatMap((one, index) => checkValue(type.list, one, `${path}[${index}]`));
  }
  if (!isObject(value)) return [{ property: path, reason: `must be an object, not ${nameOf(value)}` }];
  return checkObject(type.object, value, `${path}.`);
}

function nameOf(value: PropertyValue): string {
  if (Array.isArray(value)) return "a list";
  return isObject(value) ? "an object" : `a ${typeof value}`;
}
