import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { down, listClusters, status, up } from "../../../local";
import { hierarchies } from "../../../local/cluster/cgroups";
import { joinCommands } from "../../../local/cluster/link";
import { clusterFolder } from "../../../local/cluster/spec";
import { create, idlePod, inNode, partPids, startCluster, traces, type NodeCluster } from "./support";

const name = "t-restart";

describe("a real node over its life", function () {
  this.timeout(300_000);
  let cluster: NodeCluster;

  before(async () => {
    await down(name, { deleteData: true });
    cluster = await startCluster(name);
  });
  after(() => down(name, { deleteData: true }));

  it("keeps its objects and the files of its volumes over down and up", async () => {
    const claim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", namespace: "default" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    const pod = idlePod(cluster, "default", "keeper", {
      volumeMounts: [{ name: "data", mountPath: "/data" }],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
    });
    await create(cluster, [claim, pod]);
    const { volumes } = clusterFolder(name);
    const [volume = ""] = await readdir(volumes);
    await writeFile(join(volumes, volume, "note"), "still here");

    await down(name);
    assert.equal((await status(name))?.state, "stopped");
    cluster = await startCluster(name);

    await cluster.kubectl(["wait", "--for=condition=Ready", "pod/keeper", "--timeout=60s"]);
    assert.equal(await readFile(join(volumes, volume, "note"), "utf8"), "still here");
    const phase = await cluster.kubectl(["get", "pvc", "data", "-o", "jsonpath={.status.phase}"]);
    assert.equal(phase, "Bound");
  });

  it("removes a volume's folder with its claim", async () => {
    await cluster.kubectl(["delete", "pod/keeper", "pvc/data", "--wait"]);
    const { volumes } = clusterFolder(name);
    const end = Date.now() + 20_000;
    while ((await readdir(volumes)).length > 0 && Date.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(await readdir(volumes), []);
  });

  it("leaves a running cluster alone when asked to start it again", async () => {
    const before = await partPids(name);
    const again = await up({ name, databases: false });
    assert.equal(again.wasRunning, true);
    assert.deepEqual(await partPids(name), before);
  });

  it("brings back a connection to the machine that was cut", async () => {
    const device = joinCommandsDevice();
    execFileSync("ip", ["link", "delete", device]);
    cluster = await startCluster(name);
    assert.equal(cluster.result.wasRunning, false);
    assert.match(await cluster.kubectl(["get", "--raw", "/readyz"]), /ok/);
  });

  it("lets two calls at once start it once", async () => {
    await down(name);
    const both = await Promise.all([startCluster(name), startCluster(name)]);
    assert.deepEqual(both.map(({ result }) => result.wasRunning).sort(), [false, true]);
    cluster = both[0];
  });

  it("gives kubeconfig and keys to their owner only, and takes the kubeconfig away with the cluster", async () => {
    const folder = clusterFolder(name);
    const files = [
      folder.kubeconfig,
      folder.passphrase,
      join(folder.config, "encryption.yaml"),
      join(folder.pki, "ca.key"),
    ];
    for (const file of files) assert.equal((await stat(file)).mode & 0o777, 0o600, file);
    for (const path of [folder.root, folder.pki, folder.clients])
      assert.equal((await stat(path)).mode & 0o077, 0, path);
    await down(name);
    await assert.rejects(stat(folder.kubeconfig), { code: "ENOENT" });
    cluster = await startCluster(name);
  });

  it("keeps the node's own folders apart from the machine's", async () => {
    const paths = ["/run", "/var", "/var/lib/cni"];
    const inside = (await inNode(cluster, ["stat", "--format=%d:%i", ...paths])).trim().split("\n");
    for (const [i, path] of paths.entries()) {
      const { dev, ino } = await stat(path).catch(() => ({ dev: 0, ino: 0 }));
      assert.notEqual(inside[i], `${dev}:${ino}`, path);
    }
    await assert.rejects(stat("/var/lib/cni/networks/berth"), { code: "ENOENT" });
  });

  it("stands beside another cluster, which neither hurts nor outlives it", async () => {
    const other = "t-beside";
    const second = await startCluster(other);
    try {
      const running = (await listClusters()).filter((each) => [name, other].includes(each.name));
      assert.deepEqual(
        running.map(({ state }) => state),
        ["ready", "ready"],
      );
      assert.equal(new Set(running.map(({ server }) => server)).size, 2);
      assert.equal(new Set(running.map(({ gateway }) => gateway)).size, 2);
      await create(second, [idlePod(second, "default", "guest")]);
      assert.equal((await cluster.kubectl(["get", "pods", "-n", "default", "-o", "name"])).trim(), "");
    } finally {
      await down(other, { deleteData: true });
    }
    assert.match(await cluster.kubectl(["get", "--raw", "/readyz"]), /ok/);
    const left = await traces([other]);
    assert.deepEqual([left.processes, left.links, left.cgroups, left.mounts], [[], [], [], []]);
  });

  it("runs its parts in cgroups of its own", async () => {
    const all = await hierarchies();
    const group = await readFile(`/proc/${(await partPids(name))["kube-apiserver"] ?? 0}/cgroup`, "utf8");
    assert.ok(all !== null && group.includes("/berth/t-restart-"), group);
  });

  /** Name of the machine's end of the pair. */
  function joinCommandsDevice(): string {
    const index = Number(/10\.89\.(\d+)\.2/.exec(cluster.result.status.server)?.[1]);
    const spec = {
      version: 1 as const,
      name,
      nodes: "real" as const,
      index,
      internet: false,
      nodeCount: 1,
      createdAt: "",
    };
    return joinCommands(spec, clusterFolder(name))[0]?.[3] ?? "";
  }
});
