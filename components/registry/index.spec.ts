import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { record } from "../../test/support/mocks";
import type { Recording, Registration } from "../../test/support/mocks";
import { assertLeastPrivilege } from "../iam";
import { Registry, letPullThrough } from ".";
import type { RegistryArgs } from ".";

const REPOSITORY = "aws:ecr/repository:Repository";
const LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy";
const TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate";
const RULE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule";
const PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider";
const ROLE = "aws:iam/role:Role";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const KEY = "aws:kms/key:Key";
const ALIAS = "aws:kms/alias:Alias";

const SMALL: RegistryArgs = {
  name: "acme",
  region: "eu-central-1",
  accountId: "111122223333",
  repositories: [{ name: "acme/shop", push: { repository: "acme/shop", environments: ["preview"] } }],
};

const SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/docker-hub-AbCdEf";

const LARGE: RegistryArgs = {
  ...SMALL,
  repositories: [
    {
      name: "acme/shop",
      push: { repository: "acme/shop", environments: ["preview", "release"], ids: { owner: 12, repository: 34 } },
      cleanup: { environments: ["preview-cleanup"] },
      buildCache: { expireAfterDays: 7 },
      expireUntaggedAfterDays: 3,
    },
    { name: "acme/api", push: { repository: "acme/monorepo", environments: ["preview"] } },
  ],
  github: { oidcProviderArn: "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" },
  pullThrough: [
    { prefix: "docker-hub", upstream: "docker-hub", credentialArn: SECRET },
    { prefix: "ecr-public", upstream: "ecr-public" },
  ],
  kmsKeyArn: "arn:aws:kms:eu-central-1:111122223333:key/00000000-1111-2222-3333-444444444444",
  forceDelete: true,
  tags: { team: "platform" },
};

interface Statement {
  Sid: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}

/** The statements of a policy, by name. */
function statementsOf(registration: Registration, field = "policy"): Record<string, Omit<Statement, "Sid">> {
  const { Statement } = JSON.parse(String(registration.inputs[field])) as { Statement: Statement[] };
  return Object.fromEntries(Statement.map(({ Sid, ...rest }) => [Sid, rest]));
}

function make(args: RegistryArgs): Promise<Recording> {
  return record(() => {
    const { urls, pushRoleArns, cleanupRoleArns, oidcProviderArn, kmsKeyArn, cachedRepositoryArns } = new Registry(
      "registry",
      args,
    );
    const known = pulumi.output({
      urls,
      pushRoleArns,
      cleanupRoleArns,
      oidcProviderArn,
      kmsKeyArn,
      cachedRepositoryArns,
    });
    return new Promise<unknown>((resolve) => {
      known.apply((values: unknown) => {
        resolve(values);
      });
    });
  });
}

describe("Registry", () => {
  let small: Recording;
  let large: Recording;
  before(async () => {
    small = await make(SMALL);
    large = await make(LARGE);
  });

  it("registers exactly what it says", () => {
    const counts = (recording: Recording) =>
      Object.fromEntries(
        [REPOSITORY, LIFECYCLE, ROLE, ROLE_POLICY, PROVIDER, KEY, ALIAS, TEMPLATE, RULE].map((type) => [
          type.split(":").at(-1) ?? "",
          recording.ofType(type).length,
        ]),
      );
    assert.deepEqual(counts(small), {
      Repository: 1,
      LifecyclePolicy: 1,
      Role: 1,
      RolePolicy: 1,
      OpenIdConnectProvider: 1,
      Key: 1,
      Alias: 1,
      PullThroughCacheRule: 0,
      RepositoryCreationTemplate: 0,
    });
    assert.equal(small.registrations.length, 8);
    assert.deepEqual(counts(large), {
      Repository: 3,
      LifecyclePolicy: 3,
      Role: 4,
      RolePolicy: 4,
      OpenIdConnectProvider: 0,
      Key: 0,
      Alias: 0,
      PullThroughCacheRule: 2,
      RepositoryCreationTemplate: 2,
    });
    assert.equal(large.registrations.length, 19);
  });

  it("is the parent of all of it", () => {
    for (const { type, name, parent } of [...small.registrations, ...large.registrations]) {
      if (type !== "berth:registry:Registry") assert.equal(parent, "registry", name);
    }
  });

  it("makes repositories with tags that never move, scanned on push, encrypted, and kept while they hold images", () => {
    assert.deepEqual(small.get(REPOSITORY, "registry-repository-acme/shop").inputs, {
      name: "acme/shop",
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: "arn:mock:registry-key" }],
      forceDelete: false,
    });
    assert.deepEqual(large.get(REPOSITORY, "registry-repository-acme/shop").inputs, {
      name: "acme/shop",
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: LARGE.kmsKeyArn }],
      forceDelete: true,
      tags: { team: "platform" },
    });
  });

  it("expires in repositories for images only what has no tag", () => {
    for (const [recording, name, days] of [
      [small, "acme/shop", 14],
      [large, "acme/shop", 3],
      [large, "acme/api", 14],
    ] as const) {
      const { inputs } = recording.get(LIFECYCLE, `registry-lifecycle-${name}`);
      assert.equal(inputs["repository"], name);
      const { rules } = JSON.parse(String(inputs["policy"])) as { rules: Record<string, unknown>[] };
      assert.deepEqual(
        rules.map(({ selection }) => selection),
        [{ tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: days }],
      );
    }
  });

  it("keeps build caches apart, where tags move and everything expires", () => {
    const cache = large.get(REPOSITORY, "registry-repository-acme/shop/build-cache");
    assert.equal(cache.inputs["name"], "acme/shop/build-cache");
    assert.equal(cache.inputs["imageTagMutability"], "MUTABLE");
    const lifecycle = large.get(LIFECYCLE, "registry-lifecycle-acme/shop/build-cache");
    const { rules } = JSON.parse(String(lifecycle.inputs["policy"])) as { rules: Record<string, unknown>[] };
    assert.deepEqual(
      rules.map(({ selection }) => selection),
      [{ tagStatus: "any", countType: "sinceImagePushed", countUnit: "days", countNumber: 7 }],
    );
  });

  it("rotates its key", () => {
    assert.deepEqual(small.get(KEY, "registry-key").inputs, {
      description: "Images of acme",
      enableKeyRotation: true,
      deletionWindowInDays: 30,
    });
    assert.deepEqual(small.get(ALIAS, "registry-key-alias").inputs, {
      name: "alias/acme-images",
      targetKeyId: "registry-key-id",
    });
  });

  it("makes GitHub's provider, or uses the one there is", () => {
    assert.deepEqual(small.get(PROVIDER, "registry-github").inputs, {
      url: "https://token.actions.githubusercontent.com",
      clientIdLists: ["sts.amazonaws.com"],
    });
    assert.deepEqual(statementsOf(small.get(ROLE, "registry-push-acme/shop"), "assumeRolePolicy"), {
      AssumeByGitHub: {
        Effect: "Allow",
        Principal: { Federated: "arn:mock:registry-github" },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:acme/shop:environment:preview",
          },
        },
      },
    });
    assert.deepEqual(statementsOf(large.get(ROLE, "registry-push-acme/shop"), "assumeRolePolicy"), {
      AssumeByGitHub: {
        Effect: "Allow",
        Principal: { Federated: LARGE.github?.oidcProviderArn },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": [
              "repo:acme@12/shop@34:environment:preview",
              "repo:acme@12/shop@34:environment:release",
            ],
          },
        },
      },
    });
  });

  const PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
  ];
  const ARN = "arn:aws:ecr:eu-central-1:111122223333:repository";
  const LOGIN = {
    Effect: "Allow",
    Action: "ecr:GetAuthorizationToken",
    Resource: "*",
    Condition: { StringEquals: { "aws:RequestedRegion": "eu-central-1" } },
  };

  it("lets a push role push to its repository, and read layers of nothing but the build cache", () => {
    const { inputs } = small.get(ROLE, "registry-push-acme/shop");
    assert.equal(inputs["name"], "acme-push-acme.shop");
    assert.equal(inputs["description"], "GitHub pushes images to acme/shop");
    const policy = small.get(ROLE_POLICY, "registry-push-policy-acme/shop");
    assert.equal(policy.inputs["name"], "push");
    assert.equal(policy.inputs["role"], "acme-push-acme.shop");
    assert.deepEqual(statementsOf(policy), {
      Login: LOGIN,
      Push: { Effect: "Allow", Action: PUSH, Resource: `${ARN}/acme/shop` },
    });
    assert.deepEqual(statementsOf(large.get(ROLE_POLICY, "registry-push-policy-acme/shop")), {
      Login: LOGIN,
      Push: { Effect: "Allow", Action: PUSH, Resource: `${ARN}/acme/shop` },
      ShareLayers: {
        Effect: "Allow",
        Action: [...PUSH, "ecr:GetDownloadUrlForLayer"],
        Resource: `${ARN}/acme/shop/build-cache`,
      },
    });
  });

  it("lets another environment's jobs remove tags, and nothing else", () => {
    const role = large.get(ROLE, "registry-cleanup-acme/shop");
    assert.equal(role.inputs["name"], "acme-cleanup-acme.shop");
    assert.deepEqual(statementsOf(role, "assumeRolePolicy")["AssumeByGitHub"]?.Condition?.["StringEquals"], {
      "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
      "token.actions.githubusercontent.com:sub": "repo:acme@12/shop@34:environment:preview-cleanup",
    });
    assert.deepEqual(statementsOf(large.get(ROLE_POLICY, "registry-cleanup-policy-acme/shop")), {
      RemoveTags: {
        Effect: "Allow",
        Action: ["ecr:BatchDeleteImage", "ecr:ListImages"],
        Resource: `${ARN}/acme/shop`,
      },
    });
  });

  it("caches public images in encrypted repositories that nothing expires", () => {
    const template = large.get(TEMPLATE, "registry-cache-template-docker-hub");
    assert.deepEqual(template.inputs, {
      prefix: "docker-hub",
      description: "Images of registry-1.docker.io",
      appliedFors: ["PULL_THROUGH_CACHE"],
      customRoleArn: "arn:mock:registry-cache-role",
      encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: LARGE.kmsKeyArn }],
      imageTagMutability: "MUTABLE",
      resourceTags: { team: "platform" },
    });
    assert.ok(template.dependsOn?.includes("registry-cache-role-policy"));
    const rule = large.get(RULE, "registry-cache-docker-hub");
    assert.deepEqual(rule.inputs, {
      ecrRepositoryPrefix: "docker-hub",
      upstreamRegistryUrl: "registry-1.docker.io",
      credentialArn: SECRET,
    });
    assert.deepEqual(rule.dependsOn, ["registry-cache-template-docker-hub"]);
    assert.deepEqual(large.get(RULE, "registry-cache-ecr-public").inputs, {
      ecrRepositoryPrefix: "ecr-public",
      upstreamRegistryUrl: "public.ecr.aws",
    });
  });

  it("lets ECR make these repositories, below the prefixes and with the one key", () => {
    assert.deepEqual(statementsOf(large.get(ROLE, "registry-cache-role"), "assumeRolePolicy"), {
      Assume: { Effect: "Allow", Principal: { Service: "ecr.amazonaws.com" }, Action: "sts:AssumeRole" },
    });
    assert.deepEqual(statementsOf(large.get(ROLE_POLICY, "registry-cache-role-policy")), {
      MakeRepositories: {
        Effect: "Allow",
        Action: ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
        Resource: [`${ARN}/docker-hub/*`, `${ARN}/ecr-public/*`],
      },
      UseKey: {
        Effect: "Allow",
        Action: ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
        Resource: LARGE.kmsKeyArn,
      },
    });
  });

  it("allows no patterns of actions and no resource without a condition, in any policy", () => {
    const roles = [...small.ofType(ROLE), ...large.ofType(ROLE)].map(({ inputs }) => inputs["assumeRolePolicy"]);
    const policies = [...small.ofType(ROLE_POLICY), ...large.ofType(ROLE_POLICY)].map(({ inputs }) => inputs["policy"]);
    assert.equal(roles.length + policies.length, 10);
    for (const policy of [...roles, ...policies]) assertLeastPrivilege(policy);
  });

  it("gives what others need", () => {
    assert.deepEqual(small.result, {
      urls: { "acme/shop": "111122223333.dkr.ecr.mock.amazonaws.com/acme/shop" },
      pushRoleArns: { "acme/shop": "arn:mock:registry-push-acme/shop" },
      cleanupRoleArns: {},
      oidcProviderArn: "arn:mock:registry-github",
      kmsKeyArn: "arn:mock:registry-key",
      cachedRepositoryArns: [],
    });
    assert.deepEqual(large.result, {
      urls: {
        "acme/shop": "111122223333.dkr.ecr.mock.amazonaws.com/acme/shop",
        "acme/shop/build-cache": "111122223333.dkr.ecr.mock.amazonaws.com/acme/shop/build-cache",
        "acme/api": "111122223333.dkr.ecr.mock.amazonaws.com/acme/api",
      },
      pushRoleArns: { "acme/shop": "arn:mock:registry-push-acme/shop", "acme/api": "arn:mock:registry-push-acme/api" },
      cleanupRoleArns: { "acme/shop": "arn:mock:registry-cleanup-acme/shop" },
      oidcProviderArn: LARGE.github?.oidcProviderArn,
      kmsKeyArn: LARGE.kmsKeyArn,
      cachedRepositoryArns: [`${ARN}/docker-hub/*`, `${ARN}/ecr-public/*`],
    });
  });

  it("hands each kind of child to its transform", async () => {
    const tagged = { tags: { seen: "yes" } };
    const recording = await make({
      ...SMALL,
      pullThrough: [{ prefix: "quay", upstream: "quay" }],
      transform: {
        repository: (args, opts) => ({ args: { ...args, ...tagged }, opts: { ...opts, protect: true } }),
        role: (args, opts) => ({ args: { ...args, ...tagged }, opts }),
        key: (args, opts) => ({ args: { ...args, ...tagged }, opts }),
        creationTemplate: (args, opts) => ({ args: { ...args, resourceTags: tagged.tags }, opts }),
      },
    });
    assert.equal(recording.ofType(REPOSITORY)[0]?.protect, true);
    for (const { inputs } of [REPOSITORY, ROLE, KEY].flatMap((type) => recording.ofType(type))) {
      assert.deepEqual(inputs["tags"], tagged.tags);
    }
    assert.deepEqual(recording.ofType(TEMPLATE)[0]?.inputs["resourceTags"], tagged.tags);
  });

  it("throws once with everything that is wrong", async () => {
    const invalid = { ...SMALL, region: "eu-center-1", repositories: [] };
    await assert.rejects(make(invalid), (error: unknown) => {
      assert.ok(pulumi.InputPropertiesError.isInstance(error));
      assert.equal(error.message, "Registry registry cannot be made as asked.");
      assert.deepEqual(
        error.errors.map(({ propertyPath }) => propertyPath),
        ["region", "repositories"],
      );
      return true;
    });
  });
});

describe("letPullThrough", () => {
  it("lets a role fill the cache below its prefixes", async () => {
    const cachedRepositoryArns = ["arn:aws:ecr:eu-central-1:111122223333:repository/docker-hub/*"];
    const recording = await record(() => {
      letPullThrough("previews-pull-through", { registry: { cachedRepositoryArns }, roleName: "previews-nodes" });
    });
    const policy = recording.get(ROLE_POLICY, "previews-pull-through");
    assert.equal(policy.inputs["name"], "pull-through");
    assert.equal(policy.inputs["role"], "previews-nodes");
    assert.deepEqual(statementsOf(policy), {
      PullThrough: {
        Effect: "Allow",
        Action: ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
        Resource: cachedRepositoryArns[0],
      },
    });
    assertLeastPrivilege(policy.inputs["policy"]);
  });
});
