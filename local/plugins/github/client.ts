import { setTimeout as pause } from "node:timers/promises";

import type { Plain } from "../provider";
import { appToken } from "./app-token";
import type { Settings } from "./settings";

/*
 * Requests to GitHub's REST API: one after the other, as GitHub asks for, and again after limits and faults.
 */

/** An object in a body. */
export type Body = Record<string, Plain>;

/** An answer that is no success. */
export class GithubError extends Error {
  constructor(
    /** Status of the answer; 0 when there was none. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Longest that a request waits for the end of a limit, in seconds: beyond, somebody should know. */
const maximumWait = 15 * 60;

/** How long to wait when GitHub does not say how long (GitHub docs, "Rate limits for the REST API": at least a minute). */
const unknownWait = 60;

/** How long one answer may take, in milliseconds. */
const timeout = 60_000;

/** Most requests at a time where `parallelRequests` allows several (GitHub docs: no more than 100). */
const maximumParallel = 10;

/** Longest way of redirections. */
const maximumRedirections = 5;

interface Reply {
  status: number;
  headers: Headers;
  text: string;
}

/** A connection to a GitHub server. */
export class Client {
  private readonly gate: Gate;
  private readonly stopped = new AbortController();
  private readonly repositoryIds = new Map<string, Promise<number>>();
  private ownerLogin?: Promise<string>;
  private ownerIsOrganization?: Promise<boolean>;
  private appCredentials?: { token: string; until: number };

  /**
   * @param tell shows whoever runs the operation why it takes long
   */
  constructor(
    private readonly settings: Settings,
    private readonly tell: (message: string) => void,
  ) {
    this.gate = new Gate(settings.parallelRequests ? maximumParallel : 1);
  }

  /** Ends all that waits. */
  stop(): void {
    this.stopped.abort(new Error("the operation was cancelled"));
  }

  /** Login of the organisation or user whose things these are. */
  owner(): Promise<string> {
    return (this.ownerLogin ??=
      this.settings.owner === undefined
        ? this.get("/user").then((user) => user["login"] as string)
        : Promise.resolve(this.settings.owner));
  }

  /** Whether the owner is an organisation, which makes repositories in another way than a user does. */
  isOrganization(): Promise<boolean> {
    return (this.ownerIsOrganization ??= this.owner().then(
      async (owner) => (await this.find(`/orgs/${encodeURIComponent(owner)}`)) !== null,
    ));
  }

  /** Path of a repository of the owner's. */
  async repository(name: string): Promise<string> {
    return `/repos/${encodeURIComponent(await this.owner())}/${encodeURIComponent(name)}`;
  }

  /** Path of the organisation. */
  async organization(): Promise<string> {
    return `/orgs/${encodeURIComponent(await this.owner())}`;
  }

  /** Number of a repository, asked for once. */
  async repositoryId(name: string): Promise<number> {
    let id = this.repositoryIds.get(name);
    if (id === undefined) {
      id = this.get(await this.repository(name)).then((found) => found["id"] as number);
      this.repositoryIds.set(name, id);
      id.catch(() => this.repositoryIds.delete(name));
    }
    return id;
  }

  /** Reads an object. @throws GithubError when it is not there */
  async get(path: string): Promise<Body> {
    return parse(await this.request("GET", path)) as Body;
  }

  /** Reads an object; null when it is not there. */
  async find(path: string): Promise<Body | null> {
    try {
      return await this.get(path);
    } catch (error) {
      if (error instanceof GithubError && error.status === 404) return null;
      throw error;
    }
  }

  /** Whether something is there, or on, where GitHub answers without a body. */
  async exists(path: string): Promise<boolean> {
    try {
      await this.request("GET", path);
      return true;
    } catch (error) {
      if (error instanceof GithubError && error.status === 404) return false;
      throw error;
    }
  }

  /** Reads all pages of a list. */
  async list(path: string): Promise<Body[]> {
    const items: Body[] = [];
    let next: string | undefined = `${path}${path.includes("?") ? "&" : "?"}per_page=${this.settings.maxPerPage}`;
    while (next !== undefined) {
      const reply: Reply = await this.request("GET", next);
      items.push(...(parse(reply) as Body[]));
      next = /<([^>]+)>;\s*rel="next"/.exec(reply.headers.get("link") ?? "")?.[1];
    }
    return items;
  }

  /** Sends a change. @returns the answer's body; empty when it has none */
  async send(method: "POST" | "PUT" | "PATCH", path: string, body?: Body): Promise<Body> {
    const reply = await this.request(method, path, body);
    return reply.text === "" ? {} : (parse(reply) as Body);
  }

  /** Deletes something. What is gone already is no error. */
  async remove(path: string): Promise<void> {
    try {
      await this.request("DELETE", path);
    } catch (error) {
      if (!(error instanceof GithubError && error.status === 404)) throw error;
    }
  }

  private async request(method: string, path: string, body?: Body): Promise<Reply> {
    return this.gate.pass(async () => {
      const reply = await this.persist(method, path, body);
      const delay = method === "GET" ? this.settings.readDelayMs : this.settings.writeDelayMs;
      if (delay > 0) await this.wait(delay);
      if (reply.status >= 200 && reply.status < 300) return reply;
      const status = reply.status === 0 ? "" : `${reply.status} `;
      throw new GithubError(reply.status, `${method} ${path}: ${status}${explain(reply.text)}`);
    });
  }

  /** Sends a request until it gets an answer that is to be taken as it is. */
  private async persist(method: string, path: string, body?: Body): Promise<Reply> {
    let faults = 0;
    let waited = 0;
    let renewed = false;
    for (;;) {
      const reply = await this.follow(method, path, body);
      if (reply.status === 401 && this.appCredentials !== undefined && !renewed) {
        // The token of an App's installation lasts an hour, and can be taken back before.
        renewed = true;
        delete this.appCredentials;
        continue;
      }
      const seconds = limitOf(reply);
      if (seconds !== undefined) {
        if (waited + seconds > maximumWait)
          throw new GithubError(
            reply.status,
            `${method} ${path}: GitHub's rate limit ends in ${seconds} seconds only, and ${waited} have been waited; run the update again then`,
          );
        waited += seconds;
        this.tell(`GitHub limits requests; going on in ${seconds} s`);
        await this.wait(seconds * 1000);
      } else if (this.isFault(reply.status) && faults < this.settings.maxRetries) {
        faults += 1;
        this.tell(
          `GitHub answered ${reply.status || "nothing"} to ${method} ${path}; trying again, ${faults} of ${this.settings.maxRetries}`,
        );
        await this.wait(this.settings.retryDelayMs);
      } else return reply;
    }
  }

  private isFault(status: number): boolean {
    return status === 0 || this.settings.retryableErrors.includes(status);
  }

  /** Sends a request, and sends it on to where a renamed repository is now, on the same server only: it carries credentials. */
  private async follow(method: string, path: string, body?: Body): Promise<Reply> {
    const { origin } = new URL(this.settings.api);
    let url = path.startsWith("/") ? `${this.settings.api}${path}` : path;
    for (let count = 0; ; count += 1) {
      if (new URL(url).origin !== origin)
        throw new GithubError(0, `${method} ${path}: GitHub sends on to another server`);
      const reply = await this.fetch(method, url, await this.credentials(), body);
      const location = reply.headers.get("location");
      if (![301, 302, 307, 308].includes(reply.status) || location === null || count >= maximumRedirections)
        return reply;
      url = new URL(location, url).href;
    }
  }

  private async fetch(method: string, url: string, token: string, body?: Body): Promise<Reply> {
    try {
      const response = await fetch(url, {
        method,
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(timeout), this.stopped.signal]),
        headers: {
          accept: "application/vnd.github+json",
          authorization: `Bearer ${token}`,
          "user-agent": "berth-stand-in-github",
          "x-github-api-version": "2022-11-28",
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      this.stopped.signal.throwIfAborted();
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      return { status: 0, headers: new Headers(), text: JSON.stringify({ message: `no answer (${cause})` }) };
    }
  }

  /** The token of the configuration, or that of an App's installation, which is made anew before it ends. */
  private async credentials(): Promise<string> {
    const { token, app, api } = this.settings;
    if (token !== undefined) return token;
    if (app === undefined) throw new Error("the provider has neither a token nor an App");
    const now = Date.now();
    if (this.appCredentials === undefined || this.appCredentials.until - 5 * 60_000 < now) {
      const url = `${api}/app/installations/${encodeURIComponent(app.installationId)}/access_tokens`;
      const reply = await this.fetch("POST", url, appToken(app.id, app.pemFile, now));
      if (reply.status !== 201)
        throw new GithubError(
          reply.status,
          `logging in as GitHub App ${app.id}: ${reply.status} ${explain(reply.text)}`,
        );
      const made = parse(reply) as { token: string; expires_at: string };
      this.appCredentials = { token: made.token, until: Date.parse(made.expires_at) };
    }
    return this.appCredentials.token;
  }

  private async wait(milliseconds: number): Promise<void> {
    await pause(milliseconds, undefined, { signal: this.stopped.signal }).catch((error: unknown) => {
      this.stopped.signal.throwIfAborted();
      throw error;
    });
  }
}

/**
 * How many seconds a limit asks to wait; undefined when the answer is none of a limit's (GitHub docs, "Rate limits for the REST API":
 * first `retry-after`, then `x-ratelimit-reset` when nothing remains, else at least a minute).
 */
function limitOf({ status, headers, text }: Reply): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const after = Number(headers.get("retry-after") ?? Number.NaN);
  if (Number.isFinite(after)) return Math.max(after, 0);
  if (headers.get("x-ratelimit-remaining") === "0") {
    const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN);
    if (Number.isFinite(reset)) return Math.max(Math.ceil(reset - Date.now() / 1000), 1);
  }
  // A 403 is a lack of rights unless it speaks of a limit.
  return status === 429 || /rate limit/i.test(text) ? unknownWait : undefined;
}

function parse({ text }: Reply): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new GithubError(0, "GitHub answered something that is no JSON");
  }
}

/** What an answer says about why it refuses. GitHub does not repeat values in it. */
function explain(text: string): string {
  try {
    const { message, errors } = JSON.parse(text) as { message?: string; errors?: unknown[] };
    const details = (errors ?? []).map((error) => {
      if (typeof error === "string") return error;
      const { message: detail, field, code } = error as { message?: string; field?: string; code?: string };
      return detail ?? [field, code].filter(Boolean).join(" ");
    });
    return [message?.split("\n")[0], details.length > 0 ? `(${details.join("; ")})` : ""].filter(Boolean).join(" ");
  } catch {
    return text.slice(0, 200);
  }
}

/** Lets a number of actions run at a time, the others in their order. */
class Gate {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async pass<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await action();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }
}
