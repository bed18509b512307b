import type { RoleArgs } from "@pulumi/aws/iam";
import type { KeyArgs } from "@pulumi/aws/kms";
import type { BucketArgs } from "@pulumi/aws/s3";
import type { Input } from "@pulumi/pulumi";
import type { Transform } from "../children";

/** What a bucket for exported metrics is made from. */
export interface MetricsBucketArgs {
  /** Begins the names of role and key, such as `acme-previews`; unique in the account. */
  name: string;
  /** Region of the bucket, such as `eu-central-1`. */
  region: string;
  /** The account that all is in, 12 digits: ARNs are known before anything is made. */
  accountId: string;
  /** The one path that can be written to, without slashes at its ends, such as `metrics/previews`. */
  prefix: string;
  /** The only pods that write. */
  writer: {
    clusterName: Input<string>;
    namespace: string;
    serviceAccount: string;
  };
  /**
   * KMS key for all objects.
   *
   * @default a key of its own, rotated yearly ($1 a month; AWS KMS pricing, 2026)
   */
  kmsKeyArn?: Input<string>;
  /**
   * Days that an object is kept.
   *
   * @default 400: a year and a month, so that this month can be compared with the same one a year ago
   */
  expireAfterDays?: number;
  /**
   * Days that an overwritten or deleted object can still be had back.
   *
   * @default 30
   */
  keepOverwrittenDays?: number;
  /**
   * Whether the bucket goes with all objects when the stack is destroyed. Without it S3 refuses to delete a bucket that holds any.
   *
   * @default false
   */
  forceDestroy?: boolean;
  /** @default none */
  tags?: Record<string, string>;
  /**
   * Changes children last, one function per kind of child.
   *
   * @default nothing is changed
   */
  transform?: MetricsBucketTransforms;
}

/** The children of the bucket that can be changed; see {@link Transform}. */
export interface MetricsBucketTransforms {
  bucket?: Transform<BucketArgs>;
  key?: Transform<KeyArgs>;
  writerRole?: Transform<RoleArgs>;
}
