import { isDeepStrictEqual } from "node:util";

import {
  containsUnknown,
  isObject,
  reveal,
  revealAll,
  type Properties,
  type PropertyChange,
  type PropertyValue,
} from "../provider";
import type { Kind } from "./kinds";

/*
 * Decides what a change of inputs means for a resource, by comparing what is wanted with what is.
 */

/**
 * What has to change, by property.
 *
 * @param names properties that the kind takes
 * @param news what the program wants
 * @param actual outputs in the state, which is what GitHub told last
 */
export function compare(
  kind: Kind,
  names: readonly string[],
  news: Properties,
  actual: Properties,
): Record<string, PropertyChange> {
  const wanted = kind.complete?.(revealAll(news)) ?? revealAll(news);
  const is = kind.complete?.(revealAll(actual)) ?? revealAll(actual);
  const changes: Record<string, PropertyChange> = {};
  for (const name of names) {
    const given = wanted[name] ?? null;
    if (given === null && (kind.computed ?? []).includes(name)) continue;
    const target = given ?? kind.defaults?.[name] ?? null;
    if (isSame(kind, name, target, is[name] ?? null)) continue;
    const replace = kind.replaces?.includes(name) === true;
    changes[name] = { kind: kindOf(target, is[name] ?? null), ...(replace && { replace }) };
  }
  for (const name of kind.drift?.(is) ?? []) changes[name] ??= { kind: "update" };
  return changes;
}

/** Whether a property is what it should be. */
export function isSame(kind: Kind, name: string, wanted: PropertyValue, actual: PropertyValue): boolean {
  if (containsUnknown(wanted)) return false;
  const isPart = kind.partial?.includes(name) === true && isObject(wanted) && isObject(actual);
  const compared = isPart ? Object.fromEntries(Object.keys(wanted).map((key) => [key, actual[key] ?? null])) : actual;
  const sets = kind.sets ?? [];
  return isDeepStrictEqual(
    canonical(reveal(wanted), sets, sets.includes(name)),
    canonical(reveal(compared), sets, sets.includes(name)),
  );
}

function kindOf(target: PropertyValue, actual: PropertyValue): PropertyChange["kind"] {
  if (isEmpty(actual)) return "add";
  return isEmpty(target) ? "delete" : "update";
}

/** False, 0, an empty text and an empty list are what is not given: GitHub tells them either way. An empty object is a rule without parameters. */
function isEmpty(value: PropertyValue): boolean {
  return (
    value === null || value === false || value === 0 || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

function canonical(value: PropertyValue, sets: readonly string[], isSet: boolean): PropertyValue {
  if (isEmpty(value)) return null;
  if (Array.isArray(value)) {
    const items = value.map((one) => canonical(one, sets, false));
    return isSet ? items.sort((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1)) : items;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value)
    .map(([name, one]): [string, PropertyValue] => [name, canonical(one, sets, sets.includes(name))])
    .filter(([, one]) => one !== null)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries);
}
