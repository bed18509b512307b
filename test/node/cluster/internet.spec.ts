import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

import { down, up } from "../../../local";
import { ask, create, idlePod, podProcess, startCluster, traces, type NodeCluster } from "./support";

const name = "t-internet";
/** A machine of our own that stands for the Internet; RFC 5737 sets its network aside for documentation. */
const far = { namespace: "berth-t-far", address: "203.0.113.2", near: "203.0.113.1", device: "berth-t-near" };

const ip = (...args: string[]): string => execFileSync("ip", args, { encoding: "utf8" });

describe("a real node with a way to the Internet", function () {
  this.timeout(300_000);
  let cluster: NodeCluster;
  let server: ChildProcess;
  let forwarding: string;
  const switchFile = "/proc/sys/net/ipv4/ip_forward";

  before(async () => {
    await down(name, { deleteData: true });
    forwarding = readFileSync(switchFile, "utf8");
    ip("netns", "add", far.namespace);
    ip("link", "add", far.device, "type", "veth", "peer", "name", "eth0", "netns", far.namespace);
    ip("address", "add", `${far.near}/24`, "dev", far.device);
    ip("link", "set", far.device, "up");
    ip("-n", far.namespace, "address", "add", `${far.address}/24`, "dev", "eth0");
    ip("-n", far.namespace, "link", "set", "eth0", "up");
    // Only then does a packet stay on this machine.
    assert.match(ip("route", "get", far.address), new RegExp(`dev ${far.device} `));
    const script = `require("node:http").createServer((request, response) => {
      response.statusCode = request.socket.remoteAddress === ${JSON.stringify(far.near)} ? 200 : 418; response.end();
    }).listen(8000, "0.0.0.0", () => console.log("ready"));`;
    server = spawn("ip", ["netns", "exec", far.namespace, process.execPath, "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => server.stdout?.once("data", resolve));
    cluster = await startCluster(name);
    await create(cluster, [idlePod(cluster, "default", "traveller")]);
  });
  after(async () => {
    server.kill();
    await down(name, { deleteData: true });
    ip("netns", "delete", far.namespace);
  });

  it("has none unless asked", async () => {
    const { pid } = await podProcess(cluster, "default", "traveller");
    assert.equal(await ask(pid, `http://${far.address}:8000/`), "none");
  });

  it("sends pods out under the machine's address when asked, and nothing else in", async () => {
    await up({ name, internet: true, databases: false });
    cluster = await startCluster(name);
    await cluster.kubectl(["wait", "--for=condition=Ready", "pod/traveller", "--timeout=60s"]);
    const { pid, ip: address } = await podProcess(cluster, "default", "traveller");
    assert.equal(await ask(pid, `http://${far.address}:8000/`), 200);
    ip("-n", far.namespace, "route", "add", `${address}/32`, "via", far.near);
    const ping = [
      "netns",
      "exec",
      far.namespace,
      "curl",
      "-s",
      "-o",
      "/dev/null",
      "-m",
      "2",
      `http://${address}:8000/`,
    ];
    assert.throws(() => ip(...ping), { status: 28 });
  });

  it("puts the machine back as it was", async () => {
    await down(name);
    assert.equal(readFileSync(switchFile, "utf8"), forwarding);
    const { rules, links } = await traces([name]);
    assert.deepEqual([rules.filter((line) => line.includes("berth-")), links], [[], []]);
  });
});
