import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";

import { down, openOutside, type Outside } from "../../../local";
import { LABEL } from "../../../config/labels";
import { readSpec } from "../../../local/cluster/create";
import { dnsManifests } from "../../../local/cluster/manifests";
import { planNetwork } from "../../../local/cluster/plan";
import {
  ask,
  create,
  idlePod,
  inNode,
  list,
  partPids,
  podNamespaces,
  podProcess,
  resolve,
  serve,
  startCluster,
  type NodeCluster,
} from "./support";

const name = "t-policy";
const apiName = "kubernetes.default.svc.cluster.local";

const namespace = (each: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name: each } });
const policy = (where: string, called: string, spec: object) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: called, namespace: where },
  spec: { podSelector: {}, ...spec },
});
const denyAll = (where: string) => policy(where, "deny-all", { policyTypes: ["Ingress", "Egress"] });
const allowDns = (where: string) =>
  policy(where, "dns", {
    policyTypes: ["Egress"],
    egress: [
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
        ],
        ports: [{ port: 53, protocol: "UDP" }],
      },
    ],
  });

describe("NetworkPolicies on a real node, with real packets", function () {
  this.timeout(300_000);
  let cluster: NodeCluster;
  let outside: Outside;
  let client: { ip: string; pid: number };
  let server: { ip: string; pid: number };
  let listener: ChildProcess;
  const network = () => planNetwork(Number(/10\.89\.(\d+)\.2/.exec(cluster.result.status.server)?.[1]));

  before(async () => {
    await down(name, { deleteData: true });
    cluster = await startCluster(name);
    outside = await openOutside(name);
    await create(cluster, [
      namespace("free"),
      namespace("closed"),
      idlePod(cluster, "free", "client"),
      idlePod(cluster, "closed", "server"),
    ]);
    client = await podProcess(cluster, "free", "client");
    server = await podProcess(cluster, "closed", "server");
    listener = await serve(server.pid);
  });
  after(async () => {
    listener.kill();
    await outside.close();
    await down(name, { deleteData: true });
  });
  afterEach(() =>
    cluster
      .kubectl(["delete", "networkpolicies", "--all", "-n", "free"])
      .then(() => cluster.kubectl(["delete", "networkpolicies", "--all", "-n", "closed"])),
  );

  it("lets everything through that no policy forbids", async () => {
    const { apiServiceAddress, nodeAddress, dnsAddress } = network();
    assert.equal(await ask(client.pid, `http://${server.ip}:8000/`), 200);
    assert.equal(await ask(client.pid, `http://${outside.address}/`), 200);
    assert.equal(await ask(client.pid, `http://${outside.metadataAddress}/`), 200);
    assert.equal(await ask(client.pid, `https://${apiServiceAddress}/readyz`), 200);
    assert.equal(await ask(client.pid, `https://${nodeAddress}:6443/readyz`), 200);
    assert.equal(await ask(null, `http://${server.ip}:8000/`), 200);
    assert.equal(await resolve(client.pid, dnsAddress, apiName), apiServiceAddress);
  });

  it("refuses every way out of a closed namespace, and into it, but DNS", async () => {
    await cluster.kubectl(["apply", "-f", "-"], list([denyAll("free"), allowDns("free")]));
    const { apiServiceAddress, nodeAddress, podGateway, dnsAddress } = network();
    const forbidden = [
      `http://${server.ip}:8000/`,
      `http://${outside.address}/`,
      `http://${outside.otherAddress}:8080/`,
      `http://${outside.metadataAddress}/`,
      `https://${apiServiceAddress}/readyz`,
      `https://${nodeAddress}:6443/readyz`,
      `https://${nodeAddress}:10250/healthz`,
      `https://${podGateway}:6443/readyz`,
      `http://${network().hostAddress}:8080/`,
    ];
    const answers = await Promise.all(forbidden.map((url) => ask(client.pid, url)));
    assert.deepEqual(
      answers,
      forbidden.map(() => "none"),
    );
    assert.equal(await resolve(client.pid, dnsAddress, apiName), apiServiceAddress);
    const into = await serve(client.pid);
    try {
      assert.equal(await ask(server.pid, `http://${client.ip}:8000/`), "none");
      assert.equal(await ask(null, `http://${client.ip}:8000/`), "none");
    } finally {
      into.kill();
    }
  });

  it("lets the gateway in from its one address, and pods not", async () => {
    const from = [{ ipBlock: { cidr: `${network().hostAddress}/32` } }];
    await cluster.kubectl(
      ["apply", "-f", "-"],
      list([policy("closed", "gateway", { policyTypes: ["Ingress"], ingress: [{ from }] })]),
    );
    assert.equal(await ask(null, `http://${server.ip}:8000/`), 200);
    assert.equal(await ask(client.pid, `http://${server.ip}:8000/`), "none");
    assert.equal(await ask(cluster.pid, `http://${server.ip}:8000/`), 200, "the node itself, for probes");
  });

  it("opens one outside network and no other", async () => {
    const egress = [{ to: [{ ipBlock: { cidr: "198.51.100.0/24" } }], ports: [{ port: 80, protocol: "TCP" }] }];
    await cluster.kubectl(
      ["apply", "-f", "-"],
      list([denyAll("free"), policy("free", "one", { policyTypes: ["Egress"], egress })]),
    );
    assert.equal(await ask(client.pid, `http://${outside.address}/`), 200);
    assert.equal(await ask(client.pid, `http://${outside.address}:8080/`), "none");
    assert.equal(await ask(client.pid, `http://${outside.otherAddress}/`), "none");
    assert.equal(await ask(client.pid, `http://${outside.metadataAddress}/`), "none");
  });

  it("refuses packets with a forged source address", () => {
    const forged = `10.90.${network().podCidr.split(".")[2] ?? ""}.250`;
    for (const source of [forged, "192.0.2.77"]) {
      execFileSync("nsenter", ["-t", String(client.pid), "-n", "ip", "address", "add", `${source}/32`, "dev", "eth0"]);
      try {
        const arguments_ = [
          "-t",
          String(client.pid),
          "-n",
          "curl",
          "-s",
          "-o",
          "/dev/null",
          "-m",
          "2",
          "--interface",
          source,
        ];
        assert.throws(
          () => execFileSync("nsenter", [...arguments_, `http://${outside.address}/`]),
          { status: 28 },
          source,
        );
      } finally {
        execFileSync("nsenter", [
          "-t",
          String(client.pid),
          "-n",
          "ip",
          "address",
          "del",
          `${source}/32`,
          "dev",
          "eth0",
        ]);
      }
    }
  });

  it("lets no IPv6 between pods, which no policy would see", async () => {
    const of = (pid: number) =>
      execFileSync("nsenter", ["-t", String(pid), "-n", "ip", "-6", "-o", "address", "show", "dev", "eth0"], {
        encoding: "utf8",
      });
    const address = /inet6 (fe80[^/]+)/.exec(of(server.pid))?.[1];
    if (address === undefined) {
      assert.equal(of(server.pid), "", "pods have no IPv6 at all");
      return;
    }
    assert.equal(await ask(client.pid, `http://[${address}%25eth0]:8000/`), "none");
  });

  it("lets nothing new pass while the agent is stopped, and everything allowed again after", async () => {
    const agentPid = async () =>
      (await partPids(name))["kube-network-policies"] ?? assert.fail("the NetworkPolicy agent does not run");
    const agent = await agentPid();
    process.kill(agent, "SIGSTOP");
    try {
      assert.equal(await ask(client.pid, `http://${server.ip}:8000/`), "none");
      assert.equal(await ask(client.pid, `http://${outside.address}/`), "none");
    } finally {
      process.kill(agent, "SIGCONT");
    }
    assert.equal(await ask(client.pid, `http://${server.ip}:8000/`), 200);
    // On a busy machine the agent can be back before a question has begun; were the way open without it, no question would ever fail.
    const answers: unknown[] = [];
    while (answers.length < 5 && !answers.includes("none")) {
      process.kill(await agentPid(), "SIGKILL");
      answers.push(await ask(client.pid, `http://${outside.address}/`, 1));
    }
    assert.ok(answers.includes("none"), `answers in the moment of its death: ${answers.join()}`);
    const end = Date.now() + 20_000;
    while ((await ask(client.pid, `http://${outside.address}/`)) !== 200 && Date.now() < end);
    assert.equal(await ask(client.pid, `http://${outside.address}/`), 200);
  });

  it("lets no packet of a new pod out of a closed namespace, from the first on", async () => {
    await cluster.kubectl(["apply", "-f", "-"], list([denyAll("closed")]));
    const tries = await earlyTries("closed", "early");
    assert.ok(tries.length >= 3, `only ${tries.length} tries before the pod was ready`);
    assert.deepEqual([...new Set(tries)], ["none"]);
  });

  it("lets the first packet of a new pod through where nothing forbids it", async () => {
    const tries = await earlyTries("free", "early");
    assert.equal(tries[0], 200, tries.join());
  });

  it("cuts a connection that a later policy forbids", async () => {
    const script = `
      const socket = require("node:net").connect(5432, process.argv[1]);
      let last = Date.now();
      socket.on("data", () => (last = Date.now()));
      setInterval(() => { socket.write("x"); console.log(Date.now() - last < 1500 ? "flows" : "cut"); }, 250);`;
    const child = spawn("nsenter", ["-t", String(client.pid), "-n", process.execPath, "-e", script, outside.address], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let latest = "";
    child.stdout.on("data", (chunk: Buffer) => (latest = chunk.toString().trim().split("\n").at(-1) ?? ""));
    const until = async (wanted: string): Promise<void> => {
      const end = Date.now() + 15_000;
      while (latest !== wanted && Date.now() < end) await new Promise((done) => setTimeout(done, 100));
      assert.equal(latest, wanted);
    };
    try {
      await until("flows");
      await cluster.kubectl(["apply", "-f", "-"], list([denyAll("free")]));
      await until("cut");
    } finally {
      child.kill();
    }
  });

  it("lets environments' queries leave the cluster only for pods that are labelled for it", async () => {
    const labelled = (called: string, labels: object): object => {
      const pod = idlePod(cluster, "free", called) as { metadata: { labels: object } };
      return { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...labels } } };
    };
    const ofEnvironment = { [LABEL.environment]: "shop-pr-7" };
    const asked: string[] = [];
    const far = await answerNames(asked);
    try {
      await setResolvers([`${outside.address}:5353`]);
      await create(cluster, [
        labelled("closed", ofEnvironment),
        labelled("open", { ...ofEnvironment, [LABEL.outsideNames]: "allowed" }),
        labelled("other", {}),
      ]);
      const { dnsAddress, apiServiceAddress } = network();
      for (const called of ["closed", "open", "other"]) {
        const { pid } = await podProcess(cluster, "free", called);
        assert.equal(await resolve(pid, dnsAddress, apiName), apiServiceAddress);
        const found = await resolve(pid, dnsAddress, `secret.${called}.example.com`);
        assert.match(
          found,
          called === "closed" ? /^(ENOTFOUND|EREFUSED|ESERVFAIL)$/ : /^203\.0\.113\.99$/,
          `${called}: ${found}`,
        );
      }
      assert.deepEqual(
        asked.filter((name) => name.includes("example.com")),
        ["secret.open.example.com", "secret.other.example.com"],
      );
    } finally {
      far.kill();
      await setResolvers([]);
      await cluster.kubectl([
        "delete",
        "pods",
        "closed",
        "open",
        "other",
        "-n",
        "free",
        "--ignore-not-found",
        "--wait",
      ]);
    }
  });

  it("tells the node's interface, rules and queue from inside only", async () => {
    const { bridge } = network();
    assert.match(await inNode(cluster, ["ip", "link", "show", bridge]), /state UP/);
    assert.match(
      await inNode(cluster, ["sh", "-c", "iptables-save; nft list ruleset"]),
      /(NFQUEUE --queue-num|queue (num|to)) 100/,
    );
    assert.doesNotMatch(await inNode(cluster, ["iptables-save"]), /queue-bypass/);
  });

  /** Has CoreDNS ask these for names outside the cluster, and waits until it does. */
  async function setResolvers(resolvers: readonly string[]): Promise<void> {
    const of = ["deployment/coredns", "-n", "kube-system"];
    const image = await cluster.kubectl(["get", ...of, "-o", "jsonpath={.spec.template.spec.containers[0].image}"]);
    const spec = (await readSpec(name)) ?? assert.fail();
    await cluster.kubectl(["apply", "-f", "-"], list(dnsManifests(spec, image, resolvers)));
    await cluster.kubectl(["rollout", "restart", ...of]);
    await cluster.kubectl(["rollout", "status", ...of, "--timeout=90s"]);
  }

  /** A resolver in the outside world that knows one address for every name, and takes note of the names. */
  async function answerNames(asked: string[]): Promise<ChildProcess> {
    const script = `
      const socket = require("node:dgram").createSocket("udp4");
      socket.on("message", (query, peer) => {
        const labels = [];
        let at = 12;
        for (; query[at] > 0; at += query[at] + 1) labels.push(query.toString("latin1", at + 1, at + 1 + query[at]));
        console.log(labels.join("."));
        const head = Buffer.from([query[0], query[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
        const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 99]);
        socket.send(Buffer.concat([head, query.subarray(12, at + 5), answer]), peer.port, peer.address);
      });
      // An answer from another address than was asked would be nobody's.
      socket.bind(5353, process.argv[1], () => console.log("ready"));`;
    const [program = "", ...args] = outside.inside([process.execPath, "-e", script, outside.address]);
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    child.stdout.on("data", (data: Buffer) => asked.push(...data.toString().trim().split("\n")));
    await new Promise((done) => child.stdout.once("data", done));
    return child;
  }

  /** Makes a pod and asks the outside from its network namespace from the moment that it has an address until it is ready. */
  async function earlyTries(where: string, called: string): Promise<(number | "none")[]> {
    const known = new Set(await podNamespaces(cluster));
    await cluster.kubectl(["apply", "-f", "-"], list([idlePod(cluster, where, called)]));
    const end = Date.now() + 20_000;
    let fresh: string | undefined;
    while (fresh === undefined && Date.now() < end)
      fresh = (await podNamespaces(cluster)).find((each) => !known.has(each));
    assert.ok(fresh !== undefined, "the pod got no network namespace");
    while (!hasWayOut(fresh) && Date.now() < end);
    const pod = { isReady: false };
    const ready = cluster
      .kubectl(["wait", "--for=condition=Ready", `pod/${called}`, "-n", where, "--timeout=30s"])
      .finally(() => (pod.isReady = true));
    const tries: (number | "none")[] = [];
    while ((!pod.isReady || tries.length < 3) && Date.now() < end)
      tries.push(await ask(fresh, `http://${outside.address}/`, 1));
    await ready;
    await cluster.kubectl(["delete", "pod", called, "-n", where, "--wait"]);
    return tries;
  }

  /** Whether a namespace has its address and default route; before that nothing can leave it. */
  function hasWayOut(path: string): boolean {
    try {
      return execFileSync("nsenter", [`--net=${path}`, "ip", "route"], { encoding: "utf8", stdio: "pipe" }).includes(
        "default",
      );
    } catch {
      // The file is there a moment before the namespace is mounted on it.
      return false;
    }
  }
});
