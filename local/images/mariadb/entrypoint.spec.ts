import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { freePort, until } from "../../../examples/guestbook/test/support";
import { containerUser as user, endContainer, startContainer, type Container } from "../../../test/support/container";

const entrypoint = join(__dirname, "entrypoint.sh");
/** With what a shell and SQL each take for something else. */
const password = 's3cret\'for "one" \\test$';
const account = "o'app";
const database = "app_data`%";

// The image's own script with the machine's MariaDB; that the image itself works is shown by running pods.
describe("the MariaDB image's entrypoint", function () {
  this.timeout(60_000);
  let folder: string;
  let data: string;
  let port: number;
  const started: Container["child"][] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-entrypoint-"));
    await chmod(folder, 0o755);
    data = join(folder, "volume/10.11");
    await mkdir(join(folder, "volume"));
    if (user.uid !== undefined) await chown(join(folder, "volume"), user.uid, user.gid);
    port = await freePort();
  });
  afterEach(async () => {
    for (const child of started.splice(0)) await end({ child }, "SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  function start(env: Record<string, string> = {}, args: string[] = ["mariadbd"]): Container {
    const settings = [`--port=${port}`, `--socket=${folder}/volume/socket`, "--skip-name-resolve"];
    const container = startContainer(
      [entrypoint, ...args, ...(args[0] === "mariadbd" ? [`--datadir=${data}`, ...settings] : [])],
      {
        PATH: "/usr/sbin:/usr/bin:/bin",
        LANG: "C.UTF-8",
        MARIADB_USER: account,
        MARIADB_DATABASE: database,
        MARIADB_PASSWORD: password,
        ...env,
      },
    );
    started.push(container.child);
    return container;
  }
  const end = ({ child }: Pick<Container, "child">, signal: NodeJS.Signals) => endContainer(child, signal, folder);
  const ready = ({ child, output }: Container): Promise<void> =>
    until("MariaDB listens", () => {
      if (child.exitCode !== null) throw new Error(output());
      return output().includes("ready for connections");
    });
  // As the user that the server runs as: whoever can reach the socket in the image is that user.
  const run = async (sql: string, secret: string, where: string[]): Promise<string> => {
    const args = ["--no-defaults", ...where, "--batch", "--skip-column-names", `--execute=${sql}`];
    const env = { PATH: "/usr/bin:/bin", MYSQL_PWD: secret };
    return (await promisify(execFile)("/usr/bin/mariadb", args, { env, ...user })).stdout;
  };
  const query = (sql: string, secret = password, name = database) =>
    run(sql, secret, ["--protocol=tcp", "--host=127.0.0.1", `--port=${port}`, `--user=${account}`, name]);
  const failure = async (env: Record<string, string>): Promise<string> => {
    const { child, output } = start(env);
    await new Promise((done) => child.once("close", done));
    assert.equal(child.exitCode, 1, output());
    return output();
  };

  it("makes user and database, and takes only the password, whatever characters they have", async () => {
    await ready(start());
    assert.equal(await query("select current_user(), database()"), `${account}@%\t${database}\n`);
    assert.equal(
      await query("select default_collation_name from information_schema.schemata where schema_name = database()"),
      "utf8mb4_unicode_ci\n",
    );
    await assert.rejects(query("select 1", "wrong"), /Access denied/);
  });

  it("gives the user its own database and no other, nor one whose name is alike", async () => {
    await ready(start());
    await query("create table t (i int); insert into t values (1)");
    await assert.rejects(query("create database other"), /Access denied/);
    await assert.rejects(query("create database `appXdata``%`"), /Access denied/);
    await assert.rejects(query("select * from global_priv", password, "mysql"), /Access denied/);
  });

  it("lets nobody in as root over the network, and from inside only with the password", async () => {
    await ready(start({ MARIADB_ROOT_PASSWORD: "r'oot" }));
    const socket = [`--socket=${folder}/volume/socket`, "--user=root"];
    const network = ["--protocol=tcp", "--host=127.0.0.1", `--port=${port}`, "--user=root"];
    assert.equal(await run("select current_user()", "r'oot", socket), "root@localhost\n");
    await assert.rejects(run("select 1", "", socket), /Access denied/);
    await assert.rejects(run("select 1", "r'oot", network), /Access denied/);
    const users = await run("select concat(user, '@', host) from mysql.global_priv order by 1", "r'oot", socket);
    assert.deepEqual(users.trim().split("\n"), ["mariadb.sys@localhost", `${account}@%`, "root@localhost"]);
  });

  it("lets nobody be root when there is no password for it", async () => {
    await ready(start());
    await assert.rejects(run("select 1", "", [`--socket=${folder}/volume/socket`, "--user=root"]), /Access denied/);
  });

  it("runs as the container's first process, without passwords in its environment, arguments or files", async () => {
    const server = start({ MARIADB_ROOT_PASSWORD: password });
    await ready(server);
    const about = join("/proc", String(server.child.pid));
    assert.match(await readFile(join(about, "cmdline"), "utf8"), /^(?:\S*\/)?mariadbd\0--datadir=/);
    for (const file of ["cmdline", "environ"])
      assert.ok(!(await readFile(join(about, file), "utf8")).includes("s3cret"), file);
    assert.ok(!server.output().includes("s3cret"));
    for (const entry of await readdir(data, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      assert.ok(!(await readFile(join(entry.parentPath, entry.name), "latin1")).includes("s3cret"), entry.name);
    }
  });

  it("keeps the data over a stop", async () => {
    const first = start();
    await ready(first);
    await query("create table t as select seq from seq_1_to_100");
    await end(first, "SIGTERM");
    assert.equal(first.child.exitCode, 0);
    await ready(start());
    assert.equal(await query("select count(*) from t"), "100\n");
  });

  it("recovers when the running server is killed", async () => {
    const first = start();
    await ready(first);
    await query("create table t (i int); insert into t values (1)");
    await end(first, "SIGKILL");
    await ready(start());
    assert.equal(await query("select * from t"), "1\n");
  });

  for (const milliseconds of [40, 150, 300, 500, 800, 1100]) {
    it(`begins anew when the first start is killed after ${milliseconds} ms`, async () => {
      const first = start();
      await new Promise((done) => setTimeout(done, milliseconds));
      await end(first, "SIGKILL");
      await ready(start());
      assert.equal(await query("select 1"), "1\n");
      assert.ok(!(await readdir(data)).includes(".initialising"));
    });
  }

  it("begins anew when the first start was killed while its files were being moved", async () => {
    const first = start();
    await ready(first);
    await query("create table t (i int)");
    await end(first, "SIGKILL");
    await mkdir(join(data, ".initialising"));
    await rename(join(data, "mysql"), join(data, ".initialising/mysql"));
    await rename(join(data, "ibdata1"), join(data, ".initialising/ibdata1"));
    if (user.uid !== undefined) await chown(join(data, ".initialising"), user.uid, user.gid);
    const second = start();
    await ready(second);
    assert.match(second.output(), /interrupted; beginning anew/);
    assert.equal(await query("show tables"), "");
  });

  it("takes values from files, and refuses both at once", async () => {
    const file = join(folder, "password");
    await writeFile(file, `${password}\n`);
    assert.match(
      await failure({ MARIADB_PASSWORD_FILE: file }),
      /MARIADB_PASSWORD and MARIADB_PASSWORD_FILE are both set/,
    );
    await ready(start({ MARIADB_PASSWORD: "", MARIADB_PASSWORD_FILE: file }));
    assert.equal(await query("select 1"), "1\n");
  });

  for (const [what, env, expected] of [
    ["without a password", { MARIADB_PASSWORD: "" }, /MARIADB_PASSWORD is empty[^]*password of the user o'app/],
    ["without a user", { MARIADB_USER: "" }, /MARIADB_USER is empty/],
    ["without a database", { MARIADB_DATABASE: "" }, /MARIADB_DATABASE is empty/],
    ["with root as the app's user", { MARIADB_USER: "root" }, /MARIADB_USER is root/],
    ["with a password of two lines", { MARIADB_PASSWORD: "a\nb" }, /MARIADB_PASSWORD holds a line break/],
  ] as const) {
    it(`refuses to start ${what}, and leaves nothing half-made`, async () => {
      assert.match(await failure(env), expected);
      assert.deepEqual(await readdir(data), []);
    });
  }

  it("leaves alone a folder with files of somebody else", async () => {
    await mkdir(data);
    await writeFile(join(data, "precious"), "");
    if (user.uid !== undefined) await chown(data, user.uid, user.gid);
    assert.match(await failure({}), /holds .*precious but no folder mysql/);
    assert.deepEqual(await readdir(data), ["precious"]);
  });

  it("explains a folder that it may not write to", async function () {
    if (user.uid === undefined) assert.fail("needs root, to make a folder that belongs to another user");
    await mkdir(data, { mode: 0o755 });
    assert.match(await failure({}), /cannot write to the data folder .*belongs to 0:0, mode 755[^]*fsGroup/);
  });

  it("runs other programs as they are", async () => {
    const { child, output } = start({}, ["sh", "-c", "echo $MARIADB_DATABASE"]);
    await new Promise((done) => child.once("close", done));
    assert.equal(output(), `${database}\n`);
  });
});
