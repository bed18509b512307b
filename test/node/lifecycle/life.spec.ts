import assert from "node:assert/strict";
import { LABEL } from "../../../config/labels";
import { BerthError, ExitCode } from "../../../lifecycle/errors";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import type { Pod } from "../../../lifecycle/trouble";
import { openOutside } from "../../../local";
import { RealCluster } from "./support";

/** The cluster that tests with real pods share. */
const clusterName = "test-real";

const ready = (reply: { status: number }) => reply.status === 200;

async function messages({ visitor }: RealCluster, url: string): Promise<string[]> {
  const reply = await visitor.askUntil(url, "/api/entries", ready);
  return (JSON.parse(reply.body) as { entries: { message: string }[] }).entries.map((entry) => entry.message);
}

describe("environments with real pods", function () {
  this.timeout(600_000);
  let cluster: RealCluster;
  const urls: Record<string, string> = {};
  const inside = (project: string) => `/api/v1/namespaces/${project}-pr-1`;

  before(async function () {
    cluster = await RealCluster.start(clusterName);
    for (const project of ["left", "right"]) await cluster.destroy(project);
  });

  after(async function () {
    for (const project of ["left", "right", "crash", "pull"]) await cluster.destroy(project);
  });

  it("have all their fences before the first pod", async () => {
    const order: string[] = [];
    const end = new AbortController();
    const note =
      (what: string) =>
      ({ type, object }: { type: string; object: KubeObject }) => {
        if (type === "ADDED") order.push(`${what} ${object.metadata.name}`);
      };
    const policies = "/apis/networking.k8s.io/v1/namespaces/left-pr-1/networkpolicies";
    const watches = [
      cluster.kube.watch(`${inside("left")}/pods`, {}, end.signal, note("pod")),
      cluster.kube.watch(policies, {}, end.signal, note("policy")),
      cluster.kube.watch(`${inside("left")}/resourcequotas`, {}, end.signal, note("quota")),
    ];
    const result = await cluster.deploy("left");
    end.abort();
    await Promise.all(watches);
    urls["left"] = result.url;
    const firstPod = order.findIndex((entry) => entry.startsWith("pod"));
    const fences = order.flatMap((entry, index) => (entry.startsWith("pod") ? [] : [index]));
    assert.ok(firstPod > 0 && fences.length >= 5, order.join(", "));
    assert.ok(Math.max(...fences) < firstPod, order.join(", "));
    const created = (await cluster.kube.get<KubeList>(policies)).items.map(
      (policy) => policy.metadata.creationTimestamp ?? "",
    );
    const pods = (await cluster.kube.get<KubeList<Pod>>(`${inside("left")}/pods`)).items;
    for (const pod of pods) {
      for (const time of created)
        assert.ok(time <= (pod.metadata.creationTimestamp ?? ""), `${pod.metadata.name} before ${time}`);
    }
  });

  it("serve their app, which writes and reads", async () => {
    const url = urls["left"] ?? "";
    await cluster.visitor.askUntil(url, "/health", ready);
    assert.equal(
      (await cluster.visitor.ask(url, "/api/entries", { body: { name: "Ann", message: "left only" } })).status,
      201,
    );
    assert.deepEqual(await messages(cluster, url), ["left only"]);
  });

  it("two at once do not see each other", async () => {
    urls["right"] = (await cluster.deploy("right")).url;
    assert.notEqual(urls["right"], urls["left"]);
    assert.deepEqual(await messages(cluster, urls["right"]), []);
    const database = (project: string) => `postgresql.${project}-pr-1.svc.cluster.local`;
    const services = await cluster.kube.get<{ spec: { clusterIP: string } }>(`${inside("left")}/services/postgresql`);
    const pods = await cluster.kube.get<KubeList<Pod & { status: { podIP: string } }>>(`${inside("left")}/pods`);
    const attempts = [
      { what: "own database by name", host: "postgresql", port: 5432 },
      { what: "the other's database by name", host: database("left"), port: 5432 },
      { what: "the other's database by its Service's address", host: services.spec.clusterIP, port: 5432 },
      ...pods.items.map((pod) => ({
        what: `the other's pod ${pod.metadata.labels?.[LABEL.component] ?? ""}`,
        host: pod.status.podIP,
        port: pod.metadata.labels?.[LABEL.component] === "app" ? 3000 : 5432,
      })),
    ];
    const results = await cluster.probe("right", attempts);
    assert.deepEqual(
      results.map(({ what, connected }) => [what, connected]),
      attempts.map(({ what }, index) => [what, index === 0]),
    );
  });

  it("reach neither the API server nor the outside nor the metadata address, which the node reaches", async () => {
    const outside = await openOutside(clusterName);
    try {
      const forbidden = [
        { what: "outside", host: outside.address, port: 80 },
        { what: "outside, encrypted", host: outside.otherAddress, port: 443 },
        { what: "metadata", host: outside.metadataAddress, port: 80 },
        { what: "API server", host: new URL(cluster.kube.server).hostname, port: 6443 },
      ];
      const fromNode = await cluster.probeFromNode(forbidden);
      assert.deepEqual(
        fromNode.map(({ connected }) => connected),
        [true, true, true, true],
        JSON.stringify(fromNode),
      );
      const service = { what: "API server's Service", host: "kubernetes.default.svc.cluster.local", port: 443 };
      const fromPod = await cluster.probe("left", [...forbidden, service]);
      assert.deepEqual(
        fromPod.filter(({ connected }) => connected),
        [],
      );
      // Its name was found, so that the refusal is the policy's and not a missing DNS.
      assert.doesNotMatch(fromPod.at(-1)?.detail ?? "", /DNS/);
    } finally {
      await outside.close();
    }
  });

  it("run without rights: no capability, no way to one, not as root, in namespaces of their own, with no token and nothing of the node", async () => {
    const script = `const { existsSync, readFileSync, readlinkSync } = require("node:fs");
      const lines = readFileSync("/proc/self/status", "utf8").split("\\n").map((line) => line.split(/:\\s+/));
      const spaces = ["net", "pid", "ipc"].map((name) => readlinkSync("/proc/self/ns/" + name));
      const mounts = readFileSync("/proc/self/mounts", "utf8").split("\\n").map((line) => line.split(" ")[1]);
      const token = existsSync("/var/run/secrets/kubernetes.io");
      console.log(JSON.stringify({ status: Object.fromEntries(lines), spaces, mounts, token }));`;
    const { status, spaces, mounts, token } = JSON.parse(await cluster.exec("left", ["node", "-e", script])) as {
      status: Record<string, string>;
      spaces: string[];
      mounts: string[];
      token: boolean;
    };
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) assert.match(status[set] ?? "", /^0+$/, set);
    // 2 is the mode of filters (proc(5), /proc/PID/status).
    assert.deepEqual([status["NoNewPrivs"], status["Seccomp"]], ["1", "2"]);
    assert.ok(Number(status["Uid"]?.split("\t")[0]) > 0, status["Uid"]);
    const ofNode = await cluster.onNode(["readlink", "/proc/1/ns/net", "/proc/1/ns/pid", "/proc/1/ns/ipc"]);
    for (const space of spaces) assert.ok(!ofNode.includes(space), space);
    assert.equal(token, false);
    for (const folder of ["/host", "/var/lib/kubelet", "/run/containerd"]) assert.ok(!mounts.includes(folder), folder);
    const onNode = ["127.0.0.1", new URL(cluster.kube.server).hostname];
    const ports = await cluster.probeFromNode(onNode.map((host) => ({ what: host, host, port: 3000 })));
    assert.deepEqual(
      ports.map(({ connected }) => connected),
      [false, false],
    );
  });

  it("keep their rows when the database's pod is killed", async () => {
    const pod = `${inside("left")}/pods/postgresql-0`;
    const before = await cluster.kube.get<KubeObject>(pod);
    await cluster.kube.delete(pod, { gracePeriodSeconds: 0 });
    // The app answers from the old server until that is gone, so the new pod is waited for first.
    await cluster.untilReplaced(pod, before.metadata.uid);
    await cluster.visitor.askUntil(urls["left"] ?? "", "/ready", ready, 90_000);
    assert.deepEqual(await messages(cluster, urls["left"] ?? ""), ["left only"]);
  });

  it("keep their rows over an update to another image", async () => {
    const result = await cluster.deploy("left", { image: cluster.images[1], digit: "2" });
    assert.equal(result.outcome, "done");
    const health = await cluster.visitor.askUntil(
      result.url,
      "/health",
      ({ status, body }) => status === 200 && body.includes("2".repeat(40)),
    );
    assert.match(health.body, /"build":"2"/);
    assert.deepEqual(await messages(cluster, result.url), ["left only"]);
    const pod = await cluster.kube.get<KubeObject>(`${inside("left")}/pods/postgresql-0`);
    assert.equal(pod.metadata.deletionTimestamp, undefined);
  });

  it("leave nothing, neither objects nor volumes, and their neighbour is not touched", async () => {
    const { receipt } = await cluster.destroy("left");
    assert.deepEqual(receipt.left, []);
    const volumes = await cluster.kube.get<KubeList>("/api/v1/persistentvolumes");
    assert.equal(volumes.items.length, 1, "the neighbour's volume is the only one");
    assert.equal((await cluster.visitor.ask(urls["right"] ?? "", "/ready")).status, 200);
    assert.deepEqual((await cluster.destroy("right")).receipt.left, []);
  });

  it("fail in the app's own words when it crashes, and can be destroyed meanwhile", async () => {
    // An address that the pod does not have: the app logs that it cannot listen, and ends.
    const config = { env: { HOST: "203.0.113.1" } };
    const crashing = cluster.deploy("crash", { config, timeout: 240 });
    await assert.rejects(crashing, (error) => {
      assert.ok(error instanceof BerthError);
      assert.equal(error.exitCode, ExitCode.environmentFailed);
      assert.match(error.message, /crash-pr-1 did not become ready: pod app-\S+ \(container app\): CrashLoopBackOff/);
      assert.match(error.message, /ended with code 1, restarted [4-9] times\nits last lines:\n[\s\S]*cannot listen/);
      return true;
    });
    assert.deepEqual((await cluster.destroy("crash")).receipt.left, []);
  });

  it("fail early when their image cannot be pulled, naming it", async () => {
    const image = `localhost/berth/nowhere@sha256:${"8".repeat(64)}`;
    const begin = Date.now();
    await assert.rejects(cluster.deploy("pull", { image }), (error) => {
      assert.ok(error instanceof BerthError);
      assert.equal(error.exitCode, ExitCode.environmentFailed);
      assert.match(error.message, /pod app-\S+ \(container app\): (ErrImagePull|ImagePullBackOff|ErrImageNeverPull)/);
      assert.match(error.message, /localhost\/berth\/nowhere/);
      return true;
    });
    assert.ok(Date.now() - begin < 120_000);
    assert.deepEqual((await cluster.destroy("pull")).receipt.left, []);
  });
});
