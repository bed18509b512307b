import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import type { IncomingHttpHeaders, RequestListener, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createBroker } from "./server";
import type { LogEvent } from "./server";
import { openCode, peekState, sealCode, signState, verifyState } from "./state";
import type { State } from "./state";

const NOW = 1_800_000_000;
const KEYS = { app: "app-key-of-the-shop", proxy: "proxy-key-of-the-shop" };
const RETURN = "https://shop-pr-7.preview.example.com/.berth/login/callback";

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

describe("the callback broker over HTTP", () => {
  const servers: Server[] = [];
  let publicPort = 0;
  let internalPort = 0;
  let live: boolean;
  let now: number;
  let log: LogEvent[];
  let redeemed: URLSearchParams[];
  let failure: Error | undefined;

  beforeEach(async () => {
    [live, now, log, redeemed, failure] = [true, NOW, [], [], undefined];
    const broker = createBroker({
      domain: "preview.example.com",
      scheme: "https",
      port: 443,
      internalUrl: "http://broker.test:8081",
      environments: {
        key: (environment, purpose) =>
          failure ? Promise.reject(failure) : Promise.resolve(environment === "shop-pr-7" ? KEYS[purpose] : undefined),
        isLive: (environment) => Promise.resolve(live && environment === "shop-pr-7"),
      },
      oidc: {
        clientId: "berth client",
        provider: {
          metadata: () =>
            Promise.resolve({
              issuer: "https://login.example.com",
              authorization_endpoint: "https://login.example.com/authorize?tenant=a",
              token_endpoint: "https://login.example.com/token",
              jwks_uri: "https://login.example.com/keys",
            }),
          keys: () => Promise.resolve('{"keys":[]}'),
          userInfo: () => Promise.resolve({ status: 404, body: "{}" }),
          redeem: (form) => {
            redeemed.push(form);
            return Promise.resolve({ status: 200, body: { id_token: "id", access_token: "a", refresh_token: "r" } });
          },
        },
      },
      now: () => now,
      log: (event) => log.push(event),
    });
    publicPort = await listen(broker.public);
    internalPort = await listen(broker.internal);
  });

  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function listen(listener: RequestListener): Promise<number> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }

  function ask(
    path: string,
    options: { port?: number; method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Answer> {
    const { port = publicPort, method = "GET", headers = {}, body } = options;
    return new Promise((resolve, reject) => {
      const call = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }));
      });
      call.on("error", reject);
      call.end(body);
    });
  }

  const signed = (changes: Partial<State> = {}, key: string = KEYS.app) =>
    signState(
      {
        env: "shop-pr-7",
        use: "app",
        iat: now,
        exp: now + 300,
        nonce: `nonce-${"x".repeat(20)}`,
        path: "/auth/return",
        state: "original & own",
        ...changes,
      },
      key,
    );
  const callback = (parameters: Record<string, string>, headers?: Record<string, string>) =>
    ask(`/callback?${new URLSearchParams(parameters).toString()}`, headers ? { headers } : {});

  it("sends the browser to the environment with code and original state", async () => {
    const { status, headers } = await callback({
      code: "c/1",
      state: signed(),
      session_state: "not passed on",
      iss: "https://login.example.com",
    });
    assert.equal(status, 303);
    const target = new URL(headers.location ?? "");
    assert.equal(target.origin + target.pathname, "https://shop-pr-7.preview.example.com/auth/return");
    assert.deepEqual(Object.fromEntries(target.searchParams), {
      code: "c/1",
      iss: "https://login.example.com",
      state: "original & own",
    });
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cache-control"], "no-store");
  });

  it("passes a provider's refusal on", async () => {
    const { headers } = await callback({ error: "access_denied", error_description: "no", state: signed() });
    assert.match(
      headers.location ?? "",
      /^https:\/\/shop-pr-7\.preview\.example\.com\/auth\/return\?error=access_denied&/,
    );
  });

  it("accepts a state once", async () => {
    const state = signed();
    assert.equal((await callback({ code: "c", state })).status, 303);
    const again = await callback({ code: "c", state });
    assert.equal(again.status, 400);
    assert.equal(again.headers.location, undefined);
    assert.match(again.body, /used already/);
    const other = await callback({ code: "d", state: signed({ exp: now + 100 }) });
    assert.equal(other.status, 400, "another state with the same nonce");
  });

  it("refuses a state from before its own start", async () => {
    const { status, body } = await callback({ code: "c", state: signed({ iat: NOW - 1 }) });
    assert.equal(status, 400);
    assert.match(body, /before a restart/);
  });

  it("refuses what has expired", async () => {
    const state = signed();
    now = NOW + 300;
    const { status, body } = await callback({ code: "c", state });
    assert.equal(status, 400);
    assert.match(body, /took too long/);
  });

  it("sends nobody to an environment that is gone or going", async () => {
    live = false;
    const { status, headers } = await callback({ code: "c", state: signed() });
    assert.equal(status, 404);
    assert.equal(headers.location, undefined);
    live = true;
    assert.equal((await callback({ code: "c", state: signed() })).status, 303, "the refused try used nothing up");
  });

  it("does not tell an environment without a key from a forged state", async () => {
    const forged = await callback({ code: "c", state: signed({}, "another key") });
    const unknown = await callback({ code: "c", state: signed({ env: "bank-pr-1" }) });
    assert.equal(forged.status, 400);
    assert.deepEqual([forged.status, forged.body], [unknown.status, unknown.body]);
  });

  it("does not let an app speak for its proxy, nor the other way round", async () => {
    assert.equal((await callback({ code: "c", state: signed({ use: "proxy" }, KEYS.app) })).status, 400);
    assert.equal((await callback({ code: "c", state: signed({ use: "app" }, KEYS.proxy) })).status, 400);
  });

  describe("is no open redirect", () => {
    const attempts: [string, () => Promise<Answer>][] = [
      ["by a path that is a host", () => callback({ code: "c", state: signed({ path: "//evil.example" }) })],
      ["by a path with a backslash", () => callback({ code: "c", state: signed({ path: "/\\evil.example" }) })],
      ["by a path that is a URL", () => callback({ code: "c", state: signed({ path: "https://evil.example/" }) })],
      ["by user information in a path", () => callback({ code: "c", state: signed({ path: "@evil.example/" }) })],
      ["by an environment that is a host", () => callback({ code: "c", state: signed({ env: "evil.example" }) })],
      ["by an environment with a port", () => callback({ code: "c", state: signed({ env: "shop-pr-7:8" }) })],
      ["by a parameter", () => callback({ code: "c", state: "evil", redirect_uri: "https://evil.example" })],
      [
        "by a header",
        () => callback({ code: "c", state: "evil" }, { host: "evil.example", "x-forwarded-host": "evil.example" }),
      ],
      ["by an absolute request line", () => ask("https://evil.example/callback?code=c&state=x")],
      ["by two slashes in the request", () => ask("//evil.example/callback?code=c&state=x")],
      [
        "by a log-in for another host",
        () => ask(`/login/shop-pr-7?${login({ redirect_uri: "https://evil.example/" })}`),
      ],
      ["by a log-in with another path", () => ask(`/login/shop-pr-7?${login({ redirect_uri: `${RETURN}/../x` })}`)],
    ];
    for (const [name, attempt] of attempts) {
      it(name, async () => {
        const { status, headers, body } = await attempt();
        assert.ok(status >= 400, `status ${status}`);
        assert.equal(headers.location, undefined);
        assert.doesNotMatch(body, /evil/);
      });
    }

    it("by a forged host header on a log-in that is right", async () => {
      const { headers } = await callback(
        { code: "c", state: signed() },
        { host: "evil.example", "x-forwarded-host": "evil.example" },
      );
      assert.match(headers.location ?? "", /^https:\/\/shop-pr-7\.preview\.example\.com\/auth\/return\?/);
    });
  });

  it("refuses doubled, missing and contradictory parameters", async () => {
    const state = encodeURIComponent(signed());
    for (const query of [
      `state=${state}`,
      "code=c",
      `code=c&code=d&state=${state}`,
      `code=c&state=${state}&state=${state}`,
      `code=c&error=e&state=${state}`,
    ]) {
      assert.equal((await ask(`/callback?${query}`)).status, 400, query);
    }
  });

  it("answers only GET, and only at its paths", async () => {
    const posted = await ask("/callback", { method: "POST", body: "state=x" });
    assert.equal(posted.status, 405);
    assert.equal(posted.headers.allow, "GET");
    for (const path of [
      "/",
      "/callback/",
      "/health",
      "/token/shop-pr-7",
      "/keys",
      "/discovery/shop-pr-7",
      "/login/a/b",
    ]) {
      assert.equal((await ask(path)).status, 404, path);
    }
  });

  it("shows nothing of a request, and has headers that say so to browsers", async () => {
    const { body, headers } = await callback({ code: "<script>c</script>", state: "<script>s</script>" });
    assert.doesNotMatch(body, /<script|%3Cscript/i);
    assert.match(String(headers["content-security-policy"]), /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["strict-transport-security"], "max-age=31536000");
    const json = await callback({ code: "c", state: "x" }, { accept: "application/json" });
    assert.equal((JSON.parse(json.body) as { error: string }).error, "bad-state");
  });

  it("says that it cannot check when the cluster does not answer", async () => {
    failure = new Error("the API server does not answer");
    const { status, headers } = await callback({ code: "c", state: signed() });
    assert.equal(status, 503);
    assert.equal(headers.location, undefined);
  });

  it("logs what happened without code, state or key", async () => {
    await callback({ code: "secret-code", state: signed({ state: "secret-state" }) });
    await callback({ code: "secret-code", state: signed({ state: "secret-state" }) });
    await callback({ code: "secret-code", state: signed({ state: "secret-state" }, "wrong") });
    assert.deepEqual(
      log.map(({ environment, outcome }) => [environment, outcome]),
      [
        ["shop-pr-7", "sent on"],
        ["shop-pr-7", "replayed"],
        [undefined, "forged"],
      ],
    );
    assert.doesNotMatch(JSON.stringify(log), /secret|b1\./);
  });

  const login = (changes: Record<string, string> = {}) =>
    new URLSearchParams({
      response_type: "code",
      client_id: "berth client",
      redirect_uri: RETURN,
      state: "proxy-state",
      scope: "openid email",
      nonce: "n",
      code_challenge: "challenge",
      code_challenge_method: "S256",
      ...changes,
    }).toString();
  const token = (form: Record<string, string>, secret: string = KEYS.proxy) =>
    ask("/token/shop-pr-7", {
      port: internalPort,
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`berth%20client:${secret}`).toString("base64")}` },
      body: new URLSearchParams({
        grant_type: "authorization_code",
        redirect_uri: RETURN,
        code_verifier: "v",
        ...form,
      }).toString(),
    });

  it("leads a proxy's log-in through the one callback URL", async () => {
    const { status, headers } = await ask(`/login/shop-pr-7?${login()}`);
    assert.equal(status, 303);
    const target = new URL(headers.location ?? "");
    assert.equal(target.origin + target.pathname, "https://login.example.com/authorize");
    const { state = "", ...sent } = Object.fromEntries(target.searchParams);
    assert.deepEqual(sent, {
      tenant: "a",
      response_type: "code",
      client_id: "berth client",
      redirect_uri: "https://auth.preview.example.com/callback",
      scope: "openid email",
      nonce: "n",
      code_challenge: "challenge",
      code_challenge_method: "S256",
    });
    assert.deepEqual(peekState(state).use, "proxy");
    assert.equal(verifyState(state, KEYS.proxy, NOW).state, "proxy-state");

    const answer = new URL((await callback({ code: "real-code", state })).headers.location ?? "");
    assert.equal(answer.origin + answer.pathname, RETURN);
    assert.equal(answer.searchParams.get("state"), "proxy-state");
    const sealed = answer.searchParams.get("code") ?? "";
    assert.notEqual(sealed, "real-code");
    assert.equal(openCode(sealed, "shop-pr-7", KEYS.proxy), "real-code");

    const { status: given, body } = await token({ code: sealed });
    assert.equal(given, 200);
    assert.deepEqual(JSON.parse(body), { id_token: "id", access_token: "a" });
    assert.deepEqual(Object.fromEntries(redeemed[0] ?? []), {
      grant_type: "authorization_code",
      code: "real-code",
      redirect_uri: "https://auth.preview.example.com/callback",
      code_verifier: "v",
    });
  });

  it("leads a log-in at a public service to that service, and to no other environment by its name", async () => {
    const uri = RETURN.replace("shop-pr-7", "shop-pr-7-api");
    const { headers } = await ask(`/login/shop-pr-7?${login({ redirect_uri: uri })}`);
    const state = new URL(headers.location ?? "").searchParams.get("state") ?? "";
    assert.equal(verifyState(state, KEYS.proxy, NOW).service, "api");
    const answer = new URL((await callback({ code: "c", state })).headers.location ?? "");
    assert.equal(answer.origin + answer.pathname, uri);
    assert.equal((await token({ code: answer.searchParams.get("code") ?? "", redirect_uri: uri })).status, 200);
    for (const label of ["shop-pr-7-b-pr-8", "shop-pr-7-pr-8", "shop-pr-7-", "shop-pr-77", "auth"]) {
      const other = login({ redirect_uri: RETURN.replace("shop-pr-7", label) });
      assert.equal((await ask(`/login/shop-pr-7?${other}`)).status, 400, label);
    }
    for (const service of ["b-pr-8", "pr-8", "", "-api", "evil.example", "api/x"]) {
      assert.equal((await callback({ code: "c", state: signed({ service }) })).status, 400, service);
    }
  });

  it("begins no log-in without PKCE, for another client or for an environment that is not there", async () => {
    const wrong: Record<string, string>[] = [
      { code_challenge_method: "plain" },
      { client_id: "other" },
      { response_type: "token" },
    ];
    for (const changes of wrong) {
      assert.equal((await ask(`/login/shop-pr-7?${login(changes)}`)).status, 400, JSON.stringify(changes));
    }
    const other = login({ redirect_uri: RETURN.replace("shop-pr-7", "bank-pr-1") });
    assert.equal((await ask(`/login/bank-pr-1?${other}`)).status, 404);
    live = false;
    assert.equal((await ask(`/login/shop-pr-7?${login()}`)).status, 404);
  });

  it("gives tokens for codes of this environment and by its own secret only", async () => {
    assert.equal((await token({ code: sealCode("c", "shop-pr-7", KEYS.proxy) }, "wrong")).status, 401);
    assert.equal((await token({ code: sealCode("c", "shop-pr-8", KEYS.proxy) })).status, 400);
    assert.equal((await token({ code: "real-code" })).status, 400);
    assert.equal(
      (await token({ code: sealCode("c", "shop-pr-7", KEYS.proxy), redirect_uri: "https://evil.example" })).status,
      400,
    );
    assert.equal((await token({ code: sealCode("c", "shop-pr-7", KEYS.proxy), code_verifier: "" })).status, 400);
    assert.equal((await token({ code: "x", grant_type: "refresh_token" })).status, 400);
    assert.deepEqual(redeemed, []);
  });

  it("tells proxies where it is in the provider's place", async () => {
    const { body } = await ask("/discovery/shop-pr-7", { port: internalPort });
    const metadata = JSON.parse(body) as Record<string, unknown>;
    assert.equal(metadata["issuer"], "https://login.example.com");
    assert.equal(metadata["authorization_endpoint"], "https://auth.preview.example.com/login/shop-pr-7");
    assert.equal(metadata["token_endpoint"], "http://broker.test:8081/token/shop-pr-7");
    assert.equal((await ask("/keys", { port: internalPort })).body, '{"keys":[]}');
  });
});
