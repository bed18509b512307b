import assert from "node:assert/strict";

import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";

import { operations } from "../provider/support";
import { openGithub, org, type GithubCase } from "./github-support";

const repositoryType = "github:index/repository:Repository";
const rulesetType = "github:index/repositoryRuleset:RepositoryRuleset";
const secretType = "github:index/actionsSecret:ActionsSecret";
const labelType = "github:index/issueLabel:IssueLabel";

describe("the GitHub stand-in on the engine", () => {
  let now: GithubCase;
  const open = async (...args: Parameters<typeof openGithub>) => {
    now = await openGithub(...args);
  };
  afterEach(async () => {
    const { problems } = now.fake;
    await now.close();
    assert.deepEqual(problems, [], "answers of the fake server that disagree with GitHub's description");
  });

  /** A repository with one of everything. */
  const everything = (more: { required?: number; secret?: string } = {}) => {
    return (provider: github.Provider) => {
      const options = { provider };
      const repository = new github.Repository(
        "shop",
        { name: "shop", visibility: "private", autoInit: true, hasIssues: true, topics: ["shop", "berth"] },
        options,
      );
      const name = repository.name;
      new github.RepositoryRuleset(
        "rules",
        {
          name: "main",
          repository: name,
          target: "branch",
          enforcement: "active",
          conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
          bypassActors: [{ actorId: 5, actorType: "RepositoryRole", bypassMode: "pull_request" }],
          rules: {
            deletion: true,
            nonFastForward: true,
            requiredLinearHistory: true,
            pullRequest: {
              requiredApprovingReviewCount: more.required ?? 1,
              requiredReviewThreadResolution: true,
              dismissStaleReviewsOnPush: true,
            },
            requiredStatusChecks: { requiredChecks: [{ context: "test" }, { context: "lint", integrationId: 15368 }] },
          },
        },
        options,
      );
      const environment = new github.RepositoryEnvironment(
        "production",
        {
          repository: name,
          environment: "prod/eu",
          deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
        },
        options,
      );
      new github.RepositoryEnvironmentDeploymentPolicy(
        "from-main",
        { repository: name, environment: environment.environment, branchPattern: "main" },
        options,
      );
      const secret = pulumi.secret(more.secret ?? "s3cret-one");
      new github.ActionsSecret("secret", { repository: name, secretName: "NPM_TOKEN", value: secret }, options);
      new github.ActionsEnvironmentSecret(
        "environment-secret",
        { repository: name, environment: environment.environment, secretName: "KEY", value: secret },
        options,
      );
      new github.ActionsVariable(
        "variable",
        { repository: name, variableName: "REGION", value: "eu-central-1" },
        options,
      );
      new github.ActionsEnvironmentVariable(
        "environment-variable",
        { repository: name, environment: environment.environment, variableName: "STAGE", value: "production" },
        options,
      );
      new github.IssueLabel("label", { repository: name, name: "preview", color: "1F6FEB" }, options);
      new github.IssueLabel("taken-label", { repository: name, name: "bug", color: "000000" }, options);
      new github.ActionsRepositoryOidcSubjectClaimCustomizationTemplate(
        "oidc",
        { repository: name, useDefault: false, includeClaimKeys: ["repo", "context"] },
        options,
      );
      const alerts = new github.RepositoryVulnerabilityAlerts("alerts", { repository: name, enabled: true }, options);
      new github.RepositoryDependabotSecurityUpdates(
        "updates",
        { repository: name, enabled: true },
        { ...options, dependsOn: [alerts] },
      );
      return { repository: name, id: repository.repoId };
    };
  };

  describe("with a repository that has one of everything", () => {
    beforeEach(() => open());

    it("sets it up on the server, and has nothing to do the next time", async () => {
      const { outputs } = await now.up(everything());
      const shop = now.fake.repository("acme/shop");
      assert.deepEqual(outputs, { repository: "shop", id: shop.id });
      assert.equal(shop.settings["visibility"], "private");
      assert.deepEqual(shop.topics, ["shop", "berth"]);
      assert.deepEqual(shop.rulesets[0]?.rules.map((rule) => (rule as { type: string }).type).sort(), [
        "deletion",
        "non_fast_forward",
        "pull_request",
        "required_linear_history",
        "required_status_checks",
      ]);
      const environment = shop.environments["prod/eu"];
      assert.ok(environment);
      assert.deepEqual(
        environment.branchPolicies.map(({ name, type }) => [name, type]),
        [["main", "branch"]],
      );
      assert.equal(await now.fake.reveal(shop, "NPM_TOKEN"), "s3cret-one");
      assert.equal(await now.fake.reveal(environment, "KEY"), "s3cret-one");
      assert.equal(shop.variables["REGION"]?.value, "eu-central-1");
      assert.equal(environment.variables["STAGE"]?.value, "production");
      assert.equal(shop.labels.find((label) => label.name === "preview")?.color, "1f6feb");
      assert.equal(shop.labels.find((label) => label.name === "bug")?.color, "000000");
      assert.deepEqual(shop.oidc, { use_default: false, include_claim_keys: ["repo", "context"] });
      assert.deepEqual([shop.vulnerabilityAlerts, shop.securityUpdates], [true, true]);

      const before = now.fake.stateText();
      const again = await now.up(everything());
      assert.deepEqual(again.changes, { same: 15 });
      const refreshed = await now.stack.refresh();
      assert.deepEqual(refreshed.changes, { same: 15 });
      assert.equal(now.fake.stateText(), before);
    });

    it("keeps secrets out of what goes over HTTP, what is printed and what is kept", async () => {
      const { output } = await now.up(everything());
      const places = {
        output,
        log: JSON.stringify(now.fake.log),
        server: now.fake.stateText(),
        state: await now.stack.stateText(),
      };
      for (const [place, text] of Object.entries(places)) {
        assert.ok(text.length > 1000, `${place} holds something`);
        for (const form of ["s3cret-one", Buffer.from("s3cret-one").toString("base64")])
          assert.ok(!text.includes(form), `the secret is in ${place}`);
      }
      const { inputs, outputs } = await now.stack.resource(secretType);
      for (const properties of [inputs, outputs])
        assert.ok("ciphertext" in (properties?.["value"] as object), "the value is encrypted in the state");
    });

    it("updates what changed, and only that", async () => {
      await now.up(everything());
      now.fake.log.length = 0;
      const changed = await now.up(everything({ required: 2, secret: "s3cret-two" }));
      assert.deepEqual(changed.changes, { same: 12, update: 3 });
      assert.deepEqual(operations(changed, rulesetType), ["update"]);
      const shop = now.fake.repository("acme/shop");
      assert.equal(await now.fake.reveal(shop, "NPM_TOKEN"), "s3cret-two");
      assert.deepEqual(
        now.fake.log
          .filter(({ method }) => method !== "GET")
          .map(({ operation }) => operation)
          .sort(),
        [
          "actions/create-or-update-environment-secret",
          "actions/create-or-update-repo-secret",
          "repos/update-repo-ruleset",
        ],
      );
    });

    it("finds what somebody else changed, and puts it back", async () => {
      await now.up(everything());
      const shop = now.fake.repository("acme/shop");
      const [ruleset] = shop.rulesets;
      assert.ok(ruleset);
      ruleset.enforcement = "disabled";
      ruleset.rules = ruleset.rules.filter((rule) => (rule as { type: string }).type !== "deletion");
      const secret = shop.secrets["NPM_TOKEN"];
      assert.ok(secret);
      secret.updatedAt = now.fake.now();
      delete shop.variables["REGION"];
      shop.settings["has_wiki"] = true;

      const refreshed = await now.stack.refresh();
      assert.deepEqual(refreshed.changes, { same: 11, update: 3, delete: 1 });
      const repaired = await now.up(everything());
      assert.deepEqual(repaired.changes, { same: 11, update: 3, create: 1 });
      assert.equal(shop.rulesets[0]?.enforcement, "active");
      assert.equal(shop.settings["has_wiki"], false);
      assert.equal(shop.variables["REGION"]?.value, "eu-central-1");
      assert.deepEqual((await now.up(everything())).changes, { same: 15 });
    });

    it("changes nothing in a preview, and takes everything away in the end", async () => {
      const before = now.fake.stateText();
      assert.deepEqual((await now.preview(everything())).changes, { create: 15 });
      assert.equal(now.fake.stateText(), before);
      await now.up(everything());
      await now.stack.destroy();
      assert.equal(now.fake.find("acme/shop"), undefined);
      assert.deepEqual(await now.stack.resources(), []);
    });
  });

  describe("with a server that limits and fails", () => {
    beforeEach(() => open());
    const label = (provider: github.Provider) =>
      new github.IssueLabel("label", { repository: "shop", name: "preview", color: "1f6feb" }, { provider });

    it("waits as long as a 429 asks for, and goes on", async () => {
      await now.fake.addRepository(org, "shop");
      now.fake.faults.add({ operation: "issues/create-label", status: 429, headers: { "retry-after": "1" } });
      const started = Date.now();
      const { output } = await now.up(label);
      assert.ok(Date.now() - started >= 1000);
      assert.match(output, /GitHub limits requests; going on in 1 s/);
      assert.deepEqual(
        now.fake.log.filter((one) => one.operation === "issues/create-label").map((one) => one.status),
        [429, 201],
      );
    });

    it("waits for the end of the hour's limit where the answer names it", async () => {
      await now.fake.addRepository(org, "shop");
      const reset = String(Math.ceil(Date.now() / 1000) + 6);
      const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset };
      now.fake.faults.add({ operation: "issues/create-label", status: 403, headers });
      await now.up(label);
      assert.ok(Date.now() / 1000 >= Number(reset));
    });

    it("does not take a lack of rights for a limit", async () => {
      await now.fake.addRepository(org, "shop");
      const message = "Resource not accessible by personal access token";
      now.fake.faults.add({ operation: "issues/create-label", status: 403, message });
      await now.stack.failing(now.up(label), /issues|labels: 403 Resource not accessible by personal access token/);
      assert.equal(now.fake.log.filter((one) => one.operation === "issues/create-label").length, 1);
    });

    it("tries again after faults, and gives up with what GitHub said", async () => {
      await now.fake.addRepository(org, "shop");
      now.fake.faults.add({ operation: "issues/create-label", status: 502, times: 3 });
      await now.up(label);
      assert.ok(now.fake.repository("acme/shop").labels.some(({ name }) => name === "preview"));
      now.fake.faults.add({ operation: "repos/update", status: 503, times: 9 });
      const topic = (provider: github.Provider) => {
        label(provider);
        new github.BranchDefault("branch", { repository: "shop", branch: "main" }, { provider });
      };
      await now.stack.failing(now.up(topic), /PATCH \/repos\/acme\/shop: 503 Unicorn!/);
      now.fake.faults.clear();
      assert.deepEqual((await now.up(topic)).changes, { same: 3, create: 1 });
    });
  });

  describe("with long lists", () => {
    it("reads all pages of 130 labels, and keeps those that are given", async () => {
      await open();
      await now.fake.addRepository(org, "shop");
      const count = (number: number) => (provider: github.Provider) =>
        new github.IssueLabels(
          "labels",
          {
            repository: "shop",
            labels: Array.from({ length: number }, (_, index) => ({ name: `label-${index}`, color: "1f6feb" })),
          },
          { provider },
        );
      await now.up(count(130));
      assert.equal(now.fake.repository("acme/shop").labels.length, 130);
      now.fake.repository("acme/shop").labels.push({
        id: 1,
        name: "stranger",
        color: "000000",
        description: null,
        default: false,
      });
      assert.equal((await now.stack.refresh()).changes.update, 1);
      assert.ok(now.fake.log.some(({ path }) => /labels\?.*page=2/.test(path)));
      await now.up(count(120));
      const { labels } = now.fake.repository("acme/shop");
      assert.deepEqual([labels.length, labels.some(({ name }) => name === "stranger")], [120, false]);
      assert.deepEqual((await now.up(count(120))).changes, { same: 3 });
    });

    it("sets up 105 repositories", async () => {
      await open();
      const many = (provider: github.Provider) => {
        for (let number = 0; number < 105; number += 1)
          new github.Repository(`repository-${number}`, { name: `service-${number}` }, { provider });
      };
      await now.up(many);
      assert.equal(now.fake.repositories.length, 105);
      assert.deepEqual((await now.up(many)).changes, { same: 107 });
    });
  });

  describe("with what cannot be", () => {
    beforeEach(() => open());

    it("names unknown, missing and wrong properties, all of them", async () => {
      await now.stack.failing(
        now.up((provider) => {
          const args = {
            repository: "shop",
            target: "branches",
            enforcement: "active",
            rules: { pullRequest: { approvals: 1 }, deletion: "yes" },
            name: ["main"],
          };
          new github.RepositoryRuleset("rules", args as never, { provider });
        }),
        /rules\.pullRequest\.approvals/,
        /is no property of @pulumi\/github; accepted are allowedMergeMethods, dismissStaleReviewsOnPush/,
        /rules\.deletion/,
        /must be a boolean, not a string/,
        /must be a string, not a list/,
      );
    });

    it("refuses values that GitHub would refuse, before anything is made", async () => {
      const repository = "shop";
      const wrong: [(provider: github.Provider) => unknown, RegExp][] = [
        [
          (provider) =>
            new github.RepositoryEnvironment("x", { repository, environment: "x", waitTimer: 50_000 }, { provider }),
          /is 50000; accepted are 0 to 43200 minutes/,
        ],
        [
          (provider) => new github.IssueLabel("x", { repository, color: "#1f6feb" }, { provider }),
          /is "#1f6feb"; accepted: six hexadecimal digits without #/,
        ],
        [
          (provider) =>
            new github.ActionsSecret("x", { repository, secretName: "GITHUB_X", value: "hidden" }, { provider }),
          /is "GITHUB_X"; accepted: letters, digits and underscores/,
        ],
        [
          (provider) => new github.ActionsSecret("x", { repository, secretName: "X" }, { provider }),
          /exactly one of value, valueEncrypted, plaintextValue, encryptedValue is accepted/,
        ],
      ];
      for (const [program, reason] of wrong) await now.stack.failing(now.up(program), reason);
      assert.deepEqual(now.fake.log, []);
    });

    it("names resource types and properties that it does not cover", async () => {
      await now.stack.failing(
        now.up((provider) => new github.Team("team", { name: "x" }, { provider })),
        /the stand-in provider github has no resource type github:index\/team:Team; it has ActionsEnvironmentSecret, /,
      );
      await now.stack.failing(
        now.up((provider) => new github.Repository("r", { name: "r", pages: { buildType: "workflow" } }, { provider })),
        /is not covered by the stand-in/,
      );
    });

    it("says why GitHub refused", async () => {
      await now.fake.addRepository(org, "shop");
      await now.stack.failing(
        now.up((provider) => new github.Repository("shop", { name: "shop" }, { provider })),
        /POST \/orgs\/acme\/repos: 422 Repository creation failed\. \(name already exists on this account\)/,
      );
    });

    it("does not go to github.com", async () => {
      const program = (baseUrl: string) => () =>
        new github.IssueLabel(
          "label",
          { repository: "shop", name: "x", color: "000000" },
          { provider: new github.Provider("real", { baseUrl, owner: org, token: "ghp_x" }) },
        );
      for (const url of ["https://api.github.com/", "https://acme.ghe.com/"])
        await now.stack.failing(
          now.stack.up(program(url)),
          /this plugin is a stand-in for tests that never goes there/,
        );
      assert.deepEqual(now.fake.log, []);
    });
  });

  describe("with what was there before", () => {
    beforeEach(() => open());

    it("imports it as it is, then changes what the program wants otherwise, and retains it", async () => {
      await now.fake.addRepository(org, "shop", { description: "Sells things", has_wiki: true });
      const features = { hasIssues: true, hasProjects: true, hasWiki: true, hasDownloads: true };
      const adopt = (description: string) => (provider: github.Provider) =>
        new github.Repository(
          "shop",
          { name: "shop", description, ...features },
          { provider, import: "shop", retainOnDelete: true },
        );
      const before = JSON.stringify(now.fake.repository("acme/shop"));
      assert.equal((await now.up(adopt("Sells things"))).changes.import, 1);
      assert.equal(JSON.stringify(now.fake.repository("acme/shop")), before);
      await now.up(adopt("Sells everything"));
      assert.equal(now.fake.repository("acme/shop").settings["description"], "Sells everything");
      await now.stack.destroy();
      assert.ok(now.fake.find("acme/shop"), "a retained repository is still there");
    });

    it("leaves alone what the program ignores, after a refresh too", async () => {
      const program = (provider: github.Provider) =>
        new github.Repository(
          "shop",
          { name: "shop", description: "by the program", autoInit: true },
          { provider, ignoreChanges: ["description", "hasWiki"] },
        );
      await now.up(program);
      const { settings } = now.fake.repository("acme/shop");
      Object.assign(settings, { description: "by a person", has_wiki: true });
      await now.stack.refresh();
      assert.deepEqual((await now.up(program)).changes, { same: 3 });
      assert.deepEqual([settings["description"], settings["has_wiki"]], ["by a person", true]);
    });

    it("archives instead of deleting where it is told to", async () => {
      await now.up((provider) => new github.Repository("shop", { name: "shop", archiveOnDestroy: true }, { provider }));
      await now.stack.destroy();
      assert.equal(now.fake.repository("acme/shop").settings["archived"], true);
    });

    it("replaces what cannot be changed, and renames what can", async () => {
      await now.fake.addRepository(org, "shop");
      await now.fake.addRepository(org, "other");
      const program = (repository: string, name: string) => (provider: github.Provider) =>
        new github.IssueLabel("label", { repository, name, color: "1f6feb" }, { provider });
      await now.up(program("shop", "preview"));
      assert.deepEqual(operations(await now.up(program("shop", "environment")), labelType), ["update"]);
      const names = () => now.fake.repository("acme/shop").labels.map(({ name }) => name);
      assert.deepEqual([names().includes("preview"), names().includes("environment")], [false, true]);
      const replaced = await now.up(program("other", "environment"));
      assert.ok(operations(replaced, labelType).includes("create-replacement"));
      assert.ok(!names().includes("environment"));
      assert.deepEqual((await now.up(program("other", "environment"))).changes, { same: 3 });
    });

    it("follows a repository to its new name", async () => {
      const program = (name: string) => (provider: github.Provider) =>
        new github.Repository("shop", { name, autoInit: true }, { provider });
      await now.up(program("shop"));
      const renamed = await now.up(program("store"));
      assert.deepEqual(operations(renamed, repositoryType), ["update"]);
      assert.deepEqual(now.fake.repositories, ["acme/store"]);
      assert.deepEqual((await now.stack.refresh()).changes.delete, undefined);
      await now.stack.destroy();
      assert.deepEqual(now.fake.repositories, []);
    });
  });

  it("makes names, knows what is not known yet, and sets up an organisation", async () => {
    await open({ plan: "enterprise" });
    const program = (provider: github.Provider) => {
      const options = { provider };
      const repository = new github.Repository("shop", { visibility: "internal", autoInit: true }, options);
      new github.OrganizationRuleset(
        "everywhere",
        {
          name: "everywhere",
          target: "branch",
          enforcement: "evaluate",
          conditions: {
            refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] },
            repositoryIds: [repository.repoId],
          },
          rules: {
            requiredSignatures: true,
            commitMessagePattern: { operator: "starts_with", pattern: "[" },
            requiredWorkflows: {
              requiredWorkflows: [{ path: ".github/workflows/check.yml", repositoryId: repository.repoId }],
            },
          },
        },
        options,
      );
      new github.ActionsOrganizationOidcSubjectClaimCustomizationTemplate(
        "oidc",
        { includeClaimKeys: ["repo", "context", "job_workflow_ref"] },
        options,
      );
      new github.ActionsOrganizationSecret(
        "secret",
        { secretName: "KEY", visibility: "private", value: pulumi.secret("s3cret") },
        options,
      );
      new github.ActionsOrganizationVariable(
        "variable",
        { variableName: "STAGE", visibility: "all", value: "x" },
        options,
      );
      new github.RepositoryTopics("topics", { repository: repository.name, topics: ["one"] }, options);
      return { name: repository.name };
    };
    await now.preview(program);
    const { outputs } = await now.up(program);
    assert.match(String(outputs["name"]), /^shop-[0-9a-f]{7}$/);
    const organization = now.fake.organization(org);
    assert.equal(await now.fake.reveal(organization, "KEY"), "s3cret");
    assert.deepEqual(organization.oidc.include_claim_keys, ["repo", "context", "job_workflow_ref"]);
    const [ruleset] = organization.rulesets;
    assert.deepEqual(ruleset?.rules.map((rule) => (rule as { type: string }).type).sort(), [
      "commit_message_pattern",
      "required_signatures",
      "workflows",
    ]);
    assert.deepEqual((await now.up(program)).changes, { same: 8 });
    await now.stack.destroy();
    assert.deepEqual([organization.rulesets, organization.secrets, organization.variables], [[], {}, {}]);
    assert.deepEqual(organization.oidc.include_claim_keys, ["repo", "context"]);
  });
});
