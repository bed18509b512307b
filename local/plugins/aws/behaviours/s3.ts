import { inner, inners, text, type Behaviour, type Behaviours, type Call, type Reference } from "../behaviour";
import { AwsError, fail } from "../errors";
import { atMostOne, given, knownText } from "./fields";
import { requireKey } from "./kms";
import { checkPolicy, policyKinds, readPolicy } from "./policies";

const BUCKET = "aws:s3/bucket:Bucket";

const noBucket = (name: string) => new AwsError("NoSuchBucket", `The specified bucket does not exist: ${name}`);
const ofBucket: Reference = { property: "bucket", to: BUCKET, deletion: "goes" };

/** "General purpose bucket naming rules", Amazon S3 User Guide. */
function isBucketName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes("..") &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !/^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|--x-s3|\.mrap|--table-s3)$/.test(name)
  );
}

/** Settings of a bucket that have resources of their own, which the stand-in covers instead. */
const separate = {
  accelerationStatus: "BucketAccelerateConfiguration",
  corsRules: "BucketCorsConfiguration",
  grants: "BucketAcl",
  lifecycleRules: "BucketLifecycleConfiguration",
  logging: "BucketLogging",
  objectLockConfiguration: "BucketObjectLockConfiguration",
  policy: "BucketPolicy",
  replicationConfiguration: "BucketReplicationConfig",
  requestPayer: "BucketRequestPaymentConfiguration",
  serverSideEncryptionConfiguration: "BucketServerSideEncryptionConfiguration",
  versioning: "BucketVersioning",
  website: "BucketWebsiteConfiguration",
};

const bucket: Behaviour = {
  title: "S3 Bucket",
  autoname: { property: "bucket", maximum: 63, form: (name) => name.toLowerCase() },
  notFound: noBucket,
  check: (inputs) => {
    const name = knownText(inputs, "bucket");
    return [
      ...atMostOne(inputs, ["bucket", "bucketPrefix"]),
      ...(name === undefined || isBucketName(name)
        ? []
        : [
            {
              property: "bucket",
              reason: `"${name}" is no name of a bucket: 3 to 63 of a-z, 0-9, . and -, beginning and ending in a letter or digit`,
            },
          ]),
      ...given(inputs, Object.keys(separate)).map((property) => ({
        property,
        reason: `is not covered by the stand-in for AWS; use aws.s3.${separate[property as keyof typeof separate]}`,
      })),
    ];
  },
  verify: (call, before) => {
    const name = text(call.inputs, "bucket");
    // Names are unique in all regions.
    if (!before && call.account.all(BUCKET).some(({ id }) => id === name))
      fail(
        "BucketAlreadyOwnedByYou",
        `Your previous request to create the named bucket succeeded and you already own it: ${name}`,
      );
  },
  id: (call) => text(call.inputs, "bucket"),
  describe: (call, id) => ({
    accelerationStatus: "",
    acl: call.inputs["acl"] ?? "private",
    arn: `arn:${call.partition}:s3:::${id}`,
    bucketDomainName: `${id}.s3.amazonaws.com`,
    bucketNamespace: "global",
    bucketPrefix: call.inputs["bucketPrefix"] ?? "",
    bucketRegion: call.region,
    bucketRegionalDomainName: `${id}.s3.${call.region}.amazonaws.com`,
    corsRules: [],
    forceDestroy: call.inputs["forceDestroy"] ?? false,
    grants: [],
    hostedZoneId: "Z21DNDUVLTQW6Q",
    lifecycleRules: [],
    logging: {},
    objectLockConfiguration: {},
    objectLockEnabled: call.inputs["objectLockEnabled"] ?? false,
    policy: "",
    replicationConfiguration: {},
    requestPayer: "BucketOwner",
    serverSideEncryptionConfiguration: {},
    versioning: {},
    website: {},
    websiteDomain: "",
    websiteEndpoint: "",
  }),
  remove: (call, { id, contents = [] }) => {
    if (contents.length > 0 && call.inputs["forceDestroy"] !== true)
      fail("BucketNotEmpty", `The bucket you tried to delete is not empty: ${id} (consider forceDestroy)`);
  },
};

/** A setting that a bucket has once. */
function setting(title: string, more: Partial<Behaviour> = {}): Behaviour {
  return {
    title: `S3 ${title}`,
    references: [ofBucket],
    notFound: noBucket,
    id: (call) => text(call.inputs, "bucket"),
    describe: () => ({}),
    ...more,
  };
}

const bucketPolicy = setting("Bucket Policy", {
  check: (inputs) => checkPolicy(inputs, "policy", policyKinds.bucket),
  verify: (call) => {
    const name = text(call.inputs, "bucket");
    const statements = readPolicy(text(call.inputs, "policy"))?.["Statement"];
    const resources = JSON.stringify(
      (Array.isArray(statements) ? statements : [statements]).map((one: { Resource?: unknown }) => one.Resource),
    );
    for (const [, named] of resources.matchAll(/"arn:aws[a-z-]*:s3:::([^"/]+)/g))
      if (named !== name && !named?.includes("*"))
        fail("MalformedPolicy", `Policy has invalid resource: it names ${String(named)}, not ${name}`);
    if (blocksPublicPolicies(call, name) && isPublic(text(call.inputs, "policy")))
      fail("AccessDenied", "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access");
  },
});

function blocksPublicPolicies(call: Call, name: string): boolean {
  const block = call.account.find("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", call.region, name);
  return block?.inputs["blockPublicPolicy"] === true;
}

/** Allows something to everyone, under no condition ("The meaning of public", Amazon S3 User Guide). */
function isPublic(policy: string): boolean {
  const statements = readPolicy(policy)?.["Statement"];
  return ((Array.isArray(statements) ? statements : [statements]) as Record<string, unknown>[]).some(
    ({ Effect, Principal, Condition }) =>
      Effect === "Allow" && Condition === undefined && ['"*"', '{"AWS":"*"}'].includes(JSON.stringify(Principal)),
  );
}

const encryption = setting("Bucket Server-side Encryption Configuration", {
  verify: (call) => {
    for (const rule of inners(call.inputs, "rules")) {
      const byDefault = inner(rule, "applyServerSideEncryptionByDefault");
      const key = text(byDefault, "kmsMasterKeyId");
      if (key !== "" && text(byDefault, "sseAlgorithm") === "AES256")
        fail(
          "InvalidArgument",
          "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
        );
      requireKey(call, key, "", "KMS.NotFoundException");
    }
  },
});

const lifecycle = setting("Bucket Lifecycle Configuration", {
  verify: (call: Call) => {
    const ids = inners(call.inputs, "rules").map((rule) => text(rule, "id"));
    if (new Set(ids).size < ids.length)
      fail("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule");
    if (ids.some((id) => id.length > 255)) fail("InvalidArgument", "ID length should not exceed allowed limit of 255");
    if (inners(call.inputs, "rules").length > 1000)
      fail("InvalidRequest", "Number of lifecycle rules must not exceed the allowed limit of 1000 rules");
  },
  describe: (call) => ({
    expectedBucketOwner: call.inputs["expectedBucketOwner"] ?? "",
    transitionDefaultMinimumObjectSize: call.inputs["transitionDefaultMinimumObjectSize"] ?? "all_storage_classes_128K",
  }),
});

/** Buckets of S3. Tests note objects in `contents`. */
export const s3: Behaviours = {
  [BUCKET]: bucket,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": setting("Bucket Ownership Controls"),
  "aws:s3/bucketPolicy:BucketPolicy": bucketPolicy,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": setting("Bucket Public Access Block"),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": encryption,
  "aws:s3/bucketVersioning:BucketVersioning": setting("Bucket Versioning"),
};
