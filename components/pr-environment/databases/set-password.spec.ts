import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, until } from "../../../examples/guestbook/test/support";
import { containerUser as user, endContainer, startContainer } from "../../../test/support/container";
import type { Container } from "../../../test/support/container";
import { config } from "../../../test/support/samples";
import { mariadb } from "./mariadb";
import { postgresql } from "./postgresql";
import type { EngineSpec } from "./engine";

/*
 * The pods' own scripts that change a password, with the machine's servers and data that no image of ours has made: that they work in
 * the images, in pods, is shown by running ones.
 */

/** What the tests need to know of a server. */
interface Server {
  spec: EngineSpec;
  version: string;
  /** Variables of the container, as the pod has them. */
  env: (folder: string, password: string) => Record<string, string>;
  /** Makes data whose user has this password and whose table `visits` has one guest. */
  create: (folder: string, password: string) => Promise<void>;
  argv: (folder: string, port: number) => string[];
  /** What the user reads with this password. */
  read: (port: number, password: string) => Promise<string>;
}

const PATH = "/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/bin";

const servers: Record<string, Server> = {
  PostgreSQL: {
    spec: postgresql(config({ databases: { postgresql: true } }).databases.postgresql),
    version: "15",
    env: (folder, password) => ({
      PATH,
      POSTGRES_USER: "app",
      POSTGRES_PASSWORD: password,
      PGDATA: join(folder, "15"),
    }),
    async create(folder, password) {
      const data = join(folder, "15");
      const options = ["--username=app", "--pwfile=/dev/stdin", "--auth-host=scram-sha-256", "--no-sync"];
      await feed(["initdb", `--pgdata=${data}`, ...options], password);
      await feed(["postgres", "--single", "-D", data, "postgres"], "CREATE DATABASE app;\n");
      await feed(["postgres", "--single", "-D", data, "app"], "CREATE TABLE visits AS SELECT 'Ann' AS guest;\n");
    },
    argv: (folder, port) => [
      "postgres",
      ...["-D", join(folder, "15"), "-c", `port=${port}`, "-c", `unix_socket_directories=${folder}`],
    ],
    read: (port, password) => {
      const where = ["-h", "127.0.0.1", "-p", String(port), "-U", "app", "-d", "app"];
      return run(["psql", ...where, "-Atc", "SELECT guest FROM visits"], { PGPASSWORD: password });
    },
  },
  MariaDB: {
    spec: mariadb(),
    version: "10.11",
    env: (_, password) => ({ PATH, MARIADB_USER: "app", MARIADB_PASSWORD: password, MARIADB_ROOT_PASSWORD: password }),
    async create(folder, password) {
      const data = join(folder, "10.11");
      const install = ["mariadb-install-db", "--no-defaults", `--datadir=${data}`, "--force", "--skip-name-resolve"];
      await feed([...install, "--skip-test-db", "--auth-root-authentication-method=normal"], "");
      await feed(
        ["mariadbd", "--no-defaults", "--bootstrap", `--datadir=${data}`],
        [
          "FLUSH PRIVILEGES;",
          "CREATE DATABASE app;",
          "CREATE TABLE app.visits (guest varchar(9)) ENGINE=InnoDB;",
          "INSERT INTO app.visits VALUES ('Ann');",
          `CREATE USER 'app'@'%' IDENTIFIED BY '${password}';`,
          "GRANT ALL PRIVILEGES ON app.* TO 'app'@'%';",
          `ALTER USER 'root'@'localhost' IDENTIFIED BY '${password}';\n`,
        ].join("\n"),
      );
    },
    argv: (folder, port) => [
      "mariadbd",
      "--no-defaults",
      `--datadir=${join(folder, "10.11")}`,
      `--port=${port}`,
      `--socket=${join(folder, "socket")}`,
      "--innodb-log-file-size=32M",
      "--skip-name-resolve",
    ],
    read: (port, password) => {
      const where = ["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", `--port=${port}`, "--user=app"];
      return run(["mariadb", ...where, "-Ne", "SELECT guest FROM app.visits"], { MYSQL_PWD: password });
    },
  },
};

async function run([program = "", ...args]: string[], env: Record<string, string>): Promise<string> {
  return (await promisify(execFile)(program, args, { env: { PATH, ...env } })).stdout.trim();
}

/** Runs a program to its end with this text on its standard input, as the user of the container. */
async function feed(argv: string[], input: string): Promise<void> {
  // Through a pipe, which can be opened as a file: Node's own is a socket.
  const child = spawn("sh", ["-c", 'cat | "$@"', "sh", ...argv], {
    ...user,
    env: { PATH, LC_ALL: "C.UTF-8" },
    stdio: ["pipe", "pipe", "pipe"],
    cwd: "/",
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise((done) => child.on("close", done));
  assert.equal(code, 0, output);
}

for (const [title, server] of Object.entries(servers)) {
  describe(`the change of ${title}'s password`, function () {
    this.timeout(120_000);
    let folder: string;
    let port: number;
    const started: Container["child"][] = [];

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "berth-password-"));
      await mkdir(join(folder, "volume"));
      await mkdir(join(folder, "tmp"));
      await chmod(folder, 0o755);
      for (const name of ["volume", "tmp"])
        if (user.uid !== undefined) await chown(join(folder, name), user.uid, user.gid);
      port = await freePort();
    });
    afterEach(async () => {
      for (const child of started.splice(0)) await endContainer(child, "SIGKILL", folder);
      await rm(folder, { recursive: true, force: true });
    });

    const volume = () => join(folder, "volume");
    /** The container's script with the paths of this test. */
    function change(password: string): Container {
      const script = (server.spec.setPassword?.(server.version) ?? assert.fail("no script"))
        .replaceAll("/tmp/", `${join(folder, "tmp")}/`)
        .replaceAll(server.spec.dataFolder, volume());
      const container = startContainer(["sh", "-c", script], server.env(volume(), password));
      started.push(container.child);
      return container;
    }
    async function changed(password: string): Promise<string> {
      const { child, output } = change(password);
      await new Promise((done) => child.once("close", done));
      assert.equal(child.exitCode, 0, output());
      return output();
    }
    async function start(password: string): Promise<Container> {
      const container = startContainer(server.argv(volume(), port), { PATH, LC_ALL: "C.UTF-8" });
      started.push(container.child);
      await until(`${title} takes ${password}`, async () => {
        if (container.child.exitCode !== null) throw new Error(container.output());
        return server.read(port, password).then(
          (text) => text === "Ann",
          () => false,
        );
      });
      return container;
    }

    it("lets the new password in, the old one no longer, and keeps the data", async () => {
      await server.create(volume(), "firstPassword1");
      await endContainer((await start("firstPassword1")).child, "SIGTERM", folder);
      const output = await changed("secondPassword2");
      assert.match(output, /the new password is set/);
      assert.ok(!output.includes("secondPassword2"));
      await start("secondPassword2");
      await assert.rejects(server.read(port, "firstPassword1"), /password authentication failed|Access denied/);
    });

    it("has nothing to do before there are data", async () => {
      assert.equal(await changed("secondPassword2"), "");
    });

    it("works on data whose server was killed, and may be killed and repeated itself", async () => {
      await server.create(volume(), "firstPassword1");
      await endContainer((await start("firstPassword1")).child, "SIGKILL", folder);
      for (const milliseconds of [20, 80, 200]) {
        const { child } = change("secondPassword2");
        await new Promise((done) => setTimeout(done, milliseconds));
        await endContainer(child, "SIGKILL", folder);
        // Outside a container the killed server's number may still stand for it until it is reaped; inside, numbers start anew.
        await rm(join(volume(), server.version, "postmaster.pid"), { force: true });
      }
      await changed("thirdPassword3");
      await start("thirdPassword3");
      await assert.rejects(server.read(port, "secondPassword2"), /password authentication failed|Access denied/);
    });

    it("shows the password neither in arguments nor in a log, and says so when it cannot be set", async () => {
      await server.create(volume(), "firstPassword1");
      // Not a password that Berth makes: its quote ends the text early.
      const { child, output } = change("secondPassword2' x");
      const seen = new Set<string>();
      const poll = setInterval(() => {
        void readFile(`/proc/${child.pid ?? 0}/cmdline`, "utf8").then(
          (text) => seen.add(text),
          () => undefined,
        );
      }, 5);
      await new Promise((done) => child.once("close", done));
      clearInterval(poll);
      assert.notEqual(child.exitCode, 0);
      assert.match(output(), /the new password could not be set/);
      assert.ok(!output().includes("secondPassword2"), output());
      assert.ok(![...seen].some((text) => text.includes("secondPassword2")));
    });
  });
}
