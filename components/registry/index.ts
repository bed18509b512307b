import * as pulumi from "@pulumi/pulumi";
import type { RegistryArgs } from "./args";

export type { ImageRepository, PullThrough, RegistryArgs, RegistryTransforms, Upstream } from "./args";

/** Repositories for images, who may push to them, and a cache for public images. */
export class Registry extends pulumi.ComponentResource {
  /** URL of each repository by its name: `{account}.dkr.ecr.{region}.amazonaws.com/{name}`. */
  readonly urls!: Record<string, pulumi.Output<string>>;
  /** Role that pushes to each repository, by the repository's name. */
  readonly pushRoleArns!: Record<string, pulumi.Output<string>>;
  /** The account's OIDC provider for GitHub. */
  readonly oidcProviderArn!: pulumi.Output<string>;
  readonly kmsKeyArn!: pulumi.Output<string>;
  /** ARN patterns of the repositories that the pull-through cache fills, for the nodes' right to do so; see `pullThroughStatement`. */
  readonly cachedRepositoryArns!: pulumi.Output<string>[];

  constructor(name: string, _args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:registry:Registry", name, {}, opts);
    this.registerOutputs({});
  }
}
