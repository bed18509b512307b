import type { BranchRules, DependabotSettings, GithubRepositoryArgs, LabelSettings, SecuritySettings } from "./args";

/* What a repository gets where its arguments are silent. */

/**
 * Labels that ask for a preview command on a pull request, for those who would rather click than write a comment.
 *
 * Deploy, preserve and destroy are the commands of k8s-ee.
 */
export const PREVIEW_LABELS: Readonly<Record<string, LabelSettings>> = {
  "berth:deploy": { color: "1f6feb", description: "Give this pull request an environment" },
  "berth:preserve": { color: "8957e5", description: "Keep this pull request's environment longer" },
  "berth:sleep": { color: "6e7681", description: "Let this pull request's environment sleep" },
  "berth:destroy": { color: "da3633", description: "Take this pull request's environment away" },
};

/** The rules with every default filled in. */
export function rulesOf({ rules = {} }: Pick<GithubRepositoryArgs, "rules">): Required<BranchRules> {
  const linearHistory = rules.linearHistory ?? true;
  return {
    enforcement: "active",
    branches: ["~DEFAULT_BRANCH"],
    requiredChecks: [],
    requireUpToDate: false,
    approvals: 1,
    codeOwnerReview: false,
    dismissStaleReviews: true,
    lastPushApproval: false,
    resolveConversations: true,
    mergeMethods: linearHistory ? ["squash", "rebase"] : ["merge", "squash", "rebase"],
    signedCommits: false,
    allowForcePush: false,
    allowDeletion: false,
    bypass: [],
    ...given(rules),
    linearHistory,
  };
}

/** The switches with every default filled in. */
export function securityOf({
  visibility = "private",
  security = {},
}: Pick<GithubRepositoryArgs, "visibility" | "security">): Required<SecuritySettings> {
  const license = security.license ?? "none";
  const secretScanning = security.secretScanning ?? (visibility === "public" || license !== "none");
  return { license, secretScanning, pushProtection: security.pushProtection ?? secretScanning };
}

/** What Dependabot does, with every default filled in. */
export function dependabotOf({
  dependabot = {},
}: Pick<GithubRepositoryArgs, "dependabot">): Required<DependabotSettings> {
  const alerts = dependabot.alerts ?? true;
  return { alerts, securityUpdates: dependabot.securityUpdates ?? alerts };
}

/** Leaves out what is there but undefined, so that it does not hide a default. */
function given<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}
