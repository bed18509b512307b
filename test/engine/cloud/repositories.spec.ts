import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { GithubInput } from "../../../config/github";
import { GithubRepository } from "../../../components/github-repository";
import type { GithubRepositoryArgs } from "../../../components/github-repository";
import { withPlainErrors } from "../../../stacks/errors";
import { githubStack } from "../../../stacks/github";
import type { GithubOutputs } from "../../../stacks/github";
import { openGithub } from "./github-support";
import type { GithubCase } from "./github-support";

/** Everything that a component sets up in a repository. */
const FULL: Partial<GithubRepositoryArgs> = {
  rules: { requiredChecks: ["test"] },
  environments: {
    production: {
      deployFrom: { branches: ["main"] },
      secrets: { KEY: pulumi.secret("hunter2") },
      variables: { REGION: "eu-central-1" },
    },
  },
  secrets: { NPM_TOKEN: pulumi.secret("hunter3") },
  variables: { REGION: "eu-central-1" },
};

describe("GithubRepository on the engine", () => {
  let now: GithubCase;
  beforeEach(async () => (now = await openGithub({ plan: "enterprise", licenses: ["advanced-security"] })));
  afterEach(async () => {
    const { problems } = now.fake;
    await now.close();
    assert.deepEqual(problems, [], "answers of the fake server that disagree with GitHub's description");
  });

  /** Updates with these repositories on the list. */
  const up = (repositories: Record<string, Partial<GithubRepositoryArgs>>) =>
    now.up((provider) => {
      for (const [name, args] of Object.entries(repositories)) {
        new GithubRepository(name, { owner: "acme", name, ...args }, { providers: [provider] });
      }
    });
  const writes = () => now.fake.log.filter(({ method }) => method !== "GET").map(({ operation }) => operation);

  it("adopts a repository that exists: switches scanning on in the same update, and leaves the rest to people", async () => {
    const shop = await now.fake.addRepository("acme", "shop", {
      visibility: "public",
      description: "Sells things",
      has_wiki: true,
      has_projects: false,
      allow_merge_commit: true,
      delete_branch_on_merge: false,
    });
    const before = structuredClone(shop.settings);
    const { changes } = await up({ shop: { mode: "adopt", visibility: "public", ...FULL } });
    assert.equal(changes.import, 1);
    assert.deepEqual(shop.security, { secret_scanning: "enabled", secret_scanning_push_protection: "enabled" });
    // The provider knows no difference between no home page and an empty one.
    assert.deepEqual({ ...shop.settings, homepage: before["homepage"] }, before);

    now.fake.log.length = 0;
    shop.settings["description"] = "Sells more things";
    shop.settings["has_wiki"] = false;
    await now.stack.refresh();
    const again = await up({ shop: { mode: "adopt", visibility: "public", ...FULL } });
    assert.deepEqual(Object.keys(again.changes), ["same"]);
    assert.deepEqual(writes(), []);
    assert.equal(shop.settings["description"], "Sells more things");
  });

  for (const mode of ["configure", "adopt", "create"] as const) {
    it(`keeps a repository that leaves the list, and takes away what it set up in it (${mode})`, async () => {
      if (mode !== "create") await now.fake.addRepository("acme", "shop", { visibility: "private" });
      await now.fake.addRepository("acme", "site");
      await up({ shop: { mode, ...FULL }, site: FULL });
      const shop = now.fake.repository("acme/shop");
      assert.equal(shop.rulesets.length, 1);
      assert.deepEqual(Object.keys(shop.environments), ["production"]);
      const site = structuredClone(now.fake.repository("acme/site"));
      const settings = structuredClone(shop.settings);

      now.fake.log.length = 0;
      await up({ site: FULL });
      assert.equal(now.fake.find("acme/shop"), shop);
      assert.deepEqual(shop.settings, settings);
      assert.deepEqual(shop.rulesets, []);
      assert.deepEqual(shop.environments, {});
      assert.deepEqual([shop.secrets, shop.variables], [{}, {}]);
      assert.equal(
        shop.labels.some(({ name }) => name.startsWith("berth:")),
        false,
      );
      assert.deepEqual([shop.vulnerabilityAlerts, shop.securityUpdates], [true, true]);
      assert.deepEqual(now.fake.repository("acme/site"), site);
      assert.ok(writes().every((operation) => operation !== "repos/delete" && operation !== "repos/update"));
      // An environment goes in one request, with all that is in it.
      assert.deepEqual(
        writes().filter((operation) => /environment/.test(String(operation))),
        ["repos/delete-an-environment"],
      );
    });
  }

  it("keeps every repository when the stack is destroyed", async () => {
    await now.fake.addRepository("acme", "shop");
    await up({ shop: { mode: "adopt" }, warehouse: { mode: "create" } });
    await now.stack.destroy();
    assert.deepEqual(await now.stack.resources(), []);
    for (const name of ["acme/shop", "acme/warehouse"]) {
      const { settings } = now.fake.repository(name);
      assert.notEqual(settings["archived"], true, name);
    }
  });

  it("does not create a repository over one that exists, nor adopt one that does not", async () => {
    await now.fake.addRepository("acme", "shop");
    await now.stack.failing(up({ shop: { mode: "create" } }), /422.*name already exists on this account/s);
    await now.stack.failing(up({ warehouse: { mode: "adopt" } }), /resource 'warehouse' does not exist/);
  });

  it("fails rather than publishes a repository when the config calls it public", async () => {
    await up({ shop: { mode: "create" } });
    await now.stack.failing(
      up({ shop: { mode: "create", visibility: "public" } }),
      /422 Secret scanning is not available for this repository/,
    );
    assert.equal(now.fake.repository("acme/shop").settings["visibility"], "private");
  });

  it("can be renamed in the steps that docs/github.md gives", async () => {
    await now.fake.addRepository("acme", "shop");
    await up({ shop: FULL });
    await up({});
    const renamed = await fetch(`${now.fake.url}api/v3/repos/acme/shop`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${now.fake.token}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "store" }),
    });
    assert.equal(renamed.status, 200);
    await up({ store: FULL });
    const store = now.fake.repository("acme/store");
    assert.equal(await now.fake.reveal(store, "NPM_TOKEN"), "hunter3");
    assert.equal(store.rulesets.length, 1);
  });

  it("changes a secret's value without a moment in which there is none", async () => {
    await now.fake.addRepository("acme", "shop");
    await up({ shop: { secrets: { NPM_TOKEN: pulumi.secret("one") } } });
    now.fake.log.length = 0;
    await up({ shop: { secrets: { NPM_TOKEN: pulumi.secret("two") } } });
    const shop = now.fake.repository("acme/shop");
    assert.equal(await now.fake.reveal(shop, "NPM_TOKEN"), "two");
    assert.deepEqual(writes(), ["actions/create-or-update-repo-secret"]);
  });
});

describe("the github stack on the engine", () => {
  let now: GithubCase;
  afterEach(() => now.close());

  /** Config of a committed example, with the fake server as GitHub. */
  function exampleOf(file: string, changes: object = {}): GithubInput {
    const text = readFileSync(join(__dirname, "..", "..", "..", file), "utf8");
    const { config } = parse(text) as { config: { "berth:github": GithubInput } };
    const given = config["berth:github"];
    const teams = Object.fromEntries(
      Object.keys(given.teams ?? {}).map((slug) => [slug, now.fake.team("acme", slug).id]),
    );
    return { ...given, teams, baseUrl: now.fake.url, writeDelayMs: 0, ...changes };
  }

  async function configure(github: GithubInput, secrets: Record<string, string>): Promise<void> {
    const { stack } = now.stack;
    await stack.setConfig("berth:github", { value: JSON.stringify(github) });
    for (const [key, value] of Object.entries(secrets)) await stack.setConfig(`berth:${key}`, { value, secret: true });
  }

  it("goes from the small example's config to a repository with all that it asks for, and back", async () => {
    now = await openGithub({ teams: ["maintainers"] });
    const shop = await now.fake.addRepository("acme", "shop", { visibility: "public" });
    await now.fake.addRepository("acme", "handbook", { visibility: "public" });
    await configure(exampleOf("Pulumi.github.example.yaml"), {
      githubToken: now.fake.token,
      "githubSecret-NPM_TOKEN": "hunter2",
    });

    const before = now.fake.stateText();
    await now.stack.preview(githubStack);
    assert.equal(now.fake.stateText(), before);
    const { outputs } = await now.stack.up(githubStack);
    const { subjects, loginApp } = outputs as unknown as GithubOutputs;
    assert.equal(subjects["shop"]?.["images"], "repo:acme/shop:environment:images");
    assert.equal(loginApp?.broker, "https://auth.preview.example.com/callback");
    assert.equal(await now.fake.reveal(shop, "NPM_TOKEN"), "hunter2");
    assert.deepEqual(Object.keys(shop.environments).sort(), ["images", "previews", "production"]);
    assert.deepEqual(Object.keys((await now.stack.up(githubStack)).changes), ["same"]);
    for (const text of [await now.stack.stateText(), now.fake.stateText()]) {
      for (const secret of ["hunter2", now.fake.token]) assert.equal(text.includes(secret), false);
    }

    await now.stack.destroy();
    assert.ok(now.fake.find("acme/shop"));
    assert.deepEqual(shop.environments, {});
  });

  it("sets up the 50 repositories of the large example, and lets one leave without touching the others", async () => {
    now = await openGithub(
      { plan: "enterprise", licenses: ["advanced-security"], teams: ["platform", "security", "billing"] },
      100_000,
    );
    // The fake server knows tokens, but no Apps.
    const example = exampleOf("Pulumi.github-large.example.yaml", {
      appAuth: undefined,
      users: { "release-manager": now.fake.addUser("release-manager") },
    });
    const names = example.repositories.map((one) => (typeof one === "string" ? one : one.name));
    for (const name of names.filter((one) => one !== "warehouse")) {
      await now.fake.addRepository("acme", name, { visibility: name === "sdk" ? "public" : "private" });
    }
    const secrets = {
      githubToken: now.fake.token,
      "githubSecret-NPM_TOKEN": "hunter2",
      "githubSecret-PAYMENTS_API_KEY": "hunter3",
    };
    await configure(example, secrets);
    const { outputs, changes } = await now.stack.up(githubStack);
    assert.equal((outputs as unknown as GithubOutputs).repositories.length, 50);
    assert.equal(changes.import, 49);
    for (const name of names) {
      const repository = now.fake.repository(`acme/${name}`);
      assert.equal(repository.rulesets.length, 1, name);
      assert.equal(repository.security["secret_scanning_push_protection"], "enabled", name);
    }

    now.fake.log.length = 0;
    await configure({ ...example, repositories: example.repositories.filter((one) => one !== "cart") }, {});
    const { changes: after } = await now.stack.up(githubStack);
    assert.deepEqual(Object.keys(after).sort(), ["delete", "same"]);
    assert.ok(now.fake.find("acme/cart"));
    const written = now.fake.log.filter(({ method }) => method !== "GET");
    assert.ok(written.length > 0);
    for (const { path } of written) assert.match(path, /\/repos\/acme\/cart\//);
  });

  it("tells by what the engine says that a secret is not encrypted", async () => {
    now = await openGithub({ teams: ["maintainers"] });
    await configure(exampleOf("Pulumi.github.example.yaml"), { githubToken: now.fake.token });
    await now.stack.stack.setConfig("berth:githubSecret-NPM_TOKEN", { value: "hunter2" });
    const output = await now.stack.failing(
      now.stack.up(() => withPlainErrors(githubStack)),
      /The GitHub repositories cannot be set up as asked/,
    );
    assert.match(output, /berth:githubSecret-NPM_TOKEN: plain text, not shown here; accepted: an encrypted value\./);
    assert.doesNotMatch(output, /hunter2/);
    assert.deepEqual(now.fake.log, []);
  });
});
