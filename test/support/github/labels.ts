import type { Json, JsonObject } from "./json";
import {
  done,
  invalid,
  nodeId,
  notFound,
  ok,
  page,
  repositoryOf,
  writableRepositoryOf,
  type Handlers,
  type Request,
  type Server,
} from "./http";
import type { StoredLabel, StoredRepository } from "./state";

/*
 * Labels of a repository. Names differ by more than case.
 */

function present(label: StoredLabel, { owner, name }: StoredRepository, server: Server): JsonObject {
  return {
    id: label.id,
    node_id: nodeId("LA", label.id),
    url: `${server.api}/repos/${owner}/${name}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: label.default,
    description: label.description,
  };
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function find(request: Request, { labels }: StoredRepository): StoredLabel {
  const found = labels.find((label) => same(label.name, request.values["name"] ?? ""));
  if (found === undefined) throw notFound();
  return found;
}

/** GitHub docs, "Create a label": six hexadecimal digits, 100 characters; the web page takes names of 50. */
function check(name: Json | undefined, body: JsonObject, labels: readonly StoredLabel[], self?: StoredLabel): void {
  const { color, description } = body;
  if (typeof name === "string") {
    if (name.length < 1 || name.length > 50) throw invalid("Label", "name", "invalid");
    if (labels.some((label) => label !== self && same(label.name, name)))
      throw invalid("Label", "name", "already_exists");
  }
  if (typeof color === "string" && !/^[0-9a-f]{6}$/i.test(color)) throw invalid("Label", "color", "invalid");
  if (typeof description === "string" && description.length > 100)
    throw invalid("Label", "description", "custom", "description is too long (maximum is 100 characters)");
}

/** Handlers of labels. */
export const labels: Handlers = {
  "issues/list-labels-for-repo": (request, server) => {
    const repository = repositoryOf(request, server);
    return page(request, repository.labels, (label) => present(label, repository, server));
  },
  "issues/get-label": (request, server) => {
    const repository = repositoryOf(request, server);
    return ok(present(find(request, repository), repository, server));
  },
  "issues/create-label": (request, server) => {
    const repository = writableRepositoryOf(request, server);
    const { body } = request;
    check(body["name"], body, repository.labels);
    const label: StoredLabel = {
      id: server.nextId(),
      name: body["name"] as string,
      color: ((body["color"] ?? "ededed") as string).toLowerCase(),
      description: (body["description"] ?? null) as string | null,
      default: false,
    };
    repository.labels.push(label);
    const shown = present(label, repository, server);
    return { status: 201, body: shown, headers: { location: shown["url"] as string } };
  },
  "issues/update-label": (request, server) => {
    const repository = writableRepositoryOf(request, server);
    const label = find(request, repository);
    const { new_name: name, color, description } = request.body;
    check(name, request.body, repository.labels, label);
    if (typeof name === "string") label.name = name;
    if (typeof color === "string") label.color = color.toLowerCase();
    if (typeof description === "string") label.description = description === "" ? null : description;
    return ok(present(label, repository, server));
  },
  "issues/delete-label": (request, server) => {
    const repository = writableRepositoryOf(request, server);
    repository.labels.splice(repository.labels.indexOf(find(request, repository)), 1);
    return done;
  },
};
