import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EGRESS_PROXY } from "../config/egress";
import { LABEL } from "../config/labels";
import { findEnvironment } from "./absent";
import { hasCode, messageOf } from "./errors";
import { KubeError, type Kube, type KubeList, type KubeObject } from "./kube";
import type { EnvironmentName } from "./naming";
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

/** How often the agent's log is read anew when it was cut meanwhile: it is cut every 8 MiB. */
const logTries = 5;

/** Lines of the proxy's log that are read: at 100 bytes each, half of what a kubelet keeps of a log. */
const proxyLines = 50_000;

/**
 * Ways out that an environment's pods were refused since it was made, as far back as the logs go: connections in the 16 MiB that the agent
 * keeps of all environments together, hosts since the environment's proxy last began.
 *
 * @param limit The newest so many.
 * @throws BerthError (usage) when there is no such environment
 */
export async function egressLog(target: Target, name: EnvironmentName, limit: number): Promise<EgressLog> {
  const kube = await connect(target);
  const namespace = await findEnvironment(kube, target, name);
  // Another environment may have had the same name before.
  const since = Date.parse(namespace.metadata.creationTimestamp ?? "");
  const [connections, hosts] = await Promise.all([
    target.egressLog === undefined ? missing(ELSEWHERE) : readConnections(target.egressLog, name.namespace),
    readHosts(kube, name.namespace),
  ]);
  const refusals = [...connections.refusals, ...hosts.refusals]
    .filter(({ time }) => Date.parse(time) >= since)
    .sort((one, other) => Date.parse(one.time) - Date.parse(other.time))
    .slice(-limit);
  const remarks = [...connections.remarks, ...hosts.remarks];
  return { environment: name.namespace, refusals, ...(remarks.length > 0 ? { remark: remarks.join("\n") } : {}) };
}

/** A line of the policy agent's log (local/go/cmd/berth-node/policyagent/denials.go). */
interface Denial extends Omit<Refusal, "by"> {
  readonly namespace: string;
  readonly from: string;
}

/** What a log has given, and what of it is missing. */
interface Found {
  readonly refusals: readonly Refusal[];
  readonly remarks: readonly string[];
}

const missing = (remark: string): Found => ({ refusals: [], remarks: [remark] });

/**
 * What the agent's log says of a namespace, older pieces of the log first: `egress-denied-2026-….log` before `egress-denied.log`. A log
 * that was cut while it was read is read again, since what was read under one name may have moved to another.
 *
 * @param read reads a file. @default the file system's
 */
export async function readConnections(
  path: string,
  namespace: string,
  read: (file: string) => Promise<string> = (file) => readFile(file, "utf8"),
): Promise<Found> {
  try {
    let pieces = await piecesOf(path);
    for (let tries = 0; tries < logTries; tries++) {
      const texts = await Promise.all([...pieces, path].map((file) => read(file).catch(unlessGone)));
      const before = pieces;
      pieces = await piecesOf(path);
      if (pieces.join("\n") !== before.join("\n")) continue;
      return { refusals: texts.flatMap((text) => parseConnections(text, namespace)), remarks: [] };
    }
    return missing(
      `connections that network policies refuse are missing: their log ${path} is cut faster than it is read.`,
    );
  } catch (error) {
    return missing(`connections that network policies refuse are missing: ${messageOf(error)}`);
  }
}

/** Older pieces of a log, the oldest first. */
async function piecesOf(path: string): Promise<string[]> {
  const stem = basename(path, ".log");
  const files = await readdir(dirname(path)).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  });
  return files
    .filter((file) => file.startsWith(`${stem}-`) && file.endsWith(".log"))
    .sort()
    .map((file) => join(dirname(path), file));
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

/** What the environment's proxies have refused. */
export async function readHosts(kube: Pick<Kube, "get" | "text">, namespace: string): Promise<Found> {
  const { items } = await kube.get<KubeList<AddressedPod>>(`/api/v1/namespaces/${namespace}/pods`);
  const names = new Map(items.map(({ metadata, status }) => [status?.podIP ?? "", metadata.name]));
  const proxies = items.filter(({ metadata }) => metadata.labels?.[LABEL.component] === EGRESS_PROXY);
  const found = await Promise.all(
    proxies.map(async ({ metadata }): Promise<Found> => {
      const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}/log`;
      try {
        const text = await kube.text(path, { tailLines: proxyLines });
        return { refusals: parseHosts(text, (address) => names.get(address)), remarks: [] };
      } catch (error) {
        if (hasNoLog(error)) return { refusals: [], remarks: [] };
        return missing(`hosts that pod ${metadata.name} refused are missing: ${messageOf(error)}`);
      }
    }),
  );
  return { refusals: found.flatMap(({ refusals }) => refusals), remarks: found.flatMap(({ remarks }) => remarks) };
}

/** A pod that is just starting has no log yet, in the API server's words (pkg/registry/core/pod/strategy.go, kubelet), and one that is gone none any more. */
function hasNoLog(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false;
  return error.status === 404 || (error.status === 400 && /\bis waiting to start\b/.test(error.message));
}

/** Lines of the proxy's log, in the format of components/pr-environment/egress/squid.ts. */
const proxyLine = /^(\d+\.\d{3}) (\S+) (\w+)\/\d+ (\S+) (\S+):(\d+) (\S+) (\S+)$/;

/**
 * Reads what the proxy has refused: requests that its own rules denied (`TCP_DENIED`, not a host's own 403), and tunnels that it closed
 * once it had read the greeting.
 *
 * @param podOf gives the pod that has an address
 */
export function parseHosts(text: string, podOf: (address: string) => string | undefined): Refusal[] {
  return text.split("\n").flatMap((line): Refusal[] => {
    const [, seconds = "", from = "", result = "", method = "", host = "", port = "", sni = "", mode = ""] =
      proxyLine.exec(line) ?? [];
    if (!result.includes("_DENIED") && mode !== "terminate") return [];
    const time = new Date(Number(seconds) * 1000);
    if (Number.isNaN(time.getTime())) return [];
    return [
      {
        time: time.toISOString(),
        by: "proxy",
        pod: podOf(from) ?? from,
        to: host,
        port: Number(port),
        protocol: method,
        ...(sni !== "-" && sni !== host && { greeting: plain(sni) }),
      },
    ];
  });
}

/** A name as it was sent: the proxy writes spaces, control characters and the like as `%20`. */
function plain(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
