import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { parseConfig } from "../../../config/parse";
import { appPod } from "../../../cli/demo/egress";
import { BerthError, ExitCode } from "../../../lifecycle/errors";
import { egressLog } from "../../../lifecycle/egress-log";
import { pause, type KubeList, type KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import type { Pod } from "../../../lifecycle/trouble";
import { openOutside, type Outside } from "../../../local";
import { readSpec } from "../../../local/cluster/create";
import { planNetwork } from "../../../local/cluster/plan";
import { canaryImage, packetsOutside, removeLeftovers, startPods, type Ground } from "../../support/first-packet";
import { partPids, podPids } from "../cluster/support";
import { RealCluster } from "./support";

const run = promisify(execFile);

/** The cluster that tests with real pods share. */
const clusterName = "test-real";

const project = "wire";
const environment = environmentName(project, 1);
const { namespace } = environment;

/** What the environment's rule opens: one port of one range of the outside world. */
const rule = { cidr: "203.0.113.0/24", ports: [8080] };

const app = 'require("node:http").createServer((_, reply) => reply.end("ok")).listen(3000)';
const config = parseConfig({ projectId: project, app: { command: ["node", "-e", app] }, egress: { allow: [rule] } });

/** Another project's environment, whose app answers datagrams too. */
const neighbour = environmentName("wire-other", 1);
const echoPort = 5353;
const echo = `${app}; const echo = require("node:dgram").createSocket("udp4");
echo.on("message", (message, { port, address }) => echo.send(message, port, address)).bind(${echoPort});`;
const neighbourConfig = parseConfig({
  projectId: neighbour.projectId,
  app: { command: ["node", "-e", echo] },
});

/** Something to say to an address: a TCP connection, or a datagram to which an answer must come. */
interface Question {
  readonly kind: "tcp" | "udp";
  readonly host: string;
  readonly port: number;
}

/** Asks all questions at once, and prints for each `answered`, `silent`, or the system's word for the failure. */
const asker = `
const net = require("node:net"), udp = require("node:dgram");
const ask = ({ kind, host, port }) => new Promise((say) => {
  setTimeout(() => say("silent"), 2500);
  if (kind === "tcp")
    return net.connect({ host, port }).on("connect", () => say("answered")).on("error", (error) => say(error.code));
  const socket = udp.createSocket(net.isIPv6(host) ? "udp6" : "udp4");
  socket.on("message", () => say("answered")).on("error", (error) => say(error.code));
  socket.send("berth", port, host, (error) => { if (error) say(error.code); });
});
Promise.all(JSON.parse(process.argv[1]).map(ask)).then((answers) => {
  console.log(JSON.stringify(answers));
  process.exit();
});`;

/** Asks the same question over and over, over TCP and UDP, and prints how often it has asked and how often it was answered. */
const insister = `
const net = require("node:net"), udp = require("node:dgram");
const { host, port, seconds } = JSON.parse(process.argv[1]);
let asked = 0, answered = 0;
const socket = udp.createSocket("udp4").on("message", () => answered++).on("error", () => {});
setInterval(() => {
  asked++;
  socket.send("berth", port, host, () => {});
  net.connect({ host, port, timeout: 1000 }).on("connect", () => answered++).on("error", () => {}).on("timeout", function () { this.destroy(); });
}, 50);
setTimeout(() => { console.log(JSON.stringify({ asked, answered })); process.exit(); }, seconds * 1000);`;

/** What the cluster's DNS makes of names, by the container's own settings: an address, or the resolver's word. */
const resolver = `
const { resolve4, resolveTxt } = require("node:dns/promises");
const names = JSON.parse(process.argv[1]);
Promise.all(names.map(([kind, name]) => (kind === "TXT" ? resolveTxt(name) : resolve4(name)).then(String, (error) => error.code)))
  .then((found) => console.log(JSON.stringify(found)));`;

/**
 * Sends one packet of each protocol that is neither TCP nor UDP to each address, from raw sockets, which take more than a pod has: an
 * ICMP echo, GRE, SCTP, and a protocol number that is set aside for experiments (RFC 3692).
 */
const rawSender = `
use Socket;
for my $host (@ARGV) {
  for my $protocol (1, 47, 132, 253) {
    socket(my $socket, PF_INET, SOCK_RAW, $protocol) or die "socket: $!";
    my $packet = $protocol == 1 ? pack("CCnnn", 8, 0, 0xF7FD, 1, 1) : "\\0" x 16;
    send($socket, $packet, 0, sockaddr_in(0, inet_aton($host))) or die "send: $!";
  }
}`;

/** Packets that have arrived in a pod's network and are not TCP, by which the kubelet asks how the pod is (RFC 2011, RFC 4113). */
async function oddPackets(pid: number): Promise<number> {
  const { stdout } = await run("nsenter", ["--target", String(pid), "--net", "--", "cat", "/proc/net/snmp"]);
  const lines = stdout.split("\n").map((line) => line.split(" "));
  return [
    ["Ip:", "InUnknownProtos"],
    ["Icmp:", "InMsgs"],
    ["Udp:", "InDatagrams"],
    ["Udp:", "NoPorts"],
  ].reduce((sum, [table = "", name = ""]) => {
    const [names = [], values = []] = lines.filter(([first]) => first === table);
    const count = Number(values[names.indexOf(name)]);
    assert.ok(Number.isInteger(count), `${table} has no ${name}`);
    return sum + count;
  }, 0);
}

describe("egress on the wire, from real pods", function () {
  this.timeout(600_000);
  let cluster: RealCluster;
  let outside: Outside;
  let ground: Ground;
  let network: ReturnType<typeof planNetwork>;

  before(async () => {
    cluster = await RealCluster.start(clusterName);
    await Promise.all([cluster.destroy(project), cluster.destroy(neighbour.projectId), removeLeftovers(cluster)]);
    outside = await openOutside(clusterName);
    network = planNetwork((await readSpec(clusterName))?.index ?? assert.fail());
    ground = { kube: cluster.kube, outside, image: await canaryImage(clusterName) };
    await Promise.all([
      cluster.deploy(project, { config }),
      cluster.deploy(neighbour.projectId, { config: neighbourConfig }),
    ]);
  });
  after(async () => {
    // Undefined where `before` has failed.
    await (outside as Outside | undefined)?.close();
    const started = cluster as RealCluster | undefined;
    if (started) await Promise.all([project, neighbour.projectId].map((each) => started.destroy(each)));
  });

  const command = (node: string, questions: readonly Question[]) => [node, "-e", asker, JSON.stringify(questions)];
  const fromPod = async (questions: readonly Question[]) =>
    JSON.parse(await cluster.exec(project, command("node", questions))) as string[];
  const fromNode = async (questions: readonly Question[]) => {
    const [program = "", ...args] = outside.onNode(command(process.execPath, questions));
    return JSON.parse((await run(program, args)).stdout) as string[];
  };
  const allowed: Question = { kind: "tcp", host: "203.0.113.10", port: 8080 };

  /** Does something, and says how many packets have arrived outside meanwhile. */
  async function leaked(action: () => Promise<unknown>): Promise<number> {
    const before = await packetsOutside(outside);
    await action();
    return (await packetsOutside(outside)) - before;
  }

  /** The pod of the cluster's resolver. */
  async function dnsPod(): Promise<{ name: string; ip: string }> {
    const { items } = await cluster.kube.get<KubeList<KubeObject & { status: { podIP: string } }>>(
      "/api/v1/namespaces/kube-system/pods",
      { query: { labelSelector: "k8s-app=kube-dns" } },
    );
    const [pod = assert.fail()] = items;
    return { name: `kube-system/${pod.metadata.name}`, ip: pod.status.podIP };
  }

  /** Waits until what is allowed passes, which says that the agent decides again. */
  async function untilAllowedPasses(): Promise<void> {
    for (const end = Date.now() + 60_000; (await fromPod([allowed]))[0] !== "answered";)
      assert.ok(Date.now() < end, "what the rule allows does not pass again");
  }

  it("lets through what a rule allows, and is seen by the count of the outside world", async () => {
    assert.ok((await leaked(async () => assert.deepEqual(await fromPod([allowed]), ["answered"]))) >= 3);
  });

  it("lets out no datagram and no DNS query, to whatever address and port, that the node gets an answer to", async () => {
    const questions: Question[] = [outside.address, outside.otherAddress, outside.metadataAddress].flatMap((host) => [
      { kind: "udp", host, port: 53 },
      { kind: "udp", host, port: 443 },
    ]);
    assert.deepEqual(
      await fromNode(questions),
      questions.map(() => "answered"),
    );
    const overTcp: Question[] = [
      { kind: "tcp", host: outside.address, port: 443 },
      { ...allowed, port: 443 },
      // A resolver there would be asked over TCP too.
      { kind: "tcp", host: outside.address, port: 53 },
      { ...allowed, port: 53 },
    ];
    const asked = await leaked(async () => {
      assert.deepEqual((await fromNode(overTcp)).slice(2), ["ECONNREFUSED", "ECONNREFUSED"]);
    });
    assert.ok(asked >= 4, `only ${asked} packets of the node's own arrived`);
    const packets = await leaked(async () => {
      const all = [...questions, ...overTcp, { kind: "udp", host: allowed.host, port: allowed.port } as const];
      assert.deepEqual(
        await fromPod(all),
        all.map(() => "silent"),
      );
    });
    assert.equal(packets, 0);
  });

  it("lets out no ICMP and no other protocol, not even from raw sockets in the pod's network, nor to the range of a rule", async () => {
    const { metadata } = await appPod(cluster.kube, namespace);
    const [pid = 0] = await podPids({ name: clusterName }, metadata.uid ?? "");
    const send = ["perl", "-e", rawSender, outside.address, allowed.host];
    const [program = "", ...args] = outside.onNode(send);
    assert.ok((await leaked(() => run(program, args))) >= 8, "the node's own packets arrive and are counted");
    const packets = await leaked(async () => {
      await run("nsenter", ["--target", String(pid), "--net", "--", ...send]);
      await new Promise((done) => setTimeout(done, 500));
    });
    assert.equal(packets, 0);
  });

  it("reaches another environment's pods and Services by no datagram and no other protocol, even where that one lets all in", async () => {
    const pod = await appPod(cluster.kube, neighbour.namespace);
    const base = `/api/v1/namespaces/${neighbour.namespace}`;
    const { status } = await cluster.kube.get<KubeObject & { status: { podIP: string } }>(
      `${base}/pods/${pod.metadata.name}`,
    );
    // What holds then is this environment's egress alone.
    await cluster.kube.post(`/apis/networking.k8s.io/v1/namespaces/${neighbour.namespace}/networkpolicies`, {
      metadata: { name: "open" },
      spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] },
    });
    // The quota has room for the app's own Service alone.
    type WithPorts = KubeObject & { spec: { clusterIP: string; ports: object[] } };
    const { spec } = await cluster.kube.get<WithPorts>(`${base}/services/app`);
    await cluster.kube.patch(`${base}/services/app`, {
      spec: { ports: [...spec.ports, { name: "echo", port: echoPort, protocol: "UDP" }] },
    });
    const questions = [status.podIP, spec.clusterIP].map((host): Question => ({ kind: "udp", host, port: echoPort }));
    for (const end = Date.now() + 30_000; (await fromNode(questions)).some((answer) => answer !== "answered");)
      assert.ok(Date.now() < end, "the neighbour does not even answer the node");
    const [theirs = 0] = await podPids({ name: clusterName }, pod.metadata.uid ?? "");
    const own = await appPod(cluster.kube, namespace);
    const [ours = 0] = await podPids({ name: clusterName }, own.metadata.uid ?? "");
    const send = ["perl", "-e", rawSender, status.podIP];
    const [program = "", ...args] = outside.onNode(send);
    const before = await oddPackets(theirs);
    await run(program, args);
    await pause(500);
    const sent = (await oddPackets(theirs)) - before;
    assert.ok(sent >= 4, `only ${sent} of the node's own packets arrive and are counted`);
    const silent = await oddPackets(theirs);
    assert.deepEqual(await fromPod(questions), ["silent", "silent"]);
    await run("nsenter", ["--target", String(ours), "--net", "--", ...send]);
    await pause(500);
    assert.equal((await oddPackets(theirs)) - silent, 0);
  });

  it("has no IPv6 by which anything would get out, and no address in it stands for an IPv4 one", async () => {
    const questions: Question[] = ["fd00:ec2::254", "2001:db8::10", "64:ff9b::c633:640a"].flatMap((host) => [
      { kind: "tcp", host, port: 443 },
      { kind: "udp", host, port: 443 },
    ]);
    const mapped: Question = { kind: "tcp", host: `::ffff:${outside.address}`, port: 443 };
    const packets = await leaked(async () => {
      const answers = await fromPod([...questions, mapped]);
      assert.equal(answers.pop(), "silent");
      for (const answer of answers) assert.match(answer, /^(ENETUNREACH|EADDRNOTAVAIL|EHOSTUNREACH|EAFNOSUPPORT)$/);
    });
    assert.equal(packets, 0);
  });

  it("reaches no address of the node, and in its own loopback nothing of the node's", async () => {
    const { nodeAddress, podGateway } = network;
    // Health pages of the kubelet, of the NetworkPolicy agent and of kube-proxy.
    const ports = [10248, 9080, 10249];
    const loopback = ports.map((port): Question => ({ kind: "tcp", host: "127.0.0.1", port }));
    const served: Question[] = [
      { kind: "tcp", host: nodeAddress, port: 6443 },
      { kind: "tcp", host: nodeAddress, port: 10250 },
    ];
    assert.deepEqual(
      await fromNode([...loopback, ...served]),
      [...loopback, ...served].map(() => "answered"),
    );
    assert.deepEqual(await fromPod(loopback), ["ECONNREFUSED", "ECONNREFUSED", "ECONNREFUSED"]);
    const forbidden = [
      ...served,
      ...[nodeAddress, podGateway, network.hostAddress].flatMap((host) =>
        ports.map((port): Question => ({ kind: "tcp", host, port })),
      ),
      { kind: "udp", host: nodeAddress, port: 10250 } as const,
    ];
    assert.deepEqual(
      await fromPod(forbidden),
      forbidden.map(() => "silent"),
    );
  });

  it("asks the cluster's DNS for names of the cluster, and hears nothing of others", async () => {
    const names = [
      ["A", "kubernetes.default.svc.cluster.local"],
      ["A", "example.com"],
      ["TXT", "c2VjcmV0.exfiltration.example.com"],
    ];
    const packets = await leaked(async () => {
      const argv = ["node", "-e", resolver, JSON.stringify(names)];
      const [own, ...others] = JSON.parse(await cluster.exec(project, argv)) as string[];
      assert.equal(own, network.apiServiceAddress);
      for (const answer of others) assert.match(answer, /^(ENOTFOUND|EREFUSED|ESERVFAIL)$/);
    });
    assert.equal(packets, 0);
    // Of the resolver itself nothing but DNS: not its health page, not its readiness.
    const { ip } = await dnsPod();
    const others = [8080, 8181].map((port): Question => ({ kind: "tcp", host: ip, port }));
    assert.deepEqual(await fromNode(others), ["answered", "answered"]);
    assert.deepEqual(
      await fromPod(others),
      others.map(() => "silent"),
    );
  });

  it("stays closed while the agent is killed again and again, and opens what is allowed once it is back", async () => {
    const forbidden = { host: outside.address, port: 443, seconds: 12 };
    const packets = await leaked(async () => {
      const insisting = cluster.exec(project, ["node", "-e", insister, JSON.stringify(forbidden)]);
      const killed = new Set<number>();
      const over = insisting.then(() => true);
      while (!(await Promise.race([over, new Promise((done) => setTimeout(done, 500))]))) {
        const pid = (await partPids(clusterName))["kube-network-policies"];
        if (pid === undefined || killed.has(pid) || killed.size === 4) continue;
        process.kill(pid, "SIGKILL");
        killed.add(pid);
      }
      const { asked, answered } = JSON.parse(await insisting) as { asked: number; answered: number };
      assert.ok(killed.size >= 2, `the agent was killed only ${killed.size} times`);
      assert.ok(asked > 50, `asked only ${asked} times`);
      assert.equal(answered, 0);
    });
    assert.equal(packets, 0);
    await untilAllowedPasses();
  });

  it("is listed by `berth logs --egress` with pod, destination and time, over the agent's restarts", async () => {
    const { metadata } = await appPod(cluster.kube, namespace);
    const begin = Date.now();
    const fresh: Question = { kind: "tcp", host: outside.otherAddress, port: 81 };
    const resolverPod = await dnsPod();
    await fromPod([
      { kind: "udp", host: outside.address, port: 53 },
      { kind: "udp", host: outside.metadataAddress, port: 443 },
      { kind: "tcp", host: network.nodeAddress, port: 10250 },
    ]);
    const [pid = 0] = await podPids({ name: clusterName }, metadata.uid ?? "");
    await run("nsenter", ["--target", String(pid), "--net", "--", "perl", "-e", rawSender, outside.address]);
    await pause(500);
    process.kill((await partPids(clusterName))["kube-network-policies"] ?? assert.fail("no agent runs"), "SIGKILL");
    await untilAllowedPasses();
    await fromPod([fresh, { kind: "tcp", host: resolverPod.ip, port: 8080 }, allowed]);
    const { refusals, remark } = await egressLog(cluster.target, environment, 10_000);
    assert.equal(remark, undefined);
    for (const [to, port, protocol] of [
      // Before the agent was killed, and after it.
      [outside.address, 53, "UDP"],
      [outside.metadataAddress, 443, "UDP"],
      [outside.address, undefined, "other"],
      [network.nodeAddress, 10250, "TCP"],
      [outside.otherAddress, 81, "TCP"],
    ] as const) {
      const found = refusals.find((each) => each.to === to && each.port === port && each.protocol === protocol);
      assert.equal(found?.pod, metadata.name, `${to} ${port ?? ""} ${protocol}`);
    }
    const last = refusals.find(({ to, port }) => to === outside.otherAddress && port === 81) ?? assert.fail();
    assert.ok(Math.abs(Date.parse(last.time) - begin) < 60_000, last.time);
    assert.ok(refusals.some(({ toPod }) => toPod === resolverPod.name));
    const passed = refusals.filter(
      ({ to, port, protocol }) => to === allowed.host && port === allowed.port && protocol === "TCP",
    );
    assert.deepEqual(passed, []);
    assert.deepEqual([...new Set(refusals.map(({ by }) => by))], ["policies"]);
  });

  it("lets nothing out of pods that start, from the first packet on, and none of it stays unseen", async () => {
    const open = await startPods(ground, 4, { fenced: false, batch: 4 });
    assert.deepEqual([open.starts, open.reached], [4, 4]);
    assert.ok(open.packets >= 12, `only ${open.packets} packets of pods without policies were seen`);
    const { starts, environments, reached, packets } = await startPods(ground, 20, { fenced: true, batch: 10 });
    assert.deepEqual(
      { starts, environments, reached, packets },
      { starts: 20, environments: 2, reached: 0, packets: 0 },
    );
  });

  it("lets nothing out of pods that start while the agent is stopped, nor once it goes on", async () => {
    const agent = (await partPids(clusterName))["kube-network-policies"] ?? assert.fail("no agent runs");
    const packets = await leaked(async () => {
      process.kill(agent, "SIGSTOP");
      let goneOn = Infinity;
      const goOn = async () => {
        // Each has asked by now, and its packets wait in the agent's queue.
        await pause(2000);
        process.kill(agent, "SIGCONT");
        goneOn = Date.now();
      };
      try {
        const options = { fenced: true, batch: 4, tries: 12, onRunning: goOn };
        const { starts, reached, firstEnd } = await startPods(ground, 4, options);
        assert.deepEqual([starts, reached], [4, 0]);
        // All went on asking, so that what is decided is not about pods that are gone.
        assert.ok(firstEnd - goneOn > 5000, `a pod ended ${firstEnd - goneOn} ms after the agent went on`);
      } finally {
        process.kill(agent, "SIGCONT");
      }
    });
    assert.equal(packets, 0);
    await untilAllowedPasses();
  });

  it("is tried by a canary before the app, which starts once it is refused", async () => {
    await cluster.deploy(project, { config, platform: { egressCanary: { image: ground.image, when: "always" } } });
    const pod = await appPod(cluster.kube, namespace);
    const [canary] = pod.status?.initContainerStatuses ?? [];
    assert.deepEqual([canary?.name, canary?.state?.terminated?.exitCode], ["egress-canary", 0]);
    const path = `/api/v1/namespaces/${namespace}/pods/${pod.metadata.name}/log`;
    const log = await cluster.kube.text(path, { container: "egress-canary" });
    assert.match(log, new RegExp(`^(refused: ${network.apiServiceAddress}:443: .*timeout\\n){2}$`));
  });

  it("ends the deploy where a canary is not refused, before the app starts, and says why", async () => {
    // Something that pods do reach stands for a network plugin that does not hold.
    const target = `${(await dnsPod()).ip}:53`;
    const platform = { egressCanary: { image: ground.image, when: "always", target } };
    await assert.rejects(cluster.deploy(project, { config, platform, digit: "2" }), (error) => {
      assert.ok(error instanceof BerthError);
      assert.equal(error.exitCode, ExitCode.environmentFailed);
      assert.match(
        error.message,
        /pod app-\S+ \(container egress-canary\): EgressOpen: the pod reaches what no pod may reach/,
      );
      assert.match(error.message, new RegExp(`network policies do not hold: .* this pod reaches ${target}`));
      assert.match(error.fix, /enforces NetworkPolicies/);
      return true;
    });
    const { items } = await cluster.kube.get<KubeList<Pod>>(`/api/v1/namespaces/${namespace}/pods`);
    const held = items.filter(({ status }) => status?.initContainerStatuses?.[0]?.ready === false);
    assert.equal(held.length, 1);
    assert.equal(held[0]?.status?.containerStatuses?.[0]?.state?.waiting?.reason, "PodInitializing");
  });
});
