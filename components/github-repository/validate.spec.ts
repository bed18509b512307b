import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { gitHubSubject, validateGitHubTrust } from "../iam/trust";
import type { EnvironmentSettings, GithubRepositoryArgs } from "./args";
import { PREVIEW_LABELS } from "./defaults";
import { planRepository } from "./plan";
import { validate } from "./validate";

const OWN = { owner: "acme", name: "shop" };

/** What is wrong, as `path: reason`. */
function problemsOf(args: Partial<GithubRepositoryArgs>): string[] {
  return validate({ ...OWN, ...args }).map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`);
}

const inProduction = (settings: EnvironmentSettings) => ({ environments: { production: settings } });
const many = (count: number) => Array.from({ length: count }, (_, index) => `N${index}`);

describe("a repository's arguments", () => {
  it("are fine when they are", () => {
    assert.deepEqual(
      problemsOf({
        ids: { owner: 1, repository: 2 },
        mode: "create",
        visibility: "internal",
        security: { license: "secret-protection", secretScanning: true, pushProtection: false },
        dependabot: { alerts: true, securityUpdates: false },
        rules: {
          branches: ["~ALL", "main", "release/*", "release/**/*", "hotfix-[0-9]"],
          requiredChecks: ["build (ubuntu-latest, 20)", { name: "berth/preview", appId: 15368 }],
          requireUpToDate: true,
          approvals: 0,
          linearHistory: false,
          mergeMethods: ["merge"],
          bypass: [{ role: "admin" }, { role: "write" }, { team: 1 }, { app: 1 }],
        },
        environments: {
          preview: {},
          "Prod.eu-1_b": {
            reviewers: { teams: [1, 2, 3], users: [1, 2, 3] },
            waitMinutes: 43200,
            deployFrom: { branches: ["refs/pull/*/merge"] },
            variables: { A: "b" },
          },
        },
        secrets: { NPM_TOKEN: pulumi.secret("x"), _1: pulumi.secret("x") },
        variables: {
          URL: "https://example.com/a?b=c",
          NPM_TOKEN: pulumi.output("not looked at, npm_0123456789abcdef"),
        },
        labels: { "good first issue": { color: "7057ff", description: "x".repeat(100) } },
        oidcClaims: ["repo", "context", "repo_property_team"],
      }),
      [],
    );
    assert.deepEqual(problemsOf({ labels: PREVIEW_LABELS }), []);
  });

  for (const [what, args, ...expected] of [
    [
      "an owner and a name that GitHub has not",
      { owner: "acme corp", name: "acme/shop" },
      'owner: "acme corp"; accepted: an organisation or user of at most 39 letters, digits and single dashes. Give the name from the repository\'s URL.',
      'name: "acme/shop"; accepted: a repository name of at most 100 letters, digits and ._- without its owner. Give the last part of the repository\'s URL.',
    ],
    [
      "IDs that are none",
      { ids: { owner: 0, repository: 1.5 } },
      "ids.owner: 0; accepted: a whole number from 1. Take it from GitHub's API; docs/github.md says how.",
      "ids.repository: 1.5; accepted: a whole number from 1. Take it from GitHub's API; docs/github.md says how.",
    ],
    [
      "scanning of a repository that the stack does not have",
      { visibility: "public", security: {} },
      'visibility: given; accepted: nothing with mode "configure", which leaves the repository itself alone. Set mode to "adopt" or "create", or remove it.',
      'security: given; accepted: nothing with mode "configure", which leaves the repository itself alone. Set mode to "adopt" or "create", or remove it.',
    ],
    [
      "scanning that nobody pays for",
      { mode: "adopt", security: { secretScanning: true, pushProtection: true } },
      'security.secretScanning: true; accepted: true for public repositories, or with a license; this one is private. Set security.license to "secret-protection" or "advanced-security" if you pay for it, or remove this.',
      'security.pushProtection: true; accepted: true for public repositories, or with a license; this one is private. Set security.license to "secret-protection" or "advanced-security" if you pay for it, or remove this.',
    ],
    [
      "a license that is not needed",
      { mode: "adopt", visibility: "public", security: { license: "advanced-security" } },
      'security.license: "advanced-security"; accepted: "none" for a public repository, which needs none. Remove it.',
    ],
    [
      "push protection without scanning",
      { mode: "adopt", visibility: "public", security: { secretScanning: false, pushProtection: true } },
      "security.pushProtection: true; accepted: false without secretScanning. Set security.secretScanning to true, or remove this.",
    ],
    [
      "security updates without alerts",
      { dependabot: { alerts: false, securityUpdates: true } },
      "dependabot.securityUpdates: true; accepted: false without alerts. Set dependabot.alerts to true, or remove this.",
    ],
    [
      "reviews that no ruleset can ask for",
      { rules: { approvals: -1 } },
      "rules.approvals: -1; accepted: a whole number from 0 to 10. Ask for fewer reviews.",
    ],
    [
      "up to date with no check",
      { rules: { requireUpToDate: true } },
      "rules.requireUpToDate: true; accepted: false without required checks. Name checks in rules.requiredChecks, or remove this.",
    ],
    [
      "merge commits in a linear history",
      { rules: { mergeMethods: ["squash", "merge"] } },
      'rules.mergeMethods[1]: "merge"; accepted: squash and rebase with linearHistory, which refuses merge commits. Remove it, or set rules.linearHistory to false.',
    ],
    [
      "no way to merge",
      { rules: { mergeMethods: [] } },
      "rules.mergeMethods: an empty list; accepted: merge, squash or rebase, at least one. Name one, or remove it.",
    ],
    [
      "branches that git has not",
      { rules: { branches: ["main", "main", "refs/heads/dev", "a b", "~FOO", "x..y"] } },
      'rules.branches[1]: "main", a second time; accepted: each once. Remove it.',
      'rules.branches[2]: "refs/heads/dev"; accepted: a name without refs/heads/ or refs/tags/. Write "dev".',
      ...["a b", "~FOO", "x..y"].map(
        (name, index) =>
          `rules.branches[${index + 3}]: "${name}"; accepted: a name or pattern such as main or release/*, ~DEFAULT_BRANCH, ~ALL. Write it as git shows it.`,
      ),
    ],
    [
      "no branch",
      { rules: { branches: [] } },
      "rules.branches: an empty list; accepted: at least one name or pattern. Name one, or remove it.",
    ],
    [
      "checks without name, twice, or of no App",
      { rules: { requiredChecks: ["test", " ", { name: "test", appId: 1 }, { name: "lint", appId: 0 }] } },
      "rules.requiredChecks[1]: an empty name; accepted: the name of a check. Give it as a pull request shows it.",
      'rules.requiredChecks[2]: "test", a second time; accepted: each once. Remove it.',
      "rules.requiredChecks[3].appId: 0; accepted: a whole number from 1. Take it from GitHub's API; docs/github.md says how.",
    ],
    [
      "the same actor twice, and an ID that is none",
      { rules: { bypass: [{ team: 7 }, { team: 7, when: "always" }, { app: -3 }] } },
      "rules.bypass[1]: the same actor a second time; accepted: each once. Remove it.",
      "rules.bypass[2].app: -3; accepted: a whole number from 1. Take it from GitHub's API; docs/github.md says how.",
    ],
    [
      "environments that read otherwise in a token, or are one to GitHub",
      { environments: { "prod:eu": {}, preview: {}, Preview: {} } },
      'environments["prod:eu"]: "prod:eu"; accepted: a name of at most 255 letters, digits and ._- inside, which reads the same in an OIDC token. Rename it.',
      'environments.Preview: the same as "preview" to GitHub; accepted: names that differ in more than case. Remove one.',
    ],
    [
      "seven reviewers",
      inProduction({ reviewers: { teams: [1, 2, 3], users: [1, 2, 3, 4] } }),
      "environments.production.reviewers: 7 teams and users; accepted: at most 6 teams and users in all. Name a team instead of its members.",
    ],
    [
      "a reviewer twice, and one that is none",
      inProduction({ reviewers: { users: [5, 5, 0] } }),
      "environments.production.reviewers.users[1]: 5, a second time; accepted: each once. Remove it.",
      "environments.production.reviewers.users[2]: 0; accepted: a whole number from 1. Take it from GitHub's API; docs/github.md says how.",
    ],
    [
      "no self-review without reviewers",
      inProduction({ preventSelfReview: true }),
      "environments.production.preventSelfReview: true; accepted: true only with reviewers. Name reviewers, or remove this.",
    ],
    [
      "a wait of more than 30 days",
      inProduction({ waitMinutes: 43201 }),
      "environments.production.waitMinutes: 43201; accepted: a whole number of minutes from 0 to 43200, which is 30 days. Shorten the wait.",
    ],
    [
      "deployments from nowhere",
      { environments: { a: { deployFrom: {} }, b: { deployFrom: { branches: [], tags: ["v^1"] } } } },
      "environments.a.deployFrom: an empty mapping; accepted: branches, tags or both. Name some, or remove deployFrom to let any branch and tag in.",
      "environments.b.deployFrom.branches: an empty list; accepted: at least one name or pattern. Name one, or remove it.",
      'environments.b.deployFrom.tags[0]: "v^1"; accepted: a name or pattern such as main or release/*. Write it as git shows it.',
    ],
    [
      "secrets in plain text, which it does not show",
      {
        secrets: { NPM_TOKEN: "hunter2" as unknown as pulumi.Output<string> },
        ...inProduction({ secrets: { KEY: "hunter2" as unknown as pulumi.Output<string> } }),
      },
      'environments.production.secrets.KEY: plain text, not shown here; accepted: a secret output. Encrypt it: pulumi config set --secret berth:githubSecret-KEY, and pass requireSecret("githubSecret-KEY").',
      'secrets.NPM_TOKEN: plain text, not shown here; accepted: a secret output. Encrypt it: pulumi config set --secret berth:githubSecret-NPM_TOKEN, and pass requireSecret("githubSecret-NPM_TOKEN").',
    ],
    [
      "names that GitHub refuses",
      { secrets: { GITHUB_TOKEN: pulumi.secret("x") }, variables: { "1A": "x", "A-B": "x", a: "x", A: "x" } },
      'secrets.GITHUB_TOKEN: "GITHUB_TOKEN"; accepted: letters, digits and _, neither beginning with a digit nor with GITHUB_. Rename it.',
      'variables["1A"]: "1A"; accepted: letters, digits and _, neither beginning with a digit nor with GITHUB_. Rename it.',
      'variables.A-B: "A-B"; accepted: letters, digits and _, neither beginning with a digit nor with GITHUB_. Rename it.',
      'variables.A: the same as "a" to GitHub; accepted: names that differ in more than case. Remove one.',
    ],
    [
      "a variable that holds a credential, which it does not show",
      { variables: { NPM: `npm_${"a1B2".repeat(9)}` } },
      "variables.NPM: what looks like an npm token, in plain text, not shown here; accepted: what everybody may read. Revoke it if it has been committed, then make it a secret: list NPM under secrets, and pulumi config set --secret berth:githubSecret-NPM.",
    ],
    [
      "more than GitHub stores",
      {
        secrets: Object.fromEntries(many(101).map((name) => [name, pulumi.secret("x")])),
        variables: { BIG: "x".repeat(49_153) },
        ...inProduction({ variables: Object.fromEntries(many(102).map((name) => [name, "x"])) }),
      },
      "environments.production.variables: 102 variables; accepted: at most 100. Remove 2.",
      "secrets: 101 secrets; accepted: at most 100. Remove 1.",
      "variables.BIG: 49153 bytes; accepted: at most 49152 bytes. Shorten it, or keep it in a file.",
    ],
    [
      "labels that GitHub refuses",
      {
        labels: {
          ["x".repeat(51)]: { color: "#1f6feb" },
          bug: { color: "red", description: "x".repeat(101) },
          Bug: { color: "d73a4a" },
        },
      },
      `labels.${"x".repeat(51)}: a name of 51 characters; accepted: 1 to 50. Rename it.`,
      `labels.${"x".repeat(51)}.color: "#1f6feb"; accepted: six hexadecimal digits, such as 1f6feb. Remove the #.`,
      'labels.bug.color: "red"; accepted: six hexadecimal digits, such as 1f6feb. Give red, green and blue as two digits each.',
      "labels.bug.description: 101 characters; accepted: at most 100. Shorten it.",
      'labels.Bug: the same as "bug" to GitHub; accepted: names that differ in more than case. Remove one.',
    ],
    [
      "claims that no AWS role is trusted by",
      { oidcClaims: ["job_workflow_ref"] },
      "oidcClaims: job_workflow_ref; accepted: a list that begins with repo, context, because AWS roles are trusted by repo:OWNER/NAME:environment:ENVIRONMENT. Begin with these two, or remove it.",
    ],
  ] as const satisfies [string, Partial<GithubRepositoryArgs>, ...string[]][]) {
    it(`are refused with ${what}`, () => assert.deepEqual(problemsOf(args), expected));
  }

  it("suggest the claim that was meant", () => {
    const [first, second] = problemsOf({ oidcClaims: ["repo", "context", "actor", "actor", "job_workflow_reff"] });
    assert.equal(first, 'oidcClaims[3]: "actor", a second time; accepted: each claim once. Remove it.');
    assert.match(
      second ?? "",
      /^oidcClaims\[4\]: "job_workflow_reff"; accepted: repo, context, .*\. Did you mean job_workflow_ref\?/,
    );
  });

  it("are refused with all that is wrong at once", () => {
    const paths = validate({
      owner: "-",
      name: "",
      rules: { approvals: 99, branches: [] },
      environments: { "": {}, a: { waitMinutes: -1 } },
      variables: { "": "x" },
      labels: { "": { color: "" } },
      oidcClaims: [],
    }).map(({ propertyPath }) => propertyPath);
    assert.deepEqual(paths, [
      "owner",
      "name",
      "rules.branches",
      "rules.approvals",
      'environments[""]',
      "environments.a.waitMinutes",
      'variables[""]',
      'labels[""]',
      'labels[""].color',
      "oidcClaims",
    ]);
  });
});

describe("the subject of an environment", () => {
  it("is one that the registry can trust, for every name that is accepted", () => {
    const name = fc.oneof(
      fc.stringMatching(/^[a-cX-Z019._-]{1,12}$/),
      fc.stringMatching(/^[a-cX-Z019._:/ *?$-]{1,12}$/),
    );
    let accepted = 0;
    fc.assert(
      fc.property(name, name, (repository, environment) => {
        const args = { owner: "acme", name: repository, environments: { [environment]: {} } };
        if (validate(args).length > 0) return;
        accepted++;
        const trust = { repository: `acme/${repository}`, environment };
        assert.deepEqual(validateGitHubTrust(trust), []);
        assert.deepEqual(planRepository(args).subjects, { [environment]: gitHubSubject(trust) });
      }),
      { numRuns: 500 },
    );
    assert.ok(accepted > 50, `${accepted} were accepted`);
  });
});
