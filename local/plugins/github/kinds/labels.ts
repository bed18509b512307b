import type { CheckFailure, Properties } from "../../provider";
import { isObject } from "../../provider";
import type { Body, Client } from "../client";
import { matching, partsOf, textOf, type Kind, type Values } from "./kind";

/*
 * Labels: one by one, which leaves all others alone, or all of a repository.
 */

function check(inputs: Properties): CheckFailure[] {
  return [
    ...matching(inputs, "color", /^[0-9a-f]{6}$/i, "six hexadecimal digits without #"),
    ...matching(inputs, "description", /^[^]{0,100}$/, "at most 100 characters"),
  ];
}

async function labelPath(client: Client, repository: string, name?: string): Promise<string> {
  const path = `${await client.repository(repository)}/labels`;
  return name === undefined ? path : `${path}/${encodeURIComponent(name)}`;
}

function toBody(label: Values): Body {
  return { color: textOf(label, "color").toLowerCase(), description: label["description"] ?? "" };
}

function fromBody(found: Body): Values {
  return {
    name: found["name"] ?? "",
    color: found["color"] ?? "",
    description: found["description"] ?? "",
    url: found["url"] ?? "",
  };
}

/** Makes a label or takes over the one of that name: a new repository has labels already. */
async function put(client: Client, repository: string, label: Values, formerName: string): Promise<void> {
  const name = textOf(label, "name");
  const former = await labelPath(client, repository, formerName);
  if ((await client.find(former)) !== null) await client.send("PATCH", former, { new_name: name, ...toBody(label) });
  else await client.send("POST", await labelPath(client, repository), { name, ...toBody(label) });
}

/** Colours that GitHub writes in small letters. */
function lowerCase(inputs: Properties): Properties {
  const { color } = inputs;
  return typeof color === "string" ? { ...inputs, color: color.toLowerCase() } : inputs;
}

/** IssueLabel. Its ID is `REPOSITORY:NAME`. */
export const issueLabel: Kind = {
  autoname: { property: "name", maximum: 50 },
  replaces: ["repository"],
  computed: ["etag"],
  unreadable: ["etag"],
  check: (inputs) => [...matching(inputs, "name", /^[^]{1,50}$/, "1 to 50 characters"), ...check(inputs)],
  complete: lowerCase,
  create: async (client, inputs) => {
    const [repository, name] = [textOf(inputs, "repository"), textOf(inputs, "name")];
    await put(client, repository, inputs, name);
    return `${repository}:${name}`;
  },
  read: async (client, id, state) => {
    const [repository, named] = partsOf(id, "REPOSITORY", "NAME");
    const name = typeof state["name"] === "string" ? state["name"] : named;
    const found = await client.find(await labelPath(client, repository, name));
    return found && { id: `${repository}:${found["name"] as string}`, values: { ...fromBody(found), repository } };
  },
  update: async (client, _, news, state) => {
    const repository = textOf(news, "repository");
    await put(client, repository, news, textOf(state, "name"));
    return `${repository}:${textOf(news, "name")}`;
  },
  delete: async (client, _, state) =>
    client.remove(await labelPath(client, textOf(state, "repository"), textOf(state, "name"))),
};

function listOf(values: Values): Values[] {
  return (values["labels"] ?? []) as Values[];
}

/** Makes a repository's labels those that are given: others are deleted. */
async function putAll(client: Client, inputs: Values): Promise<string> {
  const repository = textOf(inputs, "repository");
  const existing = new Map(
    (await client.list(await labelPath(client, repository))).map((label) => [
      (label["name"] as string).toLowerCase(),
      label,
    ]),
  );
  for (const label of listOf(inputs)) {
    const name = textOf(label, "name");
    const found = existing.get(name.toLowerCase());
    existing.delete(name.toLowerCase());
    if (found === undefined) await client.send("POST", await labelPath(client, repository), { name, ...toBody(label) });
    else if (
      found["name"] !== name ||
      found["color"] !== toBody(label)["color"] ||
      (found["description"] ?? "") !== toBody(label)["description"]
    )
      await client.send("PATCH", await labelPath(client, repository, found["name"] as string), {
        new_name: name,
        ...toBody(label),
      });
  }
  for (const label of existing.values())
    await client.remove(await labelPath(client, repository, label["name"] as string));
  return repository;
}

/** IssueLabels. Its ID is the repository's name. */
export const issueLabels: Kind = {
  replaces: ["repository"],
  sets: ["labels"],
  check: ({ labels }) =>
    (Array.isArray(labels) ? labels : []).flatMap((label, index) =>
      isObject(label)
        ? check(label).map(({ property, reason }) => ({ property: `labels[${index}].${property}`, reason }))
        : [],
    ),
  complete: (inputs) => {
    const { labels } = inputs;
    if (!Array.isArray(labels)) return inputs;
    return { ...inputs, labels: labels.map((label) => (isObject(label) ? lowerCase(withoutUrl(label)) : label)) };
  },
  create: putAll,
  read: async (client, id) => {
    const path = await client.repository(id);
    if ((await client.find(path)) === null) return null;
    const labels = await client.list(`${path}/labels`);
    return { id, values: { repository: id, labels: labels.map(fromBody) } };
  },
  update: (client, _, news) => putAll(client, news),
  delete: async (client, id, state) => {
    for (const label of listOf(state)) await client.remove(await labelPath(client, id, textOf(label, "name")));
  },
};

function withoutUrl(label: Properties): Properties {
  return Object.fromEntries(Object.entries(label).filter(([name]) => name !== "url"));
}
