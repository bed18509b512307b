import assert from "node:assert/strict";
import type { Config } from "../../../config/load";
import { parseConfig } from "../../../config/parse";
import { ExitCode } from "../../../lifecycle/errors";
import type { KubeList } from "../../../lifecycle/kube";
import { isJobPod } from "../../../lifecycle/jobs";
import { isReady, type Pod } from "../../../lifecycle/trouble";
import { down, openOutside } from "../../../local";
import { failsWith } from "../../engine/lifecycle/support";
import { clientCommand, type Answers } from "./clients";
import { RealCluster } from "./support";

const databases = {
  postgresql: { seed: ["CREATE TABLE seeded (who text)", "INSERT INTO seeded VALUES ('Ann; Béa')"] },
  mariadb: { seed: ["CREATE TABLE seeded (who varchar(20))", "INSERT INTO seeded VALUES ('Ann; Béa')"] },
  redis: { seed: ["# one line each\nSET who 'Ann; Béa'"] },
};
const migrate = {
  name: "migrate",
  command: clientCommand({
    postgresql: ["CREATE TABLE IF NOT EXISTS runs (at timestamptz DEFAULT now())", "INSERT INTO runs DEFAULT VALUES"],
  }),
};
/** What the jobs reach outside, as the app does. */
const egress = { allow: [{ cidr: "198.51.100.0/24", ports: [443] }] };
/** Ends well when an allowed address answers and no other one does: neither the app, nor the API server, nor what is outside. */
const reachAllowed = {
  name: "reach",
  command: [
    "node",
    "-e",
    `const { connect } = require("node:net");
     const closed = (host, port) => new Promise((done, open) => {
       const socket = connect({ host, port, timeout: 3000 });
       socket.on("connect", () => { socket.destroy(); open(new Error(host + " answers")); });
       for (const event of ["error", "timeout"]) socket.on(event, () => { socket.destroy(); done(); });
     });
     const open = (host, port) => closed(host, port).then(() => { throw new Error(host + " does not answer"); }, () => {});
     const [allowed, other] = JSON.parse(process.argv[1]);
     Promise.all([closed("app", 3000), closed("kubernetes.default.svc", 443), closed(other, 443), open(allowed, 443), closed(allowed, 80)])
       .catch((error) => { console.error(error); process.exit(1); });`,
    JSON.stringify(["198.51.100.10", "203.0.113.10"]),
  ],
  when: "after-app",
  retries: 0,
};

const COUNTS = "SELECT (SELECT count(*) FROM seeded), (SELECT count(*) FROM runs)";

interface JobPod extends Pod {
  spec: { containers: { command?: string[] }[] };
}

/** Parts of a project's config, with their defaults. */
function parts(fields: object): Partial<Config> {
  const { databases: made, jobs, egress } = parseConfig({ projectId: "any", ...fields });
  return { databases: made, jobs, egress };
}

describe("jobs and seeds on a real node", function () {
  this.timeout(600_000);
  const name = "test-real";
  const project = "jobs";
  const seedProject = "jobs-seed";
  const neverProject = "jobs-never";
  const inside = `/api/v1/namespaces/${project}-pr-1`;
  let cluster: RealCluster;
  let never: Promise<unknown>;
  const ask = async (questions: Parameters<typeof clientCommand>[0]): Promise<Answers> =>
    JSON.parse(await cluster.exec(project, clientCommand(questions))) as Answers;
  const counts = async () => (await ask({ postgresql: [COUNTS] })).postgresql?.[0];
  const pods = async () => (await cluster.kube.get<KubeList<Pod>>(`${inside}/pods`)).items;
  const appPod = async () => {
    // The last commit's pod may still be ending.
    const [pod, ...others] = (await pods()).filter(
      ({ metadata }) => metadata.labels?.["berth.dev/component"] === "app" && metadata.deletionTimestamp === undefined,
    );
    assert.deepEqual(others, []);
    assert.ok(pod && isReady(pod));
    return pod;
  };

  before(async () => {
    cluster = await RealCluster.start(name, ["postgresql", "mariadb", "redis"]);
    await Promise.all([project, seedProject, neverProject].map((one) => cluster.destroy(one)));
  });
  after(async () => {
    await Promise.all([project, seedProject, neverProject].map((one) => cluster.destroy(one)));
  });

  it("fill each new database and migrate before the app starts, at the first try", async () => {
    const outside = await openOutside(name);
    const fields = { databases, egress, jobs: [migrate, reachAllowed] };
    const result = await cluster.deploy(project, { config: parts(fields) }).finally(() => outside.close());
    assert.equal(result.outcome, "done");
    assert.deepEqual(
      await ask({
        postgresql: ["SELECT who FROM seeded"],
        mariadb: ["SELECT who FROM seeded"],
        redis: [["GET", "who"]],
      }),
      { postgresql: [["Ann; Béa"]], mariadb: [["Ann; Béa"]], redis: "Ann; Béa" },
    );
    assert.deepEqual(await counts(), ["1", "1"]);
    const app = await appPod();
    for (const pod of (await pods()).filter(isJobPod)) {
      assert.equal(pod.status?.phase, "Succeeded", pod.metadata.name);
      const ended = pod.status.containerStatuses?.[0]?.state?.terminated?.finishedAt ?? "";
      const isBefore = Date.parse(ended) <= Date.parse(app.metadata.creationTimestamp ?? "");
      assert.equal(isBefore, pod.metadata.labels?.["berth.dev/job"] !== "reach", pod.metadata.name);
    }
  });

  it("are not run again by an unchanged deploy", async () => {
    // Its failure takes some restarts to tell, so that it goes on beside the other tests.
    const broken = { postgresql: { bootstrap: { initSQL: ["SELECT broken("] } } };
    const config = parts({ databases: broken, jobs: [migrate] });
    never = cluster.deploy(neverProject, { config, timeout: 300 });
    never.catch(() => undefined);
    const result = await cluster.deploy(project, {
      config: parts({ databases, egress, jobs: [migrate, reachAllowed] }),
    });
    assert.equal(result.outcome, "unchanged");
    assert.deepEqual(await counts(), ["1", "1"]);
  });

  it("are run again by the next commit, while a changed seed leaves the data alone", async () => {
    const changed = { ...databases, postgresql: { seed: [...databases.postgresql.seed, "SELECT 1"] } };
    await cluster.deploy(project, { config: parts({ databases: changed, jobs: [migrate] }), digit: "2" });
    assert.deepEqual(await counts(), ["1", "2"]);
  });

  it("fail the deploy with their last lines, and leave the app as it was", async () => {
    const before = await appPod();
    // One stream: the order of lines of two is not known.
    const script = `echo "login with $PGPASSWORD" >&2; echo "relation a is missing" >&2; exit 3`;
    const jobs = [{ name: "migrate", command: ["sh", "-c", script], retries: 0 }];
    const failing = { config: parts({ databases, jobs }), digit: "3", image: cluster.images[1] };
    const error = await failsWith(cluster.deploy(project, failing), {
      exitCode: ExitCode.environmentFailed,
      message: /job migrate \(pod job-migrate-\S+\): JobFailed: ended with code 3, try 1 of 1\nits last lines:\n/,
    });
    assert.match(error.message, /login with \[secret\]\n {2}relation a is missing/);
    assert.match(error.fix, /correct jobs \(migrate\) of berth.yaml or what it runs; the app was left as it was/);
    assert.equal((await appPod()).metadata.uid, before.metadata.uid);
    // The same again: the job is run anew, not found to have failed.
    const [first] = (await pods()).filter(({ metadata }) => metadata.labels?.["berth.dev/job"] === "migrate");
    await failsWith(cluster.deploy(project, failing), {
      exitCode: ExitCode.environmentFailed,
      message: /JobFailed: ended with code 3, try 1 of 1/,
    });
    const [second] = (await pods()).filter(({ metadata }) => metadata.labels?.["berth.dev/job"] === "migrate");
    assert.notEqual(second?.metadata.uid, first?.metadata.uid);
  });

  it("are ended when they hang, with the reason, and leave the app as it was", async () => {
    const before = await appPod();
    const jobs = [{ name: "migrate", command: ["sh", "-c", "echo waiting for a lock; sleep 600"], timeout: "5s" }];
    const hanging = { config: parts({ databases, jobs }), digit: "4", image: cluster.images[1] };
    const error = await failsWith(cluster.deploy(project, hanging), {
      exitCode: ExitCode.environmentFailed,
      message:
        /job migrate \(pod \S+\): JobTimeout: ran for more than 5 s and was ended\nits last lines:\n {2}waiting for a lock/,
    });
    assert.match(error.fix, /give it more time/);
    assert.equal((await appPod()).metadata.uid, before.metadata.uid);
    const left = await cluster.kube.get<KubeList>(`/apis/batch/v1/namespaces/${project}-pr-1/jobs`);
    assert.deepEqual(
      left.items.filter(({ metadata }) => metadata.labels?.["berth.dev/job"] === "migrate"),
      [],
    );
  });

  it("let a corrected deploy go on from there", async () => {
    await cluster.deploy(project, {
      config: parts({ databases, jobs: [migrate] }),
      digit: "5",
      image: cluster.images[1],
    });
    assert.deepEqual(await counts(), ["1", "3"]);
    assert.equal((await appPod()).status?.containerStatuses?.[0]?.restartCount, 0);
  });

  it("name a seed that fails, whose next try begins with an empty database", async () => {
    // The example itself needs PostgreSQL.
    const broken = {
      postgresql: true,
      mariadb: { seed: ["CREATE TABLE a (b int)", "INSERT INTO nowhere VALUES (1)"] },
    };
    const error = await failsWith(cluster.deploy(seedProject, { config: parts({ databases: broken }) }), {
      exitCode: ExitCode.environmentFailed,
      message: /job seed-mariadb \(pod \S+\): JobFailed: ended with code 1, try 2 of 2[\s\S]*begins anew[\s\S]*nowhere/,
    });
    assert.match(error.fix, /correct databases\.mariadb\.seed of berth\.yaml/);
    const right = { postgresql: true, mariadb: { seed: ["CREATE TABLE a (b int)", "INSERT INTO a VALUES (1)"] } };
    await cluster.deploy(seedProject, { config: parts({ databases: right }), digit: "2" });
    const questions = { mariadb: ["SELECT count(*) FROM a"] };
    assert.deepEqual(JSON.parse(await cluster.exec(seedProject, clientCommand(questions))), { mariadb: [["1"]] });
  });

  it("are not begun before a database that never becomes ready, which is named with what it says", async () => {
    await failsWith(never, {
      exitCode: ExitCode.environmentFailed,
      message: /pod postgresql-0 \(container postgresql\): CrashLoopBackOff[\s\S]*its last lines:[\s\S]*syntax error/,
    });
    const jobs = await cluster.kube.get<KubeList>(`/apis/batch/v1/namespaces/${neverProject}-pr-1/jobs`);
    assert.deepEqual(jobs.items, []);
  });

  it("fail by the name of the volume that is full", async () => {
    await cluster.onSmallVolume(project, "postgresql", "96m", async () => {
      // A new server takes about 60 MiB of it. Without a log of the table's writes, that table alone finds no room.
      const fill = "CREATE UNLOGGED TABLE large AS SELECT repeat(n::text, 50) FROM generate_series(1, 1000000) n";
      const jobs = [{ name: "fill", command: clientCommand({ postgresql: [fill] }), retries: 0 }];
      await failsWith(cluster.deploy(project, { config: parts({ databases, jobs }), digit: "6" }), {
        exitCode: ExitCode.environmentFailed,
        message:
          /job fill \(pod \S+\): JobFailed: ended with code 1, try 1 of 1\n[\s\S]*\nthe volume postgresql-data of PostgreSQL is full: raise databases\.postgresql\.storage/,
      });
    });
    assert.deepEqual(await counts(), ["1", "3"]);
  });

  it("are ended or run again when the node restarts, and the deploy can be repeated", async () => {
    const [node = "", flag = "", program = "", questions = ""] = migrate.command;
    const script = `sleep 15; exec ${node} ${flag} "$0" "$1"`;
    const slow = { ...migrate, command: ["sh", "-c", script, program, questions] };
    const request = { config: parts({ databases, jobs: [slow] }), digit: "7" };
    const interrupted = cluster.deploy(project, request).then(
      () => assert.fail("the deploy outlived its cluster"),
      (error: unknown) => error,
    );
    const isRunning = ({ metadata, spec, status }: JobPod) =>
      metadata.labels?.["berth.dev/job"] === "migrate" &&
      spec.containers[0]?.command?.includes(script) === true &&
      status?.phase === "Running";
    while (!((await pods()) as JobPod[]).some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 500));
    await down(name);
    assert.ok((await interrupted) instanceof Error);
    cluster = await RealCluster.start(name);
    assert.equal((await cluster.deploy(project, request)).outcome, "done");
    const [[seeded, runs] = []] = (await ask({ postgresql: [COUNTS] })).postgresql ?? [];
    assert.equal(seeded, "1");
    // Once when the node was lost before its end, twice when that was not told any more.
    assert.ok(["4", "5"].includes(runs ?? ""), `${runs ?? "no"} runs`);
  });
});
