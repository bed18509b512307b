import { tokenOf, type KindName } from "../tokens";
import { deploymentPolicy, repositoryEnvironment } from "./environments";
import type { Kind } from "./kind";
import { issueLabel, issueLabels } from "./labels";
import { repository } from "./repository";
import { organizationRuleset, repositoryRuleset } from "./rulesets";
import {
  branchDefault,
  organizationOidc,
  repositoryOidc,
  repositoryTopics,
  securityUpdates,
  vulnerabilityAlerts,
} from "./switches";
import {
  environmentSecret,
  environmentVariable,
  organizationSecret,
  organizationVariable,
  repositorySecret,
  repositoryVariable,
} from "./vaults";

const byName: Record<KindName, Kind> = {
  ActionsEnvironmentSecret: environmentSecret,
  ActionsEnvironmentVariable: environmentVariable,
  ActionsOrganizationOidcSubjectClaimCustomizationTemplate: organizationOidc,
  ActionsOrganizationSecret: organizationSecret,
  ActionsOrganizationVariable: organizationVariable,
  ActionsRepositoryOidcSubjectClaimCustomizationTemplate: repositoryOidc,
  ActionsSecret: repositorySecret,
  ActionsVariable: repositoryVariable,
  BranchDefault: branchDefault,
  IssueLabel: issueLabel,
  IssueLabels: issueLabels,
  OrganizationRuleset: organizationRuleset,
  Repository: repository,
  RepositoryDependabotSecurityUpdates: securityUpdates,
  RepositoryEnvironment: repositoryEnvironment,
  RepositoryEnvironmentDeploymentPolicy: deploymentPolicy,
  RepositoryRuleset: repositoryRuleset,
  RepositoryTopics: repositoryTopics,
  RepositoryVulnerabilityAlerts: vulnerabilityAlerts,
};

/** All covered kinds by type token. */
export const kinds: ReadonlyMap<string, Kind> = new Map(
  (Object.keys(byName) as KindName[]).map((name) => [tokenOf(name), byName[name]]),
);

export type { Kind, Values, View } from "./kind";
