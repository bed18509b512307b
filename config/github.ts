import { z } from "zod";
import { flag, options } from "./fields";
import { closest, findingsOf, formatPath } from "./problems";
import type { Finding } from "./problems";

/*
 * The stack config `berth:github`: fields and their types, names of teams and users, and one list of repositories over common defaults.
 * Which values can be is said where they are used, by the `validate` of the component, so that the stack names everything at once.
 */

const MAPPING = "a mapping of fields";
const text = (accepted: string) => z.string(accepted);
const number = (accepted = "a number") => z.number(accepted);
const texts = (accepted: string) => z.array(text(accepted), `a list of ${accepted}`);

/** Name of a secret. Upper case, as GitHub stores it, so that nothing else than a name is taken for one. */
const SECRET_NAME = /^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/;
const SECRETS = "a list of names, such as [NPM_TOKEN]";
const secretName = () =>
  text("a name of upper-case letters, digits and _ that does not begin with a digit or GITHUB_").regex(
    SECRET_NAME,
    "a name of upper-case letters, digits and _ that does not begin with a digit or GITHUB_",
  );

const secrets = z
  .array(
    z.union(
      [secretName(), z.strictObject({ name: secretName(), from: secretName() }, "a mapping of name and from")],
      "a name, or a mapping of name and from",
    ),
    SECRETS,
  )
  .describe(
    "Names of Actions secrets. The value of NAME is the encrypted config `berth:githubSecret-NAME`, or of `from` where given.",
  );

const variables = z
  .record(z.string(), text('text; numbers and booleans in quotes, such as "true"'), "a mapping of names to text")
  .describe("Actions variables. Everybody who can read the repository reads them.");

const rules = z.strictObject(
  {
    enforcement: options("active", "evaluate", "disabled").optional(),
    branches: texts("branch names or patterns").optional(),
    requiredChecks: z
      .array(
        z.union(
          [text("a check's name"), z.strictObject({ name: text("a check's name"), appId: number() }, MAPPING)],
          "a check's name, or a mapping of name and appId",
        ),
        "a list of checks",
      )
      .optional(),
    requireUpToDate: flag().optional(),
    approvals: number().optional(),
    codeOwnerReview: flag().optional(),
    dismissStaleReviews: flag().optional(),
    lastPushApproval: flag().optional(),
    resolveConversations: flag().optional(),
    linearHistory: flag().optional(),
    mergeMethods: z.array(options("merge", "squash", "rebase"), "a list of merge, squash and rebase").optional(),
    signedCommits: flag().optional(),
    allowForcePush: flag().optional(),
    allowDeletion: flag().optional(),
    bypass: z
      .array(
        z.strictObject(
          {
            role: options("maintain", "write", "admin").optional(),
            team: text("the name of a team in teams").optional(),
            app: number("the numeric ID of a GitHub App").optional(),
            when: options("always", "pull_request").optional(),
          },
          "a mapping of role, team or app",
        ),
        "a list of roles, teams and Apps",
      )
      .optional(),
  },
  MAPPING,
);

const environment = z.strictObject(
  {
    reviewers: z
      .strictObject(
        { teams: texts("names of teams in teams").optional(), users: texts("names of users in users").optional() },
        "a mapping of teams and users",
      )
      .optional(),
    preventSelfReview: flag().optional(),
    adminsCanBypass: flag().optional(),
    waitMinutes: number().optional(),
    deployFrom: z
      .strictObject(
        { branches: texts("branch names or patterns").optional(), tags: texts("tag names or patterns").optional() },
        "a mapping of branches and tags",
      )
      .optional(),
    secrets: secrets.optional(),
    variables: variables.optional(),
  },
  MAPPING,
);

const label = z.strictObject(
  { color: text('six hexadecimal digits in quotes, such as "1f6feb"'), description: text("text").optional() },
  "a mapping of color and description",
);

const settings = {
  mode: options("configure", "adopt", "create")
    .optional()
    .describe("Whether the stack has the repository itself: not at all, one that exists, or one that it creates."),
  visibility: options("public", "private", "internal").optional().describe("Who sees the repository."),
  security: z
    .strictObject(
      {
        license: options("none", "secret-protection", "advanced-security").optional(),
        secretScanning: flag().optional(),
        pushProtection: flag().optional(),
      },
      MAPPING,
    )
    .optional()
    .describe("Secret scanning and push protection."),
  dependabot: z
    .strictObject({ alerts: flag().optional(), securityUpdates: flag().optional() }, MAPPING)
    .optional()
    .describe("What Dependabot does."),
  rules: rules.optional().describe("The ruleset of the default branch."),
  environments: z
    .record(
      z.string(),
      z.union([z.literal(false), environment], "a mapping of fields, or false for none"),
      "a mapping of names to environments",
    )
    .optional()
    .describe("GitHub environments by name."),
  secrets: secrets.optional(),
  variables: variables.optional(),
  labels: z
    .record(z.string(), label, "a mapping of names to labels")
    .optional()
    .describe("Labels, instead of those of the preview commands."),
  oidcClaims: texts("claims").optional().describe("Claims that the subject of OIDC tokens is made of."),
};

const REPOSITORY = "a name, or a mapping with name";
const repository = z.strictObject(
  {
    name: text("a repository's name without its owner"),
    id: number("the repository's numeric ID")
      .optional()
      .describe("ID that the repository's OIDC tokens carry, with ownerId."),
    ...settings,
  },
  REPOSITORY,
);

const defaults = z.strictObject(settings, MAPPING);

const ids = (what: string) => z.record(z.string(), number(`the numeric ID of a ${what}`), `a mapping of names to IDs`);

const organisation = z.strictObject(
  {
    owner: text("an organisation or user").describe("Who owns the repositories."),
    ownerId: number("the owner's numeric ID")
      .optional()
      .describe("ID that OIDC tokens carry of repositories created, renamed or transferred after 15 July 2026."),
    baseUrl: text("the URL of a GitHub Enterprise server, such as https://github.example.com/")
      .optional()
      .describe("GitHub Enterprise Server, or a subdomain of ghe.com. GitHub itself when left out."),
    writeDelayMs: number("milliseconds")
      .default(1000)
      .describe("Pause between writes. GitHub takes 80 that create something in a minute, and 500 in an hour."),
    appAuth: z
      .strictObject(
        { id: text("the App's ID in quotes"), installationId: text("the installation's ID in quotes") },
        "a mapping of id and installationId",
      )
      .optional()
      .describe("GitHub App to act as, instead of a token. Its key is the encrypted config `berth:githubAppKey`."),
    loginApp: z
      .strictObject(
        { domain: text("a domain name").optional(), callbackUrls: texts("URLs").optional() },
        "a mapping of domain and callbackUrls",
      )
      .optional()
      .describe("GitHub App by which people log in to environments: the URLs to register."),
    teams: ids("team").default({}).describe("IDs of the teams that are named below."),
    users: ids("user").default({}).describe("IDs of the users that are named below."),
    defaults: defaults.prefault({}).describe("What all repositories have that do not say otherwise."),
    repositories: z
      .array(z.union([text("a repository's name"), repository], REPOSITORY), "a list of repositories")
      .describe("The repositories, by name or as mappings with what differs from defaults."),
  },
  MAPPING,
);

/** The schema of `berth:github`, for its reference. */
export const githubSchema = organisation;

/** `berth:github` as one may write it. */
export type GithubInput = z.input<typeof organisation>;

type Top = Omit<z.output<typeof organisation>, (typeof PARTS)[number]>;
type Settings = z.output<typeof defaults>;
type Environment = z.output<typeof environment>;
type Rules = z.output<typeof rules>;

/** A secret and where its value is. */
export interface SecretReference {
  /** Name on GitHub. */
  name: string;
  /** Name after `berth:githubSecret-`. */
  from: string;
  /** Where the reference stands in `berth:github`. */
  path: readonly PropertyKey[];
}

/** An environment with names resolved. */
export interface EnvironmentConfig extends Omit<Environment, "reviewers" | "secrets"> {
  reviewers?: { teams: number[]; users: number[] };
  secrets: SecretReference[];
}

/** A repository's own settings over the defaults, with names resolved. */
export interface RepositorySettings extends Omit<Settings, "rules" | "environments" | "secrets"> {
  rules?: Omit<Rules, "bypass"> & { bypass?: BypassConfig[] };
  environments: Record<string, EnvironmentConfig>;
  secrets: SecretReference[];
}

/** One repository of the list. */
export interface RepositoryConfig {
  name: string;
  id?: number;
  settings: RepositorySettings;
  /** Where a setting of this repository stands in `berth:github`: in its own entry or in the defaults. */
  placeOf: (path: readonly PropertyKey[]) => PropertyKey[];
}

/** Somebody who may pass rules by, by ID. */
export type BypassConfig = ({ role: "maintain" | "write" | "admin" } | { team: number } | { app: number }) & {
  when?: "always" | "pull_request";
};

/** `berth:github` with defaults filled in and names resolved. */
export interface GithubConfig extends Omit<Top, keyof Directory> {
  repositories: RepositoryConfig[];
}

/** What could be read, and everything that is wrong. */
export interface GithubExamination {
  /** Parts that are not right are left out, so that the rest can be looked at too. Only whole when there are no findings. */
  config: GithubConfig;
  findings: Finding[];
}

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

/** An ID of a repository is of use only with the owner's, and the other way round. */
function lonelyIds(ownerId: number | undefined, repositories: readonly RepositoryConfig[]): Finding[] {
  const withId = repositories.filter(({ id }) => id !== undefined);
  if (ownerId === undefined) {
    return withId.map(({ placeOf }) => ({
      path: placeOf(["id"]),
      value: "given without ownerId",
      accepted: "both IDs or none, as OIDC tokens carry both",
      fix: "Add ownerId, or remove id.",
    }));
  }
  if (withId.length > 0) return [];
  const fix = "Add the id of each repository whose tokens carry IDs, or remove ownerId.";
  return [{ path: ["ownerId"], value: "given although no repository has an id", accepted: "both IDs or none", fix }];
}

/** Parts that are read piece by piece. */
const PARTS = ["defaults", "repositories"] as const;

/** Reads each field but the parts by itself. */
function readTop(given: Mapping): Partial<Top> {
  const fields = Object.entries<z.ZodType>(organisation.shape).filter(([key]) => !PARTS.some((part) => part === key));
  return Object.fromEntries(fields.map(([key, field]) => [key, readable(field, given[key])]));
}

/** Slowest pause that is still a pause: a minute. */
const MAX_DELAY_MS = 60_000;
/** 80 requests that create something in a minute (GitHub docs, "Rate limits for the REST API": secondary rate limits). */
const MIN_DELAY_MS = 750;

function contradictions({ baseUrl, writeDelayMs, ownerId, appAuth }: Partial<Top>): Finding[] {
  const findings: Finding[] = [];
  if (baseUrl !== undefined && !isBaseUrl(baseUrl)) {
    findings.push({
      path: ["baseUrl"],
      value: `"${baseUrl}"`,
      accepted: "an https URL that ends in /, without user and query; http on this machine only",
      fix: "Write it as https://github.example.com/, or remove it for github.com.",
    });
  }
  const least = baseUrl === undefined ? MIN_DELAY_MS : 0;
  if (writeDelayMs !== undefined && !(writeDelayMs >= least && writeDelayMs <= MAX_DELAY_MS)) {
    findings.push({
      path: ["writeDelayMs"],
      value: String(writeDelayMs),
      accepted: `${least} to ${MAX_DELAY_MS} milliseconds${least > 0 ? ", so that GitHub's 80 writes a minute are kept" : ""}`,
      fix: "Remove it for 1000.",
    });
  }
  for (const [path, id] of [
    [["ownerId"], ownerId],
    [["appAuth", "id"], appAuth?.id],
    [["appAuth", "installationId"], appAuth?.installationId],
  ] as const) {
    if (id === undefined || /^[1-9]\d{0,15}$/.test(String(id))) continue;
    const fix = "Take it from GitHub's API or the App's page.";
    findings.push({ path, value: JSON.stringify(id), accepted: "a whole number from 1", fix });
  }
  return findings;
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, search, hash, pathname } = new URL(text);
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  const isPlain = username === "" && password === "" && search === "" && hash === "";
  return (
    isPlain &&
    pathname.endsWith("/") &&
    text.endsWith("/") &&
    (protocol === "https:" || (isHere && protocol === "http:"))
  );
}

/** Zod's issues as findings, without values that may be secrets in the wrong place. */
function tell(issues: readonly z.core.$ZodIssue[], input: unknown, schema: z.ZodType): Finding[] {
  return findingsOf(issues, input, schema).map((finding) => {
    const secretsAt = finding.path.lastIndexOf("secrets");
    if (secretsAt >= 0) return tellSecret(finding, secretsAt);
    const isHidden = finding.path.includes("variables") && finding.value !== "missing";
    return isHidden && finding.atKey !== true ? { ...finding, value: "a value not shown here" } : finding;
  });
}

/** What stands under `secrets` and is not a name is most likely a secret itself. */
function tellSecret(finding: Finding, at: number): Finding {
  if (finding.path.length - 1 > at && finding.atKey === true) return finding;
  const isEntry = finding.path.length - 1 > at;
  return {
    path: finding.path,
    value: isEntry ? "not a name, and not shown here in case it is a secret" : "secrets in plain text, not shown here",
    accepted: isEntry ? finding.accepted : SECRETS,
    fix: "Leave names only, and set each value with: pulumi config set --secret berth:githubSecret-NAME",
  };
}

/** One problem of the defaults would be told once for each repository. */
function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ path, value }) => {
    const key = `${formatPath(path)} ${value}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

/** The value with its defaults; undefined when it is not right. */
function readable<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/**
 * A repository's settings over the defaults: mappings are merged field by field, environments, variables and labels name by name;
 * lists and single values replace. `false` takes an environment of the defaults away.
 */
function merge(common: Settings, own: Settings): Settings {
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

/** Numeric IDs by name; undefined where they could not be read. */
interface Directory {
  teams: Record<string, number> | undefined;
  users: Record<string, number> | undefined;
}

function resolve(
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
function placer(entry: readonly PropertyKey[], own: Mapping, common: Mapping): RepositoryConfig["placeOf"] {
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

type Mapping = Record<string, unknown>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
