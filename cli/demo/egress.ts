import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LABEL } from "../../config/labels";
import type { Kube, KubeList } from "../../lifecycle/kube";
import type { Target } from "../../lifecycle/target";
import { isReady, type Pod } from "../../lifecycle/trouble";

/** A TCP connection to try. */
export interface Attempt {
  /** For people. */
  readonly what: string;
  readonly host: string;
  readonly port: number;
}

/** What came of it. */
export interface AttemptResult extends Attempt {
  readonly connected: boolean;
  /** Address, or the system's word for the failure. */
  readonly detail: string;
}

/** How long a connection may take before it counts as refused. Milliseconds; a dropped packet is sent again after one second. */
const connectTimeout = 3_000;

/**
 * Runs in the app's container, which has Node: connects to each address and prints what came of it. The arguments arrive as
 * one JSON text.
 */
const prober = `
const net = require("node:net"), dns = require("node:dns/promises");
const { attempts, timeout } = JSON.parse(process.argv[1]);
const one = async (attempt) => {
  let address;
  try { address = (await dns.lookup(attempt.host)).address; }
  catch (error) { return { ...attempt, connected: false, detail: "DNS: " + error.code }; }
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port: attempt.port, timeout });
    const end = (connected, detail) => { socket.destroy(); resolve({ ...attempt, connected, detail }); };
    socket.on("connect", () => end(true, address));
    socket.on("timeout", () => end(false, "no answer in " + timeout / 1000 + " s"));
    socket.on("error", (error) => end(false, error.code));
  });
};
Promise.all(attempts.map(one)).then((results) => console.log(JSON.stringify(results)));
`;

const run = promisify(execFile);

/** The command that tries connections, for a process that has Node. */
export function proberCommand(node: string, attempts: readonly Attempt[]): string[] {
  return [node, "-e", prober, JSON.stringify({ attempts, timeout: connectTimeout })];
}

/** Reads what {@link proberCommand} prints. */
export function parseProbe(output: string): AttemptResult[] {
  return JSON.parse(output) as AttemptResult[];
}

/** The app's ready pod in an environment. */
export async function appPod(kube: Kube, namespace: string): Promise<Pod> {
  const pods = await kube.get<KubeList<Pod>>(`/api/v1/namespaces/${namespace}/pods`, {
    query: { labelSelector: `${LABEL.component}=app` },
  });
  const pod = pods.items.find((each) => each.metadata.deletionTimestamp === undefined && isReady(each));
  if (pod === undefined) throw new Error(`${namespace} has no ready pod of the app`);
  return pod;
}

/** Runs a command in a pod. */
export async function execInPod(target: Target, kubectl: string, pod: Pod, argv: readonly string[]): Promise<string> {
  const { namespace = "", name } = pod.metadata;
  const args = ["--kubeconfig", target.kubeconfig, "--namespace", namespace, "exec", name, "--", ...argv];
  const { stdout } = await run(kubectl, args, { timeout: 60_000 });
  return stdout;
}

/** Tries connections from inside an environment's app. */
export async function probeFromPod(
  target: Target,
  kube: Kube,
  kubectl: string,
  namespace: string,
  attempts: readonly Attempt[],
): Promise<AttemptResult[]> {
  const pod = await appPod(kube, namespace);
  return parseProbe(await execInPod(target, kubectl, pod, proberCommand("node", attempts)));
}

/** Tries connections with a command of the caller's, such as one that enters a node's network. */
export async function probeWith(argv: readonly string[]): Promise<AttemptResult[]> {
  const [program = "", ...args] = argv;
  const { stdout } = await run(program, args, { timeout: 60_000 });
  return parseProbe(stdout);
}
