import type { Finding } from "../problems";
import type { Environment, Rules, Settings, Top } from "./schema";

/** A secret and where its value is. */
export interface SecretReference {
  /** Name on GitHub. */
  name: string;
  /** Name after `berth:githubSecret-`. */
  from: string;
  /** Where the reference stands in `berth:github`. */
  path: readonly PropertyKey[];
}

/** An environment with names resolved. */
export interface EnvironmentConfig extends Omit<Environment, "reviewers" | "secrets"> {
  reviewers?: { teams: number[]; users: number[] };
  secrets: SecretReference[];
}

/** A repository's own settings over the defaults, with names resolved. */
export interface RepositorySettings extends Omit<Settings, "rules" | "environments" | "secrets"> {
  rules?: Omit<Rules, "bypass"> & { bypass?: BypassConfig[] };
  environments: Record<string, EnvironmentConfig>;
  secrets: SecretReference[];
}

/** One repository of the list. */
export interface RepositoryConfig {
  name: string;
  id?: number;
  settings: RepositorySettings;
  /** Where a setting of this repository stands in `berth:github`: in its own entry or in the defaults. */
  placeOf: (path: readonly PropertyKey[]) => PropertyKey[];
}

/** Somebody who may pass rules by, by ID. */
export type BypassConfig = ({ role: "maintain" | "write" | "admin" } | { team: number } | { app: number }) & {
  when?: "always" | "pull_request";
};

/** `berth:github` with defaults filled in and names resolved. */
export interface GithubConfig extends Omit<Top, keyof Directory> {
  repositories: RepositoryConfig[];
}

/** What could be read, and everything that is wrong. */
export interface GithubExamination {
  /** Parts that are not right are left out, so that the rest can be looked at too. Only whole when there are no findings. */
  config: GithubConfig;
  findings: Finding[];
}

/** Numeric IDs by name; undefined where they could not be read. */
export interface Directory {
  teams: Record<string, number> | undefined;
  users: Record<string, number> | undefined;
}
