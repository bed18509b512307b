import assert from "node:assert/strict";
import { ExitCode } from "../../../lifecycle/errors";
import { pause, type KubeList, type KubeObject } from "../../../lifecycle/kube";
import { list } from "../../../lifecycle/list";
import { environmentName } from "../../../lifecycle/naming";
import { readRecords } from "../../../lifecycle/records";
import { setAsleep, sleepDue } from "../../../lifecycle/sleep";
import type { Pod } from "../../../lifecycle/trouble";
import { simulatedCluster } from "./cluster";
import { configFor, deployTo, destroyFrom, failsWith, kubeOf, requestFor } from "./support";

interface Job extends KubeObject {
  spec: { suspend: boolean };
}

describe("an environment that sleeps", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const name = environmentName("nap", 1);
  const path = `/api/v1/namespaces/${name.namespace}`;
  const how = { who: "test", timeout: 120 };
  const config = configFor("nap", { ttl: "1d", sleep: { after: "10m" } });
  const state = async () => (await list(target(), "nap"))[0];
  const pods = async () => (await kubeOf(target()).get<KubeList>(`${path}/pods`)).items.length;
  const annotate = (annotations: object) => kubeOf(target()).patch(path, { metadata: { annotations } });
  const secondsUntil = (time = "") => Math.round((Date.parse(time) - Date.now()) / 1000);

  after(() => destroyFrom(target(), "nap"));

  it("has its dates from its deploy", async () => {
    await deployTo(target(), requestFor("nap", "1", { config }));
    const { expires, sleeps } = (await state()) ?? assert.fail();
    assert.ok(Math.abs(secondsUntil(expires) - 86_400) < 60, expires);
    assert.ok(Math.abs(secondsUntil(sleeps) - 600) < 60, sleeps);
  });

  it("moves them with each deploy, one that changes nothing included", async () => {
    await annotate({ "berth.dev/expires-at": "2026-01-01T00:00:00Z" });
    assert.equal((await deployTo(target(), requestFor("nap", "1", { config }))).outcome, "unchanged");
    assert.ok(secondsUntil((await state())?.expires) > 86_000);
  });

  it("has no pods and keeps its volume, its password and its quota", async () => {
    const kept = async () => {
      const kube = kubeOf(target());
      const claim = await kube.get<KubeObject>(`${path}/persistentvolumeclaims/postgresql-data`);
      const secret = await kube.get<{ data: object }>(`${path}/secrets/postgresql`);
      return [claim.metadata.uid, secret.data];
    };
    const before = await kept();
    const result = await setAsleep(target(), name, true, how);
    assert.equal(result.outcome, "done");
    assert.equal(await pods(), 0);
    assert.deepEqual(await kept(), before);
    const { state: now, sleeps } = (await state()) ?? assert.fail();
    assert.deepEqual([now, sleeps], ["asleep", ""]);
    assert.equal((await setAsleep(target(), name, true, how)).outcome, "unchanged");
  });

  it("runs again when it is woken, or deployed", async () => {
    assert.equal((await setAsleep(target(), name, false, how)).outcome, "done");
    assert.deepEqual([(await state())?.state, await pods()], ["ready", 2]);
    await setAsleep(target(), name, true, how);
    assert.equal((await deployTo(target(), requestFor("nap", "1", { config }))).outcome, "done");
    assert.deepEqual([(await state())?.state, await pods()], ["ready", 2]);
  });

  it("falls asleep by --due only when its time has come", async () => {
    assert.ok(!(await sleepDue(target(), how)).asleep.includes(name.namespace));
    await annotate({ "berth.dev/sleep-at": "2026-01-01T00:00:00Z" });
    const due = await sleepDue(target(), how);
    assert.ok(due.asleep.includes(name.namespace));
    assert.equal((await state())?.state, "asleep");
  });

  it("loses its dates with the config's fields", async () => {
    await deployTo(target(), requestFor("nap", "1", { config: configFor("nap") }));
    const { expires, sleeps } = (await state()) ?? assert.fail();
    assert.deepEqual([expires, sleeps], ["", ""]);
  });

  const migrate = { name: "migrate", command: ["migrate"] };
  const deployJob = (digit: string, job: object) =>
    deployTo(target(), requestFor("nap", digit, { config: configFor("nap", { jobs: [job] }) }));
  const job = async () => {
    const jobs = `/apis/batch/v1/namespaces/${name.namespace}/jobs`;
    const { items } = await kubeOf(target()).get<KubeList<Job>>(jobs);
    const [{ metadata, spec } = assert.fail("no job"), ...others] = items;
    assert.deepEqual(others, []);
    return { uid: metadata.uid, suspend: spec.suspend };
  };

  it("runs no job, and none again that has ended well", async () => {
    await deployJob("2", migrate);
    const done = await job();
    assert.equal(done.suspend, false);
    await setAsleep(target(), name, true, how);
    assert.deepEqual(await job(), { ...done, suspend: true });
    assert.equal((await setAsleep(target(), name, true, how)).outcome, "unchanged");
    await setAsleep(target(), name, false, how);
    assert.deepEqual([(await state())?.state, await job()], ["ready", done]);
  });

  it("falls asleep after a job that did not end, without waiting for it or for its databases", async () => {
    const image = `localhost/berth/does-not-exist@sha256:${"0".repeat(64)}`;
    await failsWith(deployJob("3", { ...migrate, image }), {
      exitCode: ExitCode.environmentFailed,
      message: /pod job-migrate-\S+ \(container migrate\): ImagePullBackOff/,
    });
    const begin = Date.now();
    assert.equal((await setAsleep(target(), name, true, how)).outcome, "done");
    assert.ok(Date.now() - begin < 60_000, `${Date.now() - begin} ms`);
    assert.deepEqual([(await state())?.state, (await job()).suspend], ["asleep", true]);
    const unfinished = async () =>
      (await kubeOf(target()).get<KubeList<Pod>>(`${path}/pods`)).items.filter(
        ({ status }) => status?.phase !== "Succeeded",
      );
    // The Job controller takes the pod away a moment after it has read that it shall.
    for (let left = 50; left > 0 && (await unfinished()).length > 0; left--) await pause(200);
    assert.deepEqual(await unfinished(), []);
    await deployJob("4", migrate);
    assert.deepEqual([(await state())?.state, (await job()).suspend], ["ready", false]);
  });

  it("is in the records, and one that does not exist is said not to", async () => {
    const verbs = (await readRecords(target(), name.namespace)).map(({ verb }) => verb);
    assert.ok(verbs.includes("sleep") && verbs.includes("wake"));
    await failsWith(setAsleep(target(), environmentName("never", 1), true, how), {
      exitCode: ExitCode.usage,
      message: /there is no environment never-pr-1/,
    });
  });
});
