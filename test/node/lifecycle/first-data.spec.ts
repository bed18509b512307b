import assert from "node:assert/strict";
import type { Config } from "../../../config/load";
import { parseConfig } from "../../../config/parse";
import { ExitCode } from "../../../lifecycle/errors";
import { failsWith } from "../../engine/lifecycle/support";
import { clientCommand, type Answers, type Questions } from "./clients";
import { loadSnapshot } from "./snapshot-image";
import { RealCluster } from "./support";

/** A picture of one pixel, which is no text. */
const PIXEL = "R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=";

const seeds = {
  postgresql: { seed: ["CREATE TABLE guests (name text)", "INSERT INTO guests VALUES ('Ann')"] },
  mariadb: {
    seed: [
      "CREATE TABLE guests (name varchar(20))",
      "INSERT INTO guests VALUES ('Ann')",
      "CREATE VIEW named AS SELECT name FROM guests",
    ],
  },
  mongodb: {
    seed: [
      { collection: "guests", documents: '{"_id": 1, "name": "Ann"}\n{"_id": {"$oid": "65a1b2c3d4e5f60718293a4b"}}' },
      { collection: "town.streets", documents: '[{"_id": "quay"}]' },
    ],
  },
  s3: {
    seed: [
      { object: "guests/ann.txt", text: "Ann; Béa" },
      { object: "pixel.gif", base64: PIXEL },
    ],
  },
};
const guests: Questions = {
  postgresql: ["SELECT name FROM guests ORDER BY name"],
  mariadb: ["SELECT name FROM named ORDER BY name"],
  mongodb: [{ find: "guests", sort: { name: 1 }, projection: { _id: 0 } }],
  s3: [["GET", "guests/ann.txt"]],
};

function config(databases: object): { config: Partial<Config> } {
  return { config: { databases: parseConfig({ projectId: "any", databases }).databases } };
}

describe("what new databases start with, on a real node", function () {
  this.timeout(600_000);
  const name = "test-real";
  const source = "first-a";
  const target = "first-b";
  let cluster: RealCluster;
  /** Images with dumps of the first environment's databases. */
  let snapshots: Record<keyof typeof seeds, string>;
  const ask = async (project: string, questions: Questions): Promise<Answers> =>
    JSON.parse(await cluster.exec(project, clientCommand(questions))) as Answers;
  const fromSnapshots = ({ postgresql, mariadb, mongodb, s3 } = snapshots) => ({
    postgresql: { from: { image: postgresql }, seed: ["INSERT INTO guests VALUES ('Béa')"] },
    mariadb: { from: { image: mariadb }, seed: ["INSERT INTO guests VALUES ('Béa')"] },
    mongodb: {
      from: { image: mongodb },
      seed: [{ collection: "guests", documents: '{"_id": 2, "name": "Béa"}' }],
    },
    s3: { from: { image: s3 }, seed: [{ object: "guests/bea.txt", text: "Béa" }] },
  });

  before(async () => {
    cluster = await RealCluster.start(name, ["postgresql", "mariadb", "mongodb", "s3"]);
    await Promise.all([source, target].map((project) => cluster.destroy(project)));
  });
  after(async () => {
    await Promise.all([source, target].map((project) => cluster.destroy(project)));
  });

  it("is a seed: rows, documents and objects are there before the app starts", async () => {
    const result = await cluster.deploy(source, config(seeds));
    assert.equal(result.outcome, "done");
    assert.deepEqual(await ask(source, guests), {
      postgresql: [["Ann"]],
      mariadb: [["Ann"]],
      mongodb: [{}, { name: "Ann" }],
      s3: "Ann; Béa",
    });
    const streets = await ask(source, { mongodb: [{ find: "town.streets" }] });
    assert.deepEqual(streets, { mongodb: [{ _id: "quay" }] });
    const pixel = await cluster.execIn(source, "s3-0", ["sh", "-c", 'cat "$DATA_FOLDER/$BUCKET/pixel.gif" | base64']);
    assert.equal(pixel.trim(), PIXEL);
  });

  it("leaves nothing behind beside itself", async () => {
    const s3 = await cluster.execIn(source, "s3-0", ["sh", "-c", 'ls -A "$DATA_FOLDER/$BUCKET"']);
    // The first is a folder of the server's own.
    assert.deepEqual(s3.trim().split("\n").sort(), [".sgwtmp", "guests", "pixel.gif"]);
    const { mongodb = [] } = await ask(source, { mongodb: [{ listCollections: 1, nameOnly: true }] });
    assert.deepEqual(mongodb.map((each) => each["name"]).sort(), ["guests", "town.streets"]);
  });

  it("is made of dumps that the databases' own tools write", async () => {
    const dump = (engine: string, script: string) => cluster.execIn(source, `${engine}-0`, ["sh", "-c", script]);
    const bytes = async (engine: string, script: string) =>
      Buffer.from(await dump(engine, `{ ${script}; } | base64`), "base64");
    const archive = await bytes(
      "mongodb",
      `echo "password: $MONGO_INITDB_ROOT_PASSWORD" >/tmp/dump.yaml
       mongodump --config=/tmp/dump.yaml --username=app --authenticationDatabase=admin --archive --gzip --quiet
       rm /tmp/dump.yaml`,
    );
    const mariadb = await dump(
      "mariadb",
      'MYSQL_PWD="$MARIADB_PASSWORD" mariadb-dump --no-defaults --host=127.0.0.1 --user=app app',
    );
    assert.match(mariadb, /DEFINER=`app`@`%`/);
    snapshots = {
      postgresql: await loadSnapshot(name, {
        "1-shop.dump": await bytes("postgresql", "pg_dump --username=app --format=custom app"),
        // With what nobody should get in.
        "2-users.sql": "CREATE ROLE old SUPERUSER LOGIN PASSWORD 'known'; ALTER ROLE app PASSWORD 'known';\n",
      }),
      mariadb: await loadSnapshot(name, {
        "shop.sql": mariadb.replaceAll("DEFINER=`app`@`%`", "DEFINER=`root`@`10.0.0.1`"),
      }),
      mongodb: await loadSnapshot(name, { "shop.archive.gz": archive }),
      s3: await loadSnapshot(name, { "guests/ann.txt": "Ann" }),
    };
  });

  it("fails by name when a seed is wrong, and the next try begins anew", async () => {
    const wrong = [
      { collection: "guests", documents: '{"_id": 3}' },
      { collection: "guests", documents: '{"_id": 3}' },
    ];
    const error = await failsWith(cluster.deploy(target, config({ postgresql: true, mongodb: { seed: wrong } })), {
      exitCode: ExitCode.environmentFailed,
      message:
        /job seed-mongodb \(pod \S+\): JobFailed: ended with code \d+, try 2 of 2[\s\S]*made anew[\s\S]*duplicate/i,
    });
    assert.match(error.fix, /correct databases\.mongodb\.seed of berth\.yaml/);
  });

  it("is a snapshot, then a seed, with this environment's passwords alone", async () => {
    const result = await cluster.deploy(target, { ...config(fromSnapshots()), digit: "2" });
    assert.equal(result.outcome, "done");
    assert.deepEqual(await ask(target, guests), {
      postgresql: [["Ann"], ["Béa"]],
      mariadb: [["Ann"], ["Béa"]],
      mongodb: [{}, { name: "Ann" }, { name: "Béa" }],
      s3: "Ann",
    });
    const login = (user: string) => `
      const { Client } = require("pg");
      const client = new Client({ host: process.env.PGHOST, user: ${JSON.stringify(user)}, password: "known", database: "app" });
      client.connect().then(() => console.log("in"), (error) => console.log(error.code)).finally(() => client.end());`;
    for (const user of ["app", "old"]) {
      const answer = await cluster.exec(target, ["node", "-e", login(user)]);
      assert.match(answer.trim(), /^28(000|P01)$/, user);
    }
  });

  it("is never put in again: another snapshot and seed leave the data alone", async () => {
    const s3 = await loadSnapshot(name, { "guests/zoe.txt": "Zoe" });
    const changed = { ...config(fromSnapshots({ ...snapshots, s3 })), digit: "3" };
    assert.equal((await cluster.deploy(target, changed)).outcome, "done");
    assert.deepEqual((await ask(target, guests)).postgresql, [["Ann"], ["Béa"]]);
    const objects = await cluster.execIn(target, "s3-0", ["sh", "-c", 'ls "$DATA_FOLDER/$BUCKET/guests"']);
    assert.deepEqual(objects.trim().split("\n"), ["ann.txt", "bea.txt"]);
  });
});
