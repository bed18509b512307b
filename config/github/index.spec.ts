import assert from "node:assert/strict";
import fc from "fast-check";
import { examineGithub } from ".";
import type { GithubConfig } from ".";
import { formatPath } from "../problems";

/** The config of a value that is right. */
function configOf(value: unknown): GithubConfig {
  const { config, findings } = examineGithub(value);
  assert.deepEqual(findings, []);
  return config;
}

/** What is wrong with a value, as one reads it. */
function findingsOf(value: unknown): string[] {
  return examineGithub(value).findings.map(
    ({ path, value: given, accepted, fix }) => `${formatPath(path)}: ${given}; accepted: ${accepted}. ${fix}`,
  );
}

const settingsOf = (value: object) =>
  configOf({ owner: "acme", ...value }).repositories.map(({ settings }) => settings);

describe("berth:github", () => {
  it("needs an owner and a list of repositories, which may be empty", () => {
    assert.deepEqual(configOf({ owner: "acme", repositories: [] }), {
      owner: "acme",
      ownerId: undefined,
      baseUrl: undefined,
      writeDelayMs: 1000,
      appAuth: undefined,
      loginApp: undefined,
      repositories: [],
    });
    assert.deepEqual(findingsOf(undefined), [
      "owner: missing; accepted: an organisation or user. Add owner.",
      "repositories: missing; accepted: a list of repositories. Add repositories.",
    ]);
    assert.deepEqual(findingsOf(["shop"]), [
      ": a list of 1; accepted: a mapping of fields. Change it to what is accepted.",
    ]);
  });

  describe("the list", () => {
    it("takes a name for a repository with the defaults alone", () => {
      const value = { repositories: ["shop", { name: "site" }], defaults: { rules: { approvals: 2 } } };
      const expected = { rules: { approvals: 2 }, environments: {}, secrets: [] };
      assert.deepEqual(settingsOf(value), [expected, expected]);
    });

    it("merges mappings field by field, and replaces lists and single values", () => {
      const [settings] = settingsOf({
        defaults: {
          mode: "adopt",
          rules: { approvals: 2, requiredChecks: ["test"], bypass: [{ role: "admin" }] },
          environments: {
            preview: { variables: { A: "1", B: "2" } },
            production: { waitMinutes: 10, deployFrom: { branches: ["main"], tags: ["v*"] } },
          },
          secrets: ["NPM_TOKEN"],
          labels: { a: { color: "000000" } },
        },
        repositories: [
          {
            name: "shop",
            mode: "configure",
            rules: { requiredChecks: ["e2e"], bypass: [] },
            environments: {
              preview: { variables: { B: "3" } },
              production: { deployFrom: { branches: ["release"] } },
              staging: {},
            },
            secrets: ["KEY"],
            labels: { b: { color: "ffffff" } },
          },
        ],
      });
      assert.deepEqual(settings, {
        mode: "configure",
        rules: { approvals: 2, requiredChecks: ["e2e"], bypass: [] },
        environments: {
          preview: { variables: { A: "1", B: "3" }, secrets: [] },
          production: { waitMinutes: 10, deployFrom: { branches: ["release"], tags: ["v*"] }, secrets: [] },
          staging: { secrets: [] },
        },
        secrets: [{ name: "KEY", from: "KEY", path: ["repositories", 0, "secrets", 0] }],
        labels: { a: { color: "000000" }, b: { color: "ffffff" } },
      });
    });

    it("lets a repository do without an environment of the defaults", () => {
      const defaults = { environments: { preview: {}, production: {} } };
      const [settings] = settingsOf({
        defaults,
        repositories: [{ name: "sdk", environments: { production: false } }],
      });
      assert.deepEqual(Object.keys(settings?.environments ?? {}), ["preview"]);
    });

    it("gives each repository the same, whatever others there are", () => {
      const name = fc.stringMatching(/^[a-z]{1,8}$/);
      const approvals = fc.option(fc.integer({ min: 0, max: 10 }), { nil: undefined });
      const list = fc.uniqueArray(fc.record({ name, approvals }), { selector: (one) => one.name, maxLength: 60 });
      fc.assert(
        fc.property(list, (entries) => {
          const repositories = entries.map((one) =>
            one.approvals === undefined ? one.name : { name: one.name, rules: { approvals: one.approvals } },
          );
          const all = configOf({ owner: "acme", defaults: { rules: { approvals: 1 } }, repositories }).repositories;
          assert.deepEqual(
            all.map((one) => [one.name, one.settings.rules?.approvals]),
            entries.map((one) => [one.name, one.approvals ?? 1]),
          );
        }),
        { numRuns: 50 },
      );
    });

    it("knows where each setting stands", () => {
      const [repository] = configOf({
        owner: "acme",
        defaults: { rules: { approvals: 2 }, environments: { production: { waitMinutes: 1 } } },
        repositories: [{ name: "shop", environments: { production: { variables: { A: "1" } } } }],
      }).repositories;
      const placeOf = (...path: PropertyKey[]) => formatPath(repository?.placeOf(path) ?? []);
      assert.equal(placeOf("rules", "approvals"), "defaults.rules.approvals");
      assert.equal(
        placeOf("environments", "production", "waitMinutes"),
        "defaults.environments.production.waitMinutes",
      );
      assert.equal(
        placeOf("environments", "production", "variables", "A"),
        "repositories[0].environments.production.variables.A",
      );
      assert.equal(placeOf("name"), "repositories[0].name");
      assert.equal(placeOf("mode"), "repositories[0].mode");
    });

    it("has each repository once, whatever its case", () => {
      assert.deepEqual(findingsOf({ owner: "acme", repositories: ["shop", { name: "site" }, "Shop"] }), [
        'repositories[2]: "Shop", the same as "shop" to GitHub; accepted: each repository once. Remove one of them.',
      ]);
    });
  });

  it("puts IDs for the names of teams and users", () => {
    const [settings] = settingsOf({
      teams: { platform: 7 },
      users: { octocat: 8 },
      repositories: [
        {
          name: "shop",
          rules: { bypass: [{ team: "platform", when: "always" }, { app: 9 }, { role: "maintain" }] },
          environments: { production: { reviewers: { teams: ["platform"], users: ["octocat"] } } },
        },
      ],
    });
    assert.deepEqual(settings?.rules?.bypass, [{ team: 7, when: "always" }, { app: 9 }, { role: "maintain" }]);
    assert.deepEqual(settings.environments["production"]?.reviewers, { teams: [7], users: [8] });
  });

  it("refuses names without an ID, and actors that are nobody or several, once for all repositories", () => {
    assert.deepEqual(
      findingsOf({
        owner: "acme",
        teams: { platform: 7, security: 8 },
        defaults: { rules: { bypass: [{ team: "plattform" }, {}, { role: "admin", app: 9 }] } },
        repositories: ["a", "b", { name: "c", environments: { p: { reviewers: { users: ["constructor"] } } } }],
      }),
      [
        'defaults.rules.bypass[0].team: "plattform", whose ID is not known; accepted: one of platform, security. Did you mean platform? Otherwise add it to teams.',
        "defaults.rules.bypass[1]: nobody; accepted: one of role, team and app. Write one entry for each.",
        "defaults.rules.bypass[2]: role and app; accepted: one of role, team and app. Write one entry for each.",
        'repositories[2].environments.p.reviewers.users[0]: "constructor", whose ID is not known; accepted: names in users, which has none. Add it to users with its numeric ID.',
      ],
    );
  });

  describe("secrets", () => {
    it("are names, each with the key that its value is in", () => {
      const [settings] = settingsOf({
        defaults: { secrets: ["NPM_TOKEN"] },
        repositories: [
          { name: "shop", environments: { production: { secrets: [{ name: "KEY", from: "SHOP_KEY" }] } } },
        ],
      });
      assert.deepEqual(settings?.secrets, [{ name: "NPM_TOKEN", from: "NPM_TOKEN", path: ["defaults", "secrets", 0] }]);
      assert.deepEqual(settings.environments["production"]?.secrets, [
        { name: "KEY", from: "SHOP_KEY", path: ["repositories", 0, "environments", "production", "secrets", 0] },
      ]);
    });

    it("are refused as values in plain text, and not shown", () => {
      const all = findingsOf({
        owner: "acme",
        defaults: { secrets: { NPM_TOKEN: "hunter2" } },
        repositories: [
          {
            name: "shop",
            secrets: ["hunter2", { name: "KEY", value: "hunter2" }, "GITHUB_TOKEN"],
            environments: { production: { secrets: { KEY: "hunter2" } } },
          },
        ],
      });
      const fix = "Leave names only, and set each value with: pulumi config set --secret berth:githubSecret-NAME";
      const names = "a list of names, such as [NPM_TOKEN]";
      assert.deepEqual(all, [
        `defaults.secrets: secrets in plain text, not shown here; accepted: ${names}. ${fix}`,
        `repositories[0].environments.production.secrets: secrets in plain text, not shown here; accepted: ${names}. ${fix}`,
        `repositories[0].secrets[0]: not a name, and not shown here in case it is a secret; accepted: a name of upper-case letters, digits and _ that does not begin with a digit or GITHUB_. ${fix}`,
        `repositories[0].secrets[1].from: not a name, and not shown here in case it is a secret; accepted: a name of upper-case letters, digits and _ that does not begin with a digit or GITHUB_. ${fix}`,
        "repositories[0].secrets[1].value: not a known field; accepted: one of name, from. Remove it.",
        `repositories[0].secrets[2]: not a name, and not shown here in case it is a secret; accepted: a name of upper-case letters, digits and _ that does not begin with a digit or GITHUB_. ${fix}`,
      ]);
    });

    it("are there once each", () => {
      assert.deepEqual(
        findingsOf({ owner: "acme", repositories: [{ name: "shop", secrets: ["A", { name: "A", from: "B" }] }] }),
        ['repositories[0].secrets[1]: "A", a second time; accepted: each name once. Remove it.'],
      );
    });
  });

  it("does not show variables of the wrong type", () => {
    assert.deepEqual(findingsOf({ owner: "acme", repositories: [{ name: "shop", variables: { PORT: 3000 } }] }), [
      'repositories[0].variables.PORT: a value not shown here; accepted: text; numbers and booleans in quotes, such as "true". Change repositories[0].variables.PORT to what is accepted.',
    ]);
  });

  it("suggests the field that was meant, and goes on to the problems of what can be read", () => {
    assert.deepEqual(
      findingsOf({
        owner: "acme",
        loginapp: {},
        teams: { platform: "7" },
        defaults: { ruls: {} },
        repositories: [{ name: "shop", rules: { aprovals: 1 } }, "Site", "site", 7],
      }),
      [
        'teams.platform: "7"; accepted: the numeric ID of a team. Change teams.platform to what is accepted.',
        "defaults.ruls: not a known field; accepted: one of mode, visibility, security, dependabot, rules, environments, secrets, variables, labels, oidcClaims. Did you mean defaults.rules? Otherwise remove it.",
        "repositories[0].rules.aprovals: not a known field; accepted: one of enforcement, branches, requiredChecks, requireUpToDate, approvals, codeOwnerReview, dismissStaleReviews, lastPushApproval, resolveConversations, linearHistory, mergeMethods, signedCommits, allowForcePush, allowDeletion, bypass. Did you mean repositories[0].rules.approvals? Otherwise remove it.",
        "repositories[3]: 7; accepted: a name, or a mapping with name. Change repositories[3] to what is accepted.",
        "loginapp: not a known field; accepted: one of owner, ownerId, baseUrl, writeDelayMs, appAuth, loginApp, teams, users, defaults, repositories. Did you mean loginApp? Otherwise remove it.",
        'repositories[2]: "site", the same as "Site" to GitHub; accepted: each repository once. Remove one of them.',
      ],
    );
  });

  it("keeps pauses between writes that GitHub asks for, and talks to servers by https", () => {
    const repositories: string[] = [];
    assert.deepEqual(findingsOf({ owner: "acme", repositories, writeDelayMs: 0 }), [
      "writeDelayMs: 0; accepted: 750 to 60000 milliseconds, so that GitHub's 80 writes a minute are kept. Remove it for 1000.",
    ]);
    assert.deepEqual(
      findingsOf({ owner: "acme", repositories, writeDelayMs: 60001, baseUrl: "http://github.example.com/" }),
      [
        'baseUrl: "http://github.example.com/"; accepted: an https URL that ends in /, without user and query; http on this machine only. Write it as https://github.example.com/, or remove it for github.com.',
        "writeDelayMs: 60001; accepted: 0 to 60000 milliseconds. Remove it for 1000.",
      ],
    );
    for (const baseUrl of ["https://github.example.com/", "http://127.0.0.1:8080/", "https://acme.ghe.com/"]) {
      assert.deepEqual(findingsOf({ owner: "acme", repositories, writeDelayMs: 0, baseUrl }), [], baseUrl);
    }
    for (const baseUrl of [
      "https://github.example.com",
      "https://a:b@github.example.com/",
      "github",
      "https://x.com/?a/",
    ]) {
      assert.equal(findingsOf({ owner: "acme", repositories, baseUrl }).length, 1, baseUrl);
    }
  });

  it("takes IDs for OIDC subjects in pairs, and IDs of Apps that are numbers", () => {
    const pair = "both IDs or none";
    assert.deepEqual(
      findingsOf({
        owner: "acme",
        appAuth: { id: "Iv1.abc", installationId: "0" },
        repositories: [{ name: "shop", id: 5 }],
      }),
      [
        "appAuth.id: \"Iv1.abc\"; accepted: a whole number from 1. Take it from GitHub's API or the App's page.",
        "appAuth.installationId: \"0\"; accepted: a whole number from 1. Take it from GitHub's API or the App's page.",
        `repositories[0].id: given without ownerId; accepted: ${pair}, as OIDC tokens carry both. Add ownerId, or remove id.`,
      ],
    );
    assert.deepEqual(findingsOf({ owner: "acme", ownerId: 1.5, repositories: ["shop"] }), [
      "ownerId: 1.5; accepted: a whole number from 1. Take it from GitHub's API or the App's page.",
      `ownerId: given although no repository has an id; accepted: ${pair}. Add the id of each repository whose tokens carry IDs, or remove ownerId.`,
    ]);
  });
});
