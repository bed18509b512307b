import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { githubSchema } from "../config/github";
import { record } from "../test/support/mocks";
import { fieldPaths, setAt } from "../test/support/schema-fields";
import { githubStack } from "./github";

/*
 * Every field of `berth:github` must do something: this walks the schema, and for each field at the end of a path changes its value and
 * looks for a difference in what is made. A new field without a sample here fails, and so does one that changes nothing.
 */

/** Two accepted values for each field of the organisation; `*` stands for any place in a list and any key of a mapping. */
const SAMPLES: Record<string, [unknown, unknown]> = {
  owner: ["acme", "corp"],
  ownerId: [1, 2],
  baseUrl: ["https://a.example.com/", "https://b.example.com/"],
  writeDelayMs: [1000, 2000],
  "appAuth.id": ["1", "2"],
  "appAuth.installationId": ["1", "2"],
  "loginApp.domain": ["a.example.com", "b.example.com"],
  "loginApp.callbackUrls.*": ["https://a.example.com/", "https://b.example.com/"],
  "teams.*": [1, 2],
  "users.*": [1, 2],
  "repositories.*": ["shop", "site"],
  "repositories.*.name": ["shop", "site"],
  "repositories.*.id": [1, 2],
};

/** The same for what a repository has, by itself or from the defaults. */
const SETTINGS: Record<string, [unknown, unknown]> = {
  mode: ["configure", "adopt"],
  visibility: ["public", "private"],
  "security.license": ["none", "secret-protection"],
  "security.secretScanning": [true, false],
  "security.pushProtection": [true, false],
  "dependabot.alerts": [true, false],
  "dependabot.securityUpdates": [true, false],
  "rules.enforcement": ["active", "disabled"],
  "rules.branches.*": ["main", "dev"],
  "rules.requiredChecks.*": ["test", "lint"],
  "rules.requiredChecks.*.name": ["test", "lint"],
  "rules.requiredChecks.*.appId": [1, 2],
  "rules.requireUpToDate": [true, false],
  "rules.approvals": [1, 2],
  "rules.codeOwnerReview": [true, false],
  "rules.dismissStaleReviews": [true, false],
  "rules.lastPushApproval": [true, false],
  "rules.resolveConversations": [true, false],
  "rules.linearHistory": [true, false],
  "rules.mergeMethods.*": ["squash", "rebase"],
  "rules.signedCommits": [true, false],
  "rules.allowForcePush": [true, false],
  "rules.allowDeletion": [true, false],
  "rules.bypass.*.role": ["admin", "write"],
  "rules.bypass.*.team": ["A", "B"],
  "rules.bypass.*.app": [1, 2],
  "rules.bypass.*.when": ["always", "pull_request"],
  "environments.*": [false, {}],
  "environments.*.reviewers.teams.*": ["A", "B"],
  "environments.*.reviewers.users.*": ["A", "B"],
  "environments.*.preventSelfReview": [true, false],
  "environments.*.adminsCanBypass": [true, false],
  "environments.*.waitMinutes": [1, 2],
  "environments.*.deployFrom.branches.*": ["main", "dev"],
  "environments.*.deployFrom.tags.*": ["a", "b"],
  "environments.*.secrets.*": ["A", "B"],
  "environments.*.secrets.*.name": ["A", "B"],
  "environments.*.secrets.*.from": ["A", "B"],
  "environments.*.variables.*": ["a", "b"],
  "secrets.*": ["A", "B"],
  "secrets.*.name": ["A", "B"],
  "secrets.*.from": ["A", "B"],
  "variables.*": ["a", "b"],
  "labels.*.color": ["000000", "ffffff"],
  "labels.*.description": ["a", "b"],
  "oidcClaims.*": ["actor", "workflow"],
};

/** What a field needs beside it to be accepted, by the last keys of its path. */
const BESIDE: Record<string, Record<string, unknown>> = {
  ownerId: { "repositories.*.id": 1, "repositories.*.environments.*": {} },
  "appAuth.id": { "appAuth.installationId": "1" },
  "appAuth.installationId": { "appAuth.id": "1" },
  "teams.*": { "repositories.*.rules.bypass.*": { team: "A" } },
  "users.*": { "repositories.*.environments.*.reviewers.users.*": "A" },
  "repositories.*.id": { ownerId: 1, "repositories.*.environments.*": {} },
  visibility: { mode: "create" },
  "security.license": { mode: "adopt" },
  "security.secretScanning": { mode: "adopt", visibility: "public", "security.pushProtection": false },
  "security.pushProtection": { mode: "adopt", visibility: "public" },
  "rules.requiredChecks.*.name": { "rules.requiredChecks.*.appId": 1 },
  "rules.requiredChecks.*.appId": { "rules.requiredChecks.*.name": "test" },
  "rules.requireUpToDate": { "rules.requiredChecks.*": "test" },
  "rules.bypass.*.when": { "rules.bypass.*.app": 1 },
  "environments.*.preventSelfReview": { "environments.*.reviewers.users.*": "A" },
  "environments.*.secrets.*.name": { "environments.*.secrets.*.from": "A" },
  "environments.*.secrets.*.from": { "environments.*.secrets.*.name": "A" },
  "secrets.*.name": { "secrets.*.from": "A" },
  "secrets.*.from": { "secrets.*.name": "A" },
  "labels.*.description": { "labels.*.color": "000000" },
};

/** Paths of all fields, and what changes them. */
const CASES = new Map([
  ...Object.keys(SAMPLES).map((path) => [path, { samples: SAMPLES[path], prefix: "", field: path }] as const),
  ...["defaults.", "repositories.*."].flatMap((prefix) =>
    Object.keys(SETTINGS).map((field) => [prefix + field, { samples: SETTINGS[field], prefix, field }] as const),
  ),
]);

describe("no field of berth:github is silent", () => {
  const paths = fieldPaths(githubSchema);

  it("each has a sample here, and no sample is left over", () => {
    assert.deepEqual(paths.sort(), [...CASES.keys()].sort());
  });

  it("each is named in docs/github.md", () => {
    const text = readFileSync(join(__dirname, "..", "docs", "github.md"), "utf8");
    const names = new Set(paths.flatMap((path) => path.split(".")).filter((key) => key !== "*"));
    assert.deepEqual(
      [...names].filter((name) => !text.includes(`\`${name}\``)),
      [],
    );
  });

  for (const [path, { samples, prefix, field }] of CASES) {
    it(path, async () => {
      assert.ok(samples);
      const beside = Object.entries(BESIDE[field] ?? {}).map(([key, value]) => [prefix + key, value] as const);
      const [first, second] = [await outcome(path, samples[0], beside), await outcome(path, samples[1], beside)];
      assert.notEqual(first, second, `${path} changes nothing in what is made`);
    });
  }
});

/** What comes of a config in which one field has a value. */
async function outcome(path: string, value: unknown, beside: (readonly [string, unknown])[]): Promise<string> {
  const github: Record<string, unknown> = {
    owner: "acme",
    teams: { A: 1, B: 2 },
    users: { A: 1, B: 2 },
    repositories: [{ name: "shop" }],
  };
  for (const [key, other] of beside) set(github, key, other);
  set(github, path, value);
  if (path.endsWith("oidcClaims.*")) set(github, path.slice(0, -".*".length), ["repo", "context", value]);
  const config = {
    github,
    githubToken: "token",
    githubAppKey: "key",
    "githubSecret-A": "value of A",
    "githubSecret-B": "value of B",
  };
  const encrypted = Object.keys(config).filter((key) => key !== "github");
  try {
    const { registrations, result } = await record(githubStack, { stack: "github", config, encrypted });
    return JSON.stringify([registrations, result]);
  } catch (error) {
    if (!pulumi.InputPropertiesError.isInstance(error)) throw error;
    return assert.fail(JSON.stringify(error.errors));
  }
}

/** Keys under which `*` is a name rather than a place in a list, with the name used here. */
const NAMED: Record<string, string> = { environments: "e", variables: "V", labels: "l", teams: "A", users: "A" };

function set(root: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split(".").map((key, index, all) => {
    if (key !== "*") return key;
    const isReviewers = all[index - 2] === "reviewers";
    return (isReviewers ? undefined : NAMED[all[index - 1] ?? ""]) ?? 0;
  });
  setAt(root, keys, value);
}
