import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { ExitCode } from "../../../lifecycle/errors";
import { pause, type KubeObject } from "../../../lifecycle/kube";
import { readLocks } from "../../../lifecycle/lock";
import { environmentName } from "../../../lifecycle/naming";
import { rotate, type RotateOptions } from "../../../lifecycle/rotate";
import { findLease } from "../../../lifecycle/state";
import { stackFile } from "../../../lifecycle/workspace";
import { simulatedCluster, spawnBerth } from "./cluster";
import { configFor, deployTo, destroyFrom, failsWith, filesWith, kubeOf, requestFor } from "./support";

const project = "turn";
const name = environmentName(project, 1);
const inside = `/api/v1/namespaces/${name.namespace}`;
const config = configFor(project, { databases: { postgresql: true, redis: true } });

/** When a rotation is killed: at the first line of its progress that looks like this. */
const moments: [string, RegExp][] = [
  ["when it begins", /changing passwords of turn-pr-1/],
  ["while passwords are made", /replacing RandomPassword/],
  ["while Secrets change", /(updating|replacing) Secret/],
  ["while the databases restart", /updating StatefulSet/],
  ["while the app restarts", /updating Deployment/],
];

describe("a rotation", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const rotateNow = (options: Partial<RotateOptions> = {}) =>
    rotate(target(), name, { who: "test", timeout: 120, patience: 120, ...options });
  const passwordIn = async (engine: string, key: string) => {
    const { data } = await kubeOf(target()).get<{ data: Record<string, string> }>(`${inside}/secrets/${engine}`);
    return Buffer.from(data[key] ?? "", "base64").toString();
  };
  const passwords = () => Promise.all([passwordIn("postgresql", "PGPASSWORD"), passwordIn("redis", "REDIS_PASSWORD")]);
  /** UIDs of what holds data, and of the StatefulSets. */
  const uids = async () => {
    const apps = `/apis/apps/v1/namespaces/${name.namespace}/statefulsets`;
    const paths = ["postgresql", "redis"].flatMap((each) => [
      `${inside}/persistentvolumeclaims/${each}-data`,
      `${apps}/${each}`,
    ]);
    const objects = await Promise.all(paths.map((path) => kubeOf(target()).get<KubeObject>(path)));
    return objects.map(({ metadata }) => metadata.uid);
  };
  const rotatedOf = async (path: string) =>
    (await kubeOf(target()).get<{ spec: { template: { metadata: { annotations?: Record<string, string> } } } }>(path))
      .spec.template.metadata.annotations?.["berth.dev/rotated"];
  const workloads = () =>
    Promise.all(
      ["statefulsets/postgresql", "statefulsets/redis", "deployments/app"].map((path) =>
        rotatedOf(`/apis/apps/v1/namespaces/${name.namespace}/${path}`),
      ),
    );

  before(async () => {
    await destroyFrom(target(), project);
    await deployTo(target(), requestFor(project, "1", { config }));
  });
  after(async () => {
    assert.deepEqual((await destroyFrom(target(), project)).receipt.left, []);
  });

  it("changes the password of the databases that it is for, and replaces nothing that holds data", async () => {
    const [before, held] = [await passwords(), await uids()];
    const result = await rotateNow({ databases: ["redis"] });
    assert.deepEqual(result.databases, ["redis"]);
    const after = await passwords();
    assert.equal(after[0], before[0]);
    assert.notEqual(after[1], before[1]);
    assert.equal(after[1].length, 32);
    assert.deepEqual(await uids(), held);
    assert.deepEqual(await workloads(), [undefined, result.at, result.at]);
  });

  it("changes all of them unless told otherwise", async () => {
    const before = await passwords();
    const result = await rotateNow();
    assert.deepEqual(result.databases, ["postgresql", "redis"]);
    const after = await passwords();
    for (const [index, password] of after.entries()) assert.notEqual(password, before[index]);
    assert.deepEqual(await workloads(), [result.at, result.at, result.at]);
  });

  it("is kept by later deploys, also where the stack's file is not there", async () => {
    const before = await passwords();
    rmSync(stackFile(target(), name.stack));
    await deployTo(target(), requestFor(project, "2", { config }));
    assert.deepEqual(await passwords(), before);
    assert.equal((await deployTo(target(), requestFor(project, "2", { config }))).outcome, "unchanged");
  });

  it("needs neither berth.yaml nor the stack's file", async () => {
    rmSync(stackFile(target(), name.stack));
    const before = await passwords();
    await rotateNow({ databases: ["postgresql"] });
    const after = await passwords();
    assert.notEqual(after[0], before[0]);
    assert.equal(after[1], before[1]);
  });

  for (const [moment, pattern] of moments) {
    it(`that is killed ${moment} is completed by the next one`, async () => {
      const [before, held] = [await passwords(), await uids()];
      const killed = spawnBerth(target(), ["--verbose", "rotate", name.namespace]);
      await killed.until(pattern);
      await killed.kill();
      const result = await rotateNow();
      const after = await passwords();
      for (const [index, password] of after.entries()) assert.notEqual(password, before[index]);
      assert.deepEqual(await uids(), held);
      assert.deepEqual(await workloads(), [result.at, result.at, result.at]);
      assert.deepEqual(await readLocks(target(), name.stack), []);
      assert.equal((await findLease(kubeOf(target()), name.namespace))?.holder, undefined);
    });
  }

  it("that is killed may be followed by a deploy, which ends with one password everywhere", async () => {
    const killed = spawnBerth(target(), ["--verbose", "rotate", name.namespace]);
    await killed.until(/updating StatefulSet/);
    await killed.kill();
    await deployTo(target(), requestFor(project, "3", { config }));
    const [first, second, app] = await workloads();
    assert.deepEqual([first, second], [app, app]);
    assert.equal((await deployTo(target(), requestFor(project, "3", { config }))).outcome, "unchanged");
  });

  it("waits for a deploy that is at work, and does not stop it", async () => {
    const deploying = deployTo(target(), requestFor(project, "4", { config }));
    const ended = new AbortController();
    void deploying.finally(() => {
      ended.abort();
    });
    const working = async () => (await findLease(kubeOf(target()), name.namespace))?.holder !== undefined;
    while (!ended.signal.aborted && !(await working())) await pause(20);
    const [deployed, rotated] = await Promise.all([deploying, rotateNow()]);
    assert.equal(deployed.commit, "4".repeat(40));
    assert.deepEqual(rotated.databases, ["postgresql", "redis"]);
  });

  it("leaves no password on disk or in what it prints", async () => {
    const rotating = spawnBerth(target(), ["--verbose", "--json", "rotate", name.namespace]);
    assert.equal(await rotating.end(), ExitCode.ok, rotating.output);
    for (const password of await passwords()) {
      assert.ok(!rotating.output.includes(password));
      assert.deepEqual(filesWith(dirname(target().workDir), password), []);
    }
    assert.deepEqual((JSON.parse(rotating.stdout) as { databases: string[] }).databases, ["postgresql", "redis"]);
  });

  it("refuses databases that are not there, and an environment that is not there, and changes nothing", async () => {
    const before = await passwords();
    await failsWith(rotateNow({ databases: ["mariadb"] }), {
      exitCode: ExitCode.usage,
      message: /has no MariaDB whose password can be changed/,
    });
    const other = rotate(target(), environmentName("nobody", 1), { who: "test" });
    await failsWith(other, { exitCode: ExitCode.usage, message: /there is no environment nobody-pr-1/ });
    assert.deepEqual(await passwords(), before);
  });
});
