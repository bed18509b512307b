import type { Json, JsonObject } from "./json";
import type { KeyPair, State, StoredEnvironment, StoredOrganization, StoredRepository } from "./state";

/** A request whose path, query and body agree with GitHub's description. */
export interface Request {
  /** What the path has in braces, decoded. */
  values: Record<string, string>;
  query: URLSearchParams;
  /** Empty when the request has none. */
  body: JsonObject;
}

/** An answer. */
export interface Answer {
  status: number;
  body?: Json;
  headers?: Record<string, string>;
}

/** Answers one operation of the API. */
export type Handler = (request: Request, server: Server) => Answer | Promise<Answer>;

/** Handlers by the operation's name in GitHub's description. */
export type Handlers = Record<string, Handler>;

/** What handlers need of the server. */
export interface Server {
  state: State;
  /** Address of the REST API, without a slash at its end. */
  api: string;
  /** Address of what would be web pages. */
  web: string;
  /** A number that nothing else has. */
  nextId(): number;
  /** The time of a change. No two changes have the same second, so that whoever compares times sees each. */
  now(): string;
  newKey(): Promise<KeyPair>;
}

/** An answer that refuses. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly details: JsonObject = {},
  ) {
    super(message);
  }
}

/** The answer for what is not there, or is not shown to this user. */
export function notFound(): Refusal {
  return new Refusal(404, "Not Found");
}

/** The answer for a request that is well-formed and cannot be. */
export function invalid(resource: string, field: string, code: string, message?: string): Refusal {
  const error: JsonObject = { resource, field, code, ...(message !== undefined && { message }) };
  return new Refusal(422, "Validation Failed", { errors: [error] });
}

/** An answer with a body. */
export function ok(body: Json, status = 200): Answer {
  return { status, body };
}

/** The answer for a change that has nothing to tell. */
export const done: Answer = { status: 204 };

/**
 * One page of a list, with links to others. GitHub gives 30 at a time unless asked, and never more than 100 (GitHub docs, "Using
 * pagination in the REST API").
 *
 * @param wrap makes the body of the page's items and the number of all
 */
export function page<Item>(
  { query }: Request,
  all: readonly Item[],
  present: (item: Item) => Json,
  wrap: (items: Json[], total: number) => Json = (items) => items,
): Answer {
  const size = Math.min(Math.max(Number(query.get("per_page") ?? 30) || 30, 1), 100);
  const number = Math.max(Number(query.get("page") ?? 1) || 1, 1);
  const last = Math.max(Math.ceil(all.length / size), 1);
  const body = wrap(all.slice((number - 1) * size, number * size).map(present), all.length);
  const links: Record<string, number> = {};
  if (number > 1) Object.assign(links, { prev: number - 1, first: 1 });
  if (number < last) Object.assign(links, { next: number + 1, last });
  // The server turns this into addresses, since it alone knows what was asked for.
  return { status: 200, body, headers: { "x-fake-pages": JSON.stringify({ links, size }) } };
}

/** An organisation that exists. */
export function organizationOf({ values }: Request, { state }: Server): StoredOrganization {
  const found = state.organizations[(values["org"] ?? "").toLowerCase()];
  if (found === undefined) throw notFound();
  return found;
}

/** A repository that exists; a request to a former name is sent on. */
export function repositoryOf({ values }: Request, server: Server): StoredRepository {
  const { owner = "", repo = "" } = values;
  const key = `${owner}/${repo}`.toLowerCase();
  const found = server.state.repositories[key];
  if (found !== undefined) return found;
  const renamed = Object.values(server.state.repositories).find(
    (one) => one.owner.toLowerCase() === owner.toLowerCase() && one.formerNames.includes(repo.toLowerCase()),
  );
  if (renamed !== undefined) throw new Refusal(301, "Moved Permanently", { "x-fake-repository": renamed.id });
  throw notFound();
}

/** A repository that exists and may be written to. */
export function writableRepositoryOf(request: Request, server: Server): StoredRepository {
  const repository = repositoryOf(request, server);
  if (repository.settings["archived"] === true) throw new Refusal(403, "Repository was archived so is read-only.");
  return repository;
}

/** An environment that exists. */
export function environmentOf(request: Request, server: Server): StoredEnvironment {
  const name = request.values["environment_name"] ?? "";
  const found = repositoryOf(request, server).environments[name.toLowerCase()];
  if (found === undefined) throw notFound();
  return found;
}

/** A global ID as GraphQL knows it, such as GitHub puts into each answer. */
export function nodeId(kind: string, id: number): string {
  return `${kind}_${Buffer.from(`${kind}:${id}`).toString("base64url")}`;
}

/** Links that an answer has and nobody here follows: each name with its ending cut off, below an address. */
export function links(base: string, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, `${base}/${name.replace(/_url$/, "")}`]));
}
