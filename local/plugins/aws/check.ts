import { isObject, Secret, Unknown, type CheckFailure, type Properties, type PropertyValue } from "../provider";
import type { PropertyRule } from "./rules";

/*
 * Whether properties are such as the API would take. What a preview does not know yet is left for the update.
 */

/** Most tags of a resource, and longest key and value (AWS Tagging user guide, "Tag naming limits and requirements"). */
const tagLimits = { count: 50, key: 128, value: 256 };

/**
 * Everything that is wrong with properties.
 *
 * @param rules of the properties by name
 * @param path where the properties are; empty for the resource itself
 */
export function checkProperties(
  properties: Properties,
  rules: Readonly<Record<string, PropertyRule>>,
  path = "",
): CheckFailure[] {
  const unknownNames = Object.keys(properties).filter((name) => rules[name] === undefined);
  const missing = Object.keys(rules).filter((name) => rules[name]?.required && isAbsent(properties[name]));
  return [
    ...unknownNames.map((name) => ({ property: join(path, name), reason: noSuchProperty(name, Object.keys(rules)) })),
    ...missing.map((name) => ({ property: join(path, name), reason: "is required" })),
    ...Object.entries(properties).flatMap(([name, value]) => {
      const rule = rules[name];
      return rule === undefined || isAbsent(value) ? [] : checkValue(value, rule, join(path, name));
    }),
  ];
}

/** True for what counts as not given. */
export function isAbsent(value: PropertyValue | undefined): value is null | undefined {
  return value === undefined || value === null;
}

function checkValue(value: PropertyValue, rule: PropertyRule, path: string): CheckFailure[] {
  if (value instanceof Secret) return checkValue(value.secret, rule, path);
  if (value instanceof Unknown || isAbsent(value)) return [];
  const wrong = (reason: string) => [{ property: path, reason }];
  switch (rule.type) {
    case "string":
      return typeof value === "string" ? checkText(value, rule, path) : wrong(`must be a text, but is ${kind(value)}`);
    case "number":
      return typeof value === "number"
        ? checkNumber(value, rule, path)
        : wrong(`must be a number, but is ${kind(value)}`);
    case "boolean":
      return typeof value === "boolean" ? [] : wrong(`must be true or false, but is ${kind(value)}`);
    case "json":
      return typeof value === "string" || isObject(value) ? [] : wrong(`must be JSON, but is ${kind(value)}`);
    case "list":
      return Array.isArray(value) ? checkList(value, rule, path) : wrong(`must be a list, but is ${kind(value)}`);
    case "map":
      return isObject(value) ? checkMap(value, rule, path) : wrong(`must be a map, but is ${kind(value)}`);
    case "object":
      return isObject(value)
        ? checkProperties(value, rule.properties ?? {}, path)
        : wrong(`must be an object, but is ${kind(value)}`);
  }
}

function checkText(value: string, rule: PropertyRule, path: string): CheckFailure[] {
  const reasons: string[] = [];
  if (rule.enum && !rule.enum.includes(value))
    reasons.push(`"${value}" is not accepted; accepted are ${rule.enum.join(", ")}`);
  if (rule.pattern !== undefined && !new RegExp(`^(?:${rule.pattern})$`).test(value))
    reasons.push(`"${value}" does not match ${rule.pattern}`);
  return [
    ...reasons.map((reason) => ({ property: path, reason })),
    ...checkSize(value.length, "characters", rule, path),
  ];
}

function checkNumber(value: number, rule: PropertyRule, path: string): CheckFailure[] {
  const tooLow = rule.min !== undefined && value < rule.min;
  if (!tooLow && (rule.max === undefined || value <= rule.max)) return [];
  const limit = tooLow ? `at least ${rule.min ?? ""}` : `at most ${rule.max ?? ""}`;
  return [{ property: path, reason: `is ${value}; ${limit} is accepted` }];
}

function checkList(values: readonly PropertyValue[], rule: PropertyRule, path: string): CheckFailure[] {
  const { items } = rule;
  return [
    ...checkSize(values.length, "entries", rule, path),
    ...(items ? values.flatMap((value, index) => checkValue(value, items, `${path}[${index}]`)) : []),
  ];
}

function checkMap(values: Properties, rule: PropertyRule, path: string): CheckFailure[] {
  const { items } = rule;
  return [
    ...checkSize(Object.keys(values).length, "entries", rule, path),
    ...(items ? Object.entries(values).flatMap(([key, value]) => checkValue(value, items, join(path, key))) : []),
    ...(path === "tags" ? checkTags(values) : []),
  ];
}

function checkTags(tags: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const count = Object.keys(tags).length;
  if (count > tagLimits.count) failures.push({ property: "tags", reason: `are ${count}; at most 50 are accepted` });
  for (const [key, value] of Object.entries(tags)) {
    const property = join("tags", key);
    if (key.toLowerCase().startsWith("aws:"))
      failures.push({ property, reason: "begins with aws:, which is kept for AWS" });
    failures.push(...checkSize(key.length, "characters in its key", { type: "string", max: tagLimits.key }, property));
    if (typeof value === "string")
      failures.push(...checkSize(value.length, "characters", { type: "string", max: tagLimits.value }, property));
  }
  return failures;
}

function checkSize(size: number, unit: string, { min, max }: PropertyRule, path: string): CheckFailure[] {
  if (min !== undefined && size < min)
    return [{ property: path, reason: `has ${size} ${unit}; at least ${min} are accepted` }];
  if (max !== undefined && size > max)
    return [{ property: path, reason: `has ${size} ${unit}; at most ${max} are accepted` }];
  return [];
}

function noSuchProperty(name: string, known: readonly string[]): string {
  const similar = known.find(
    (one) => one.toLowerCase() === name.toLowerCase() || one === `${name}s` || `${one}s` === name,
  );
  return similar === undefined
    ? "is no property of this type"
    : `is no property of this type; did you mean ${similar}?`;
}

function kind(value: PropertyValue): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "a text";
  return isObject(value) ? "an object" : `a ${typeof value}`;
}

function join(path: string, name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) return `${path}["${name}"]`;
  return path === "" ? name : `${path}.${name}`;
}
