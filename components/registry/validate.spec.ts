import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import type { ImageRepository, PullThrough, RegistryArgs } from "./args";
import { validate } from "./validate";

const SHOP: ImageRepository = { name: "acme/shop", push: { repository: "acme/shop", environments: ["preview"] } };
const FINE: RegistryArgs = { name: "acme", region: "eu-central-1", accountId: "111122223333", repositories: [SHOP] };
const SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/docker-hub-AbCdEf";
const HUB: PullThrough = { prefix: "docker-hub", upstream: "docker-hub", credentialArn: SECRET };

/** Problems as `path: reason`. */
function problems(change: Partial<RegistryArgs>): string[] {
  return validate({ ...FINE, ...change }).map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`);
}

function ofShop(change: Partial<ImageRepository>): string[] {
  return problems({ repositories: [{ ...SHOP, ...change }] });
}

function ofCache(change: Partial<PullThrough>): string[] {
  return problems({ pullThrough: [{ ...HUB, ...change }] });
}

describe("validate of a registry", () => {
  it("accepts what can be", () => {
    assert.deepEqual(problems({}), []);
    const key = "arn:aws:kms:eu-central-1:111122223333:key/00000000-1111-2222-3333-444444444444";
    const provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    assert.deepEqual(
      problems({
        repositories: [
          { ...SHOP, cleanup: { environments: ["cleanup"] }, buildCache: { expireAfterDays: 1 } },
          { ...SHOP, name: "a.b_c__d--e/2" },
        ],
        kmsKeyArn: key,
        github: { oidcProviderArn: provider },
        pullThrough: [HUB, { prefix: "quay.io/x", upstream: "quay" }],
      }),
      [],
    );
    assert.deepEqual(problems({ repositories: [], pullThrough: [HUB] }), []);
  });

  it("leaves alone what is not known yet", () => {
    const later = pulumi.output("later");
    assert.deepEqual(problems({ kmsKeyArn: later, github: { oidcProviderArn: later } }), []);
    assert.deepEqual(ofCache({ credentialArn: later }), []);
  });

  it("asks for a place", () => {
    assert.deepEqual(problems({ name: "-acme", region: "eu-centrl-1", accountId: "1111-2222-3333" }), [
      'name: "-acme" cannot begin the name of a role; accepted: letters, digits, dashes and underscores, a letter or digit first. Rename it, such as acme-previews.',
      'region: "eu-centrl-1" is not known; accepted: a region of AWS\'s commercial partition. Did you mean eu-central-1?',
      'accountId: "1111-2222-3333" is not an AWS account; accepted: 12 digits. Take what "aws sts get-caller-identity" shows.',
    ]);
    assert.match(problems({ region: "nowhere" })[0] ?? "", /^region: .* Take one of af-south-1, .*us-west-2\.$/);
  });

  it("asks for something to do", () => {
    assert.deepEqual(problems({ repositories: [] }), [
      "repositories: there are none, and nothing in pullThrough either. Name a repository or a cache, or leave the registry out.",
    ]);
  });

  it("takes keys and providers by ARN, of the right place", () => {
    assert.deepEqual(
      problems({
        kmsKeyArn: "alias/images",
        github: { oidcProviderArn: "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com" },
      }),
      [
        'kmsKeyArn: "alias/images" is not the ARN of a key in eu-central-1; accepted: arn:aws:kms:eu-central-1:…:key/…, no alias. Take what "aws kms describe-key" shows as Arn, or leave it out for a key of its own.',
        'github.oidcProviderArn: "arn:aws:iam::444455556666:oidc-provider/token.actions.githubusercontent.com" is not this account\'s OIDC provider for GitHub; accepted: arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com. Take what "aws iam list-open-id-connect-providers" shows, or leave it out to have one made.',
      ],
    );
  });

  for (const name of [
    "Acme/shop",
    "a",
    "acme//shop",
    "/acme",
    "acme/",
    "acme..shop",
    "acme___shop",
    "-acme",
    "acme/sh*p",
  ]) {
    it(`refuses the repository "${name}"`, () => {
      assert.deepEqual(ofShop({ name }), [
        `repositories[0].name: "${name}" is not accepted by ECR: 2 or more lower-case letters and digits, with single dots, one or two underscores or dashes between them, parts separated by slashes. Rename it, such as acme/shop.`,
      ]);
    });
  }

  it("knows how long names may be", () => {
    const long = "a".repeat(250);
    assert.deepEqual(ofShop({ name: long, buildCache: { expireAfterDays: 1 } }), [
      `repositories[0].name: "${long}/build-cache" has 262 characters; accepted: 256. Shorten it.`,
      `repositories[0].name: the role would be called "acme-push-${long}", 260 characters; IAM accepts 64. Shorten the registry's name or the repository's.`,
    ]);
    const edge = "a".repeat(54);
    assert.deepEqual(ofShop({ name: edge }), []);
    assert.deepEqual(ofShop({ name: edge, cleanup: { environments: ["cleanup"] } }), [
      `repositories[0].name: the role would be called "acme-cleanup-${edge}", 67 characters; IAM accepts 64. Shorten the registry's name or the repository's.`,
    ]);
    const name = "n".repeat(60);
    assert.deepEqual(problems({ name, repositories: [], pullThrough: [HUB] }), [
      `name: the role would be called "${name}-pull-through", 73 characters; IAM accepts 64. Shorten the registry's name or the repository's.`,
    ]);
  });

  it("refuses names that are there twice, also as build caches and as roles", () => {
    const push = SHOP.push;
    assert.deepEqual(
      problems({
        repositories: [
          { ...SHOP, buildCache: { expireAfterDays: 1 } },
          SHOP,
          { name: "acme/shop/build-cache", push },
          { name: "acme.shop", push },
        ],
      }),
      [
        'repositories[1].name: "acme/shop" is there twice; accepted: each repository once, NAME/build-cache of one with buildCache among them. Remove or rename one.',
        'repositories[2].name: "acme/shop/build-cache" is there twice; accepted: each repository once, NAME/build-cache of one with buildCache among them. Remove or rename one.',
        'repositories[3].name: "acme.shop" and "acme/shop" would share the role acme-push-acme.shop, in whose name slashes are dots. Rename one.',
      ],
    );
  });

  it("trusts neither patterns nor everything", () => {
    assert.deepEqual(ofShop({ push: { repository: "acme/*", environments: ["*", "preview", "preview"] } }), [
      'repositories[0].push.repository: "acme/*" is not one GitHub repository; accepted: owner/name, without patterns. Name each repository, such as acme/shop.',
      'repositories[0].push.environments[0]: "*" is not one GitHub environment; accepted: letters, digits, spaces and ._/- inside, without patterns. Name each environment, such as "preview".',
      'repositories[0].push.environments[2]: "preview" is there twice; accepted: each environment once. Remove it.',
    ]);
    assert.deepEqual(
      ofShop({
        push: { repository: "acme/shop", environments: [], ids: { owner: -1, repository: 2 } },
        cleanup: { environments: [] },
      }),
      [
        "repositories[0].push.ids.owner: -1 is not an ID; accepted: whole numbers from 1. Take it from gh api repos/OWNER/NAME.",
        'repositories[0].push.environments: it is empty, so that no job could push; without an environment every workflow of the repository would be trusted. Name the GitHub environments whose jobs may, such as "preview".',
        'repositories[0].cleanup.environments: it is empty, so that no job could remove; without an environment every workflow of the repository would be trusted. Name the GitHub environments whose jobs may, such as "preview".',
      ],
    );
  });

  it("keeps pushing and removing apart", () => {
    assert.deepEqual(ofShop({ cleanup: { environments: ["preview"] } }), [
      "repositories[0].cleanup.environments[0]: \"preview\" also pushes, so a pull request's own jobs could remove another's image. Use an environment that only the clean-up runs in.",
    ]);
  });

  it("takes whole days", () => {
    assert.deepEqual(ofShop({ expireUntaggedAfterDays: 0, buildCache: { expireAfterDays: 1.5 } }), [
      "repositories[0].expireUntaggedAfterDays: 0 is not accepted by ECR: a whole number of days from 1. Correct it.",
      "repositories[0].buildCache.expireAfterDays: 1.5 is not accepted by ECR: a whole number of days from 1. Correct it.",
    ]);
  });

  it("takes prefixes that ECR takes, each once and not of our own images", () => {
    const quay = { upstream: "quay" } as const;
    assert.deepEqual(
      problems({
        pullThrough: [
          { prefix: "ROOT", ...quay },
          { prefix: "p".repeat(31), ...quay },
          { prefix: "quay", ...quay },
          { prefix: "quay", ...quay },
          { prefix: "acme", ...quay },
        ],
      }),
      [
        'pullThrough[0].prefix: "ROOT" is not accepted by ECR: 2 to 30 characters, of the same form as a repository\'s name. Change it, such as docker-hub.',
        `pullThrough[1].prefix: "${"p".repeat(31)}" is not accepted by ECR: 2 to 30 characters, of the same form as a repository's name. Change it, such as docker-hub.`,
        'pullThrough[3].prefix: "quay" is there twice; accepted: each prefix once. Remove or change one.',
        'pullThrough[4].prefix: "acme" is also the first part of the repository acme/shop, whose images would be looked for upstream. Change one of them.',
      ],
    );
  });

  it("asks for credentials where ECR does, in the right place and under the right name", () => {
    assert.deepEqual(ofCache({ upstream: "docker.io" as never }), [
      'pullThrough[0].upstream: "docker.io" is not known; accepted: ecr-public, kubernetes, quay, docker-hub, github, gitlab. Take one of them.',
    ]);
    assert.deepEqual(problems({ pullThrough: [{ prefix: "hub", upstream: "docker-hub" }] }), [
      "pullThrough[0].credentialArn: it is missing, and ECR reads registry-1.docker.io only with credentials. Store them in Secrets Manager under a name that begins with ecr-pullthroughcache/, and give the secret's ARN.",
    ]);
    assert.deepEqual(ofCache({ upstream: "quay" }), [
      "pullThrough[0].credentialArn: quay.io is read without credentials. Remove it.",
    ]);
    assert.deepEqual(
      ofCache({ credentialArn: "arn:aws:secretsmanager:eu-west-1:444455556666:secret:docker-hub-AbCdEf" }),
      [
        'pullThrough[0].credentialArn: the secret "docker-hub-AbCdEf" cannot be read by ECR; accepted: names that begin with ecr-pullthroughcache/. Store it again under such a name, as secrets cannot be renamed.',
        "pullThrough[0].credentialArn: the secret is in eu-west-1 of account 444455556666; accepted: eu-central-1 of account 111122223333, where the registry is. Store it there.",
      ],
    );
  });

  it("compares region and account of a secret, each by itself", () => {
    for (const place of ["eu-west-1:111122223333", "eu-central-1:444455556666"]) {
      const [region = "", account = ""] = place.split(":");
      assert.deepEqual(ofCache({ credentialArn: `arn:aws:secretsmanager:${place}:secret:ecr-pullthroughcache/hub` }), [
        `pullThrough[0].credentialArn: the secret is in ${region} of account ${account}; accepted: eu-central-1 of account 111122223333, where the registry is. Store it there.`,
      ]);
    }
  });

  it("does not repeat what may be a password", () => {
    const [problem = ""] = ofCache({ credentialArn: "hunter2" });
    assert.equal(
      problem,
      "pullThrough[0].credentialArn: it is not the ARN of a secret; accepted: arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/…. Credentials themselves belong into Secrets Manager, not into config.",
    );
  });
});
