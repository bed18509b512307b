import type { Input } from "@pulumi/pulumi";
import type { InvalidProperty } from "../problems";
import type { Conditions, Statement } from "./document";

/* Who may take a role. Each function gives one statement of a role's trust policy. */

/** Host of GitHub's token issuer, which is also the prefix of its condition keys. */
const GITHUB_ISSUER = "token.actions.githubusercontent.com";

/** The issuer's URL, as an OIDC provider in IAM has it (GitHub docs, "Configuring OpenID Connect in Amazon Web Services"). */
export const GITHUB_ISSUER_URL = `https://${GITHUB_ISSUER}`;

/** Audience of tokens for AWS (same document). */
export const AWS_AUDIENCE = "sts.amazonaws.com";

/**
 * An AWS service takes the role.
 *
 * @param service such as `ec2.amazonaws.com`
 * @param conditions narrow it further, for example to `aws:SourceAccount`
 */
export function assumeByService(service: string, conditions?: Conditions): Statement {
  return {
    sid: "Assume",
    principal: { service },
    actions: ["sts:AssumeRole"],
    ...(conditions ? { conditions } : {}),
  };
}

/** The pods that may take a role. */
export interface PodIdentity {
  namespace: string;
  serviceAccount: string;
  /** Name of the cluster; without it, pods of all clusters of the account that have an association. */
  clusterName?: Input<string>;
  /** Account of the cluster, so that EKS takes the role for no other account's. */
  accountId?: string;
}

/**
 * Pods take the role by EKS Pod Identity, which tags each session with the pod's cluster, namespace and service account
 * (EKS user guide, "Grant Pods access to AWS resources based on tags" and "Assign an IAM role to a Kubernetes service account").
 *
 * Pods also need an association. Without `pods`, the association alone says which; with it, an association for any other service
 * account does not work.
 */
export function assumeByPodIdentity(pods?: PodIdentity): Statement {
  const tags: Record<string, Input<string>> = pods
    ? {
        "aws:RequestTag/kubernetes-namespace": pods.namespace,
        "aws:RequestTag/kubernetes-service-account": pods.serviceAccount,
        ...(pods.clusterName === undefined ? {} : { "aws:RequestTag/eks-cluster-name": pods.clusterName }),
        ...(pods.accountId === undefined ? {} : { "aws:SourceAccount": pods.accountId }),
      }
    : {};
  return {
    sid: "AssumeByPods",
    principal: { service: "pods.eks.amazonaws.com" },
    actions: ["sts:AssumeRole", "sts:TagSession"],
    ...(pods ? { conditions: { StringEquals: tags } } : {}),
  };
}

/** Jobs of one GitHub repository that run in one of its environments. */
export interface GitHubTrust {
  /** `owner/name`, in the case in which GitHub writes it: the comparison is exact. */
  repository: string;
  /** Name of the environment, likewise exact. */
  environment: string;
  /**
   * Numeric IDs of owner and repository, which GitHub puts into the tokens of repositories that were created, renamed or transferred
   * after 15 July 2026 or have opted in (GitHub docs, "OpenID Connect reference": immutable subject claims). A trust with IDs does not
   * pass to whoever takes the name over later. `gh api repos/OWNER/NAME --jq '{owner: .owner.id, repository: .id}'` prints them, and
   * `gh api repos/OWNER/NAME/actions/oidc/customization/sub` whether tokens have them.
   *
   * @default none: tokens with names only
   */
  ids?: { owner: number; repository: number };
}

/**
 * Jobs of a GitHub Actions workflow take the role with their OIDC token. Audience and subject are compared exactly.
 *
 * @throws RangeError for what {@link validateGitHubTrust} finds
 */
export function assumeByGitHub({ providerArn, ...trust }: GitHubTrust & { providerArn: Input<string> }): Statement {
  return assumeByGitHubJobs({ providerArn, trust: [trust] });
}

/**
 * The same for several environments or repositories.
 *
 * @throws RangeError for what {@link validateGitHubTrust} finds, and for none
 */
export function assumeByGitHubJobs({
  providerArn,
  trust,
}: {
  providerArn: Input<string>;
  trust: readonly GitHubTrust[];
}): Statement {
  if (trust.length === 0) throw new RangeError("trust is empty; name at least one repository and environment");
  const problems = trust.flatMap(validateGitHubTrust);
  if (problems.length > 0) throw new RangeError(problems.map(({ reason }) => reason).join(" "));
  const subjects = trust.map(gitHubSubject);
  return {
    sid: "AssumeByGitHub",
    principal: { federated: providerArn },
    actions: ["sts:AssumeRoleWithWebIdentity"],
    conditions: {
      StringEquals: {
        [`${GITHUB_ISSUER}:aud`]: AWS_AUDIENCE,
        [`${GITHUB_ISSUER}:sub`]: subjects.length === 1 ? (subjects[0] as string) : subjects,
      },
    },
  };
}

/** Subject of the tokens of an environment's jobs (GitHub docs, "OpenID Connect reference": filtering for a specific environment). */
export function gitHubSubject({ repository, environment, ids }: GitHubTrust): string {
  const [owner = "", name = ""] = repository.split("/");
  const id = ids ? `${owner}@${ids.owner}/${name}@${ids.repository}` : repository;
  return `repo:${id}:environment:${environment}`;
}

/** Finds what cannot be an exact subject: patterns, and repositories, environments or IDs that GitHub does not have. */
export function validateGitHubTrust({ repository, environment, ids }: GitHubTrust): InvalidProperty[] {
  return [...validateRepository(repository), ...validateEnvironment(environment), ...validateIds(ids)];
}

function validateIds(ids: GitHubTrust["ids"]): InvalidProperty[] {
  return Object.entries(ids ?? {})
    .filter(([, id]) => !Number.isSafeInteger(id) || id < 1)
    .map(([key, id]) => ({
      propertyPath: `ids.${key}`,
      reason: `${id} is not an ID; accepted: whole numbers from 1. Take it from gh api repos/OWNER/NAME.`,
    }));
}

/**
 * Owner names: at most 39 letters and digits, single dashes between them, and the underscore of enterprise-managed users; repository
 * names: at most 100 of these and dots.
 */
const REPOSITORY = /^(?=[^/]{1,39}\/)[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*\/[A-Za-z0-9._-]{1,100}$/;

function validateRepository(repository: string): InvalidProperty[] {
  if (REPOSITORY.test(repository)) return [];
  return [
    {
      propertyPath: "repository",
      reason: `"${repository}" is not one GitHub repository; accepted: owner/name, without patterns. Name each repository, such as acme/shop.`,
    },
  ];
}

/** The part of GitHub's environment names (at most 255 characters) that is the same in a token: no colon, which it escapes. */
const ENVIRONMENT = /^[A-Za-z0-9](?:[A-Za-z0-9 ._/-]{0,253}[A-Za-z0-9])?$/;

function validateEnvironment(environment: string): InvalidProperty[] {
  if (ENVIRONMENT.test(environment)) return [];
  const reason =
    environment === ""
      ? 'it is empty; without an environment every workflow of the repository would be trusted. Name the GitHub environment whose jobs may take the role, such as "preview".'
      : `"${environment}" is not one GitHub environment; accepted: letters, digits, spaces and ._/- inside, without patterns. Name each environment, such as "preview".`;
  return [{ propertyPath: "environment", reason }];
}
