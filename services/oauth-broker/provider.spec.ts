import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { openIdProvider } from "./provider";

describe("the provider behind the broker", () => {
  let server: Server;
  let issuer: string;
  let changes: Record<string, unknown>;
  let asked: { url: string; headers: IncomingHttpHeaders; body: string }[];
  let now: number;

  beforeEach(async () => {
    [changes, asked, now] = [{}, [], 0];
    server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      request.on("end", () => {
        const { url = "", headers } = request;
        asked.push({ url, headers, body });
        if (url === "/elsewhere") {
          response.writeHead(302, { location: `${issuer}/token` }).end();
          return;
        }
        const metadata = {
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/keys`,
          ...changes,
        };
        response.end(JSON.stringify(url.startsWith("/.well-known") ? metadata : { from: url }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const provider = () =>
    openIdProvider({ issuer, clientId: "berth:1", clientSecret: () => Promise.resolve("s/1") }, () => now);
  const form = () => new URLSearchParams({ grant_type: "authorization_code", code: "c" });

  it("is asked as the registered client, in the header where nothing else is said", async () => {
    assert.deepEqual(await provider().redeem(form()), { status: 200, body: { from: "/token" } });
    const { headers, body } = asked.at(-1) ?? assert.fail();
    assert.equal(headers.authorization, `Basic ${Buffer.from("berth%3A1:s%2F1").toString("base64")}`);
    assert.equal(body, "grant_type=authorization_code&code=c");
  });

  it("is asked in the form where it takes nothing else", async () => {
    changes = { token_endpoint_auth_methods_supported: ["client_secret_post"] };
    await provider().redeem(form());
    const { headers, body } = asked.at(-1) ?? assert.fail();
    assert.equal(headers.authorization, undefined);
    assert.equal(body, "grant_type=authorization_code&code=c&client_id=berth%3A1&client_secret=s%2F1");
  });

  it("is asked for metadata and keys once in five minutes", async () => {
    const one = provider();
    for (const at of [0, 299_999]) {
      now = at;
      await one.keys();
    }
    assert.deepEqual(
      asked.map(({ url }) => url),
      ["/.well-known/openid-configuration", "/keys"],
    );
    now = 300_000;
    await one.keys();
    assert.equal(asked.length, 4);
  });

  it("must be the issuer that it is configured as, with all endpoints", async () => {
    changes = { issuer: "https://evil.example" };
    await assert.rejects(provider().metadata(), /another issuer/);
    changes = { jwks_uri: undefined };
    await assert.rejects(provider().metadata(), /no jwks_uri/);
  });

  it("is not followed to another address with the client's secret", async () => {
    changes = { token_endpoint: `${issuer}/elsewhere` };
    await assert.rejects(provider().redeem(form()));
    assert.equal(asked.at(-1)?.url, "/elsewhere");
  });

  it("has no user info where it says nothing of it", async () => {
    assert.deepEqual(await provider().userInfo("Bearer x"), { status: 404, body: "{}" });
    changes = { userinfo_endpoint: `${issuer}/me` };
    assert.equal((await provider().userInfo("Bearer x")).body, '{"from":"/me"}');
    assert.equal(asked.at(-1)?.headers.authorization, "Bearer x");
  });
});
