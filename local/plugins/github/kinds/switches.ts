import type { Body, Client } from "../client";
import { given, numberOf, partsOf, textOf, type Kind, type Values } from "./kind";

/*
 * Settings of which every repository or organisation has exactly one: to make such a resource is to set it, and to delete it is to set
 * it back.
 */

async function sendClaims(client: Client, path: string, body: Body): Promise<void> {
  await client.send("PUT", `${path}/actions/oidc/customization/sub`, body);
}

async function setClaims(client: Client, inputs: Values): Promise<string> {
  const repository = textOf(inputs, "repository");
  const keys = inputs["includeClaimKeys"];
  await sendClaims(client, await client.repository(repository), {
    use_default: inputs["useDefault"] === true,
    ...given({ include_claim_keys: keys }),
  });
  return repository;
}

/** ActionsRepositoryOidcSubjectClaimCustomizationTemplate. Its ID is the repository's name. */
export const repositoryOidc: Kind = {
  replaces: ["repository"],
  check: ({ useDefault, includeClaimKeys }) => {
    const hasKeys = Array.isArray(includeClaimKeys) && includeClaimKeys.length > 0;
    if (useDefault === true && hasKeys)
      return [{ property: "includeClaimKeys", reason: "cannot be given when useDefault is true" }];
    return [];
  },
  create: setClaims,
  read: async (client, id) => {
    const found = await client.find(`${await client.repository(id)}/actions/oidc/customization/sub`);
    if (found === null) return null;
    const { use_default: useDefault, include_claim_keys: includeClaimKeys } = found;
    return { id, values: given({ repository: id, useDefault, includeClaimKeys }) };
  },
  update: (client, _, news) => setClaims(client, news),
  delete: async (client, id) => sendClaims(client, await client.repository(id), { use_default: true }),
};

async function setOrganizationClaims(client: Client, inputs: Values): Promise<string> {
  await sendClaims(client, await client.organization(), { include_claim_keys: inputs["includeClaimKeys"] ?? [] });
  return client.owner();
}

/** ActionsOrganizationOidcSubjectClaimCustomizationTemplate. Its ID is the organisation's login. */
export const organizationOidc: Kind = {
  create: setOrganizationClaims,
  read: async (client, id) => {
    const found = await client.find(`${await client.organization()}/actions/oidc/customization/sub`);
    return found && { id, values: given({ includeClaimKeys: found["include_claim_keys"] }) };
  },
  update: (client, _, news) => setOrganizationClaims(client, news),
  // What organisations have before anybody changes it (GitHub docs, "OpenID Connect reference").
  delete: async (client) =>
    sendClaims(client, await client.organization(), { include_claim_keys: ["repo", "context"] }),
};

/** Something of a repository that is switched on by PUT and off by DELETE. */
async function toggle(client: Client, inputs: Values, feature: string): Promise<void> {
  const path = `${await client.repository(textOf(inputs, "repository"))}/${feature}`;
  if (inputs["enabled"] === false) await client.remove(path);
  else await client.send("PUT", path);
}

const alerts = "vulnerability-alerts";

/** RepositoryVulnerabilityAlerts. Its ID is the repository's number; for an import it is `OWNER:REPOSITORY`, or the repository's name. */
export const vulnerabilityAlerts: Kind = {
  defaults: { enabled: true },
  replaces: ["repository"],
  create: async (client, inputs) => {
    await toggle(client, inputs, alerts);
    return String(await client.repositoryId(textOf(inputs, "repository")));
  },
  read: async (client, id, state) => {
    const named = id.includes(":") ? partsOf(id, "OWNER", "REPOSITORY")[1] : id;
    const repository = typeof state["repository"] === "string" ? state["repository"] : named;
    const path = await client.repository(repository);
    const found = await client.find(path);
    if (found === null) return null;
    const enabled = await client.exists(`${path}/${alerts}`);
    return { id: numberOf(found, "id"), values: given({ repository, repositoryId: found["id"], enabled }) };
  },
  update: async (client, id, news) => {
    await toggle(client, news, alerts);
    return id;
  },
  delete: (client, _, state) => toggle(client, { ...state, enabled: false }, alerts),
};

const updates = "automated-security-fixes";

/** RepositoryDependabotSecurityUpdates. Its ID is the repository's name. */
export const securityUpdates: Kind = {
  replaces: ["repository"],
  create: async (client, inputs) => {
    await toggle(client, inputs, updates);
    return textOf(inputs, "repository");
  },
  read: async (client, id) => {
    const path = await client.repository(id);
    const found = await client.find(`${path}/${updates}`);
    // GitHub does not find them where alerts are off, which is as good as off.
    if (found === null && (await client.find(path)) === null) return null;
    return { id, values: { repository: id, enabled: found?.["enabled"] === true } };
  },
  update: async (client, id, news) => {
    await toggle(client, news, updates);
    return id;
  },
  delete: (client, _, state) => toggle(client, { ...state, enabled: false }, updates),
};

async function setTopics(client: Client, inputs: Values): Promise<string> {
  const repository = textOf(inputs, "repository");
  await client.send("PUT", `${await client.repository(repository)}/topics`, { names: inputs["topics"] ?? [] });
  return repository;
}

/** RepositoryTopics. Its ID is the repository's name. */
export const repositoryTopics: Kind = {
  replaces: ["repository"],
  sets: ["topics"],
  create: setTopics,
  read: async (client, id) => {
    const found = await client.find(`${await client.repository(id)}/topics`);
    return found && { id, values: { repository: id, topics: found["names"] ?? [] } };
  },
  update: (client, _, news) => setTopics(client, news),
  delete: async (client, id) => {
    await setTopics(client, { repository: id, topics: [] });
  },
};

async function setDefaultBranch(client: Client, inputs: Values): Promise<string> {
  const repository = textOf(inputs, "repository");
  await client.send("PATCH", await client.repository(repository), { default_branch: textOf(inputs, "branch") });
  return repository;
}

/** BranchDefault, without renaming. Its ID is the repository's name. Deleting it leaves the branch the default. */
export const branchDefault: Kind = {
  replaces: ["repository"],
  computed: ["etag"],
  unreadable: ["etag"],
  refused: ["rename", "waitForRename"],
  create: setDefaultBranch,
  read: async (client, id) => {
    const found = await client.find(await client.repository(id));
    return found && { id, values: given({ repository: id, branch: found["default_branch"] }) };
  },
  update: (client, _, news) => setDefaultBranch(client, news),
  delete: () => Promise.resolve(),
};
