import { isDeepStrictEqual } from "node:util";

import {
  containsUnknown,
  isObject,
  reveal,
  revealAll,
  Unknown,
  type Properties,
  type PropertyChange,
  type PropertyValue,
} from "../provider";
import { isAbsent } from "./check";
import type { PropertyRule } from "./rules";

/** Where lists are whose order means nothing: paths without indices. */
export type Sets = ReadonlySet<string>;

/**
 * How a resource changes when its inputs do.
 *
 * @param sets paths of lists whose order means nothing
 */
export function diffProperties(
  olds: Properties,
  news: Properties,
  rules: Readonly<Record<string, PropertyRule>>,
  sets: Sets,
): Record<string, PropertyChange> {
  const changes: Record<string, PropertyChange> = {};
  compareAll(revealAll(olds), revealAll(news), rules, { path: "", place: "", replace: false, sets, changes });
  return changes;
}

interface Context {
  /** As the engine shows it, with indices. */
  path: string;
  /** As rules and sets name it, without indices. */
  place: string;
  /** Something further out needs a new resource. */
  replace: boolean;
  sets: Sets;
  changes: Record<string, PropertyChange>;
}

function compareAll(
  olds: Properties,
  news: Properties,
  rules: Readonly<Record<string, PropertyRule>>,
  context: Context,
): void {
  for (const name of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    const rule = rules[name];
    compare(olds[name], news[name], rule, {
      ...context,
      path: join(context.path, name),
      place: join(context.place, name),
      replace: context.replace || rule?.replaces === true,
    });
  }
}

function compare(
  old: PropertyValue | undefined,
  fresh: PropertyValue | undefined,
  rule: PropertyRule | undefined,
  context: Context,
): void {
  const note = (kind: PropertyChange["kind"]) => {
    context.changes[context.path] = { kind, ...(context.replace && { replace: true }) };
  };
  if (isAbsent(old) && isAbsent(fresh)) return;
  if (isAbsent(old)) note("add");
  else if (isAbsent(fresh)) note("delete");
  else if (fresh instanceof Unknown) note("update");
  else if (isObject(old) && isObject(fresh)) {
    const { items } = rule ?? {};
    const names = new Set([...Object.keys(old), ...Object.keys(fresh)]);
    const ofMap = items && Object.fromEntries([...names].map((name) => [name, items]));
    compareAll(old, fresh, rule?.properties ?? ofMap ?? {}, context);
  } else if (Array.isArray(old) && Array.isArray(fresh)) compareLists(old, fresh, rule, context, note);
  else if (!isDeepStrictEqual(old, fresh) && !sameDocument(old, fresh)) note("update");
}

function compareLists(
  old: PropertyValue[],
  fresh: PropertyValue[],
  rule: PropertyRule | undefined,
  context: Context,
  note: (kind: PropertyChange["kind"]) => void,
): void {
  if (context.sets.has(context.place)) {
    if (containsUnknown(fresh) || !isDeepStrictEqual(sorted(old), sorted(fresh))) note("update");
    return;
  }
  for (let index = 0; index < Math.max(old.length, fresh.length); index += 1)
    compare(old[index], fresh[index], rule?.items, { ...context, path: `${context.path}[${index}]` });
}

function sorted(values: readonly PropertyValue[]): string[] {
  return values.map((value) => JSON.stringify(sortKeys(reveal(value)))).sort();
}

/** Two policies may be written differently and say the same. */
function sameDocument(one: PropertyValue, other: PropertyValue): boolean {
  const [first, second] = [one, other].map(asDocument);
  return first !== undefined && second !== undefined && isDeepStrictEqual(first, second);
}

function asDocument(value: PropertyValue): unknown {
  if (isObject(value)) return value;
  if (typeof value !== "string" || !/^\s*[{[]/.test(value)) return undefined;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return undefined;
  }
}

function sortKeys(value: PropertyValue): PropertyValue {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, one]) => !isAbsent(one));
  return Object.fromEntries(
    entries.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, one]) => [key, sortKeys(one)]),
  );
}

function join(path: string, name: string): string {
  if (!/^[A-Za-z_]\w*$/.test(name)) return `${path}["${name}"]`;
  return path === "" ? name : `${path}.${name}`;
}
