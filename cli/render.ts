import Table from "cli-table3";
import pc from "picocolors";
import type { DeployResult } from "../lifecycle/deploy";
import type { DestroyResult } from "../lifecycle/destroy";
import type { EnvironmentSummary, State } from "../lifecycle/list";
import type { PreviewResult } from "../lifecycle/preview";
import type { Receipt } from "../lifecycle/receipt";
import type { Login } from "../lifecycle/login";
import type { LifeRecord } from "../lifecycle/records";
import type { RotateResult } from "../lifecycle/rotate";
import type { DueResult, SleepResult } from "../lifecycle/sleep";
import type { EnvironmentStatus } from "../lifecycle/status";
import { renderPolicies } from "./report/text";

/** Colours for a terminal, or none. */
export type Colors = ReturnType<typeof pc.createColors>;

/** A table without lines, as kubectl prints them. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const blank = Object.fromEntries(
    [
      "top",
      "top-mid",
      "top-left",
      "top-right",
      "bottom",
      "bottom-mid",
      "bottom-left",
      "bottom-right",
      "left",
      "left-mid",
    ]
      .concat(["mid", "mid-mid", "right", "right-mid"])
      .map((part) => [part, ""]),
  );
  const grid = new Table({
    head: [...head],
    colAligns: head.map((_, column) => (right.includes(column) ? "right" : "left")),
    chars: { ...blank, middle: "  " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  grid.push(...rows.map((row) => [...row]));
  return grid
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** A time span for people: `0.4 s`, `12.3 s`, `2 min 05 s`. */
export function seconds(value: number): string {
  if (value < 100) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/** How long ago a time was: `12s`, `5m`, `3h`, `4d`. */
export function age(time: string, now: number): string {
  const span = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (Number.isNaN(span)) return "-";
  if (span < 100) return `${span}s`;
  if (span < 6000) return `${Math.floor(span / 60)}m`;
  return span < 172_800 ? `${Math.floor(span / 3600)}h` : `${Math.floor(span / 86_400)}d`;
}

/** Changes in words: `12 created, 3 unchanged`. */
export function changesText(changes: Readonly<Record<string, number>>): string {
  const words: [string, readonly string[]][] = [
    ["created", ["create"]],
    ["updated", ["update"]],
    ["replaced", ["replace", "create-replacement"]],
    ["deleted", ["delete"]],
    ["unchanged", ["same"]],
  ];
  const parts = words.flatMap(([word, ops]) => {
    const count = ops.reduce((sum, op) => sum + (changes[op] ?? 0), 0);
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return parts.join(", ") || "nothing changed";
}

/** The result of a deploy. */
export function renderDeploy(result: DeployResult, colors: Colors): string {
  if (result.outcome === "skipped") {
    return `${colors.bold(result.environment)} was not created: its config says trigger: on-demand, and no person asked for it`;
  }
  const total = seconds(result.durations["total"] ?? 0);
  const what = result.outcome === "unchanged" ? "was up to date already" : "is ready";
  return [
    `${colors.green("✔")} ${colors.bold(result.environment)} ${what} (${total}; ${changesText(result.changes)})`,
    ...urlLines(result).map(([name, url]) => `  ${colors.cyan(url)}${name === "" ? "" : ` (${name})`}`),
    ...(result.access === "basic"
      ? [`  access: with a password; \`berth status ${result.environment} --show-secrets\` tells it`]
      : []),
    ...(result.access === "oidc" ? ["  access: after a log-in with the platform's provider"] : []),
    `  commit ${result.commit}, generation ${result.generation}, trust ${result.trust}${result.databases.length === 0 ? "" : `, databases: ${result.databases.join(", ")}`}`,
    ...judgedLines(result.policies),
  ].join("\n");
}

/** What is to be known of how it was judged; nothing when no rule is broken. */
function judgedLines(policies: DeployResult["policies"]): string[] {
  if (policies === undefined) return [];
  if ("leftOut" in policies) return [`  policies: left out (${policies.leftOut})`];
  return policies.advisory.length === 0
    ? []
    : [`  policies: advisory ones are broken: ${policies.advisory.join(", ")}`];
}

/** The app's URL, under no name, and those of the public services. */
function urlLines({ url, serviceUrls }: Pick<DeployResult, "url" | "serviceUrls">): [string, string][] {
  const services = Object.entries(serviceUrls);
  return url === "" ? services : [["", url], ...services];
}

const marks = { create: "+", update: "~", replace: "±", delete: "-" } as const;

/** What a deploy would do: one line per object that changes, then what would be lost or refused, then what rules say. */
export function renderPreview(result: PreviewResult, colors: Colors): string {
  const { changes, unchanged } = result;
  const counts: Record<string, number> = { same: unchanged };
  for (const { op } of changes) counts[op] = (counts[op] ?? 0) + 1;
  const colorOf = { create: colors.green, update: colors.yellow, replace: colors.red, delete: colors.red };
  return [
    result.refusals.length > 0
      ? `${colors.bold(result.environment)} would stay as it is`
      : `${colors.bold(result.environment)} ${result.isNew ? "would be new" : "would change"}: ${changesText(counts)}${result.trust === "" ? "" : ` (trust ${result.trust})`}`,
    ...changes.map(({ op, object, fields }) => {
      const what = fields.length === 0 ? "" : `  ${fields.join(", ")}`;
      return `  ${colorOf[op](`${marks[op]} ${object}`)}${what}`;
    }),
    ...result.refusals.map(
      ({ path, message, fix }) => `${colors.red("refused:")} ${path}: ${message}.\n  ${colors.cyan("fix:")} ${fix}`,
    ),
    ...result.losses.map(
      ({ path, message }) => `${colors.yellow("data loss:")} ${path}: ${message}. A deploy needs --allow-data-loss.`,
    ),
    ...(result.policies ? renderPolicies(result.policies, colors) : []),
  ].join("\n");
}

/** The result of a rotation. */
export function renderRotate(result: RotateResult, colors: Colors): string {
  const { environment, databases, changes, durations } = result;
  const after = `${seconds(durations["total"] ?? 0)}; ${changesText(changes)}`;
  return [
    `${colors.green("✔")} ${colors.bold(environment)} has new passwords for ${databases.join(", ")} (${after})`,
    ...judgedLines(result.policies),
  ].join("\n");
}

/** The result of a destroy, ending with what is left. */
export function renderDestroy(result: DestroyResult, colors: Colors): string {
  const total = seconds(result.durations["total"] ?? 0);
  const what = result.outcome === "unchanged" ? "did not exist" : "is gone";
  return [
    `${colors.green("✔")} ${colors.bold(result.environment)} ${what} (${total})`,
    ...renderReceipt(result.receipt, colors).map((line) => `  ${line}`),
  ].join("\n");
}

/** What a sleep or a wake has done. */
export function renderSleep(result: SleepResult, colors: Colors): string {
  const total = seconds(result.durations["total"] ?? 0);
  const before = result.outcome === "unchanged" ? " already" : "";
  const what = result.asleep ? "is asleep" : "is awake";
  const line = `${colors.green("✔")} ${colors.bold(result.environment)} ${what}${before} (${total})`;
  return result.asleep || result.url === "" ? line : `${line}\n  ${colors.cyan(result.url)}`;
}

/** What became of all environments that were due to sleep. */
export function renderDue({ asleep, failed }: DueResult, colors: Colors): string {
  if (asleep.length + failed.length === 0) return "no environment is due to sleep";
  return [
    ...asleep.map((environment) => `${colors.green("✔")} ${environment} is asleep`),
    ...failed.map(({ environment, message }) => `${colors.red("✘")} ${environment}: ${message}`),
  ].join("\n");
}

/** How long until a time: `in 5h`, or `due` when it has passed. */
export function until(time: string, now: number): string {
  if (time === "") return "-";
  const left = Date.parse(time) - now;
  return left <= 0 ? "due" : `in ${age(new Date(now - left).toISOString(), now)}`;
}

/** The lines of a receipt. */
export function renderReceipt(receipt: Receipt, colors: Colors): string[] {
  const unavailable =
    receipt.unavailable.length === 0
      ? []
      : [`not answered by: ${receipt.unavailable.join(", ")} (nothing is known of their objects)`];
  const unlisted = (namespaced: boolean, why: string) => {
    const types = receipt.notListed.filter((one) => one.namespaced === namespaced).map(({ type }) => type);
    return types.length === 0 ? [] : [`not listed, for want of rights: ${types.join(", ")} (${why})`];
  };
  const isThere = receipt.left.some(({ side, kind }) => side === "cluster" && kind === "Namespace");
  const notListed = [
    ...unlisted(true, isThere ? "nothing is known of them" : "their namespace is gone, and all in it"),
    ...unlisted(false, "they are in no namespace, and deployers make none"),
  ];
  const byLabel = receipt.removedByLabel.length === 0 ? [] : [`removed by label: ${receipt.removedByLabel.join(", ")}`];
  const count = receipt.left.length;
  const verdict = `${count} ${count === 1 ? "resource" : "resources"} left`;
  return [
    `the stack had ${receipt.had.length} resources; ${receipt.typesChecked} types of object looked through on ${receipt.cluster}`,
    ...byLabel,
    ...unavailable,
    ...notListed,
    ...receipt.left.map((each) => colors.red(`${each.kind} ${each.name}`)),
    count === 0 ? colors.green(verdict) : colors.red(verdict),
  ];
}

const stateColors: Readonly<Record<State, "green" | "yellow" | "red">> = {
  ready: "green",
  asleep: "yellow",
  creating: "yellow",
  updating: "yellow",
  destroying: "yellow",
  unready: "red",
  failed: "red",
  orphaned: "red",
};

/** A list of environments. */
export function renderList(environments: readonly EnvironmentSummary[], colors: Colors, now: number): string {
  if (environments.length === 0) return "no environments";
  return table(
    ["ENVIRONMENT", "STATE", "PODS", "COMMIT", "OWNER", "AGE", "EXPIRES", "URL"],
    environments.map((each) => [
      each.environment,
      colors[stateColors[each.state]](each.state),
      `${each.podsReady}/${each.pods}`,
      each.commit.slice(0, 12) || "-",
      each.owner || "-",
      age(each.created, now),
      until(each.expires, now),
      each.url || "-",
    ]),
  );
}

/** One environment in full. */
export function renderStatus(status: EnvironmentStatus, colors: Colors, now: number, login?: Login | null): string {
  const facts: [string, string][] = [
    ["state", colors[stateColors[status.state]](status.state)],
    ...urlLines(status).map(([name, url]): [string, string] => [name === "" ? "url" : `url of ${name}`, url]),
    ...(login === undefined ? [] : loginFacts(login)),
    ["commit", status.commit],
    ["owner", status.owner],
    ["trust", status.trust],
    ["age", age(status.created, now)],
    ["expires", status.expires === "" ? "" : `${status.expires} (${until(status.expires, now)})`],
    ["sleeps", status.sleeps === "" ? "" : `${status.sleeps} (${until(status.sleeps, now)})`],
    ["worked on by", status.holder ?? ""],
  ];
  const lines = facts.filter(([, value]) => value !== "").map(([key, value]) => `${`${key}:`.padEnd(13)} ${value}`);
  const pods = table(
    ["POD", "READY", "PHASE", "RESTARTS", "IMAGE"],
    status.workloads.map((pod) => [
      pod.name,
      pod.ready ? "yes" : "no",
      pod.phase,
      String(pod.restarts),
      shortImage(pod.image),
    ]),
    [3],
  );
  const troubles = status.troubles.map((trouble) => colors.yellow(trouble));
  return [
    colors.bold(status.environment),
    ...lines,
    "",
    pods,
    ...troubles,
    "",
    renderHistory(status.recent, colors),
  ].join("\n");
}

function loginFacts(login: Login | null): [string, string][] {
  if (login === null) return [["login", "none is needed"]];
  return [
    ["user", login.user],
    ["password", login.password],
  ];
}

/** A digest's first digits are enough for people. */
function shortImage(image: string): string {
  return image.replace(/(sha256:[0-9a-f]{12})[0-9a-f]+/, "$1…");
}

/** Why no rules judged it, if somebody left them out. */
function withoutPolicies({ policies }: LifeRecord): string {
  return policies !== undefined && "leftOut" in policies ? `without policies: ${policies.leftOut}` : "";
}

/** What has happened. */
export function renderHistory(records: readonly LifeRecord[], colors: Colors): string {
  if (records.length === 0) return "nothing has happened yet";
  return table(
    ["TIME", "ENVIRONMENT", "VERB", "OUTCOME", "TOOK", "COMMIT", "WHO", "WHY"],
    records.map((record) => [
      record.time.replace(/\.\d+Z$/, "Z"),
      record.environment,
      record.verb,
      (record.exitCode === 0 ? colors.green : colors.red)(record.outcome),
      seconds(record.durations["total"] ?? 0),
      record.commit?.slice(0, 12) ?? "-",
      record.who,
      (record.error?.message ?? withoutPolicies(record)).split("\n")[0]?.slice(0, 60) ?? "",
    ]),
    [4],
  );
}
