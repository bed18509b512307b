import { validatePlace } from "../aws-place";
import { validateGitHubTrust } from "../iam/trust";
import { under } from "../problems";
import type { InvalidProperty } from "../problems";
import type { ImageRepository, PullThrough, RegistryArgs } from "./args";
import { UPSTREAMS, cacheName, creationRoleName, roleName } from "./plan";

/** Names of repositories: 2 to 256 characters of this form (ECR API reference, CreateRepository). */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const MAX_REPOSITORY = 256;

/** Longest prefix of cached images (ECR API reference, CreatePullThroughCacheRule). */
const MAX_PREFIX = 30;

/** Longest name of a role (IAM API reference, CreateRole). */
const MAX_ROLE = 64;

/** What names of roles and of a key's alias can both begin with. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Finds what is wrong with the arguments of a registry, all of it. Pure; only plain values are looked at. */
export function validate(args: Omit<RegistryArgs, "transform">): InvalidProperty[] {
  const { repositories, pullThrough = [] } = args;
  return [
    ...validateRegistryName(args),
    ...validatePlace(args),
    ...validateKey(args),
    ...validateProvider(args),
    ...validateAny(args),
    ...repositories.flatMap((repository, index) =>
      under(`repositories[${index}]`, [
        ...validateName(args.name, repository, repositories.slice(0, index)),
        ...validateRoles(args.name, repository),
        ...validateDays("expireUntaggedAfterDays", repository.expireUntaggedAfterDays),
        ...validateDays("buildCache.expireAfterDays", repository.buildCache?.expireAfterDays),
      ]),
    ),
    ...pullThrough.flatMap((cache, index) =>
      under(`pullThrough[${index}]`, [
        ...validatePrefix(cache, pullThrough.slice(0, index), repositories),
        ...validateUpstream(cache, args),
      ]),
    ),
  ];
}

function validateRegistryName({ name, pullThrough = [] }: Omit<RegistryArgs, "transform">): InvalidProperty[] {
  if (!NAME.test(name)) {
    const reason = `"${name}" cannot begin the name of a role; accepted: letters, digits, dashes and underscores, a letter or digit first. Rename it, such as acme-previews.`;
    return [{ propertyPath: "name", reason }];
  }
  return pullThrough.length > 0 ? validateRoleName("name", creationRoleName(name)) : [];
}

function validateKey({ kmsKeyArn, region }: Omit<RegistryArgs, "transform">): InvalidProperty[] {
  if (typeof kmsKeyArn !== "string") return [];
  if (new RegExp(`^arn:[a-z-]+:kms:${region}:\\d{12}:key/[0-9a-z-]+$`).test(kmsKeyArn)) return [];
  return [
    {
      propertyPath: "kmsKeyArn",
      reason: `"${kmsKeyArn}" is not the ARN of a key in ${region}; accepted: arn:aws:kms:${region}:…:key/…, no alias. Take what "aws kms describe-key" shows as Arn, or leave it out for a key of its own.`,
    },
  ];
}

function validateProvider({ github, accountId }: Omit<RegistryArgs, "transform">): InvalidProperty[] {
  const arn = github?.oidcProviderArn;
  if (typeof arn !== "string") return [];
  const end = `:iam::${accountId}:oidc-provider/token.actions.githubusercontent.com`;
  if (/^arn:[a-z-]+$/.test(arn.slice(0, -end.length)) && arn.endsWith(end)) return [];
  return [
    {
      propertyPath: "github.oidcProviderArn",
      reason: `"${arn}" is not this account's OIDC provider for GitHub; accepted: arn:aws${end}. Take what "aws iam list-open-id-connect-providers" shows, or leave it out to have one made.`,
    },
  ];
}

function validateAny({ repositories, pullThrough = [] }: Omit<RegistryArgs, "transform">): InvalidProperty[] {
  if (repositories.length > 0 || pullThrough.length > 0) return [];
  const reason =
    "there are none, and nothing in pullThrough either. Name a repository or a cache, or leave the registry out.";
  return [{ propertyPath: "repositories", reason }];
}

function validateName(
  name: string,
  repository: ImageRepository,
  earlier: readonly ImageRepository[],
): InvalidProperty[] {
  const problems: InvalidProperty[] = [];
  const propertyPath = "name";
  const longest = repository.buildCache ? cacheName(repository.name) : repository.name;
  if (!REPOSITORY.test(repository.name) || repository.name.length < 2) {
    const reason = `"${repository.name}" is not accepted by ECR: 2 or more lower-case letters and digits, with single dots, one or two underscores or dashes between them, parts separated by slashes. Rename it, such as acme/shop.`;
    problems.push({ propertyPath, reason });
  } else if (longest.length > MAX_REPOSITORY) {
    const reason = `"${longest}" has ${longest.length} characters; accepted: ${MAX_REPOSITORY}. Shorten it.`;
    problems.push({ propertyPath, reason });
  }
  const taken = new Set(earlier.flatMap(repositoryNames));
  const twice = repositoryNames(repository).filter((one) => taken.has(one));
  for (const one of twice) {
    const reason = `"${one}" is there twice; accepted: each repository once, ${cacheName("NAME")} of one with buildCache among them. Remove or rename one.`;
    problems.push({ propertyPath, reason });
  }
  const role = roleName(name, "push", repository.name);
  const other = earlier.find((one) => roleName(name, "push", one.name) === role);
  if (other && twice.length === 0) {
    const reason = `"${repository.name}" and "${other.name}" would share the role ${role}, in whose name slashes are dots. Rename one.`;
    problems.push({ propertyPath, reason });
  }
  return problems;
}

function repositoryNames({ name, buildCache }: ImageRepository): string[] {
  return buildCache ? [name, cacheName(name)] : [name];
}

function validateRoles(name: string, { name: repository, push, cleanup }: ImageRepository): InvalidProperty[] {
  const role = roleName(name, cleanup ? "cleanup" : "push", repository);
  const { repository: owner, ids } = push;
  return [
    ...(NAME.test(name) && REPOSITORY.test(repository) ? validateRoleName("name", role) : []),
    // An environment that is fine leaves only what is wrong with the repository.
    ...under("push", validateGitHubTrust({ repository: owner, environment: "preview", ...(ids ? { ids } : {}) })),
    ...validateEnvironments("push.environments", push.environments, "push"),
    ...(cleanup ? validateEnvironments("cleanup.environments", cleanup.environments, "remove") : []),
    ...(cleanup?.environments ?? []).flatMap((environment, index) => {
      if (!push.environments.includes(environment)) return [];
      const reason = `"${environment}" also pushes, so a pull request's own jobs could remove another's image. Use an environment that only the clean-up runs in.`;
      return [{ propertyPath: `cleanup.environments[${index}]`, reason }];
    }),
  ];
}

function validateRoleName(propertyPath: string, role: string): InvalidProperty[] {
  if (role.length <= MAX_ROLE) return [];
  const reason = `the role would be called "${role}", ${role.length} characters; IAM accepts ${MAX_ROLE}. Shorten the registry's name or the repository's.`;
  return [{ propertyPath, reason }];
}

function validateEnvironments(
  path: string,
  environments: readonly string[],
  what: "push" | "remove",
): InvalidProperty[] {
  if (environments.length === 0) {
    const reason = `it is empty, so that no job could ${what}; without an environment every workflow of the repository would be trusted. Name the GitHub environments whose jobs may, such as "preview".`;
    return [{ propertyPath: path, reason }];
  }
  return environments.flatMap((environment, index) => {
    const propertyPath = `${path}[${index}]`;
    if (environments.indexOf(environment) < index) {
      return [{ propertyPath, reason: `"${environment}" is there twice; accepted: each environment once. Remove it.` }];
    }
    return validateGitHubTrust({ repository: "owner/name", environment }).map(({ reason }) => ({
      propertyPath,
      reason,
    }));
  });
}

function validateDays(propertyPath: string, days: number | undefined): InvalidProperty[] {
  if (days === undefined || (Number.isSafeInteger(days) && days >= 1)) return [];
  return [{ propertyPath, reason: `${days} is not accepted by ECR: a whole number of days from 1. Correct it.` }];
}

function validatePrefix(
  { prefix }: PullThrough,
  earlier: readonly PullThrough[],
  repositories: readonly ImageRepository[],
): InvalidProperty[] {
  const propertyPath = "prefix";
  if (!REPOSITORY.test(prefix) || prefix.length < 2 || prefix.length > MAX_PREFIX) {
    const reason = `"${prefix}" is not accepted by ECR: 2 to ${MAX_PREFIX} characters, of the same form as a repository's name. Change it, such as docker-hub.`;
    return [{ propertyPath, reason }];
  }
  if (earlier.some((one) => one.prefix === prefix)) {
    return [{ propertyPath, reason: `"${prefix}" is there twice; accepted: each prefix once. Remove or change one.` }];
  }
  const below = repositories.flatMap(repositoryNames).find((name) => name.startsWith(`${prefix}/`));
  if (below === undefined) return [];
  const reason = `"${prefix}" is also the first part of the repository ${below}, whose images would be looked for upstream. Change one of them.`;
  return [{ propertyPath, reason }];
}

function validateUpstream(
  { upstream, credentialArn }: PullThrough,
  place: Pick<RegistryArgs, "region" | "accountId">,
): InvalidProperty[] {
  const known = Object.keys(UPSTREAMS);
  if (!known.includes(upstream)) {
    const reason = `"${upstream}" is not known; accepted: ${known.join(", ")}. Take one of them.`;
    return [{ propertyPath: "upstream", reason }];
  }
  const { url, needsCredentials } = UPSTREAMS[upstream];
  const propertyPath = "credentialArn";
  if (!needsCredentials) {
    if (credentialArn === undefined) return [];
    return [{ propertyPath, reason: `${url} is read without credentials. Remove it.` }];
  }
  if (credentialArn === undefined) {
    const reason = `it is missing, and ECR reads ${url} only with credentials. Store them in Secrets Manager under a name that begins with ecr-pullthroughcache/, and give the secret's ARN.`;
    return [{ propertyPath, reason }];
  }
  return typeof credentialArn === "string" ? validateCredential(credentialArn, place) : [];
}

/** The value is not repeated unless it is an ARN: it may be the password itself. */
function validateCredential(
  arn: string,
  { region, accountId }: Pick<RegistryArgs, "region" | "accountId">,
): InvalidProperty[] {
  const propertyPath = "credentialArn";
  const match = /^arn:[a-z-]+:secretsmanager:([a-z0-9-]+):(\d{12}):secret:(.+)$/.exec(arn);
  if (!match) {
    const reason = `it is not the ARN of a secret; accepted: arn:aws:secretsmanager:${region}:${accountId}:secret:ecr-pullthroughcache/…. Credentials themselves belong into Secrets Manager, not into config.`;
    return [{ propertyPath, reason }];
  }
  const [, secretRegion, secretAccount, secret = ""] = match;
  const problems: InvalidProperty[] = [];
  if (!/^ecr-pullthroughcache\/[a-zA-Z0-9/_+=.@-]+$/.test(secret)) {
    const reason = `the secret "${secret}" cannot be read by ECR; accepted: names that begin with ecr-pullthroughcache/. Store it again under such a name, as secrets cannot be renamed.`;
    problems.push({ propertyPath, reason });
  }
  if (secretRegion !== region || secretAccount !== accountId) {
    const reason = `the secret is in ${secretRegion ?? ""} of account ${secretAccount ?? ""}; accepted: ${region} of account ${accountId}, where the registry is. Store it there.`;
    problems.push({ propertyPath, reason });
  }
  return problems;
}
