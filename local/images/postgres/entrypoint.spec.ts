import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { freePort, postgresPrograms, runProgram, until } from "../../../examples/guestbook/test/support";
import { containerUser as user, endContainer, startContainer, type Container } from "../../../test/support/container";

const entrypoint = join(__dirname, "entrypoint.sh");
const password = "s3cret-for-one-test";

// The image's own script with the machine's PostgreSQL; that the image itself works is shown by running pods.
describe("the PostgreSQL image's entrypoint", function () {
  this.timeout(60_000);
  let folder: string;
  let data: string;
  let port: number;
  const started: Container["child"][] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-entrypoint-"));
    await chmod(folder, 0o755);
    data = join(folder, "volume/data");
    await mkdir(join(folder, "volume"));
    if (user.uid !== undefined) await chown(join(folder, "volume"), user.uid, user.gid);
    port = await freePort();
  });
  afterEach(async () => {
    for (const child of started.splice(0)) await end(child, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  function start(env: Record<string, string> = {}, args: string[] = ["postgres"]): Container {
    const settings =
      args[0] === "postgres" ? ["-c", `port=${port}`, "-c", `unix_socket_directories=${folder}/volume`] : [];
    const server = startContainer([entrypoint, ...args, ...settings], {
      PATH: `${postgresPrograms()}:/usr/bin:/bin`,
      LANG: "C.UTF-8",
      PGDATA: data,
      POSTGRES_USER: "app",
      POSTGRES_DB: "app data",
      POSTGRES_PASSWORD: password,
      ...env,
    });
    started.push(server.child);
    return server;
  }
  const end = (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => endContainer(child, signal, folder);
  const ready = ({ child, output }: Container): Promise<void> =>
    until("PostgreSQL listens", () => {
      if (child.exitCode !== null) throw new Error(output());
      return new RegExp(`listening on IPv4 address "0\\.0\\.0\\.0", port ${port}[^]*ready to accept`).test(output());
    });
  const query = (sql: string, secret = password): Promise<string> =>
    runProgram(join(postgresPrograms(), "psql"), [
      "-XAtc",
      sql,
      `postgresql://app:${secret}@127.0.0.1:${port}/app%20data`,
    ]);
  const failure = async (env: Record<string, string>): Promise<string> => {
    const { child, output } = start(env);
    await new Promise((done) => child.once("close", done));
    assert.equal(child.exitCode, 1, output());
    return output();
  };

  it("makes user and database, with checksums, and takes only the password", async () => {
    await ready(start());
    assert.equal(
      await query("select current_user, current_setting('data_checksums'), current_setting('server_encoding')"),
      "app|on|UTF8\n",
    );
    await assert.rejects(query("select 1", "wrong"), /password authentication failed/);
    assert.equal(await readFile(join(data, "PG_VERSION"), "utf8").then((text) => text.trim() !== ""), true);
  });

  it("runs as the container's first process, without the password in its environment or arguments", async () => {
    const server = start();
    await ready(server);
    const about = join("/proc", String(server.child.pid));
    assert.match(await readFile(join(about, "cmdline"), "utf8"), /^(?:\S*\/)?postgres\0-D\0/);
    for (const file of ["cmdline", "environ"])
      assert.ok(!(await readFile(join(about, file), "utf8")).includes(password), file);
    assert.ok(!server.output().includes(password));
  });

  it("keeps the data over a stop, and ends sessions instead of waiting for them", async () => {
    const first = start();
    await ready(first);
    await query("create table t as select generate_series(1, 100) as i");
    const session = query("select pg_sleep(60)").catch((error: unknown) => String(error));
    await until(
      "the session runs",
      async () => (await query("select count(*) from pg_stat_activity where query like '%sleep(60)%'")) >= "2",
    );
    await end(first.child, "SIGINT");
    assert.equal(first.child.exitCode, 0);
    assert.match(await session, /terminating connection/);
    await ready(start());
    assert.equal(await query("select count(*) from t"), "100\n");
  });

  it("recovers when the running server is killed", async () => {
    const first = start();
    await ready(first);
    await query("create table t as select 1");
    await end(first.child, "SIGKILL");
    await ready(start());
    assert.equal(await query("select * from t"), "1\n");
  });

  for (const milliseconds of [60, 250, 450, 650]) {
    it(`begins anew when the first start is killed after ${milliseconds} ms`, async () => {
      const first = start();
      await new Promise((done) => setTimeout(done, milliseconds));
      await end(first.child, "SIGKILL");
      await ready(start());
      assert.equal(await query("select 1"), "1\n");
      assert.ok(!(await readdir(data)).includes(".initialising"));
    });
  }

  it("begins anew when the first start was killed while its files were being moved", async () => {
    const first = start();
    await ready(first);
    await end(first.child, "SIGKILL");
    await mkdir(join(data, ".initialising"));
    await rename(join(data, "PG_VERSION"), join(data, ".initialising/PG_VERSION"));
    await rename(join(data, "base"), join(data, ".initialising/base"));
    if (user.uid !== undefined) await chown(join(data, ".initialising"), user.uid, user.gid);
    const second = start();
    await ready(second);
    assert.match(second.output(), /interrupted; beginning anew/);
    assert.equal(await query("select count(*) from pg_tables where schemaname = 'public'"), "0\n");
  });

  it("takes values from files, and refuses both at once", async () => {
    const file = join(folder, "password");
    await writeFile(file, `${password}\n`);
    assert.match(
      await failure({ POSTGRES_PASSWORD_FILE: file }),
      /POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are both set/,
    );
    await ready(start({ POSTGRES_PASSWORD: "", POSTGRES_PASSWORD_FILE: file }));
    assert.equal(await query("select 1"), "1\n");
  });

  it("refuses to start without a password", async () => {
    assert.match(await failure({ POSTGRES_PASSWORD: "" }), /POSTGRES_PASSWORD is empty/);
    await assert.rejects(readdir(join(data, ".initialising")), /ENOENT/);
  });

  it("refuses a password with a line break", async () => {
    assert.match(await failure({ POSTGRES_PASSWORD: "a\nb" }), /line break/);
  });

  it("leaves alone a folder with files of somebody else", async () => {
    await mkdir(data);
    await writeFile(join(data, "precious"), "");
    if (user.uid !== undefined) await chown(data, user.uid, user.gid);
    assert.match(await failure({}), /holds .*precious but no PG_VERSION/);
    assert.deepEqual(await readdir(data), ["precious"]);
  });

  it("explains a mount point that belongs to root", async function () {
    if (user.uid === undefined) assert.fail("needs root, to make a folder that belongs to another user");
    await mkdir(data);
    await chmod(data, 0o777);
    assert.match(await failure({}), /belongs to 0:0, mode 777[^]*set PGDATA to a folder inside it/);
  });

  it("runs other programs as they are", async () => {
    const { child, output } = start({}, ["sh", "-c", "echo $POSTGRES_DB"]);
    await new Promise((done) => child.once("close", done));
    assert.equal(output(), "app data\n");
  });
});
