import assert from "node:assert/strict";
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "../../../examples/guestbook/test/support";
import { containerUser as user, endContainer, startContainer, type Container } from "../../../test/support/container";

const entrypoint = join(__dirname, "entrypoint.sh");
/** With what a shell takes for something else. */
const password = `s3cret'for "one" \\test$`;

/**
 * In FerretDB's place: tells how it was called, makes a file where the data go, listens on the socket that it is given. FAKE_END has
 * it end by itself, FAKE_WAIT listen later, FAKE_DEAF stay when it is asked to end.
 */
const FAKE = `#!${process.execPath}
const { appendFileSync, writeFileSync } = require("node:fs");
const value = (name) => process.argv.find((each) => each.startsWith("--" + name + "="))?.slice(name.length + 3);
const call = { args: process.argv.slice(2), secrets: Object.entries(process.env).filter(([, text]) => text === process.env.EXPECTED).map(([name]) => name) };
appendFileSync(process.env.CALLS, JSON.stringify(call) + "\\n");
if (value("setup-username") !== undefined && process.env.FAKE_END) process.exit(Number(process.env.FAKE_END));
const folder = value("sqlite-url").slice("file:".length);
const socket = value("listen-unix");
if (socket) {
  setTimeout(() => {
    writeFileSync(folder + "admin.sqlite", "user");
    require("node:net").createServer().listen(socket);
  }, Number(process.env.FAKE_WAIT ?? 50));
}
setInterval(() => {}, 1000);
process.on("SIGTERM", () => process.env.FAKE_DEAF || process.exit(0));
`;

interface Call {
  args: string[];
  /** Names of variables that hold the password. */
  secrets: string[];
}

// The image's own script with a stand-in for the server; that the image itself works is shown by running pods.
describe("the FerretDB image's entrypoint", function () {
  this.timeout(30_000);
  let folder: string;
  let data: string;
  const started: Container["child"][] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-ferretdb-"));
    data = join(folder, "data");
    await mkdir(data);
    await writeFile(join(folder, "ferretdb"), FAKE);
    await chmod(join(folder, "ferretdb"), 0o755);
    await chmod(folder, 0o755);
    if (user.uid !== undefined) for (const path of [folder, data]) await chown(path, user.uid, user.gid);
  });
  afterEach(async () => {
    for (const child of started.splice(0)) await endContainer(child, "SIGKILL", folder);
    await rm(folder, { recursive: true, force: true });
  });

  function start(env: Record<string, string> = {}, args = ["--dbpath", data, "--bind_ip_all"]): Container {
    const container = startContainer([entrypoint, "mongod", ...args, "--wiredTigerCacheSizeGB", "0.25"], {
      PATH: `${folder}:/usr/bin:/bin`,
      CALLS: join(folder, "calls"),
      TMPDIR: folder,
      // What the stand-in looks for, under another name and so not found by itself.
      EXPECTED: password,
      MONGO_INITDB_ROOT_USERNAME: "app",
      MONGO_INITDB_ROOT_PASSWORD: password,
      ...env,
    });
    started.push(container.child);
    return container;
  }
  const calls = async (): Promise<Call[]> =>
    (await readFile(join(folder, "calls"), "utf8").catch(() => ""))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Call);
  const serving = async ({ child, output }: Container): Promise<Call> => {
    let last: Call | undefined;
    await until("the server is started", async () => {
      if (child.exitCode !== null) throw new Error(output());
      last = (await calls()).findLast(({ args }) => args.some((arg) => arg.startsWith("--listen-addr=:")));
      return last !== undefined;
    });
    return last ?? assert.fail();
  };
  const failure = async (container: Container): Promise<string> => {
    await new Promise((done) => container.child.once("close", done));
    assert.equal(container.child.exitCode, 1, container.output());
    return container.output();
  };

  it("makes the user with a server that nobody reaches, and then starts one that knows no password", async () => {
    const server = start();
    const { args, secrets } = await serving(server);
    assert.deepEqual(secrets, ["EXPECTED"]);
    assert.ok(args.includes(`--sqlite-url=file:${data}/ferretdb/`));
    assert.ok(args.includes("--listen-addr=:27017"));
    assert.ok(args.includes("--test-enable-new-auth"));
    const [setup = assert.fail(), ...rest] = await calls();
    assert.equal(rest.length, 1);
    assert.ok(setup.args.includes("--listen-addr="));
    assert.ok(setup.args.includes("--setup-username=app"));
    assert.ok(setup.secrets.includes("FERRETDB_SETUP_PASSWORD"));
    assert.ok(!JSON.stringify(setup.args).includes("s3cret"));
    assert.deepEqual(await readdir(data), ["ferretdb"]);
    assert.ok(!server.output().includes(password));
  });

  it("makes no user in a folder that has one", async () => {
    const first = start();
    await serving(first);
    await endContainer(first.child, "SIGTERM", folder);
    await rm(join(folder, "calls"));
    await serving(start({ MONGO_INITDB_ROOT_PASSWORD: "" }));
    assert.equal((await calls()).length, 1);
  });

  it("begins anew after a first start that was killed", async () => {
    const first = start({ FAKE_WAIT: "20000" });
    await until("the set-up has begun", async () => (await readdir(data)).includes("ferretdb.new"));
    await endContainer(first.child, "SIGKILL", folder);
    await serving(start());
    assert.deepEqual(await readdir(data), ["ferretdb"]);
  });

  it("is not misled by what a first start that was killed left in /tmp", async () => {
    const first = start({ FAKE_DEAF: "1" });
    await until("the set-up listens", async () => (await readdir(folder)).includes("ferretdb.sock"));
    await endContainer(first.child, "SIGKILL", folder);
    assert.ok((await readdir(folder)).includes("ferretdb.sock"));
    await serving(start({ FAKE_WAIT: "500" }));
    assert.deepEqual(await readdir(join(data, "ferretdb")), ["admin.sqlite"]);
  });

  it("says that the set-up failed, and leaves no folder that looks complete", async () => {
    assert.match(await failure(start({ FAKE_END: "3" })), /the set-up of a new folder failed/);
    assert.ok(!(await readdir(data)).includes("ferretdb"));
  });

  it("lets the pod itself in without a login, and nobody else", async () => {
    const first = start();
    await serving(first);
    await endContainer(first.child, "SIGTERM", folder);
    await rm(join(folder, "calls"));
    const container = start({}, ["--dbpath", data, "--bind_ip", "127.0.0.1", "--port", "27018", "--noauth"]);
    await until("the server is started", async () => (await calls()).length > 0);
    const [call = assert.fail()] = await calls();
    assert.ok(call.args.includes("--listen-addr=127.0.0.1:27018"), container.output());
    assert.ok(!call.args.includes("--test-enable-new-auth"));
    const open = await failure(start({}, ["--dbpath", data, "--bind_ip_all", "--noauth"]));
    assert.match(open, /--noauth is for --bind_ip 127\.0\.0\.1 alone/);
  });

  it("asks for a password, takes it from a file, and takes no other argument of mongod", async () => {
    assert.match(await failure(start({ MONGO_INITDB_ROOT_PASSWORD: "" })), /MONGO_INITDB_ROOT_PASSWORD is empty/);
    assert.match(await failure(start({}, ["--replSet", "rs0"])), /there is no --replSet/);
    assert.match(await failure(start({}, ["--dbpath", join(folder, "none")])), /cannot write to the data folder/);
    await writeFile(join(folder, "secret"), password);
    await chmod(join(folder, "secret"), 0o644);
    const env = { MONGO_INITDB_ROOT_PASSWORD: "", MONGO_INITDB_ROOT_PASSWORD_FILE: join(folder, "secret") };
    assert.ok((await serving(start(env))).args.length > 0);
  });
});
