/*
 * Clients of the databases in plain Node, to be run inside an app's pod with nothing but the variables that Berth injects.
 * PostgreSQL by the example's own library; the others by as much of their protocols as a statement and its answer take, so that no
 * library has to be put in the image.
 */

/** What to ask of each database; absent ones are not connected to. */
export interface Questions {
  /** SQL statements. */
  readonly postgresql?: readonly string[];
  /** SQL statements. */
  readonly mariadb?: readonly string[];
  /** Commands, word by word. */
  readonly redis?: readonly (readonly string[])[];
  /** Commands as documents, without `$db`. */
  readonly mongodb?: readonly Readonly<Record<string, unknown>>[];
  /** Method, key in the app's bucket and what to put there. */
  readonly s3?: readonly (readonly [method: string, key: string, body?: string])[];
}

/** The last answer of each database: rows of values for SQL, text for Redis and the object store, the first documents of MongoDB. */
export interface Answers {
  readonly postgresql?: (string | null)[][];
  readonly mariadb?: (string | null)[][];
  readonly redis?: string | null;
  readonly mongodb?: Readonly<Record<string, unknown>>[];
  readonly s3?: string;
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

/** A document in BSON; enough types for these tests. */
function encode(document) {
  const parts = Object.entries(document).map(([name, value]) => {
    const typed = (type, content) => Buffer.concat([Buffer.of(type), Buffer.from(name + "\0"), content]);
    const number = (length, write) => { const bytes = Buffer.alloc(length); bytes[write](...[].concat(value)); return bytes; };
    if (typeof value === "number") return typed(0x10, number(4, "writeInt32LE"));
    if (typeof value === "boolean") return typed(0x08, Buffer.of(value ? 1 : 0));
    if (Buffer.isBuffer(value)) return typed(0x05, Buffer.concat([int32(value.length), Buffer.of(0), value]));
    if (typeof value === "string") { const text = Buffer.from(value + "\0"); return typed(0x02, Buffer.concat([int32(text.length), text])); }
    return typed(Array.isArray(value) ? 0x04 : 0x03, encode({ ...value }));
  });
  const content = Buffer.concat([...parts, Buffer.of(0)]);
  return Buffer.concat([int32(content.length + 4), content]);
}
function int32(value) { const bytes = Buffer.alloc(4); bytes.writeInt32LE(value); return bytes; }
function decode(bytes, isList = false) {
  const fields = {};
  for (let at = 4; bytes[at] !== 0; ) {
    const type = bytes[at++], end = bytes.indexOf(0, at), name = bytes.subarray(at, end).toString();
    at = end + 1;
    const size = bytes.readInt32LE(at);
    const [value, length] =
      type === 0x01 ? [bytes.readDoubleLE(at), 8]
      : type === 0x02 ? [bytes.subarray(at + 4, at + 3 + size).toString(), size + 4]
      : type === 0x03 || type === 0x04 ? [decode(bytes.subarray(at, at + size), type === 0x04), size]
      : type === 0x05 ? [Buffer.from(bytes.subarray(at + 5, at + 5 + size)), size + 5]
      : type === 0x07 ? [bytes.subarray(at, at + 12).toString("hex"), 12]
      : type === 0x08 ? [bytes[at] === 1, 1]
      : type === 0x0a ? [null, 0]
      : type === 0x10 ? [size, 4]
      : [Number(bytes.readBigInt64LE(at)), 8];
    fields[name] = value;
    at += length;
  }
  return isList ? Object.values(fields) : fields;
}

async function mongodb(commands) {
  const url = new URL(process.env.MONGODB_URI);
  const { socket, take } = connect(url.hostname, url.port);
  const ask = async (command, database) => {
    const body = encode({ ...command, $db: database });
    socket.write(Buffer.concat([int32(21 + body.length), int32(1), int32(0), int32(2013), int32(0), Buffer.of(0), body]));
    const head = await take(16);
    const answer = decode((await take(head.readInt32LE(0) - 16)).subarray(5));
    if (answer.ok !== 1) throw new Error("MongoDB: " + answer.errmsg);
    if (answer.writeErrors) throw new Error("MongoDB: " + JSON.stringify(answer.writeErrors));
    return answer;
  };
  const source = url.searchParams.get("authSource");
  // RFC 5802 and RFC 7677: SCRAM-SHA-256.
  const nonce = crypto.randomBytes(18).toString("base64");
  const first = "n=" + url.username + ",r=" + nonce;
  const hash = (data) => crypto.createHash("sha256").update(data).digest();
  const mac = (key, data) => crypto.createHmac("sha256", key).update(data).digest();
  const parse = (payload) => Object.fromEntries(payload.toString().split(",").map((part) => [part[0], part.slice(2)]));
  const start = await ask({ saslStart: 1, mechanism: "SCRAM-SHA-256", payload: Buffer.from("n,," + first), options: { skipEmptyExchange: true } }, source);
  const challenge = parse(start.payload);
  if (!challenge.r.startsWith(nonce)) throw new Error("MongoDB: another nonce");
  const salted = crypto.pbkdf2Sync(decodeURIComponent(url.password), Buffer.from(challenge.s, "base64"), Number(challenge.i), 32, "sha256");
  const clientKey = mac(salted, "Client Key");
  const last = "c=biws,r=" + challenge.r;
  const whole = first + "," + start.payload.toString() + "," + last;
  const signature = mac(hash(clientKey), whole);
  const proof = clientKey.map((byte, index) => byte ^ signature[index]).toString("base64");
  let step = await ask({ saslContinue: 1, conversationId: start.conversationId, payload: Buffer.from(last + ",p=" + proof) }, source);
  if (parse(step.payload).v !== mac(mac(salted, "Server Key"), whole).toString("base64")) throw new Error("MongoDB: not the server that was meant");
  while (!step.done) step = await ask({ saslContinue: 1, conversationId: start.conversationId, payload: Buffer.alloc(0) }, source);
  let answer = {};
  for (const command of commands) answer = await ask(command, process.env.MONGODB_DATABASE);
  socket.destroy();
  return answer.cursor?.firstBatch ?? [];
}

async function s3(requests) {
  const { S3_ENDPOINT, S3_BUCKET, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY } = process.env;
  let text = "";
  for (const [method, key, body = ""] of requests) {
    // Amazon S3, "Authenticating Requests (AWS Signature Version 4)".
    const url = new URL("/" + S3_BUCKET + "/" + key, S3_ENDPOINT);
    const sha256 = (data) => crypto.createHash("sha256").update(data).digest("hex");
    const mac = (secret, data) => crypto.createHmac("sha256", secret).update(data).digest();
    const now = new Date().toISOString().replace(/[-:]|\.\d+/g, ""), day = now.slice(0, 8);
    const signed = "host;x-amz-content-sha256;x-amz-date", content = sha256(body);
    const canonical = [method, url.pathname, "", "host:" + url.host, "x-amz-content-sha256:" + content, "x-amz-date:" + now, "", signed, content].join("\n");
    const scope = day + "/" + S3_REGION + "/s3/aws4_request";
    const secret = [day, S3_REGION, "s3", "aws4_request"].reduce(mac, "AWS4" + S3_SECRET_KEY);
    const proof = mac(secret, ["AWS4-HMAC-SHA256", now, scope, sha256(canonical)].join("\n")).toString("hex");
    const authorization = "AWS4-HMAC-SHA256 Credential=" + S3_ACCESS_KEY + "/" + scope + ",SignedHeaders=" + signed + ",Signature=" + proof;
    const response = await fetch(url, {
      method,
      headers: { authorization, "x-amz-date": now, "x-amz-content-sha256": content },
      ...(method === "PUT" ? { body } : {}),
      signal: AbortSignal.timeout(10000),
    });
    text = await response.text();
    if (!response.ok) throw new Error("S3: " + response.status + " " + text);
  }
  return text;
}

const clients = { postgresql, mariadb, redis, mongodb, s3 };
Promise.all(Object.entries(questions).map(async ([engine, each]) => [engine, await clients[engine](each)])).then(
  (answers) => console.log(JSON.stringify(Object.fromEntries(answers))),
  (error) => { console.error(error); process.exit(1); },
);
`;

/** The command that asks, for a pod that has Node. */
export function clientCommand(questions: Questions): string[] {
  return ["node", "-e", program, JSON.stringify(questions)];
}
