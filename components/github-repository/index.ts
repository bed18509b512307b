import * as pulumi from "@pulumi/pulumi";
import type { GithubRepositoryArgs } from "./args";

export type { GithubRepositoryArgs } from "./args";

/** One repository on GitHub: its rules, environments, secrets, labels and scanning. Never deletes the repository. */
export class GithubRepository extends pulumi.ComponentResource {
  /** Name of the repository. With mode `manage` it is known once the repository exists. */
  readonly repositoryName: pulumi.Output<string>;
  /** By environment: the subject of its jobs' OIDC tokens, which AWS roles are trusted by. */
  readonly subjects: Record<string, string>;

  constructor(name: string, args: GithubRepositoryArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("berth:github-repository:GithubRepository", name, {}, opts);
    throw new pulumi.ResourceError(`${args.name} cannot be set up yet`, this);
  }
}
