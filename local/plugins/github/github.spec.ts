import assert from "node:assert/strict";

import { FakeGithub } from "../../../test/support/github";
import { Secret, unknown, type Engine, type Properties } from "../provider";
import { Client, GithubError } from "./client";
import { compare } from "./compare";
import { kinds } from "./kinds";
import { GithubProvider } from "./provider";
import { rulesByToken } from "./rules";
import { readSettings } from "./settings";
import { kindTokens, tokenOf, type KindName } from "./tokens";

const base = { baseUrl: "http://127.0.0.1:1/", token: "t", owner: "acme" };

describe("the GitHub stand-in", () => {
  it("has the properties of every kind that it covers", () => {
    for (const token of kindTokens) {
      const [kind, rules] = [kinds.get(token), rulesByToken[token]];
      assert.ok(kind && rules, token);
      const { autoname, computed = [], replaces = [], unreadable = [], refused = [], defaults = {} } = kind;
      const named = [autoname?.property ?? [], computed, replaces, unreadable, refused, Object.keys(defaults)].flat();
      for (const name of named) assert.ok(name in rules.inputs, `${token} has no property ${name}`);
    }
    assert.deepEqual(Object.keys(rulesByToken).sort(), [...kindTokens].sort());
  });

  describe("settings", () => {
    it("come from arguments, which may be JSON, and else from variables", () => {
      const settings = readSettings(
        { writeDelayMs: "20", retryableErrors: "[500]", parallelRequests: "true", version: "6.15.0" },
        { GITHUB_BASE_URL: "http://127.0.0.1:1/", GITHUB_TOKEN: "from-env", GITHUB_OWNER: "acme" },
      );
      assert.deepEqual(settings, {
        api: "http://127.0.0.1:1/api/v3",
        owner: "acme",
        token: "from-env",
        writeDelayMs: 20,
        readDelayMs: 0,
        maxRetries: 3,
        retryDelayMs: 1000,
        retryableErrors: [500],
        maxPerPage: 100,
        parallelRequests: true,
      });
    });

    it("are refused all at once, and never lead to GitHub itself", () => {
      assert.throws(() => readSettings({ baseUrl: "https://github.com", maxRetries: -1, insecure: true }, {}), {
        message:
          "The GitHub provider cannot be configured: " +
          "insecure is not understood by the stand-in; accepted are appAuth, baseUrl, legacyClient, maxPerPage, maxRetries, organization, " +
          "owner, parallelRequests, readDelayMs, retryDelayMs, retryableErrors, token, writeDelayMs; " +
          "baseUrl is https://github.com, and this plugin is a stand-in for tests that never goes there. Install the official one with " +
          "`pulumi plugin install resource github`, or name a fake server (`npm run fake-github`); " +
          "token is missing, and so is appAuth; GITHUB_TOKEN is not set; maxRetries must be a whole number from 0",
      });
      for (const baseUrl of ["https://api.github.com/", "https://acme.ghe.com", "https://API.GITHUB.COM:443/"])
        assert.throws(() => readSettings({ ...base, baseUrl }, {}), /never goes there/);
      assert.throws(() => readSettings({ token: "t" }, {}), /baseUrl must be the address of a GitHub server/);
    });
  });

  describe("comparison", () => {
    const changes = (name: KindName, news: Properties, actual: Properties) => {
      const kind = kinds.get(tokenOf(name));
      assert.ok(kind);
      return compare(kind, Object.keys(rulesByToken[tokenOf(name)]?.inputs ?? {}), news, actual);
    };
    const plainRepository = { name: "shop", allowMergeCommit: true, allowRebaseMerge: true, allowSquashMerge: true };
    const texts = {
      mergeCommitMessage: "PR_TITLE",
      mergeCommitTitle: "MERGE_MESSAGE",
      squashMergeCommitMessage: "COMMIT_MESSAGES",
      squashMergeCommitTitle: "COMMIT_OR_PR_TITLE",
    };

    it("finds no change in what is left out and is as by default, empty or kept", () => {
      const actual = {
        ...plainRepository,
        ...texts,
        description: "",
        hasWiki: false,
        topics: ["a"],
        visibility: "private",
      };
      assert.deepEqual(changes("Repository", { name: "shop" }, actual), {});
    });

    it("puts back what is left out and is otherwise", () => {
      const actual = { ...plainRepository, ...texts, hasWiki: true, allowAutoMerge: true, description: "x" };
      assert.deepEqual(changes("Repository", { name: "shop" }, actual), {
        hasWiki: { kind: "delete" },
        allowAutoMerge: { kind: "delete" },
        description: { kind: "delete" },
      });
    });

    it("does not mind the order of sets, and minds that of lists", () => {
      const conditions = (includes: string[]) => ({ refName: { includes, excludes: [] } });
      const checks = (...names: string[]) => ({
        requiredStatusChecks: { requiredChecks: names.map((context) => ({ context })) },
      });
      const common = { name: "main", target: "branch", enforcement: "active", repository: "shop" };
      const actual = { ...common, conditions: conditions(["a", "b"]), rules: checks("a", "b") };
      const same = { ...common, conditions: conditions(["a", "b"]), rules: checks("b", "a") };
      assert.deepEqual(changes("RepositoryRuleset", same, actual), {});
      const other = { ...same, conditions: conditions(["b", "a"]) };
      assert.deepEqual(changes("RepositoryRuleset", other, actual), { conditions: { kind: "update" } });
    });

    it("tells a rule without parameters from none", () => {
      const common = { name: "main", target: "branch", enforcement: "active", repository: "shop" };
      const withRule = { ...common, rules: { pullRequest: {} } };
      assert.deepEqual(changes("RepositoryRuleset", withRule, { ...common, rules: {} }), { rules: { kind: "update" } });
      const all = ["squash", "merge", "rebase"];
      const filled = {
        ...common,
        rules: { pullRequest: { requiredApprovingReviewCount: 0, allowedMergeMethods: all } },
      };
      assert.deepEqual(changes("RepositoryRuleset", withRule, filled), {});
    });

    it("takes the unknown for a change, and knows what needs a new resource", () => {
      const actual = { repository: "shop", variableName: "A", value: "x" };
      assert.deepEqual(changes("ActionsVariable", { ...actual, repository: unknown, value: "y" }, actual), {
        repository: { kind: "update", replace: true },
        value: { kind: "update" },
      });
    });

    it("compares only the parts of scanning that are given, and what is secret by its value", () => {
      const on = { status: "enabled" };
      const actual = { ...plainRepository, ...texts, securityAndAnalysis: { secretScanning: on, codeSecurity: on } };
      const wanted = { name: "shop", securityAndAnalysis: { secretScanning: on } };
      assert.deepEqual(changes("Repository", wanted, actual), {});
      const secret = { repository: "shop", secretName: "A", value: new Secret("x") };
      assert.deepEqual(
        changes("ActionsSecret", secret, { ...secret, value: "x", updatedAt: "1", remoteUpdatedAt: "1" }),
        {},
      );
      assert.deepEqual(changes("ActionsSecret", secret, { ...secret, updatedAt: "1", remoteUpdatedAt: "2" }), {
        value: { kind: "update" },
      });
    });
  });

  describe("client", () => {
    let fake: FakeGithub;
    const told: string[] = [];
    beforeEach(async () => {
      told.length = 0;
      fake = await FakeGithub.start();
      fake.addUser("admin");
      await fake.addOrganization("acme");
      await fake.addRepository("acme", "shop");
    });
    afterEach(async () => {
      await fake.stop();
      assert.deepEqual(fake.problems, []);
    });
    const connect = (more: Properties = {}) =>
      new Client(
        readSettings({ baseUrl: fake.url, token: fake.token, owner: "acme", retryDelayMs: 1, ...more }, {}),
        (message) => told.push(message),
      );

    it("asks who it is when nobody says", async () => {
      const client = connect({ owner: null });
      assert.deepEqual([await client.owner(), await client.isOrganization()], ["admin", false]);
      assert.equal(await connect().isOrganization(), true);
    });

    it("logs in as a GitHub App, once an hour and again when its token is taken back", async () => {
      const pemFile = fake.addApp("345678", "23456789").replaceAll("\n", "\\n");
      const app = JSON.stringify({ id: "345678", installationId: "23456789", pemFile });
      const client = connect({ token: null, appAuth: new Secret(app) });
      await client.get("/repos/acme/shop");
      await client.get("/repos/acme/shop");
      const logins = () => fake.log.filter((one) => one.operation === "apps/create-installation-access-token").length;
      assert.equal(logins(), 1);
      fake.expireTokens();
      await client.get("/repos/acme/shop");
      assert.equal(logins(), 2);
      const other = JSON.stringify({ id: "1", installationId: "23456789", pemFile });
      await assert.rejects(connect({ token: null, appAuth: other }).get("/user"), /logging in as GitHub App 1: 401/);
    });

    it("gives up on limits that last too long, and says when they end", async () => {
      fake.faults.add({ status: 429, headers: { "retry-after": "1200" } });
      await assert.rejects(
        connect().get("/repos/acme/shop"),
        /rate limit ends in 1200 seconds only, and 0 have been waited/,
      );
    });

    it("tries again as often as it may, and tells so", async () => {
      fake.faults.add({ status: 500, times: 2 });
      await assert.rejects(
        connect({ maxRetries: 1 }).get("/repos/acme/shop"),
        /GET \/repos\/acme\/shop: 500 Server Error/,
      );
      assert.deepEqual(told, ["GitHub answered 500 to GET /repos/acme/shop; trying again, 1 of 1"]);
    });

    it("says that nothing answers, and ends its waiting when it is stopped", async () => {
      await assert.rejects(
        connect({ baseUrl: "http://127.0.0.1:9/", maxRetries: 0 }).get("/user"),
        /GET \/user: no answer \(/,
      );
      fake.faults.add({ status: 429, headers: { "retry-after": "100" } });
      const client = connect();
      const waiting = client.get("/repos/acme/shop");
      setTimeout(() => client.stop(), 50);
      await assert.rejects(waiting, /cancelled/);
    });

    it("carries its token to no other server", async () => {
      const other = await FakeGithub.start();
      try {
        fake.faults.add({ status: 302, headers: { location: `${other.url}api/v3/user` } });
        await assert.rejects(connect().get("/repos/acme/shop"), /sends on to another server/);
        assert.deepEqual(other.log, []);
      } finally {
        await other.stop();
      }
    });

    it("reads all pages, as long as they are", async () => {
      for (let number = 0; number < 25; number += 1)
        fake.repository("acme/shop").variables[`V${number}`] = {
          name: `V${number}`,
          value: "",
          createdAt: fake.now(),
          updatedAt: fake.now(),
        };
      const labels = await connect({ maxPerPage: "4" }).list("/repos/acme/shop/labels");
      assert.equal(labels.length, 9);
      assert.equal(fake.log.length, 3);
    });

    it("sends one request at a time unless it may send more", async () => {
      const client = connect({ writeDelayMs: 30 });
      const started = Date.now();
      await Promise.all(["a", "b", "c"].map((name) => client.send("POST", "/repos/acme/shop/labels", { name })));
      assert.ok(Date.now() - started >= 90);
    });

    it("deletes what is gone already, and asks twice for nothing else", async () => {
      const client = connect();
      await client.remove("/repos/acme/shop/labels/none");
      await assert.rejects(client.send("POST", "/repos/acme/none/labels", { name: "x" }), (error: unknown) => {
        assert.ok(error instanceof GithubError);
        return error.status === 404;
      });
    });
  });

  describe("provider", () => {
    const log: string[] = [];
    const engine: Engine = { log: (severity, message) => Promise.resolve(void log.push(`${severity}: ${message}`)) };
    const provider = new GithubProvider("6.15.0");
    const named = (type: KindName) => ({ urn: "urn", type: tokenOf(type), name: "x" });

    it("says that it is a stand-in", async () => {
      await provider.configure(base, engine);
      assert.deepEqual(log, [
        "warning: The GitHub plugin is a stand-in that talks to http://127.0.0.1:1/api/v3, not to github.com.",
      ]);
    });

    it("waits with settings that are not known yet", async () => {
      const early = new GithubProvider("6.15.0");
      await early.configure({ ...base, token: unknown }, engine);
      const request = { ...named("ActionsVariable"), inputs: {}, preview: false };
      await assert.rejects(early.create(request), /the settings of the GitHub provider are not known yet/);
    });

    it("knows in a preview what will be, and what only GitHub will tell", async () => {
      const inputs = { name: "shop", topics: ["a"] };
      const { id, outputs } = await provider.create({ ...named("Repository"), inputs, preview: true });
      assert.deepEqual([id, outputs["name"], outputs["allowMergeCommit"]], ["", "shop", true]);
      for (const name of ["repoId", "htmlUrl", "visibility"]) assert.equal(outputs[name], unknown, name);
    });
  });
});
