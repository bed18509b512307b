import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { gitHubSubject } from "../../components/iam/trust";
import type { GithubOutputs } from "../../stacks/github";
import program from "../../stacks";
import { record } from "../support/mocks";
import type { Recording, Registration } from "../support/mocks";

/*
 * The graphs of the example stacks of GitHub repositories, for reading in review. UPDATE_GOLDEN=1 writes the files anew. Repositories
 * whose graphs differ in the name only are written once, with the names of the others.
 */

/** Stack of each example, and the keys that its first lines ask for. */
const EXAMPLES = {
  github: ["githubToken", "githubSecret-NPM_TOKEN"],
  "github-large": ["githubAppKey", "githubSecret-NPM_TOKEN", "githubSecret-PAYMENTS_API_KEY"],
};

/** The config of a committed example, without the namespace of its keys. */
function example(stack: string): Record<string, unknown> {
  const text = readFileSync(join(__dirname, "..", "..", `Pulumi.${stack}.example.yaml`), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^berth:/, ""), value]));
}

function run(stack: string, encrypted: string[]): Promise<Recording> {
  const secrets = Object.fromEntries(encrypted.map((key) => [key, `value of ${key}`]));
  return record(program, { stack, config: { ...example(stack), ...secrets }, encrypted });
}

const REPOSITORY = "berth:github-repository:GithubRepository";

describe("golden resource graphs of GitHub repositories", () => {
  const recordings: Record<string, Recording> = {};
  before(async () => {
    for (const [stack, encrypted] of Object.entries(EXAMPLES)) recordings[stack] = await run(stack, encrypted);
  });
  const recordingOf = (stack: string): Recording => {
    const recording = recordings[stack];
    assert.ok(recording);
    return recording;
  };

  for (const stack of Object.keys(EXAMPLES)) {
    it(stack, () => {
      const file = join(__dirname, `${stack === "github" ? "github-small" : stack}.json`);
      const text = `${JSON.stringify(fold(recordingOf(stack).registrations), sortKeys, 2)}\n`;
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
      assert.ok(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`);
      assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(file, "utf8")), `what is made differs from ${file}`);
    });
  }

  it("have 50 repositories from one list in the large one", () => {
    const recording = recordingOf("github-large");
    const types = recording.registrations.map(({ type }) => type.split(":").at(-1) ?? type);
    const counts = Object.fromEntries(types.map((type) => [type, types.filter((other) => other === type).length]));
    assert.deepEqual(counts, {
      ActionsEnvironmentSecret: 1,
      ActionsRepositoryOidcSubjectClaimCustomizationTemplate: 50,
      ActionsSecret: 50,
      ActionsVariable: 50,
      GithubApp: 1,
      GithubRepository: 50,
      IssueLabel: 200,
      Repository: 50,
      RepositoryDependabotSecurityUpdates: 50,
      // One open-source repository has no environment, the 49 others have three.
      RepositoryEnvironment: 147,
      RepositoryEnvironmentDeploymentPolicy: 98,
      RepositoryRuleset: 50,
      RepositoryVulnerabilityAlerts: 50,
      github: 1,
    });
    const names = recording.registrations.map(({ type, name }) => `${type} ${name}`);
    assert.equal(new Set(names).size, names.length);
  });

  it("have the environments that the example clusters trust, for a repository's own subject", () => {
    for (const [github, cluster] of [
      ["github", "cluster"],
      ["github-large", "cluster-large"],
    ] as const) {
      const { subjects } = recordingOf(github).result as GithubOutputs;
      const trusts = trustsOf(example(cluster));
      assert.ok(trusts.length > 0);
      for (const { repository, environment } of trusts) {
        const subject = subjects[repository.replace("acme/", "")]?.[environment];
        assert.equal(subject, gitHubSubject({ repository, environment }), `${cluster} trusts what ${github} lacks`);
      }
    }
  });
});

interface Trust {
  repository: string;
  environment: string;
}

/** Every repository and environment whose jobs get a role of a cluster's stack. */
function trustsOf(config: Record<string, unknown>): Trust[] {
  const { access, registry } = config["cluster"] as {
    access: { deployers: { github: Trust }[] };
    registry: { repositories: { push: { repository: string; environments: string[] } }[] };
  };
  return [
    ...access.deployers.map(({ github }) => github),
    ...registry.repositories.flatMap(({ push: { repository, environments } }) =>
      environments.map((environment) => ({ repository, environment })),
    ),
  ];
}

/** The graph with repositories that are alike written once. */
function fold(registrations: readonly Registration[]): unknown {
  const sorted = [...registrations].sort((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
  const names = sorted.filter(({ type }) => type === REPOSITORY).map(({ name }) => name);
  const alike = new Map<string, { resources: Registration[]; alsoFor: string[] }>();
  for (const name of names) {
    const resources = sorted.filter((one) => one.parent === name);
    const shape = JSON.stringify(resources).replaceAll(`"${name}"`, '"*"').replaceAll(`"${name}-`, '"*-');
    const same = alike.get(shape);
    if (same) same.alsoFor.push(name);
    else alike.set(shape, { resources, alsoFor: [] });
  }
  return {
    shared: sorted.filter(({ parent, type }) => parent === undefined && type !== REPOSITORY),
    repositories: [...alike.values()],
  };
}

/** Orders the keys of objects, so that the files do not depend on the order in which code names them. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
