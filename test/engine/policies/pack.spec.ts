import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import type { EngineEvent, PolicyEvent } from "@pulumi/pulumi/automation";
import { parse } from "yaml";
import type { GithubInput } from "../../../config/github";
import { loadConfig } from "../../../config/load";
import { configuredAs } from "../../../lifecycle/deploy";
import { runEngine } from "../../../lifecycle/engine";
import { environmentName } from "../../../lifecycle/naming";
import { ensurePlatform } from "../../../lifecycle/platform";
import { silent } from "../../../lifecycle/progress";
import { runIdFor } from "../../../lifecycle/run-id";
import { createStack } from "../../../lifecycle/update";
import { writeProject, writeStackConfig } from "../../../lifecycle/workspace";
import { githubStack } from "../../../stacks/github";
import { testCluster, type TestCluster } from "../../support/cluster";
import { ClusterStack, exampleCluster } from "../cloud/cluster-support";
import { openGithub } from "../cloud/github-support";
import { simulatedCluster } from "../lifecycle/cluster";
import { destroyFrom, kubeOf, requestFor } from "../lifecycle/support";
import { TestStack, uniqueName, type Outcome } from "../provider/support";

const root = join(__dirname, "../../..");
const pack = join(root, "policies");

/** The real pack, as the engine runs it: compiled, in a process of its own. */
describe("the policy pack on the engine", function () {
  this.timeout(120_000);
  const target = simulatedCluster();
  let cluster: TestCluster;
  before(async () => (cluster = await testCluster()));

  /** What a program that breaks several rules makes. */
  const broken = (namespace: string) => () => {
    const environment = new kubernetes.core.v1.Namespace("environment", {
      metadata: {
        name: namespace,
        labels: {
          "berth.dev/owner": "alice",
          "berth.dev/project": "bad",
          "berth.dev/pr": "1",
          "berth.dev/trust": "internal",
          "berth.dev/commit": "0".repeat(40),
          "berth.dev/environment": namespace,
          "pod-security.kubernetes.io/enforce": "restricted",
        },
      },
    });
    new kubernetes.networking.v1.NetworkPolicy(
      "out",
      {
        metadata: { name: "out", namespace },
        spec: {
          podSelector: {},
          policyTypes: ["Egress"],
          egress: [
            { to: [{ ipBlock: { cidr: "0.0.0.0/1" } }, { ipBlock: { cidr: "128.0.0.0/1" } }], ports: [{ port: 443 }] },
          ],
        },
      },
      { dependsOn: environment },
    );
  };

  const refusedBy = (message: string, ...names: string[]) => {
    for (const name of names) assert.match(message, new RegExp(name));
  };

  describe("a stack of a pull request that opens the world", () => {
    const namespace = uniqueName("bad");
    let stack: TestStack;
    let folder: string;
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "berth-pack-"));
      stack = await TestStack.openWith(cluster, {}, { stackName: "pr-bad-1", policyPacks: [pack] });
      stack.program = broken(namespace);
    });
    after(async () => {
      await stack.close();
      await rm(folder, { recursive: true, force: true });
    });

    it("is refused in the preview, with what is wrong and how to correct it", async () => {
      const message = await stack.failing(stack.preview(), /no-world-egress/, /100\.0 % of all addresses of IPv4/);
      refusedBy(message, "no-reserved-egress", "169\\.254\\.169\\.254/32", "fix: name the ranges and ports");
    });

    it("is refused in the update, before the policy exists", async () => {
      await stack.failing(stack.up(), /no-world-egress/);
      assert.deepEqual(
        (await stack.resources()).filter(({ type }) => type.endsWith(":NetworkPolicy")),
        [],
      );
    });

    it("is let through where the pack's config takes the rules back, which then only tell", async () => {
      const config = join(folder, "config.json");
      const advisory = { enforcementLevel: "advisory" };
      await writeFile(config, JSON.stringify({ "no-world-egress": { share: 1 }, "no-reserved-egress": advisory }));
      const lenient = await TestStack.openWith(
        cluster,
        {},
        { stackName: "pr-bad-1", policyPacks: [pack], policyPackConfigs: [config] },
      );
      try {
        const found = policiesOf(await lenient.preview(broken(`${namespace}-lenient`)));
        assert.deepEqual([...new Set(found)], ["expiry-set advisory", "no-reserved-egress advisory"]);
      } finally {
        await lenient.close();
      }
    });
  });

  it("lets the guestbook through, in the preview of a new environment and in its update", async () => {
    const config = loadConfig(join(root, "examples/guestbook/berth.yaml"));
    const request = requestFor("packed", "1", { config: { ...config, projectId: "packed" } });
    const { stack } = environmentName("packed", 1);
    await writeProject(target());
    await ensurePlatform(target(), kubeOf(target()), silent);
    await createStack(target(), stack);
    await writeStackConfig(
      target(),
      stack,
      await configuredAs(target(), kubeOf(target()), environmentName("packed", 1), request),
    );
    try {
      for (const args of [["preview"], ["up", "--yes", "--skip-preview"]]) {
        const found: string[] = [];
        const onEvent = (event: object) => {
          const { policyEvent } = event as EngineEvent;
          if (policyEvent) found.push(nameOf(policyEvent));
        };
        const all = [...args, "--json", "--stack", stack, "--policy-pack", pack];
        const env = { ...target().env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
        const result = await runEngine({ ...target(), env }, all, { runId: runIdFor(target(), stack), onEvent });
        assert.equal(result.code, 0, [...result.summary.errors, result.stderr].join("\n"));
        assert.deepEqual([...new Set(found)], ["expiry-set advisory"]);
      }
    } finally {
      await destroyFrom(target(), "packed");
    }
    assert.equal(await kubeOf(target()).find("/api/v1/namespaces/packed-pr-1"), undefined);
  });

  for (const file of ["Pulumi.cluster.example.yaml", "Pulumi.cluster-large.example.yaml"]) {
    it(`lets ${file} through, and says what only the update can tell`, async () => {
      const stack = await ClusterStack.open(file.includes("large") ? "cluster-large" : "cluster");
      try {
        await stack.configure(await exampleCluster(file));
        const { policies } = await stack.preview({ policyPacks: [pack] });
        const levels = new Set(policies.map(({ enforcementLevel }) => enforcementLevel));
        assert.deepEqual([...levels], ["advisory"]);
        const undecided = policies.filter(({ message }) => message.includes("can't be known during preview"));
        assert.ok(undecided.some(({ policyName }) => policyName === "trust-exact-audience-and-subject"));
        const told = policies.filter((one) => !undecided.includes(one)).map(({ policyName }) => policyName);
        assert.deepEqual([...new Set(told)], ["budget-present"]);
      } finally {
        await stack.close();
      }
    });
  }

  it("lets Pulumi.github.example.yaml through", async () => {
    const opened = await openGithub({ teams: ["maintainers"] }, undefined, {
      stackName: "github",
      policyPacks: [pack],
    });
    const { fake, stack } = opened;
    try {
      for (const name of ["shop", "handbook"]) await fake.addRepository("acme", name, { visibility: "public" });
      const { config } = parse(await readFile(join(root, "Pulumi.github.example.yaml"), "utf8")) as {
        config: { "berth:github": GithubInput };
      };
      const given = config["berth:github"];
      const teams = Object.fromEntries(
        Object.keys(given.teams ?? {}).map((slug) => [slug, fake.team("acme", slug).id]),
      );
      const github = { ...given, teams, baseUrl: fake.url, writeDelayMs: 0 };
      await stack.stack.setConfig("berth:github", { value: JSON.stringify(github) });
      await stack.stack.setConfig("berth:githubToken", { value: fake.token, secret: true });
      await stack.stack.setConfig("berth:githubSecret-NPM_TOKEN", { value: "hunter2", secret: true });
      for (const outcome of [await stack.preview(githubStack), await stack.up()]) {
        assert.deepEqual(policiesOf(outcome), []);
        assert.match(outcome.output, /berth@v0\.1\.0/);
      }
    } finally {
      await opened.close();
    }
  });
});

function nameOf({ policyName, enforcementLevel }: Pick<PolicyEvent, "policyName" | "enforcementLevel">): string {
  return `${policyName} ${enforcementLevel}`;
}

function policiesOf({ events }: Outcome): string[] {
  return events.flatMap(({ policyEvent }) => (policyEvent ? [nameOf(policyEvent)] : [])).sort();
}
