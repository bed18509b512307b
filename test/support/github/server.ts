import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { accounts } from "./accounts";
import { Description, type Match, type Operation } from "./description";
import { environments } from "./environments";
import { Faults, type Fault } from "./faults";
import { Refusal, type Answer, type Handlers, type Server } from "./http";
import type { Json, JsonObject } from "./json";
import { labels } from "./labels";
import { oidc } from "./oidc";
import { addRepository, repositories } from "./repositories";
import { rulesets } from "./rulesets";
import { newKeyPair, open } from "./seal";
import type { Plan, State, StoredOrganization, StoredRepository, StoredTeam, Vault } from "./state";
import { Tokens } from "./tokens";
import { vaults } from "./vaults";

/*
 * A stand-in for GitHub's REST API, for tests and for trying things out by hand. What is set up over HTTP stays set up in it, and it
 * refuses what GitHub refuses: routes and bodies are checked against GitHub's own description, and its answers are too.
 */

const handlers: Handlers = {
  ...accounts,
  ...repositories,
  ...rulesets,
  ...environments,
  ...vaults,
  ...labels,
  ...oidc,
};

/** Versions of the API (GitHub docs, "API Versions"). */
const apiVersions = ["2022-11-28", "2026-03-10"];

/** What the fake server is started with. */
export interface FakeGithubOptions {
  /**
   * Port on 127.0.0.1.
   *
   * @default a free one
   */
  port?: number;
  /**
   * The token that requests must have.
   *
   * @default a random one
   */
  token?: string;
  /**
   * Requests an hour (GitHub docs, "Rate limits for the REST API").
   *
   * @default 5000
   */
  rateLimit?: number;
  /**
   * Whether properties that GitHub's description does not have are refused. GitHub ignores them; here a misspelt one is found.
   *
   * @default true
   */
  strict?: boolean;
  /**
   * File that keeps the state, secrets' keys included.
   *
   * @default none: the state ends with the server
   */
  stateFile?: string;
}

/** One request as the server saw it. */
export interface LogEntry {
  method: string;
  /** Path and query below the API's address. */
  path: string;
  /** Operation in GitHub's description; absent where there is none. */
  operation?: string;
  /** The body as it came. */
  body: string;
  status: number;
}

/** What an organisation is made from. */
export interface OrganizationSettings {
  /** @default "team" */
  plan?: Plan;
  /** @default none */
  licenses?: StoredOrganization["licenses"];
  /**
   * Slugs of its teams.
   *
   * @default none
   */
  teams?: string[];
}

/** A fake GitHub server. */
export class FakeGithub {
  /** What goes wrong on demand. */
  readonly faults = new Faults();
  /** Every request, in order. */
  readonly log: LogEntry[] = [];
  /** Answers of this server that did not agree with GitHub's description: faults of the server itself. */
  readonly problems: string[] = [];
  /** The token that requests must have. */
  readonly token: string;
  private readonly description = Description.load();
  private readonly http: HttpServer;
  private readonly context: Server;
  private readonly tokens: Tokens;
  private readonly limit: { all: number; used: number; reset: number };

  private constructor(private readonly options: FakeGithubOptions) {
    this.token = options.token ?? `ghp_${randomBytes(18).toString("hex")}`;
    this.limit = { all: options.rateLimit ?? 5000, used: 0, reset: 0 };
    for (const id of Object.keys(handlers)) this.description.operation(id);
    const state = loadState(options.stateFile);
    this.tokens = new Tokens(this.token, state.apps);
    this.context = {
      state,
      api: "",
      web: "",
      nextId: () => (state.nextId += 1),
      now: () => {
        const next = Math.max(Date.parse(state.clock) + 1000, Math.floor(Date.now() / 1000) * 1000);
        state.clock = new Date(next).toISOString().replace(".000Z", "Z");
        return state.clock;
      },
      newKey: newKeyPair,
    };
    this.http = createServer((request, response) => void this.serve(request, response));
  }

  /** Starts a server on 127.0.0.1. */
  static async start(options: FakeGithubOptions = {}): Promise<FakeGithub> {
    const fake = new FakeGithub(options);
    await new Promise<void>((resolve, reject) => {
      fake.http.once("error", reject).listen(options.port ?? 0, "127.0.0.1", resolve);
    });
    const { port } = fake.http.address() as AddressInfo;
    fake.context.web = `http://127.0.0.1:${port}`;
    // Where GitHub Enterprise Server has it, which is where the official plugin looks on any host but github.com.
    fake.context.api = `${fake.context.web}/api/v3`;
    return fake;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  /** The value for `baseUrl` of the GitHub provider. */
  get url(): string {
    return `${this.context.web}/`;
  }

  /** Adds an organisation, or changes what it pays for. */
  async addOrganization(login: string, settings: OrganizationSettings = {}): Promise<StoredOrganization> {
    const { state } = this.context;
    const organization = (state.organizations[login.toLowerCase()] ??= {
      id: this.context.nextId(),
      login,
      plan: "team",
      licenses: [],
      teams: [],
      rulesets: [],
      oidc: { include_claim_keys: ["repo", "context"] },
      key: await newKeyPair(),
      secrets: {},
      variables: {},
    });
    if (settings.plan !== undefined) organization.plan = settings.plan;
    if (settings.licenses !== undefined) organization.licenses = settings.licenses;
    for (const slug of settings.teams ?? []) {
      if (!organization.teams.some((team) => team.slug === slug))
        organization.teams.push({ id: this.context.nextId(), slug, name: slug });
    }
    this.save();
    return organization;
  }

  /** Adds a user. The first one is whom the token belongs to. @returns its ID */
  addUser(login: string): number {
    const { state } = this.context;
    const user = (state.users[login.toLowerCase()] ??= { id: this.context.nextId(), login });
    if (state.viewer === "") state.viewer = login;
    this.save();
    return user.id;
  }

  /**
   * Adds a GitHub App that is installed.
   *
   * @returns its private key as PEM
   */
  addApp(id: string, installationId: string): string {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    this.context.state.apps.push({ id, installationId, publicKey: pem });
    this.save();
    return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  }

  /** Ends all tokens of Apps' installations, as an hour does. */
  expireTokens(): void {
    this.tokens.expire();
  }

  /** Adds a repository as somebody would on the web page. */
  async addRepository(owner: string, name: string, settings: JsonObject = {}): Promise<StoredRepository> {
    const repository = await addRepository(owner, { name, auto_init: true, ...settings }, this.context);
    this.save();
    return repository;
  }

  /** A team. @throws Error when the organisation has none of that slug */
  team(organization: string, slug: string): StoredTeam {
    const found = this.context.state.organizations[organization.toLowerCase()]?.teams.find(
      (team) => team.slug === slug,
    );
    if (found === undefined) throw new Error(`there is no team ${organization}/${slug}`);
    return found;
  }

  /** An organisation. @throws Error when there is none */
  organization(login: string): StoredOrganization {
    const found = this.context.state.organizations[login.toLowerCase()];
    if (found === undefined) throw new Error(`there is no organisation ${login}`);
    return found;
  }

  /** A repository, for a look into it or a change past the API; undefined when there is none. */
  find(fullName: string): StoredRepository | undefined {
    return this.context.state.repositories[fullName.toLowerCase()];
  }

  /** A repository. @throws Error when there is none */
  repository(fullName: string): StoredRepository {
    const found = this.find(fullName);
    if (found === undefined) throw new Error(`there is no repository ${fullName}`);
    return found;
  }

  /** Full names of all repositories. */
  get repositories(): string[] {
    return Object.values(this.context.state.repositories).map(({ owner, name }) => `${owner}/${name}`);
  }

  /** The time of a change that a test makes past the API. */
  now(): string {
    return this.context.now();
  }

  /** Opens a secret as a job of Actions would get it; undefined when there is none. */
  async reveal(vault: Vault, name: string): Promise<string | undefined> {
    const secret = vault.secrets[name];
    return secret && (await open(secret.encryptedValue, vault.key));
  }

  /** Everything that the server keeps, as text. */
  stateText(): string {
    return JSON.stringify(this.context.state);
  }

  private save(): void {
    const { stateFile } = this.options;
    if (stateFile === undefined) return;
    const fresh = `${stateFile}.new`;
    writeFileSync(fresh, JSON.stringify(this.context.state, undefined, 2), { mode: 0o600 });
    renameSync(fresh, stateFile);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.context.web);
    const method = request.method ?? "GET";
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const entry: LogEntry = { method, path: url.pathname + url.search, body, status: 0 };
    let answer: Answer;
    try {
      answer = await this.answer(request, url, body, entry);
    } catch (error) {
      answer = refuse(error, this.problems);
    }
    entry.status = answer.status;
    this.finish(request, response, url, answer);
  }

  private async answer(request: IncomingMessage, url: URL, body: string, entry: LogEntry): Promise<Answer> {
    const method = entry.method;
    const { authorization = "", "user-agent": agent = "" } = request.headers;
    if (agent === "")
      throw new Refusal(
        403,
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
      );
    const token = authorization.replace(/^(bearer|token) /i, "");
    const [, installation] = /^\/api\/v3\/app\/installations\/([^/]+)\/access_tokens$/.exec(url.pathname) ?? [];
    if (installation !== undefined && method === "POST") {
      const body = { ...this.tokens.install(installation, token), permissions: {}, repository_selection: "all" };
      const operation = this.description.operation("apps/create-installation-access-token");
      entry.operation = operation.id;
      this.log.push(entry);
      return checked(operation, { status: 201, body });
    }
    if (!this.tokens.isGood(token)) throw new Refusal(401, "Bad credentials");
    if (url.pathname.startsWith("/_fake/")) return this.control(method, url.pathname, body);

    this.log.push(entry);
    const prefix = "/api/v3";
    const path = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : "/";
    entry.path = path + url.search;
    const version = request.headers["x-github-api-version"];
    if (version !== undefined && !apiVersions.includes(String(version)))
      throw new Refusal(400, `API version ${String(version)} is not supported.`);
    this.count();
    const match = this.description.find(method, path);
    if (match === undefined) throw new Refusal(404, "Not Found", { documentation_url: "https://docs.github.com/rest" });
    entry.operation = match.operation.id;

    const fault = this.faults.hit({ operation: match.operation.id, method, path });
    if (fault !== undefined && fault.carriedOut !== true) return faulty(fault);
    const answer = await this.handle(match, url, body);
    if (method !== "GET") this.save();
    return fault === undefined ? answer : faulty(fault);
  }

  private async handle({ operation, values }: Match, url: URL, text: string): Promise<Answer> {
    const handler = handlers[operation.id];
    if (handler === undefined) throw new Refusal(501, `The fake GitHub server does not have ${operation.id}.`);
    for (const name of url.searchParams.keys())
      if (this.strict && !operation.query.has(name))
        throw new Refusal(422, `${name} is not in the query of ${operation.id}`);
    const body = parseBody(text);
    if (body === undefined && operation.bodyRequired) throw new Refusal(400, "Problems parsing JSON");
    if (body !== undefined) {
      const wrong = operation.checkRequest(body, this.strict);
      if (wrong.length > 0) throw new Refusal(422, `Invalid request.\n\n${wrong.join("\n")}`, { errors: wrong });
    }
    let answer: Answer;
    try {
      answer = await handler({ values, query: url.searchParams, body: (body ?? {}) as JsonObject }, this.context);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      answer = this.refusalOf(error, url);
    }
    return checked(operation, answer);
  }

  private refusalOf(refusal: Refusal, url: URL): Answer {
    const id = refusal.details["x-fake-repository"];
    if (refusal.status !== 301 || typeof id !== "number") return refused(refusal);
    const moved = Object.values(this.context.state.repositories).find((one) => one.id === id);
    if (moved === undefined) return refused(new Refusal(404, "Not Found"));
    const rest = url.pathname.slice("/api/v3".length).split("/").slice(4);
    const location = [`${this.context.api}/repos/${moved.owner}/${moved.name}`, ...rest].join("/") + url.search;
    return { ...refused(new Refusal(301, "Moved Permanently", { url: location })), headers: { location } };
  }

  private get strict(): boolean {
    return this.options.strict ?? true;
  }

  /** Counts a request of the hour's. */
  private count(): void {
    const { limit } = this;
    const now = Math.floor(Date.now() / 1000);
    if (now >= limit.reset) Object.assign(limit, { used: 0, reset: now + 3600 });
    if (limit.used >= limit.all) throw new Refusal(403, "API rate limit exceeded for user ID 1.");
    limit.used += 1;
  }

  /** Requests that are not GitHub's: for people who drive the server by hand. */
  private control(method: string, path: string, text: string): Answer {
    const body = parseBody(text);
    if (path === "/_fake/faults" && method === "POST" && typeof body === "object" && body !== null) {
      this.faults.add(body as unknown as Fault);
      return { status: 204 };
    }
    if (path === "/_fake/faults" && method === "DELETE") {
      this.faults.clear();
      return { status: 204 };
    }
    if (path === "/_fake/log" && method === "GET")
      return { status: 200, body: this.log.map(({ method, path, status }) => ({ method, path, status })) };
    throw new Refusal(404, "Not Found");
  }

  private finish(request: IncomingMessage, response: ServerResponse, url: URL, answer: Answer): void {
    const { "x-fake-pages": pages, ...headers } = answer.headers ?? {};
    const { all, used, reset } = this.limit;
    const text = answer.body === undefined ? "" : JSON.stringify(answer.body);
    response.setHeader("x-ratelimit-limit", all);
    response.setHeader("x-ratelimit-remaining", Math.max(all - used, 0));
    response.setHeader("x-ratelimit-used", used);
    response.setHeader("x-ratelimit-reset", reset);
    response.setHeader("x-ratelimit-resource", "core");
    response.setHeader("x-github-request-id", randomBytes(8).toString("hex").toUpperCase());
    if (pages !== undefined) {
      const link = linkHeader(url, pages);
      if (link !== "") response.setHeader("link", link);
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (answer.status === 200 && request.method === "GET") {
      const tag = `W/"${createHash("sha256").update(text).digest("hex")}"`;
      response.setHeader("etag", tag);
      if (request.headers["if-none-match"] === tag) {
        response.writeHead(304).end();
        return;
      }
    }
    if (text !== "") response.setHeader("content-type", "application/json; charset=utf-8");
    response.writeHead(answer.status).end(text);
  }
}

/** What the state begins with. */
function loadState(file: string | undefined): State {
  if (file !== undefined) {
    try {
      return JSON.parse(readFileSync(file, "utf8")) as State;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return {
    nextId: 1000,
    clock: new Date(0).toISOString(),
    viewer: "",
    apps: [],
    users: {},
    organizations: {},
    repositories: {},
  };
}

/** The answer, if it agrees with GitHub's description. @throws Error when it does not */
function checked(operation: Operation, answer: Answer): Answer {
  const wrong = operation.checkResponse(answer.status, answer.body);
  if (wrong.length > 0) throw new Error(`${operation.id} ${answer.status}: ${wrong.join("; ")}`);
  return answer;
}

function parseBody(text: string): Json | undefined {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Refusal(400, "Problems parsing JSON");
  }
}

function refused({ status, message, details }: Refusal): Answer {
  return {
    status,
    body: { message, documentation_url: "https://docs.github.com/rest", status: String(status), ...details },
  };
}

function refuse(error: unknown, problems: string[]): Answer {
  if (error instanceof Refusal) return refused(error);
  const message = error instanceof Error ? error.message : String(error);
  problems.push(message);
  return refused(new Refusal(500, `The fake GitHub server failed: ${message}`));
}

function faulty({ status, message, headers }: Fault & { message: string }): Answer {
  return { ...refused(new Refusal(status, message)), ...(headers !== undefined && { headers }) };
}

function linkHeader(url: URL, pages: string): string {
  const { links, size } = JSON.parse(pages) as { links: Record<string, number>; size: number };
  return Object.entries(links)
    .map(([relation, number]) => {
      const target = new URL(url);
      target.searchParams.set("page", String(number));
      target.searchParams.set("per_page", String(size));
      return `<${target.href}>; rel="${relation}"`;
    })
    .join(", ");
}
