import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { record } from "../../test/support/mocks";
import type { Recording, Registration } from "../../test/support/mocks";
import type { GithubRepositoryArgs } from "./args";
import { LEFT_ALONE } from "./plan";
import { GithubApp, GithubRepository } from ".";

const type = (name: string) => `github:index/${name}:${name.charAt(0).toUpperCase()}${name.slice(1)}`;
const OWN = { owner: "acme", name: "shop" };

function make(args: Partial<GithubRepositoryArgs> = {}): Promise<Recording> {
  return record(() => new GithubRepository("shop", { ...OWN, ...args }));
}

/** Names of what is made, by the last part of their types. */
function namesOf({ registrations }: Recording): string[] {
  return registrations.map((one) => `${one.type.split(":").at(-1) ?? ""} ${one.name}`).sort();
}

describe("GithubRepository", () => {
  let bare: Recording;
  before(async () => (bare = await make()));

  it("sets up rules, preview labels, Dependabot and the OIDC subject, and no repository, when told no more than a name", () => {
    assert.deepEqual(namesOf(bare), [
      "ActionsRepositoryOidcSubjectClaimCustomizationTemplate shop-oidc",
      "GithubRepository shop",
      "IssueLabel shop-label-berth:deploy",
      "IssueLabel shop-label-berth:destroy",
      "IssueLabel shop-label-berth:preserve",
      "IssueLabel shop-label-berth:sleep",
      "RepositoryDependabotSecurityUpdates shop-dependabot-updates",
      "RepositoryRuleset shop-ruleset",
      "RepositoryVulnerabilityAlerts shop-dependabot-alerts",
    ]);
    for (const { parent, inputs, name } of bare.registrations.slice(1)) {
      assert.equal(parent, "shop", name);
      assert.equal(inputs["repository"], "shop", name);
    }
  });

  describe("rules", () => {
    it("ask for one review, linear history and resolved conversations, and refuse force-push and deletion", () => {
      assert.deepEqual(bare.get(type("repositoryRuleset"), "shop-ruleset").inputs, {
        name: "berth",
        repository: "shop",
        target: "branch",
        enforcement: "active",
        conditions: { refName: { includes: ["~DEFAULT_BRANCH"], excludes: [] } },
        bypassActors: [],
        rules: {
          deletion: true,
          nonFastForward: true,
          requiredLinearHistory: true,
          requiredSignatures: false,
          pullRequest: {
            allowedMergeMethods: ["squash", "rebase"],
            requiredApprovingReviewCount: 1,
            requireCodeOwnerReview: false,
            dismissStaleReviewsOnPush: true,
            requireLastPushApproval: false,
            requiredReviewThreadResolution: true,
          },
        },
      });
    });

    it("are what one asks for", async () => {
      const recording = await make({
        rules: {
          enforcement: "evaluate",
          branches: ["~DEFAULT_BRANCH", "release/*"],
          requiredChecks: ["test", { name: "berth/preview", appId: 15368 }],
          requireUpToDate: true,
          approvals: 2,
          codeOwnerReview: true,
          dismissStaleReviews: false,
          lastPushApproval: true,
          resolveConversations: false,
          linearHistory: false,
          signedCommits: true,
          allowForcePush: true,
          allowDeletion: true,
          bypass: [{ role: "maintain" }, { team: 7, when: "always" }, { app: 8 }],
        },
      });
      assert.deepEqual(recording.get(type("repositoryRuleset"), "shop-ruleset").inputs, {
        name: "berth",
        repository: "shop",
        target: "branch",
        enforcement: "evaluate",
        conditions: { refName: { includes: ["~DEFAULT_BRANCH", "refs/heads/release/*"], excludes: [] } },
        bypassActors: [
          { actorType: "RepositoryRole", actorId: 2, bypassMode: "pull_request" },
          { actorType: "Team", actorId: 7, bypassMode: "always" },
          { actorType: "Integration", actorId: 8, bypassMode: "pull_request" },
        ],
        rules: {
          deletion: false,
          nonFastForward: false,
          requiredLinearHistory: false,
          requiredSignatures: true,
          pullRequest: {
            allowedMergeMethods: ["merge", "squash", "rebase"],
            requiredApprovingReviewCount: 2,
            requireCodeOwnerReview: true,
            dismissStaleReviewsOnPush: false,
            requireLastPushApproval: true,
            requiredReviewThreadResolution: false,
          },
          requiredStatusChecks: {
            requiredChecks: [{ context: "test" }, { context: "berth/preview", integrationId: 15368 }],
            strictRequiredStatusChecksPolicy: true,
            doNotEnforceOnCreate: true,
          },
        },
      });
    });

    it("keep a default whose argument is there but undefined", async () => {
      const { inputs } = (await make({ rules: { approvals: undefined } })).get(
        type("repositoryRuleset"),
        "shop-ruleset",
      );
      const { pullRequest } = inputs["rules"] as { pullRequest: { requiredApprovingReviewCount: number } };
      assert.equal(pullRequest.requiredApprovingReviewCount, 1);
    });
  });

  describe("the repository itself", () => {
    let adopted: Registration;
    let created: Registration;
    before(async () => {
      adopted = (await make({ mode: "adopt", visibility: "public" })).get(type("repository"), "shop-repository");
      created = (await make({ mode: "create" })).get(type("repository"), "shop-repository");
    });

    it("is imported when it is there, and created when it is not", () => {
      assert.equal(adopted.import, "shop");
      assert.equal(created.import, undefined);
    });

    it("never is deleted: it leaves the stack as it is, and would be archived at worst", () => {
      for (const one of [adopted, created]) {
        assert.equal(one.retainOnDelete, true);
        assert.equal(one.inputs["archiveOnDestroy"], true);
        // Protected, it could not leave the list at all.
        assert.equal(one.protect, undefined);
      }
    });

    it("leaves to people all but scanning: features, description, visibility, archive", () => {
      for (const one of [adopted, created]) assert.deepEqual(one.ignoreChanges, LEFT_ALONE);
      for (const property of ["visibility", "description", "hasIssues", "archived", "allowMergeCommit", "topics"]) {
        assert.ok(LEFT_ALONE.includes(property), property);
      }
      for (const property of ["name", "securityAndAnalysis", "archiveOnDestroy"]) {
        assert.equal(LEFT_ALONE.includes(property), false, property);
      }
    });

    it("is private with a first commit when created, with the merge buttons that the rules allow", () => {
      assert.deepEqual(created.inputs, {
        name: "shop",
        visibility: "private",
        autoInit: true,
        hasIssues: true,
        allowMergeCommit: false,
        allowSquashMerge: true,
        allowRebaseMerge: true,
        deleteBranchOnMerge: true,
        archiveOnDestroy: true,
      });
    });

    it("comes before everything in it, and takes nothing in it along when it leaves the stack", async () => {
      const { registrations } = await make({ mode: "create", environments: { preview: {} } });
      for (const one of registrations.filter(({ name }) => !["shop", "shop-repository"].includes(name))) {
        assert.ok(one.dependsOn?.includes("shop-repository"), one.name);
        assert.notEqual(one.deletedWith, "shop-repository", one.name);
      }
    });

    const on = { status: "enabled" };
    for (const [what, args, expected] of [
      ["a public repository", { visibility: "public" }, { secretScanning: on, secretScanningPushProtection: on }],
      ["a private one without license", {}, undefined],
      [
        "a private one with Secret Protection",
        { security: { license: "secret-protection" } },
        { secretScanning: on, secretScanningPushProtection: on },
      ],
      [
        "an internal one with Advanced Security",
        { visibility: "internal", security: { license: "advanced-security" } },
        { advancedSecurity: on, secretScanning: on, secretScanningPushProtection: on },
      ],
      [
        "one that asks for alerts alone",
        { visibility: "public", security: { pushProtection: false } },
        { secretScanning: on, secretScanningPushProtection: { status: "disabled" } },
      ],
    ] as const satisfies [string, Partial<GithubRepositoryArgs>, unknown][]) {
      it(`is scanned as ${what}`, async () => {
        const recording = await make({ mode: "adopt", ...args });
        const { inputs } = recording.get(type("repository"), "shop-repository");
        assert.deepEqual(inputs["securityAndAnalysis"], expected);
      });
    }
  });

  describe("environments", () => {
    let recording: Recording;
    before(async () => {
      recording = await make({
        environments: {
          preview: {},
          production: {
            reviewers: { teams: [7], users: [8, 9] },
            waitMinutes: 30,
            deployFrom: { branches: ["main", "release/*"], tags: ["v*"] },
            secrets: { KEY: pulumi.secret("hunter2") },
            variables: { REGION: "eu-central-1" },
          },
        },
      });
    });

    it("let any job in unless told otherwise", () => {
      assert.deepEqual(recording.get(type("repositoryEnvironment"), "shop-environment-preview").inputs, {
        repository: "shop",
        environment: "preview",
        preventSelfReview: false,
        canAdminsBypass: true,
        waitTimer: 0,
      });
    });

    it("with reviewers let neither administrators nor whoever started the job past them", () => {
      assert.deepEqual(recording.get(type("repositoryEnvironment"), "shop-environment-production").inputs, {
        repository: "shop",
        environment: "production",
        reviewers: [{ teams: [7], users: [8, 9] }],
        preventSelfReview: true,
        canAdminsBypass: false,
        waitTimer: 30,
        deploymentBranchPolicy: { protectedBranches: false, customBranchPolicies: true },
      });
    });

    it("have one policy for each branch and tag", () => {
      const policies = recording.ofType(type("repositoryEnvironmentDeploymentPolicy"));
      assert.deepEqual(Object.fromEntries(policies.map(({ name, inputs }) => [name, inputs])), {
        "shop-environment-production-branch-main": {
          repository: "shop",
          environment: "production",
          branchPattern: "main",
        },
        "shop-environment-production-branch-release/*": {
          repository: "shop",
          environment: "production",
          branchPattern: "release/*",
        },
        "shop-environment-production-tag-v*": { repository: "shop", environment: "production", tagPattern: "v*" },
      });
    });

    it("keep secrets secret", () => {
      const { inputs } = recording.get(type("actionsEnvironmentSecret"), "shop-environment-production-secret-KEY");
      assert.deepEqual(inputs, {
        repository: "shop",
        environment: "production",
        secretName: "KEY",
        value: { secret: "hunter2" },
      });
    });

    it("go with everything in them at once", () => {
      const inside = recording.registrations.filter(({ name }) => name.startsWith("shop-environment-production-"));
      assert.equal(inside.length, 5);
      for (const one of inside) {
        assert.equal(one.deletedWith, "shop-environment-production", one.name);
        assert.ok(one.dependsOn?.includes("shop-environment-production"), one.name);
      }
    });

    it("have the subjects that AWS roles are trusted by", async () => {
      const subjectsOf = async (args: Partial<GithubRepositoryArgs>) =>
        ((await make({ environments: { preview: {} }, ...args })).result as GithubRepository).subjects;
      assert.deepEqual(await subjectsOf({}), { preview: "repo:acme/shop:environment:preview" });
      assert.deepEqual(await subjectsOf({ ids: { owner: 5, repository: 6 } }), {
        preview: "repo:acme@5/shop@6:environment:preview",
      });
      assert.deepEqual(await subjectsOf({ oidcClaims: ["repo", "context", "job_workflow_ref"] }), {
        preview: "repo:acme/shop:environment:preview:job_workflow_ref:*",
      });
    });
  });

  it("keeps Actions secrets secret, and variables readable", async () => {
    const recording = await make({
      secrets: { NPM_TOKEN: pulumi.secret("hunter2"), FROM_ELSEWHERE: pulumi.output("not marked") },
      variables: { REGION: "eu-central-1" },
    });
    assert.deepEqual(recording.get(type("actionsSecret"), "shop-secret-NPM_TOKEN").inputs, {
      repository: "shop",
      secretName: "NPM_TOKEN",
      value: { secret: "hunter2" },
    });
    assert.deepEqual(recording.get(type("actionsSecret"), "shop-secret-FROM_ELSEWHERE").inputs["value"], {
      secret: "not marked",
    });
    assert.deepEqual(recording.get(type("actionsVariable"), "shop-variable-REGION").inputs, {
      repository: "shop",
      variableName: "REGION",
      value: "eu-central-1",
    });
  });

  it("uses GitHub's own OIDC subject, or the claims that are asked for", async () => {
    const name = type("actionsRepositoryOidcSubjectClaimCustomizationTemplate");
    assert.deepEqual(bare.get(name, "shop-oidc").inputs, { repository: "shop", useDefault: true });
    const includeClaimKeys = ["repo", "context", "job_workflow_ref"];
    const recording = await make({ oidcClaims: includeClaimKeys });
    assert.deepEqual(recording.get(name, "shop-oidc").inputs, {
      repository: "shop",
      useDefault: false,
      includeClaimKeys,
    });
  });

  it("has Dependabot alert first and update then, and leaves it on when the repository leaves the list", async () => {
    const alerts = bare.get(type("repositoryVulnerabilityAlerts"), "shop-dependabot-alerts");
    const updates = bare.get(type("repositoryDependabotSecurityUpdates"), "shop-dependabot-updates");
    for (const one of [alerts, updates]) {
      assert.deepEqual(one.inputs, { repository: "shop", enabled: true });
      assert.equal(one.retainOnDelete, true);
    }
    assert.deepEqual(updates.dependsOn, ["shop-dependabot-alerts"]);
    const off = await make({ dependabot: { alerts: false } });
    for (const { inputs } of off.registrations.filter(({ name }) => name.startsWith("shop-dependabot"))) {
      assert.equal(inputs["enabled"], false);
    }
  });

  it("makes the labels that are given instead of those of the preview commands", async () => {
    const recording = await make({ labels: { needs: { color: "ABCDEF" } } });
    assert.deepEqual(
      recording.ofType(type("issueLabel")).map(({ inputs }) => inputs),
      [{ repository: "shop", name: "needs", color: "abcdef", description: "" }],
    );
  });

  it("lets a transform have the last word, and replaces what is set up only after it is gone", async () => {
    const seen: (boolean | undefined)[] = [];
    const recording = await make({
      transform: {
        label: (args, opts) => {
          seen.push(opts.deleteBeforeReplace);
          return { args: { ...args, color: "000000" }, opts };
        },
        ruleset: (args, opts) => ({ args: { ...args, enforcement: "disabled" }, opts }),
      },
    });
    assert.deepEqual(seen, [true, true, true, true]);
    assert.ok(recording.ofType(type("issueLabel")).every(({ inputs }) => inputs["color"] === "000000"));
    assert.equal(recording.get(type("repositoryRuleset"), "shop-ruleset").inputs["enforcement"], "disabled");
  });

  it("is not made when an argument cannot be", () =>
    assert.rejects(make({ rules: { approvals: 11 } }), (error: pulumi.InputPropertiesError) => {
      assert.ok(pulumi.InputPropertiesError.isInstance(error));
      assert.equal(error.message, "Repository acme/shop cannot be set up as asked.");
      assert.deepEqual(error.errors, [
        {
          propertyPath: "rules.approvals",
          reason: "11; accepted: a whole number from 0 to 10. Ask for fewer reviews.",
        },
      ]);
      return true;
    }));
});

describe("GithubApp", () => {
  it("says what to register: the broker first, then the other URLs", async () => {
    const { result } = await record(
      () =>
        new GithubApp("login", { domain: "preview.example.com", callbackUrls: ["https://shop.example.com/callback"] }),
    );
    const { callbackUrls, broker } = result as GithubApp;
    assert.equal(broker, "https://auth.preview.example.com/callback");
    assert.deepEqual(callbackUrls, [broker, "https://shop.example.com/callback"]);
  });

  it("is not made with 11 callback URLs, and names the broker", async () => {
    const callbackUrls = Array.from({ length: 11 }, (_, index) => `https://pr-${index}.preview.example.com/callback`);
    await assert.rejects(
      record(() => new GithubApp("login", { callbackUrls })),
      (error: pulumi.InputPropertiesError) => {
        assert.ok(pulumi.InputPropertiesError.isInstance(error));
        assert.equal(error.message, "The GitHub App cannot be registered as asked.");
        assert.deepEqual(error.errors, [
          {
            propertyPath: "callbackUrls",
            reason:
              "11 URLs; accepted: at most 10, as many as a GitHub App takes. Set domain, and register its broker " +
              "https://auth.<domain>/callback instead of URLs of environments: it validates state and sends the browser on to the environment.",
          },
        ]);
        return true;
      },
    );
  });
});
