import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, chown, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, until } from "../../../examples/guestbook/test/support";
import { containerUser as user, endContainer, startContainer } from "../../../test/support/container";
import type { Container } from "../../../test/support/container";
import { redis } from "./redis";

const password = "s3cretForOneTest";

// The pod's own script with the machine's Redis, on another port; that it works in the image is shown by running pods.
describe("the start of Redis", function () {
  this.timeout(30_000);
  let folder: string;
  let data: string;
  let port: number;
  const started: Container["child"][] = [];
  const spec = redis();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-redis-"));
    await chmod(folder, 0o755);
    if (user.uid !== undefined) await chown(folder, user.uid, user.gid);
    data = join(folder, "7");
    port = await freePort();
  });
  afterEach(async () => {
    for (const child of started.splice(0)) await endContainer(child, "SIGKILL", folder);
    await rm(folder, { recursive: true, force: true });
  });

  const onPort = (script: string) => script.replaceAll(String(spec.port), String(port));
  function start(): Container {
    const [program = "", flag = "", script = ""] = spec.command ?? assert.fail("no command");
    const container = startContainer([program, flag, onPort(script)], {
      PATH: "/usr/bin:/bin",
      DATA_FOLDER: data,
      REDISCLI_AUTH: password,
    });
    started.push(container.child);
    return container;
  }
  const env = (secret: string) => ({ PATH: "/usr/bin:/bin", REDISCLI_AUTH: secret, REDIS_HOST: "127.0.0.1" });
  const ask = async (argv: string[], secret = password): Promise<string> =>
    (await promisify(execFile)("redis-cli", ["-p", String(port), ...argv], { env: env(secret) })).stdout.trim();
  /** Whether the pod's own check takes the server for ready. */
  const probe = async (secret = password): Promise<boolean> => {
    const [program = "", ...args] = spec.probe.map(onPort);
    return promisify(execFile)(program, args, { env: env(secret) }).then(
      () => true,
      () => false,
    );
  };
  const ready = ({ child, output }: Container): Promise<void> =>
    until("Redis answers", () => {
      if (child.exitCode !== null) throw new Error(output());
      return probe();
    });

  it("takes the password and no other, and neither does its check", async () => {
    assert.equal(await probe(), false);
    await ready(start());
    assert.equal(await ask(["PING"]), "PONG");
    assert.match(await ask(["GET", "a"], ""), /NOAUTH/);
    assert.equal(await probe("wrong"), false);
  });

  it("is checked from the app's pod in the same way, against the Service", async () => {
    await ready(start());
    const check = (secret: string) => promisify(execFile)("sh", ["-c", onPort(spec.wait.check)], { env: env(secret) });
    await check(password);
    await assert.rejects(check("wrong"));
  });

  it("runs as the container's first process, without the password in its environment or arguments", async () => {
    const server = start();
    await ready(server);
    const about = join("/proc", String(server.child.pid));
    assert.match(await readFile(join(about, "cmdline"), "utf8"), /^redis-server /);
    for (const file of ["cmdline", "environ"])
      assert.ok(!(await readFile(join(about, file), "utf8")).includes(password), file);
    assert.ok(!server.output().includes(password));
  });

  it("keeps what was written over a stop", async () => {
    const server = start();
    await ready(server);
    await ask(["SET", "guest", "Ann"]);
    await endContainer(server.child, "SIGTERM", folder);
    assert.equal(server.child.exitCode, 0, server.output());
    await ready(start());
    assert.equal(await ask(["GET", "guest"]), "Ann");
  });

  it("keeps what was written more than two seconds before a kill", async () => {
    const server = start();
    await ready(server);
    await ask(["SET", "guest", "Ann"]);
    await new Promise((done) => setTimeout(done, 2000));
    await endContainer(server.child, "SIGKILL", folder);
    await ready(start());
    assert.equal(await ask(["GET", "guest"]), "Ann");
  });

  for (const milliseconds of [5, 15, 30, 60]) {
    it(`starts again when its first start is killed after ${milliseconds} ms`, async () => {
      const first = start();
      await new Promise((done) => setTimeout(done, milliseconds));
      await endContainer(first.child, "SIGKILL", folder);
      await ready(start());
      assert.equal(await ask(["SET", "a", "b"]), "OK");
      assert.ok((await readdir(data)).includes("appendonlydir"));
    });
  }

  it("refuses what does not fit in its memory and keeps what it has", async () => {
    await ready(start());
    await ask(["SET", "kept", "yes"]);
    await ask(["CONFIG", "SET", "maxmemory", "100kb"]);
    assert.match(await ask(["SET", "more", "x"]), /OOM command not allowed/);
    assert.equal(await ask(["GET", "kept"]), "yes");
    await ask(["CONFIG", "SET", "maxmemory", "64mb"]);
    assert.equal(await ask(["SET", "more", "x"]), "OK");
  });
});
