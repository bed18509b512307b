import assert from "node:assert/strict";
import { assertLeastPrivilege, findTooBroad } from "./least-privilege";

function allow(statement: Record<string, unknown>): unknown {
  return { Version: "2012-10-17", Statement: [{ Sid: "It", Effect: "Allow", ...statement }] };
}

describe("findTooBroad", () => {
  const broad: [string, Record<string, unknown>, string[]][] = [
    [
      "actions by pattern",
      { Action: "s3:*", Resource: "arn:aws:s3:::one" },
      ['Statement It allows the actions "s3:*"'],
    ],
    [
      "parts of actions by pattern",
      { Action: ["ec2:Describe*", "ec2:Get?"], Resource: "arn:aws:s3:::one" },
      ['Statement It allows the actions "ec2:Describe*"', 'Statement It allows the actions "ec2:Get?"'],
    ],
    [
      "every resource",
      { Action: "s3:GetObject", Resource: "*" },
      ['Statement It is about the resource "*" without a condition'],
    ],
    [
      "every resource of a service",
      { Action: "ec2:RunInstances", Resource: "arn:aws:ec2:*:*:*", Condition: {} },
      ['Statement It is about the resource "arn:aws:ec2:*:*:*" without a condition'],
    ],
    [
      "all but some",
      { NotAction: "s3:GetObject", NotResource: "arn:aws:s3:::one", NotPrincipal: { AWS: "1" } },
      [
        "Statement It has NotAction, which allows whatever is added later",
        "Statement It has NotResource, which allows whatever is added later",
        "Statement It has NotPrincipal, which allows whatever is added later",
      ],
    ],
    ["everyone", { Action: "sts:AssumeRole", Principal: "*" }, ["Statement It trusts everyone without a condition"]],
    [
      "everyone in AWS",
      { Action: "sts:AssumeRole", Principal: { AWS: ["*"] } },
      ["Statement It trusts everyone without a condition"],
    ],
  ];
  for (const [what, statement, problems] of broad) {
    it(`finds ${what}`, () => assert.deepEqual(findTooBroad(allow(statement)), problems));
  }

  it("names statements without a name by number", () => {
    const statement = { Effect: "Allow", Action: "s3:*", Resource: "arn:aws:s3:::one" };
    assert.deepEqual(findTooBroad({ Statement: statement }), ['Statement number 1 allows the actions "s3:*"']);
  });

  it("finds nothing in what is named, has a condition, or denies", () => {
    const fine = [
      { Action: "s3:GetObject", Resource: ["arn:aws:s3:::one/*", "arn:aws:ec2:*:*:volume/*"] },
      { Action: "ecr:GetAuthorizationToken", Resource: "*", Condition: { StringEquals: { a: "b" } } },
      { Effect: "Deny", Action: "s3:*", Resource: "*", Principal: "*" },
      { Action: "sts:AssumeRole", Principal: { Service: "ec2.amazonaws.com" } },
    ];
    for (const statement of fine) assert.deepEqual(findTooBroad(JSON.stringify(allow(statement))), []);
  });

  it("reads * in a key's policy as the key, and all actions of the account's root as leaving it to IAM", () => {
    const root = { AWS: "arn:aws:iam::111122223333:root" };
    const document = allow({ Principal: root, Action: "kms:*", Resource: "*" });
    assert.deepEqual(findTooBroad(document, { keyPolicy: true }), []);
    assert.deepEqual(
      findTooBroad(allow({ Principal: { AWS: "*" }, Action: "kms:*", Resource: "*" }), { keyPolicy: true }),
      ['Statement It allows the actions "kms:*"', "Statement It trusts everyone without a condition"],
    );
    assert.equal(findTooBroad(document).length, 2);
  });
});

describe("assertLeastPrivilege", () => {
  it("passes what is narrow and lists what is not", () => {
    assert.doesNotThrow(() => assertLeastPrivilege(allow({ Action: "s3:GetObject", Resource: "arn:aws:s3:::one/*" })));
    assert.throws(() => assertLeastPrivilege(allow({ Action: "s3:*", Resource: "*" })), {
      message:
        'The policy allows too much:\n  Statement It allows the actions "s3:*"\n  Statement It is about the resource "*" without a condition',
    });
  });
});
