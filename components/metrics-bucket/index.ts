import { PodIdentityAssociation } from "@pulumi/aws/eks";
import { Role, RolePolicy } from "@pulumi/aws/iam";
import { Alias, Key } from "@pulumi/aws/kms";
import {
  Bucket,
  BucketLifecycleConfiguration,
  BucketOwnershipControls,
  BucketPolicy,
  BucketPublicAccessBlock,
  BucketServerSideEncryptionConfiguration,
  BucketVersioning,
} from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import { Children } from "../children";
import { assumeByPodIdentity, policyJson } from "../iam";
import { throwIfInvalid } from "../problems";
import type { MetricsBucketArgs } from "./args";
import { bucketStatements, planBucketLifecycle, writerRoleName, writerStatements } from "./plan";
import type { BucketFacts } from "./plan";
import { validate } from "./validate";

export type { MetricsBucketArgs, MetricsBucketTransforms } from "./args";

/**
 * A bucket that one service account of one cluster writes to, below one prefix, and nobody else.
 *
 * @example
 * ```ts
 * new MetricsBucket("metrics", {
 *   name: "acme-previews",
 *   region: "eu-central-1",
 *   accountId: "111122223333",
 *   prefix: "metrics/previews",
 *   writer: { clusterName: cluster.clusterName, namespace: "berth-system", serviceAccount: "metrics-exporter" },
 * });
 * ```
 * @throws pulumi.InputPropertiesError with everything that is wrong with the arguments
 */
export class MetricsBucket extends pulumi.ComponentResource {
  /** The bucket's name. */
  readonly bucket: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;
  /** Where the exporter writes: `s3://{bucket}/{prefix}/`. */
  readonly url: pulumi.Output<string>;
  readonly writerRoleArn: pulumi.Output<string>;
  readonly kmsKeyArn: pulumi.Output<string>;

  constructor(name: string, args: MetricsBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:metrics:MetricsBucket", name, {}, opts);
    throwIfInvalid(`Metrics bucket ${name} cannot be made as asked.`, validate(args));
    const children = new Children(name, this);

    this.kmsKeyArn = pulumi.output(args.kmsKeyArn ?? createKey(children, args));
    const bucket = createBucket(children, args);
    const facts = {
      bucketArn: bucket.arn,
      writableArn: pulumi.interpolate`${bucket.arn}/${args.prefix}/*`,
      objectsArn: pulumi.interpolate`${bucket.arn}/*`,
      keyArn: this.kmsKeyArn,
    };
    const role = createWriterRole(children, args);
    const fences = fence(children, bucket, role, facts, args);
    admit(children.with({ dependsOn: fences }), role, facts, args);

    this.bucket = bucket.bucket;
    this.bucketArn = bucket.arn;
    this.url = pulumi.interpolate`s3://${bucket.bucket}/${args.prefix}/`;
    this.writerRoleArn = role.arn;
    this.registerOutputs({
      bucket: this.bucket,
      bucketArn: this.bucketArn,
      url: this.url,
      writerRoleArn: this.writerRoleArn,
      kmsKeyArn: this.kmsKeyArn,
    });
  }
}

function createKey(children: Children, { name, tags, transform }: MetricsBucketArgs): pulumi.Output<string> {
  // Without a policy of its own it gets the default one, which leaves the decision to IAM policies of the account.
  const key = children.add(
    Key,
    "key",
    { description: `Metrics of ${name}`, enableKeyRotation: true, deletionWindowInDays: 30, ...given(tags) },
    transform?.key,
  );
  children.add(Alias, "key-alias", { name: `alias/${name}-metrics`, targetKeyId: key.id });
  return key.arn;
}

/** Its name is Pulumi's, as names of buckets are unique in the world. */
function createBucket(children: Children, { forceDestroy = false, tags, transform }: MetricsBucketArgs): Bucket {
  return children.add(Bucket, "bucket", { forceDestroy, ...given(tags) }, transform?.bucket);
}

function createWriterRole(children: Children, args: MetricsBucketArgs): Role {
  const { name, accountId, writer, tags, transform } = args;
  return children.add(
    Role,
    "writer",
    {
      name: writerRoleName(name),
      description: `${writer.namespace}/${writer.serviceAccount} writes metrics`,
      assumeRolePolicy: policyJson(assumeByPodIdentity({ ...writer, accountId })),
      ...given(tags),
    },
    transform?.writerRole,
  );
}

/** Registers everything that limits what can be done with the bucket. */
function fence(
  children: Children,
  bucket: Bucket,
  writer: Role,
  facts: BucketFacts,
  { prefix, expireAfterDays, keepOverwrittenDays }: MetricsBucketArgs,
): pulumi.Resource[] {
  const { bucket: name } = bucket;
  const access = children.add(BucketPublicAccessBlock, "public-access", {
    bucket: name,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  const ownership = children.add(BucketOwnershipControls, "ownership", {
    bucket: name,
    rule: { objectOwnership: "BucketOwnerEnforced" },
  });
  const versioning = children.add(BucketVersioning, "versioning", {
    bucket: name,
    versioningConfiguration: { status: "Enabled" },
  });
  const encryption = children.add(BucketServerSideEncryptionConfiguration, "encryption", {
    bucket: name,
    rules: [
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: facts.keyArn },
        bucketKeyEnabled: true,
        blockedEncryptionTypes: ["SSE-C"],
      },
    ],
  });
  // S3 answers a change of one bucket's settings with a conflict while another is under way.
  const policy = children.with({ dependsOn: [access] }).add(BucketPolicy, "policy", {
    bucket: name,
    policy: policyJson(...bucketStatements(facts, writer.arn)),
  });
  // Rules for overwritten objects need versions.
  children.with({ dependsOn: [versioning] }).add(BucketLifecycleConfiguration, "lifecycle", {
    bucket: name,
    rules: planBucketLifecycle(prefix, expireAfterDays, keepOverwrittenDays),
  });
  return [access, ownership, versioning, encryption, policy];
}

/** Lets the service account write. The association comes last: no pod gets the role before the fences stand. */
function admit(children: Children, role: Role, facts: BucketFacts, { region, writer, tags }: MetricsBucketArgs): void {
  const policy = children.add(RolePolicy, "writer-policy", {
    name: "write",
    role: role.name,
    policy: policyJson(...writerStatements(facts, region)),
  });
  children.with({ dependsOn: [policy] }).add(PodIdentityAssociation, "association", {
    clusterName: writer.clusterName,
    namespace: writer.namespace,
    serviceAccount: writer.serviceAccount,
    roleArn: role.arn,
    ...given(tags),
  });
}

function given(tags: Record<string, string> | undefined): { tags?: Record<string, string> } {
  return tags ? { tags } : {};
}
