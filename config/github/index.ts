import type { z } from "zod";
import type { Finding } from "../problems";
import { contradictions, lonelyIds, tell, withoutRepeats } from "./check";
import { isMapping, merge, placer, resolve } from "./resolve";
import type { Mapping } from "./resolve";
import { PARTS, defaults, organisation, repository } from "./schema";
import type { Top } from "./schema";
import type { GithubExamination } from "./types";

export { githubSchema } from "./schema";
export type { GithubInput } from "./schema";
export type {
  BypassConfig,
  EnvironmentConfig,
  GithubConfig,
  GithubExamination,
  RepositoryConfig,
  RepositorySettings,
  SecretReference,
} from "./types";

/*
 * The stack config `berth:github`: fields and their types, names of teams and users, and one list of repositories over common defaults.
 * Which values can be is said where they are used, by the `validate` of the component, so that the stack names everything at once.
 */

/**
 * Checks fields, types and names of `berth:github`. Goes on after a problem, part by part, so that all problems are told at once.
 *
 * @param value the config as it is written
 */
export function examineGithub(value: unknown): GithubExamination {
  const given = isMapping(value) ? value : {};
  const list = Array.isArray(given["repositories"]) ? (given["repositories"] as unknown[]) : [];
  const findings: Finding[] = [];

  const whole = organisation.safeParse(value ?? {});
  if (!whole.success) findings.push(...tell(whole.error.issues, value ?? {}, organisation));
  const top = readTop(given);
  const common = readable(defaults, given["defaults"] ?? {}) ?? {};
  const commonInput = isMapping(given["defaults"]) ? given["defaults"] : {};

  const repositories = list.flatMap((entry, index) => {
    const own = readable(repository, typeof entry === "string" ? { name: entry } : entry);
    if (own === undefined) return [];
    const { name, id, ...rest } = own;
    const inEntry = placer(["repositories", index], rest, commonInput);
    const placeOf = (path: readonly PropertyKey[]) =>
      typeof entry === "string" && path[0] === "name" ? ["repositories", index] : inEntry(path);
    const merged = merge(common, rest);
    const resolved = resolve(merged, { teams: top.teams, users: top.users }, placeOf);
    findings.push(...resolved.findings);
    return [{ name, ...(id === undefined ? {} : { id }), settings: resolved.settings, placeOf }];
  });
  repositories.forEach(({ name }, index) => {
    const twin = repositories.slice(0, index).find((other) => other.name.toLowerCase() === name.toLowerCase());
    if (twin === undefined) return;
    findings.push({
      path: repositories[index]?.placeOf(["name"]) ?? [],
      value: `"${name}", the same as "${twin.name}" to GitHub`,
      accepted: "each repository once",
      fix: "Remove one of them.",
    });
  });

  const { owner = "unknown", ownerId, baseUrl, writeDelayMs = 1000, appAuth, loginApp } = top;
  return {
    config: { owner, ownerId, baseUrl, writeDelayMs, appAuth, loginApp, repositories },
    findings: withoutRepeats([...findings, ...contradictions(top), ...lonelyIds(ownerId, repositories)]),
  };
}

/** Reads each field but the parts by itself. */
function readTop(given: Mapping): Partial<Top> {
  const fields = Object.entries<z.ZodType>(organisation.shape).filter(([key]) => !PARTS.some((part) => part === key));
  return Object.fromEntries(fields.map(([key, field]) => [key, readable(field, given[key])]));
}

/** The value with its defaults; undefined when it is not right. */
function readable<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
