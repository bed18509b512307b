import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExitCode } from "../../../lifecycle/errors";
import { list } from "../../../lifecycle/list";
import { environmentName } from "../../../lifecycle/naming";
import { findLease } from "../../../lifecycle/state";
import { status } from "../../../lifecycle/status";
import { simulatedCluster, spawnBerth } from "./cluster";
import { commit, configFor, deployTo, destroyFrom, failsWith, image, kubeOf, requestFor, writeConfig } from "./support";

describe("bad input to the command line", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const folder = mkdtempSync(join(tmpdir(), "berth-input-"));
  const deploy = (config: string, ...more: string[]) =>
    spawnBerth(target(), [
      "deploy",
      ...["--pr", "1", "--config", config, "--commit", commit("1"), "--branch", "b", "--image", image("1"), ...more],
    ]);
  const file = (text: string): string => {
    const path = join(folder, "berth.yaml");
    writeFileSync(path, text);
    return path;
  };

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const valid = "projectId: shop\n";
  const cases: [string, string, string[], RegExp][] = [
    ["a berth.yaml that is no YAML", "projectId: [", [], /not valid YAML[\s\S]*line/],
    ["an unknown key", `${valid}databses: {}\n`, [], /databses[\s\S]*databases/],
    ["a value of the wrong type", `${valid}app:\n  port: eighty\n`, [], /app\.port/],
    ["a project that fits no DNS name", "projectId: My_Shop\n", [], /projectId/],
    ["a number that is none", valid, ["--pr", "1a"], /--pr "1a" is not the number/],
    ["an image without a digest", valid, ["--image", "shop:latest"], /image/],
    ["a commit that is none", valid, ["--commit", "main"], /commit/],
    ["a time that is none", valid, ["--timeout", "soon"], /number of seconds/],
  ];
  for (const [what, text, more, message] of cases) {
    it(`such as ${what} ends in one error, and nothing is touched`, async () => {
      const run = deploy(file(text), ...more);
      assert.equal(await run.end(), ExitCode.usage, run.output);
      assert.match(run.output, message);
      assert.doesNotMatch(run.output, /^ {4}at /m);
      assert.deepEqual(await list(target(), "shop"), []);
    });
  }

  it("such as a berth.yaml that does not exist says how to name another", async () => {
    const run = deploy(join(folder, "nowhere.yaml"));
    assert.equal(await run.end(), ExitCode.usage);
    assert.match(run.output, /nowhere\.yaml[\s\S]*--config/);
  });

  it("shows a stack trace when asked", async () => {
    const run = spawnBerth(target(), ["--verbose", "status", "shop-pr-1"]);
    assert.equal(await run.end(), ExitCode.usage);
    assert.match(run.output, /there is no environment shop-pr-1[\s\S]*^ {4}at /m);
  });

  it("gives errors as JSON when asked, with the exit code", async () => {
    const run = spawnBerth(target(), ["--json", "status", "shop-pr-1"]);
    assert.equal(await run.end(), ExitCode.usage);
    const { error } = JSON.parse(run.stdout) as { error: { message: string; fix: string; exitCode: number } };
    assert.equal(error.exitCode, ExitCode.usage);
    assert.match(error.message, /there is no environment shop-pr-1/);
    assert.ok(error.fix.length > 0);
  });

  it("such as a cluster that does not run is told apart", async () => {
    const run = spawnBerth({ ...target(), name: "nobody-made-this" }, ["list"]);
    assert.equal(await run.end(), ExitCode.noCluster);
    assert.match(run.output, /nobody-made-this/);
  });

  it("such as a destroy that does not say of what asks for a name", async () => {
    const run = spawnBerth(target(), ["destroy"]);
    assert.equal(await run.end(), ExitCode.usage);
    assert.match(run.output, /--pr NUMBER/);
  });

  it("does not keep a destroy from working when the berth.yaml is broken", async () => {
    await deployTo(target(), requestFor("shop", "1", { config: configFor("shop", { databases: {} }) }));
    const broken = file("projectId: [");
    const run = spawnBerth(target(), ["destroy", "--pr", "1"], join(broken, ".."));
    assert.equal(await run.end(), 0, run.output);
    assert.match(run.output, /0 resources left/);
  });
});

describe("an image that cannot be pulled", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const name = environmentName("pull", 1);
  const missing = `localhost/berth/does-not-exist@sha256:${"9".repeat(64)}`;
  const config = writeConfig({ projectId: "pull" });

  it("fails the deploy in the pod's own words, long before its time is up", async () => {
    const begin = Date.now();
    const request = requestFor("pull", "1", { config: configFor("pull", { databases: {} }), image: missing });
    const error = await failsWith(deployTo(target(), request, { timeout: 200 }), {
      exitCode: ExitCode.environmentFailed,
      message: /pull-pr-1 did not become ready: pod app-\S+ \(container app\): (ErrImagePull|ImagePullBackOff)/,
    });
    assert.match(error.fix, /push the image, or correct --image/);
    assert.ok(Date.now() - begin < 120_000);
  });

  it("leaves an environment that is known to have failed, held by nobody", async () => {
    const found = await status(target(), name);
    assert.equal(found.state, "failed");
    assert.match(found.troubles.join("\n"), /ImagePull/);
    assert.equal((await findLease(kubeOf(target()), name.namespace))?.holder, undefined);
  });

  it("is told while the deploy waits", async () => {
    const waiting = spawnBerth(target(), [
      "deploy",
      ...["--pr", "1", "--config", config, "--commit", commit("2"), "--branch", "b", "--image", missing],
    ]);
    await waiting.until(/pod app-\S+ \(container app\): (ErrImagePull|ImagePullBackOff)/);
    assert.equal(await waiting.kill("SIGINT"), ExitCode.interrupted);
  });

  it("is mended by a deploy with another one", async () => {
    const request = requestFor("pull", "3", { config: configFor("pull", { databases: {} }) });
    assert.equal((await deployTo(target(), request)).outcome, "done");
    assert.deepEqual((await destroyFrom(target(), "pull")).receipt.left, []);
  });
});
