import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../../examples/guestbook/test/support";
import { mongodb } from "./mongodb";

// The pod's own check against servers that answer this and that; that a real one answers so is shown by running pods.
describe("the check of MongoDB", function () {
  this.timeout(20_000);
  const spec = mongodb();
  let server: Server | undefined;
  const received: Buffer[] = [];

  afterEach(() => {
    server?.close();
    received.length = 0;
  });

  async function check(answer: (socket: Socket) => void): Promise<boolean> {
    const sockets: Socket[] = [];
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => undefined);
      socket.once("data", (data) => {
        received.push(data);
        answer(socket);
      });
    });
    await new Promise<void>((done) => server?.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const result = await run(port);
    for (const socket of sockets) socket.destroy();
    return result;
  }
  const run = (port: number): Promise<boolean> => {
    const [program = "", ...args] = spec.probe.map((part) => part.replaceAll(String(spec.port), String(port)));
    return promisify(execFile)(program, args).then(
      () => true,
      () => false,
    );
  };

  it("sends one message with the command hello, as the wire protocol has it", async () => {
    assert.equal(await check((socket) => socket.write("isWritablePrimary\0\x01")), true);
    const [message = assert.fail("nothing was sent")] = received;
    assert.equal(message.readInt32LE(0), message.length);
    assert.equal(message.readInt32LE(12), 2013, "OP_MSG");
    assert.equal(message.readInt32LE(16), 0, "no flags");
    assert.equal(message[20], 0, "a section with one document");
    const document = message.subarray(21);
    assert.equal(document.readInt32LE(0), document.length);
    assert.equal(document.subarray(4).toString("latin1"), "\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0");
  });

  it("is content with a server that takes writes only", async () => {
    assert.equal(await check((socket) => socket.end("errmsg\0not yet")), false);
    assert.equal(await check((socket) => socket.destroy()), false);
  });

  it("ends by itself when nobody answers, and when nobody listens", async () => {
    const begin = performance.now();
    assert.equal(await check(() => undefined), false);
    assert.ok(performance.now() - begin < 10_000);
    assert.equal(await run(1), false);
  });
});

/** In the image's place: says how it was started, answers the check, and to the other message what ANSWER says, and keeps that message. */
const FAKE = `#!${process.execPath}
const { appendFileSync, writeFileSync } = require("node:fs");
const { ANSWER, FOLDER } = process.env;
const secret = Object.entries(process.env).find(([name, value]) => name.startsWith("MONGO_") || (name !== "password" && value === process.env.password));
writeFileSync(FOLDER + "/started", JSON.stringify({ args: process.argv.slice(2), secret: secret?.[0] }));
if (ANSWER === "end") { console.log("no disk"); process.exit(3); }
require("node:net").createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (data) => {
    if (data.includes("hello")) return socket.end("isWritablePrimary");
    appendFileSync(FOLDER + "/message", data);
    if (data.includes("admin")) socket.end(ANSWER);
  });
}).listen(Number(process.argv[process.argv.indexOf("--port") + 1]), "127.0.0.1");
process.on("SIGTERM", () => { writeFileSync(FOLDER + "/ended", ""); process.exit(0); });
`;

// The pod's own script with a stand-in for the server; that a real one takes the password is shown by running pods.
describe("a new password for MongoDB", function () {
  this.timeout(30_000);
  const password = "abcDEF0123456789abcDEF0123456789";
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-mongodb-"));
    await writeFile(join(folder, "docker-entrypoint.sh"), FAKE);
    await chmod(join(folder, "docker-entrypoint.sh"), 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const file = (name: string) => readFile(join(folder, name)).catch(() => undefined);
  async function setPassword(answer: string): Promise<{ ok: boolean; output: string }> {
    const script = mongodb().setPassword?.("7.0") ?? assert.fail();
    const here = script.replaceAll("27018", String(await freePort())).replaceAll("/tmp/", `${folder}/`);
    const env = {
      PATH: `${folder}:/usr/bin:/bin`,
      FOLDER: folder,
      ANSWER: answer,
      DATA_FOLDER: join(folder, "7.0"),
      MONGO_INITDB_ROOT_USERNAME: "app",
      MONGO_INITDB_ROOT_PASSWORD: password,
    };
    return new Promise((done) => {
      execFile("sh", ["-c", here], { env }, (error, stdout, stderr) => {
        done({ ok: error === null, output: stdout + stderr });
      });
    });
  }
  const holds = (name: string) => mkdir(join(folder, "7.0", name), { recursive: true });

  for (const name of ["WiredTiger", "ferretdb"])
    it(`is given in one message to a server without login, over data with ${name}, which is ended`, async () => {
      await holds(name);
      assert.deepEqual(await setPassword("\x01ok"), { ok: true, output: "the new password is set\n" });
      const { args, secret } = JSON.parse(String(await file("started"))) as { args: string[]; secret?: string };
      assert.equal(secret, undefined);
      assert.ok(args.includes("--noauth"));
      assert.deepEqual(args.slice(args.indexOf("--bind_ip")).slice(0, 2), ["--bind_ip", "127.0.0.1"]);
      assert.ok(!JSON.stringify(args).includes(password));
      const message = (await file("message")) ?? assert.fail();
      assert.equal(message.readInt32LE(0), message.length);
      assert.equal(message.readInt32LE(12), 2013, "OP_MSG");
      const document = message.subarray(21);
      assert.equal(document.readInt32LE(0), document.length);
      assert.equal(
        document.subarray(4).toString("latin1"),
        `\x02updateUser\0\x04\0\0\0app\0\x02pwd\0\x21\0\0\0${password}\0\x02$db\0\x06\0\0\0admin\0\0`,
      );
      assert.ok(await file("ended"));
    });

  it("is left to the first start where there are no data", async () => {
    await holds("ferretdb.new");
    assert.deepEqual(await setPassword("\x01ok"), { ok: true, output: "" });
    assert.equal(await file("started"), undefined);
  });

  it("fails with the server's reason, and never with the password", async () => {
    await holds("WiredTiger");
    for (const [answer, reason] of [
      ["errmsg User app@admin not found", /could not be set: .*User app@admin not found/],
      ["", /could not be set: the server answered/],
      ["end", /no disk\n.*could not be set: the server ended/],
    ] as const) {
      const { ok, output } = await setPassword(answer);
      assert.equal(ok, false);
      assert.match(output, reason);
      assert.ok(!output.includes(password));
    }
  });
});

describe("the address of MongoDB", () => {
  it("has limits and timeouts in the words that every driver reads, and the password quoted", () => {
    const { MONGODB_URI = "", MONGODB_URL, MONGODB_DATABASE } = mongodb().connection("a/b@c");
    const url = new URL(MONGODB_URI);
    assert.equal(url.username, "app");
    assert.equal(decodeURIComponent(url.password), "a/b@c");
    assert.equal(url.host, "mongodb:27017");
    assert.equal(url.pathname, `/${MONGODB_DATABASE ?? ""}`);
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      authSource: "admin",
      maxPoolSize: "20",
      connectTimeoutMS: "5000",
      serverSelectionTimeoutMS: "10000",
    });
    assert.equal(MONGODB_URL, MONGODB_URI);
  });
});
