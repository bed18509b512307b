import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { planQuota } from "../config/quota";
import { DEPLOYED_PLATFORM, HOST_FACTS, HOST_PLATFORM, PR, config } from "../test/support/samples";
import { record } from "../test/support/mocks";
import program from ".";
import { ROLES, checkRole } from "./role";

const STACKS = { "organization/berth/platform": { ...HOST_FACTS }, "organization/berth/pr-shop-7": {} };
const CONFIG = { role: "pr", pr: PR, config: { projectId: "shop", databases: { postgresql: true } } };

/** A stack's outputs as plain values. */
function valuesOf(outputs: unknown): Promise<Record<string, unknown>> {
  return new Promise((resolve) => void pulumi.output(outputs as Record<string, unknown>).apply(resolve));
}

describe("the program", () => {
  it("makes the platform in the stack platform, with what others need as outputs", async () => {
    const { registrations, result } = await record(program, {
      stack: "platform",
      config: { role: "platform", platform: HOST_PLATFORM },
    });
    assert.deepEqual(registrations[0], { type: "berth:platform:Platform", name: "platform", inputs: {} });
    assert.deepEqual(result, HOST_FACTS);
  });

  it("makes one environment in a pull request's stack, and nothing that all share", async () => {
    const { registrations, result } = await record(program, { stack: "pr-shop-7", config: CONFIG, stacks: STACKS });
    const types = new Set(registrations.map(({ type }) => type));
    for (const shared of ["IngressClass", "PriorityClass", "ClusterRole", "ClusterRoleBinding", "Role"]) {
      assert.equal(
        [...types].some((type) => type.endsWith(`:${shared}`)),
        false,
        shared,
      );
    }
    const bindings = registrations.filter(({ type }) => type.endsWith(":RoleBinding"));
    assert.deepEqual(
      bindings.map(({ name }) => name),
      ["shop-pr-7-deployers"],
    );
    assert.equal(registrations.filter(({ parent }) => parent === undefined).length, 1);
    const { quota, ...rest } = await valuesOf(result);
    assert.deepEqual(quota, planQuota(config({ databases: { postgresql: true } })));
    assert.deepEqual(rest, {
      namespace: "shop-pr-7",
      url: "https://shop-pr-7.berth.localhost:8443",
      serviceUrls: {},
      access: "public",
      trust: "internal",
      login: null,
      commit: PR.commit,
      generation: 1,
      image: PR.image,
      databases: ["postgresql"],
      rotations: {},
    });
  });

  for (const [what, options, expected] of [
    [
      "a pull request's stack with the platform's role",
      { stack: "pr-shop-7", config: { role: "platform", platform: DEPLOYED_PLATFORM } },
      /Stack "pr-shop-7" cannot have role platform: the platform's stack is called platform\./,
    ],
    [
      "the platform's stack with a pull request's role",
      { stack: "platform", config: CONFIG },
      /Stack "platform" cannot have role pr: a pull request's stack is called pr-<projectId>-<number>\./,
    ],
    [
      "another project's stack",
      { stack: "pr-other-7", config: CONFIG },
      /Stack "pr-other-7" is not that of project shop, pull request 7, which is pr-shop-7\./,
    ],
    [
      "a pull request's stack with a cluster's role",
      { stack: "pr-shop-7", config: { role: "cluster", cluster: {} } },
      /Stack "pr-shop-7" cannot have role cluster: a cluster's stack is called cluster or cluster-<name>\./,
    ],
    [
      "a cluster's stack with the role of GitHub",
      { stack: "cluster-eu", config: { role: "github", github: {} } },
      /Stack "cluster-eu" cannot have role github: the stack of GitHub repositories is called github or github-<name>\./,
    ],
    [
      "no role",
      { stack: "platform", config: {} },
      /berth:role is missing; accepted: cluster, platform, github, pr\. Set it: pulumi config set berth:role platform/,
    ],
    [
      "an unknown role",
      { stack: "pr-shop-7", config: { role: "ship" } },
      /berth:role is "ship"; accepted: cluster, platform, github, pr\. Set it: pulumi config set berth:role pr/,
    ],
  ] as const) {
    it(`refuses ${what}`, () => assert.rejects(record(program, options), expected));
  }

  it("says which stack to run when the platform's outputs are missing", async () => {
    const { domain, images, ...rest } = HOST_FACTS;
    assert.ok(domain && images);
    await assert.rejects(
      record(program, {
        stack: "pr-shop-7",
        config: CONFIG,
        stacks: { ...STACKS, "organization/berth/platform": rest },
      }),
      /Stack organization\/berth\/platform has no usable output domain, images\. Run it first, .*pulumi up --stack organization\/berth\/platform/,
    );
  });

  it("leaves room in the quota for what the last deploy needed, for one deploy", async () => {
    const hardOf = async (own: Record<string, unknown>) => {
      const stacks = { ...STACKS, "organization/berth/pr-shop-7": own };
      const { registrations } = await record(program, {
        stack: "pr-shop-7",
        config: { ...CONFIG, config: { projectId: "shop" } },
        stacks,
      });
      const quota = registrations.find(({ type }) => type === "kubernetes:core/v1:ResourceQuota");
      return (quota?.inputs["spec"] as { hard: Record<string, string> }).hard;
    };
    const app = planQuota(config());
    const withDatabase = planQuota(config({ databases: { postgresql: true } }));
    assert.deepEqual(await hardOf({}), app);
    assert.deepEqual(await hardOf({ quota: withDatabase }), withDatabase);
    assert.deepEqual(await hardOf({ quota: app }), app);
  });

  it("keeps the passwords that the last deploy had, and changes those that are asked for", async () => {
    const [first, second] = ["2026-01-31T09:30:00.000Z", "2026-02-01T09:30:00.000Z"];
    const both = { projectId: "shop", databases: { postgresql: true, redis: true } };
    const keepersOf = async (own: Record<string, unknown>, rotate?: object) => {
      const { registrations, result } = await record(program, {
        stack: "pr-shop-7",
        config: { ...CONFIG, config: both, ...(rotate && { rotate }) },
        stacks: { ...STACKS, "organization/berth/pr-shop-7": own },
      });
      const made = registrations
        .filter(({ type }) => type === "random:index/randomPassword:RandomPassword")
        .map(({ inputs }) => (inputs["keepers"] as { rotated: string } | undefined)?.rotated);
      return [...made, (await valuesOf(result))["rotations"]];
    };
    assert.deepEqual(await keepersOf({}), [undefined, undefined, {}]);
    const asked = { at: second, databases: ["redis"] };
    assert.deepEqual(await keepersOf({}, asked), [undefined, second, { redis: second }]);
    const had = { rotations: { postgresql: first, redis: first } };
    assert.deepEqual(await keepersOf(had), [first, first, had.rotations]);
    assert.deepEqual(await keepersOf(had, asked), [first, second, { postgresql: first, redis: second }]);
  });

  it("tells all that is wrong with a pull request's stack at once, and as a message alone", async () => {
    const settings = { role: "pr", pr: { ...PR, number: 0 }, config: { projectId: "shop", envv: {} } };
    await assert.rejects(record(program, { stack: "pr-shop-7", config: settings }), (error: Error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(error.message, /envv is not a known field/);
      assert.match(error.message, /number is 0; accepted: a whole number/);
      return true;
    });
  });

  it("tells what does not go together as a message alone", async () => {
    const settings = { ...CONFIG, config: { projectId: "shop", databases: { postgresql: { version: "12" } } } };
    await assert.rejects(record(program, { stack: "pr-shop-7", config: settings, stacks: STACKS }), (error: Error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(
        error.message,
        /^Environment shop-pr-7 cannot be made as asked\.\n {2}config\.databases\.postgresql\.version: "12"/,
      );
      return true;
    });
  });

  it("reads another platform stack when told", async () => {
    const stacks = { ...STACKS, "organization/berth/eu-platform": { ...HOST_FACTS, domain: "eu.example.com" } };
    const settings = { ...CONFIG, platformStack: "organization/berth/eu-platform" };
    const { result } = await record(program, { stack: "pr-shop-7", config: settings, stacks });
    assert.equal((await valuesOf(result))["url"], "https://shop-pr-7.eu.example.com:8443");
  });

  it("knows a stack's role by its name, and no name fits two", () => {
    for (const [role, names] of Object.entries({
      cluster: ["cluster", "cluster-eu", "cluster-7", "cluster-eu-west-1"],
      github: ["github", "github-acme"],
      platform: ["platform"],
      pr: ["pr-shop-7", "pr-cluster-7", "pr-github-1"],
    })) {
      for (const name of names) {
        assert.equal(checkRole(role, name), role);
        for (const other of ROLES.filter((candidate) => candidate !== role)) {
          assert.throws(() => checkRole(other, name), /cannot have role/, `${name} as ${other}`);
        }
      }
    }
    for (const name of [
      "cluster-",
      "cluster-EU",
      "clusters",
      "cluster_eu",
      "cluster-eu-",
      "github.acme",
      "eu-cluster",
    ]) {
      for (const role of ROLES) assert.throws(() => checkRole(role, name), /cannot have role/, name);
    }
  });

  it("tells a missing role from one that cannot be guessed", () => {
    assert.throws(() => checkRole(undefined, "dev"), /Set it: pulumi config set berth:role ROLE/);
  });
});
