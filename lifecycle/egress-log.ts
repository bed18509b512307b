import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EGRESS_PROXY } from "../config/egress";
import { LABEL } from "../config/labels";
import { absent } from "./absent";
import { hasCode } from "./errors";
import type { Kube, KubeList, KubeObject } from "./kube";
import type { EnvironmentName } from "./naming";
import { isOwned } from "./sweep";
import { connect, type Target } from "./target";

/** A way out that an environment's pod has tried and was refused. */
export interface Refusal {
  /** When, as in RFC 3339. */
  readonly time: string;
  /** Who refused: the network policies, or the egress proxy of the environment. */
  readonly by: "policies" | "proxy";
  /** The pod that asked; where the proxy knows only an address and that pod is gone, the address. */
  readonly pod: string;
  /** Address, or the host as the program has named it. */
  readonly to: string;
  /** The pod behind the address, as `namespace/name`. */
  readonly toPod?: string;
  readonly port?: number;
  /** `TCP`, `UDP`, `SCTP`, `other`; of the proxy the request's method, such as `CONNECT`. */
  readonly protocol: string;
  /** The name in the TLS greeting, where it is another than the host's. */
  readonly greeting?: string;
  /** Refusals of this pod before this one that were not written down, as there were too many. */
  readonly leftOut?: number;
}

/** What is known of an environment's refusals. */
export interface EgressLog {
  readonly environment: string;
  /** Oldest first. */
  readonly refusals: readonly Refusal[];
  /** What is missing here and where it is kept; absent when nothing is. */
  readonly remark?: string;
}

/** Where refused connections are when no log of them is at hand. */
const ELSEWHERE =
  "connections that network policies refuse are in the log of this cluster's network plugin, which is not read here (docs/egress.md says where it is on EKS); hosts that the egress proxy refuses are.";

/** Lines of the proxy's log that are read: at 100 bytes each, half of what a kubelet keeps of a log. */
const proxyLines = 50_000;

/**
 * Ways out that an environment's pods were refused, since it was made.
 *
 * @param limit The newest so many.
 * @throws BerthError (usage) when there is no such environment
 */
export async function egressLog(target: Target, name: EnvironmentName, limit: number): Promise<EgressLog> {
  const kube = await connect(target);
  const namespace = await kube.find<KubeObject>(`/api/v1/namespaces/${name.namespace}`);
  if (namespace === undefined || !isOwned(namespace, name)) throw absent(target, name);
  // Another environment may have had the same name before.
  const since = Date.parse(namespace.metadata.creationTimestamp ?? "");
  const [connections, hosts] = await Promise.all([
    target.egressLog === undefined ? [] : readConnections(target.egressLog, name.namespace),
    readHosts(kube, name.namespace),
  ]);
  const refusals = [...connections, ...hosts]
    .filter(({ time }) => Date.parse(time) >= since)
    .sort((one, other) => Date.parse(one.time) - Date.parse(other.time))
    .slice(-limit);
  return { environment: name.namespace, refusals, ...(target.egressLog === undefined ? { remark: ELSEWHERE } : {}) };
}

/** A line of the policy agent's log (local/go/cmd/berth-node/policyagent/denials.go). */
interface Denial extends Omit<Refusal, "by"> {
  readonly namespace: string;
  readonly from: string;
}

/** What the agent's log says of a namespace, older pieces of the log first: `egress-denied-2026-….log` before `egress-denied.log`. */
async function readConnections(path: string, namespace: string): Promise<Refusal[]> {
  const stem = basename(path, ".log");
  const files = (await readdir(dirname(path)).catch(() => []))
    .filter((file) => file.startsWith(`${stem}-`) && file.endsWith(".log"))
    .sort();
  const texts = await Promise.all(
    [...files, basename(path)].map((file) => readFile(join(dirname(path), file), "utf8").catch(unlessGone)),
  );
  return texts.flatMap((text) => parseConnections(text, namespace));
}

/** No pod has been refused anything yet, or the log has been cut meanwhile. */
function unlessGone(error: unknown): string {
  if (hasCode(error, "ENOENT")) return "";
  throw error;
}

/** Reads lines of the policy agent. A torn one, as a full disk leaves it, says nothing. */
export function parseConnections(text: string, namespace: string): Refusal[] {
  return text.split("\n").flatMap((line): Refusal[] => {
    if (!line.includes(`"namespace":"${namespace}"`)) return [];
    try {
      const { time, pod, to, toPod, port, protocol, leftOut } = JSON.parse(line) as Denial;
      return [
        {
          time,
          by: "policies",
          pod,
          to,
          ...(toPod !== undefined && { toPod }),
          ...(port !== undefined && { port }),
          protocol,
          ...(leftOut !== undefined && { leftOut }),
        },
      ];
    } catch {
      return [];
    }
  });
}

interface AddressedPod extends KubeObject {
  status?: { podIP?: string };
}

async function readHosts(kube: Kube, namespace: string): Promise<Refusal[]> {
  const { items } = await kube.get<KubeList<AddressedPod>>(`/api/v1/namespaces/${namespace}/pods`);
  const names = new Map(items.map(({ metadata, status }) => [status?.podIP ?? "", metadata.name]));
  const proxies = items.filter(({ metadata }) => metadata.labels?.[LABEL.component] === EGRESS_PROXY);
  const texts = await Promise.all(
    proxies.map(({ metadata }) =>
      kube
        .text(`/api/v1/namespaces/${namespace}/pods/${metadata.name}/log`, { tailLines: proxyLines })
        // One that is just starting has none.
        .catch(() => ""),
    ),
  );
  return texts.flatMap((text) => parseHosts(text, (address) => names.get(address)));
}

/** Lines of the proxy's log, in the format of components/pr-environment/egress/squid.ts. */
const proxyLine = /^(\d+\.\d{3}) (\S+) \w+\/(\d+) (\S+) (\S+):(\d+) (\S+) (\S+)$/;

/**
 * Reads what the proxy has refused: requests that it answered with an error of its own, and tunnels that it closed once it had read the
 * greeting.
 *
 * @param podOf gives the pod that has an address
 */
export function parseHosts(text: string, podOf: (address: string) => string | undefined): Refusal[] {
  return text.split("\n").flatMap((line): Refusal[] => {
    const [, seconds = "", from = "", status = "", method = "", host = "", port = "", sni = "", mode = ""] =
      proxyLine.exec(line) ?? [];
    if (status !== "403" && mode !== "terminate") return [];
    return [
      {
        time: new Date(Number(seconds) * 1000).toISOString(),
        by: "proxy",
        pod: podOf(from) ?? from,
        to: host,
        port: Number(port),
        protocol: method,
        ...(sni !== "-" && sni !== host && { greeting: sni }),
      },
    ];
  });
}
