import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { environment, status, up, type UpResult } from "../../../local";
import { hierarchies } from "../../../local/cluster/cgroups";
import { containerdSocket } from "../../../local/cluster/components";
import { onNode, runningNode } from "../../../local/cluster/images";
import { cgroupPath } from "../../../local/cluster/plan";
import { marker } from "../../../local/cluster/process";
import { readSpec } from "../../../local/cluster/create";
import { clusterFolder } from "../../../local/cluster/spec";
import { ensureImages } from "../../../local/images";
import { locateToolchain } from "../../../local/toolchain";

const run = promisify(execFile);

/** A running cluster with a real node, as tests use it. */
export interface NodeCluster {
  name: string;
  kubeconfig: string;
  /** First process of the node. */
  pid: number;
  /** Image whose container does nothing. */
  idleImage: string;
  result: UpResult;
  kubectl: (args: readonly string[], input?: unknown) => Promise<string>;
}

/** Starts a cluster, or gets hold of a running one. Databases are left out: these tests need none. */
export async function startCluster(name: string): Promise<NodeCluster> {
  const result = await up({ name, nodes: "real", databases: false });
  const { kubeconfig } = await environment(name);
  const toolchain = await locateToolchain();
  if (toolchain === null) throw new Error("the toolchain is not built although the cluster runs");
  const { pause } = await ensureImages(["pause"]);
  return {
    name,
    kubeconfig,
    pid: await runningNode(name, clusterFolder(name)),
    idleImage: pause.tag,
    result,
    kubectl: (args, input) => kubectl(toolchain.kubectl, kubeconfig, args, input),
  };
}

async function kubectl(program: string, kubeconfig: string, args: readonly string[], input?: unknown): Promise<string> {
  const child = execFile(program, ["--kubeconfig", kubeconfig, ...args], { timeout: 120_000 });
  child.stdin?.end(input === undefined ? undefined : JSON.stringify(input));
  return await new Promise<string>((resolve, reject) => {
    let out = "";
    let err = "";
    child.stdout?.on("data", (chunk: string) => (out += chunk));
    child.stderr?.on("data", (chunk: string) => (err += chunk));
    child.once("error", reject);
    child.once("exit", (code) => (code === 0 ? resolve(out) : reject(new Error(`kubectl ${args.join(" ")}: ${err}`))));
  });
}

/** A pod that does nothing, so that tests act in its network namespace. */
export function idlePod(cluster: NodeCluster, namespace: string, name: string, spec: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: "idle",
          image: cluster.idleImage,
          ...("volumeMounts" in spec ? { volumeMounts: spec.volumeMounts } : {}),
        },
      ],
      ...("volumes" in spec ? { volumes: spec.volumes } : {}),
    },
  };
}

/** Objects as one list for `kubectl apply -f -`. */
export function list(items: readonly object[]): object {
  return { apiVersion: "v1", kind: "List", items };
}

/** Makes objects and waits until the pods among them are ready. */
export async function create(cluster: NodeCluster, items: readonly object[]): Promise<void> {
  await cluster.kubectl(["apply", "-f", "-"], list(items));
  for (const item of items as { kind: string; metadata: { name: string; namespace: string } }[]) {
    if (item.kind !== "Pod") continue;
    const { name, namespace } = item.metadata;
    await cluster.kubectl(["wait", "--for=condition=Ready", `pod/${name}`, "-n", namespace, "--timeout=60s"]);
  }
}

/** Address of a pod and a process of it on this machine. */
export async function podProcess(
  cluster: NodeCluster,
  namespace: string,
  name: string,
): Promise<{ ip: string; pid: number }> {
  const pod = JSON.parse(await cluster.kubectl(["get", "pod", name, "-n", namespace, "-o", "json"])) as {
    metadata: { uid: string };
    status: { podIP: string };
  };
  const pid = (await podPids(cluster, pod.metadata.uid))[0];
  if (pid === undefined) throw new Error(`the pod ${namespace}/${name} has no process on this machine`);
  return { ip: pod.status.podIP, pid };
}

/** Processes of a pod, from its cgroups. */
export async function podPids(cluster: Pick<NodeCluster, "name">, uid: string): Promise<number[]> {
  const all = await hierarchies();
  const spec = await readSpec(cluster.name);
  if (all === null || spec === null) throw new Error("no cgroups, or no cluster");
  const root = join(all.mounts.find((mount) => mount.endsWith("pids")) ?? all.mounts[0] ?? "", cgroupPath(spec));
  const files = (await readdir(root, { recursive: true })).filter(
    (path) => path.includes(uid) && path.endsWith("/cgroup.procs"),
  );
  const texts = await Promise.all(files.map((path) => readFile(join(root, path), "utf8").catch(() => "")));
  return texts.flatMap((text) => text.split("\n").filter(Boolean).map(Number));
}

/** Result of one HTTP request: the status code, or `none` when there was no answer. */
export type Answer = number | "none";

/**
 * Asks for a URL from the network namespace of a process; certificates are not looked at.
 *
 * @param from the process, the path of a namespace, or null for the machine itself.
 * @param timeout seconds.
 */
export async function ask(from: number | string | null, url: string, timeout = 2): Promise<Answer> {
  const curl = ["curl", "-sk", "-o", "/dev/null", "-m", String(timeout), "--noproxy", "*", "-w", "%{http_code}", url];
  const enter = typeof from === "number" ? ["--target", String(from), "--net"] : [`--net=${from ?? ""}`];
  const argv = from === null ? curl : ["nsenter", ...enter, "--", ...curl];
  const { stdout } = await run(argv[0] ?? "", argv.slice(1)).catch((error: unknown) => error as { stdout: string });
  const code = Number(stdout);
  return code === 0 || Number.isNaN(code) ? "none" : code;
}

/** Resolves a cluster's Service from the network namespace of a process. @returns addresses, or the error's code. */
export async function resolve(pid: number, server: string, name: string): Promise<string> {
  const script = `
    const { Resolver } = require("node:dns/promises");
    const resolver = new Resolver({ timeout: 1500, tries: 1 });
    resolver.setServers([process.argv[1]]);
    resolver.resolve4(process.argv[2]).then((found) => console.log(found.join()), (error) => console.log(error.code));`;
  const { stdout } = await run("nsenter", [
    "--target",
    String(pid),
    "--net",
    "--",
    process.execPath,
    "-e",
    script,
    server,
    name,
  ]);
  return stdout.trim();
}

/** Serves HTTP on port 8000 in the network namespace of a process. */
export async function serve(pid: number): Promise<ChildProcess> {
  const script = `require("node:http").createServer((_, response) => response.end("ok")).listen(8000, "0.0.0.0", () => console.log("ready"));`;
  const child = spawn("nsenter", ["--target", String(pid), "--net", "--", process.execPath, "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.stdout.once("data", resolve);
  });
  return child;
}

/** Network namespaces of the node's pods, as paths on this machine. */
export async function podNamespaces(cluster: NodeCluster): Promise<string[]> {
  const folder = `/proc/${cluster.pid}/root/run/netns`;
  return (await readdir(folder)).map((entry) => join(folder, entry));
}

/** Runs a command in the node's namespaces. */
export async function inNode(cluster: NodeCluster, argv: readonly string[]): Promise<string> {
  const [file = "", ...args] = onNode(cluster.pid, argv);
  return (await run(file, args)).stdout;
}

/** Command line of the node's containerd client. */
export const ctr = ["ctr", "--address", containerdSocket, "--namespace", "k8s.io"];

/** Process numbers of the cluster's parts on this machine. */
export async function partPids(name: string): Promise<Record<string, number>> {
  const found = await status(name);
  return Object.fromEntries(
    (found?.parts ?? []).flatMap((part) => (part.pid === undefined ? [] : [[part.name, part.pid]])),
  );
}

/** Everything on this machine that a cluster could leave behind. */
export interface Traces {
  processes: string[];
  links: string[];
  routes: string[];
  rules: string[];
  mounts: string[];
  namespaces: string[];
  cgroups: string[];
}

/**
 * What there is on this machine now. Of processes and cgroups only those of Berth's clusters in this state folder, of mounts all but
 * short-lived ones of others: other programs come and go on the same machine while tests run.
 *
 * @param names clusters to look for.
 */
export async function traces(names: readonly string[]): Promise<Traces> {
  const folders = names.map((name) => clusterFolder(name).root);
  const lines = async (file: string, ...args: string[]): Promise<string[]> =>
    (await run(file, args)).stdout.split("\n").filter(Boolean);
  const processes: string[] = [];
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const environ = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    if (folders.some((folder) => environ.includes(`${marker}=${folder}`) || command.includes(folder)))
      processes.push(command);
  }
  const own = /berth\d+|pods0|10\.(89|90|91)\./;
  const all = await hierarchies();
  const mounts = [...(all?.mounts ?? []), ...(all?.unified === undefined ? [] : [all.unified])];
  const cgroups = await Promise.all(
    mounts.map(async (mount) =>
      (await readdir(join(mount, "berth")).catch(() => [])).filter((entry) =>
        names.some((name) => entry.startsWith(`${name}-`)),
      ),
    ),
  );
  return {
    processes,
    links: (await lines("ip", "-o", "link")).filter((line) => folders.some((folder) => line.includes(folder))),
    routes: (await lines("ip", "route")).filter((line) => own.test(line)),
    rules: [
      ...(await lines("iptables-save")).filter((line) => !line.startsWith("#") && !line.startsWith(":")),
      ...(await lines("nft", "list", "ruleset")),
    ],
    mounts: (await lines("findmnt", "-rno", "TARGET,FSTYPE")).filter((line) =>
      folders.some((folder) => line.includes(folder)),
    ),
    namespaces: await lines("ip", "netns", "list"),
    cgroups: cgroups.flat(),
  };
}
