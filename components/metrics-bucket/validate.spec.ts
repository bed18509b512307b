import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { MetricsBucketArgs } from "./args";
import { validate } from "./validate";

const FINE: MetricsBucketArgs = {
  name: "acme",
  region: "eu-central-1",
  accountId: "111122223333",
  prefix: "metrics/previews",
  writer: { clusterName: "acme", namespace: "berth-system", serviceAccount: "metrics-exporter" },
};

/** Problems as `path: reason`. */
function problems(change: Partial<MetricsBucketArgs>): string[] {
  return validate({ ...FINE, ...change }).map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`);
}

describe("validate of a metrics bucket", () => {
  it("accepts what can be", () => {
    assert.deepEqual(problems({}), []);
    assert.deepEqual(problems({ prefix: "a", expireAfterDays: 1, keepOverwrittenDays: 1 }), []);
    assert.deepEqual(problems({ prefix: "v1.0/Env_(2)!'", kmsKeyArn: pulumi.output("later") }), []);
    const key = "arn:aws:kms:eu-central-1:111122223333:key/00000000-1111-2222-3333-444444444444";
    assert.deepEqual(problems({ kmsKeyArn: key }), []);
  });

  it("asks for a place", () => {
    assert.deepEqual(problems({ name: "acme previews", region: "eu-central-2x", accountId: "1" }), [
      'name: "acme previews" cannot begin the name of a role; accepted: letters, digits, dashes and underscores, a letter or digit first. Rename it, such as acme-previews.',
      'region: "eu-central-2x" is not known; accepted: a region of AWS\'s commercial partition. Did you mean eu-central-2?',
      'accountId: "1" is not an AWS account; accepted: 12 digits. Take what "aws sts get-caller-identity" shows.',
    ]);
    const name = "n".repeat(50);
    assert.deepEqual(problems({ name }), [
      `name: the role would be called "${name}-metrics-writer", 65 characters; IAM accepts 64. Shorten it.`,
    ]);
  });

  it("asks for one path", () => {
    assert.deepEqual(problems({ prefix: "" }), [
      "prefix: it is empty, so the whole bucket could be written to. Name a path, such as metrics/previews.",
    ]);
    for (const prefix of [
      "/metrics",
      "metrics/",
      "a//b",
      "*",
      "metrics/*",
      "a?b",
      "${aws:username}",
      "a/../b",
      ".",
      "ü",
    ]) {
      assert.deepEqual(problems({ prefix }), [
        `prefix: "${prefix}" is not one path; accepted: up to 512 letters, digits and !_.'()- in parts separated by single slashes, none at the ends, no pattern. Change it, such as metrics/previews.`,
      ]);
    }
    assert.equal(problems({ prefix: "a".repeat(513) }).length, 1);
  });

  it("asks for one service account", () => {
    const { clusterName } = FINE.writer;
    assert.deepEqual(problems({ writer: { clusterName, namespace: "*", serviceAccount: "Exporter" } }), [
      'writer.namespace: "*" is not a namespace; accepted: one name of 1 to 63 lower-case letters, digits and dashes, no pattern. Name the exporter\'s namespace.',
      'writer.serviceAccount: "Exporter" is not a service account; accepted: one name of lower-case letters, digits, dashes and dots, no pattern. Name the exporter\'s service account.',
    ]);
    assert.deepEqual(problems({ writer: { clusterName, namespace: "berth-system", serviceAccount: "default" } }), [
      'writer.serviceAccount: "default" is what every pod of the namespace without a service account of its own runs as, so all of them could write. Give the exporter one of its own.',
    ]);
  });

  it("takes a key of the region and whole days", () => {
    assert.deepEqual(
      problems({
        kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/0",
        expireAfterDays: 0,
        keepOverwrittenDays: Number.NaN,
      }),
      [
        'kmsKeyArn: "arn:aws:kms:eu-west-1:111122223333:key/0" is not the ARN of a key in eu-central-1; accepted: arn:aws:kms:eu-central-1:…:key/…, no alias. Take what "aws kms describe-key" shows as Arn, or leave it out for a key of its own.',
        "expireAfterDays: 0 is not accepted by S3: a whole number of days from 1. Correct it.",
        "keepOverwrittenDays: NaN is not accepted by S3: a whole number of days from 1. Correct it.",
      ],
    );
  });
});
