import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { promisify } from "node:util";
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
