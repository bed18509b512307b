import { Provider } from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { GithubApp, GithubRepository, validate, validateCallbacks } from "../components/github-repository";
import type { GithubRepositoryArgs } from "../components/github-repository";
import { throwIfInvalid, under } from "../components/problems";
import type { InvalidProperty } from "../components/problems";
import { examineGithub } from "../config/github";
import type { GithubConfig, RepositoryConfig } from "../config/github";
import { formatPath } from "../config/problems";
import { GithubSecrets } from "./github-secrets";

/** Outputs of a stack of GitHub repositories. */
export interface GithubOutputs {
  /** Organisation or user that owns them. */
  owner: string;
  /** Names of the repositories, in the order of the list. */
  repositories: string[];
  /**
   * By repository and environment: the subject of the jobs' OIDC tokens. It is what the registry's push roles in the cluster's stack are
   * trusted by.
   */
  subjects: Record<string, Record<string, string>>;
  /** What the GitHub App for logging in is registered with; null without one. */
  loginApp: { callbackUrls: string[]; broker: string | null } | null;
}

/**
 * The stacks `github` and `github-<name>`: the repositories of one organisation or user.
 *
 * @throws pulumi.InputPropertiesError with everything that is wrong, before anything is made
 */
export function githubStack(): GithubOutputs {
  const settings = new pulumi.Config("berth");
  const { config, findings } = examineGithub(settings.getObject("github"));
  const secrets = new GithubSecrets(settings);
  throwIfInvalid("The GitHub repositories cannot be set up as asked.", [
    ...findings.map(({ path, value, accepted, fix }) => ({
      propertyPath: formatPath(["berth:github", ...path]).replace('["berth:github"]', "berth:github"),
      reason: `${value}; accepted: ${accepted}. ${fix}`,
    })),
    ...validateConfig(config),
    ...secrets.validate(config),
  ]);

  const provider = new Provider("github", {
    owner: config.owner,
    ...secrets.credentials(config),
    // Explicit, as the provider would take it from a variable of the environment.
    baseUrl: config.baseUrl ?? "https://api.github.com/",
    writeDelayMs: config.writeDelayMs,
    // One request after the other, as GitHub asks for (docs, "Best practices for using the REST API").
    parallelRequests: false,
  });
  const repositories = config.repositories.map(
    (repository) =>
      [
        repository.name,
        new GithubRepository(repository.name, argsOf(config, repository, secrets), { providers: [provider] }).subjects,
      ] as const,
  );
  const app = config.loginApp && new GithubApp("login", config.loginApp);

  return {
    owner: config.owner,
    repositories: repositories.map(([name]) => name),
    subjects: Object.fromEntries(repositories),
    loginApp: app ? { callbackUrls: app.callbackUrls, broker: app.broker } : null,
  };
}

/** What the components find, each at the place where the config has it. */
function validateConfig(config: GithubConfig): InvalidProperty[] {
  const found = [
    ...config.repositories.flatMap((repository) =>
      validate(argsOf(config, repository)).map(({ propertyPath, reason }) => ({
        propertyPath: placeInConfig(repository, propertyPath),
        reason,
      })),
    ),
    ...under("berth:github.loginApp", config.loginApp ? validateCallbacks(config.loginApp) : []),
  ];
  // A problem of the defaults is one of each repository.
  return [...new Map(found.map((one) => [`${one.propertyPath} ${one.reason}`, one])).values()];
}

/** Translates a path in a component's arguments into one in `berth:github`. */
function placeInConfig({ placeOf }: RepositoryConfig, propertyPath: string): string {
  const [first, ...rest] = keysOf(propertyPath);
  if (first === "owner") return "berth:github.owner";
  const path =
    first === "ids" ? (rest[0] === "owner" ? ["ownerId"] : placeOf(["id"])) : placeOf([first ?? "", ...rest]);
  return `berth:github.${formatPath(path)}`;
}

/** The keys of a property path as `validate` writes it: `environments["a.b"].reviewers.teams[0]`. */
function keysOf(propertyPath: string): PropertyKey[] {
  return [...propertyPath.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)].map(([, index, quoted, name]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (name ?? "") : (JSON.parse(quoted) as string);
  });
}

/** A component's arguments. Without `secrets`, those that can be checked before any secret is read. */
function argsOf(
  { owner, ownerId }: GithubConfig,
  { name, id, settings }: RepositoryConfig,
  secrets?: GithubSecrets,
): GithubRepositoryArgs {
  const { environments, secrets: references, ...others } = settings;
  return {
    ...others,
    owner,
    name,
    ...(ownerId === undefined || id === undefined ? {} : { ids: { owner: ownerId, repository: id } }),
    environments: Object.fromEntries(
      Object.entries(environments).map(([key, { secrets: inside, ...environment }]) => [
        key,
        { ...environment, ...(secrets ? { secrets: secrets.valuesOf(inside) } : {}) },
      ]),
    ),
    ...(secrets ? { secrets: secrets.valuesOf(references) } : {}),
  };
}
