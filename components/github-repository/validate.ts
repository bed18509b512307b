import { closest } from "../../config/problems";
import type { InvalidProperty } from "../problems";
import { under } from "../problems";
import type { BranchRules, BypassActor, EnvironmentSettings, GithubRepositoryArgs, LabelSettings } from "./args";
import { looksLikeSecret } from "./credentials";
import { dependabotOf, rulesOf, securityOf } from "./defaults";

/* What GitHub would refuse, what would have no effect, and secrets in plain text. Pure. */

/** Finds everything that is wrong with a repository's arguments. Values that are outputs are not looked at. */
export function validate(args: GithubRepositoryArgs): InvalidProperty[] {
  return [
    ...validateName(args),
    ...validateMode(args),
    ...validateDependabot(args),
    ...validateRules(args.rules),
    ...validateEnvironments(args.environments ?? {}),
    ...validateSecrets(args.secrets ?? {}),
    ...validateVariables(args.variables ?? {}, MAX_VARIABLES.repository),
    ...validateLabels(args.labels ?? {}),
    ...validateClaims(args.oidcClaims),
  ];
}

/** One problem, as its reason is written everywhere: value, what is accepted, the fix. */
function problem(propertyPath: string, value: string, accepted: string, fix: string): InvalidProperty {
  return { propertyPath, reason: `${value}; accepted: ${accepted}. ${fix}` };
}

/** A key as part of a property path: quoted where it has unusual characters. */
function keyed(path: string, key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** Logins: at most 39 letters, digits and single dashes inside (GitHub docs, "Considerations for your username"). */
const OWNER = /^[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}$/;
/** Names: at most 100 characters, as the provider checks. */
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

function validateName({ owner, name, ids }: GithubRepositoryArgs): InvalidProperty[] {
  return [
    ...(OWNER.test(owner)
      ? []
      : [
          problem(
            "owner",
            `"${owner}"`,
            "an organisation or user of at most 39 letters, digits and single dashes",
            "Give the name from the repository's URL.",
          ),
        ]),
    ...(NAME.test(name)
      ? []
      : [
          problem(
            "name",
            `"${name}"`,
            "a repository name of at most 100 letters, digits and ._- without its owner",
            "Give the last part of the repository's URL.",
          ),
        ]),
    ...Object.entries(ids ?? {}).flatMap(([key, id]) => validateId(`ids.${key}`, id)),
  ];
}

function validateId(path: string, id: number): InvalidProperty[] {
  if (Number.isSafeInteger(id) && id > 0) return [];
  return [problem(path, String(id), "a whole number from 1", "Take it from GitHub's API; docs/github.md says how.")];
}

function validateMode(args: GithubRepositoryArgs): InvalidProperty[] {
  const { mode = "configure", visibility = "private", security } = args;
  if (mode === "configure") {
    const fix = 'Set mode to "adopt" or "create", or remove it.';
    const accepted = 'nothing with mode "configure", which leaves the repository itself alone';
    return (["visibility", "security"] as const)
      .filter((field) => args[field] !== undefined)
      .map((field) => problem(field, "given", accepted, fix));
  }
  const { license, secretScanning, pushProtection } = securityOf(args);
  const problems: InvalidProperty[] = [];
  if (visibility === "public" && license !== "none") {
    problems.push(
      problem("security.license", `"${license}"`, '"none" for a public repository, which needs none', "Remove it."),
    );
  }
  if (visibility !== "public" && license === "none") {
    for (const field of ["secretScanning", "pushProtection"] as const) {
      if (security?.[field] !== true) continue;
      problems.push(
        problem(
          `security.${field}`,
          "true",
          `true for public repositories, or with a license; this one is ${visibility}`,
          'Set security.license to "secret-protection" or "advanced-security" if you pay for it, or remove this.',
        ),
      );
    }
  } else if (pushProtection && !secretScanning) {
    problems.push(
      problem(
        "security.pushProtection",
        "true",
        "false without secretScanning",
        "Set security.secretScanning to true, or remove this.",
      ),
    );
  }
  return problems;
}

function validateDependabot(args: GithubRepositoryArgs): InvalidProperty[] {
  const { alerts, securityUpdates } = dependabotOf(args);
  if (alerts || !securityUpdates) return [];
  const fix = "Set dependabot.alerts to true, or remove this.";
  return [problem("dependabot.securityUpdates", "true", "false without alerts", fix)];
}

/** Most approving reviews that a ruleset can ask for (GitHub REST API, "Create a repository ruleset"). */
const MAX_APPROVALS = 10;

function validateRules(given: BranchRules | undefined): InvalidProperty[] {
  if (given === undefined) return [];
  const rules = rulesOf({ rules: given });
  const problems = [
    ...validateBranches("rules.branches", rules.branches, ["~DEFAULT_BRANCH", "~ALL"]),
    ...validateChecks(rules.requiredChecks),
    ...rules.bypass.flatMap((actor, index) => validateBypass(actor, rules.bypass, index)),
  ];
  if (!Number.isInteger(rules.approvals) || rules.approvals < 0 || rules.approvals > MAX_APPROVALS) {
    const accepted = `a whole number from 0 to ${MAX_APPROVALS}`;
    problems.push(problem("rules.approvals", String(rules.approvals), accepted, "Ask for fewer reviews."));
  }
  if (rules.requireUpToDate && rules.requiredChecks.length === 0) {
    const fix = "Name checks in rules.requiredChecks, or remove this.";
    problems.push(problem("rules.requireUpToDate", "true", "false without required checks", fix));
  }
  if (rules.mergeMethods.length === 0) {
    problems.push(
      problem(
        "rules.mergeMethods",
        "an empty list",
        "merge, squash or rebase, at least one",
        "Name one, or remove it.",
      ),
    );
  }
  if (rules.linearHistory && rules.mergeMethods.includes("merge")) {
    problems.push(
      problem(
        `rules.mergeMethods[${rules.mergeMethods.indexOf("merge")}]`,
        '"merge"',
        "squash and rebase with linearHistory, which refuses merge commits",
        "Remove it, or set rules.linearHistory to false.",
      ),
    );
  }
  return problems;
}

/**
 * Names and patterns of branches and tags. Git refuses spaces, control characters, `~^:\`, and two dots in a row
 * (git-check-ref-format); `*`, `?` and brackets are pattern syntax.
 */
const REF = /^(?!\/|.*\/\/|.*\.\.|.*\/$)[^\s~^:\\\p{Cc}]+$/u;

function validateBranches(path: string, names: readonly string[], special: readonly string[] = []): InvalidProperty[] {
  if (names.length === 0) {
    return [problem(path, "an empty list", "at least one name or pattern", "Name one, or remove it.")];
  }
  return names.flatMap((name, index) => {
    const place = `${path}[${index}]`;
    if (names.indexOf(name) !== index) return [problem(place, `"${name}", a second time`, "each once", "Remove it.")];
    if (special.includes(name)) return [];
    if (name.startsWith("refs/heads/") || name.startsWith("refs/tags/")) {
      const short = name.replace(/^refs\/(heads|tags)\//, "");
      return [problem(place, `"${name}"`, "a name without refs/heads/ or refs/tags/", `Write "${short}".`)];
    }
    if (REF.test(name)) return [];
    const accepted = ["a name or pattern such as main or release/*", ...special].join(", ");
    return [problem(place, `"${name}"`, accepted, "Write it as git shows it.")];
  });
}

function validateChecks(checks: Required<BranchRules>["requiredChecks"]): InvalidProperty[] {
  const names = checks.map((check) => (typeof check === "string" ? check : check.name));
  return checks.flatMap((check, index) => {
    const path = `rules.requiredChecks[${index}]`;
    const name = names[index] ?? "";
    if (name.trim() === "") {
      return [problem(path, "an empty name", "the name of a check", "Give it as a pull request shows it.")];
    }
    if (names.indexOf(name) !== index) return [problem(path, `"${name}", a second time`, "each once", "Remove it.")];
    return typeof check === "string" ? [] : validateId(`${path}.appId`, check.appId);
  });
}

function validateBypass(actor: BypassActor, all: readonly BypassActor[], index: number): InvalidProperty[] {
  const path = `rules.bypass[${index}]`;
  const identity = (one: BypassActor) => JSON.stringify({ ...one, when: undefined });
  if (all.findIndex((one) => identity(one) === identity(actor)) !== index) {
    return [problem(path, "the same actor a second time", "each once", "Remove it.")];
  }
  if ("team" in actor) return validateId(`${path}.team`, actor.team);
  return "app" in actor ? validateId(`${path}.app`, actor.app) : [];
}

/** A part of what GitHub takes, that reads the same in the subject of an OIDC token and in a trust policy. */
const ENVIRONMENT = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,253}[A-Za-z0-9])?$/;
/** Users and teams in all (GitHub docs, "Deployments and environments"). */
const MAX_REVIEWERS = 6;
/** Minutes in 30 days (GitHub REST API, "Create or update an environment"). */
const MAX_WAIT_MINUTES = 43_200;

function validateEnvironments(environments: Record<string, EnvironmentSettings>): InvalidProperty[] {
  return Object.entries(environments).flatMap(([name, environment]) => {
    const path = keyed("environments", name);
    if (!ENVIRONMENT.test(name)) {
      const accepted = "a name of at most 255 letters, digits and ._- inside, which reads the same in an OIDC token";
      return [problem(path, `"${name}"`, accepted, "Rename it.")];
    }
    const twin = sameButForCase(name, Object.keys(environments));
    if (twin !== undefined) {
      return [problem(path, `the same as "${twin}" to GitHub`, "names that differ in more than case", "Remove one.")];
    }
    return under(path, validateEnvironment(environment));
  });
}

function validateEnvironment(environment: EnvironmentSettings): InvalidProperty[] {
  const { reviewers = {}, preventSelfReview, waitMinutes = 0, deployFrom } = environment;
  const { teams = [], users = [] } = reviewers;
  const problems = [
    ...Object.entries({ teams, users }).flatMap(([kind, ids]) =>
      ids.flatMap((id, index) =>
        ids.indexOf(id) === index
          ? validateId(`reviewers.${kind}[${index}]`, id)
          : [problem(`reviewers.${kind}[${index}]`, `${id}, a second time`, "each once", "Remove it.")],
      ),
    ),
    ...validateSecrets(environment.secrets ?? {}),
    ...validateVariables(environment.variables ?? {}, MAX_VARIABLES.environment),
  ];
  const count = teams.length + users.length;
  if (count > MAX_REVIEWERS) {
    const accepted = `at most ${MAX_REVIEWERS} teams and users in all`;
    problems.push(problem("reviewers", `${count} teams and users`, accepted, "Name a team instead of its members."));
  }
  if (preventSelfReview === true && count === 0) {
    const fix = "Name reviewers, or remove this.";
    problems.push(problem("preventSelfReview", "true", "true only with reviewers", fix));
  }
  if (!Number.isInteger(waitMinutes) || waitMinutes < 0 || waitMinutes > MAX_WAIT_MINUTES) {
    const accepted = `a whole number of minutes from 0 to ${MAX_WAIT_MINUTES}, which is 30 days`;
    problems.push(problem("waitMinutes", String(waitMinutes), accepted, "Shorten the wait."));
  }
  if (deployFrom !== undefined) problems.push(...validateDeployFrom(deployFrom));
  return problems;
}

function validateDeployFrom({ branches, tags }: NonNullable<EnvironmentSettings["deployFrom"]>): InvalidProperty[] {
  if (branches === undefined && tags === undefined) {
    const fix = "Name some, or remove deployFrom to let any branch and tag in.";
    return [problem("deployFrom", "an empty mapping", "branches, tags or both", fix)];
  }
  return [
    ...(branches === undefined ? [] : validateBranches("deployFrom.branches", branches)),
    ...(tags === undefined ? [] : validateBranches("deployFrom.tags", tags)),
  ];
}

/** Secrets of a repository, and of an environment (GitHub docs, "Secrets reference"). */
const MAX_SECRETS = 100;
/** Variables (GitHub docs, "Variables reference"). */
const MAX_VARIABLES = { repository: 500, environment: 100 } as const;
/** Bytes of one variable (same document). */
const MAX_VALUE_BYTES = 48 * 1024;

const VARIABLE_NAME = "letters, digits and _, neither beginning with a digit nor with GITHUB_";

/** Rules for the names of secrets and of variables, which are the same (same documents). */
function validateNames(path: string, names: readonly string[]): InvalidProperty[] {
  return names.flatMap((name) => {
    const place = keyed(path, name);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || /^GITHUB_/i.test(name)) {
      return [problem(place, `"${name}"`, VARIABLE_NAME, "Rename it.")];
    }
    const twin = sameButForCase(name, names);
    if (twin === undefined) return [];
    return [problem(place, `the same as "${twin}" to GitHub`, "names that differ in more than case", "Remove one.")];
  });
}

function validateSecrets(secrets: Record<string, unknown>): InvalidProperty[] {
  const names = Object.keys(secrets);
  const plain = names
    .filter((name) => typeof secrets[name] === "string")
    .map((name) =>
      problem(
        keyed("secrets", name),
        "plain text, not shown here",
        "a secret output",
        `Encrypt it: pulumi config set --secret berth:githubSecret-${name}, and pass requireSecret("githubSecret-${name}").`,
      ),
    );
  return [...validateNames("secrets", names), ...plain, ...validateCount("secrets", names.length, MAX_SECRETS)];
}

function validateVariables(variables: Record<string, unknown>, most: number): InvalidProperty[] {
  const names = Object.keys(variables);
  const values = names.flatMap((name) => {
    const value = variables[name];
    if (typeof value !== "string") return [];
    const path = keyed("variables", name);
    const kind = looksLikeSecret(value);
    if (kind !== undefined) {
      const fix = `Revoke it if it has been committed, then make it a secret: list ${name} under secrets, and pulumi config set --secret berth:githubSecret-${name}.`;
      return [problem(path, `what looks like ${kind}, in plain text, not shown here`, "what everybody may read", fix)];
    }
    const bytes = Buffer.byteLength(value);
    if (bytes <= MAX_VALUE_BYTES) return [];
    return [problem(path, `${bytes} bytes`, `at most ${MAX_VALUE_BYTES} bytes`, "Shorten it, or keep it in a file.")];
  });
  return [...validateNames("variables", names), ...values, ...validateCount("variables", names.length, most)];
}

function validateCount(path: string, count: number, most: number): InvalidProperty[] {
  if (count <= most) return [];
  return [problem(path, `${count} ${path}`, `at most ${most}`, `Remove ${count - most}.`)];
}

/** Longest label (GitHub's answer to a longer one: "name is too long (maximum is 50 characters)"). */
const MAX_LABEL_NAME = 50;
/** Longest description (GitHub REST API, "Create a label"). */
const MAX_LABEL_DESCRIPTION = 100;

function validateLabels(labels: Record<string, LabelSettings>): InvalidProperty[] {
  const names = Object.keys(labels);
  return Object.entries(labels).flatMap(([name, { color, description = "" }]) => {
    const path = keyed("labels", name);
    const problems: InvalidProperty[] = [];
    if (name.trim() === "" || name.length > MAX_LABEL_NAME) {
      problems.push(problem(path, `a name of ${name.length} characters`, `1 to ${MAX_LABEL_NAME}`, "Rename it."));
    }
    const twin = sameButForCase(name, names);
    if (twin !== undefined) {
      const accepted = "names that differ in more than case";
      problems.push(problem(path, `the same as "${twin}" to GitHub`, accepted, "Remove one."));
    }
    if (!/^[0-9A-Fa-f]{6}$/.test(color)) {
      const fix = color.startsWith("#") ? "Remove the #." : "Give red, green and blue as two digits each.";
      problems.push(problem(`${path}.color`, `"${color}"`, "six hexadecimal digits, such as 1f6feb", fix));
    }
    if (description.length > MAX_LABEL_DESCRIPTION) {
      const accepted = `at most ${MAX_LABEL_DESCRIPTION}`;
      problems.push(problem(`${path}.description`, `${description.length} characters`, accepted, "Shorten it."));
    }
    return problems;
  });
}

/** Claims that a subject can be made of (GitHub docs, "OpenID Connect reference"); `repo_property_…` besides. */
const CLAIMS = [
  "repo",
  "context",
  "actor",
  "actor_id",
  "base_ref",
  "check_run_id",
  "enterprise",
  "enterprise_id",
  "environment",
  "event_name",
  "head_ref",
  "job_workflow_ref",
  "job_workflow_sha",
  "ref",
  "ref_type",
  "repository_id",
  "repository_owner",
  "repository_owner_id",
  "repository_visibility",
  "run_attempt",
  "run_id",
  "run_number",
  "runner_environment",
  "workflow",
  "workflow_ref",
  "workflow_sha",
];

function validateClaims(claims: readonly string[] | undefined): InvalidProperty[] {
  if (claims === undefined) return [];
  const problems: InvalidProperty[] = [];
  if (claims[0] !== "repo" || claims[1] !== "context") {
    problems.push(
      problem(
        "oidcClaims",
        claims.length === 0 ? "an empty list" : claims.join(", "),
        "a list that begins with repo, context, because AWS roles are trusted by repo:OWNER/NAME:environment:ENVIRONMENT",
        "Begin with these two, or remove it.",
      ),
    );
  }
  claims.forEach((claim, index) => {
    const path = `oidcClaims[${index}]`;
    if (claims.indexOf(claim) !== index) {
      problems.push(problem(path, `"${claim}", a second time`, "each claim once", "Remove it."));
    } else if (!CLAIMS.includes(claim) && !/^repo_property_\w+$/.test(claim)) {
      const near = closest(claim, CLAIMS);
      const fix = near === undefined ? "Remove it." : `Did you mean ${near}? Otherwise remove it.`;
      problems.push(problem(path, `"${claim}"`, `${CLAIMS.join(", ")} and repo_property_…`, fix));
    }
  });
  return problems;
}

/** An earlier name that GitHub takes for the same. */
function sameButForCase(name: string, names: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  return names.slice(0, names.indexOf(name)).find((other) => other.toLowerCase() === lower);
}
