import assert from "node:assert/strict";
import { ExitCode } from "../../../lifecycle/errors";
import { leasesPath, newLease, withHolder, type LeaseObject } from "../../../lifecycle/lease";
import { list } from "../../../lifecycle/list";
import { environmentName } from "../../../lifecycle/naming";
import { thisProcess } from "../../../lifecycle/process";
import { simulatedCluster, spawnBerth } from "./cluster";
import { commit, configFor, deployTo, destroyFrom, failsWith, image, kubeOf, requestFor, writeConfig } from "./support";

const project = "together";
const name = environmentName(project, 1);
const request = (digit: string) => requestFor(project, digit, { config: configFor(project) });

describe("two commands on one environment", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const config = writeConfig({ projectId: project, databases: { postgresql: true } });
  const start = (digit: string) =>
    spawnBerth(target(), [
      "--verbose",
      "deploy",
      ...["--pr", "1", "--config", config, "--commit", commit(digit), "--branch", "feature", "--image", image(digit)],
    ]);

  beforeEach(async () => {
    await destroyFrom(target(), project);
  });

  after(async () => {
    await destroyFrom(target(), project);
  });

  it("that want the same both succeed, and the work is done once", async () => {
    const results = await Promise.all([deployTo(target(), request("1")), deployTo(target(), request("1"))]);
    assert.deepEqual(results.map((result) => result.outcome).sort(), ["done", "unchanged"]);
  });

  it("that want different commits end with the newer one", async () => {
    const older = start("1");
    await older.until(/creating Namespace/);
    const newer = await deployTo(target(), request("2"));
    assert.equal(await older.end(), ExitCode.busy);
    assert.match(older.output, /a newer .*has taken the place of this one/);
    assert.equal(newer.outcome, "done");
    const [environment] = await list(target(), project);
    assert.equal(environment?.commit, commit("2"));
    assert.equal(environment.state, "ready");
  });

  it("of which one destroys end with nothing left", async () => {
    const deploying = start("1");
    await deploying.until(/creating NetworkPolicy/);
    const { receipt } = await destroyFrom(target(), project);
    assert.equal(await deploying.end(), ExitCode.busy);
    assert.deepEqual(receipt.left, []);
    assert.deepEqual(await list(target(), project), []);
  });

  it("of which one is on a machine that has died wait until its Lease has run out", async () => {
    const elsewhere = { ...thisProcess(), host: "elsewhere" };
    const kube = kubeOf(target());
    await kube.post(
      leasesPath,
      withHolder(newLease(name.namespace), "x@elsewhere/1", elsewhere, "present", Date.now(), 4),
    );
    const begin = Date.now();
    const result = await deployTo(target(), request("1"));
    assert.ok(Date.now() - begin > 2_500, "it waited");
    assert.equal(result.outcome, "done");
  });

  it("of which one works elsewhere and does not end give up after a while and touch nothing", async () => {
    const elsewhere = { ...thisProcess(), host: "elsewhere" };
    const kube = kubeOf(target());
    const held = withHolder(newLease(name.namespace), "bob@elsewhere/1", elsewhere, "present", Date.now(), 600);
    await kube.post(leasesPath, held);
    await failsWith(deployTo(target(), request("1"), { patience: 1 }), {
      exitCode: ExitCode.busy,
      message: /still being worked on by bob@elsewhere\/1/,
    });
    assert.equal(await kube.find(`/api/v1/namespaces/${name.namespace}`), undefined);
    const lease = await kube.get<LeaseObject>(`${leasesPath}/${name.namespace}`);
    assert.equal(lease.spec?.holderIdentity, "bob@elsewhere/1");
    await kube.delete(`${leasesPath}/${name.namespace}`);
  });
});
