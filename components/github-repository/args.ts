import type {
  ActionsEnvironmentSecretArgs,
  ActionsEnvironmentVariableArgs,
  ActionsSecretArgs,
  ActionsVariableArgs,
  IssueLabelArgs,
  RepositoryArgs,
  RepositoryEnvironmentArgs,
  RepositoryRulesetArgs,
} from "@pulumi/github";
import type { Input, Output } from "@pulumi/pulumi";
import type { Transform } from "../children";

/**
 * What a repository is set up from. Names, switches and numbers are plain, since they shape the graph; values may be outputs, and
 * secrets must be.
 */
export interface GithubRepositoryArgs {
  /** Organisation or user that owns the repository, such as `acme`, as GitHub writes it. */
  owner: string;
  /** Name of the repository without its owner, such as `shop`, as GitHub writes it. */
  name: string;
  /**
   * Numeric IDs of owner and repository. Repositories that were created, renamed or transferred after 15 July 2026 carry them in the
   * subject of their OIDC tokens (GitHub docs, "OpenID Connect reference": immutable subject claims).
   *
   * @default none: {@link GithubRepository.subjects} has names only
   */
  ids?: { owner: number; repository: number };
  /**
   * How much of the repository belongs to this component. In no mode is a repository ever deleted.
   *
   * - `configure`: only what is set up in it. The repository exists and is not a resource here.
   * - `adopt`: takes a repository that exists into the stack's state and keeps secret scanning and push protection as given.
   * - `create`: the same for a repository that does not exist yet, which it creates.
   *
   * What people set on GitHub (description, topics, visibility, features, merge buttons, whether it is archived) stays as they set it
   * in every mode.
   *
   * @default "configure"
   */
  mode?: RepositoryMode;
  /**
   * Who sees the repository. `create` makes it so, `adopt` only needs to know. Never changed afterwards: publishing a repository is
   * nothing for a typing error.
   *
   * @default "private"
   */
  visibility?: Visibility;
  /**
   * Secret scanning; with modes `adopt` and `create` only, because GitHub has these switches on the repository itself.
   *
   * @default on where the repository is public or has a license for it
   */
  security?: SecuritySettings;
  /**
   * What Dependabot does.
   *
   * @default alerts and security updates
   */
  dependabot?: DependabotSettings;
  /**
   * The ruleset of the default branch.
   *
   * @default one review, linear history, resolved conversations, no force-push, no deletion
   */
  rules?: BranchRules;
  /**
   * GitHub environments by name: letters, digits and `._-`, so that the name in an OIDC token is the name here.
   *
   * @default none
   * @example { preview: {}, production: { deployFrom: { branches: ["main"] }, reviewers: { teams: [1234567] } } }
   */
  environments?: Record<string, EnvironmentSettings>;
  /**
   * Actions secrets by name. Encrypted with the repository's public key by the provider, and in the stack's state by its secrets
   * provider. A plain text is refused.
   *
   * @default none
   * @example { NPM_TOKEN: new pulumi.Config("berth").requireSecret("githubSecret-NPM_TOKEN") }
   */
  secrets?: Record<string, Output<string>>;
  /**
   * Actions variables by name. Everybody who can read the repository can read them.
   *
   * @default none
   */
  variables?: Record<string, Input<string>>;
  /**
   * Labels by name, besides whatever labels the repository has. A name that the repository has already makes the update fail.
   *
   * @default those of the preview commands, see `PREVIEW_LABELS`
   */
  labels?: Record<string, LabelSettings>;
  /**
   * Claims that the subject of OIDC tokens is made of, in this order. Must begin with `repo` and `context`, which together are what AWS
   * roles are trusted by: `repo:OWNER/NAME:environment:ENVIRONMENT`.
   *
   * @default GitHub's own, which is those two, also where the organisation has a template
   */
  oidcClaims?: string[];
  /**
   * Changes children last, one function per kind of child.
   *
   * @default nothing is changed
   */
  transform?: GithubRepositoryTransforms;
}

/** See {@link GithubRepositoryArgs.mode}. */
export type RepositoryMode = "configure" | "adopt" | "create";

/** Who sees a repository. `internal` exists in organisations of an enterprise only. */
export type Visibility = "public" | "private" | "internal";

/** Switches for what GitHub looks for in a repository's contents. */
export interface SecuritySettings {
  /**
   * What pays for scanning of a repository that is not public. GitHub sells Secret Protection alone, or as a part of Advanced Security
   * (GitHub docs, "About GitHub Advanced Security"); public repositories need none.
   *
   * @default "none"
   */
  license?: "none" | "secret-protection" | "advanced-security";
  /**
   * Alerts on credentials in the history.
   *
   * @default true for public repositories and with a license
   */
  secretScanning?: boolean;
  /**
   * Refuses pushes that contain credentials. Needs `secretScanning`.
   *
   * @default as `secretScanning`
   */
  pushProtection?: boolean;
}

/** What Dependabot does. */
export interface DependabotSettings {
  /**
   * Alerts on dependencies with known vulnerabilities.
   *
   * @default true
   */
  alerts?: boolean;
  /**
   * Pull requests that update such dependencies. Needs `alerts`.
   *
   * @default as `alerts`
   */
  securityUpdates?: boolean;
}

/** Rules for the branches that matter. */
export interface BranchRules {
  /**
   * `evaluate` reports and lets pass, in organisations of an enterprise; `disabled` keeps the ruleset and lets pass.
   *
   * @default "active"
   */
  enforcement?: "active" | "evaluate" | "disabled";
  /**
   * Branches that the rules hold for: names, patterns as in `release/*`, `~DEFAULT_BRANCH` or `~ALL`.
   *
   * @default ["~DEFAULT_BRANCH"]
   */
  branches?: string[];
  /**
   * Status checks that must pass, by the names that a pull request shows. With an App's ID only that App's report counts; GitHub
   * Actions is 15368.
   *
   * @default none
   * @example ["test", { name: "berth/preview", appId: 15368 }]
   */
  requiredChecks?: (string | { name: string; appId: number })[];
  /**
   * Whether checks must have run on top of the newest commit of the branch. Each merge then makes every other pull request run again.
   *
   * @default false
   */
  requireUpToDate?: boolean;
  /**
   * Approving reviews, 0 to 10 (GitHub REST API, "Create a repository ruleset"). With 0 a pull request is still needed.
   *
   * @default 1
   */
  approvals?: number;
  /**
   * Whether owners of changed files, by CODEOWNERS, must be among the approvers.
   *
   * @default false
   */
  codeOwnerReview?: boolean;
  /**
   * Whether a new commit takes approvals back.
   *
   * @default true
   */
  dismissStaleReviews?: boolean;
  /**
   * Whether somebody else than the last pusher must approve.
   *
   * @default false
   */
  lastPushApproval?: boolean;
  /**
   * Whether all conversations must be resolved.
   *
   * @default true
   */
  resolveConversations?: boolean;
  /**
   * Whether merge commits are refused.
   *
   * @default true
   */
  linearHistory?: boolean;
  /**
   * How pull requests may be merged.
   *
   * @default ["squash", "rebase"], and "merge" without `linearHistory`
   */
  mergeMethods?: MergeMethod[];
  /**
   * Whether commits must be signed.
   *
   * @default false
   */
  signedCommits?: boolean;
  /** @default false */
  allowForcePush?: boolean;
  /** @default false */
  allowDeletion?: boolean;
  /**
   * Who may pass the rules by.
   *
   * @default nobody
   * @example [{ app: 123456, when: "always" }]
   */
  bypass?: BypassActor[];
}

/** How a pull request becomes part of its base. */
export type MergeMethod = "merge" | "squash" | "rebase";

/** Somebody who may pass rules by. */
export type BypassActor = ({ role: "maintain" | "write" | "admin" } | { team: number } | { app: number }) & {
  /**
   * Whether on a pull request's page only, or with pushes too.
   *
   * @default "pull_request"
   */
  when?: "always" | "pull_request";
};

/** One GitHub environment. */
export interface EnvironmentSettings {
  /**
   * Who must approve a job before it gets the environment's secrets and OIDC subject: numeric IDs, at most six in all (GitHub docs,
   * "Deployments and environments"). In private repositories that needs GitHub Enterprise.
   *
   * @default nobody
   */
  reviewers?: { teams?: number[]; users?: number[] };
  /**
   * Whether whoever started a job may not approve it.
   *
   * @default true where there are reviewers
   */
  preventSelfReview?: boolean;
  /**
   * Whether administrators may skip reviewers and wait.
   *
   * @default false where there are reviewers or a wait; else GitHub's own, true
   */
  adminsCanBypass?: boolean;
  /**
   * Minutes that a job waits, 0 to 43,200 (GitHub REST API, "Create or update an environment").
   *
   * @default 0
   */
  waitMinutes?: number;
  /**
   * Branches and tags whose jobs may use the environment, by name or pattern. A job of a pull request runs on `refs/pull/NUMBER/merge`.
   * GitHub's "protected branches only" is not on offer: it looks at the older branch protection, and lets every branch through where
   * there is none.
   *
   * @default any
   * @example { branches: ["main"], tags: ["v*"] }
   */
  deployFrom?: { branches?: string[]; tags?: string[] };
  /**
   * Secrets of jobs in this environment, as {@link GithubRepositoryArgs.secrets}.
   *
   * @default none
   */
  secrets?: Record<string, Output<string>>;
  /** @default none */
  variables?: Record<string, Input<string>>;
}

/** One label. */
export interface LabelSettings {
  /** Six hexadecimal digits, such as `1f6feb`. */
  color: string;
  /**
   * At most 100 characters (GitHub REST API, "Create a label").
   *
   * @default ""
   */
  description?: string;
}

/** The children of a repository that can be changed; see {@link Transform}. */
export interface GithubRepositoryTransforms {
  /** The repository itself, in modes `adopt` and `create`. */
  repository?: Transform<RepositoryArgs>;
  ruleset?: Transform<RepositoryRulesetArgs>;
  /** Called for each environment. */
  environment?: Transform<RepositoryEnvironmentArgs>;
  /** Called for each Actions secret of the repository. */
  secret?: Transform<ActionsSecretArgs>;
  /** Called for each Actions variable of the repository. */
  variable?: Transform<ActionsVariableArgs>;
  /** Called for each secret of each environment. */
  environmentSecret?: Transform<ActionsEnvironmentSecretArgs>;
  /** Called for each variable of each environment. */
  environmentVariable?: Transform<ActionsEnvironmentVariableArgs>;
  /** Called for each label. */
  label?: Transform<IssueLabelArgs>;
}

/**
 * Where a GitHub App sends people back to after they log in. No API and no Pulumi resource registers an App: the URLs are typed in by a
 * person, and checked here before.
 */
export interface CallbackArgs {
  /**
   * Domain of the environments, such as `preview.example.com`. Its broker, `https://auth.<domain>/callback`, is one of the URLs.
   *
   * @default none: environments have no log-in by this App
   */
  domain?: string;
  /**
   * Further URLs, such as the app's own in production.
   *
   * @default none
   */
  callbackUrls?: string[];
}
