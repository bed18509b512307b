import type { CheckFailure, Plain, Properties } from "../../provider";
import type { Body, Client } from "../client";
import { seal } from "../seal";
import {
  exactlyOne,
  given,
  isGiven,
  matching,
  oneOf,
  partsOf,
  textOf,
  type Kind,
  type Values,
  type View,
} from "./kind";

/*
 * Secrets and variables of Actions in repositories, their environments and organisations. A secret goes over HTTP sealed; GitHub never
 * tells it again, so that a change by somebody else shows by its time only.
 */

/** Where secrets and variables lie. */
interface Place {
  /** Properties that say where, in the order of the ID. */
  properties: ("repository" | "environment")[];
  path: (client: Client, where: Values) => Promise<string>;
  /** Whether what lies there is for some repositories only. */
  scope: boolean;
  /** Properties of secrets that mean nothing here. */
  ignored: readonly string[];
}

const inRepository: Place = {
  properties: ["repository"],
  path: async (client, where) => `${await client.repository(textOf(where, "repository"))}/actions`,
  scope: false,
  ignored: ["destroyOnDrift"],
};

const inEnvironment: Place = {
  properties: ["repository", "environment"],
  path: async (client, where) => {
    const repository = await client.repository(textOf(where, "repository"));
    return `${repository}/environments/${encodeURIComponent(textOf(where, "environment"))}`;
  },
  scope: false,
  ignored: [],
};

const inOrganization: Place = {
  properties: [],
  path: async (client) => `${await client.organization()}/actions`,
  scope: true,
  ignored: ["destroyOnDrift"],
};

function idOf({ properties }: Place, inputs: Values, name: string): string {
  return [...properties.map((property) => textOf(inputs, property).replaceAll(":", "??")), name].join(":");
}

/** The properties that an ID is made of. */
function whereOf({ properties }: Place, id: string, nameProperty: string): Values {
  const labels = [...properties, nameProperty].map((name) => name.toUpperCase());
  const parts: string[] = partsOf(id, ...labels);
  return Object.fromEntries(
    [...properties, nameProperty].map((name, i) => [name, (parts[i] ?? "").replaceAll("??", ":")]),
  );
}

async function repositoryIdOf(client: Client, where: Values): Promise<Values> {
  const repository = where["repository"];
  return typeof repository === "string" ? { repositoryId: await client.repositoryId(repository) } : {};
}

/** The property with a list of repositories, which other resources may change. */
function selected({ scope }: Place): string[] {
  return scope ? ["selectedRepositoryIds"] : [];
}

/** For which repositories of an organisation something is. */
function scopeOf({ scope }: Place, inputs: Values): Body {
  if (!scope) return {};
  return given({ visibility: inputs["visibility"], selected_repository_ids: inputs["selectedRepositoryIds"] });
}

function checkScope({ scope }: Place, inputs: Properties): CheckFailure[] {
  if (!scope) return [];
  const failures = oneOf(inputs, "visibility", ["all", "private", "selected"]);
  if (isGiven(inputs, "selectedRepositoryIds") && inputs["visibility"] !== "selected")
    failures.push({ property: "selectedRepositoryIds", reason: "can be given with the visibility selected only" });
  return failures;
}

/** Names as GitHub takes them (GitHub docs, "Secrets reference": naming your secrets). */
function checkName(inputs: Properties, property: string): CheckFailure[] {
  return matching(
    inputs,
    property,
    /^(?!github_)[a-z_][a-z0-9_]*$/i,
    "letters, digits and underscores, no digit first, and not GITHUB_ first",
  );
}

/** Ways of giving a secret; two are older names of the other two. */
const values = ["value", "valueEncrypted", "plaintextValue", "encryptedValue"];

/**
 * How secrets and variables are found again and deleted, which is the same for both.
 *
 * @param own what one has beside its place, visibility and time of creation
 */
function stored(
  place: Place,
  { list, nameProperty }: { list: "secrets" | "variables"; nameProperty: string },
  own: (found: Body, state: Values) => Record<string, Plain | undefined>,
): Pick<Kind, "read" | "delete"> {
  const addressOf = async (client: Client, where: Values) =>
    `${await place.path(client, where)}/${list}/${textOf(where, nameProperty)}`;
  return {
    read: async (client, id, state): Promise<View | null> => {
      const where = whereOf(place, id, nameProperty);
      const found = await client.find(await addressOf(client, where));
      if (found === null) return null;
      return {
        id,
        values: given({
          ...where,
          ...(await repositoryIdOf(client, where)),
          ...(place.scope && { visibility: found["visibility"] }),
          createdAt: found["created_at"],
          ...own(found, state),
        }),
      };
    },
    delete: async (client, id) => client.remove(await addressOf(client, whereOf(place, id, nameProperty))),
  };
}

function secretKind(place: Place): Kind {
  const put = async (client: Client, inputs: Values): Promise<string> => {
    const path = `${await place.path(client, inputs)}/secrets`;
    const name = textOf(inputs, "secretName");
    const sealed = inputs["valueEncrypted"] ?? inputs["encryptedValue"];
    const key = (await client.get(`${path}/public-key`)) as { key_id: string; key: string };
    const secret =
      typeof sealed === "string"
        ? { encrypted_value: sealed, key_id: inputs["keyId"] ?? key.key_id }
        : {
            encrypted_value: await seal(textOf(inputs, "value" in inputs ? "value" : "plaintextValue"), key.key),
            key_id: key.key_id,
          };
    await client.send("PUT", `${path}/${name}`, { ...secret, ...scopeOf(place, inputs) });
    return idOf(place, inputs, name);
  };
  const unreadable = ["keyId", ...place.ignored, ...selected(place)];
  return {
    replaces: [...place.properties, "secretName"],
    computed: unreadable,
    sets: selected(place),
    unreadable: [...values, ...unreadable],
    check: (inputs) => {
      const failures = [
        ...checkName(inputs, "secretName"),
        ...exactlyOne(inputs, values),
        ...checkScope(place, inputs),
      ];
      if (isGiven(inputs, "valueEncrypted") && !isGiven(inputs, "keyId"))
        failures.push({ property: "keyId", reason: "is required with valueEncrypted" });
      return failures;
    },
    // Somebody else has set it since.
    drift: ({ updatedAt, remoteUpdatedAt, plaintextValue }) =>
      updatedAt === remoteUpdatedAt
        ? []
        : [isGiven({ plaintextValue: plaintextValue ?? null }, "plaintextValue") ? "plaintextValue" : "value"],
    create: put,
    ...stored(place, { list: "secrets", nameProperty: "secretName" }, (found, state) => ({
      remoteUpdatedAt: found["updated_at"],
      updatedAt: state["updatedAt"] ?? found["updated_at"],
    })),
    update: (client, _, news) => put(client, news),
  };
}

function variableKind(place: Place): Kind {
  return {
    replaces: [...place.properties, "variableName"],
    computed: selected(place),
    sets: selected(place),
    unreadable: selected(place),
    check: (inputs) => [...checkName(inputs, "variableName"), ...checkScope(place, inputs)],
    create: async (client, inputs) => {
      const name = textOf(inputs, "variableName");
      await client.send("POST", `${await place.path(client, inputs)}/variables`, {
        name,
        value: textOf(inputs, "value"),
        ...scopeOf(place, inputs),
      });
      return idOf(place, inputs, name);
    },
    ...stored(place, { list: "variables", nameProperty: "variableName" }, (found) => ({
      value: found["value"],
      updatedAt: found["updated_at"],
    })),
    update: async (client, id, news) => {
      const name = textOf(news, "variableName");
      await client.send("PATCH", `${await place.path(client, news)}/variables/${name}`, {
        value: textOf(news, "value"),
        ...scopeOf(place, news),
      });
      return id;
    },
  };
}

/** ActionsSecret. Its ID is `REPOSITORY:NAME`. */
export const repositorySecret = secretKind(inRepository);
/** ActionsEnvironmentSecret. Its ID is `REPOSITORY:ENVIRONMENT:NAME`. */
export const environmentSecret = secretKind(inEnvironment);
/** ActionsOrganizationSecret. Its ID is its name. */
export const organizationSecret = secretKind(inOrganization);
/** ActionsVariable. Its ID is `REPOSITORY:NAME`. */
export const repositoryVariable = variableKind(inRepository);
/** ActionsEnvironmentVariable. Its ID is `REPOSITORY:ENVIRONMENT:NAME`. */
export const environmentVariable = variableKind(inEnvironment);
/** ActionsOrganizationVariable. Its ID is its name. */
export const organizationVariable = variableKind(inOrganization);
