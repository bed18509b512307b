import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";

import {
  ensureExamplePackages,
  startApp,
  startPostgres,
  until,
  type PrivatePostgres,
  type RunningApp,
} from "./support";

interface Entries {
  entries: { id: string; name: string; message: string; createdAt: string }[];
  total: number;
}

const form = (fields: Record<string, string>, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: new URLSearchParams(fields),
  headers,
  redirect: "manual",
});
const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { "content-type": "application/json", ...headers },
});

describe("guestbook", function () {
  this.timeout(60_000);
  let postgres: PrivatePostgres;
  let app: RunningApp;
  const get = (path: string): Promise<Response> => fetch(`${app.url}${path}`);
  const list = async (path = "/api/entries"): Promise<Entries> => (await (await get(path)).json()) as Entries;

  before(async function () {
    this.timeout(120_000);
    await ensureExamplePackages();
    postgres = await startPostgres();
    app = await startApp({
      DATABASE_URL: postgres.url,
      PR_NUMBER: "7",
      COMMIT_SHA: "0123456789abcdef",
      BRANCH_NAME: "a<b",
    });
    await until("migrations", async () => (await get("/health")).ok);
  });
  after(async () => {
    await app.stop();
    await postgres.remove();
  });

  it("keeps an entry that was posted as JSON", async () => {
    const response = await fetch(
      `${app.url}/api/entries`,
      json({ name: " Ada \n Lovelace ", message: "one\r\ntwo\u0000" }),
    );
    assert.equal(response.status, 201);
    const entry = (await response.json()) as Entries["entries"][0];
    assert.deepEqual({ name: entry.name, message: entry.message }, { name: "Ada Lovelace", message: "one\ntwo" });
    assert.deepEqual((await list("/api/entries?limit=1")).entries[0], entry);
  });

  it("keeps an entry that was sent by the form, and redirects so that reloading does not send it again", async () => {
    const { total } = await list();
    const response = await fetch(`${app.url}/`, form({ name: "Grace", message: "from the form" }));
    assert.equal(response.status, 303);
    assert.equal(response.headers.get("location"), "/");
    assert.equal((await list()).total, total + 1);
    assert.match(await (await get("/")).text(), /from the form/);
  });

  it("escapes everything that it shows", async () => {
    const hostile = `<script>alert("1")</script>'&`;
    assert.equal((await fetch(`${app.url}/api/entries`, json({ name: hostile, message: hostile }))).status, 201);
    const page = await (await get("/")).text();
    assert.ok(!page.includes("<script"));
    assert.ok(page.includes("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;"));
    assert.ok(page.includes("a&lt;b"), "the branch's name");
  });

  it("shows the form again with what was typed when it is wrong", async () => {
    const response = await fetch(`${app.url}/`, form({ name: `"><i>`, message: "x".repeat(501) }));
    const page = await response.text();
    assert.equal(response.status, 422);
    assert.match(page, /message has 501 characters: at most 500 are accepted/);
    assert.ok(page.includes(`value="&quot;&gt;&lt;i&gt;"`));
  });

  it("says which pull request and commit it is", async () => {
    const page = await (await get("/")).text();
    assert.match(page, /#7/);
    assert.match(page, /<dd>0123456<\/dd>/);
  });

  it("forbids scripts, frames and sniffing by headers", async () => {
    const { headers } = await get("/");
    assert.match(headers.get("content-security-policy") ?? "", /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
  });

  const refusals: [string, string, RequestInit, number, RegExp][] = [
    ["a body that is no JSON", "/api/entries", json("{"), 400, /not JSON/],
    ["JSON that is no object", "/api/entries", json("null"), 422, /name is missing/],
    ["a name of another type", "/api/entries", json({ name: 1, message: "x" }), 422, /name is missing/],
    ["only white space", "/api/entries", json({ name: "x", message: " \n" }), 422, /message is missing/],
    ["a body that is too large", "/api/entries", json({ name: "x", message: "x".repeat(20_000) }), 413, /16384 bytes/],
    ["another content type", "/api/entries", { method: "POST", body: "x" }, 415, /application\/json/],
    ["another method", "/api/entries", { method: "DELETE" }, 405, /DELETE/],
    ["an unknown path", "/api/nothing", {}, 404, /no such page/],
    ["a limit of zero", "/api/entries?limit=0", {}, 400, /1 to 100/],
    [
      "a form on another site",
      "/",
      form({ name: "x", message: "x" }, { "sec-fetch-site": "cross-site" }),
      403,
      /other sites/,
    ],
  ];
  for (const [what, path, request, status, message] of refusals) {
    it(`refuses ${what} with ${status}`, async () => {
      const { total } = await list();
      const response = await fetch(`${app.url}${path}`, request);
      assert.equal(response.status, status);
      assert.match(await response.text(), message);
      assert.equal((await list()).total, total);
    });
  }

  it("survives a request line that is no URL", async () => {
    const socket = connect(Number(new URL(app.url).port), "127.0.0.1");
    socket.end("GET //[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 404 /);
    assert.ok((await get("/health")).ok);
  });

  it("migrates once when several replicas start together", async () => {
    const replicas = await Promise.all([1, 2, 3].map(() => startApp({ DATABASE_URL: postgres.url })));
    try {
      for (const replica of replicas) {
        await until("a replica is healthy", async () => (await fetch(`${replica.url}/health`)).ok);
      }
    } finally {
      await Promise.all(replicas.map((replica) => replica.stop()));
    }
    for (const replica of replicas) assert.match(replica.output(), /"schema is up to date","from":1,"to":1/);
  });

  it("takes PG* variables as well as a URL", async () => {
    const replica = await startApp({
      PGHOST: "127.0.0.1",
      PGPORT: String(postgres.port),
      PGUSER: "app",
      PGPASSWORD: postgres.password,
      PGDATABASE: "guestbook",
    });
    try {
      await until("it is healthy", async () => (await fetch(`${replica.url}/health`)).ok);
      assert.equal((await fetch(`${replica.url}/ready`)).status, 200);
    } finally {
      await replica.stop();
    }
    assert.equal(replica.exitCode(), 0);
  });

  it("stays alive without its database, says so, and works again when it is back", async () => {
    const before = await list();
    await postgres.stop("SIGINT");
    try {
      assert.equal((await get("/health")).status, 200);
      assert.equal((await get("/ready")).status, 503);
      const page = await get("/");
      assert.equal(page.status, 503);
      assert.match(await page.text(), /database cannot be reached/);
      assert.equal((await get("/api/entries")).status, 503);

      const early = await startApp({ DATABASE_URL: postgres.url });
      assert.equal((await fetch(`${early.url}/health`)).status, 503, "not healthy before its schema is right");
      await postgres.start();
      await until("the early one is healthy", async () => (await fetch(`${early.url}/health`)).ok);
      await early.stop();
    } finally {
      await postgres.start();
    }
    await until("ready again", async () => (await get("/ready")).ok);
    assert.deepEqual(await list(), before);
  });

  it("answers what it has begun before it stops", async () => {
    const replica = await startApp({ DATABASE_URL: postgres.url });
    await until("it is healthy", async () => (await fetch(`${replica.url}/health`)).ok);
    const body = JSON.stringify({ name: "slow", message: "sent in two parts" });
    const socket = connect(Number(new URL(replica.url).port), "127.0.0.1");
    const head = `POST /api/entries HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    socket.write(head + body.slice(0, 10));
    await new Promise((done) => setTimeout(done, 100));
    const stopped = replica.stop("SIGTERM");
    await until("it stops", () => replica.output().includes('"stopping"'));
    socket.write(body.slice(10));
    const [answer] = (await once(socket, "data")) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 201 /);
    await stopped;
    assert.equal(replica.exitCode(), 0);
    assert.match(replica.output(), /"stopped"/);
  });

  it("ends with a clear message when a setting is wrong", async () => {
    await assert.rejects(
      startApp({ DATABASE_URL: postgres.url, PORT: "http" }),
      /PORT is .*http.*accepted is a whole number/,
    );
  });

  it("never logs the database's password or what visitors wrote", () => {
    assert.match(app.output(), /"message":"request"/);
    for (const secret of [postgres.password, "from the form", "Lovelace"])
      assert.ok(!app.output().includes(secret), secret);
  });
});
