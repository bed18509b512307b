import assert from "node:assert/strict";
import { INJECTED_DATABASE } from "../../../config/databases";
import { parseConfig } from "../../../config/parse";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import type { Pod } from "../../../lifecycle/trouble";
import { clientCommand, type Answers, type Questions } from "./clients";
import { RealCluster } from "./support";

/** Those of which the embedded cluster has images. */
const ENGINES = ["postgresql", "mariadb", "redis"] as const;
type Engine = (typeof ENGINES)[number];

const project = "bases";
const { databases } = parseConfig({
  projectId: project,
  databases: { postgresql: true, mariadb: { storage: "512Mi" }, redis: { storage: "256Mi" } },
});
const ports: Record<Engine, number> = { postgresql: 5432, mariadb: 3306, redis: 6379 };

const read: Questions = {
  postgresql: ["SELECT guest FROM visits ORDER BY guest"],
  mariadb: ["SELECT guest FROM visits ORDER BY guest"],
  redis: [["GET", "guest"]],
};
const written: Answers = { postgresql: [["Ann"], ["Béa 🛥"]], mariadb: [["Ann"], ["Béa 🛥"]], redis: "Béa 🛥" };

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
    assert.equal(new Set(["PGPASSWORD", "MYSQL_PASSWORD", "REDIS_PASSWORD"].map(env)).size, 3);
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
    });
    assert.deepEqual(await ask(read), written);
  });

  it("confines each database: no root, no writing outside its volumes, no way to another, and no password to be seen", async () => {
    const pods = await Promise.all(
      ENGINES.map((engine) => cluster.kube.get<Pod & { status: { podIP: string } }>(podPath(engine))),
    );
    for (const [index, engine] of ENGINES.entries()) {
      const run = (script: string) => cluster.execIn(project, `${engine}-0`, ["sh", "-c", script]);
      assert.equal((await run("id -u")).trim(), "999");
      assert.match(await run("touch /etc/here 2>&1 || true"), /Read-only file system/);
      const password = INJECTED_DATABASE[engine].find((name) => name.endsWith("PASSWORD"));
      const { data } = await cluster.kube.get<KubeObject & { data: Record<string, string> }>(
        `${inside}/secrets/${engine}`,
      );
      const secret = Buffer.from(data[password ?? ""] ?? "", "base64").toString();
      assert.equal(secret.length, 32);
      for (const file of ["cmdline", "environ"])
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
      }[engine] as [string, RegExp];
      assert.match(await run(`${reach} 2>&1 || echo "ended with $?"`), closed, engine);
    }
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
      { "postgresql-data": "1Gi", "mariadb-data": "512Mi", "redis-data": "256Mi" },
    );
    const { status } = await cluster.kube.get<KubeObject & { status: Record<"hard" | "used", Record<string, string>> }>(
      `${inside}/resourcequotas/environment`,
    );
    assert.equal(status.hard["requests.storage"], "1792Mi");
    assert.equal(status.used["requests.storage"], "1792Mi");
  });

  it("keeps what was written when all their pods are killed", async () => {
    // Redis flushes its file every second; what it lost of the last one would be as documented.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const before = await uids();
    await Promise.all(ENGINES.map((engine) => cluster.kube.delete(podPath(engine), { gracePeriodSeconds: 0 })));
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
