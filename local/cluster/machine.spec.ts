import assert from "node:assert/strict";
import { createServer } from "node:net";

import { parseHierarchies } from "./cgroups";
import { isPortFree } from "./create";
import { judgeReadiness } from "./kubectl";
import { attempt, run } from "./process";
import { describeParts } from "./status";
import type { ClusterSpec } from "./spec";

describe("parseHierarchies", () => {
  const line = (point: string, type: string, source = type): string =>
    `30 25 0:26 / ${point} rw,nosuid - ${type} ${source} rw`;

  it("knows version 2", () => {
    assert.deepEqual(parseHierarchies(line("/sys/fs/cgroup", "cgroup2")), { version: 2, mounts: ["/sys/fs/cgroup"] });
  });

  it("knows version 1, also beside version 2 without controllers", () => {
    const text = [
      line("/sys/fs/cgroup", "tmpfs"),
      line("/sys/fs/cgroup/cpu", "cgroup"),
      line("/sys/fs/cgroup/pids", "cgroup"),
      line("/sys/fs/cgroup/unified", "cgroup2"),
    ].join("\n");
    assert.deepEqual(parseHierarchies(text), {
      version: 1,
      mounts: ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/pids"],
      unified: "/sys/fs/cgroup/unified",
    });
  });

  it("says when there is none", () => {
    assert.equal(parseHierarchies(line("/", "ext4")), null);
  });
});

describe("judgeReadiness", () => {
  const since = new Date("2026-01-01T10:00:00.700Z");
  const node = (status: string, lastHeartbeatTime: string) => ({
    kind: "Node",
    metadata: { name: "n" },
    status: { conditions: [{ type: "Ready", status, lastHeartbeatTime, message: "no network yet" }] },
  });
  const dns = (ready: boolean, state: object) => ({
    kind: "Pod",
    metadata: { name: "coredns-1", labels: { "k8s-app": "kube-dns" } },
    status: { containerStatuses: [{ ready, state }] },
  });
  const fresh = "2026-01-01T10:00:00Z";
  const stale = "2026-01-01T09:59:59Z";
  const judge = (...items: object[]) => judgeReadiness({ items }, ["n"], { since, dns: true }).missing;

  it("is content with a node and a DNS pod that were ready since the start", () => {
    assert.equal(judge(node("True", fresh), dns(true, { running: { startedAt: fresh } })), null);
  });

  it("does not believe what was written before the start", () => {
    assert.match(judge(node("True", stale), dns(true, { running: { startedAt: fresh } })) ?? "", /node n is not ready/);
    assert.match(
      judge(node("True", fresh), dns(true, { running: { startedAt: stale } })) ?? "",
      /DNS pod is not ready/,
    );
  });

  it("names what is missing and why", () => {
    assert.match(judge() ?? "", /node n has not registered/);
    assert.match(judge(node("False", fresh)) ?? "", /no network yet/);
    const waiting = { waiting: { reason: "ErrImageNeverPull", message: "absent" } };
    assert.match(judge(node("True", fresh), dns(false, waiting)) ?? "", /ErrImageNeverPull: absent/);
  });
});

describe("describeParts", () => {
  const spec: ClusterSpec = {
    version: 1,
    name: "a",
    nodes: "real",
    index: 0,
    gatewayPort: 8080,
    gatewayTlsPort: 8443,
    internet: false,
    nodeCount: 1,
    createdAt: "2026-01-01T00:00:00Z",
  };
  const versions = { kubernetes: "v1", etcd: "v3", kwok: "v0", coredns: "v1", traefik: "v3", networkPolicies: "v1" };

  it("says of each part what it is, even when nothing runs", () => {
    const parts = describeParts(spec, versions, null, null);
    assert.ok(parts.every(({ state, restarts, pid }) => state === "stopped" && restarts === 0 && pid === undefined));
    assert.equal(parts.find(({ name }) => name === "local-path-provisioner")?.reality, "stand-in");
    assert.ok(!parts.some(({ reality }) => reality === "simulated"));
    const gateway = parts.find(({ name }) => name === "traefik");
    assert.deepEqual(gateway?.listens, ["127.0.0.1:8443", "127.0.0.1:8080"]);
  });

  it("takes state, process and message from the supervisor", () => {
    const kubelet = {
      pid: 3,
      hostPid: 77,
      state: "backoff",
      restarts: 2,
      since: "2026-01-01T00:00:00Z",
      message: "exit code 1",
    };
    const node = { state: "degraded", pid: 1, since: "2026-01-01T00:00:00Z", components: { kubelet } };
    const part = describeParts(spec, versions, node, null).find(({ name }) => name === "kubelet");
    assert.deepEqual([part?.state, part?.pid, part?.restarts, part?.message], ["backoff", 77, 2, "exit code 1"]);
  });
});

describe("isPortFree", () => {
  it("tells a port that something listens on", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen({ host: "127.0.0.1", port: 0 }, resolve));
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    assert.equal(await isPortFree(address.port), false);
    await new Promise((resolve) => server.close(resolve));
    assert.equal(await isPortFree(address.port), true);
  });
});

describe("run", () => {
  it("gives output and exit code, and takes input", async () => {
    assert.equal((await run(["cat"], { input: "text" })).stdout, "text");
    assert.equal((await attempt(["sh", "-c", "exit 3"])).exitCode, 3);
  });

  it("fails with the command's own words", async () => {
    await assert.rejects(run(["sh", "-c", "echo broken >&2; exit 1"]), /broken/);
    await assert.rejects(run(["/no/such/program"]), /ENOENT/);
  });

  it("ends a command when told to", async () => {
    await assert.rejects(run(["sleep", "10"], { signal: AbortSignal.timeout(50) }), { name: "TimeoutError" });
    await assert.rejects(run(["sleep", "10"], { timeout: 50 }), { name: "CommandError" });
  });
});
