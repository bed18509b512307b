/*
 * Clients of the three databases in plain Node, to be run inside an app's pod with nothing but the variables that Berth injects.
 * PostgreSQL by the example's own library; MariaDB and Redis by as much of their protocols as a statement and its answer take,
 * so that no library has to be put in the image.
 */

/** What to ask of each database; absent ones are not connected to. */
export interface Questions {
  /** SQL statements. */
  readonly postgresql?: readonly string[];
  /** SQL statements. */
  readonly mariadb?: readonly string[];
  /** Commands, word by word. */
  readonly redis?: readonly (readonly string[])[];
}

/** The last answer of each database: rows of values for SQL, text for Redis. */
export interface Answers {
  readonly postgresql?: (string | null)[][];
  readonly mariadb?: (string | null)[][];
  readonly redis?: string | null;
}

const program = String.raw`
const net = require("node:net"), crypto = require("node:crypto");
const questions = JSON.parse(process.argv[1]);

/** Reads exact amounts of bytes from a connection. */
function connect(host, port) {
  const socket = net.connect({ host, port: Number(port) });
  let buffer = Buffer.alloc(0), wake = () => {}, failure;
  socket.on("data", (chunk) => { buffer = Buffer.concat([buffer, chunk]); wake(); });
  for (const event of ["error", "close"]) socket.on(event, (error) => { failure ??= error || new Error("closed"); wake(); });
  socket.setTimeout(10000, () => socket.destroy(new Error("no answer in 10 s")));
  const until = async (find) => {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (failure) throw failure;
      await new Promise((resolve) => (wake = resolve));
    }
  };
  const take = (length) => until(() => {
    if (buffer.length < length) return undefined;
    const taken = buffer.subarray(0, length);
    buffer = buffer.subarray(length);
    return taken;
  });
  const line = async () => {
    const at = await until(() => { const found = buffer.indexOf("\r\n"); return found < 0 ? undefined : found; });
    return (await take(at + 2)).subarray(0, at).toString();
  };
  return { socket, take, line };
}

async function postgresql(statements) {
  const { Client } = require("pg");
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  let rows = [];
  for (const text of statements) rows = (await client.query({ text, rowMode: "array" })).rows;
  await client.end();
  return rows;
}

async function mariadb(statements) {
  const url = new URL(process.env.MYSQL_URL);
  const { socket, take } = connect(url.hostname, url.port);
  const receive = async () => {
    const head = await take(4);
    const body = await take(head.readUIntLE(0, 3));
    if (body[0] === 0xff) throw new Error("MariaDB: " + body.subarray(9).toString());
    return { number: head[3], body };
  };
  const send = (number, body) => {
    const head = Buffer.alloc(4);
    head.writeUIntLE(body.length, 0, 3);
    head[3] = number;
    socket.write(Buffer.concat([head, body]));
  };
  const hello = (await receive()).body;
  const start = hello.indexOf(0, 1) + 1 + 4;
  const salt = Buffer.concat([hello.subarray(start, start + 8), hello.subarray(start + 27, start + 39)]);
  const sha1 = (...parts) => crypto.createHash("sha1").update(Buffer.concat(parts)).digest();
  const first = sha1(Buffer.from(decodeURIComponent(url.password)));
  const second = sha1(salt, sha1(first));
  const proof = first.map((byte, index) => byte ^ second[index]);
  const flags = Buffer.alloc(32);
  // Long password, database in the answer, protocol 4.1, secure connection, named method.
  flags.writeUInt32LE(0x1 | 0x8 | 0x200 | 0x8000 | 0x80000, 0);
  flags.writeUInt32LE(1 << 24, 4);
  flags[8] = 45;
  const text = (value) => Buffer.from(value + "\0");
  send(1, Buffer.concat([flags, text(url.username), Buffer.from([20]), proof, text(url.pathname.slice(1)), text("mysql_native_password")]));
  await receive();
  let rows = [];
  for (const statement of statements) {
    rows = [];
    send(0, Buffer.concat([Buffer.from([3]), Buffer.from(statement)]));
    const columns = (await receive()).body[0];
    if (columns === 0) continue;
    const isEnd = (body) => body[0] === 0xfe && body.length < 9;
    while (!isEnd((await receive()).body));
    for (let { body } = await receive(); !isEnd(body); ({ body } = await receive())) {
      const row = [];
      for (let at = 0; at < body.length; ) {
        const length = body[at++];
        if (length > 251) throw new Error("a value longer than these tests write");
        row.push(length === 251 ? null : body.subarray(at, at + length).toString());
        if (length < 251) at += length;
      }
      rows.push(row);
    }
  }
  socket.destroy();
  return rows;
}

async function redis(commands) {
  const url = new URL(process.env.REDIS_URL);
  const { socket, take, line } = connect(url.hostname, url.port);
  let answer = null;
  for (const words of [["AUTH", decodeURIComponent(url.password)], ...commands]) {
    socket.write("*" + words.length + "\r\n" + words.map((word) => "$" + Buffer.byteLength(word) + "\r\n" + word + "\r\n").join(""));
    const reply = await line();
    if (reply[0] === "-") throw new Error("Redis: " + reply.slice(1));
    const length = Number(reply.slice(1));
    answer = reply[0] !== "$" ? reply.slice(1) : length < 0 ? null : (await take(length + 2)).subarray(0, length).toString();
  }
  socket.destroy();
  return answer;
}

const clients = { postgresql, mariadb, redis };
Promise.all(Object.entries(questions).map(async ([engine, each]) => [engine, await clients[engine](each)])).then(
  (answers) => console.log(JSON.stringify(Object.fromEntries(answers))),
  (error) => { console.error(error); process.exit(1); },
);
`;

/** The command that asks, for a pod that has Node. */
export function clientCommand(questions: Questions): string[] {
  return ["node", "-e", program, JSON.stringify(questions)];
}
