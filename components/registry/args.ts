import type { RepositoryArgs, RepositoryCreationTemplateArgs } from "@pulumi/aws/ecr";
import type { RoleArgs } from "@pulumi/aws/iam";
import type { KeyArgs } from "@pulumi/aws/kms";
import type { Input } from "@pulumi/pulumi";
import type { GitHubTrust } from "../iam";
import type { Transform } from "../children";

/** What a registry is made from. */
export interface RegistryArgs {
  /** Begins the names of roles and keys, such as `acme-previews`; unique in the account. */
  name: string;
  /** Region of the repositories, such as `eu-central-1`. */
  region: string;
  /** The account that all is in, 12 digits: ARNs are known before anything is made. */
  accountId: string;
  /** Repositories for images that environments run. Names shape the graph, hence plain. */
  repositories: ImageRepository[];
  /**
   * How GitHub proves who it is.
   *
   * @default an OIDC provider is made for the account
   */
  github?: {
    /** The account's provider for GitHub, if it has one: an account can hold one per URL. */
    oidcProviderArn?: Input<string>;
  };
  /**
   * Public registries whose images are pulled through this one.
   *
   * @default []
   * @example [{ prefix: "docker-hub", upstream: "docker-hub", credentialArn: "arn:aws:secretsmanager:…:secret:ecr-pullthroughcache/docker-hub-…" }]
   */
  pullThrough?: PullThrough[];
  /**
   * KMS key for all images.
   *
   * @default a key of its own, rotated yearly ($1 a month; AWS KMS pricing, 2026)
   */
  kmsKeyArn?: Input<string>;
  /**
   * Whether repositories go with their images when the registry is destroyed. Without it ECR refuses to delete a repository that holds
   * images.
   *
   * @default false
   */
  forceDelete?: boolean;
  /** @default none */
  tags?: Record<string, string>;
  /**
   * Changes children last, one function per kind of child.
   *
   * @default nothing is changed
   */
  transform?: RegistryTransforms;
}

/** One repository, and who pushes to it. */
export interface ImageRepository {
  /** Name in ECR, such as `acme/shop`. */
  name: string;
  /** Jobs that push: one GitHub repository, since tags tell its pull requests apart by number only. */
  push: Omit<GitHubTrust, "environment"> & {
    /** GitHub environments whose jobs push, each by its exact name. */
    environments: string[];
  };
  /**
   * GitHub environments of the same repository whose jobs list tags and remove them: those of closed pull requests, which no rule
   * expires. None of them may push, or a pull request's own job could remove another's image.
   *
   * @default none: no role that removes
   */
  cleanup?: { environments: string[] };
  /**
   * A second repository, `{name}/build-cache`, for layers that builds share. Its tags move and everything in it expires, so nothing that
   * runs may come from there.
   *
   * @default none
   */
  buildCache?: {
    /** Days after its push that a cache expires. */
    expireAfterDays: number;
  };
  /**
   * Days after its push that an image without any tag expires. See `lifecycle.ts` for why no tagged one does.
   *
   * @default 14
   */
  expireUntaggedAfterDays?: number;
}

/** A public registry that the cache reads from. */
export interface PullThrough {
  /** First part of the cached images' names: `docker-hub` gives `…/docker-hub/library/postgres`. */
  prefix: string;
  /** Which registry. */
  upstream: Upstream;
  /**
   * ARN of the Secrets Manager secret with the upstream's credentials, in this account and region; its name begins with
   * `ecr-pullthroughcache/`. Needed for `docker-hub`, `github` and `gitlab`; not accepted for the others.
   *
   * @default none
   */
  credentialArn?: Input<string>;
}

/** The public registries that ECR caches (ECR user guide, "Sync an upstream registry with an Amazon ECR private registry"). */
export type Upstream = "ecr-public" | "kubernetes" | "quay" | "docker-hub" | "github" | "gitlab";

/** The children of a registry that can be changed; see {@link Transform}. */
export interface RegistryTransforms {
  /** Called for each repository, caches too. */
  repository?: Transform<RepositoryArgs>;
  /** Called for each role that pushes or removes, and for the one that ECR makes cached repositories with. */
  role?: Transform<RoleArgs>;
  key?: Transform<KeyArgs>;
  /** Called for the settings of each pull-through prefix. */
  creationTemplate?: Transform<RepositoryCreationTemplateArgs>;
}
