import { presentOwner, presentTeam } from "./accounts";
import type { JsonObject } from "./json";
import {
  done,
  environmentOf,
  nodeId,
  notFound,
  ok,
  page,
  Refusal,
  repositoryOf,
  writableRepositoryOf,
  type Answer,
  type Handlers,
  type Request,
  type Server,
} from "./http";
import type { StoredBranchPolicy, StoredEnvironment, StoredRepository } from "./state";

/*
 * Environments of repositories, with who must approve and which branches may use them.
 */

/** Most reviewers of an environment (GitHub docs, "Deployments and environments"). */
const maximumReviewers = 6;

/** Longest wait in minutes, which is 30 days (GitHub docs, "Create or update an environment"). */
const maximumWait = 43_200;

function present(environment: StoredEnvironment, repository: StoredRepository, server: Server): JsonObject {
  const { id, name } = environment;
  const path = `${repository.owner}/${repository.name}`;
  const rules: JsonObject[] = [];
  const add = (type: string, more: JsonObject) => {
    const number = id * 10 + rules.length;
    rules.push({ id: number, node_id: nodeId("GA", number), type, ...more });
  };
  if (environment.waitTimer > 0) add("wait_timer", { wait_timer: environment.waitTimer });
  if (environment.reviewers.length > 0)
    add("required_reviewers", {
      prevent_self_review: environment.preventSelfReview,
      reviewers: environment.reviewers.map((one) => ({
        type: one.type,
        reviewer: presentReviewer(one, repository, server),
      })),
    });
  if (environment.branchPolicy !== null) add("branch_policy", {});
  return {
    id,
    node_id: nodeId("EN", id),
    name,
    url: `${server.api}/repos/${path}/environments/${encodeURIComponent(name)}`,
    html_url: `${server.web}/${path}/deployments/activity_log?environments_filter=${encodeURIComponent(name)}`,
    created_at: environment.createdAt,
    updated_at: environment.updatedAt,
    can_admins_bypass: environment.canAdminsBypass,
    protection_rules: rules,
    deployment_branch_policy: environment.branchPolicy,
  };
}

function presentReviewer(
  { type, id }: StoredEnvironment["reviewers"][number],
  { owner }: StoredRepository,
  server: Server,
): JsonObject {
  if (type === "User") {
    const user = Object.values(server.state.users).find((one) => one.id === id);
    if (user !== undefined) return presentOwner(user.login, server);
  }
  const organization = server.state.organizations[owner.toLowerCase()];
  const team = organization?.teams.find((one) => one.id === id);
  if (organization !== undefined && team !== undefined) return presentTeam(team, organization, server);
  throw new Error(`the reviewer ${type} ${id} is gone`);
}

function checkProtection(body: JsonObject, repository: StoredRepository, server: Server): void {
  const wait = body["wait_timer"];
  if (typeof wait === "number" && (wait < 0 || wait > maximumWait))
    throw new Refusal(422, `Wait timer must be between 0 and ${maximumWait} minutes.`);
  const reviewers = (body["reviewers"] ?? []) as { type: "User" | "Team"; id: number }[];
  if (reviewers.length > maximumReviewers)
    throw new Refusal(422, `Only ${maximumReviewers} reviewers are allowed for an environment.`);
  const organization = server.state.organizations[repository.owner.toLowerCase()];
  for (const { type, id } of reviewers) {
    const known = type === "User" ? Object.values(server.state.users) : (organization?.teams ?? []);
    if (!known.some((one) => one.id === id))
      throw new Refusal(422, `Could not resolve to a ${type} with the id ${id}.`);
  }
  const policy = body["deployment_branch_policy"] as StoredEnvironment["branchPolicy"] | undefined;
  if (policy && policy.protected_branches === policy.custom_branch_policies)
    throw new Refusal(422, "protected_branches and custom_branch_policies cannot have the same value.");
  // GitHub docs, "Deployments and environments": in private and internal repositories these are for enterprises.
  const isPrivate = repository.settings["visibility"] !== "public";
  const needs = reviewers.length > 0 ? "required reviewers" : Number(wait ?? 0) > 0 ? "wait timer" : undefined;
  if (isPrivate && organization?.plan !== "enterprise" && needs !== undefined)
    throw new Refusal(
      422,
      `Failed to create the environment protection rule. Please ensure the billing plan supports the ${needs} protection rule.`,
    );
}

async function put(request: Request, server: Server): Promise<Answer> {
  const { body, values } = request;
  const repository = writableRepositoryOf(request, server);
  const name = values["environment_name"] ?? "";
  checkProtection(body, repository, server);
  const now = server.now();
  const environment = (repository.environments[name.toLowerCase()] ??= {
    id: server.nextId(),
    name,
    waitTimer: 0,
    preventSelfReview: false,
    canAdminsBypass: true,
    reviewers: [],
    branchPolicy: null,
    branchPolicies: [],
    key: await server.newKey(),
    secrets: {},
    variables: {},
    createdAt: now,
    updatedAt: now,
  });
  // A put says everything: what it leaves out is off (GitHub docs: the parameters' defaults).
  environment.waitTimer = Number(body["wait_timer"] ?? 0);
  environment.preventSelfReview = body["prevent_self_review"] === true;
  environment.canAdminsBypass = body["can_admins_bypass"] !== false;
  environment.reviewers = (body["reviewers"] ?? []) as unknown as StoredEnvironment["reviewers"];
  environment.branchPolicy = (body["deployment_branch_policy"] ?? null) as StoredEnvironment["branchPolicy"];
  if (environment.branchPolicy?.custom_branch_policies !== true) environment.branchPolicies = [];
  environment.updatedAt = now;
  return ok(present(environment, repository, server));
}

function presentPolicy({ id, name, type }: StoredBranchPolicy): JsonObject {
  return { id, node_id: nodeId("GP", id), name, type };
}

/** The environment, if it has branch policies of its own: else GitHub says that it is not there. */
function withPolicies(request: Request, server: Server): StoredEnvironment {
  const environment = environmentOf(request, server);
  if (environment.branchPolicy?.custom_branch_policies !== true) throw notFound();
  return environment;
}

function findPolicy({ values }: Request, { branchPolicies }: StoredEnvironment): StoredBranchPolicy {
  const found = branchPolicies.find((one) => one.id === Number(values["branch_policy_id"]));
  if (found === undefined) throw notFound();
  return found;
}

/** Handlers of environments. */
export const environments: Handlers = {
  "repos/get-all-environments": (request, server) => {
    const repository = repositoryOf(request, server);
    return page(
      request,
      Object.values(repository.environments),
      (one) => present(one, repository, server),
      (items, total) => ({ total_count: total, environments: items }),
    );
  },
  "repos/get-environment": (request, server) =>
    ok(present(environmentOf(request, server), repositoryOf(request, server), server)),
  "repos/create-or-update-environment": put,
  "repos/delete-an-environment": (request, server) => {
    const { name } = environmentOf(request, server);
    Reflect.deleteProperty(writableRepositoryOf(request, server).environments, name.toLowerCase());
    return done;
  },
  "repos/list-deployment-branch-policies": (request, server) =>
    page(request, withPolicies(request, server).branchPolicies, presentPolicy, (items, total) => ({
      total_count: total,
      branch_policies: items,
    })),
  "repos/create-deployment-branch-policy": (request, server) => {
    writableRepositoryOf(request, server);
    const { branchPolicies } = withPolicies(request, server);
    const name = request.body["name"] as string;
    const type = (request.body["type"] ?? "branch") as StoredBranchPolicy["type"];
    if (branchPolicies.some((one) => one.name === name && one.type === type)) return { status: 303 };
    const policy = { id: server.nextId(), name, type };
    branchPolicies.push(policy);
    return ok(presentPolicy(policy));
  },
  "repos/get-deployment-branch-policy": (request, server) =>
    ok(presentPolicy(findPolicy(request, withPolicies(request, server)))),
  "repos/update-deployment-branch-policy": (request, server) => {
    writableRepositoryOf(request, server);
    const policy = findPolicy(request, withPolicies(request, server));
    policy.name = request.body["name"] as string;
    return ok(presentPolicy(policy));
  },
  "repos/delete-deployment-branch-policy": (request, server) => {
    writableRepositoryOf(request, server);
    const environment = withPolicies(request, server);
    environment.branchPolicies.splice(environment.branchPolicies.indexOf(findPolicy(request, environment)), 1);
    return done;
  },
};
