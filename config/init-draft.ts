import { ConfigError } from "./problems";
import { isSecretName, isSecretValue } from "./secrecy";

/** Something that a person should know about a config made from another file. */
export interface Note {
  /** `warning`: without a change the environment may not work. `left out`: was in the other file and is not in this one. */
  kind: "warning" | "left out" | "remark";
  /** Where, such as `compose.yaml:12`. */
  place: string;
  text: string;
}

/** A database that a config gets, with the version that the other file asks for, from the most to the least exact. */
export interface DatabaseDraft {
  versions: readonly string[];
  place: string;
}

/** What another file says about an app, in the terms of berth.yaml. Nothing in it is checked yet. */
export interface Draft {
  /** Name of the project, in any letters. */
  name?: string;
  port?: number;
  healthPath?: string;
  /** Whether a health check is given or ruled out, so that one of the image does not count. */
  hasHealthCheck?: boolean;
  repository?: string;
  env: Record<string, { value: string; place: string }>;
  /** Variables whose values look like secrets; the values are not kept. */
  secrets: string[];
  writableDirs: { path: string; place: string }[];
  /** By the name that berth.yaml has for it. */
  databases: Record<string, DatabaseDraft>;
  notes: Note[];
}

/** A draft that says nothing. */
export function emptyDraft(): Draft {
  return { env: {}, secrets: [], writableDirs: [], databases: {}, notes: [] };
}

/** Adds a variable to a draft, or only its name when the value looks like a secret. */
export function addVariable(draft: Draft, name: string, value: string, place: string): void {
  if (value !== "" && (isSecretName(name) || isSecretValue(value))) draft.secrets.push(name);
  else draft.env[name] = { value, place };
}

const LOCAL_URL =
  /(?<scheme>https?:\/\/)?(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::(?<port>\d+))?(?<path>\/[^\s"'|;&)\]`\\,]*)?/i;

/**
 * Adds what a health check's command asks for over HTTP to a draft.
 *
 * @param command the command as text, in any form
 */
export function addHealthCheck(draft: Draft, command: string, place: string): void {
  draft.hasHealthCheck = true;
  const { scheme, port, path } = LOCAL_URL.exec(command)?.groups ?? {};
  if (scheme === undefined && path === undefined) {
    draft.notes.push({
      kind: "warning",
      place,
      text: "the health check is a command, not a request; Berth asks over HTTP: set app.healthPath to a path that answers with 2xx or 3xx",
    });
    return;
  }
  const [plain = "/", query] = (path ?? "/").split(/[?#]/);
  if (query !== undefined) {
    draft.notes.push({ kind: "left out", place, text: "what follows the path in the health check's address" });
  }
  if (scheme?.toLowerCase() === "https://") {
    draft.notes.push({ kind: "warning", place, text: "the health check uses TLS; Berth asks the app over plain HTTP" });
  }
  if (isSecretValue(plain)) {
    draft.notes.push({ kind: "left out", place, text: "the health check's path, which looks like a secret" });
  } else draft.healthPath = plain;
  const asked = port === undefined ? undefined : Number(port);
  draft.port ??= asked;
  if (asked !== undefined && asked !== draft.port) {
    draft.notes.push({
      kind: "warning",
      place,
      text: `the health check asks port ${asked}; Berth asks app.port, which is ${String(draft.port)}`,
    });
  }
}

/**
 * Adds the ports that a file names to a draft: the first TCP port becomes `app.port`.
 *
 * @param ports as Docker writes them inside a container: `3000`, `3000/tcp`, `3000-3005`
 */
export function addPorts(draft: Draft, ports: readonly { text: string; place: string }[]): void {
  for (const { text, place } of ports) {
    const [, first, last, protocol = "tcp"] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text) ?? [];
    const isPort = first !== undefined && protocol.toLowerCase() === "tcp";
    if (isPort && draft.port === undefined) draft.port = Number(first);
    if (isPort && last === undefined && Number(first) === draft.port) continue;
    draft.notes.push({ kind: "left out", place, text: `port ${text}: an app has one TCP port, app.port` });
  }
}

/** The error for a file that cannot be read as what it is said to be. */
export function unusable(source: string, value: string, accepted: string, fix: string): ConfigError {
  return new ConfigError(source, [{ path: "", value, accepted, fix }]);
}
