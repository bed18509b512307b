import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ExitCode } from "../../../lifecycle/errors";
import { history } from "../../../lifecycle/history";
import type { KubeObject } from "../../../lifecycle/kube";
import { list } from "../../../lifecycle/list";
import { environmentName } from "../../../lifecycle/naming";
import { readRecords } from "../../../lifecycle/records";
import { findLease } from "../../../lifecycle/state";
import { status } from "../../../lifecycle/status";
import { simulatedCluster } from "./cluster";
import { commit, configFor, deployTo, destroyFrom, failsWith, image, kubeOf, requestFor } from "./support";

describe("an environment's life", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const name = environmentName("life", 1);

  before(() => {
    // The shared cluster may have seen earlier runs of these tests.
    rmSync(join(target().recordsDir, name.namespace), { recursive: true, force: true });
  });

  it("begins with a deploy that makes everything and says where it is", async () => {
    const result = await deployTo(target(), requestFor("life"));
    assert.equal(result.outcome, "done");
    assert.match(result.url, /^https:\/\/life-pr-1\.berth\.localhost/);
    assert.deepEqual(result.databases, ["postgresql"]);
    assert.equal(result.generation, 1);
    const [environment] = await list(target(), "life");
    assert.equal(environment?.state, "ready");
    assert.equal(environment.commit, commit("1"));
    assert.equal(environment.podsReady, 2);
  });

  it("finds nothing to do when asked again, and keeps its generation", async () => {
    const result = await deployTo(target(), requestFor("life"));
    assert.equal(result.outcome, "unchanged");
    assert.equal(result.generation, 1);
    // The platform's outputs are read each time.
    assert.deepEqual(
      Object.keys(result.changes).filter((op) => op !== "read"),
      ["same"],
    );
  });

  it("is updated in place by another commit", async () => {
    const kube = kubeOf(target());
    const claim = `/api/v1/namespaces/${name.namespace}/persistentvolumeclaims/postgresql-data`;
    const secret = `/api/v1/namespaces/${name.namespace}/secrets/postgresql`;
    const read = async () => ({
      claim: (await kube.get<KubeObject>(claim)).metadata.uid,
      password: (await kube.get<{ data: object }>(secret)).data,
    });
    const before = await read();
    const result = await deployTo(target(), requestFor("life", "2"));
    assert.equal(result.outcome, "done");
    assert.equal(result.generation > 1, true);
    assert.deepEqual(await read(), before);
    const { workloads, state } = await status(target(), name);
    assert.equal(state, "ready");
    assert.ok(workloads.some((pod) => pod.image === image("2")));
  });

  it("gives the Lease back, so that nobody waits", async () => {
    const lease = await findLease(kubeOf(target()), name.namespace);
    assert.equal(lease?.holder, undefined);
    assert.equal(lease?.commit, commit("2"));
  });

  it("is not another repository's", async () => {
    await deployTo(target(), requestFor("life", "3", { repository: "acme/life" }));
    await failsWith(deployTo(target(), requestFor("life", "3", { repository: "other/life" })), {
      exitCode: ExitCode.usage,
      message: /environment of acme\/life, not of other\/life/,
    });
  });

  it("refuses an image without a digest before anything is touched", async () => {
    const request = requestFor("refused", "1", { image: "ghcr.io/acme/app:latest" });
    await assert.rejects(deployTo(target(), request), /image/);
    assert.deepEqual(await list(target(), "refused"), []);
  });

  it("ends without a trace, and with a receipt that says so", async () => {
    const result = await destroyFrom(target(), "life");
    assert.equal(result.outcome, "done");
    assert.deepEqual(result.receipt.left, []);
    assert.ok(result.receipt.had.some(({ id }) => id === "life-pr-1/app"));
    assert.ok(result.receipt.typesChecked > 40, `${result.receipt.typesChecked} types`);
    assert.deepEqual(JSON.parse(readFileSync(result.receiptFile, "utf8")), result.receipt);
    assert.deepEqual(await list(target(), "life"), []);
    assert.equal(await findLease(kubeOf(target()), name.namespace), undefined);
  });

  it("is over when destroyed again", async () => {
    const result = await destroyFrom(target(), "life");
    assert.equal(result.outcome, "unchanged");
    assert.deepEqual(result.receipt.left, []);
  });

  it("stays in the history: who, what, when, how it ended, how long it took", async () => {
    const records = await history(target(), name);
    assert.deepEqual(records.map((record) => [record.verb, record.outcome, record.exitCode]).reverse(), [
      ["deploy", "done", 0],
      ["deploy", "unchanged", 0],
      ["deploy", "done", 0],
      ["deploy", "done", 0],
      ["deploy", "failed", 2],
      ["destroy", "done", 0],
      ["destroy", "unchanged", 0],
    ]);
    const [last] = records;
    assert.equal(last?.who, "test");
    assert.ok((last.durations["total"] ?? 0) > 0);
    assert.ok(records.every((record) => !Number.isNaN(Date.parse(record.time))));
    assert.equal(records.find((record) => record.verb === "deploy")?.commit, commit("3"));
    assert.equal((await readRecords(target(), "nobody-pr-1")).length, 0);
  });

  it("can begin again after its end", async () => {
    const result = await deployTo(target(), requestFor("life", "4", { config: configFor("life", { databases: {} }) }));
    assert.equal(result.outcome, "done");
    assert.deepEqual(result.databases, []);
    assert.deepEqual((await destroyFrom(target(), "life")).receipt.left, []);
  });
});
