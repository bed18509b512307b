import { plain, type CheckFailure, type Plain, type Properties } from "../provider";

/*
 * What the provider is configured with: the arguments of `github.Provider` and the variables that stand in for them.
 */

/** Settings of a connection, with their defaults. */
export interface Settings {
  /** Address of the REST API, without a slash at its end. */
  api: string;
  /** Login of the organisation or user; undefined for the token's user. */
  owner?: string;
  token?: string;
  app?: { id: string; installationId: string; pemFile: string };
  /** Pause after each write in milliseconds. */
  writeDelayMs: number;
  /** Pause after each read in milliseconds. */
  readDelayMs: number;
  maxRetries: number;
  /** Pause before a request is tried again after a fault of the server, in milliseconds. */
  retryDelayMs: number;
  /** Statuses after which a request is tried again. */
  retryableErrors: number[];
  /** Items of a page of a list. */
  maxPerPage: number;
  parallelRequests: boolean;
}

/** Arguments of `github.Provider` in @pulumi/github 6.15.0 that are understood here. */
const known = [
  "appAuth",
  "baseUrl",
  "legacyClient",
  "maxPerPage",
  "maxRetries",
  "organization",
  "owner",
  "parallelRequests",
  "readDelayMs",
  "retryDelayMs",
  "retryableErrors",
  "token",
  "writeDelayMs",
];

/** What the engine adds to the arguments. */
const fromEngine = ["version", "pluginDownloadURL", "__internal"];

/**
 * Reads the provider's configuration.
 *
 * @throws Error with everything that is wrong, and when the server would be the real GitHub
 */
export function readSettings(given: Properties, env: NodeJS.ProcessEnv = process.env): Settings {
  const failures: CheckFailure[] = [];
  const fail = (property: string, reason: string) => failures.push({ property, reason });
  for (const name of Object.keys(given)) {
    if (known.includes(name) || fromEngine.includes(name)) continue;
    fail(name, `is not understood by the stand-in; accepted are ${known.join(", ")}`);
  }
  // Whatever is no text comes as JSON, since the engine's configuration once was text only.
  const value = (name: string): Plain | undefined => {
    const found = given[name];
    if (found === undefined || found === null) return undefined;
    const known = plain(found);
    if (typeof known !== "string") return known;
    try {
      return JSON.parse(known) as Plain;
    } catch {
      return known;
    }
  };
  const text = (name: string, variable?: string): string | undefined => {
    const found = given[name];
    const known = found === undefined || found === null ? undefined : plain(found);
    return typeof known === "string" && known !== "" ? known : variable === undefined ? undefined : env[variable];
  };
  const number = (name: string, otherwise: number): number => {
    const found = value(name) ?? otherwise;
    if (typeof found === "number" && Number.isInteger(found) && found >= 0) return found;
    fail(name, "must be a whole number from 0");
    return otherwise;
  };
  const retryable = value("retryableErrors") ?? [500, 502, 503, 504];
  if (!Array.isArray(retryable)) fail("retryableErrors", "must be a list of statuses");
  const api = apiAddress(text("baseUrl", "GITHUB_BASE_URL"), fail);
  const app = value("appAuth");
  const token = text("token", "GITHUB_TOKEN");
  if (token === undefined && app === undefined) fail("token", "is missing, and so is appAuth; GITHUB_TOKEN is not set");
  const settings: Settings = {
    api,
    writeDelayMs: number("writeDelayMs", 0),
    readDelayMs: number("readDelayMs", 0),
    maxRetries: number("maxRetries", 3),
    retryDelayMs: number("retryDelayMs", 1000),
    retryableErrors: Array.isArray(retryable) ? retryable.map(Number) : [],
    maxPerPage: Math.min(number("maxPerPage", 100) || 100, 100),
    parallelRequests: value("parallelRequests") === true,
  };
  const owner = text("owner", "GITHUB_OWNER") ?? text("organization", "GITHUB_ORGANIZATION");
  if (owner !== undefined) settings.owner = owner;
  if (app !== undefined) settings.app = readApp(app, fail);
  else if (token !== undefined) settings.token = token;
  if (failures.length > 0) {
    const lines = failures.map(({ property, reason }) => `${property} ${reason}`);
    throw new Error(`The GitHub provider cannot be configured: ${lines.join("; ")}`);
  }
  return settings;
}

type Fail = (property: string, reason: string) => void;

/**
 * Where the API is: below `api/v3` on any server but GitHub's own, as GitHub Enterprise Server has it. The stand-in refuses GitHub's own,
 * so that nobody's repositories are in the hands of a stand-in.
 */
function apiAddress(base: string | undefined, fail: Fail): string {
  if (base === undefined || !URL.canParse(base)) {
    fail("baseUrl", "must be the address of a GitHub server; GITHUB_BASE_URL is not set");
    return "";
  }
  const { hostname, origin, pathname } = new URL(base);
  if (/(^|\.)(github\.com|ghe\.com)$/i.test(hostname))
    fail(
      "baseUrl",
      `is ${base}, and this plugin is a stand-in for tests that never goes there. ` +
        "Install the official one with `pulumi plugin install resource github`, or name a fake server (`npm run fake-github`)",
    );
  return `${origin}${pathname.replace(/\/$/, "")}/api/v3`;
}

function readApp(app: Plain, fail: Fail): { id: string; installationId: string; pemFile: string } {
  const fields = typeof app === "object" && app !== null && !Array.isArray(app) ? app : {};
  const read = (name: string): string => {
    const value = fields[name];
    if (typeof value === "string" && value !== "") return value;
    fail(`appAuth.${name}`, "must be a text");
    return "";
  };
  // Line breaks of the key may be written out, as variables of the environment often have them.
  return { id: read("id"), installationId: read("installationId"), pemFile: read("pemFile").replaceAll("\\n", "\n") };
}
