import type { ClusterStatus, ClusterSummary, DownResult, UpResult } from "../local";
import { age, seconds, table, type Colors } from "./render";

const realityColors = { real: "green", simulated: "yellow", "stand-in": "yellow" } as const;

function stateText(state: string, colors: Colors): string {
  if (state === "ready" || state === "deployed") return colors.green(state);
  if (state === "stopped") return colors.dim(state);
  return state === "starting" || state === "waiting" ? colors.yellow(state) : colors.red(state);
}

/** What `berth local up` did, what listens where, and how to go on. */
export function renderUp(
  { status, readySeconds, seconds: total, wasRunning, remark }: UpResult,
  colors: Colors,
): string {
  const what = wasRunning
    ? `runs already (looked through in ${seconds(total)})`
    : `is ready (${seconds(readySeconds)}; ${seconds(total)} in all)`;
  const listening = status.parts.flatMap(({ name, listens }) => listens.map((address) => [name, address]));
  return [
    `${colors.green("✔")} embedded cluster ${colors.bold(status.name)} with ${status.nodes} nodes ${what}`,
    ...(remark === undefined ? [] : [`  ${colors.yellow(remark)}`]),
    table(
      ["  LISTENS", "ADDRESS"],
      listening.map(([name = "", address = ""]) => [`  ${name}`, address]),
    ),
    ...(status.nodes === "real"
      ? [`  (addresses of 127.0.0.1 other than the gateway's lie in the node's own network namespace)`]
      : []),
    `  kubectl:  export KUBECONFIG=${status.kubeconfig}`,
    `  by hand:  eval "$(berth local env${status.name === "default" ? "" : ` --name ${status.name}`})"`,
    `  stop:     berth local down${status.name === "default" ? "" : ` --name ${status.name}`}`,
  ].join("\n");
}

/** What `berth local down` did. */
export function renderDown(results: readonly DownResult[], colors: Colors): string {
  if (results.length === 0) return "no embedded clusters";
  return results
    .map(({ name, existed, dataDeleted, folder, seconds: took }) => {
      if (!existed) return `there is no embedded cluster ${name}; nothing was to be done`;
      const data = dataDeleted ? "with its data" : `its data stay in ${folder}`;
      return `${colors.green("✔")} embedded cluster ${colors.bold(name)} is gone from this machine, ${data} (${seconds(took)})`;
    })
    .join("\n");
}

/** One cluster with its parts. */
export function renderClusterStatus(status: ClusterStatus, colors: Colors, now: number): string {
  const facts: [string, string | undefined][] = [
    ["state", stateText(status.state, colors)],
    [
      "nodes",
      `${status.nodeNames.slice(0, 3).join(", ")}${status.nodeNames.length > 3 ? ", …" : ""} (${status.nodes})`,
    ],
    ["API server", status.server],
    ["gateway", status.gateway],
    ["pods", status.podCidr],
    ["services", status.serviceCidr],
    ["folder", status.folder],
  ];
  const parts = status.parts.map((part) => [
    part.name,
    colors[realityColors[part.reality]](part.reality),
    part.version,
    stateText(part.state, colors),
    part.pid === undefined ? "-" : String(part.pid),
    String(part.restarts),
    part.since === undefined ? "-" : age(part.since, now),
    part.role,
  ]);
  const engine = status.engine.map(({ name, source, version, note }) => [
    name,
    colors[source === "official" ? "green" : "yellow"](source),
    version,
    "-",
    "-",
    "-",
    "-",
    note,
  ]);
  const troubles = status.parts
    .filter(({ message }) => message !== undefined)
    .map(({ name, message }) => colors.yellow(`${name}: ${message ?? ""}`));
  return [
    colors.bold(status.name),
    ...facts.flatMap(([key, value]) => (value === undefined ? [] : [`${`${key}:`.padEnd(12)}${value}`])),
    "",
    table(["PART", "IS", "VERSION", "STATE", "PID", "RESTARTS", "SINCE", "WHAT"], [...parts, ...engine], [4, 5]),
    ...troubles,
  ].join("\n");
}

/** A list of clusters. */
export function renderClusters(clusters: readonly ClusterSummary[], colors: Colors): string {
  if (clusters.length === 0) return "no embedded clusters";
  return table(
    ["NAME", "STATE", "NODES", "API SERVER", "GATEWAY"],
    clusters.map(({ name, state, nodes, server, gateway }) => [
      name,
      stateText(state, colors),
      nodes,
      server,
      gateway ?? "-",
    ]),
  );
}

/** Variables as lines for a POSIX shell. */
export function renderExports(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`)
    .join("\n");
}
