import { LifecyclePolicy, PullThroughCacheRule, Repository, RepositoryCreationTemplate } from "@pulumi/aws/ecr";
import { OpenIdConnectProvider, Role, RolePolicy } from "@pulumi/aws/iam";
import { Alias, Key } from "@pulumi/aws/kms";
import * as pulumi from "@pulumi/pulumi";
import { Children } from "../children";
import { AWS_AUDIENCE, GITHUB_ISSUER_URL, assumeByGitHubJobs, assumeByService, policyJson } from "../iam";
import { throwIfInvalid } from "../problems";
import type { PullThrough, RegistryArgs } from "./args";
import {
  UPSTREAMS,
  creationRoleName,
  creationStatements,
  planImageRepository,
  pullThroughStatement,
  repositoryArn,
} from "./plan";
import type { GitHubRolePlan, RepositoryPlan } from "./plan";
import { validate } from "./validate";

export type { ImageRepository, PullThrough, RegistryArgs, RegistryTransforms, Upstream } from "./args";

/**
 * Repositories for the images that environments run, the roles with which GitHub pushes to them, and a cache for public images.
 *
 * @example
 * ```ts
 * new Registry("registry", {
 *   name: "acme-previews",
 *   region: "eu-central-1",
 *   accountId: "111122223333",
 *   repositories: [{ name: "acme/shop", push: { repository: "acme/shop", environments: ["preview"] } }],
 * });
 * ```
 * @throws pulumi.InputPropertiesError with everything that is wrong with the arguments
 */
export class Registry extends pulumi.ComponentResource {
  /** URL of each repository by its name: `{account}.dkr.ecr.{region}.amazonaws.com/{name}`. */
  readonly urls: Record<string, pulumi.Output<string>>;
  /** Role that pushes to each repository, by the repository's name. */
  readonly pushRoleArns: Record<string, pulumi.Output<string>>;
  /** Role that removes tags, of those repositories that have one, by the repository's name. */
  readonly cleanupRoleArns: Record<string, pulumi.Output<string>>;
  /** The account's OIDC provider for GitHub. */
  readonly oidcProviderArn: pulumi.Output<string>;
  readonly kmsKeyArn: pulumi.Output<string>;
  /** Patterns of the repositories that the cache makes; see {@link letPullThrough}. */
  readonly cachedRepositoryArns: string[];

  constructor(name: string, args: RegistryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:registry:Registry", name, {}, opts);
    throwIfInvalid(`Registry ${name} cannot be made as asked.`, validate(args));
    const maker = new Maker(new Children(name, this), args);

    this.kmsKeyArn = pulumi.output(args.kmsKeyArn ?? maker.key());
    this.oidcProviderArn = pulumi.output(args.github?.oidcProviderArn ?? maker.oidcProvider());
    this.urls = {};
    this.pushRoleArns = {};
    this.cleanupRoleArns = {};
    for (const repository of args.repositories) {
      const plan = planImageRepository(args, repository);
      for (const one of plan.repositories) this.urls[one.name] = maker.repository(one, this.kmsKeyArn);
      this.pushRoleArns[repository.name] = maker.role("push", repository.name, plan.push, this.oidcProviderArn);
      if (!plan.cleanup) continue;
      this.cleanupRoleArns[repository.name] = maker.role(
        "cleanup",
        repository.name,
        plan.cleanup,
        this.oidcProviderArn,
      );
    }
    const caches = args.pullThrough ?? [];
    this.cachedRepositoryArns = caches.map(({ prefix }) => repositoryArn(args, `${prefix}/*`));
    if (caches.length > 0) maker.pullThrough(caches, this.cachedRepositoryArns, this.kmsKeyArn);

    this.registerOutputs({
      urls: this.urls,
      pushRoleArns: this.pushRoleArns,
      cleanupRoleArns: this.cleanupRoleArns,
      oidcProviderArn: this.oidcProviderArn,
      kmsKeyArn: this.kmsKeyArn,
    });
  }
}

/**
 * Lets a role, such as that of nodes, pull images through a registry's cache. It also needs the right to pull, as nodes have it by
 * AmazonEC2ContainerRegistryPullOnly. Roles of nodes are made after the registry, hence not an argument of it.
 *
 * @param name of the child to be
 * @throws RangeError when the registry caches nothing
 */
export function letPullThrough(
  name: string,
  { registry, roleName }: { registry: Pick<Registry, "cachedRepositoryArns">; roleName: pulumi.Input<string> },
  opts?: pulumi.CustomResourceOptions,
): RolePolicy {
  const policy = policyJson(pullThroughStatement(registry.cachedRepositoryArns));
  return new RolePolicy(name, { name: "pull-through", role: roleName, policy }, opts);
}

/** Registers the children of a registry. */
class Maker {
  private readonly tags: { tags?: Record<string, string> };

  constructor(
    private readonly children: Children,
    private readonly args: RegistryArgs,
  ) {
    this.tags = args.tags ? { tags: args.tags } : {};
  }

  key(): pulumi.Output<string> {
    const { name, transform } = this.args;
    // Without a policy of its own it gets the default one, which leaves the decision to IAM policies of the account.
    const key = this.children.add(
      Key,
      "key",
      { description: `Images of ${name}`, enableKeyRotation: true, deletionWindowInDays: 30, ...this.tags },
      transform?.key,
    );
    this.children.add(Alias, "key-alias", { name: `alias/${name}-images`, targetKeyId: key.id });
    return key.arn;
  }

  oidcProvider(): pulumi.Output<string> {
    const args = { url: GITHUB_ISSUER_URL, clientIdLists: [AWS_AUDIENCE], ...this.tags };
    return this.children.add(OpenIdConnectProvider, "github", args).arn;
  }

  /** Gives the repository's URL. */
  repository({ name, tagMutability, lifecycle }: RepositoryPlan, kmsKey: pulumi.Output<string>): pulumi.Output<string> {
    const repository = this.children.add(
      Repository,
      `repository-${name}`,
      {
        name,
        imageTagMutability: tagMutability,
        imageScanningConfiguration: { scanOnPush: true },
        encryptionConfigurations: [{ encryptionType: "KMS", kmsKey }],
        forceDelete: this.args.forceDelete ?? false,
        ...this.tags,
      },
      this.args.transform?.repository,
    );
    const policy = { repository: repository.name, policy: JSON.stringify(lifecycle) };
    this.children.add(LifecyclePolicy, `lifecycle-${name}`, policy);
    return repository.repositoryUrl;
  }

  /** Gives the role's ARN. */
  role(
    what: "push" | "cleanup",
    repository: string,
    { name, description, trust, statements }: GitHubRolePlan,
    providerArn: pulumi.Output<string>,
  ): pulumi.Output<string> {
    const role = this.children.add(
      Role,
      `${what}-${repository}`,
      { name, description, assumeRolePolicy: policyJson(assumeByGitHubJobs({ providerArn, trust })), ...this.tags },
      this.args.transform?.role,
    );
    this.children.add(RolePolicy, `${what}-policy-${repository}`, {
      name: what,
      role: role.name,
      policy: policyJson(...statements),
    });
    return role.arn;
  }

  /**
   * Caches public images. ECR makes a repository at the first pull of each, with the settings of the prefix's template. These have no
   * lifecycle: environments run cached images too, by digest, and what is pulled by digest may have no tag.
   */
  pullThrough(caches: readonly PullThrough[], arns: string[], kmsKey: pulumi.Output<string>): void {
    const { transform, tags } = this.args;
    const { role, policy } = this.creationRole(arns, kmsKey);
    for (const { prefix, upstream, credentialArn } of caches) {
      const template = this.children.with({ dependsOn: [policy] }).add(
        RepositoryCreationTemplate,
        `cache-template-${prefix}`,
        {
          prefix,
          description: `Images of ${UPSTREAMS[upstream].url}`,
          appliedFors: ["PULL_THROUGH_CACHE"],
          customRoleArn: role.arn,
          encryptionConfigurations: [{ encryptionType: "KMS", kmsKey }],
          // Upstream tags move, and ECR follows them.
          imageTagMutability: "MUTABLE",
          ...(tags ? { resourceTags: tags } : {}),
        },
        transform?.creationTemplate,
      );
      this.children.with({ dependsOn: [template] }).add(PullThroughCacheRule, `cache-${prefix}`, {
        ecrRepositoryPrefix: prefix,
        upstreamRegistryUrl: UPSTREAMS[upstream].url,
        ...(credentialArn === undefined ? {} : { credentialArn }),
      });
    }
  }

  private creationRole(arns: string[], kmsKey: pulumi.Output<string>): { role: Role; policy: RolePolicy } {
    const name = creationRoleName(this.args.name);
    const role = this.children.add(
      Role,
      "cache-role",
      {
        name,
        description: "ECR makes repositories for cached images",
        assumeRolePolicy: policyJson(assumeByService("ecr.amazonaws.com")),
        ...this.tags,
      },
      this.args.transform?.role,
    );
    const policy = this.children.add(RolePolicy, "cache-role-policy", {
      name: "make-repositories",
      role: role.name,
      policy: policyJson(...creationStatements(arns, kmsKey)),
    });
    return { role, policy };
  }
}
