import type { Input } from "@pulumi/pulumi";
import { partitionOf } from "../iam/partition";
import type { Statement } from "../iam/document";

/** What is known of a bucket when its policies are written. */
export interface BucketFacts {
  bucketArn: Input<string>;
  /** ARN of what can be written to: `{bucketArn}/{prefix}/*`. */
  writableArn: Input<string>;
  /** ARN of all objects: `{bucketArn}/*`. */
  objectsArn: Input<string>;
  keyArn: Input<string>;
}

/** Days that metrics are kept: a year and a month, so that this month can be compared with the same one a year ago. */
export const EXPIRE_DAYS = 400;

/** Days that an overwritten or deleted object can still be had back. */
export const KEEP_OVERWRITTEN_DAYS = 30;

/**
 * What the writer may do: put objects below the prefix, and have a data key made for each. It cannot list, read, delete or tag, and as it
 * may not decrypt with the key, not upload in parts either (Amazon S3 user guide, "Uploading an object using multipart upload"): one
 * request per object, at most 5 GB.
 */
export function writerStatements(
  { bucketArn, writableArn, keyArn }: Omit<BucketFacts, "objectsArn">,
  region: string,
): Statement[] {
  return [
    { sid: "WriteBelowPrefix", actions: ["s3:PutObject"], resources: [writableArn] },
    {
      sid: "Encrypt",
      actions: ["kms:GenerateDataKey"],
      resources: [keyArn],
      conditions: {
        StringEquals: {
          "kms:ViaService": `s3.${region}.${dnsSuffix(region)}`,
          // With a bucket key the context is the bucket (Amazon S3 user guide, "Reducing the cost of SSE-KMS with Amazon S3 Bucket Keys").
          "kms:EncryptionContext:aws:s3:arn": bucketArn,
        },
      },
    },
  ];
}

/**
 * What the bucket refuses, also to those who may do everything else in the account: requests without TLS 1.2, writing by anyone but the
 * writer or elsewhere than below the prefix, and objects with another key than the bucket's.
 *
 * A condition on a header is only met when the header is there, hence the `Null` beside it: negated operators are true without the key
 * (IAM user guide, "IAM JSON policy elements: Condition operators").
 */
export function bucketStatements(
  { bucketArn, writableArn, objectsArn, keyArn }: BucketFacts,
  writerRoleArn: Input<string>,
): Statement[] {
  const deny = { effect: "Deny", principal: "*" } as const;
  const put = { ...deny, actions: ["s3:PutObject"] };
  const all = { ...deny, actions: ["s3:*"], resources: [bucketArn, objectsArn] };
  const algorithm = "s3:x-amz-server-side-encryption";
  const key = "s3:x-amz-server-side-encryption-aws-kms-key-id";
  return [
    { ...all, sid: "OnlyTls", conditions: { Bool: { "aws:SecureTransport": "false" } } },
    { ...all, sid: "OnlyTls12", conditions: { NumericLessThan: { "s3:TlsVersion": "1.2" } } },
    {
      ...put,
      sid: "OnlyTheWriter",
      resources: [objectsArn],
      conditions: { ArnNotEquals: { "aws:PrincipalArn": writerRoleArn } },
    },
    { ...put, sid: "OnlyBelowPrefix", notResources: [writableArn] },
    {
      ...put,
      sid: "OnlyKms",
      resources: [objectsArn],
      conditions: { StringNotEquals: { [algorithm]: "aws:kms" }, Null: { [algorithm]: "false" } },
    },
    {
      ...put,
      sid: "OnlyThisKey",
      resources: [objectsArn],
      conditions: { StringNotEquals: { [key]: keyArn }, Null: { [key]: "false" } },
    },
  ];
}

/** A rule of the bucket's lifecycle. */
export interface BucketRule {
  id: string;
  status: "Enabled";
  filter: { prefix: string };
  expiration?: { days: number } | { expiredObjectDeleteMarker: true };
  noncurrentVersionExpiration?: { noncurrentDays: number };
  abortIncompleteMultipartUpload?: { daysAfterInitiation: number };
}

/**
 * Rules by which objects go. Markers of expired objects go by a rule of their own: S3 does not take both in one (Amazon S3 API reference,
 * LifecycleExpiration).
 */
export function planBucketLifecycle(
  prefix: string,
  expireAfterDays: number = EXPIRE_DAYS,
  keepOverwrittenDays: number = KEEP_OVERWRITTEN_DAYS,
): BucketRule[] {
  const rule = { status: "Enabled", filter: { prefix: `${prefix}/` } } as const;
  return [
    {
      ...rule,
      id: "expire",
      expiration: { days: expireAfterDays },
      noncurrentVersionExpiration: { noncurrentDays: keepOverwrittenDays },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
    },
    { ...rule, id: "delete-markers", expiration: { expiredObjectDeleteMarker: true } },
  ];
}

/** Name of the writer's role. */
export function writerRoleName(name: string): string {
  return `${name}-metrics-writer`;
}

/** End of service host names, per partition (AWS general reference, "AWS service endpoints"). */
function dnsSuffix(region: string): string {
  return partitionOf(region) === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
}
