import assert from "node:assert/strict";
import { ENGINES, type Engine } from "../../../config/databases";
import { parseConfig } from "../../../config/parse";
import type { KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { rotate } from "../../../lifecycle/rotate";
import { spawnBerth } from "../../engine/lifecycle/cluster";
import { clientCommand, type Answers, type Questions } from "./clients";
import { RealCluster } from "./support";

const project = "turns";
const name = environmentName(project, 1);
/** The variable of each engine that holds its password. */
const secrets: Record<Engine, string> = {
  postgresql: "DATABASE_URL",
  mariadb: "MYSQL_URL",
  redis: "REDIS_URL",
  mongodb: "MONGODB_URI",
  s3: "S3_SECRET_KEY",
};
const { databases } = parseConfig({
  projectId: project,
  databases: { postgresql: true, mariadb: true, redis: true, mongodb: true, s3: true },
});

const write: Questions = {
  postgresql: ["CREATE TABLE visits (guest text)", "INSERT INTO visits VALUES ('Ann')"],
  mariadb: ["CREATE TABLE visits (guest varchar(50))", "INSERT INTO visits VALUES ('Ann')"],
  redis: [["SET", "guest", "Ann"]],
  mongodb: [{ insert: "visits", documents: [{ guest: "Ann" }] }],
  s3: [["PUT", "guest.txt", "Ann"]],
};
const read: Questions = {
  postgresql: ["SELECT guest FROM visits"],
  mariadb: ["SELECT guest FROM visits"],
  redis: [["GET", "guest"]],
  mongodb: [{ find: "visits", projection: { _id: 0 } }],
  s3: [["GET", "guest.txt"]],
};
const written: Answers = {
  postgresql: [["Ann"]],
  mariadb: [["Ann"]],
  redis: "Ann",
  mongodb: [{ guest: "Ann" }],
  s3: "Ann",
};

describe("a rotation on real servers", function () {
  this.timeout(600_000);
  let cluster: RealCluster;
  const ask = async (questions: Questions, env: Record<string, string> = {}): Promise<Answers> => {
    const set = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    return JSON.parse(await cluster.exec(project, ["env", ...set, ...clientCommand(questions)])) as Answers;
  };
  /** Connection strings, and the object store's key, as the app has them. */
  const connections = async (): Promise<Record<string, string>> => {
    const script = `console.log(JSON.stringify(${JSON.stringify(Object.values(secrets))}.map((name) => [name, process.env[name]])))`;
    return Object.fromEntries(JSON.parse(await cluster.exec(project, ["node", "-e", script])) as [string, string][]);
  };
  const refuses = async (old: Record<string, string>, engine: Engine) => {
    const question = { [engine]: read[engine] };
    await assert.rejects(
      ask(question, { [secrets[engine]]: old[secrets[engine]] ?? "" }),
      /password authentication failed|Access denied|WRONGPASS|Authentication failed|SignatureDoesNotMatch/,
      engine,
    );
  };
  const claims = async () => {
    const path = `/api/v1/namespaces/${name.namespace}/persistentvolumeclaims`;
    const found = await Promise.all(ENGINES.map((engine) => cluster.kube.get<KubeObject>(`${path}/${engine}-data`)));
    return found.map(({ metadata }) => metadata.uid);
  };

  before(async () => {
    cluster = await RealCluster.start("test-real", ENGINES);
    await cluster.destroy(project);
    await cluster.deploy(project, { config: { databases } });
    await ask(write);
  });
  after(async () => {
    const { receipt } = await cluster.destroy(project);
    assert.deepEqual(receipt.left, []);
  });

  it("gives one database a new password, and leaves the others and all data as they are", async () => {
    const [before, held] = [await connections(), await claims()];
    await rotate(cluster.target, name, { who: "test", databases: ["postgresql"], timeout: 180 });
    const { DATABASE_URL, ...others } = await connections();
    const { DATABASE_URL: old, ...unchanged } = before;
    assert.notEqual(DATABASE_URL, old);
    assert.deepEqual(others, unchanged);
    assert.deepEqual(await ask(read), written);
    assert.deepEqual(await claims(), held);
    await refuses(before, "postgresql");
  });

  it("gives each a new password with which the app reads what it wrote, and lets no old one in", async () => {
    const before = await connections();
    await rotate(cluster.target, name, { who: "test", timeout: 180 });
    const after = await connections();
    for (const engine of ENGINES) {
      const variable = secrets[engine];
      assert.notEqual(after[variable], before[variable], engine);
      await refuses(before, engine);
    }
    assert.deepEqual(await ask(read), written);
  });

  it("shows no password in a pod's arguments, its log or the log of the change", async () => {
    const now = Object.values(await connections()).map((value) =>
      URL.canParse(value) ? new URL(value).password : value,
    );
    for (const password of now) assert.equal(password.length, 32);
    for (const engine of ENGINES) {
      const pod = `${engine}-0`;
      const base = `/api/v1/namespaces/${name.namespace}/pods/${pod}`;
      const texts = [
        JSON.stringify(await cluster.kube.get(base)),
        await cluster.kube.text(`${base}/log`, { container: engine }),
      ];
      if (engine !== "redis" && engine !== "s3")
        texts.push(await cluster.kube.text(`${base}/log`, { container: "set-password" }));
      texts.push(await cluster.execIn(project, pod, ["sh", "-c", "cat /proc/[0-9]*/cmdline"]));
      for (const text of texts) for (const password of now) assert.ok(!text.includes(password), engine);
    }
  });

  for (const [moment, pattern] of [
    ["while passwords are made", /replacing RandomPassword/],
    ["while the databases restart", /updating StatefulSet/],
    ["while the app restarts", /updating Deployment/],
  ] as const) {
    it(`that is killed ${moment} is completed by the next one, without a loss`, async () => {
      const before = await connections();
      const killed = spawnBerth(cluster.target, ["--verbose", "rotate", name.namespace]);
      await killed.until(pattern);
      await killed.kill();
      await rotate(cluster.target, name, { who: "test", timeout: 180 });
      assert.deepEqual(await ask(read), written);
      for (const engine of ENGINES) await refuses(before, engine);
    });
  }

  it("stays over a kill of the databases' pods and a deploy", async () => {
    const before = await connections();
    // Redis flushes its file every second.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    for (const engine of ENGINES) {
      const path = `/api/v1/namespaces/${name.namespace}/pods/${engine}-0`;
      const { metadata } = await cluster.kube.get<KubeObject>(path);
      await cluster.kube.delete(path, { gracePeriodSeconds: 0 });
      await cluster.untilReplaced(path, metadata.uid);
    }
    assert.deepEqual(await ask(read), written);
    await cluster.deploy(project, { config: { databases }, image: cluster.images[1], digit: "2" });
    assert.deepEqual(await connections(), before);
    assert.deepEqual(await ask(read), written);
  });
});
