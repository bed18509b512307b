import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, rm } from "node:fs/promises";

import { down, openOutside, status, up } from "../../../local";
import { supervisorFiles, supervisorPid } from "../../../local/cluster/supervisor";
import { clusterFolder } from "../../../local/cluster/spec";
import { create, idlePod, partPids, startCluster, traces, type NodeCluster, type Traces } from "./support";

const name = "t-cleanup";
const other = ["t-restart", "t-beside", "t-policy"];

describe("a real node that is torn", function () {
  this.timeout(300_000);
  let clean: Traces;

  before(async () => {
    await down(name, { deleteData: true });
    clean = await traces([name]);
    assert.deepEqual([clean.processes, clean.links, clean.cgroups, clean.mounts], [[], [], [], []]);
  });
  after(() => down(name, { deleteData: true }));

  const settled = async (): Promise<NodeCluster> => {
    const cluster = await startCluster(name);
    await create(cluster, [idlePod(cluster, "default", `pod-${Date.now()}`)]);
    return cluster;
  };

  /** Takes the cluster down and compares the machine with what it was. */
  const assertClean = async (): Promise<void> => {
    await down(name);
    const left = await traces([name]);
    // What other programs do meanwhile counts neither for nor against this cluster.
    const foreign = (line: string) => !other.some((each) => line.includes(each));
    for (const key of ["processes", "links", "cgroups", "mounts", "namespaces", "rules"] as const) {
      assert.deepEqual(
        left[key].filter((line) => foreign(line) && !clean[key].includes(line)),
        [],
        key,
      );
    }
    assert.deepEqual(
      left.routes.filter((line) => !clean.routes.includes(line)),
      [],
      "routes",
    );
  };

  it("goes wholly when all is well, even with an outside world beside it", async () => {
    await settled();
    await openOutside(name);
    await assertClean();
  });

  it("starts each of its parts again after a kill -9, then goes wholly", async () => {
    await settled();
    for (const [part, pid] of Object.entries(await partPids(name))) {
      process.kill(pid, "SIGKILL");
      const end = Date.now() + 60_000;
      let state = "";
      while (Date.now() < end) {
        const found = (await status(name))?.parts.find((each) => each.name === part);
        state = `${found?.state ?? "none"}, ${found?.restarts ?? 0} restarts`;
        if (found?.state === "ready" && found.restarts > 0) break;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.match(state, /^ready, [1-9]/, part);
    }
    const cluster = await settled();
    assert.equal(cluster.result.wasRunning, true);
    await assertClean();
  });

  it("goes wholly after a kill -9 of the node's first process", async () => {
    await settled();
    process.kill((await supervisorPid(clusterFolder(name), "node")) ?? assert.fail("no supervisor"), "SIGKILL");
    await assertClean();
  });

  it("goes wholly after a kill -9 of both supervisors", async () => {
    await settled();
    const folder = clusterFolder(name);
    const inner = (await supervisorPid(folder, "node")) ?? assert.fail("no supervisor");
    const outer = Number(/PPid:\s+(\d+)/.exec(await readFile(`/proc/${inner}/status`, "utf8"))?.[1]);
    assert.match(await readFile(`/proc/${outer}/cmdline`, "utf8"), /supervise/);
    process.kill(outer, "SIGKILL");
    process.kill((await supervisorPid(folder, "gateway")) ?? assert.fail("no supervisor"), "SIGKILL");
    await assertClean();
  });

  it("goes wholly when its record of processes is lost", async () => {
    await settled();
    const folder = clusterFolder(name);
    await rm(supervisorFiles(folder, "node").pid);
    await rm(supervisorFiles(folder, "gateway").pid);
    await assertClean();
  });

  it("is started again by up after a kill -9 of its first process", async () => {
    await settled();
    process.kill((await supervisorPid(clusterFolder(name), "node")) ?? assert.fail("no supervisor"), "SIGKILL");
    const again = await settled();
    assert.equal(again.result.wasRunning, false);
    assert.equal(again.result.status.state, "ready");
    await assertClean();
  });

  for (const milliseconds of [300, 1000, 2500, 5000]) {
    it(`goes by itself when up is called off after ${milliseconds} ms`, async () => {
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), milliseconds);
      await assert.rejects(up({ name, nodes: "real", databases: false, signal: abort.signal }));
      clearTimeout(timer);
      const left = await traces([name]);
      assert.deepEqual([left.processes, left.links, left.cgroups, left.mounts], [[], [], [], []]);
      await assertClean();
    });
  }

  for (const milliseconds of [2000, 4000, 8000]) {
    it(`goes wholly when up itself is killed with SIGKILL after ${milliseconds} ms`, async () => {
      const script = `require("./local").up({ name: ${JSON.stringify(name)}, nodes: "real", databases: false })`;
      const child = spawn(process.execPath, ["--require", "tsx/cjs", "-e", script], { stdio: "ignore" });
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      child.kill("SIGKILL");
      await assertClean();
    });
  }

  it("leaves no folder when the first up ever is called off", async () => {
    await down(name, { deleteData: true });
    await assert.rejects(up({ name, nodes: "real", databases: false, signal: AbortSignal.timeout(2000) }));
    assert.equal(await status(name), null);
  });
});
