import assert from "node:assert/strict";
import { policyDocument } from "./document";
import { assertLeastPrivilege } from "./least-privilege";
import {
  assumeByGitHub,
  assumeByGitHubJobs,
  assumeByPodIdentity,
  assumeByService,
  gitHubSubject,
  validateGitHubTrust,
} from "./trust";

const PROVIDER = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
const NO_REPOSITORY = (repository: string) =>
  `"${repository}" is not one GitHub repository; accepted: owner/name, without patterns. Name each repository, such as acme/shop.`;
const NO_ENVIRONMENT = (environment: string) =>
  `"${environment}" is not one GitHub environment; accepted: letters, digits, spaces and ._/- inside, without patterns. Name each environment, such as "preview".`;

describe("assumeByGitHub", () => {
  it("compares audience and subject exactly", () => {
    const trust = assumeByGitHub({ providerArn: PROVIDER, repository: "acme/shop", environment: "preview" });
    assert.deepEqual(policyDocument([trust]).Statement, [
      {
        Sid: "AssumeByGitHub",
        Effect: "Allow",
        Principal: { Federated: PROVIDER },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:acme/shop:environment:preview",
          },
        },
      },
    ]);
    assertLeastPrivilege(policyDocument([trust]));
  });

  it("accepts any of several subjects, each exact", () => {
    const trust = ["preview", "release"].map((environment) => ({ repository: "acme/shop", environment }));
    assert.deepEqual(assumeByGitHubJobs({ providerArn: PROVIDER, trust }).conditions, {
      StringEquals: {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": [
          "repo:acme/shop:environment:preview",
          "repo:acme/shop:environment:release",
        ],
      },
    });
  });

  it("throws on what would not be exact", () => {
    assert.throws(() => assumeByGitHub({ providerArn: PROVIDER, repository: "acme/*", environment: "preview" }), {
      name: "RangeError",
      message: NO_REPOSITORY("acme/*"),
    });
    assert.throws(() => assumeByGitHubJobs({ providerArn: PROVIDER, trust: [] }), {
      name: "RangeError",
      message: "trust is empty; name at least one repository and environment",
    });
  });
});

describe("gitHubSubject", () => {
  it("has names only, or names with IDs, as GitHub's reference shows both", () => {
    const trust = { repository: "octo-org/octo-repo", environment: "Production" };
    assert.equal(gitHubSubject(trust), "repo:octo-org/octo-repo:environment:Production");
    assert.equal(
      gitHubSubject({ ...trust, ids: { owner: 123456, repository: 456789 } }),
      "repo:octo-org@123456/octo-repo@456789:environment:Production",
    );
  });
});

describe("validateGitHubTrust", () => {
  it("accepts what GitHub has", () => {
    const trusts = [
      { repository: "a/b", environment: "p" },
      { repository: "Acme-1/.github", environment: "preview env 2/eu-west_1" },
      { repository: "mona-cat_acme/shop", environment: "preview" },
      { repository: "acme/shop.web_2", environment: "preview", ids: { owner: 1, repository: 2 } },
    ];
    for (const trust of trusts) assert.deepEqual(validateGitHubTrust(trust), []);
  });

  for (const repository of [
    "",
    "acme",
    "acme/*",
    "*/shop",
    "acme/sh?p",
    "acme/shop/x",
    "-acme/shop",
    "a--b/shop",
    `${"a".repeat(40)}/b`,
  ]) {
    it(`refuses the repository "${repository}"`, () => {
      assert.deepEqual(validateGitHubTrust({ repository, environment: "preview" }), [
        { propertyPath: "repository", reason: NO_REPOSITORY(repository) },
      ]);
    });
  }

  for (const environment of ["*", "pre*", "a:b", "pre?iew", " preview", "x".repeat(256)]) {
    it(`refuses the environment "${environment.slice(0, 20)}"`, () => {
      assert.deepEqual(validateGitHubTrust({ repository: "acme/shop", environment }), [
        { propertyPath: "environment", reason: NO_ENVIRONMENT(environment) },
      ]);
    });
  }

  it("finds everything at once", () => {
    assert.deepEqual(validateGitHubTrust({ repository: "acme", environment: "", ids: { owner: 0, repository: 1.5 } }), [
      { propertyPath: "repository", reason: NO_REPOSITORY("acme") },
      {
        propertyPath: "environment",
        reason:
          'it is empty; without an environment every workflow of the repository would be trusted. Name the GitHub environment whose jobs may take the role, such as "preview".',
      },
      {
        propertyPath: "ids.owner",
        reason: "0 is not an ID; accepted: whole numbers from 1. Take it from gh api repos/OWNER/NAME.",
      },
      {
        propertyPath: "ids.repository",
        reason: "1.5 is not an ID; accepted: whole numbers from 1. Take it from gh api repos/OWNER/NAME.",
      },
    ]);
  });
});

describe("assumeByPodIdentity", () => {
  it("trusts EKS, which tags the session", () => {
    assert.deepEqual(policyDocument([assumeByPodIdentity()]).Statement, [
      {
        Sid: "AssumeByPods",
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
      },
    ]);
  });

  it("limits the session's tags to one service account", () => {
    const pods = { namespace: "berth-system", serviceAccount: "exporter" };
    const tags = {
      "aws:RequestTag/kubernetes-namespace": "berth-system",
      "aws:RequestTag/kubernetes-service-account": "exporter",
    };
    assert.deepEqual(assumeByPodIdentity(pods).conditions, { StringEquals: tags });
    assert.deepEqual(assumeByPodIdentity({ ...pods, clusterName: "one", accountId: "111122223333" }).conditions, {
      StringEquals: { ...tags, "aws:RequestTag/eks-cluster-name": "one", "aws:SourceAccount": "111122223333" },
    });
  });
});

describe("assumeByService", () => {
  it("trusts a service, narrowed where asked", () => {
    assert.deepEqual(policyDocument([assumeByService("ec2.amazonaws.com")]).Statement, [
      { Sid: "Assume", Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" },
    ]);
    const conditions = { StringEquals: { "aws:SourceAccount": "111122223333" } };
    assert.deepEqual(assumeByService("ec2.amazonaws.com", conditions).conditions, conditions);
  });
});
