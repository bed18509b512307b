import type { IssueLabelArgs, RepositoryArgs, RepositoryEnvironmentArgs, RepositoryRulesetArgs } from "@pulumi/github";
import { gitHubSubject } from "../iam/trust";
import type { BranchRules, BypassActor, EnvironmentSettings, GithubRepositoryArgs } from "./args";
import { PREVIEW_LABELS, dependabotOf, rulesOf, securityOf } from "./defaults";

/* Decides what a repository is set up with. Pure. */

/** Everything but secrets and variables, which the component passes through. */
export interface RepositoryPlan {
  /** Undefined with mode `configure`. */
  repository: RepositoryArgs | undefined;
  /** With mode `adopt`: the ID by which the provider finds the repository. */
  importId: string | undefined;
  ruleset: Inside<RepositoryRulesetArgs>;
  environments: Record<string, EnvironmentPlan>;
  labels: Record<string, Inside<IssueLabelArgs>>;
  dependabot: { alerts: boolean; securityUpdates: boolean };
  oidc: { useDefault: true } | { useDefault: false; includeClaimKeys: string[] };
  /** By environment: the subject of its jobs' tokens. */
  subjects: Record<string, string>;
}

/** Arguments of something inside a repository, which the component adds. */
type Inside<Args> = Omit<Args, "repository">;

/** One environment. */
export interface EnvironmentPlan {
  environment: Inside<RepositoryEnvironmentArgs>;
  /** Who may deploy there, by the last part of the resource's name. Empty when any branch and tag may. */
  policies: Record<string, { branchPattern: string } | { tagPattern: string }>;
}

/** Decides what to set up. */
export function planRepository(args: GithubRepositoryArgs): RepositoryPlan {
  const { name, mode = "configure", environments = {}, labels = PREVIEW_LABELS, oidcClaims } = args;
  return {
    repository: mode === "configure" ? undefined : planSelf(args),
    importId: mode === "adopt" ? name : undefined,
    ruleset: planRuleset(rulesOf(args)),
    environments: mapValues(environments, (environment, key) => planEnvironment(key, environment)),
    labels: mapValues(labels, ({ color, description = "" }, key) => ({
      name: key,
      // GitHub gives colours back in lower case.
      color: color.toLowerCase(),
      description,
    })),
    dependabot: dependabotOf(args),
    oidc: oidcClaims === undefined ? { useDefault: true } : { useDefault: false, includeClaimKeys: [...oidcClaims] },
    subjects: mapValues(environments, (_, environment) => planSubject(args, environment)),
  };
}

/**
 * Properties that people change on GitHub: given when a repository is created, left alone ever after. The provider writes all of them
 * with each change of one, and would put back what nobody asked it to: features, descriptions, an archived repository.
 */
export const LEFT_ALONE: readonly string[] = Object.keys({
  allowAutoMerge: true,
  allowForking: true,
  allowMergeCommit: true,
  allowRebaseMerge: true,
  allowSquashMerge: true,
  allowUpdateBranch: true,
  archived: true,
  autoInit: true,
  defaultBranch: true,
  deleteBranchOnMerge: true,
  description: true,
  fork: true,
  gitignoreTemplate: true,
  hasDiscussions: true,
  hasDownloads: true,
  hasIssues: true,
  hasProjects: true,
  hasWiki: true,
  homepageUrl: true,
  ignoreVulnerabilityAlertsDuringRead: true,
  isTemplate: true,
  licenseTemplate: true,
  mergeCommitMessage: true,
  mergeCommitTitle: true,
  pages: true,
  private: true,
  sourceOwner: true,
  sourceRepo: true,
  squashMergeCommitMessage: true,
  squashMergeCommitTitle: true,
  template: true,
  topics: true,
  visibility: true,
  vulnerabilityAlerts: true,
  webCommitSignoffRequired: true,
} satisfies Record<Exclude<keyof RepositoryArgs, "name" | "archiveOnDestroy" | "securityAndAnalysis" | "etag">, true>);

function planSelf(args: GithubRepositoryArgs): RepositoryArgs {
  const { mergeMethods } = rulesOf(args);
  return {
    name: args.name,
    visibility: args.visibility ?? "private",
    // A first commit, so that there is a default branch that the rules hold for.
    autoInit: true,
    hasIssues: true,
    allowMergeCommit: mergeMethods.includes("merge"),
    allowSquashMerge: mergeMethods.includes("squash"),
    allowRebaseMerge: mergeMethods.includes("rebase"),
    deleteBranchOnMerge: true,
    securityAndAnalysis: planSecurity(args),
    // Should anything ever delete the resource after all, GitHub keeps the repository and its history, read-only.
    archiveOnDestroy: true,
  };
}

function planSecurity(args: GithubRepositoryArgs): RepositoryArgs["securityAndAnalysis"] {
  const { license, secretScanning, pushProtection } = securityOf(args);
  // Without a license GitHub answers 422 to any of these switches of a repository that is not public.
  if (args.visibility !== "public" && license === "none") return undefined;
  return {
    // Part of every public repository, where setting it is refused; separate from it where Secret Protection is sold alone.
    ...(license === "advanced-security" ? { advancedSecurity: status(true) } : {}),
    secretScanning: status(secretScanning),
    secretScanningPushProtection: status(pushProtection),
  };
}

function status(isEnabled: boolean): { status: string } {
  return { status: isEnabled ? "enabled" : "disabled" };
}

function planRuleset(rules: Required<BranchRules>): Inside<RepositoryRulesetArgs> {
  return {
    name: "berth",
    target: "branch",
    enforcement: rules.enforcement,
    conditions: {
      refName: {
        includes: rules.branches.map((branch) => (branch.startsWith("~") ? branch : `refs/heads/${branch}`)),
        excludes: [],
      },
    },
    bypassActors: rules.bypass.map(planBypass),
    rules: {
      deletion: !rules.allowDeletion,
      nonFastForward: !rules.allowForcePush,
      requiredLinearHistory: rules.linearHistory,
      requiredSignatures: rules.signedCommits,
      pullRequest: {
        allowedMergeMethods: [...rules.mergeMethods],
        requiredApprovingReviewCount: rules.approvals,
        requireCodeOwnerReview: rules.codeOwnerReview,
        dismissStaleReviewsOnPush: rules.dismissStaleReviews,
        requireLastPushApproval: rules.lastPushApproval,
        requiredReviewThreadResolution: rules.resolveConversations,
      },
      ...(rules.requiredChecks.length === 0 ? {} : { requiredStatusChecks: planChecks(rules) }),
    },
  };
}

function planChecks({ requiredChecks, requireUpToDate }: Required<BranchRules>) {
  return {
    requiredChecks: requiredChecks.map((check) =>
      typeof check === "string" ? { context: check } : { context: check.name, integrationId: check.appId },
    ),
    strictRequiredStatusChecksPolicy: requireUpToDate,
    // No check has run on the first commit of a branch.
    doNotEnforceOnCreate: true,
  };
}

/** IDs of GitHub's own roles in a repository (documentation of github_repository_ruleset in the Terraform provider). */
const ROLE_IDS = { maintain: 2, write: 4, admin: 5 } as const;

function planBypass(actor: BypassActor) {
  const bypassMode = actor.when ?? "pull_request";
  if ("team" in actor) return { actorType: "Team", actorId: actor.team, bypassMode };
  if ("app" in actor) return { actorType: "Integration", actorId: actor.app, bypassMode };
  return { actorType: "RepositoryRole", actorId: ROLE_IDS[actor.role], bypassMode };
}

/** A policy, and the last part of its resource's name. */
type Policy = [string, EnvironmentPlan["policies"][string]];

function planEnvironment(name: string, settings: EnvironmentSettings): EnvironmentPlan {
  const { reviewers = {}, waitMinutes = 0, deployFrom } = settings;
  const { teams = [], users = [] } = reviewers;
  const isReviewed = teams.length + users.length > 0;
  const policies: Policy[] = [
    ...(deployFrom?.branches ?? []).map((pattern): Policy => [`branch-${pattern}`, { branchPattern: pattern }]),
    ...(deployFrom?.tags ?? []).map((pattern): Policy => [`tag-${pattern}`, { tagPattern: pattern }]),
  ];
  return {
    environment: {
      environment: name,
      ...(isReviewed ? { reviewers: [{ teams: [...teams], users: [...users] }] } : {}),
      preventSelfReview: settings.preventSelfReview ?? isReviewed,
      canAdminsBypass: settings.adminsCanBypass ?? (!isReviewed && waitMinutes === 0),
      waitTimer: waitMinutes,
      ...(policies.length === 0
        ? {}
        : { deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true } }),
    },
    policies: Object.fromEntries(policies),
  };
}

/**
 * The subject of an environment's jobs. With claims beyond `repo` and `context` their values are not known here: `*` stands for each,
 * as in a `StringLike` condition.
 */
function planSubject({ owner, name, ids, oidcClaims = [] }: GithubRepositoryArgs, environment: string): string {
  const subject = gitHubSubject({ repository: `${owner}/${name}`, environment, ...(ids ? { ids } : {}) });
  return [subject, ...oidcClaims.slice(2).map((claim) => `${claim}:*`)].join(":");
}

function mapValues<Value, Result>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value, key: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
