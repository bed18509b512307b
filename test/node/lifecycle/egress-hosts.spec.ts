import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../config/parse";
import { appPod } from "../../../cli/demo/egress";
import { egressLog, type Refusal } from "../../../lifecycle/egress-log";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { setAsleep } from "../../../lifecycle/sleep";
import { openOutside, type Outside } from "../../../local";
import { RealCluster } from "./support";

/** The cluster that tests with real pods share. */
const clusterName = "test-real";

const project = "hosts";
const environment = environmentName(project, 1);
const { namespace } = environment;

/** Port of a TLS server in the outside world, and one that no rule names. */
const [tlsPort, otherPort] = [8443, 9443];

/**
 * What the made-up outside world and the metadata service are called. Only the proxy's pod knows these names, from its hosts file, so that
 * nothing is asked of any resolver beyond this machine.
 */
const names = {
  "198.51.100.10": ["api.allowed.example", "other.example", "one.wild.example", "wild.example"],
  "169.254.169.254": ["metadata.wild.example"],
};

/** Something to ask for by way of the proxy: a tunnel, and what is said in it, or a page over plain HTTP. */
type Question = { tunnel: string; sni?: string; isPlain?: boolean } | { url: string };

/**
 * Asks as programs do, and prints for each question what came of it: the body, `refused` with a status by the proxy, or `closed`.
 */
const client = `
const http = require("node:http"), tls = require("node:tls");
const { hostname, port } = new URL(process.env.HTTPS_PROXY);
const ask = (question) => new Promise((say) => {
  setTimeout(() => say("silent"), 8000);
  if (question.url) {
    const request = http.get({ host: hostname, port, path: question.url, agent: false }, (response) => {
      let text = "";
      response.on("data", (data) => (text += data));
      response.on("end", () => say(response.statusCode === 200 ? text : "refused " + response.statusCode));
    });
    return request.on("error", () => say("closed"));
  }
  const { tunnel, sni = tunnel.split(":")[0], isPlain } = question;
  const request = http.request({ host: hostname, port, method: "CONNECT", path: tunnel, agent: false });
  request.on("error", () => say("closed"));
  request.on("connect", (response, socket) => {
    if (response.statusCode !== 200) return socket.destroy(), say("refused " + response.statusCode);
    socket.on("error", () => say("closed")).on("close", () => say("closed"));
    if (isPlain) return socket.on("data", (data) => say("answered " + data)).write("hello\\n");
    let text = "";
    const secure = tls.connect({ socket, servername: sni, rejectUnauthorized: false });
    secure.on("error", () => say("closed")).on("data", (data) => (text += data));
    secure.on("secureConnect", () => secure.write("GET / HTTP/1.0\\r\\n\\r\\n"));
    secure.on("end", () => say(text === "" ? "closed" : / 200 /.test(text.split("\\r\\n")[0]) ? text.split("\\r\\n\\r\\n")[1] : "refused inside"));
  });
  request.end();
});
Promise.all(JSON.parse(process.argv[1]).map(ask)).then((answers) => {
  console.log(JSON.stringify(answers));
  process.exit();
});`;

/** A job before the app, which needs the proxy to run. */
const waiter = `
const { hostname, port } = new URL(process.env.HTTP_PROXY);
require("node:net").connect(port, hostname).on("connect", () => process.exit()).on("error", (error) => { throw error; });`;

interface Rolling extends KubeObject {
  status?: { observedGeneration?: number; replicas?: number; updatedReplicas?: number; availableReplicas?: number };
}

describe("hosts that egress rules name, with real packets through a real proxy", function () {
  this.timeout(600_000);
  let cluster: RealCluster;
  let outside: Outside;
  let server: ChildProcess | undefined;
  let folder: string;
  /** The API server as pods would reach it: a private address on which something answers. */
  let apiAddress: string;

  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/egress-proxy`;
  const fields = parseConfig({
    projectId: project,
    app: { command: ["node", "-e", 'require("node:http").createServer((_, reply) => reply.end("ok")).listen(3000)'] },
    services: [{ name: "worker", command: ["node", "-e", "setInterval(() => {}, 1e6)"] }],
    jobs: [{ name: "migrate", command: ["node", "-e", waiter], retries: 0 }],
    egress: {
      allow: [
        { host: "api.allowed.example", ports: [tlsPort, 8080, 443] },
        { host: "*.wild.example", ports: [tlsPort, 80, 443] },
      ],
    },
  });

  before(async () => {
    cluster = await RealCluster.start(clusterName, [], { egressProxy: true });
    await cluster.destroy(project);
    outside = await openOutside(clusterName);
    folder = mkdtempSync(join(tmpdir(), "berth-tls-"));
    server = await startTlsServer();
    await cluster.deploy(project, { config: fields });
    const service = "/api/v1/namespaces/default/services/kubernetes";
    apiAddress = (await cluster.kube.get<{ spec: { clusterIP: string } }>(service)).spec.clusterIP;
    await giveNames();
  });
  after(async () => {
    server?.kill();
    rmSync(folder, { recursive: true });
    await outside.close();
    await cluster.destroy(project);
  });

  /** A server in the outside world that speaks TLS on both ports and says that it was reached. */
  async function startTlsServer(): Promise<ChildProcess> {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const subject = ["-subj", "/CN=outside", "-keyout", key, "-out", cert];
    execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject], {
      stdio: "ignore",
    });
    const script = `const { key, cert, ports } = JSON.parse(process.argv[1]);
      let waiting = ports.length;
      for (const port of ports) require("node:https").createServer({ key, cert }, (_, reply) => reply.end("outside"))
        .listen(port, "0.0.0.0", () => { if (--waiting === 0) console.log("ready"); });`;
    const settings = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8"), ports: [tlsPort, otherPort] };
    const [program = "", ...args] = outside.inside([process.execPath, "-e", script, JSON.stringify(settings)]);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`the TLS server ended with code ${code ?? "none"}`)));
      child.stdout.once("data", resolve);
    });
    return child;
  }

  /** Tells the proxy's pod the outside world's addresses, and private ones for names of somebody hostile. */
  async function giveNames(): Promise<void> {
    const all = { ...names, [apiAddress]: ["rebound.wild.example"] };
    const hostAliases = Object.entries(all).map(([ip, hostnames]) => ({ ip, hostnames }));
    await cluster.kube.patch(path, { spec: { template: { spec: { hostAliases } } } });
    const end = Date.now() + 90_000;
    for (;;) {
      const { metadata, status } = await cluster.kube.get<Rolling>(path);
      const isDone = [status?.replicas, status?.updatedReplicas, status?.availableReplicas].every((n) => n === 1);
      const isRolled = isDone && status?.observedGeneration === metadata.generation;
      if (isRolled) {
        // The Service's rules follow a moment later; until then some requests go to the pod that did not know the names.
        const found = await ask(...Array.from({ length: 8 }, () => ({ url: "http://api.allowed.example:8080/" })));
        if (!found.some((answer) => /^(closed|silent|refused)/.test(answer))) return;
      }
      if (Date.now() > end) assert.fail(`the proxy did not roll: ${JSON.stringify(status)}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }

  const command = (questions: readonly Question[]) => ["node", "-e", client, JSON.stringify(questions)];
  const answers = (output: string) => JSON.parse(output) as string[];

  /** What comes of questions from the app's pod. */
  const ask = async (...questions: Question[]) => answers(await cluster.exec(project, command(questions)));

  /** Name of the pod of another part. */
  async function podOf(component: string): Promise<string> {
    const { items } = await cluster.kube.get<KubeList>(`/api/v1/namespaces/${namespace}/pods`, {
      query: { labelSelector: `berth.dev/component=${component}` },
    });
    return items.find(({ metadata }) => metadata.deletionTimestamp === undefined)?.metadata.name ?? assert.fail();
  }

  it("are reached over TLS and plain HTTP, on the ports of the rule, from the app and from a service", async () => {
    const questions: Question[] = [
      { tunnel: `api.allowed.example:${tlsPort}` },
      { tunnel: `one.wild.example:${tlsPort}` },
      // Who sends no name in the greeting is held to the tunnel's.
      { tunnel: `api.allowed.example:${tlsPort}`, sni: "" },
      { url: "http://api.allowed.example:8080/path" },
    ];
    for (const found of [
      await ask(...questions),
      answers(await cluster.execIn(project, await podOf("worker"), command(questions))),
    ]) {
      assert.deepEqual(found.slice(0, 3), ["outside", "outside", "outside"]);
      assert.deepEqual((JSON.parse(found[3] ?? "") as { outside: true }).outside, true);
    }
  });

  it("are reached by a program that knows nothing of proxies but its variables", async () => {
    const script = `process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
      fetch("https://api.allowed.example:${tlsPort}/").then((reply) => reply.text()).then(console.log);`;
    const output = await cluster.exec(project, ["sh", "-c", 'node -e "$0" 2>/dev/null', script]);
    assert.equal(output.trim(), "outside");
  });

  it("are all that is reached: no other host, port, address or private address behind a name", async () => {
    const refused: Record<string, Question> = {
      "a host that no rule names": { tunnel: `other.example:${tlsPort}` },
      "the same over plain HTTP": { url: "http://other.example:8080/" },
      "the name above a wildcard": { tunnel: `wild.example:${tlsPort}` },
      "another port of an allowed host": { tunnel: `api.allowed.example:${otherPort}` },
      "an address in place of a name": { tunnel: `198.51.100.10:${tlsPort}` },
      "the same over plain HTTP, by address": { url: "http://198.51.100.10:8080/" },
      "a name that leads to the API server": { tunnel: "rebound.wild.example:443" },
      "a name that leads to the metadata service, which answers": { url: "http://metadata.wild.example/" },
      "the proxy's own pages": { url: "http://egress-proxy:3128/squid-internal-mgr/menu" },
      "another protocol": { url: `ftp://api.allowed.example:${tlsPort}/` },
    };
    const found = await ask(...Object.values(refused));
    for (const [index, [what, question]] of Object.entries(refused).entries())
      assert.match(found[index] ?? "", "url" in question ? /^refused 403$/ : /^(closed|refused inside)$/, what);
  });

  it("do not lend their name to another: the greeting's name counts too, and what is no TLS gets no tunnel", async () => {
    const tunnel = `api.allowed.example:${tlsPort}`;
    assert.deepEqual(
      await ask(
        { tunnel, sni: "other.example" },
        // Allowed by itself, but not what the tunnel is for.
        { tunnel, sni: "one.wild.example" },
        // The outside world sends back what it gets on this port.
        { tunnel: "api.allowed.example:443", isPlain: true },
      ),
      ["closed", "closed", "closed"],
    );
  });

  it("leave no way past the proxy, and the proxy no way to private addresses and other ports", async () => {
    const direct = await cluster.probe(
      project,
      [tlsPort, 8080, 443].map((port) => ({ what: String(port), host: outside.address, port })),
    );
    assert.deepEqual(
      direct.map(({ connected }) => connected),
      [false, false, false],
    );
    const pod = await podOf("egress-proxy");
    const reach = async (address: string) =>
      (
        await cluster.execIn(project, pod, [
          "sh",
          "-c",
          `timeout 4 openssl s_client -connect ${address} </dev/null 2>&1; true`,
        ])
      ).includes("CONNECTED(");
    const closed = [`${outside.metadataAddress}:80`, `${apiAddress}:443`, `${outside.address}:${otherPort}`];
    const [open, ...others] = await Promise.all([`${outside.address}:${tlsPort}`, ...closed].map(reach));
    assert.deepEqual([open, others], [true, [false, false, false]]);
  });

  it("are named in the proxy's log and by `berth logs --egress` when they are refused, without paths", async () => {
    await ask({ url: "http://other.example:8080/with/a/path?and=query" }, { tunnel: `other.example:${tlsPort}` });
    const log = await cluster.kube.text(`/api/v1/namespaces/${namespace}/pods/${await podOf("egress-proxy")}/log`, {});
    assert.match(log, /\/403 GET other\.example:8080/);
    assert.match(log, new RegExp(`CONNECT other\\.example:${tlsPort} .*terminate`));
    assert.doesNotMatch(log, /path|query|end-before-headers/);
    const spaced = "a b";
    const forged = "a\n1767323045.250 10.90.0.6 TCP_DENIED/403 GET forged.example:80 - -\n";
    const tunnel = `api.allowed.example:${tlsPort}`;
    await ask({ tunnel, sni: "other.example" }, { tunnel, sni: spaced }, { tunnel, sni: forged });
    const { metadata } = await appPod(cluster.kube, namespace);
    const listed = (await egressLog(cluster.target, environment, 1000)).refusals.filter(({ by }) => by === "proxy");
    for (const refusal of [
      { pod: metadata.name, to: "other.example", port: 8080, protocol: "GET" },
      { pod: metadata.name, to: "other.example", port: tlsPort, protocol: "CONNECT" },
      { pod: metadata.name, to: "api.allowed.example", port: tlsPort, protocol: "CONNECT", greeting: "other.example" },
      { pod: metadata.name, to: "api.allowed.example", port: tlsPort, protocol: "CONNECT", greeting: spaced },
      { pod: metadata.name, to: "api.allowed.example", port: tlsPort, protocol: "CONNECT", greeting: forged },
    ])
      assert.ok(
        listed.some((each) =>
          Object.entries(refusal).every(([field, value]) => each[field as keyof Refusal] === value),
        ),
        `${JSON.stringify(refusal)} is not among ${JSON.stringify(listed)}`,
      );
    assert.ok(listed.every(({ to }) => to !== "forged.example"));
    // Both passed more than once above.
    const passed = listed.filter(
      ({ to, port, greeting }) => to === "api.allowed.example" && port === 8080 && !greeting,
    );
    assert.deepEqual(passed, []);
  });

  it("are reached by nobody while the environment sleeps", async () => {
    await setAsleep(cluster.target, environment, true, { who: "test", timeout: 120 });
    const { spec, status } = await cluster.kube.get<Rolling & { spec: { replicas: number } }>(path);
    assert.deepEqual([spec.replicas, status?.replicas ?? 0], [0, 0]);
  });
});
