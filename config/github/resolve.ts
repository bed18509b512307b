import type { z } from "zod";
import { closest } from "../problems";
import type { Finding } from "../problems";
import type { secrets } from "./schema";
import type { Rules, Settings } from "./schema";
import type { BypassConfig, Directory, RepositoryConfig, RepositorySettings, SecretReference } from "./types";

/**
 * A repository's settings over the defaults: mappings are merged field by field, environments, variables and labels name by name;
 * lists and single values replace. `false` takes an environment of the defaults away.
 */
export function merge(common: Settings, own: Settings): Settings {
  return mergeMappings(common, own);
}

function mergeMappings(common: Mapping, own: Mapping): Mapping {
  const result: Mapping = { ...common };
  for (const [key, value] of Object.entries(own)) {
    if (value === undefined) continue;
    const other = common[key];
    result[key] = isMapping(value) && isMapping(other) ? mergeMappings(other, value) : value;
  }
  return result;
}

export function resolve(
  merged: Settings,
  directory: Directory,
  placeOf: RepositoryConfig["placeOf"],
): { settings: RepositorySettings; findings: Finding[] } {
  const findings: Finding[] = [];
  const idOf = (kind: keyof Directory, name: string, path: PropertyKey[]): number[] => {
    const ids = directory[kind];
    if (ids === undefined) return [];
    const id = Object.hasOwn(ids, name) ? ids[name] : undefined;
    if (id !== undefined) return [id];
    const known = Object.keys(ids);
    const near = closest(name, known);
    findings.push({
      path: placeOf(path),
      value: `"${name}", whose ID is not known`,
      accepted: known.length === 0 ? `names in ${kind}, which has none` : `one of ${known.join(", ")}`,
      fix:
        near === undefined
          ? `Add it to ${kind} with its numeric ID.`
          : `Did you mean ${near}? Otherwise add it to ${kind}.`,
    });
    return [];
  };
  const { rules, environments = {}, secrets, ...rest } = merged;
  const settings = {
    ...rest,
    ...(rules === undefined ? {} : { rules: resolveRules(rules, idOf, findings, placeOf) }),
    environments: Object.fromEntries(
      Object.entries(environments).flatMap(([name, value]) => {
        if (value === false) return [];
        const { reviewers, secrets: own, ...others } = value;
        const path = ["environments", name];
        const idsOf = (kind: keyof Directory) =>
          (reviewers?.[kind] ?? []).flatMap((one, index) => idOf(kind, one, [...path, "reviewers", kind, index]));
        return [
          [
            name,
            {
              ...others,
              ...(reviewers ? { reviewers: { teams: idsOf("teams"), users: idsOf("users") } } : {}),
              secrets: referencesOf(own, [...path, "secrets"], placeOf, findings),
            },
          ] as const,
        ];
      }),
    ),
    secrets: referencesOf(secrets, ["secrets"], placeOf, findings),
  };
  return { settings, findings };
}

function resolveRules(
  { bypass, ...rules }: Rules,
  idOf: (kind: keyof Directory, name: string, path: PropertyKey[]) => number[],
  findings: Finding[],
  placeOf: RepositoryConfig["placeOf"],
): NonNullable<RepositorySettings["rules"]> {
  if (bypass === undefined) return rules;
  const actors = bypass.flatMap(({ role, team, app, when }, index): BypassConfig[] => {
    const path = ["rules", "bypass", index];
    const kinds = Object.entries({ role, team, app }).filter(([, value]) => value !== undefined);
    if (kinds.length !== 1) {
      findings.push({
        path: placeOf(path),
        value: kinds.length === 0 ? "nobody" : kinds.map(([kind]) => kind).join(" and "),
        accepted: "one of role, team and app",
        fix: "Write one entry for each.",
      });
      return [];
    }
    const mode = when === undefined ? {} : { when };
    if (team !== undefined) return idOf("teams", team, [...path, "team"]).map((id) => ({ team: id, ...mode }));
    if (app !== undefined) return [{ app, ...mode }];
    return role === undefined ? [] : [{ role, ...mode }];
  });
  return { ...rules, bypass: actors };
}

function referencesOf(
  list: z.output<typeof secrets> = [],
  path: readonly PropertyKey[],
  placeOf: RepositoryConfig["placeOf"],
  findings: Finding[],
): SecretReference[] {
  const references = list.map((entry, index) => ({
    ...(typeof entry === "string" ? { name: entry, from: entry } : entry),
    path: placeOf([...path, index]),
  }));
  return references.filter(({ name, path: place }, index) => {
    if (references.findIndex((other) => other.name === name) === index) return true;
    findings.push({ path: place, value: `"${name}", a second time`, accepted: "each name once", fix: "Remove it." });
    return false;
  });
}

/** Tells whether a setting is a repository's own or comes from the defaults: whichever has more of the path. */
export function placer(entry: readonly PropertyKey[], own: Mapping, common: Mapping): RepositoryConfig["placeOf"] {
  return (path) => {
    const depths = [own, common].map((root) => depthOf(root, path));
    return (depths[1] ?? 0) > (depths[0] ?? 0) ? ["defaults", ...path] : [...entry, ...path];
  };
}

function depthOf(root: unknown, path: readonly PropertyKey[]): number {
  let value = root;
  for (const [depth, key] of path.entries()) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return depth;
    value = value[key as keyof typeof value];
  }
  return path.length;
}

export type Mapping = Record<string, unknown>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
