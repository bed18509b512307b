import type { Json, JsonObject } from "./json";
import {
  done,
  environmentOf,
  notFound,
  ok,
  organizationOf,
  page,
  Refusal,
  repositoryOf,
  writableRepositoryOf,
  type Answer,
  type Handlers,
  type Request,
  type Server,
} from "./http";
import { open } from "./seal";
import type { StoredSecret, StoredVariable, Vault, Visibility } from "./state";

/*
 * Secrets and variables of Actions, which repositories, their environments and organisations have alike.
 */

/** Longest value of a variable in bytes (GitHub docs, "Variables reference": 48 KB). */
const maximumVariable = 48 * 1024;

/** Longest secret in bytes (GitHub docs, "Secrets reference": 48 KB). */
const maximumSecret = 48 * 1024;

/** Where secrets and variables lie. */
interface Place {
  /** As GitHub's description calls it: `repo`, `environment`, `org`. */
  kind: "repo" | "environment" | "org";
  /** Finds it for reading, or for writing, which archived repositories refuse. */
  find: (request: Request, server: Server, write?: boolean) => Vault;
  /** Address of its secrets and variables, for links. */
  url: (request: Request, server: Server) => string;
}

const places: Place[] = [
  {
    kind: "repo",
    find: (request, server, write) => (write ? writableRepositoryOf : repositoryOf)(request, server),
    url: ({ values }, { api }) => `${api}/repos/${values["owner"]}/${values["repo"]}/actions`,
  },
  {
    kind: "environment",
    find: (request, server, write) => {
      if (write) writableRepositoryOf(request, server);
      return environmentOf(request, server);
    },
    url: ({ values }, { api }) =>
      `${api}/repos/${values["owner"]}/${values["repo"]}/environments/${values["environment_name"]}`,
  },
  {
    kind: "org",
    find: organizationOf,
    url: ({ values }, { api }) => `${api}/orgs/${values["org"]}/actions`,
  },
];

/**
 * The name that a secret or variable is kept under. GitHub docs, "Secrets reference": letters, digits and underscores, no digit first,
 * no GITHUB_ first, and case does not count.
 */
function keptName(name: string): string {
  const upper = name.toUpperCase();
  if (!/^[A-Z_][A-Z0-9_]*$/.test(upper) || upper.startsWith("GITHUB_"))
    throw new Refusal(
      422,
      "Names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_), must start with a letter or an underscore, and must not start with GITHUB_.",
    );
  return upper;
}

function presentCommon(
  item: StoredSecret | StoredVariable,
  sort: "secrets" | "variables",
  { kind, url }: Place,
  request: Request,
  server: Server,
): JsonObject {
  const { name, createdAt, updatedAt, visibility } = item;
  const common = { name, created_at: createdAt, updated_at: updatedAt };
  if (kind !== "org") return common;
  const selected = { selected_repositories_url: `${url(request, server)}/${sort}/${name}/repositories` };
  return { ...common, visibility: visibility ?? "all", ...(visibility === "selected" && selected) };
}

/** Which repositories of an organisation something is for, as far as the request says so. */
function scope({ body }: Request, server: Server): Pick<StoredSecret, "visibility" | "selectedRepositoryIds"> {
  if (body["visibility"] === undefined) return {};
  const ids = ((body["selected_repository_ids"] ?? []) as Json[]).map(Number);
  const known = new Set(Object.values(server.state.repositories).map((one) => one.id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined) throw new Refusal(422, `Repository ${unknown} is not a repository of this organization.`);
  return { visibility: body["visibility"] as Visibility, selectedRepositoryIds: ids };
}

async function putSecret(request: Request, server: Server, place: Place): Promise<Answer> {
  const vault = place.find(request, server, true);
  const name = keptName(request.values["secret_name"] ?? "");
  const { body } = request;
  const before = vault.secrets[name];
  const sealed = body["encrypted_value"];
  if (typeof sealed === "string") {
    if (body["key_id"] !== vault.key.id) throw new Refusal(422, "key_id is not the ID of the present public key.");
    const value = await open(sealed, vault.key);
    if (value === undefined) throw new Refusal(422, "encrypted_value is not encrypted with the present public key.");
    if (Buffer.byteLength(value) > maximumSecret) throw new Refusal(422, "Secrets can be 48 KB at most.");
  } else if (before === undefined) throw new Refusal(422, "encrypted_value is missing.");
  const now = server.now();
  vault.secrets[name] = {
    name,
    encryptedValue: typeof sealed === "string" ? sealed : (before?.encryptedValue ?? ""),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    ...(place.kind === "org" && scope(request, server)),
  };
  return before === undefined ? ok({}, 201) : done;
}

function checkVariable(value: Json | undefined): void {
  if (typeof value === "string" && Buffer.byteLength(value) > maximumVariable)
    throw new Refusal(422, "Variables can be 48 KB at most.");
}

function findVariable(request: Request, vault: Vault): StoredVariable {
  const found = vault.variables[(request.values["name"] ?? "").toUpperCase()];
  if (found === undefined) throw notFound();
  return found;
}

function findSecret(request: Request, vault: Vault): StoredSecret {
  const found = vault.secrets[(request.values["secret_name"] ?? "").toUpperCase()];
  if (found === undefined) throw notFound();
  return found;
}

function handlersOf(place: Place): Handlers {
  const { kind, find } = place;
  const present =
    (sort: "secrets" | "variables", request: Request, server: Server) => (item: StoredSecret | StoredVariable) => ({
      ...presentCommon(item, sort, place, request, server),
      ...("value" in item && { value: item.value }),
    });
  return {
    [`actions/get-${kind}-public-key`]: (request, server) => {
      const { id, publicKey } = find(request, server).key;
      return ok({ key_id: id, key: publicKey });
    },
    [`actions/list-${kind}-secrets`]: (request, server) =>
      page(
        request,
        Object.values(find(request, server).secrets),
        present("secrets", request, server),
        (secrets, total) => ({
          total_count: total,
          secrets,
        }),
      ),
    [`actions/get-${kind}-secret`]: (request, server) =>
      ok(present("secrets", request, server)(findSecret(request, find(request, server)))),
    [`actions/create-or-update-${kind}-secret`]: (request, server) => putSecret(request, server, place),
    [`actions/delete-${kind}-secret`]: (request, server) => {
      const vault = find(request, server, true);
      Reflect.deleteProperty(vault.secrets, findSecret(request, vault).name);
      return done;
    },
    [`actions/list-${kind}-variables`]: (request, server) =>
      page(
        request,
        Object.values(find(request, server).variables),
        present("variables", request, server),
        (variables, total) => ({ total_count: total, variables }),
      ),
    [`actions/get-${kind}-variable`]: (request, server) =>
      ok(present("variables", request, server)(findVariable(request, find(request, server)))),
    [`actions/create-${kind}-variable`]: (request, server) => {
      const { variables } = find(request, server, true);
      const name = keptName(request.body["name"] as string);
      checkVariable(request.body["value"]);
      if (name in variables) throw new Refusal(409, "Already exists - Variable already exists");
      const now = server.now();
      const value = request.body["value"] as string;
      variables[name] = {
        name,
        value,
        createdAt: now,
        updatedAt: now,
        ...(kind === "org" && scope(request, server)),
      };
      return ok({}, 201);
    },
    [`actions/update-${kind}-variable`]: (request, server) => {
      const vault = find(request, server, true);
      const variable = findVariable(request, vault);
      const { name, value } = request.body;
      checkVariable(value);
      const renamed = typeof name === "string" ? keptName(name) : variable.name;
      Reflect.deleteProperty(vault.variables, variable.name);
      vault.variables[renamed] = {
        ...variable,
        name: renamed,
        ...(typeof value === "string" && { value }),
        updatedAt: server.now(),
        ...(kind === "org" && scope(request, server)),
      };
      return done;
    },
    [`actions/delete-${kind}-variable`]: (request, server) => {
      const vault = find(request, server, true);
      Reflect.deleteProperty(vault.variables, findVariable(request, vault).name);
      return done;
    },
  };
}

/** Handlers of secrets and variables. */
export const vaults: Handlers = Object.assign({}, ...places.map(handlersOf)) as Handlers;
