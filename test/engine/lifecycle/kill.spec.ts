import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { ExitCode } from "../../../lifecycle/errors";
import { environmentName } from "../../../lifecycle/naming";
import { readLocks } from "../../../lifecycle/lock";
import { readState } from "../../../lifecycle/recovery";
import { orphansOf } from "../../../lifecycle/run-id";
import { findLease } from "../../../lifecycle/state";
import { simulatedCluster, spawnBerth } from "./cluster";
import {
  commit,
  configFor,
  deployTo,
  destroyFrom,
  image,
  kubeOf,
  requestFor,
  writeConfig,
  type BerthProcess,
} from "./support";

/** When a deploy is killed: at the first line of its progress that looks like this. */
const moments: [string, RegExp][] = [
  ["when it has the Lease", /deploying kill-pr-1/],
  ["while the namespace is made", /creating Namespace/],
  ["while the fences are made", /creating NetworkPolicy/],
  ["while the database is made", /creating StatefulSet/],
  ["while it waits for the app", /creating Deployment/],
];

describe("a deploy that is killed", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const name = environmentName("kill", 1);
  const config = writeConfig({ projectId: "kill", databases: { postgresql: true } });

  const start = (digit: string): BerthProcess =>
    spawnBerth(target(), [
      "--verbose",
      "deploy",
      ...["--pr", "1", "--config", config, "--commit", commit(digit), "--branch", "feature", "--image", image(digit)],
    ]);

  const assertQuiet = async () => {
    assert.deepEqual(orphansOf(target(), name.stack), []);
    assert.deepEqual(await readLocks(target(), name.stack), []);
    assert.deepEqual((await readState(target(), name.stack))?.pending, []);
    assert.equal((await findLease(kubeOf(target()), name.namespace))?.holder, undefined);
  };

  before(async function () {
    // The platform is not what is being killed here.
    await deployTo(target(), requestFor("first", "1", { config: configFor("first", { databases: {} }) }));
    await destroyFrom(target(), "first");
  });

  beforeEach(async function () {
    await destroyFrom(target(), "kill");
  });

  moments.forEach(([moment, pattern], index) => {
    it(`${moment} is completed by the next deploy`, async () => {
      const killed = start("1");
      await killed.until(pattern);
      assert.equal(await killed.kill(), null);
      const digit = String(index + 2);
      const result = await deployTo(target(), requestFor("kill", digit));
      assert.equal(result.outcome, "done");
      await assertQuiet();
      assert.equal((await deployTo(target(), requestFor("kill", digit))).outcome, "unchanged");
      assert.deepEqual((await destroyFrom(target(), "kill")).receipt.left, []);
    });

    it(`${moment} is removed by the next destroy`, async () => {
      const killed = start("1");
      await killed.until(pattern);
      await killed.kill();
      const { receipt } = await destroyFrom(target(), "kill");
      assert.deepEqual(receipt.left, []);
      assert.deepEqual(orphansOf(target(), name.stack), []);
    });
  });

  it("together with its engine is completed by the next deploy", async () => {
    const killed = start("1");
    await killed.until(/creating StatefulSet/);
    const engine = (await readLocks(target(), name.stack))?.[0];
    assert.ok(engine !== undefined && engine.pid > 0);
    await killed.kill();
    process.kill(engine.pid, "SIGKILL");
    const state = await readState(target(), name.stack);
    assert.ok(state !== undefined && state.pending.length > 0, "the engine was killed in the middle of something");
    assert.equal((await deployTo(target(), requestFor("kill", "2"))).outcome, "done");
    await assertQuiet();
    assert.deepEqual((await destroyFrom(target(), "kill")).receipt.left, []);
  });

  it("during an update keeps what was there, and the next one goes on", async () => {
    await deployTo(target(), requestFor("kill", "1"));
    const killed = start("2");
    await killed.until(/updating Deployment/);
    await killed.kill();
    assert.equal((await deployTo(target(), requestFor("kill", "3"))).outcome, "done");
    await assertQuiet();
    assert.deepEqual((await destroyFrom(target(), "kill")).receipt.left, []);
  });

  it("by Ctrl-C ends cleanly, says so, and lets go of everything", async () => {
    const stopped = start("1");
    await stopped.until(/creating NetworkPolicy/);
    assert.equal(await stopped.kill("SIGINT"), ExitCode.interrupted);
    assert.match(stopped.output, /stopping cleanly/);
    assert.match(stopped.output, /error: interrupted/);
    await assertQuiet();
    assert.equal((await deployTo(target(), requestFor("kill", "2"))).outcome, "done");
    assert.deepEqual((await destroyFrom(target(), "kill")).receipt.left, []);
  });
});

describe("a destroy", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const name = environmentName("kill", 1);

  it("that is killed is completed by the next one", async () => {
    await deployTo(target(), requestFor("kill", "1"));
    const killed = spawnBerth(target(), ["--verbose", "destroy", name.namespace]);
    await killed.until(/deleting Namespace/);
    await killed.kill();
    assert.deepEqual((await destroyFrom(target(), "kill")).receipt.left, []);
  });

  it("that is killed may be followed by a deploy, which waits until everything has gone", async () => {
    await deployTo(target(), requestFor("kill", "1"));
    const killed = spawnBerth(target(), ["--verbose", "destroy", name.namespace]);
    await killed.until(/deleting Namespace/);
    await killed.kill();
    assert.equal((await deployTo(target(), requestFor("kill", "2"))).outcome, "done");
    assert.deepEqual((await destroyFrom(target(), "kill")).receipt.left, []);
  });

  it("works when the state is lost", async () => {
    await deployTo(target(), requestFor("kill", "1"));
    const backend = new URL(target().env["PULUMI_BACKEND_URL"] ?? "").pathname;
    rmSync(`${backend}/.pulumi/stacks/berth/${name.stack}.json`);
    const { receipt } = await destroyFrom(target(), "kill");
    assert.deepEqual(receipt.removedByLabel, [`Namespace ${name.namespace}`]);
    assert.deepEqual(receipt.left, []);
  });
});
