import type { CheckFailure, Plain, Properties, PropertyValue } from "../../provider";
import { isObject } from "../../provider";
import type { Body, Client } from "../client";
import { given, numberOf, oneOf, partsOf, textOf, type Kind, type Values, type View } from "./kind";

/*
 * Rulesets of repositories and organisations. The API has a list of typed rules with parameters; the properties have one field a rule.
 * Names are the API's in camel case, but for those in `names`.
 */

/** Properties whose name is not the API's in camel case. */
const names: Record<string, string> = {
  excludes: "exclude",
  includes: "include",
  requiredChecks: "required_status_checks",
  requiredCodeScanningTools: "code_scanning_tools",
  requiredWorkflows: "workflows",
};

/** Rules whose name is not the API's in camel case. */
const ruleTypes: Record<string, string> = { requiredCodeScanning: "code_scanning", requiredWorkflows: "workflows" };

/** Rules that are on or off. */
const switches = ["creation", "deletion", "nonFastForward", "requiredLinearHistory", "requiredSignatures", "update"];

/** What the API demands and the properties may leave out, by rule. */
const parameters: Record<string, Values> = {
  pullRequest: {
    allowedMergeMethods: ["merge", "rebase", "squash"],
    dismissStaleReviewsOnPush: false,
    requireCodeOwnerReview: false,
    requireLastPushApproval: false,
    requiredApprovingReviewCount: 0,
    requiredReviewThreadResolution: false,
  },
  requiredStatusChecks: { doNotEnforceOnCreate: false, strictRequiredStatusChecksPolicy: false },
  mergeQueue: {
    checkResponseTimeoutMinutes: 60,
    groupingStrategy: "ALLGREEN",
    maxEntriesToBuild: 5,
    maxEntriesToMerge: 5,
    mergeMethod: "MERGE",
    minEntriesToMerge: 1,
    minEntriesToMergeWaitMinutes: 5,
  },
  copilotCodeReview: { reviewDraftPullRequests: false, reviewOnPush: false },
};

function toSnake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toCamel(name: string): string {
  return name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const apiNames = new Map(Object.entries(names));
const propertyNames = new Map(Object.entries(names).map(([property, name]) => [name, property]));
const propertyOfType = new Map(Object.entries(ruleTypes).map(([property, type]) => [type, property]));

function toApi(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(toApi);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== null)
      .map(([name, one]) => [apiNames.get(name) ?? toSnake(name), toApi(one)]),
  );
}

function fromApi(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(fromApi);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== null)
      .map(([name, one]) => [propertyNames.get(name) ?? toCamel(name), fromApi(one)]),
  );
}

function isValues(value: Plain | undefined): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function rulesToApi(rules: Plain | undefined): Plain[] {
  if (!isValues(rules)) return [];
  return Object.entries(rules).flatMap(([name, value]): Plain[] => {
    const type = ruleTypes[name] ?? toSnake(name);
    if (value === null || name === "updateAllowsFetchAndMerge") return [];
    if (name === "update") {
      const update_allows_fetch_and_merge = rules["updateAllowsFetchAndMerge"] === true;
      return value === true ? [{ type, parameters: { update_allows_fetch_and_merge } }] : [];
    }
    if (switches.includes(name)) return value === true ? [{ type }] : [];
    return [{ type, parameters: toApi({ ...parameters[name], ...(value as Values) }) }];
  });
}

function rulesFromApi(rules: Plain | undefined): Values {
  const found: Values = {};
  for (const rule of (rules ?? []) as { type: string; parameters?: Values }[]) {
    const name = propertyOfType.get(rule.type) ?? toCamel(rule.type);
    if (!switches.includes(name)) found[name] = fromApi(rule.parameters ?? {});
    else found[name] = true;
    if (name === "update")
      found["updateAllowsFetchAndMerge"] = rule.parameters?.["update_allows_fetch_and_merge"] ?? false;
  }
  return found;
}

function conditionsToApi(conditions: Plain | undefined): Body | undefined {
  if (!isValues(conditions)) return undefined;
  const { repositoryIds, ...others } = conditions;
  const ids: Body = Array.isArray(repositoryIds) ? { repository_id: { repository_ids: repositoryIds } } : {};
  return { ...(toApi(others) as Body), ...ids };
}

function conditionsFromApi(conditions: Plain | undefined): Plain | undefined {
  if (!isValues(conditions)) return undefined;
  const { repository_id: ids, ...others } = conditions;
  const list: Values = isValues(ids) ? { repositoryIds: ids["repository_ids"] ?? [] } : {};
  return { ...(fromApi(others) as Values), ...list };
}

function toBody(inputs: Values): Body {
  const actors = (inputs["bypassActors"] ?? []) as Values[];
  return {
    name: textOf(inputs, "name"),
    target: textOf(inputs, "target"),
    enforcement: textOf(inputs, "enforcement"),
    bypass_actors: actors.map(({ actorId, actorType, bypassMode }) => ({
      // Deploy keys have no number.
      actor_id: actorId === undefined || actorId === 0 ? null : actorId,
      actor_type: actorType ?? null,
      bypass_mode: bypassMode ?? null,
    })),
    ...given({ conditions: conditionsToApi(inputs["conditions"]) }),
    rules: rulesToApi(inputs["rules"]),
  };
}

function fromBody(found: Body): Values {
  return given({
    name: found["name"],
    target: found["target"],
    enforcement: found["enforcement"],
    bypassActors: fromApi(found["bypass_actors"] ?? []),
    conditions: conditionsFromApi(found["conditions"]),
    rules: rulesFromApi(found["rules"]),
    nodeId: found["node_id"],
    rulesetId: found["id"],
  });
}

/** The accepted values are those of the Terraform provider's github_repository_ruleset. */
function check(inputs: Properties): CheckFailure[] {
  const { bypassActors } = inputs;
  const actors = Array.isArray(bypassActors) ? bypassActors : [];
  return [
    ...oneOf(inputs, "target", ["branch", "tag", "push"]),
    ...oneOf(inputs, "enforcement", ["disabled", "active", "evaluate"]),
    ...actors.flatMap((actor, index) =>
      isObject(actor)
        ? [
            ...oneOf(actor, "actorType", [
              "RepositoryRole",
              "Team",
              "Integration",
              "OrganizationAdmin",
              "DeployKey",
              "User",
            ]),
            ...oneOf(actor, "bypassMode", ["always", "pull_request", "exempt"]),
          ].map(({ property, reason }) => ({ property: `bypassActors[${index}].${property}`, reason }))
        : [],
    ),
  ];
}

function complete(inputs: Properties): Properties {
  const { rules } = inputs;
  if (!isObject(rules)) return inputs;
  const whole: Properties = { ...rules };
  for (const [name, values] of Object.entries(parameters)) {
    const rule: PropertyValue | undefined = whole[name];
    if (isObject(rule)) whole[name] = { ...values, ...withoutNull(rule) };
  }
  return { ...inputs, rules: whole };
}

function withoutNull(values: Properties): Properties {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

const common = {
  autoname: { property: "name", maximum: 100 },
  sets: ["allowedMergeMethods", "requiredChecks", "requiredCodeScanningTools", "requiredWorkflows"],
  check,
  complete,
} satisfies Partial<Kind>;

async function find(client: Client, path: string, id: string): Promise<Body | null> {
  if (!/^\d+$/.test(id)) throw new Error(`"${id}" is not the number of a ruleset`);
  return client.find(`${path}/rulesets/${id}`);
}

/** RepositoryRuleset. Its ID is its number; for an import it is `REPOSITORY:NUMBER`. */
export const repositoryRuleset: Kind = {
  ...common,
  replaces: ["repository"],
  create: async (client, inputs) => {
    const path = await client.repository(textOf(inputs, "repository"));
    const made = await client.send("POST", `${path}/rulesets`, toBody(inputs));
    return numberOf(made, "id");
  },
  read: async (client, id, state): Promise<View | null> => {
    const [repository, number] =
      typeof state["repository"] === "string" ? [state["repository"], id] : partsOf(id, "REPOSITORY", "NUMBER");
    const found = await find(client, await client.repository(repository), number);
    return found && { id: number, values: { ...fromBody(found), repository } };
  },
  update: async (client, id, news) => {
    const path = await client.repository(textOf(news, "repository"));
    await client.send("PUT", `${path}/rulesets/${id}`, toBody(news));
    return id;
  },
  delete: async (client, id, state) =>
    client.remove(`${await client.repository(textOf(state, "repository"))}/rulesets/${id}`),
};

/** OrganizationRuleset. Its ID is its number. */
export const organizationRuleset: Kind = {
  ...common,
  create: async (client, inputs) => {
    const made = await client.send("POST", `${await client.organization()}/rulesets`, toBody(inputs));
    return numberOf(made, "id");
  },
  read: async (client, id): Promise<View | null> => {
    const found = await find(client, await client.organization(), id);
    return found && { id, values: fromBody(found) };
  },
  update: async (client, id, news) => {
    await client.send("PUT", `${await client.organization()}/rulesets/${id}`, toBody(news));
    return id;
  },
  delete: async (client, id) => client.remove(`${await client.organization()}/rulesets/${id}`),
};
