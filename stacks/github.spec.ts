import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { record } from "../test/support/mocks";
import type { Recording, RecordOptions } from "../test/support/mocks";
import { githubStack } from "./github";
import type { GithubOutputs } from "./github";

const TOKEN = { config: { githubToken: "token" }, encrypted: ["githubToken"] };

/** Runs the stack with encrypted values besides its config. */
function run(github: unknown, secrets: Record<string, string> = {}): Promise<Recording> {
  return record(githubStack, {
    stack: "github",
    config: { github, ...TOKEN.config, ...secrets },
    encrypted: [...TOKEN.encrypted, ...Object.keys(secrets)],
  });
}

/** What the stack finds wrong, as `path: reason`. */
async function problemsOf(options: RecordOptions): Promise<string[]> {
  let problems: string[] = [];
  await assert.rejects(record(githubStack, { stack: "github", ...options }), (error: pulumi.InputPropertiesError) => {
    assert.ok(pulumi.InputPropertiesError.isInstance(error), String(error));
    assert.equal(error.message, "The GitHub repositories cannot be set up as asked.");
    problems = error.errors.map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`);
    return true;
  });
  return problems;
}

const RULESET = "github:index/repositoryRuleset:RepositoryRuleset";
const REPOSITORY = "github:index/repository:Repository";

describe("the github stack", () => {
  const environmentToken = process.env["GITHUB_TOKEN"];
  beforeEach(() => delete process.env["GITHUB_TOKEN"]);
  after(() => {
    if (environmentToken !== undefined) process.env["GITHUB_TOKEN"] = environmentToken;
  });

  it("gives an organisation of 50 repositories the same from one list, and each what it asks for", async () => {
    const names = Array.from({ length: 50 }, (_, index) => `repository-${index}`);
    const recording = await run({
      owner: "acme",
      defaults: { rules: { requiredChecks: ["test"] }, environments: { previews: {} } },
      repositories: names.map((name, index) => (index === 7 ? { name, rules: { approvals: 2 } } : name)),
    });
    const rulesets = recording.ofType(RULESET);
    assert.deepEqual(
      rulesets.map(({ inputs }) => inputs["repository"]),
      names,
    );
    const approvals = rulesets.map(({ inputs }) => {
      const { pullRequest, requiredStatusChecks } = inputs["rules"] as {
        pullRequest: { requiredApprovingReviewCount: number };
        requiredStatusChecks: { requiredChecks: unknown };
      };
      assert.deepEqual(requiredStatusChecks.requiredChecks, [{ context: "test" }]);
      return pullRequest.requiredApprovingReviewCount;
    });
    assert.deepEqual(
      approvals,
      names.map((_, index) => (index === 7 ? 2 : 1)),
    );
    const { repositories, subjects } = recording.result as GithubOutputs;
    assert.deepEqual(repositories, names);
    assert.deepEqual(
      subjects,
      Object.fromEntries(names.map((name) => [name, { previews: `repo:acme/${name}:environment:previews` }])),
    );
  });

  it("never deletes a repository: one that leaves the list leaves GitHub as it is, and touches no other", async () => {
    const list = (names: string[]) => run({ owner: "acme", defaults: { mode: "adopt" }, repositories: names });
    const before = await list(["a", "b", "c"]);
    const without = await list(["a", "c"]);
    for (const one of before.ofType(REPOSITORY)) {
      assert.equal(one.retainOnDelete, true, one.name);
      assert.equal(one.inputs["archiveOnDestroy"], true, one.name);
      assert.equal(one.protect, undefined, one.name);
    }
    const rest = before.registrations.filter(({ name, parent }) => name !== "b" && parent !== "b");
    assert.deepEqual([...without.registrations].sort(byName), rest.sort(byName));
    assert.equal(before.registrations.length - rest.length, 10);
  });

  it("makes one provider, explicit about owner, server, pace and login, and uses it for everything", async () => {
    const recording = await run({ owner: "acme", repositories: ["shop"] });
    const { inputs } = recording.get("pulumi:providers:github", "github");
    assert.deepEqual(inputs, {
      owner: "acme",
      token: { secret: "token" },
      baseUrl: "https://api.github.com/",
      writeDelayMs: "1000",
      parallelRequests: "false",
    });
    for (const { provider, type, name } of recording.registrations) {
      if (type.startsWith("github:")) assert.equal(provider, "github", name);
    }
  });

  it("takes server and pace from the config, and a GitHub App for the login", async () => {
    const github = {
      owner: "acme",
      baseUrl: "https://github.example.com/",
      writeDelayMs: 0,
      appAuth: { id: "1", installationId: "2" },
      repositories: [],
    };
    const recording = await record(githubStack, {
      stack: "github",
      config: { github, githubAppKey: "key" },
      encrypted: ["githubAppKey"],
    });
    const { inputs } = recording.get("pulumi:providers:github", "github");
    assert.deepEqual(inputs, {
      owner: "acme",
      appAuth: { secret: '{"id":"1","installationId":"2","pemFile":"key"}' },
      baseUrl: "https://github.example.com/",
      writeDelayMs: "0",
      parallelRequests: "false",
    });
  });

  it("takes a token from the environment, and keeps it secret too", async () => {
    process.env["GITHUB_TOKEN"] = "from the environment";
    const recording = await record(githubStack, {
      stack: "github",
      config: { github: { owner: "acme", repositories: [] } },
    });
    const { inputs } = recording.get("pulumi:providers:github", "github");
    assert.deepEqual(inputs["token"], { secret: "from the environment" });
  });

  it("keeps secrets secret from the config to GitHub", async () => {
    const recording = await run(
      {
        owner: "acme",
        defaults: { secrets: ["NPM_TOKEN"] },
        repositories: [
          "site",
          { name: "shop", environments: { production: { secrets: [{ name: "KEY", from: "SHOP_KEY" }] } } },
        ],
      },
      { "githubSecret-NPM_TOKEN": "hunter2", "githubSecret-SHOP_KEY": "hunter3" },
    );
    for (const name of ["site", "shop"]) {
      const { inputs } = recording.get("github:index/actionsSecret:ActionsSecret", `${name}-secret-NPM_TOKEN`);
      assert.deepEqual(inputs["value"], { secret: "hunter2" });
    }
    const { inputs } = recording.get(
      "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret",
      "shop-environment-production-secret-KEY",
    );
    assert.deepEqual(inputs["value"], { secret: "hunter3" });
    // Nowhere else: neither in another resource nor in the outputs.
    const others = recording.registrations.filter(({ type }) => !type.endsWith("Secret"));
    assert.doesNotMatch(JSON.stringify([others, recording.result]), /hunter/);
  });

  it("gives the URLs to register for the login App", async () => {
    const loginApp = { domain: "preview.example.com", callbackUrls: ["https://shop.example.com/callback"] };
    const { result } = await run({ owner: "acme", loginApp, repositories: [] });
    assert.deepEqual((result as GithubOutputs).loginApp, {
      callbackUrls: ["https://auth.preview.example.com/callback", "https://shop.example.com/callback"],
      broker: "https://auth.preview.example.com/callback",
    });
  });

  describe("refuses", () => {
    it("a secret given in plain config, wherever it stands, and shows none", async () => {
      const github = {
        owner: "acme",
        defaults: { secrets: { NPM_TOKEN: "hunter2" } },
        repositories: [{ name: "shop", secrets: ["KEY"], variables: { NPM: `npm_${"hunter2h".repeat(4)}` } }],
      };
      const problems = await problemsOf({
        config: {
          github,
          githubToken: "hunter2",
          githubAppKey: "hunter2",
          "githubSecret-KEY": "hunter2",
          "githubSecret-FORGOTTEN": "hunter2",
          githubSecrets: { NPM_TOKEN: "hunter2" },
        },
        // A mapping with one encrypted value counts as encrypted, whatever else is in it.
        encrypted: ["githubSecrets"],
      });
      const plain = (key: string) =>
        `berth:${key}: plain text, not shown here; accepted: an encrypted value. Revoke it if it has been committed, then encrypt the new one: pulumi config set --secret berth:${key}`;
      assert.deepEqual(problems, [
        "berth:github.defaults.secrets: secrets in plain text, not shown here; accepted: a list of names, such as [NPM_TOKEN]. Leave names only, and set each value with: pulumi config set --secret berth:githubSecret-NAME",
        "berth:github.repositories[0].variables.NPM: what looks like an npm token, in plain text, not shown here; accepted: what everybody may read. Revoke it if it has been committed, then make it a secret: list NPM under secrets, and pulumi config set --secret berth:githubSecret-NPM.",
        "berth:githubSecrets: a mapping of secrets, not shown here; accepted: one key for each secret, as plain text beside an encrypted value could not be told. Set each with: pulumi config set --secret berth:githubSecret-NAME, without --path, then pulumi config rm berth:githubSecrets",
        plain("githubToken"),
        plain("githubAppKey"),
        plain("githubSecret-KEY"),
        plain("githubSecret-FORGOTTEN"),
      ]);
      assert.doesNotMatch(problems.join("\n"), /hunter/);
    });

    it("a secret without value, once for all repositories that want it, and no way to log in", async () => {
      const github = {
        owner: "acme",
        defaults: { secrets: ["NPM_TOKEN"] },
        repositories: ["shop", { name: "site", environments: { a: { secrets: [{ name: "KEY", from: "SITE_KEY" }] } } }],
      };
      const missing = (path: string, from: string) =>
        `berth:github.${path}: a secret without value; accepted: the name of an encrypted config key berth:githubSecret-NAME. Set it: pulumi config set --secret berth:githubSecret-${from}`;
      assert.deepEqual(await problemsOf({ config: { github } }), [
        "berth:githubToken: missing; accepted: a token that may administer the repositories, here or in the variable GITHUB_TOKEN, or a GitHub App in appAuth. Set it: pulumi config set --secret berth:githubToken",
        missing("defaults.secrets[0]", "NPM_TOKEN"),
        missing("repositories[1].environments.a.secrets[0]", "SITE_KEY"),
      ]);
      const appAuth = { id: "1", installationId: "2" };
      assert.deepEqual(await problemsOf({ config: { github: { owner: "acme", appAuth, repositories: [] } } }), [
        "berth:githubAppKey: missing; accepted: the private key of the App in appAuth. Set it: cat key.pem | pulumi config set --secret berth:githubAppKey",
      ]);
    });

    it("11 callback URLs, and names the broker", async () => {
      const callbackUrls = Array.from({ length: 10 }, (_, index) => `https://pr-${index}.preview.example.com/callback`);
      const github = { owner: "acme", loginApp: { domain: "preview.example.com", callbackUrls }, repositories: [] };
      assert.deepEqual(await problemsOf({ config: { github, ...TOKEN.config }, encrypted: TOKEN.encrypted }), [
        "berth:github.loginApp.callbackUrls: 11 URLs, the broker's among them; accepted: at most 10, as many as a GitHub App takes. Register the broker https://auth.preview.example.com/callback instead of URLs of environments: it validates state and sends the browser on to the environment.",
      ]);
    });

    it("what a repository cannot have, where the config has it, and what the defaults cannot have once", async () => {
      const github = {
        owner: "acme corp",
        ownerId: 1,
        defaults: {
          rules: { approvals: 11 },
          environments: { "prod:eu": {} },
          security: { license: "advanced-security" },
        },
        repositories: [
          "a",
          { name: "b/c", id: 0, environments: { previews: { waitMinutes: -5 } }, rules: { requireUpToDate: true } },
          { name: "d", mode: "adopt", oidcClaims: ["repo"] },
        ],
      };
      assert.deepEqual(await problemsOf({ config: { github, ...TOKEN.config }, encrypted: TOKEN.encrypted }), [
        'berth:github.owner: "acme corp"; accepted: an organisation or user of at most 39 letters, digits and single dashes. Give the name from the repository\'s URL.',
        'berth:github.defaults.security: given; accepted: nothing with mode "configure", which leaves the repository itself alone. Set mode to "adopt" or "create", or remove it.',
        "berth:github.defaults.rules.approvals: 11; accepted: a whole number from 0 to 10. Ask for fewer reviews.",
        'berth:github.defaults.environments["prod:eu"]: "prod:eu"; accepted: a name of at most 255 letters, digits and ._- inside, which reads the same in an OIDC token. Rename it.',
        'berth:github.repositories[1].name: "b/c"; accepted: a repository name of at most 100 letters, digits and ._- without its owner. Give the last part of the repository\'s URL.',
        "berth:github.repositories[1].id: 0; accepted: a whole number from 1. Take it from GitHub's API; docs/github.md says how.",
        "berth:github.repositories[1].rules.requireUpToDate: true; accepted: false without required checks. Name checks in rules.requiredChecks, or remove this.",
        "berth:github.repositories[1].environments.previews.waitMinutes: -5; accepted: a whole number of minutes from 0 to 43200, which is 30 days. Shorten the wait.",
        "berth:github.repositories[2].oidcClaims: repo; accepted: a list that begins with repo, context, because AWS roles are trusted by repo:OWNER/NAME:environment:ENVIRONMENT. Begin with these two, or remove it.",
      ]);
    });

    it("no config at all, with what is needed first", async () => {
      assert.deepEqual(await problemsOf({ ...TOKEN }), [
        "berth:github.owner: missing; accepted: an organisation or user. Add owner.",
        "berth:github.repositories: missing; accepted: a list of repositories. Add repositories.",
      ]);
    });
  });
});

function byName(a: { type: string; name: string }, b: { type: string; name: string }): number {
  return `${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1;
}
