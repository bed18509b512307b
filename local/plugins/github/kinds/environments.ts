import type { CheckFailure, Plain, Properties } from "../../provider";
import { isObject } from "../../provider";
import type { Body, Client } from "../client";
import { exactlyOne, given, numberOf, partsOf, textOf, type Kind, type Values } from "./kind";

/*
 * Environments of repositories, and which branches and tags may use them.
 */

/** Most reviewers of an environment, of both kinds together (Terraform provider's github_repository_environment). */
const maximumReviewers = 6;

/** Longest wait in minutes (the same). */
const maximumWait = 43_200;

/** Path of an environment, whose name may have slashes in it. */
async function environmentPath(client: Client, repository: string, environment: string): Promise<string> {
  return `${await client.repository(repository)}/environments/${encodeURIComponent(environment)}`;
}

/** Environments in IDs are written so that their colons cannot be taken for those between the parts. */
function idOf(repository: string, environment: string): string {
  return `${repository}:${environment.replaceAll(":", "??")}`;
}

function environmentOfId(part: string): string {
  return part.replaceAll("??", ":");
}

function check(inputs: Properties): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const { waitTimer, reviewers, deploymentBranchPolicy: policy } = inputs;
  if (typeof waitTimer === "number" && !(Number.isInteger(waitTimer) && waitTimer >= 0 && waitTimer <= maximumWait))
    failures.push({ property: "waitTimer", reason: `is ${waitTimer}; accepted are 0 to ${maximumWait} minutes` });
  if (Array.isArray(reviewers)) {
    if (reviewers.length > 1) failures.push({ property: "reviewers", reason: "has more than one entry" });
    const people = reviewers.flatMap((one) => (isObject(one) ? [one["teams"], one["users"]] : [])).flat();
    if (people.length > maximumReviewers)
      failures.push({
        property: "reviewers",
        reason: `has ${people.length}; accepted are ${maximumReviewers} at most`,
      });
  }
  if (isObject(policy) && typeof policy["protectedBranches"] === "boolean") {
    if (policy["protectedBranches"] === policy["customBranchPolicies"])
      failures.push({
        property: "deploymentBranchPolicy",
        reason: "has the same for protectedBranches and customBranchPolicies; one must be true and one false",
      });
  }
  return failures;
}

function toBody(inputs: Values): Body {
  const reviewers = ((inputs["reviewers"] ?? []) as Values[]).flatMap(({ teams, users }) => [
    ...((teams ?? []) as number[]).map((id) => ({ type: "Team", id })),
    ...((users ?? []) as number[]).map((id) => ({ type: "User", id })),
  ]);
  const policy = inputs["deploymentBranchPolicy"] as Values | null | undefined;
  return {
    wait_timer: inputs["waitTimer"] ?? 0,
    prevent_self_review: inputs["preventSelfReview"] ?? false,
    can_admins_bypass: inputs["canAdminsBypass"] ?? true,
    reviewers,
    deployment_branch_policy: policy
      ? {
          protected_branches: policy["protectedBranches"] ?? false,
          custom_branch_policies: policy["customBranchPolicies"] ?? false,
        }
      : null,
  };
}

function fromBody(found: Body): Values {
  const rules = (found["protection_rules"] ?? []) as Body[];
  const rule = (type: string) => rules.find((one) => one["type"] === type);
  const required = rule("required_reviewers");
  const idsOf = (type: string): Plain[] =>
    ((required?.["reviewers"] ?? []) as { type: string; reviewer: { id: number } }[])
      .filter((one) => one.type === type)
      .map((one) => one.reviewer.id);
  const policy = found["deployment_branch_policy"] as Body | null;
  return {
    environment: found["name"] ?? "",
    waitTimer: rule("wait_timer")?.["wait_timer"] ?? 0,
    preventSelfReview: required?.["prevent_self_review"] ?? false,
    canAdminsBypass: found["can_admins_bypass"] ?? true,
    reviewers: required === undefined ? [] : [{ teams: idsOf("Team"), users: idsOf("User") }],
    ...(policy && {
      deploymentBranchPolicy: {
        protectedBranches: policy["protected_branches"] ?? false,
        customBranchPolicies: policy["custom_branch_policies"] ?? false,
      },
    }),
  };
}

async function put(client: Client, inputs: Values): Promise<string> {
  const [repository, environment] = [textOf(inputs, "repository"), textOf(inputs, "environment")];
  await client.send("PUT", await environmentPath(client, repository, environment), toBody(inputs));
  return idOf(repository, environment);
}

/** RepositoryEnvironment. Its ID is `REPOSITORY:ENVIRONMENT`. */
export const repositoryEnvironment: Kind = {
  defaults: { canAdminsBypass: true },
  replaces: ["repository", "environment"],
  sets: ["teams", "users"],
  check,
  create: put,
  read: async (client, id) => {
    const [repository, part] = partsOf(id, "REPOSITORY", "ENVIRONMENT");
    const environment = environmentOfId(part);
    const found = await client.find(await environmentPath(client, repository, environment));
    if (found === null) return null;
    const repositoryId = await client.repositoryId(repository);
    return { id, values: { ...fromBody(found), environment, repository, repositoryId } };
  },
  update: (client, _, news) => put(client, news),
  delete: async (client, _, state) =>
    client.remove(await environmentPath(client, textOf(state, "repository"), textOf(state, "environment"))),
};

const patterns = ["branchPattern", "tagPattern"] as const;

/** RepositoryEnvironmentDeploymentPolicy. Its ID is `REPOSITORY:ENVIRONMENT:NUMBER`. */
export const deploymentPolicy: Kind = {
  replaces: ["repository", "environment"],
  check: (inputs) => exactlyOne(inputs, patterns),
  create: async (client, inputs) => {
    const [repository, environment] = [textOf(inputs, "repository"), textOf(inputs, "environment")];
    const isBranch = typeof inputs["branchPattern"] === "string";
    const path = `${await environmentPath(client, repository, environment)}/deployment-branch-policies`;
    const made = await client.send("POST", path, {
      name: textOf(inputs, isBranch ? "branchPattern" : "tagPattern"),
      type: isBranch ? "branch" : "tag",
    });
    return `${idOf(repository, environment)}:${numberOf(made, "id")}`;
  },
  read: async (client, id) => {
    const [repository, part, number] = partsOf(id, "REPOSITORY", "ENVIRONMENT", "NUMBER");
    const environment = environmentOfId(part);
    const path = await environmentPath(client, repository, environment);
    const found = await client.find(`${path}/deployment-branch-policies/${number}`);
    if (found === null) return null;
    const pattern = found["type"] === "tag" ? "tagPattern" : "branchPattern";
    return {
      id,
      values: given({
        repository,
        repositoryId: await client.repositoryId(repository),
        environment,
        policyId: found["id"],
        [pattern]: found["name"],
      }),
    };
  },
  update: async (client, id, news) => {
    const [repository, part, number] = partsOf(id, "REPOSITORY", "ENVIRONMENT", "NUMBER");
    const path = await environmentPath(client, repository, environmentOfId(part));
    const name = news["branchPattern"] ?? news["tagPattern"] ?? "";
    await client.send("PUT", `${path}/deployment-branch-policies/${number}`, { name });
    return id;
  },
  delete: async (client, id) => {
    const [repository, part, number] = partsOf(id, "REPOSITORY", "ENVIRONMENT", "NUMBER");
    const path = await environmentPath(client, repository, environmentOfId(part));
    await client.remove(`${path}/deployment-branch-policies/${number}`);
  },
};
