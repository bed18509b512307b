import type { Input } from "@pulumi/pulumi";
import { partitionOf } from "../iam/partition";
import type { Statement } from "../iam/document";
import type { GitHubTrust } from "../iam/trust";
import type { ImageRepository, RegistryArgs, Upstream } from "./args";
import { planCacheLifecycle, planImageLifecycle } from "./lifecycle";
import type { LifecycleDocument } from "./lifecycle";

/** A public registry, as a pull-through rule names it. */
export interface UpstreamFacts {
  /** Host (ECR API reference, CreatePullThroughCacheRule). */
  url: string;
  /** Whether ECR reads it only with credentials (ECR user guide, "Sync an upstream registry with an Amazon ECR private registry"). */
  needsCredentials: boolean;
}

/** The public registries, by our names for them. */
export const UPSTREAMS: Record<Upstream, UpstreamFacts> = {
  "ecr-public": { url: "public.ecr.aws", needsCredentials: false },
  kubernetes: { url: "registry.k8s.io", needsCredentials: false },
  quay: { url: "quay.io", needsCredentials: false },
  "docker-hub": { url: "registry-1.docker.io", needsCredentials: true },
  github: { url: "ghcr.io", needsCredentials: true },
  gitlab: { url: "registry.gitlab.com", needsCredentials: true },
};

/** One ECR repository. */
export interface RepositoryPlan {
  name: string;
  /** Tags of images never move; those of build caches do with each build. */
  tagMutability: "IMMUTABLE" | "MUTABLE";
  lifecycle: LifecycleDocument;
}

/** A role that GitHub's jobs take. */
export interface GitHubRolePlan {
  name: string;
  description: string;
  trust: GitHubTrust[];
  statements: Statement[];
}

/** What belongs to one repository for images. */
export interface ImageRepositoryPlan {
  /** The repository, and the one for its build caches if there is to be one. */
  repositories: RepositoryPlan[];
  push: GitHubRolePlan;
  cleanup?: GitHubRolePlan;
}

/** Where a registry is, and what its names begin with. */
export type Place = Pick<RegistryArgs, "name" | "region" | "accountId">;

/** Plans one repository for images with its roles. */
export function planImageRepository(place: Place, repository: ImageRepository): ImageRepositoryPlan {
  const { name, push, cleanup, buildCache } = repository;
  const arn = repositoryArn(place, name);
  const cacheArn = buildCache && repositoryArn(place, cacheName(name));
  return {
    repositories: [
      { name, tagMutability: "IMMUTABLE", lifecycle: planImageLifecycle(repository.expireUntaggedAfterDays) },
      ...(buildCache
        ? [
            {
              name: cacheName(name),
              tagMutability: "MUTABLE" as const,
              lifecycle: planCacheLifecycle(buildCache.expireAfterDays),
            },
          ]
        : []),
    ],
    push: {
      name: roleName(place.name, "push", name),
      description: `GitHub pushes images to ${name}`,
      trust: trustOf(push, push.environments),
      statements: pushStatements(place.region, arn, cacheArn),
    },
    ...(cleanup
      ? {
          cleanup: {
            name: roleName(place.name, "cleanup", name),
            description: `GitHub removes tags of closed pull requests from ${name}`,
            trust: trustOf(push, cleanup.environments),
            statements: cleanupStatements(arn),
          },
        }
      : {}),
  };
}

/** Name of the repository for build caches that goes with one for images. */
export function cacheName(repository: string): string {
  return `${repository}/build-cache`;
}

/** Name of a repository's role. Names of roles have no slashes, so they are dots. */
export function roleName(name: string, what: "push" | "cleanup", repository: string): string {
  return `${name}-${what}-${repository.replaceAll("/", ".")}`;
}

/** Name of the role with which ECR makes repositories for cached images. */
export function creationRoleName(name: string): string {
  return `${name}-pull-through`;
}

/** ARN of a repository; `*` at the end of the name makes it a pattern. */
export function repositoryArn({ region, accountId }: Omit<Place, "name">, repository: string): string {
  return `arn:${partitionOf(region)}:ecr:${region}:${accountId}:repository/${repository}`;
}

/**
 * What a node's role needs to pull an image through the cache for the first time, in addition to the right to pull: reading it from
 * upstream, and making its repository (ECR user guide, "IAM permissions required to sync an upstream registry").
 *
 * @param arns patterns of the cached repositories
 */
export function pullThroughStatement(arns: string[]): Statement {
  return { sid: "PullThrough", actions: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"], resources: arns };
}

/**
 * What ECR needs to make repositories with a key and tags (ECR user guide, "Create a custom policy for repository creation templates"),
 * limited to the cached ones and to the one key.
 */
export function creationStatements(arns: string[], keyArn: Input<string>): Statement[] {
  return [
    {
      sid: "MakeRepositories",
      actions: ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
      resources: arns,
    },
    { sid: "UseKey", actions: ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"], resources: [keyArn] },
  ];
}

function trustOf({ repository, ids }: ImageRepository["push"], environments: readonly string[]): GitHubTrust[] {
  return environments.map((environment) => ({ repository, environment, ...(ids ? { ids } : {}) }));
}

/** What a push consists of. BatchGetImage reads manifests, not layers (ECR user guide, "IAM permissions for pushing an image"). */
const PUSH = [
  "ecr:BatchCheckLayerAvailability",
  "ecr:BatchGetImage",
  "ecr:CompleteLayerUpload",
  "ecr:InitiateLayerUpload",
  "ecr:PutImage",
  "ecr:UploadLayerPart",
];

function pushStatements(region: string, arn: string, cacheArn: string | undefined): Statement[] {
  return [
    {
      // Knows no resources (service authorization reference, "Actions defined by Amazon Elastic Container Registry").
      sid: "Login",
      actions: ["ecr:GetAuthorizationToken"],
      resources: ["*"],
      conditions: { StringEquals: { "aws:RequestedRegion": region } },
    },
    { sid: "Push", actions: PUSH, resources: [arn] },
    ...(cacheArn === undefined
      ? []
      : [{ sid: "ShareLayers", actions: [...PUSH, "ecr:GetDownloadUrlForLayer"], resources: [cacheArn] }]),
  ];
}

function cleanupStatements(arn: string): Statement[] {
  return [{ sid: "RemoveTags", actions: ["ecr:BatchDeleteImage", "ecr:ListImages"], resources: [arn] }];
}
