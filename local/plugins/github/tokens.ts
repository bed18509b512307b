/*
 * The resource types that the stand-in covers. Every other type of @pulumi/github fails by name.
 */

const names = [
  "ActionsEnvironmentSecret",
  "ActionsEnvironmentVariable",
  "ActionsOrganizationOidcSubjectClaimCustomizationTemplate",
  "ActionsOrganizationSecret",
  "ActionsOrganizationVariable",
  "ActionsRepositoryOidcSubjectClaimCustomizationTemplate",
  "ActionsSecret",
  "ActionsVariable",
  "BranchDefault",
  "IssueLabel",
  "IssueLabels",
  "OrganizationRuleset",
  "Repository",
  "RepositoryDependabotSecurityUpdates",
  "RepositoryEnvironment",
  "RepositoryEnvironmentDeploymentPolicy",
  "RepositoryRuleset",
  "RepositoryTopics",
  "RepositoryVulnerabilityAlerts",
] as const;

/** Name of a covered resource's class in @pulumi/github. */
export type KindName = (typeof names)[number];

/** Type token of a resource's class. */
export function tokenOf(name: KindName): string {
  return `github:index/${name.charAt(0).toLowerCase()}${name.slice(1)}:${name}`;
}

/** Type tokens of all covered resources. */
export const kindTokens: readonly string[] = names.map(tokenOf);
