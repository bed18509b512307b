import type { Json, JsonObject } from "./json";
import {
  done,
  invalid,
  nodeId,
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
import type { Plan, StoredRuleset } from "./state";

/*
 * Rulesets of repositories and organisations. What a rule may look like is checked against GitHub's description before.
 */

/** Rules that compare names or messages with a pattern; for enterprises only (GitHub docs, "Available rules for rulesets"). */
const enterpriseRules = [
  "commit_message_pattern",
  "commit_author_email_pattern",
  "committer_email_pattern",
  "branch_name_pattern",
  "tag_name_pattern",
];

/** Where rulesets lie. */
interface Place {
  rulesets: StoredRuleset[];
  /** Name in answers: `acme/shop` or `acme`. */
  source: string;
  sourceType: "Repository" | "Organization";
  url: string;
  plan: Plan;
}

function repositoryPlace(request: Request, server: Server, write = false): Place {
  const repository = (write ? writableRepositoryOf : repositoryOf)(request, server);
  const plan = server.state.organizations[repository.owner.toLowerCase()]?.plan ?? "free";
  if (plan === "free" && repository.settings["visibility"] !== "public")
    throw new Refusal(403, "Upgrade to GitHub Pro or make this repository public to enable this feature.");
  const source = `${repository.owner}/${repository.name}`;
  const url = `${server.api}/repos/${source}/rulesets`;
  return { rulesets: repository.rulesets, source, sourceType: "Repository", url, plan };
}

function organizationPlace(request: Request, server: Server): Place {
  const { rulesets, login, plan } = organizationOf(request, server);
  if (plan === "free") throw new Refusal(403, "Upgrade to GitHub Team to enable this feature.");
  return { rulesets, source: login, sourceType: "Organization", url: `${server.api}/orgs/${login}/rulesets`, plan };
}

function present(ruleset: StoredRuleset, { source, sourceType, url }: Place, short = false): JsonObject {
  return {
    id: ruleset.id,
    name: ruleset.name,
    target: ruleset.target,
    source_type: sourceType,
    source,
    enforcement: ruleset.enforcement,
    node_id: nodeId("RRS", ruleset.id),
    _links: { self: { href: `${url}/${ruleset.id}` } },
    created_at: ruleset.createdAt,
    updated_at: ruleset.updatedAt,
    // Lists leave out what a single answer has.
    ...(!short && {
      bypass_actors: ruleset.bypassActors,
      ...(ruleset.conditions !== null && { conditions: ruleset.conditions }),
      rules: ruleset.rules,
      current_user_can_bypass: "never",
    }),
  };
}

function check(place: Place, body: JsonObject, self?: StoredRuleset): void {
  const { name, rules, enforcement } = body;
  if (typeof name === "string") {
    if (name.length < 1 || name.length > 100)
      throw invalid("Ruleset", "name", "invalid", "Name must have 1 to 100 characters");
    if (place.rulesets.some((one) => one !== self && one.name === name))
      throw invalid("Ruleset", "name", "custom", "Name must be unique");
  }
  const types = ((rules ?? []) as { type: string }[]).map((rule) => rule.type);
  if (new Set(types).size < types.length)
    throw invalid("Ruleset", "rules", "custom", "Rules must be of different types");
  if (place.plan === "enterprise") return;
  if (enforcement === "evaluate")
    throw invalid(
      "Ruleset",
      "enforcement",
      "custom",
      "Enforcement evaluate is for organizations of an enterprise only",
    );
  const forbidden = types.find((type) => enterpriseRules.includes(type));
  if (forbidden !== undefined)
    throw invalid("Ruleset", "rules", "custom", `Rule ${forbidden} is for organizations of an enterprise only`);
}

/** Bypass actors as GitHub keeps them: the description has a default for how, and deploy keys have no number. */
function keepActors(actors: Json | undefined): Json[] {
  return ((actors ?? []) as JsonObject[]).map((actor) => ({ bypass_mode: "always", actor_id: null, ...actor }));
}

/** Rules as GitHub keeps them, with what a request may leave out. */
function keepRules(rules: Json | undefined): Json[] {
  return ((rules ?? []) as { type: string; parameters?: JsonObject }[]).map(({ type, parameters }): JsonObject => {
    if (type === "pull_request")
      return { type, parameters: { allowed_merge_methods: ["merge", "squash", "rebase"], ...parameters } };
    if (type === "required_status_checks")
      return { type, parameters: { do_not_enforce_on_create: false, ...parameters } };
    return parameters === undefined ? { type } : { type, parameters };
  });
}

function create({ body }: Request, server: Server, place: Place): Answer {
  check(place, body);
  const now = server.now();
  const ruleset: StoredRuleset = {
    id: server.nextId(),
    name: body["name"] as string,
    target: (body["target"] ?? "branch") as string,
    enforcement: body["enforcement"] as string,
    bypassActors: keepActors(body["bypass_actors"]),
    conditions: body["conditions"] ?? null,
    rules: keepRules(body["rules"]),
    createdAt: now,
    updatedAt: now,
  };
  place.rulesets.push(ruleset);
  return ok(present(ruleset, place), 201);
}

function find({ values }: Request, { rulesets }: Place): StoredRuleset {
  const found = rulesets.find((one) => one.id === Number(values["ruleset_id"]));
  if (found === undefined) throw notFound();
  return found;
}

function update(request: Request, server: Server, place: Place): Answer {
  const ruleset = find(request, place);
  const { body } = request;
  check(place, body, ruleset);
  const { name, target, enforcement, conditions } = body;
  Object.assign(ruleset, {
    ...(name !== undefined && { name }),
    ...(target !== undefined && { target }),
    ...(enforcement !== undefined && { enforcement }),
    ...(conditions !== undefined && { conditions }),
    ...(body["bypass_actors"] !== undefined && { bypassActors: keepActors(body["bypass_actors"]) }),
    ...(body["rules"] !== undefined && { rules: keepRules(body["rules"]) }),
    updatedAt: server.now(),
  });
  return ok(present(ruleset, place));
}

function remove(request: Request, place: Place): Answer {
  place.rulesets.splice(place.rulesets.indexOf(find(request, place)), 1);
  return done;
}

/** Handlers of rulesets. */
export const rulesets: Handlers = {
  "repos/get-repo-rulesets": (request, server) => {
    const place = repositoryPlace(request, server);
    return page(request, place.rulesets, (one) => present(one, place, true));
  },
  "repos/create-repo-ruleset": (request, server) => create(request, server, repositoryPlace(request, server, true)),
  "repos/get-repo-ruleset": (request, server) => {
    const place = repositoryPlace(request, server);
    return ok(present(find(request, place), place));
  },
  "repos/update-repo-ruleset": (request, server) => update(request, server, repositoryPlace(request, server, true)),
  "repos/delete-repo-ruleset": (request, server) => remove(request, repositoryPlace(request, server, true)),
  "repos/get-org-rulesets": (request, server) => {
    const place = organizationPlace(request, server);
    return page(request, place.rulesets, (one) => present(one, place, true));
  },
  "repos/create-org-ruleset": (request, server) => create(request, server, organizationPlace(request, server)),
  "repos/get-org-ruleset": (request, server) => {
    const place = organizationPlace(request, server);
    return ok(present(find(request, place), place));
  },
  "repos/update-org-ruleset": (request, server) => update(request, server, organizationPlace(request, server)),
  "repos/delete-org-ruleset": (request, server) => remove(request, organizationPlace(request, server)),
};
