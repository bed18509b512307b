import type { Json, JsonObject } from "./json";

/*
 * What the fake GitHub server knows. It is plain JSON, so that it can be kept in a file. Secrets are in it as they came over HTTP:
 * sealed.
 */

/** A key pair for secrets, as base64. */
export interface KeyPair {
  id: string;
  publicKey: string;
  privateKey: string;
}

/** A secret of Actions. */
export interface StoredSecret {
  name: string;
  /** Sealed with the key pair of its place. */
  encryptedValue: string;
  createdAt: string;
  updatedAt: string;
  /** Secrets of organisations only. */
  visibility?: Visibility;
  selectedRepositoryIds?: number[];
}

/** A variable of Actions. */
export interface StoredVariable {
  name: string;
  value: string;
  createdAt: string;
  updatedAt: string;
  /** Variables of organisations only. */
  visibility?: Visibility;
  selectedRepositoryIds?: number[];
}

/** Which repositories of an organisation something is for. */
export type Visibility = "all" | "private" | "selected";

/** A ruleset of a repository or an organisation. */
export interface StoredRuleset {
  id: number;
  name: string;
  target: string;
  enforcement: string;
  bypassActors: Json[];
  conditions: Json;
  rules: Json[];
  createdAt: string;
  updatedAt: string;
}

/** Branches or tags that may use an environment. */
export interface StoredBranchPolicy {
  id: number;
  name: string;
  type: "branch" | "tag";
}

/** Something that has secrets and variables. */
export interface Vault {
  key: KeyPair;
  secrets: Record<string, StoredSecret>;
  variables: Record<string, StoredVariable>;
}

/** An environment of a repository. */
export interface StoredEnvironment extends Vault {
  id: number;
  name: string;
  waitTimer: number;
  preventSelfReview: boolean;
  canAdminsBypass: boolean;
  reviewers: { type: "User" | "Team"; id: number }[];
  branchPolicy: { protected_branches: boolean; custom_branch_policies: boolean } | null;
  branchPolicies: StoredBranchPolicy[];
  createdAt: string;
  updatedAt: string;
}

/** A label of a repository. */
export interface StoredLabel {
  id: number;
  name: string;
  color: string;
  description: string | null;
  default: boolean;
}

/** How the subject of OIDC tokens is made. */
export interface OidcTemplate {
  use_default: boolean;
  include_claim_keys?: string[];
}

/** A repository. */
export interface StoredRepository extends Vault {
  id: number;
  /** Login of the owner. */
  owner: string;
  name: string;
  /** Names that it had before; GitHub sends on from them. */
  formerNames: string[];
  /** The settings as answers show them. */
  settings: JsonObject;
  /** Whether secret scanning and its like are on, by their names in the API. */
  security: Record<string, "enabled" | "disabled">;
  topics: string[];
  branches: string[];
  labels: StoredLabel[];
  rulesets: StoredRuleset[];
  /** By name in lower case. */
  environments: Record<string, StoredEnvironment>;
  oidc: OidcTemplate;
  vulnerabilityAlerts: boolean;
  securityUpdates: boolean;
  privateVulnerabilityReporting: boolean;
  createdAt: string;
  updatedAt: string;
}

/** A person. */
export interface StoredUser {
  id: number;
  login: string;
}

/** A team of an organisation. */
export interface StoredTeam {
  id: number;
  slug: string;
  name: string;
}

/** What an organisation pays for, which decides what it may use in repositories that are not public. */
export type Plan = "free" | "team" | "enterprise";

/** An organisation. */
export interface StoredOrganization extends Vault {
  id: number;
  login: string;
  plan: Plan;
  /** Bought besides the plan: Secret Protection is a part of Advanced Security and sold alone too. */
  licenses: ("secret-protection" | "advanced-security")[];
  teams: StoredTeam[];
  rulesets: StoredRuleset[];
  oidc: { include_claim_keys: string[] };
}

/** A GitHub App that is installed in all organisations. */
export interface StoredApp {
  id: string;
  installationId: string;
  /** As PEM. */
  publicKey: string;
}

/** Everything that the server knows. */
export interface State {
  /** The next number for whatever gets one. */
  nextId: number;
  /** When something was last written. */
  clock: string;
  /** Login of the user whom tokens belong to. */
  viewer: string;
  apps: StoredApp[];
  /** By login in lower case. */
  users: Record<string, StoredUser>;
  /** By login in lower case. */
  organizations: Record<string, StoredOrganization>;
  /** By `owner/name` in lower case. */
  repositories: Record<string, StoredRepository>;
}
