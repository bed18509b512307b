import { presentOwner } from "./accounts";
import type { Json, JsonObject } from "./json";
import {
  done,
  invalid,
  links,
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
import type { StoredOrganization, StoredRepository } from "./state";

/*
 * Repositories with their switches, topics, branches and security features.
 */

const repositoryLinks = [
  "archive_url",
  "assignees_url",
  "blobs_url",
  "branches_url",
  "collaborators_url",
  "comments_url",
  "commits_url",
  "compare_url",
  "contents_url",
  "contributors_url",
  "deployments_url",
  "downloads_url",
  "events_url",
  "forks_url",
  "git_commits_url",
  "git_refs_url",
  "git_tags_url",
  "hooks_url",
  "issue_comment_url",
  "issue_events_url",
  "issues_url",
  "keys_url",
  "labels_url",
  "languages_url",
  "merges_url",
  "milestones_url",
  "notifications_url",
  "pulls_url",
  "releases_url",
  "stargazers_url",
  "statuses_url",
  "subscribers_url",
  "subscription_url",
  "tags_url",
  "teams_url",
  "trees_url",
];

/** Settings of a new repository (GitHub docs, "Create an organization repository": the defaults of the body's parameters). */
const newSettings: JsonObject = {
  description: null,
  homepage: null,
  visibility: "public",
  has_issues: true,
  has_projects: true,
  has_wiki: true,
  has_downloads: true,
  has_discussions: false,
  is_template: false,
  default_branch: "main",
  allow_squash_merge: true,
  allow_merge_commit: true,
  allow_rebase_merge: true,
  allow_auto_merge: false,
  delete_branch_on_merge: false,
  allow_update_branch: false,
  allow_forking: true,
  squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
  squash_merge_commit_message: "COMMIT_MESSAGES",
  merge_commit_title: "MERGE_MESSAGE",
  merge_commit_message: "PR_TITLE",
  web_commit_signoff_required: false,
  archived: false,
};

/** Labels of a new repository (GitHub docs, "Managing labels": the default labels). */
const newLabels: readonly [name: string, color: string, description: string][] = [
  ["bug", "d73a4a", "Something isn't working"],
  ["documentation", "0075ca", "Improvements or additions to documentation"],
  ["duplicate", "cfd3d7", "This issue or pull request already exists"],
  ["enhancement", "a2eeef", "New feature or request"],
  ["good first issue", "7057ff", "Good for newcomers"],
  ["help wanted", "008672", "Extra attention is needed"],
  ["invalid", "e4e669", "This doesn't seem right"],
  ["question", "d876e3", "Further information is requested"],
  ["wontfix", "ffffff", "This will not be worked on"],
];

/** Features that look for secrets, which cost something in repositories that are not public. */
const scanning = [
  "secret_scanning",
  "secret_scanning_push_protection",
  "secret_scanning_ai_detection",
  "secret_scanning_non_provider_patterns",
];

/** Adds a repository to the state. */
export async function addRepository(owner: string, body: JsonObject, server: Server): Promise<StoredRepository> {
  const name = body["name"] as string;
  // GitHub replaces other characters by hyphens; whoever sends them does not get the name that was asked for.
  if (!/^[\w.-]{1,100}$/.test(name)) throw invalid("Repository", "name", "invalid", "name is not a repository name");
  const key = `${owner}/${name}`.toLowerCase();
  if (key in server.state.repositories)
    throw new Refusal(422, "Repository creation failed.", {
      errors: [
        { resource: "Repository", field: "name", code: "custom", message: "name already exists on this account" },
      ],
    });
  const { private: isPrivate, auto_init: autoInit, ...given } = body;
  const settings: JsonObject = { ...newSettings };
  if (isPrivate === true) settings["visibility"] = "private";
  for (const [setting, value] of Object.entries(given)) if (setting in newSettings) settings[setting] = value;
  checkMergeWays(settings);
  const now = server.now();
  const repository: StoredRepository = {
    id: server.nextId(),
    owner,
    name,
    formerNames: [],
    settings,
    security: settings["visibility"] === "public" ? { secret_scanning: "enabled" } : {},
    topics: [],
    branches: autoInit === true || typeof body["gitignore_template"] === "string" ? ["main"] : [],
    labels: newLabels.map(([label, color, description]) => ({
      id: server.nextId(),
      name: label,
      color,
      description,
      default: true,
    })),
    rulesets: [],
    environments: {},
    oidc: { use_default: true },
    vulnerabilityAlerts: false,
    securityUpdates: false,
    privateVulnerabilityReporting: false,
    key: await server.newKey(),
    secrets: {},
    variables: {},
    createdAt: now,
    updatedAt: now,
  };
  server.state.repositories[key] = repository;
  return repository;
}

function checkMergeWays(settings: JsonObject): void {
  const ways = ["allow_squash_merge", "allow_merge_commit", "allow_rebase_merge"];
  if (ways.every((way) => settings[way] === false))
    throw invalid("Repository", "merge_commit", "custom", "Sorry, you need to allow at least one merge strategy");
}

/** What both short and full answers have. */
function presentShort(repository: StoredRepository, server: Server): JsonObject {
  const { id, owner, name, settings } = repository;
  const url = `${server.api}/repos/${owner}/${name}`;
  const page = `${server.web}/${owner}/${name}`;
  return {
    id,
    node_id: nodeId("R", id),
    name,
    full_name: `${owner}/${name}`,
    owner: presentOwner(owner, server),
    private: settings["visibility"] !== "public",
    html_url: page,
    fork: false,
    url,
    ...links(url, repositoryLinks),
    git_url: `git://${page.replace(/^https?:\/\//, "")}.git`,
    ssh_url: `git@${new URL(server.web).hostname}:${owner}/${name}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    mirror_url: null,
    language: null,
    forks_count: 0,
    stargazers_count: 0,
    watchers_count: 0,
    size: 0,
    open_issues_count: 0,
    has_pages: false,
    disabled: false,
    ...settings,
    topics: repository.topics,
    pushed_at: repository.createdAt,
    created_at: repository.createdAt,
    updated_at: repository.updatedAt,
  };
}

/** A repository as the API answers. */
export function presentRepository(repository: StoredRepository, server: Server): JsonObject {
  return {
    ...presentShort(repository, server),
    license: null,
    forks: 0,
    open_issues: 0,
    watchers: 0,
    network_count: 0,
    subscribers_count: 0,
    permissions: { admin: true, maintain: true, push: true, triage: true, pull: true },
    security_and_analysis: {
      ...Object.fromEntries(
        [...scanning, "advanced_security", "code_security"]
          .filter((name) => name !== "advanced_security" || repository.settings["visibility"] !== "public")
          .map((name) => [name, { status: repository.security[name] ?? "disabled" }]),
      ),
      dependabot_security_updates: { status: repository.securityUpdates ? "enabled" : "disabled" },
    },
  };
}

/** Changes what looks for secrets in a repository, as far as it is paid for. */
function changeSecurity(repository: StoredRepository, wanted: JsonObject, server: Server): void {
  const { visibility } = repository.settings;
  const licenses = server.state.organizations[repository.owner.toLowerCase()]?.licenses ?? [];
  const security = { ...repository.security };
  for (const [name, value] of Object.entries(wanted)) {
    const { status } = value as { status: "enabled" | "disabled" };
    if (name === "advanced_security") {
      if (visibility === "public") throw new Refusal(422, "Advanced security is always available for public repos.");
      if (status === "enabled" && !licenses.includes("advanced-security"))
        throw new Refusal(422, "Advanced security has not been purchased.");
    }
    security[name] = status;
  }
  const scans =
    visibility === "public" || licenses.includes("secret-protection") || security["advanced_security"] === "enabled";
  for (const name of scanning) {
    if (security[name] !== "enabled") continue;
    if (!scans) throw new Refusal(422, "Secret scanning is not available for this repository.");
    if (name !== "secret_scanning" && security["secret_scanning"] !== "enabled")
      throw new Refusal(422, `Secret scanning must be enabled for ${name.replaceAll("_", " ")}.`);
  }
  repository.security = security;
}

function update(request: Request, server: Server): Answer {
  const { body } = request;
  const repository = repositoryOf(request, server);
  // Whoever archives a repository may set the rest in the same request; an archived one takes nothing but its revival.
  if (repository.settings["archived"] === true && body["archived"] !== false)
    throw new Refusal(403, "Repository was archived so is read-only.");
  const { name, private: isPrivate, security_and_analysis: security, ...given } = body;
  const settings = { ...repository.settings };
  for (const [setting, value] of Object.entries(given)) if (setting in newSettings) settings[setting] = value;
  if (typeof isPrivate === "boolean" && given["visibility"] === undefined)
    settings["visibility"] = isPrivate ? "private" : "public";
  checkMergeWays(settings);
  checkVisibility(settings["visibility"], repository.owner, server);
  const branch = body["default_branch"];
  if (typeof branch === "string" && !repository.branches.includes(branch))
    throw invalid(
      "Repository",
      "default_branch",
      "invalid",
      `The branch ${branch} was not found. Please push that ref first or create it via the Git Data API.`,
    );
  const changed = { ...repository, settings };
  if (typeof security === "object" && security !== null) changeSecurity(changed, security as JsonObject, server);
  if (typeof name === "string" && name !== repository.name) {
    const key = `${repository.owner}/${name}`.toLowerCase();
    const taken = server.state.repositories[key];
    if (taken !== undefined && taken !== repository)
      throw invalid("Repository", "name", "custom", "name already exists on this account");
    Reflect.deleteProperty(server.state.repositories, `${repository.owner}/${repository.name}`.toLowerCase());
    server.state.repositories[key] = repository;
    repository.formerNames.push(repository.name.toLowerCase());
    repository.name = name;
  }
  Object.assign(repository, { settings, security: changed.security, updatedAt: server.now() });
  return ok(presentRepository(repository, server));
}

function checkVisibility(visibility: Json | undefined, owner: string, server: Server): void {
  const plan = server.state.organizations[owner.toLowerCase()]?.plan;
  if (visibility === "internal" && plan !== "enterprise")
    throw invalid(
      "Repository",
      "visibility",
      "custom",
      "Only organizations of an enterprise can have internal repositories.",
    );
}

function ofOwner(server: Server, owner: string): StoredRepository[] {
  return Object.values(server.state.repositories).filter((one) => one.owner.toLowerCase() === owner.toLowerCase());
}

async function createInOrganization(request: Request, server: Server): Promise<Answer> {
  const organization: StoredOrganization = organizationOf(request, server);
  checkVisibility(request.body["visibility"], organization.login, server);
  return created(await addRepository(organization.login, request.body, server), server);
}

function created(repository: StoredRepository, server: Server): Answer {
  const body = presentRepository(repository, server);
  return { status: 201, body, headers: { location: body["url"] as string } };
}

/** Handlers of repositories. */
export const repositories: Handlers = {
  "repos/get": (request, server) => ok(presentRepository(repositoryOf(request, server), server)),
  "repos/create-in-org": createInOrganization,
  "repos/create-for-authenticated-user": async (request, server) =>
    created(await addRepository(server.state.viewer, request.body, server), server),
  "repos/list-for-org": (request, server) => {
    const { login } = organizationOf(request, server);
    return page(request, ofOwner(server, login), (one) => presentShort(one, server));
  },
  "repos/update": update,
  "repos/delete": (request, server) => {
    const { owner, name } = repositoryOf(request, server);
    Reflect.deleteProperty(server.state.repositories, `${owner}/${name}`.toLowerCase());
    return done;
  },
  "repos/get-all-topics": (request, server) => ok({ names: repositoryOf(request, server).topics }),
  "repos/replace-all-topics": (request, server) => {
    const repository = writableRepositoryOf(request, server);
    const names = request.body["names"] as string[];
    // GitHub docs, "Classifying your repository with topics": lower-case letters, numbers and hyphens, 50 characters, 20 topics.
    const wrong = names.find((name) => !/^[a-z0-9][a-z0-9-]{0,49}$/.test(name));
    if (wrong !== undefined || names.length > 20)
      throw new Refusal(422, "Validation Failed", { errors: [`topics are not valid: ${wrong ?? "more than 20"}`] });
    repository.topics = [...names];
    return ok({ names });
  },
  "repos/list-branches": (request, server) => {
    const { owner, name, branches } = repositoryOf(request, server);
    const sha = "0".repeat(40);
    return page(request, branches, (branch) => ({
      name: branch,
      commit: { sha, url: `${server.api}/repos/${owner}/${name}/commits/${sha}` },
      protected: false,
    }));
  },
  "repos/check-vulnerability-alerts": (request, server) => {
    if (!repositoryOf(request, server).vulnerabilityAlerts) return { status: 404 };
    return done;
  },
  "repos/enable-vulnerability-alerts": (request, server) => {
    writableRepositoryOf(request, server).vulnerabilityAlerts = true;
    return done;
  },
  "repos/disable-vulnerability-alerts": (request, server) => {
    Object.assign(writableRepositoryOf(request, server), { vulnerabilityAlerts: false, securityUpdates: false });
    return done;
  },
  "repos/check-automated-security-fixes": (request, server) => {
    const repository = repositoryOf(request, server);
    if (!repository.vulnerabilityAlerts) throw notFound();
    return ok({ enabled: repository.securityUpdates, paused: false });
  },
  "repos/enable-automated-security-fixes": (request, server) => {
    const repository = writableRepositoryOf(request, server);
    if (!repository.vulnerabilityAlerts)
      throw new Refusal(422, "Vulnerability alerts must be enabled to configure Dependabot security updates.");
    repository.securityUpdates = true;
    return done;
  },
  "repos/disable-automated-security-fixes": (request, server) => {
    writableRepositoryOf(request, server).securityUpdates = false;
    return done;
  },
  "repos/check-private-vulnerability-reporting": (request, server) =>
    ok({ enabled: repositoryOf(request, server).privateVulnerabilityReporting }),
  "repos/enable-private-vulnerability-reporting": (request, server) => {
    writableRepositoryOf(request, server).privateVulnerabilityReporting = true;
    return done;
  },
  "repos/disable-private-vulnerability-reporting": (request, server) => {
    writableRepositoryOf(request, server).privateVulnerabilityReporting = false;
    return done;
  },
};
