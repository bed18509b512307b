import assert from "node:assert/strict";
import { ENGINES, INJECTED_DATABASE, perEngine } from "../../../config/databases";
import type { Engine } from "../../../config/databases";
import { parseConfig } from "../../../config/parse";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import type { Pod } from "../../../lifecycle/trouble";
import { clientCommand, type Answers, type Questions } from "./clients";
import { RealCluster } from "./support";

const project = "bases";
const { databases } = parseConfig({
  projectId: project,
  databases: {
    postgresql: true,
    mariadb: { storage: "512Mi" },
    redis: { storage: "256Mi" },
    mongodb: { storage: "300Mi" },
    s3: { storage: "200Mi", bucket: "uploads" },
  },
});
const ports: Record<Engine, number> = { postgresql: 5432, mariadb: 3306, redis: 6379, mongodb: 27017, s3: 9000 };
/** Key of each engine's Secret that holds its password. */
const passwordKeys: Record<Engine, string> = {
  postgresql: "PGPASSWORD",
  mariadb: "MYSQL_PASSWORD",
  redis: "REDIS_PASSWORD",
  mongodb: "MONGODB_PASSWORD",
  s3: "S3_SECRET_KEY",
};

const read: Questions = {
  postgresql: ["SELECT guest FROM visits ORDER BY guest"],
  mariadb: ["SELECT guest FROM visits ORDER BY guest"],
  redis: [["GET", "guest"]],
  mongodb: [{ find: "visits", sort: { guest: 1 }, projection: { _id: 0 } }],
  s3: [["GET", "visits/guest.txt"]],
};
const written: Answers = {
  postgresql: [["Ann"], ["Béa 🛥"]],
  mariadb: [["Ann"], ["Béa 🛥"]],
  redis: "Béa 🛥",
  mongodb: [{ guest: "Ann" }, { guest: "Béa 🛥" }],
  s3: "Béa 🛥",
};

describe("an environment with every database", function () {
  this.timeout(600_000);
  let cluster: RealCluster;
  const inside = `/api/v1/namespaces/${project}-pr-1`;
  const podPath = (engine: Engine) => `${inside}/pods/${engine}-0`;
  const ask = async (questions: Questions): Promise<Answers> =>
    JSON.parse(await cluster.exec(project, clientCommand(questions))) as Answers;
  const uids = () =>
    Promise.all(ENGINES.map(async (engine) => (await cluster.kube.get<KubeObject>(podPath(engine))).metadata.uid));

  before(async () => {
    cluster = await RealCluster.start("test-real", ENGINES);
    await cluster.destroy(project);
  });
  after(async () => {
    await cluster.destroy(project);
  });

  it("is deployed at the first try, and says what it has", async () => {
    const result = await cluster.deploy(project, { config: { databases } });
    assert.deepEqual(result.databases, [...ENGINES]);
    const pods = await cluster.kube.get<KubeList<Pod>>(`${inside}/pods`);
    assert.equal(pods.items.length, 1 + ENGINES.length);
    for (const { metadata, status } of pods.items) {
      const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
      for (const { name, restartCount } of statuses) assert.equal(restartCount, 0, `${metadata.name} ${name}`);
    }
  });

  it("has the app's variables, whose parts say what the URLs say", async () => {
    const names = ENGINES.flatMap((engine) => [...INJECTED_DATABASE[engine]]);
    const script = `console.log(JSON.stringify(${JSON.stringify(names)}.map((name) => process.env[name] ?? "")))`;
    const values = JSON.parse(await cluster.exec(project, ["node", "-e", script])) as string[];
    const env = (name: string) => values[names.findIndex((each) => each === name)] ?? "";
    for (const [url, host, port, password] of [
      ["DATABASE_URL", "PGHOST", "PGPORT", "PGPASSWORD"],
      ["MYSQL_URL", "MYSQL_HOST", "MYSQL_PORT", "MYSQL_PASSWORD"],
      ["REDIS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"],
    ] as const) {
      const parts = new URL(env(url));
      assert.deepEqual([parts.hostname, parts.port, parts.password], [env(host), env(port), env(password)]);
      assert.equal(env(password).length, 32);
    }
    const mongodb = new URL(env("MONGODB_URI"));
    assert.equal(env("MONGODB_URL"), mongodb.href);
    assert.equal(mongodb.pathname, `/${env("MONGODB_DATABASE")}`);
    assert.equal(mongodb.password.length, 32);
    assert.equal(new URL(env("S3_ENDPOINT")).host, "s3:9000");
    assert.equal(env("AWS_ENDPOINT_URL_S3"), env("S3_ENDPOINT"));
    assert.equal(env("AWS_SECRET_ACCESS_KEY"), env("S3_SECRET_KEY"));
    assert.equal(env("S3_BUCKET"), "uploads");
    const passwords = ["PGPASSWORD", "MYSQL_PASSWORD", "REDIS_PASSWORD", "S3_SECRET_KEY"].map(env);
    assert.equal(new Set([...passwords, mongodb.password]).size, 5);
    for (const [url, user, database] of [
      ["DATABASE_URL", "PGUSER", "PGDATABASE"],
      ["MYSQL_URL", "MYSQL_USER", "MYSQL_DATABASE"],
    ] as const) {
      const parts = new URL(env(url));
      assert.deepEqual([parts.username, parts.pathname], [env(user), `/${env(database)}`]);
    }
  });

  it("lets the app write to and read from each, with those variables alone", async () => {
    await ask({
      postgresql: ["CREATE TABLE visits (guest text)", "INSERT INTO visits VALUES ('Ann'), ('Béa 🛥')"],
      mariadb: ["CREATE TABLE visits (guest varchar(50))", "INSERT INTO visits VALUES ('Ann'), ('Béa 🛥')"],
      redis: [["SET", "guest", "Béa 🛥"]],
      mongodb: [{ insert: "visits", documents: [{ guest: "Béa 🛥" }, { guest: "Ann" }] }],
      s3: [["PUT", "visits/guest.txt", "Béa 🛥"]],
    });
    assert.deepEqual(await ask(read), written);
  });

  it("confines each database: no root, no writing outside its volumes, no way to another, and no password to be seen", async () => {
    const pods = await Promise.all(
      ENGINES.map((engine) => cluster.kube.get<Pod & { status: { podIP: string } }>(podPath(engine))),
    );
    const confines = async (engine: Engine, index: number) => {
      const run = (script: string) => cluster.execIn(project, `${engine}-0`, ["sh", "-c", script]);
      assert.equal((await run("id -u")).trim(), "999");
      assert.match(await run("touch /etc/here 2>&1 || true"), /Read-only file system/);
      const { data } = await cluster.kube.get<KubeObject & { data: Record<string, string> }>(
        `${inside}/secrets/${engine}`,
      );
      const secret = Buffer.from(data[passwordKeys[engine]] ?? "", "base64").toString();
      assert.equal(secret.length, 32);
      // The S3 gateway takes its keys from its environment only, which nobody but itself and this exec reads.
      for (const file of engine === "s3" ? ["cmdline"] : ["cmdline", "environ"])
        assert.ok(!(await run(`cat /proc/1/${file}`)).includes(secret), `${engine}: /proc/1/${file}`);
      const other = pods[(index + 1) % pods.length]?.status.podIP ?? "";
      const port = ports[ENGINES[(index + 1) % ENGINES.length] ?? engine];
      // Each image has its client. If the way were open, PostgreSQL's would turn away at once from MariaDB's greeting and Redis's
      // from PostgreSQL's refusal, and MariaDB's would miss a greeting from Redis.
      const [reach, closed] = {
        postgresql: [`timeout 3 pg_isready --host=${other} --port=${port} --timeout=10`, /ended with 124/],
        mariadb: [
          `mariadb-admin --no-defaults --host=${other} --port=${port} --connect-timeout=2 ping`,
          /Can't connect/,
        ],
        redis: [`timeout 3 redis-cli -h ${other} -p ${port} PING`, /ended with 124|Could not connect/],
        mongodb: [`timeout 3 bash -c 'exec 3<>/dev/tcp/${other}/${port}'`, /ended with 124/],
        s3: [`timeout 3 wget -q -O - http://${other}:${port}/`, /ended with (124|143)/],
      }[engine] as [string, RegExp];
      assert.match(await run(`${reach} 2>&1 || echo "ended with $?"`), closed, engine);
    };
    await Promise.all(ENGINES.map(confines));
    const attempts = ENGINES.map((engine) => ({ what: engine, host: engine, port: ports[engine] }));
    for (const { what, connected } of await cluster.probe(project, attempts)) assert.ok(connected, what);
  });

  it("gives each a volume of the configured size, and a quota with room for just that", async () => {
    interface Claim extends KubeObject {
      spec: { resources: { requests: { storage: string } } };
    }
    const claims = await cluster.kube.get<KubeList<Claim>>(`${inside}/persistentvolumeclaims`);
    assert.deepEqual(
      Object.fromEntries(claims.items.map(({ metadata, spec }) => [metadata.name, spec.resources.requests.storage])),
      {
        "postgresql-data": "1Gi",
        "mariadb-data": "512Mi",
        "redis-data": "256Mi",
        "mongodb-data": "300Mi",
        "s3-data": "200Mi",
      },
    );
    const { status } = await cluster.kube.get<KubeObject & { status: Record<"hard" | "used", Record<string, string>> }>(
      `${inside}/resourcequotas/environment`,
    );
    assert.equal(status.hard["requests.storage"], "2292Mi");
    assert.equal(status.used["requests.storage"], "2292Mi");
  });

  it("keeps what was written when all their pods are killed", async () => {
    // Redis flushes its file every second; what it lost of the last one would be as documented.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const before = await uids();
    await Promise.all(ENGINES.map((engine) => cluster.kube.delete(podPath(engine), { gracePeriodSeconds: 0 })));
    await Promise.all(ENGINES.map((engine, index) => cluster.untilReplaced(podPath(engine), before[index])));
    assert.deepEqual(await ask(read), written);
  });

  it("ends each server in good order when its pod is deleted, and keeps what was written", async () => {
    const before = await uids();
    const exitCodes = await Promise.all(
      ENGINES.map(async (engine) => {
        const path = podPath(engine);
        // Holds the pod's object back, so that its last status can be read.
        await cluster.kube.patch(path, { metadata: { finalizers: ["berth.dev/test"] } });
        await cluster.kube.delete(path);
        const ended = async () =>
          (await cluster.kube.get<Pod>(path)).status?.containerStatuses?.[0]?.state?.terminated?.exitCode;
        let code = await ended();
        for (const end = Date.now() + 30_000; code === undefined && Date.now() < end; code = await ended())
          await new Promise((resolve) => setTimeout(resolve, 200));
        await cluster.kube.patch(path, { metadata: { finalizers: null } });
        return [engine, code];
      }),
    );
    // A server that has to be killed after the grace period ends with 137.
    assert.deepEqual(
      Object.fromEntries(exitCodes),
      perEngine(() => 0),
    );
    await Promise.all(ENGINES.map((engine, index) => cluster.untilReplaced(podPath(engine), before[index])));
    assert.deepEqual(await ask(read), written);
  });

  it("keeps what was written over an update, which leaves the databases alone", async () => {
    const before = await uids();
    const result = await cluster.deploy(project, { config: { databases }, image: cluster.images[1], digit: "2" });
    assert.equal(result.outcome, "done");
    assert.deepEqual(await uids(), before);
    assert.deepEqual(await ask(read), written);
  });

  it("keeps what was written over a change of one database, whose pod alone is replaced", async () => {
    const before = await uids();
    const bootstrap = { initSQL: ["SELECT 1"], postInitApplicationSQL: [] };
    const changed = { ...databases, postgresql: { ...databases.postgresql, bootstrap } };
    await cluster.deploy(project, { config: { databases: changed }, image: cluster.images[1], digit: "3" });
    const after = await uids();
    assert.notEqual(after[0], before[0]);
    assert.deepEqual(after.slice(1), before.slice(1));
    assert.deepEqual(await ask(read), written);
  });

  it("leaves nothing", async () => {
    const { receipt } = await cluster.destroy(project);
    assert.deepEqual(receipt.left, []);
    const volumes =
      await cluster.kube.get<KubeList<KubeObject & { spec: { claimRef?: { namespace?: string } } }>>(
        "/api/v1/persistentvolumes",
      );
    assert.deepEqual(
      volumes.items.filter(({ spec }) => spec.claimRef?.namespace === `${project}-pr-1`),
      [],
    );
  });
});
