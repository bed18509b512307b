import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { readRules, renderRules, rulesFile } from "./github-rules";

describe("the properties that the GitHub stand-in knows", () => {
  it("are those of the installed @pulumi/github (else run scripts/github-rules.ts)", async () => {
    assert.equal(readFileSync(rulesFile, "utf8"), await renderRules());
  });

  it("tell required from optional, deprecated and secret ones, and what is inside", () => {
    const rules = readRules();
    const secret = rules["github:index/actionsSecret:ActionsSecret"];
    assert.ok(secret);
    assert.deepEqual(secret.inputs["secretName"], { type: "string", required: true });
    assert.deepEqual(secret.inputs["plaintextValue"], { type: "string", deprecated: true });
    assert.deepEqual(secret.secretOutputs, ["encryptedValue", "plaintextValue", "value", "valueEncrypted"]);
    const reviewers = rules["github:index/repositoryEnvironment:RepositoryEnvironment"]?.inputs["reviewers"];
    assert.deepEqual(reviewers, {
      type: { list: { object: { teams: { type: { list: "number" } }, users: { type: { list: "number" } } } } },
    });
  });
});
