import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExitCode } from "../../../lifecycle/errors";
import type { KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { ensurePlatform } from "../../../lifecycle/platform";
import { judgedKey } from "../../../lifecycle/policies";
import { preview, type PreviewResult } from "../../../lifecycle/preview";
import { silent } from "../../../lifecycle/progress";
import { readRecords } from "../../../lifecycle/records";
import { readState } from "../../../lifecycle/recovery";
import { rotate } from "../../../lifecycle/rotate";
import { readStackConfig, stackFile } from "../../../lifecycle/workspace";
import { simulatedCluster, spawnBerth } from "../lifecycle/cluster";
import {
  commit,
  configFor,
  deployTo,
  destroyFrom,
  failsWith,
  image,
  kubeOf,
  requestFor,
  writeConfig,
} from "../lifecycle/support";

const project = "judged";
const name = environmentName(project, 1);
const root = join(__dirname, "../../..");
const pack = join(root, "policies");
const config = configFor(project);
const request = (digit: string) => requestFor(project, digit, { config });

/** A pack with one rule that only an update can decide, and that every environment breaks. */
const LATE_PACK = `
const { PolicyPack } = require("@pulumi/policy");
new PolicyPack("late", {
  policies: [{
    name: "no-namespace",
    description: "Checks that there is no namespace.",
    enforcementLevel: "mandatory",
    validateStack: ({ resources }, report) => {
      const namespace = resources.find(({ type }) => type === "kubernetes:core/v1:Namespace");
      if (namespace && namespace.props.metadata.uid) report("there is one", namespace.urn);
    },
  }],
});
`;

/** Berth's commands with the policy pack that comes with it. The rule expiry-set is broken by every environment: its date is set by the lifecycle. */
describe("the rules, asked by preview, deploy and rotate", function () {
  this.timeout(180_000);
  const target = simulatedCluster();
  let folder: string;
  let strict: string;

  const namespaceOf = () => kubeOf(target()).find<KubeObject>(`/api/v1/namespaces/${name.namespace}`);
  const commitOf = async () => (await namespaceOf())?.metadata.labels?.["berth.dev/commit"];
  const passwordOf = async () => {
    const path = `/api/v1/namespaces/${name.namespace}/secrets/postgresql`;
    return (await kubeOf(target()).get<{ data: Record<string, string> }>(path)).data["PGPASSWORD"];
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-report-"));
    strict = join(folder, "strict.json");
    await writeFile(strict, '{ "expiry-set": "mandatory" }');
    await ensurePlatform(target(), kubeOf(target()), silent);
    await destroyFrom(target(), project);
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
    assert.deepEqual((await destroyFrom(target(), project)).receipt.left, []);
  });

  it("are reported by a preview in every format, with what passed and what is broken", async () => {
    const file = writeConfig({ projectId: project, databases: { postgresql: true } });
    const args = ["--pr", "1", "--config", file, "--commit", commit("1"), "--branch", "b", "--image", image("1")];
    const formats = ["text", "sarif", "junit", "markdown"];
    const reports = formats.flatMap((format) => ["--report", `${format}=${join(folder, format)}`]);
    const run = spawnBerth(target(), ["preview", ...args, ...reports, "--report", "json=-"]);
    assert.equal(await run.end(), ExitCode.ok, run.output);
    const { policies, changes } = JSON.parse(run.stdout) as PreviewResult;
    assert.ok(policies);
    assert.ok(changes.some(({ object }) => object.startsWith("NetworkPolicy ")));
    assert.deepEqual(policies.packs, ["berth@0.1.0"]);
    assert.deepEqual(
      policies.findings.map(({ rule, level }) => [rule, level]),
      [["expiry-set", "advisory"]],
    );
    const passed = policies.passed.map(({ rule }) => rule);
    for (const rule of ["no-world-egress", "namespace-has-owner", "namespace-has-quota"])
      assert.ok(passed.includes(rule), rule);
    for (const { rule } of policies.undecided) assert.ok(!passed.includes(rule), rule);
    assert.ok(policies.notApplicable.includes("one-zone-per-node-group"));

    const [text = "", sarif = "", junit = "", markdown = ""] = await Promise.all(
      formats.map((format) => readFile(join(folder, format), "utf8")),
    );
    assert.match(text, /^advisory: expiry-set: Namespace /m);
    assert.match(sarif, /"ruleId": "expiry-set"/);
    assert.match(junit, /<testcase classname="policies\.egress" name="no-world-egress"\/>/);
    assert.match(markdown, /^### ✅ <code>judged-pr-1<\/code> would be new/m);

    const strictly = spawnBerth(target(), ["preview", ...args, "--policy-pack-config", strict]);
    assert.equal(await strictly.end(), ExitCode.policy, strictly.output);
    assert.match(strictly.output, /mandatory: expiry-set/);
    assert.equal(existsSync(stackFile(target(), name.stack)), false);
  });

  it("refuse a deploy before anything is made, and say so in the record", async () => {
    await failsWith(deployTo(target(), request("1"), { policies: { pack, config: strict } }), {
      exitCode: ExitCode.policy,
      message: /judged-pr-1 breaks mandatory rules \(nothing has been changed\):\n {2}expiry-set: Namespace /,
    });
    assert.equal(await namespaceOf(), undefined);
    assert.deepEqual((await readState(target(), name.stack))?.resources, []);
    assert.equal((await readStackConfig(target(), name.stack))?.["berth:config"], undefined);
    const [record] = await readRecords(target(), name.namespace);
    assert.deepEqual([record?.outcome, record?.exitCode], ["failed", ExitCode.policy]);
    assert.deepEqual(record?.policies, {
      packs: ["berth@0.1.0"],
      mandatory: ["expiry-set"],
      advisory: [],
      undecided: [],
      configured: ["expiry-set"],
    });
  });

  it("refuse at the update what a preview cannot tell, and no wake can repeat it", async () => {
    const late = join(folder, "late");
    await writePack(late);
    // Only of a namespace that is new the UID is not known.
    assert.equal(await namespaceOf(), undefined);
    const { policies } = await preview(target(), request("3"), { policies: { pack: late } });
    assert.deepEqual(
      policies?.undecided.map(({ rule }) => rule),
      ["no-namespace"],
    );
    assert.deepEqual(policies.passed, []);
    await failsWith(deployTo(target(), request("3"), { policies: { pack: late } }), {
      exitCode: ExitCode.policy,
      message: /a preview could not tell; .*\n {2}no-namespace: Namespace /,
    });
    assert.equal((await readStackConfig(target(), name.stack))?.["berth:config"], undefined);
  });

  it("let a deploy through that breaks advisory ones, and are not asked twice before the update", async () => {
    const first = await deployTo(target(), request("1"), { policies: { pack } });
    assert.equal(first.outcome, "done");
    assert.ok(first.policies && "advisory" in first.policies);
    assert.deepEqual([first.policies.advisory, first.policies.undecided], [["expiry-set"], []]);
    const judged = (await readStackConfig(target(), name.stack))?.[judgedKey];
    assert.equal(typeof judged, "string");
    const again = await deployTo(target(), request("1"), { policies: { pack } });
    assert.equal(again.outcome, "unchanged");
    assert.ok((again.durations["policies"] ?? 99) < 0.3, JSON.stringify(again.durations));
    assert.equal((await readStackConfig(target(), name.stack))?.[judgedKey], judged);
  });

  it("refuse an update and a rotation of what is there, which stays", async () => {
    const policies = { pack, config: strict };
    const before = await passwordOf();
    const refused = { exitCode: ExitCode.policy, message: /nothing has been changed/ };
    await failsWith(deployTo(target(), request("2"), { policies }), refused);
    await failsWith(rotate(target(), name, { who: "test", timeout: 120, patience: 120, policies }), refused);
    assert.equal(await commitOf(), commit("1"));
    assert.equal(await passwordOf(), before);
    const last = await readStackConfig(target(), name.stack);
    assert.equal((last?.["berth:pr"] as { commit: string }).commit, commit("1"));
    assert.equal(last?.["berth:rotate"], undefined);
  });

  it("may be left out for a reason, which stands in the record", async () => {
    const result = await deployTo(target(), request("4"), { policies: { leftOut: "an outage" } });
    assert.deepEqual(result.policies, { leftOut: "an outage" });
    const [record] = await readRecords(target(), name.namespace);
    assert.deepEqual([record?.outcome, record?.policies], ["done", { leftOut: "an outage" }]);
  });
});

/** Writes the pack of the test, with the packages of this repository. */
async function writePack(folder: string): Promise<void> {
  await mkdir(folder);
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await writeFile(join(folder, "PulumiPolicy.yaml"), "runtime:\n  name: nodejs\n  options:\n    typescript: false\n");
  await writeFile(join(folder, "package.json"), '{ "name": "late", "version": "0.1.0", "main": "index.js" }');
  await writeFile(join(folder, "index.js"), LATE_PACK);
}
