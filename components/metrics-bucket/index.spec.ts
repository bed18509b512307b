import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { record } from "../../test/support/mocks";
import type { Recording, Registration } from "../../test/support/mocks";
import { assertLeastPrivilege, findTooBroad } from "../iam";
import { MetricsBucket } from ".";
import type { MetricsBucketArgs } from ".";

const ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation";
const ROLE = "aws:iam/role:Role";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const KEY = "aws:kms/key:Key";
const BUCKET = "aws:s3/bucket:Bucket";
const BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy";
const LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
const NAME = "metrics-bucket";

const ARGS: MetricsBucketArgs = {
  name: "acme",
  region: "eu-central-1",
  accountId: "111122223333",
  prefix: "metrics/previews",
  writer: { clusterName: "acme-cluster", namespace: "berth-system", serviceAccount: "metrics-exporter" },
};

function make(args: MetricsBucketArgs): Promise<Recording> {
  return record(() => {
    const { bucket, bucketArn, url, writerRoleArn, kmsKeyArn } = new MetricsBucket("metrics", args);
    return new Promise((resolve) => pulumi.all([bucket, bucketArn, url, writerRoleArn, kmsKeyArn]).apply(resolve));
  });
}

function statementsOf({ inputs }: Registration, field = "policy"): unknown {
  return (JSON.parse(String(inputs[field])) as { Statement: unknown }).Statement;
}

describe("MetricsBucket", () => {
  let recording: Recording;
  before(async () => {
    recording = await make(ARGS);
  });

  it("registers exactly what it says, all as its children", () => {
    const registered = recording.registrations.map(({ type, name }) => `${type.split(":").at(-1) ?? ""} ${name}`);
    assert.deepEqual(registered.sort(), [
      "Alias metrics-key-alias",
      "Bucket metrics-bucket",
      "BucketLifecycleConfiguration metrics-lifecycle",
      "BucketOwnershipControls metrics-ownership",
      "BucketPolicy metrics-policy",
      "BucketPublicAccessBlock metrics-public-access",
      "BucketServerSideEncryptionConfiguration metrics-encryption",
      "BucketVersioning metrics-versioning",
      "Key metrics-key",
      "MetricsBucket metrics",
      "PodIdentityAssociation metrics-association",
      "Role metrics-writer",
      "RolePolicy metrics-writer-policy",
    ]);
    for (const { name, parent } of recording.registrations) {
      if (name !== "metrics") assert.equal(parent, "metrics", name);
    }
  });

  it("lets the writer put objects below the prefix, and nothing else", () => {
    const policy = recording.get(ROLE_POLICY, "metrics-writer-policy");
    assert.equal(policy.inputs["role"], "acme-metrics-writer");
    assert.deepEqual(statementsOf(policy), [
      {
        Sid: "WriteBelowPrefix",
        Effect: "Allow",
        Action: "s3:PutObject",
        Resource: `arn:mock:${NAME}/metrics/previews/*`,
      },
      {
        Sid: "Encrypt",
        Effect: "Allow",
        Action: "kms:GenerateDataKey",
        Resource: "arn:mock:metrics-key",
        Condition: {
          StringEquals: {
            "kms:ViaService": "s3.eu-central-1.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": `arn:mock:${NAME}`,
          },
        },
      },
    ]);
    assertLeastPrivilege(policy.inputs["policy"]);
  });

  it("lets one service account of one cluster be the writer", () => {
    const role = recording.get(ROLE, "metrics-writer");
    assert.equal(role.inputs["name"], "acme-metrics-writer");
    assert.equal(role.inputs["description"], "berth-system/metrics-exporter writes metrics");
    assert.deepEqual(statementsOf(role, "assumeRolePolicy"), [
      {
        Sid: "AssumeByPods",
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:RequestTag/kubernetes-namespace": "berth-system",
            "aws:RequestTag/kubernetes-service-account": "metrics-exporter",
            "aws:RequestTag/eks-cluster-name": "acme-cluster",
            "aws:SourceAccount": "111122223333",
          },
        },
      },
    ]);
    assertLeastPrivilege(role.inputs["assumeRolePolicy"]);
    assert.deepEqual(recording.get(ASSOCIATION, "metrics-association").inputs, {
      clusterName: "acme-cluster",
      namespace: "berth-system",
      serviceAccount: "metrics-exporter",
      roleArn: "arn:mock:metrics-writer",
    });
  });

  it("lets no pod in before the bucket is closed to all others", () => {
    const fences = [
      "metrics-encryption",
      "metrics-ownership",
      "metrics-policy",
      "metrics-public-access",
      "metrics-versioning",
    ];
    const association = recording.get(ASSOCIATION, "metrics-association").dependsOn ?? [];
    const policy = recording.get(ROLE_POLICY, "metrics-writer-policy").dependsOn ?? [];
    assert.ok(association.includes("metrics-writer-policy"));
    for (const one of fences) assert.ok(policy.includes(one), one);
  });

  it("refuses what is not TLS 1.2, not by the writer, not below the prefix or not with its key", () => {
    const policy = recording.get(BUCKET_POLICY, "metrics-policy");
    const bucket = `arn:mock:${NAME}`;
    const deny = { Effect: "Deny", Principal: "*" };
    const put = { ...deny, Action: "s3:PutObject" };
    assert.deepEqual(statementsOf(policy), [
      {
        ...deny,
        Sid: "OnlyTls",
        Action: "s3:*",
        Resource: [bucket, `${bucket}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
      {
        ...deny,
        Sid: "OnlyTls12",
        Action: "s3:*",
        Resource: [bucket, `${bucket}/*`],
        Condition: { NumericLessThan: { "s3:TlsVersion": "1.2" } },
      },
      {
        ...put,
        Sid: "OnlyTheWriter",
        Resource: `${bucket}/*`,
        Condition: { ArnNotEquals: { "aws:PrincipalArn": "arn:mock:metrics-writer" } },
      },
      { ...put, Sid: "OnlyBelowPrefix", NotResource: `${bucket}/metrics/previews/*` },
      {
        ...put,
        Sid: "OnlyKms",
        Resource: `${bucket}/*`,
        Condition: {
          StringNotEquals: { "s3:x-amz-server-side-encryption": "aws:kms" },
          Null: { "s3:x-amz-server-side-encryption": "false" },
        },
      },
      {
        ...put,
        Sid: "OnlyThisKey",
        Resource: `${bucket}/*`,
        Condition: {
          StringNotEquals: { "s3:x-amz-server-side-encryption-aws-kms-key-id": "arn:mock:metrics-key" },
          Null: { "s3:x-amz-server-side-encryption-aws-kms-key-id": "false" },
        },
      },
    ]);
    assert.deepEqual(findTooBroad(policy.inputs["policy"]), []);
    assert.ok(policy.dependsOn?.includes("metrics-public-access"));
  });

  it("is private, owned by the account, versioned and encrypted", () => {
    const inputs = (type: string, name: string) => recording.get(`aws:s3/${type}`, name).inputs;
    assert.deepEqual(recording.get(BUCKET, "metrics-bucket").inputs, { forceDestroy: false });
    assert.deepEqual(inputs("bucketPublicAccessBlock:BucketPublicAccessBlock", "metrics-public-access"), {
      bucket: NAME,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    assert.deepEqual(inputs("bucketOwnershipControls:BucketOwnershipControls", "metrics-ownership"), {
      bucket: NAME,
      rule: { objectOwnership: "BucketOwnerEnforced" },
    });
    assert.deepEqual(inputs("bucketVersioning:BucketVersioning", "metrics-versioning"), {
      bucket: NAME,
      versioningConfiguration: { status: "Enabled" },
    });
    const encryption = "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
    assert.deepEqual(inputs(encryption, "metrics-encryption"), {
      bucket: NAME,
      rules: [
        {
          applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: "arn:mock:metrics-key" },
          bucketKeyEnabled: true,
          blockedEncryptionTypes: ["SSE-C"],
        },
      ],
    });
    assert.deepEqual(recording.get(KEY, "metrics-key").inputs, {
      description: "Metrics of acme",
      enableKeyRotation: true,
      deletionWindowInDays: 30,
    });
    assert.deepEqual(recording.get("aws:kms/alias:Alias", "metrics-key-alias").inputs, {
      name: "alias/acme-metrics",
      targetKeyId: "metrics-key-id",
    });
  });

  it("expires objects, overwritten ones and what is left of deleted ones", () => {
    const rules = (days: number, overwritten: number) => [
      {
        id: "expire",
        status: "Enabled",
        filter: { prefix: "metrics/previews/" },
        expiration: { days },
        noncurrentVersionExpiration: { noncurrentDays: overwritten },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
      },
      {
        id: "delete-markers",
        status: "Enabled",
        filter: { prefix: "metrics/previews/" },
        expiration: { expiredObjectDeleteMarker: true },
      },
    ];
    const lifecycle = recording.get(LIFECYCLE, "metrics-lifecycle");
    assert.deepEqual(lifecycle.inputs, { bucket: NAME, rules: rules(400, 30) });
    assert.ok(lifecycle.dependsOn?.includes("metrics-versioning"));
  });

  it("gives what others need", () => {
    assert.deepEqual(recording.result, [
      NAME,
      `arn:mock:${NAME}`,
      `s3://${NAME}/metrics/previews/`,
      "arn:mock:metrics-writer",
      "arn:mock:metrics-key",
    ]);
  });

  it("takes a key, days, tags and transforms", async () => {
    const kmsKeyArn = "arn:aws:kms:eu-central-1:111122223333:key/00000000-1111-2222-3333-444444444444";
    const tags = { team: "platform" };
    const other = await make({
      ...ARGS,
      kmsKeyArn,
      expireAfterDays: 90,
      keepOverwrittenDays: 7,
      forceDestroy: true,
      tags,
      transform: {
        bucket: (args, opts) => ({ args, opts: { ...opts, protect: true } }),
        writerRole: (args, opts) => ({ args: { ...args, path: "/berth/" }, opts }),
      },
    });
    assert.equal(other.ofType(KEY).length, 0);
    assert.deepEqual(other.get(BUCKET, "metrics-bucket").inputs, { forceDestroy: true, tags });
    assert.equal(other.get(BUCKET, "metrics-bucket").protect, true);
    assert.equal(other.get(ROLE, "metrics-writer").inputs["path"], "/berth/");
    assert.deepEqual(other.get(ROLE, "metrics-writer").inputs["tags"], tags);
    assert.deepEqual(other.get(ASSOCIATION, "metrics-association").inputs["tags"], tags);
    const [expire] = other.get(LIFECYCLE, "metrics-lifecycle").inputs["rules"] as [Record<string, unknown>];
    assert.deepEqual(expire["expiration"], { days: 90 });
    assert.deepEqual(expire["noncurrentVersionExpiration"], { noncurrentDays: 7 });
    const keyTransformed = await make({
      ...ARGS,
      transform: { key: (args, opts) => ({ args: { ...args, multiRegion: true }, opts }) },
    });
    assert.equal(keyTransformed.get(KEY, "metrics-key").inputs["multiRegion"], true);
  });

  it("throws once with everything that is wrong", async () => {
    await assert.rejects(make({ ...ARGS, prefix: "*", accountId: "" }), (error: unknown) => {
      assert.ok(pulumi.InputPropertiesError.isInstance(error));
      assert.equal(error.message, "Metrics bucket metrics cannot be made as asked.");
      assert.deepEqual(
        error.errors.map(({ propertyPath }) => propertyPath),
        ["accountId", "prefix"],
      );
      return true;
    });
  });
});
