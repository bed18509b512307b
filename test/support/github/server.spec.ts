import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import sodium from "libsodium-wrappers";

import { FakeGithub, type JsonObject, type OrganizationSettings } from ".";

interface Reply {
  status: number;
  headers: Headers;
  body: JsonObject & { message?: string };
}

describe("the fake GitHub server", () => {
  let fake: FakeGithub;

  const open = async (settings: OrganizationSettings = {}, rateLimit?: number) => {
    fake = await FakeGithub.start({ ...(rateLimit !== undefined && { rateLimit }) });
    fake.addUser("admin");
    await fake.addOrganization("acme", { teams: ["reviewers"], ...settings });
  };
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> => {
    const response = await fetch(`${fake.url}api/v3${path}`, {
      method,
      redirect: "manual",
      headers: { authorization: `Bearer ${fake.token}`, "user-agent": "spec", ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === "" ? {} : JSON.parse(text)) as JsonObject,
    };
  };
  const status = async (...args: Parameters<typeof call>) => (await call(...args)).status;

  afterEach(async () => {
    await fake.stop();
    assert.deepEqual(fake.problems, [], "answers that disagree with GitHub's description");
  });

  describe("as a server", () => {
    beforeEach(() => open());

    it("knows its user, organisation and teams", async () => {
      assert.equal((await call("GET", "/user")).body["login"], "admin");
      assert.equal((await call("GET", "/users/admin")).body["type"], "User");
      assert.equal((await call("GET", "/orgs/acme")).body["type"], "Organization");
      assert.equal((await call("GET", "/orgs/acme/teams/reviewers")).body["id"], fake.team("acme", "reviewers").id);
      assert.equal(await status("GET", "/orgs/admin"), 404);
      assert.equal(await status("GET", "/users/nobody"), 404);
    });

    it("refuses whoever has no token", async () => {
      const { status: code, body } = await call("GET", "/user", undefined, { authorization: "Bearer other" });
      assert.deepEqual([code, body.message], [401, "Bad credentials"]);
    });

    it("has no routes but GitHub's, and says which of those it lacks", async () => {
      assert.deepEqual(
        [(await call("GET", "/repos/acme")).status, (await call("GET", "/orgs/acme/nonsense")).status],
        [404, 404],
      );
      const { status: code, body } = await call("GET", "/emojis");
      assert.deepEqual([code, body.message], [501, "The fake GitHub server does not have emojis/get."]);
    });

    it("refuses bodies that GitHub's description does not allow, without repeating them", async () => {
      const { status: code, body } = await call("POST", "/orgs/acme/repos", {
        visibility: "secret-value",
        has_isues: true,
      });
      assert.equal(code, 422);
      assert.deepEqual(body["errors"], [
        "/ must have required property 'name'",
        "/has_isues is not a property of this request",
        '/visibility must be one of "public", "private", "internal"',
      ]);
      assert.ok(!JSON.stringify(body).includes("secret-value"));
    });

    it("gives lists in pages with links to the others", async () => {
      await fake.addRepository("acme", "shop");
      for (let number = 0; number < 112; number += 1)
        await call("POST", "/repos/acme/shop/labels", { name: `label-${number}` });
      const first = await call("GET", "/repos/acme/shop/labels?per_page=500");
      assert.equal((first.body as unknown as unknown[]).length, 100);
      const api = `${fake.url}api/v3/repos/acme/shop/labels`;
      assert.equal(
        first.headers.get("link"),
        `<${api}?per_page=100&page=2>; rel="next", <${api}?per_page=100&page=2>; rel="last"`,
      );
      const second = await call("GET", "/repos/acme/shop/labels?per_page=100&page=2");
      assert.equal((second.body as unknown as unknown[]).length, 21);
      assert.match(second.headers.get("link") ?? "", /page=1>; rel="prev".*page=1>; rel="first"/);
    });

    it("answers 304 to whoever has the present version", async () => {
      await fake.addRepository("acme", "shop");
      const etag = (await call("GET", "/repos/acme/shop")).headers.get("etag") ?? "";
      assert.equal(await status("GET", "/repos/acme/shop", undefined, { "if-none-match": etag }), 304);
      await call("PATCH", "/repos/acme/shop", { description: "other" });
      assert.equal(await status("GET", "/repos/acme/shop", undefined, { "if-none-match": etag }), 200);
    });

    it("goes wrong on demand, for the requests that are meant and as often as is meant", async () => {
      fake.faults.add({ operation: "orgs/get", status: 429, times: 2, headers: { "retry-after": "7" } });
      fake.faults.add({ method: "POST", status: 502, after: 1 });
      const limited = await call("GET", "/orgs/acme");
      assert.deepEqual([limited.status, limited.headers.get("retry-after")], [429, "7"]);
      assert.equal(await status("GET", "/user"), 200);
      assert.equal(await status("GET", "/orgs/acme"), 429);
      assert.equal(await status("GET", "/orgs/acme"), 200);
      assert.equal(await status("POST", "/orgs/acme/repos", { name: "one" }), 201);
      assert.equal(await status("POST", "/orgs/acme/repos", { name: "two" }), 502);
      assert.deepEqual([fake.find("acme/two"), fake.faults.left], [undefined, 0]);
    });

    it("can lose an answer after it did what was asked", async () => {
      fake.faults.add({ method: "POST", status: 502, carriedOut: true });
      assert.equal(await status("POST", "/orgs/acme/repos", { name: "shop" }), 502);
      assert.ok(fake.find("acme/shop"));
    });
  });

  it("ends a client's hour after the limit", async () => {
    await open({}, 2);
    const first = await call("GET", "/user");
    assert.deepEqual(
      ["limit", "remaining", "used"].map((name) => first.headers.get(`x-ratelimit-${name}`)),
      ["2", "1", "1"],
    );
    await call("GET", "/user");
    const refused = await call("GET", "/user");
    assert.deepEqual([refused.status, refused.headers.get("x-ratelimit-remaining")], [403, "0"]);
    assert.ok(Number(refused.headers.get("x-ratelimit-reset")) > Date.now() / 1000);
  });

  it("keeps its state in a file that only this user can read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "berth-github-"));
    try {
      const stateFile = join(folder, "state.json");
      const before = await FakeGithub.start({ stateFile });
      before.addUser("admin");
      await before.addOrganization("acme");
      await before.addRepository("acme", "shop");
      await before.stop();
      assert.equal((await stat(stateFile)).mode & 0o077, 0);
      fake = await FakeGithub.start({ stateFile });
      assert.equal(await status("GET", "/repos/acme/shop"), 200);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  describe("for repositories", () => {
    beforeEach(() => open());

    it("makes, changes, renames and deletes one", async () => {
      const made = await call("POST", "/orgs/acme/repos", { name: "shop", visibility: "private", auto_init: true });
      assert.deepEqual(
        [made.status, made.body["full_name"], made.body["private"], made.body["default_branch"]],
        [201, "acme/shop", true, "main"],
      );
      assert.equal((await call("PATCH", "/repos/acme/shop", { has_wiki: false })).body["has_wiki"], false);
      await call("PATCH", "/repos/acme/shop", { name: "store" });
      const moved = await call("GET", "/repos/acme/shop/labels?per_page=1");
      assert.deepEqual(
        [moved.status, moved.headers.get("location")],
        [301, `${fake.url}api/v3/repos/acme/store/labels?per_page=1`],
      );
      assert.equal(await status("DELETE", "/repos/acme/store"), 204);
      assert.equal(await status("GET", "/repos/acme/store"), 404);
    });

    it("refuses what GitHub refuses", async () => {
      await fake.addRepository("acme", "shop", { visibility: "private" });
      const refused = async (method: string, path: string, body: unknown) => {
        const reply = await call(method, path, body);
        const [error] = (reply.body["errors"] ?? []) as { message?: string }[];
        return `${reply.status} ${error?.message ?? reply.body.message ?? ""}`;
      };
      assert.equal(
        await refused("POST", "/orgs/acme/repos", { name: "Shop" }),
        "422 name already exists on this account",
      );
      assert.equal(
        await refused("POST", "/orgs/acme/repos", { name: "hidden", visibility: "internal" }),
        "422 Only organizations of an enterprise can have internal repositories.",
      );
      assert.equal(
        await refused("PATCH", "/repos/acme/shop", {
          allow_merge_commit: false,
          allow_squash_merge: false,
          allow_rebase_merge: false,
        }),
        "422 Sorry, you need to allow at least one merge strategy",
      );
      assert.match(
        await refused("PATCH", "/repos/acme/shop", { default_branch: "trunk" }),
        /^422 The branch trunk was not/,
      );
      assert.equal(
        await refused("PATCH", "/repos/acme/shop", {
          security_and_analysis: { secret_scanning: { status: "enabled" } },
        }),
        "422 Secret scanning is not available for this repository.",
      );
      assert.equal(
        await refused("PUT", "/repos/acme/shop/automated-security-fixes", undefined),
        "422 Vulnerability alerts must be enabled to configure Dependabot security updates.",
      );
      await call("PATCH", "/repos/acme/shop", { archived: true });
      assert.equal(
        await refused("POST", "/repos/acme/shop/labels", { name: "x" }),
        "403 Repository was archived so is read-only.",
      );
    });

    it("has secret scanning where it is public or paid for", async () => {
      const on = { security_and_analysis: { secret_scanning: { status: "enabled" } } };
      const push = { security_and_analysis: { secret_scanning_push_protection: { status: "enabled" } } };
      await fake.addRepository("acme", "open");
      await fake.addRepository("acme", "closed", { visibility: "private" });
      assert.equal(await status("PATCH", "/repos/acme/open", push), 200);
      assert.equal(await status("PATCH", "/repos/acme/closed", push), 422);
      await fake.addOrganization("acme", { licenses: ["secret-protection"] });
      assert.equal(await status("PATCH", "/repos/acme/closed", push), 422);
      assert.equal(await status("PATCH", "/repos/acme/closed", on), 200);
      assert.equal(await status("PATCH", "/repos/acme/closed", push), 200);
      const advanced = { security_and_analysis: { advanced_security: { status: "enabled" } } };
      assert.equal(await status("PATCH", "/repos/acme/closed", advanced), 422);
      assert.equal(await status("PATCH", "/repos/acme/open", advanced), 422);
    });

    it("switches Dependabot's alerts and updates", async () => {
      await fake.addRepository("acme", "shop");
      assert.equal(await status("GET", "/repos/acme/shop/vulnerability-alerts"), 404);
      assert.equal(await status("PUT", "/repos/acme/shop/vulnerability-alerts"), 204);
      assert.equal(await status("GET", "/repos/acme/shop/vulnerability-alerts"), 204);
      assert.equal(await status("PUT", "/repos/acme/shop/automated-security-fixes"), 204);
      assert.deepEqual((await call("GET", "/repos/acme/shop/automated-security-fixes")).body, {
        enabled: true,
        paused: false,
      });
    });
  });

  describe("for rulesets", () => {
    const ruleset = {
      name: "main",
      target: "branch",
      enforcement: "active",
      conditions: { ref_name: { include: ["~DEFAULT_BRANCH"], exclude: [] } },
      rules: [{ type: "deletion" }],
    };

    it("keeps them in repositories and organisations", async () => {
      await open();
      await fake.addRepository("acme", "shop");
      for (const place of ["/repos/acme/shop", "/orgs/acme"]) {
        const more = place === "/orgs/acme" ? { repository_name: { include: ["~ALL"], exclude: [] } } : {};
        const given = { ...ruleset, conditions: { ...ruleset.conditions, ...more } };
        const made = await call("POST", `${place}/rulesets`, given);
        assert.deepEqual([made.status, made.body["rules"]], [201, [{ type: "deletion" }]]);
        const path = `${place}/rulesets/${made.body["id"] as number}`;
        assert.equal(await status("POST", `${place}/rulesets`, given), 422);
        assert.equal((await call("PUT", path, { enforcement: "disabled" })).body["enforcement"], "disabled");
        assert.equal(((await call("GET", `${place}/rulesets`)).body as unknown as unknown[]).length, 1);
        assert.equal(await status("DELETE", path), 204);
        assert.equal(await status("GET", path), 404);
      }
    });

    it("has them where they are paid for", async () => {
      await open({ plan: "free" });
      await fake.addRepository("acme", "closed", { visibility: "private" });
      await fake.addRepository("acme", "open");
      assert.equal(await status("POST", "/repos/acme/closed/rulesets", ruleset), 403);
      assert.equal(await status("POST", "/repos/acme/open/rulesets", ruleset), 201);
      assert.equal(
        await status("POST", "/repos/acme/open/rulesets", { ...ruleset, name: "x", enforcement: "evaluate" }),
        422,
      );
      await fake.addOrganization("acme", { plan: "enterprise" });
      assert.equal(await status("POST", "/repos/acme/closed/rulesets", { ...ruleset, enforcement: "evaluate" }), 201);
    });

    it("knows the rules that GitHub has", async () => {
      await open();
      await fake.addRepository("acme", "shop");
      const { body } = await call("POST", "/repos/acme/shop/rulesets", {
        ...ruleset,
        rules: [{ type: "no_such_rule" }],
      });
      assert.match(JSON.stringify(body["errors"]), /\/rules\/0\/type must be one of .*required_linear_history/);
      const workflows = { ...ruleset, rules: [{ type: "deletion" }, { type: "workflows", parameters: { flows: [] } }] };
      assert.deepEqual((await call("POST", "/repos/acme/shop/rulesets", workflows)).body["errors"], [
        "/rules/1/parameters must have required property 'workflows'",
        "/rules/1/parameters/flows is not a property of this request",
      ]);
    });
  });

  describe("for environments", () => {
    beforeEach(async () => {
      await open();
      await fake.addRepository("acme", "shop");
    });
    const path = "/repos/acme/shop/environments/production";

    it("keeps reviewers, waits and branch policies", async () => {
      const { id } = fake.team("acme", "reviewers");
      const made = await call("PUT", path, {
        wait_timer: 30,
        prevent_self_review: true,
        can_admins_bypass: false,
        reviewers: [{ type: "Team", id }],
        deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
      });
      assert.equal(made.status, 200);
      assert.deepEqual(
        (made.body["protection_rules"] as JsonObject[]).map((rule) => rule["type"]),
        ["wait_timer", "required_reviewers", "branch_policy"],
      );
      const policies = `${path}/deployment-branch-policies`;
      const policy = await call("POST", policies, { name: "main" });
      assert.deepEqual([policy.status, policy.body["type"]], [200, "branch"]);
      assert.equal(await status("POST", policies, { name: "main" }), 303);
      assert.equal(await status("POST", policies, { name: "v*", type: "tag" }), 200);
      assert.equal((await call("GET", policies)).body["total_count"], 2);
      assert.equal((await call("PUT", path, {})).body["deployment_branch_policy"], null);
      assert.equal(await status("GET", policies), 404);
      assert.equal(await status("DELETE", path), 204);
      assert.equal(await status("GET", path), 404);
    });

    it("refuses what GitHub refuses", async () => {
      const refused = async (body: unknown) => (await call("PUT", path, body)).body.message;
      const user = Object.values([1, 2, 3, 4, 5, 6, 7]).map((id) => ({ type: "User", id }));
      assert.equal(await refused({ reviewers: user }), "Only 6 reviewers are allowed for an environment.");
      assert.equal(
        await refused({ reviewers: [{ type: "Team", id: 9 }] }),
        "Could not resolve to a Team with the id 9.",
      );
      assert.equal(await refused({ wait_timer: 43_201 }), "Wait timer must be between 0 and 43200 minutes.");
      assert.equal(
        await refused({ deployment_branch_policy: { protected_branches: true, custom_branch_policies: true } }),
        "protected_branches and custom_branch_policies cannot have the same value.",
      );
      await call("PATCH", "/repos/acme/shop", { visibility: "private" });
      assert.equal(
        await refused({ wait_timer: 5 }),
        "Failed to create the environment protection rule. Please ensure the billing plan supports the wait timer protection rule.",
      );
    });
  });

  describe("for secrets and variables", () => {
    beforeEach(async () => {
      await open();
      await fake.addRepository("acme", "shop");
      await call("PUT", "/repos/acme/shop/environments/production", {});
    });

    const places = {
      repository: "/repos/acme/shop/actions",
      environment: "/repos/acme/shop/environments/production",
      organisation: "/orgs/acme/actions",
    };
    const vaultOf = (place: string) =>
      place === "organisation"
        ? fake.organization("acme")
        : place === "repository"
          ? fake.repository("acme/shop")
          : fake.repository("acme/shop").environments["production"];
    for (const [place, path] of Object.entries(places)) {
      const scope = place === "organisation" ? { visibility: "all" } : {};

      it(`takes sealed secrets of a${place === "repository" ? "" : "n"} ${place}, and nothing else`, async () => {
        const { body: key } = await call("GET", `${path}/secrets/public-key`);
        await sodium.ready;
        const sealed = Buffer.from(
          sodium.crypto_box_seal(Buffer.from("s3cret"), Buffer.from(key["key"] as string, "base64")),
        ).toString("base64");
        const put = (name: string, encrypted_value: string, key_id = key["key_id"]) =>
          status("PUT", `${path}/secrets/${name}`, { encrypted_value, key_id, ...scope });
        assert.equal(await put("NPM_TOKEN", Buffer.from("s3cret").toString("base64")), 422);
        assert.equal(await put("NPM_TOKEN", sealed, "1"), 422);
        assert.equal(await put("GITHUB_TOKEN", sealed), 422);
        assert.equal(await put("9LIVES", sealed), 422);
        assert.equal(await put("npm_token", sealed), 201);
        assert.equal(await put("NPM_TOKEN", sealed), 204);
        const { body } = await call("GET", `${path}/secrets/NPM_TOKEN`);
        assert.deepEqual([body["name"], "value" in body, "encrypted_value" in body], ["NPM_TOKEN", false, false]);
        const vault = vaultOf(place);
        assert.ok(vault);
        assert.equal(await fake.reveal(vault, "NPM_TOKEN"), "s3cret");
        assert.equal((await call("GET", `${path}/secrets`)).body["total_count"], 1);
        assert.equal(await status("DELETE", `${path}/secrets/NPM_TOKEN`), 204);
        assert.equal(await status("GET", `${path}/secrets/NPM_TOKEN`), 404);
        assert.ok(!fake.stateText().includes("s3cret"));
      });

      it(`keeps variables of a${place === "repository" ? "" : "n"} ${place}`, async () => {
        const variable = { name: "REGION", value: "eu-central-1", ...scope };
        assert.equal(await status("POST", `${path}/variables`, variable), 201);
        assert.equal(await status("POST", `${path}/variables`, variable), 409);
        assert.equal(await status("PATCH", `${path}/variables/REGION`, { value: "eu-west-1" }), 204);
        assert.equal((await call("GET", `${path}/variables/REGION`)).body["value"], "eu-west-1");
        assert.equal((await call("GET", `${path}/variables`)).body["total_count"], 1);
        assert.equal(await status("DELETE", `${path}/variables/REGION`), 204);
        assert.equal(await status("GET", `${path}/variables/REGION`), 404);
      });
    }
  });

  it("keeps labels and OIDC templates", async () => {
    await open();
    await fake.addRepository("acme", "shop");
    const labels = "/repos/acme/shop/labels";
    assert.equal(await status("POST", labels, { name: "Preview", color: "1F6FEB" }), 201);
    assert.equal(await status("POST", labels, { name: "preview" }), 422);
    assert.equal(await status("POST", labels, { name: "x", color: "#1f6feb" }), 422);
    assert.equal((await call("GET", `${labels}/PREVIEW`)).body["color"], "1f6feb");
    assert.equal((await call("PATCH", `${labels}/preview`, { new_name: "env" })).body["name"], "env");
    assert.equal(await status("DELETE", `${labels}/env`), 204);

    const template = "/repos/acme/shop/actions/oidc/customization/sub";
    assert.deepEqual((await call("GET", template)).body, { use_default: true });
    assert.equal(await status("PUT", template, { use_default: false, include_claim_keys: ["repo", "no-claim"] }), 422);
    assert.equal(await status("PUT", template, { use_default: false, include_claim_keys: ["repo", "context"] }), 201);
    assert.deepEqual((await call("GET", template)).body, {
      use_default: false,
      include_claim_keys: ["repo", "context"],
    });
    assert.deepEqual((await call("GET", "/orgs/acme/actions/oidc/customization/sub")).body, {
      include_claim_keys: ["repo", "context"],
    });
  });
});
