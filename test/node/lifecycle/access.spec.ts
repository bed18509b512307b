import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { Visitor } from "../../../cli/demo/http";
import { parseConfig } from "../../../config/parse";
import type { DeployResult } from "../../../lifecycle/deploy";
import { readLogin, type Login } from "../../../lifecycle/login";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { gatewayAuthority, status } from "../../../local";
import { clusterFolder } from "../../../local/cluster/spec";
import { grpcApp, running, webApp } from "./echo-apps";
import { RealCluster } from "./support";
import { talk } from "./websocket";

const clusterName = "test-real";
/** One with a web app, one that speaks gRPC. */
const [web, wire] = ["door", "wire"];

interface Secret extends KubeObject {
  data: Record<string, string>;
}

const withLogin = ({ user, password }: Login): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

describe("the way to an environment through the gateway", function () {
  this.timeout(600_000);
  let cluster: RealCluster;
  let authority: string;
  let url: string;
  const inside = `/api/v1/namespaces/${web}-pr-1`;
  const middlewares = `/apis/traefik.io/v1alpha1/namespaces/${web}-pr-1/middlewares`;
  const ok = ({ status: code }: { status: number }) => code === 200;

  const deployWeb = (fields: Record<string, unknown> = {}, refresh = false): Promise<DeployResult> =>
    cluster.deploy(web, { config: parseConfig({ projectId: web, env: running(webApp), ...fields }), refresh });
  /** What the app has seen of a request. */
  const seenByApp = async (headers: Record<string, string>): Promise<Record<string, string>> => {
    const { body } = await cluster.visitor.ask(url, "/look", { headers });
    return (JSON.parse(body) as { headers: Record<string, string> }).headers;
  };
  const answers = (code: number, headers: Record<string, string> = {}) =>
    cluster.visitor.askUntil(url, "/", (reply) => reply.status === code, 20_000, { headers });

  before(async () => {
    cluster = await RealCluster.start(clusterName);
    authority = await readFile(await gatewayAuthority(clusterName), "utf8");
    for (const project of [web, wire]) await cluster.destroy(project);
  });
  after(async () => {
    for (const project of [web, wire]) assert.deepEqual((await cluster.destroy(project)).receipt.left, []);
  });

  it("is https, with a certificate of the cluster's own authority that no other client takes", async () => {
    const result = await deployWeb();
    url = result.url;
    assert.match(url, /^https:\/\/door-pr-1\.berth\.localhost:\d+$/);
    assert.equal(result.access, "public");
    assert.ok(ok(await cluster.visitor.askUntil(url, "/", ok)));
    await assert.rejects(new Visitor().ask(url, "/"), /unable to verify the first certificate|self.signed certificate/);
  });

  it("leads from http to https, whatever the host", async () => {
    const { parts = [] } = (await status(clusterName)) ?? {};
    const [tls = "", plain = ""] = parts.find(({ name }) => name === "traefik")?.listens ?? [];
    assert.equal(new URL(url).port, tls.split(":")[1]);
    const http = `http://${web}-pr-1.berth.localhost:${plain.split(":")[1] ?? ""}`;
    const reply = await cluster.visitor.ask(http, "/path?q=1");
    assert.deepEqual([reply.status, reply.headers.location], [302, `${url}/path?q=1`]);
    assert.equal((await cluster.visitor.ask(http.replace("door", "nobody"), "/")).status, 302);
  });

  it("says of a host that nobody has nothing but 404, and has no certificate for two labels", async () => {
    const stranger = await cluster.visitor.ask(url.replace("door-pr-1", "nobody-pr-9"), "/");
    assert.deepEqual([stranger.status, stranger.body], [404, "404 page not found\n"]);
    assert.doesNotMatch(JSON.stringify(stranger.headers), /traefik|berth|door/i);
    await assert.rejects(
      cluster.visitor.ask(url.replace("door-pr-1", "api.door-pr-1"), "/"),
      /does not match certificate's altnames/,
    );
  });

  it("sets security headers, in place of the app's", async () => {
    const { headers } = await cluster.visitor.ask(url, "/");
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "strict-origin-when-cross-origin");
    assert.equal(headers["x-frame-options"], "SAMEORIGIN");
    assert.equal(headers["x-robots-tag"], "noindex, nofollow");
    assert.equal(headers["strict-transport-security"], "max-age=31536000");
  });

  it("passes websockets", async () => {
    assert.deepEqual(await talk(url, authority, ["ahoy", "moored"]), ["AHOY", "MOORED"]);
  });

  let login: Login;
  it("asks for a password once the config says so, in place", async () => {
    const result = await deployWeb({ access: { mode: "basic" } });
    assert.equal(result.access, "basic");
    const refused = await answers(401);
    assert.equal(refused.headers["www-authenticate"], 'Basic realm="door-pr-1"');
    assert.equal(refused.headers["x-robots-tag"], "noindex, nofollow");
    const found = await readLogin(cluster.target, environmentName(web, 1));
    assert.ok(found);
    login = found;
    assert.equal(login.user, "berth");
    assert.match(login.password, /^[A-Za-z0-9]{32}$/);
    const wrong = { user: "berth", password: `${login.password}x` };
    assert.equal((await cluster.visitor.ask(url, "/", { headers: withLogin(wrong) })).status, 401);
    assert.equal((await cluster.visitor.ask(url, "/", { headers: withLogin(login) })).status, 200);
    await assert.rejects(talk(url, authority, ["ahoy"]), /401/);
    assert.deepEqual(await talk(url, authority, ["ahoy"], withLogin(login)), ["AHOY"]);
  });

  it("keeps the password from the app, the cluster, and what lies on the disk", async () => {
    assert.equal((await seenByApp(withLogin(login)))["authorization"], undefined);
    const { items } = await cluster.kube.get<KubeList<Secret>>(`${inside}/secrets`);
    const values = items.flatMap(({ data }) =>
      Object.values(data).map((value) => Buffer.from(value, "base64").toString()),
    );
    assert.ok(values.some((value) => value.startsWith("berth:{SHA}")));
    assert.deepEqual(
      values.filter((value) => value.includes(login.password)),
      [],
    );
    const folder = clusterFolder(clusterName).root;
    for (const part of ["pulumi", "work", "records", "logs"]) {
      const entries = await readdir(join(folder, part), { recursive: true, withFileTypes: true }).catch(() => []);
      for (const entry of entries.filter((each) => each.isFile())) {
        const path = join(entry.parentPath, entry.name);
        assert.ok(!(await readFile(path, "utf8")).includes(login.password), path);
      }
    }
  });

  it("is shut, not open, while what guards it is missing", async () => {
    await cluster.kube.delete(`${middlewares}/access-login`);
    await answers(404);
    await answers(404, withLogin(login));
    await deployWeb({ access: { mode: "basic" } }, true);
    await answers(401);
    assert.equal((await answers(200, withLogin(login))).status, 200);
  });

  it("lets in only whom the list names", async () => {
    await deployWeb({ access: { allow: ["127.0.0.2/32"] } });
    await answers(403);
    assert.equal((await cluster.visitor.ask(url, "/", { from: "127.0.0.2" })).status, 200);
    const forged = { "X-Forwarded-For": "127.0.0.2", "X-Real-Ip": "127.0.0.2" };
    assert.equal((await cluster.visitor.ask(url, "/", { headers: forged })).status, 403);
  });

  it("is open again with nothing left of its guards, and has the headers that the config asks for", async () => {
    await deployWeb({ ingress: { headers: { "x-frame-options": false, "Referrer-Policy": "no-referrer" } } });
    const { headers } = await answers(200);
    assert.equal(headers["x-frame-options"], "DENY", "the app's own");
    await cluster.visitor.askUntil(url, "/", (reply) => reply.headers["referrer-policy"] === "no-referrer");
    const { items } = await cluster.kube.get<KubeList>(middlewares);
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["response-headers"],
    );
    assert.equal(await readLogin(cluster.target, environmentName(web, 1)), null);
    assert.equal(await cluster.kube.find(`${inside}/secrets/access-login`), undefined);
  });

  it("passes gRPC: single calls, streams both ways, and the kubelet's health checks", async () => {
    const config = parseConfig({ projectId: wire, env: running(grpcApp), app: { protocol: "grpc" } });
    const { host } = new URL((await cluster.deploy(wire, { config })).url);
    const [hostname = "", port = ""] = host.split(":");
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createSsl(Buffer.from(authority)), {
      "grpc.ssl_target_name_override": hostname,
      "grpc.default_authority": host,
    });
    try {
      const deadline = Date.now() + 20_000;
      let answer: string | undefined;
      while (answer === undefined) {
        try {
          answer = await call(client, "ahoy");
        } catch (error) {
          // The gateway learns of a new route a moment after the pods are ready.
          if (Date.now() > deadline) throw error;
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
      assert.equal(answer, "ahoy");
      assert.deepEqual(await stream(client, ["one", "two", "three"]), ["one", "two", "three"]);
    } finally {
      client.close();
    }
    const pods = await cluster.kube.get<KubeList<KubeObject & { spec: { containers: { readinessProbe: object }[] } }>>(
      `/api/v1/namespaces/${wire}-pr-1/pods`,
    );
    const probe = pods.items[0]?.spec.containers[0]?.readinessProbe as { grpc?: { port: number } };
    assert.equal(probe.grpc?.port, 3000);
  });
});

const same = (bytes: Buffer): Buffer => bytes;

/** One call with one answer. */
function call(client: grpc.Client, message: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + 5_000 };
    client.makeUnaryRequest("/echo.Echo/Say", same, same, Buffer.from(message), options, (error, answer) => {
      if (error) reject(error);
      else resolve(String(answer));
    });
  });
}

/** Sends the next message when the one before has come back, so that nothing on the way may hold them back. */
function stream(client: grpc.Client, messages: readonly string[]): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const heard: string[] = [];
    const both = client.makeBidiStreamRequest("/echo.Echo/Talk", same, same, { deadline: Date.now() + 10_000 });
    const next = (): void => {
      const message = messages[heard.length];
      if (message === undefined) both.end();
      else both.write(Buffer.from(message));
    };
    both.on("data", (answer: Buffer) => {
      heard.push(answer.toString());
      next();
    });
    both.on("error", reject);
    both.on("end", () => resolve(heard));
    next();
  });
}
