import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { join } from "node:path";
import { berthRoot } from "../../../cli/context";
import { loadConfig } from "../../../config/load";
import { parseConfig } from "../../../config/parse";
import { deploy } from "../../../lifecycle/deploy";
import type { KubeList } from "../../../lifecycle/kube";
import type { Target } from "../../../lifecycle/target";
import type { Pod } from "../../../lifecycle/trouble";
import { gatewayAuthority, loadImage } from "../../../local";
import { ensureImages } from "../../../local/images";
import { FormBrowser } from "../../support/browser/forms";
import type { Page } from "../../support/browser/forms";
import { providerProgram } from "../../support/openid-provider";
import { running, webApp } from "../lifecycle/echo-apps";
import { RealCluster } from "../lifecycle/support";
import { talk } from "../lifecycle/websocket";

/*
 * Log-ins on a real node: Apache with mod_auth_openidc in front of the example app, the callback broker, and a real OpenID provider in
 * a pod. The test is the browser.
 */

const clusterName = "test-real";
const project = "guarded";
const namespace = `${project}-pr-1`;
const provider = { namespace: "test-provider", host: "provider.test-provider.svc:9000" };
const guarded = {
  access: { mode: "oidc", oidc: { emailDomains: ["example.com"], groups: ["designers"] } },
  oauth: { callback: true },
};
const clientSecret = "the-registered-clients-secret";

interface PodWithAddress extends Pod {
  status: { podIP?: string; phase?: string } & Pod["status"];
}

describe("access.mode oidc and the callback broker, with real pods", function () {
  this.timeout(600_000);
  let cluster: RealCluster;
  let target: Target;
  let url: string;
  let callbackUrl: string;
  let providerAddress: string;
  let authority: string;

  /** A browser whose names lead to the gateway and to the provider's pod. */
  const browser = () =>
    new FormBrowser(
      (host) =>
        host === provider.host
          ? { host: providerAddress, port: 9000 }
          : { host: "127.0.0.1", port: Number(host.split(":")[1]) },
      authority,
    );
  const pods = async (component: string) =>
    (await cluster.kube.get<KubeList<PodWithAddress>>(`/api/v1/namespaces/${namespace}/pods`)).items.filter(
      ({ metadata }) => metadata.labels?.["berth.dev/component"] === component,
    );

  /** Where the app's own pod would answer, past the gateway. */
  async function appAddress(): Promise<string> {
    const [{ status } = assert.fail("no pod of the app")] = await pods("app");
    return `http://${status.podIP ?? ""}:3000/health`;
  }

  function configOf(changes: Record<string, unknown>) {
    const example = loadConfig(join(berthRoot, "examples", "guestbook", "berth.yaml"));
    const extra = parseConfig({ projectId: project, ...changes });
    return { ...example, projectId: project, access: extra.access, oauth: extra.oauth, env: extra.env };
  }

  async function deployWith(changes: Record<string, unknown>): Promise<string> {
    const request = {
      config: configOf(changes),
      number: 1,
      commit: "1".repeat(40),
      image: cluster.images[0],
      branch: "test",
      owner: "test",
    };
    return (await deploy(target, request, { who: "test", timeout: 240 })).url;
  }

  async function startProvider(): Promise<void> {
    const { kube } = cluster;
    const base = `/api/v1/namespaces/${provider.namespace}`;
    const labels = { app: "provider" };
    await kube.post("/api/v1/namespaces", { metadata: { name: provider.namespace } });
    await kube.post(`${base}/configmaps`, {
      metadata: { name: "provider" },
      data: { "provider.mjs": await providerProgram() },
    });
    const settings = {
      issuer: `http://${provider.host}`,
      port: 9000,
      unverified: ["forged@example.com"],
      groups: { "eve@elsewhere.org": ["staff", "designers"], "staff@elsewhere.org": ["staff"] },
      clients: [{ client_id: "berth", client_secret: clientSecret, redirect_uris: [callbackUrl] }],
    };
    await kube.post(`${base}/pods`, {
      metadata: { name: "provider", labels },
      spec: {
        enableServiceLinks: false,
        automountServiceAccountToken: false,
        containers: [
          {
            name: "provider",
            image: cluster.images[0],
            imagePullPolicy: "Never",
            command: ["node", "/provider/provider.mjs"],
            env: [{ name: "PROVIDER_SETTINGS", value: JSON.stringify(settings) }],
            volumeMounts: [{ name: "program", mountPath: "/provider" }],
          },
        ],
        volumes: [{ name: "program", configMap: { name: "provider" } }],
      },
    });
    await kube.post(`${base}/services`, {
      metadata: { name: "provider" },
      spec: { selector: labels, ports: [{ port: 9000 }] },
    });
    for (let left = 240; ; left--) {
      const pod = await kube.find<PodWithAddress>(`${base}/pods/provider`);
      providerAddress = pod?.status.podIP ?? "";
      const answers = await fetch(`http://${providerAddress}:9000/.well-known/openid-configuration`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (providerAddress !== "" && answers) return;
      if (left === 0) throw new Error(`the provider does not answer: ${JSON.stringify(pod?.status)}`);
      await pause(500);
    }
  }

  before(async () => {
    cluster = await RealCluster.start(clusterName);
    authority = await readFile(await gatewayAuthority(clusterName), "utf8");
    await cluster.destroy(project);
    await cluster.kube.delete(`/api/v1/namespaces/${provider.namespace}`).catch(() => undefined);
    const images = await ensureImages(["access-proxy", "oauth-broker"]);
    for (const image of Object.values(images)) await loadImage(clusterName, image);
    target = cluster.target;
    url = await deployWith({});
    callbackUrl = `${url.replace(namespace, "auth")}/callback`;
    await startProvider();
    await cluster.kube.post("/api/v1/namespaces/berth-system/secrets", {
      metadata: { name: "oidc-client" },
      stringData: { "client-secret": clientSecret },
    });
    target = {
      ...target,
      platform: {
        ...(target.platform as object),
        oauth: {
          image: images["oauth-broker"].ref,
          oidc: {
            issuer: `http://${provider.host}`,
            clientId: "berth",
            clientSecret: { name: "oidc-client" },
            proxyImage: images["access-proxy"].ref,
            allow: { emailDomains: ["example.com"], groups: ["staff"] },
            ports: [9000],
            cidrs: ["10.90.0.0/16", "10.91.0.0/16"],
          },
        },
      },
    };
  });

  after(async () => {
    await cluster.destroy(project);
    await cluster.kube.delete(`/api/v1/namespaces/${provider.namespace}`);
    await cluster.kube.delete("/api/v1/namespaces/berth-system/secrets/oidc-client");
  });

  it("is reached by everybody before", async () => {
    assert.equal((await browser().open(`${url}/health`)).status, 200);
    assert.equal((await fetch(await appAddress())).status, 200);
  });

  it("closes the app to all but its proxy, in place, with probes that go on", async () => {
    await deployWith(guarded);
    // The gateway learns of the other entrance a moment later.
    for (let left = 40; left > 0; left--) {
      const { status } = await browser().open(`${url}/health`, { follow: false });
      if (status === 302) break;
      await pause(500);
    }
    const shut = await browser().open(`${url}/health`, { follow: false });
    assert.equal(shut.status, 302);
    assert.match(shut.headers.location ?? "", new RegExp(`^${url.replace(namespace, "auth")}/login/${namespace}\\?`));
    for (const component of ["app", "access-proxy"]) {
      const [{ status } = assert.fail(`no pod of ${component}`)] = await pods(component);
      assert.ok(status.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True"));
    }
    const address = await appAddress();
    await assert.rejects(
      fetch(address, { signal: AbortSignal.timeout(3000) }),
      "the gateway's own address reaches the app past the proxy",
    );
  });

  let landed: Page;
  let session: string;

  it("lets people in after a log-in, with a cookie for this host alone", async () => {
    const user = browser();
    landed = await user.logIn(await user.open(`${url}/?from=link`), "ann@example.com");
    assert.equal(landed.status, 200, landed.body);
    assert.equal(landed.url.href, `${url}/?from=link`);
    assert.match(landed.body, /guestbook/i);
    const [{ name, attributes } = assert.fail("no cookie")] = user.cookies(new URL(url).hostname);
    assert.equal(name, "berth_session");
    assert.match(attributes, /HttpOnly/);
    assert.doesNotMatch(attributes, /Domain=/i);
    session = user
      .cookies(new URL(url).hostname)
      .map((cookie) => `${cookie.name}=${cookie.value}`)
      .join("; ");
    assert.equal((await user.open(`${url}/api/entries`, { follow: false })).status, 200);
    assert.deepEqual(user.cookies(new URL(callbackUrl).hostname), []);
  });

  for (const [who, status] of [
    ["eve@elsewhere.org", 200],
    ["staff@elsewhere.org", 403],
    ["nobody@elsewhere.org", 403],
    ["forged@example.com", 403],
  ] as const) {
    it(`answers ${who} with ${status}`, async () => {
      const user = browser();
      const page = await user.logIn(await user.open(url), who);
      assert.equal(page.status, status, page.body);
      if (status === 403) assert.doesNotMatch(page.body, /guestbook/i);
    });
  }

  it("takes an answer of the provider once, and none that was changed", async () => {
    const answer = landed.way.find((step) => step.startsWith(callbackUrl)) ?? assert.fail(landed.way.join("\n"));
    const again = await browser().open(answer, { follow: false });
    assert.equal(again.status, 400);
    assert.match(again.body, /used already/);
    const changed = new URL(answer);
    changed.searchParams.set("state", `${changed.searchParams.get("state") ?? ""}x`);
    assert.equal((await browser().open(changed, { follow: false })).status, 400);
    // The code on the environment's own URL is sealed, and its state belongs to another browser.
    const sealed = landed.way.find((step) => step.includes("/.berth/login/callback?code=")) ?? assert.fail();
    assert.notEqual(new URL(sealed).searchParams.get("code"), new URL(answer).searchParams.get("code"));
    const stolen = await browser().open(sealed, { follow: false });
    assert.doesNotMatch(stolen.body, /guestbook/i);
    assert.doesNotMatch(JSON.stringify(stolen.headers), /berth_session=/);
  });

  it("keeps the client's secret out of the environment, and the broker to what it needs", async () => {
    const path = `/api/v1/namespaces/${namespace}`;
    const all = await Promise.all(
      ["secrets", "configmaps", "pods"].map((kind) => cluster.kube.get<KubeList>(`${path}/${kind}`)),
    );
    const text = JSON.stringify(all);
    assert.ok(!text.includes(clientSecret) && !text.includes(Buffer.from(clientSecret).toString("base64")));
    const may = async (attributes: Record<string, string>): Promise<boolean> => {
      const review = await cluster.kube.post<{ status: { allowed: boolean } }>(
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        { spec: { user: "system:serviceaccount:berth-system:oauth-broker", resourceAttributes: attributes } },
      );
      return review.status.allowed;
    };
    assert.ok(await may({ namespace, resource: "secrets", verb: "get", name: "access-proxy" }));
    assert.ok(!(await may({ namespace, resource: "secrets", verb: "get", name: "postgresql" })));
    assert.ok(!(await may({ namespace, resource: "secrets", verb: "list" })));
    assert.ok(!(await may({ resource: "namespaces", verb: "list" })));
    assert.ok(
      !(await may({ namespace: "berth-system", resource: "leases", group: "coordination.k8s.io", verb: "update" })),
    );
  });

  it("takes log-ins of the app itself back to the app", async () => {
    // The lines of docs/oauth.md, in the app's own pod with its own variables.
    const lines = `
      const { createHmac, randomBytes } = require("node:crypto");
      const now = Math.floor(Date.now() / 1000);
      const payload = { env: process.env.OAUTH_ENVIRONMENT, use: "app", iat: now, exp: now + 600,
        nonce: randomBytes(16).toString("base64url"), path: "/auth/return", state: "the app's own" };
      const text = "b1." + Buffer.from(JSON.stringify(payload)).toString("base64url");
      const mac = createHmac("sha256", process.env.OAUTH_STATE_KEY).update(text).digest("base64url");
      console.log(JSON.stringify({ state: text + "." + mac, callback: process.env.OAUTH_CALLBACK_URL }));`;
    const { state, callback } = JSON.parse(await cluster.exec(project, ["node", "-e", lines])) as Record<
      string,
      string
    >;
    assert.equal(callback, callbackUrl);
    const query = {
      client_id: "berth",
      response_type: "code",
      scope: "openid",
      redirect_uri: callbackUrl,
      state: state ?? "",
    };
    const user = browser();
    const asked = await user.open(`http://${provider.host}/auth?${new URLSearchParams(query).toString()}`);
    const { way } = await user.logIn(asked, "ann@example.com");
    const back = new URL(way.find((step) => step.startsWith(`${url}/auth/return`)) ?? assert.fail(way.join("\n")));
    assert.equal(back.searchParams.get("state"), "the app's own");
    const tokens = await fetch(`http://${providerAddress}:9000/token`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`berth:${clientSecret}`).toString("base64")}` },
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code: back.searchParams.get("code") ?? "",
        redirect_uri: callbackUrl,
      }),
    });
    assert.equal(tokens.status, 200, await tokens.clone().text());
  });

  it("tells the app who comes, whatever a browser says, and keeps the session from it", async () => {
    await deployWith({ ...guarded, env: running(webApp) });
    // The pod of before answers until the Service has forgotten it.
    for (let left = 60; left > 0 && (await pods("app")).length > 1; left--) await pause(500);
    const claims = {
      "X-Forwarded-User": "boss",
      "X-Forwarded-Email": "boss@example.com",
      "X-Forwarded-Groups": "staff",
    };
    const { body } = await cluster.visitor.askUntil(url, "/look", (reply) => reply.body.startsWith("{"), 20_000, {
      headers: { Cookie: `${session}; theme=dark`, ...claims },
    });
    const { headers } = JSON.parse(body) as { headers: Record<string, string> };
    assert.equal(headers["x-forwarded-email"], "ann@example.com");
    assert.equal(headers["x-forwarded-user"], "ann@example.com");
    assert.notEqual(headers["x-forwarded-groups"], "staff");
    assert.equal(headers["cookie"], "theme=dark");
    assert.equal(headers["x-forwarded-host"], new URL(url).host);
  });

  it("passes websockets of who has logged in, and no others", async () => {
    assert.deepEqual(await talk(url, authority, ["ahoy", "moored"], { Cookie: session }), ["AHOY", "MOORED"]);
    await assert.rejects(talk(url, authority, ["ahoy"]), /no websocket: (302|401)/);
  });

  it("is behind the gateway's security headers and list of addresses", async () => {
    const shut = await cluster.visitor.ask(url, "/", { headers: { Accept: "text/html" } });
    assert.deepEqual([shut.status, shut.headers["x-robots-tag"]], [302, "noindex, nofollow"]);
    await deployWith({ ...guarded, env: running(webApp), access: { ...guarded.access, allow: ["127.0.0.1/32"] } });
    const headers = { Cookie: session };
    const elsewhere = { headers, from: "127.0.0.2" };
    await cluster.visitor.askUntil(url, "/", ({ status }) => status === 403, 20_000, elsewhere);
    assert.equal((await cluster.visitor.ask(url, "/", { headers })).status, 200);
  });

  it("sends nobody to an environment that is gone", async () => {
    const user = browser();
    const asked = await user.open(url);
    await cluster.destroy(project);
    const page = await user.logIn(asked, "ann@example.com");
    assert.equal(page.url.origin, new URL(callbackUrl).origin);
    assert.ok(page.status >= 400, String(page.status));
  });
});
