import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";

import { down, environment, listClusters, LocalError, status, up, type UpResult } from "../../../local";
import { readSpec } from "../../../local/cluster/create";
import { clusterFolder } from "../../../local/cluster/spec";
import { locateToolchain } from "../../../local/toolchain";

const run = promisify(execFile);
const name = "t-engine";
const folder = () => clusterFolder(name);

/** Asks etcd itself, past the API server, for every key and value under a prefix. */
async function rawEtcd(prefix: string): Promise<string> {
  const ports = (await readSpec(name))?.ports;
  const [ca, cert, key] = await Promise.all(
    ["etcd-ca.crt", "apiserver-etcd-client.crt", "apiserver-etcd-client.key"].map((file) =>
      readFile(join(folder().pki, file)),
    ),
  );
  const end = prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const answer = await new Promise<string>((resolve, reject) => {
    const call = request(
      { host: "127.0.0.1", port: ports?.etcd, path: "/v3/kv/range", method: "POST", ca, cert, key },
      (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.on("end", () => resolve(body));
      },
    );
    call.once("error", reject);
    call.end(JSON.stringify({ key: base64(prefix), range_end: base64(end) }));
  });
  const { kvs = [] } = JSON.parse(answer) as { kvs?: { key: string; value: string }[] };
  return kvs
    .map(
      ({ key: k, value }) =>
        `${Buffer.from(k, "base64").toString()}=${Buffer.from(value, "base64").toString("latin1")}`,
    )
    .join("\n");
}

/** Asks the API server without any credentials. @returns the status code */
async function anonymous(path: string): Promise<number> {
  const found = await status(name);
  const ca = await readFile(join(folder().pki, "ca.crt"));
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, found?.server), { ca }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.once("error", reject);
    call.end();
  });
}

describe("a cluster with simulated nodes", function () {
  this.timeout(180_000);
  let result: UpResult;

  const kubectl = async (...args: string[]): Promise<string> => {
    const toolchain = await locateToolchain();
    const { stdout } = await run(toolchain?.kubectl ?? "", ["--kubeconfig", folder().kubeconfig, ...args], {
      timeout: 60_000,
    });
    return stdout;
  };

  before(async () => {
    await down(name, { deleteData: true });
    result = await up({ name, nodes: "simulated", nodeCount: 2 });
  });
  after(() => down(name, { deleteData: true }));

  it("is ready, with as many nodes as asked for, and says that they are simulated", async () => {
    assert.equal(result.status.state, "ready");
    assert.equal((await kubectl("get", "nodes", "-o", "name")).trim().split("\n").length, 2);
    assert.equal(result.status.parts.find((part) => part.name === "kwok")?.reality, "simulated");
    assert.equal(result.status.parts.find((part) => part.name === "kube-apiserver")?.reality, "real");
  });

  it("runs pods, binds claims, and fails where it is told to", async () => {
    await kubectl("create", "deployment", "web", "--image=localhost/web:1", "--replicas=3");
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s");
    await kubectl("run", "broken", "--image=localhost/does-not-exist:1");
    await kubectl(
      "wait",
      "pod/broken",
      "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff",
      "--timeout=30s",
    );
  });

  it("stores a Secret so that etcd does not know it", async () => {
    const secret = `known-${randomBytes(12).toString("hex")}`;
    await kubectl("create", "secret", "generic", "hidden", `--from-literal=password=${secret}`);
    await kubectl("create", "configmap", "shown", `--from-literal=word=${secret}`);
    const stored = await rawEtcd("/registry/secrets/default/hidden");
    assert.match(stored, /k8s:enc:secretbox:v1:key1:/);
    assert.ok(!stored.includes(secret) && !stored.includes(Buffer.from(secret).toString("base64")));
    // The same text in a ConfigMap shows that it would have been found.
    assert.ok((await rawEtcd("/registry/configmaps/default/shown")).includes(secret));
    assert.equal(
      Buffer.from(await kubectl("get", "secret", "hidden", "-o", "jsonpath={.data.password}"), "base64").toString(),
      secret,
    );
  });

  it("writes who did what to the audit log, and no body of a request or an answer", async () => {
    const secret = `known-${randomBytes(12).toString("hex")}`;
    await kubectl("create", "secret", "generic", "audited", `--from-literal=password=${secret}`);
    await kubectl("get", "secret", "audited", "-o", "yaml");
    const log = await readFile(join(folder().logs, "audit.log"), "utf8");
    const events = log
      .trimEnd()
      .split("\n")
      .map(
        (line) =>
          JSON.parse(line) as {
            verb: string;
            user: { username: string };
            objectRef?: { name?: string };
            requestObject?: unknown;
          },
      );
    const own = events.filter((event) => event.objectRef?.name === "audited");
    assert.deepEqual([...new Set(own.map(({ verb }) => verb))].sort(), ["create", "get"]);
    assert.deepEqual([...new Set(own.map(({ user }) => user.username))], ["berth:admin"]);
    assert.ok(!log.includes(secret) && !log.includes(Buffer.from(secret).toString("base64")));
    assert.ok(events.every((event) => event.requestObject === undefined && !("responseObject" in event)));
  });

  it("answers health checks to everybody and nothing else", async () => {
    assert.deepEqual(await Promise.all(["/readyz", "/livez", "/healthz"].map(anonymous)), [200, 200, 200]);
    assert.deepEqual(
      await Promise.all(["/api", "/version", "/metrics", "/openapi/v3"].map(anonymous)),
      [401, 401, 401, 401],
    );
  });

  it("gives each component only its own rights", async () => {
    const may = async (user: string, verb: string, what: string): Promise<string> =>
      kubectl("auth", "can-i", verb, what, "--as", user, "-A").then(
        (text) => text.trim(),
        (error: unknown) => (error as { stdout: string }).stdout.trim(),
      );
    assert.equal(await may("berth:provisioner", "create", "persistentvolumes"), "yes");
    assert.equal(await may("berth:provisioner", "get", "secrets"), "no");
    assert.equal(await may("berth:kwok", "get", "secrets"), "no");
    assert.equal(await may("kube-apiserver-etcd-client", "get", "pods"), "no");
  });

  it("keeps its files to its owner and secrets out of arguments", async () => {
    for (const file of ["kubeconfig", "passphrase"] as const)
      assert.equal((await stat(folder()[file])).mode & 0o777, 0o600);
    const passphrase = await readFile(folder().passphrase, "utf8");
    const { env, platform, kubeconfig } = await environment(name);
    assert.equal(kubeconfig, folder().kubeconfig);
    assert.ok(!JSON.stringify({ env, platform }).includes(passphrase));
    const { stdout } = await run("ps", ["-eo", "args"], { maxBuffer: 1 << 24 });
    assert.ok(!stdout.includes(passphrase));
  });

  it("keeps objects over down and up, and does nothing when it runs", async () => {
    await kubectl("create", "namespace", "kept");
    assert.equal((await up({ name })).wasRunning, true);
    await down(name);
    assert.equal((await status(name))?.state, "stopped");
    await assert.rejects(environment(name), (error: unknown) => error instanceof LocalError && error.exitCode === 5);
    result = await up({ name });
    assert.equal(result.wasRunning, false);
    assert.match(await kubectl("get", "namespace", "kept", "-o", "name"), /kept/);
  });

  it("goes wholly after a kill -9 of its supervisor", async () => {
    const found = await status(name);
    const pids = (found?.parts ?? []).flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
    assert.ok(pids.length >= 5);
    const parent = Number(/PPid:\s+(\d+)/.exec(await readFile(`/proc/${pids[0] ?? 0}/status`, "utf8"))?.[1]);
    process.kill(parent, "SIGKILL");
    await down(name);
    for (const pid of pids) await assert.rejects(stat(`/proc/${pid}/exe`), { code: "ENOENT" });
    result = await up({ name });
  });

  it("refuses to become another kind, and names it cannot use", async () => {
    await assert.rejects(up({ name, nodes: "real" }), /cannot be changed to real|takes root/);
    await assert.rejects(
      up({ name: "No Good", nodes: "simulated" }),
      (error: unknown) => error instanceof LocalError && error.exitCode === 2,
    );
  });

  it("is on the list, and off it once deleted", async () => {
    assert.ok((await listClusters()).some((each) => each.name === name && each.running));
    const gone = await down(name, { deleteData: true });
    assert.deepEqual([gone.existed, gone.dataDeleted], [true, true]);
    assert.ok(!(await listClusters()).some((each) => each.name === name));
    assert.equal((await down(name)).existed, false);
  });
});
