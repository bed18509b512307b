import assert from "node:assert/strict";
import { policyDocument } from "./document";

describe("policyDocument", () => {
  it("writes statements as IAM does, lists of one as the one", () => {
    const document = policyDocument([
      {
        sid: "Read",
        actions: ["s3:GetObject"],
        resources: ["arn:aws:s3:::one/*"],
        conditions: { StringEquals: { "aws:RequestedRegion": "eu-central-1" } },
      },
      {
        sid: "NoOthers",
        effect: "Deny",
        principal: "*",
        actions: ["s3:GetObject", "s3:PutObject"],
        notResources: ["arn:aws:s3:::one", "arn:aws:s3:::two"],
      },
      { sid: "Service", principal: { service: ["a.amazonaws.com"] }, actions: ["sts:AssumeRole"] },
      { sid: "Account", principal: { aws: "arn:aws:iam::111122223333:root" }, actions: ["sts:AssumeRole"] },
    ]);
    assert.deepEqual(document, {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "Read",
          Effect: "Allow",
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::one/*",
          Condition: { StringEquals: { "aws:RequestedRegion": "eu-central-1" } },
        },
        {
          Sid: "NoOthers",
          Effect: "Deny",
          Principal: "*",
          Action: ["s3:GetObject", "s3:PutObject"],
          NotResource: ["arn:aws:s3:::one", "arn:aws:s3:::two"],
        },
        { Sid: "Service", Effect: "Allow", Principal: { Service: ["a.amazonaws.com"] }, Action: "sts:AssumeRole" },
        {
          Sid: "Account",
          Effect: "Allow",
          Principal: { AWS: "arn:aws:iam::111122223333:root" },
          Action: "sts:AssumeRole",
        },
      ],
    });
  });

  const invalid = [
    [[{ sid: "To read", actions: ["s3:GetObject"] }], 'Sid "To read" is not accepted: letters and digits only'],
    [
      [
        { sid: "Read", actions: ["s3:GetObject"] },
        { sid: "Read", actions: ["s3:ListBucket"] },
      ],
      'Sid "Read" is there twice; name each statement differently',
    ],
    [
      [{ sid: "Read", actions: ["s3:GetObject"], resources: [] }],
      'Statement "Read" is about no resources; name at least one, or leave the statement out',
    ],
    [[{ sid: "Read", actions: [] }], 'Statement "Read" has no actions; name at least one'],
    [
      [{ sid: "Read", actions: ["s3:GetObject"], notResources: ["arn:aws:s3:::one"] }],
      'Statement "Read" allows all but some resources; name those it is for',
    ],
    [
      [{ sid: "Read", effect: "Deny" as const, actions: ["s3:GetObject"], resources: ["*"], notResources: ["*"] }],
      'Statement "Read" has resources and notResources; give one of them',
    ],
  ] as const;
  for (const [statements, message] of invalid) {
    it(`refuses: ${message}`, () => {
      assert.throws(() => policyDocument(structuredClone(statements) as never), { name: "RangeError", message });
    });
  }
});
