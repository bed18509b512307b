import { type ChildProcess, spawn } from "node:child_process";

import { readSpec } from "./cluster/create";
import { runningNode } from "./cluster/images";
import { attempt, marker, poll, run, startTime } from "./cluster/process";
import { clusterFolder } from "./cluster/spec";
import { LocalError } from "./errors";

/** Addresses that stand for the outside world. RFC 5737 sets the first two aside for documentation; nobody owns them. */
export const outsideNetworks = ["198.51.100.0/24", "203.0.113.0/24", "169.254.169.254/32"] as const;

/** What answers in the outside world, on every address of {@link outsideNetworks}. */
export const outsidePorts = {
  /** HTTP; the body is JSON: `{ "outside": true, "from": …, "to": … }`. */
  http: [80, 8080],
  /** TCP that sends back what it gets. */
  tcp: [443, 5432],
  /** UDP that sends back what it gets. */
  udp: [53, 443],
} as const;

/** A made-up outside world beside a cluster's node. */
export interface Outside {
  /** An address in it that is no cloud's metadata service. */
  address: string;
  /** Another address, in another network. */
  otherAddress: string;
  /** Where clouds have their metadata service. */
  metadataAddress: string;
  /** Makes a command run in the node's network. */
  onNode: (argv: readonly string[]) => string[];
  /** Makes a command run in the outside world, on all of its addresses. */
  inside: (argv: readonly string[]) => string[];
  /** Takes it away. */
  close(): Promise<void>;
}

/** Ends of the pair between node and outside; RFC 2544 sets 198.18.0.0/15 aside for tests of network devices. */
const link = { device: "outside0", node: "198.18.255.1", outside: "198.18.255.2", prefix: 30 };

/**
 * Program of the process that holds the namespace: it ends with the process that started it, because its standard input closes
 * then.
 */
const answerer = `
const http = require("node:http"), net = require("node:net"), udp = require("node:dgram");
const ports = JSON.parse(process.argv[1]);
const ready = [];
const listening = (server) => ready.push(new Promise((resolve, reject) => server.once("error", reject).once("listening", resolve)));
for (const port of ports.http) {
  const server = http.createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    const { remoteAddress, localAddress } = request.socket;
    response.end(JSON.stringify({ outside: true, from: remoteAddress, to: localAddress, path: request.url }) + "\\n");
  });
  listening(server);
  server.listen(port, "0.0.0.0");
}
for (const port of ports.tcp) {
  const server = net.createServer((socket) => socket.on("error", () => socket.destroy()).pipe(socket));
  listening(server);
  server.listen(port, "0.0.0.0");
}
for (const port of ports.udp) {
  const socket = udp.createSocket("udp4");
  socket.on("message", (message, peer) => socket.send(message, peer.port, peer.address));
  listening(socket);
  socket.bind(port, "0.0.0.0");
}
Promise.all(ready).then(() => console.log("ready"));
process.stdin.on("end", () => process.exit(0)).resume();
`;

/**
 * Puts a network namespace beside the cluster's node that plays the outside world: what the node would send to the Internet
 * ends there, and an answer from there proves that a packet got out. No packet leaves the machine: the node has routes to
 * these addresses only into that namespace, which is checked before this function returns.
 *
 * @param clusterName a running cluster with a real node. Only one outside world at a time.
 * @throws LocalError when the cluster does not run (exit code 5), or has no real node or a way to the Internet (2).
 */
export async function openOutside(clusterName: string): Promise<Outside> {
  const folder = clusterFolder(clusterName);
  const nodePid = await runningNode(clusterName, folder);
  const spec = await readSpec(clusterName);
  if (spec?.nodes !== "real" || spec.internet) {
    throw new LocalError({
      message: `An outside world takes a real node without a way to the Internet; the cluster ${clusterName} ${
        spec?.internet === true ? "has such a way" : "simulates its nodes"
      }.`,
      fix: "Start another cluster with --nodes real and without --internet.",
      exitCode: 2,
    });
  }
  const child = await startAnswerer(folder.root);
  const close = async (): Promise<void> => {
    child.stdin?.end();
    const pid = child.pid;
    if (pid !== undefined && (await poll(async () => ((await startTime(pid)) === null ? true : null), 3000)) === null) {
      child.kill("SIGKILL");
    }
    // The interface ends with the namespace that holds its other end, a moment after that namespace's last process.
    await poll(
      async () =>
        (await attempt(inNetwork(nodePid, ["ip", "link", "show", link.device]))).exitCode === 0 ? null : true,
      3000,
    );
  };
  try {
    await join(nodePid, child.pid ?? 0);
    return {
      address: "198.51.100.10",
      otherAddress: "203.0.113.10",
      metadataAddress: "169.254.169.254",
      onNode: (argv) => inNetwork(nodePid, argv),
      inside: (argv) => inNetwork(child.pid ?? 0, argv),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function inNetwork(pid: number, argv: readonly string[]): string[] {
  return ["nsenter", "--target", String(pid), "--net", "--", ...argv];
}

async function startAnswerer(folder: string): Promise<ChildProcess> {
  const child = spawn("unshare", ["--net", "--", process.execPath, "-e", answerer, JSON.stringify(outsidePorts)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", [marker]: folder },
  });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`the outside world ended with code ${code ?? "none"}: ${complaint}`)),
    );
    child.stdout.once("data", () => resolve());
  });
  return child;
}

async function join(nodePid: number, outsidePid: number): Promise<void> {
  const outside = (argv: readonly string[]): Promise<unknown> => run(inNetwork(outsidePid, argv));
  const node = (argv: readonly string[]): Promise<unknown> => run(inNetwork(nodePid, argv));
  await node(["ip", "link", "add", link.device, "type", "veth", "peer", "name", "eth0", "netns", String(outsidePid)]);
  await outside(["ip", "link", "set", "lo", "up"]);
  await outside(["ip", "address", "add", `${link.outside}/${link.prefix}`, "dev", "eth0"]);
  await outside(["ip", "link", "set", "eth0", "up"]);
  for (const network of outsideNetworks) await outside(["ip", "route", "add", "local", network, "dev", "lo"]);
  await outside(["ip", "route", "add", "default", "via", link.node]);
  await node(["ip", "address", "add", `${link.node}/${link.prefix}`, "dev", link.device]);
  await node(["ip", "link", "set", link.device, "up"]);
  for (const network of outsideNetworks) await node(["ip", "route", "add", network, "via", link.outside]);
  for (const network of outsideNetworks) {
    const address = network.replace(/\/.*/, "").replace(/\.0$/, ".10");
    const { stdout } = await run(inNetwork(nodePid, ["ip", "route", "get", address]));
    if (!stdout.includes(`dev ${link.device} `)) {
      throw new Error(`the node would send packets for ${address} elsewhere: ${stdout.trim()}`);
    }
  }
}
