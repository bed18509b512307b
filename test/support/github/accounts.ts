import type { Json, JsonObject } from "./json";
import { links, nodeId, notFound, ok, organizationOf, page, type Handlers, type Server } from "./http";
import type { StoredOrganization, StoredTeam, StoredUser } from "./state";

/*
 * Users, organisations and teams. They are there or not; nothing here changes them.
 */

const userLinks = [
  "followers_url",
  "following_url",
  "gists_url",
  "starred_url",
  "subscriptions_url",
  "organizations_url",
  "repos_url",
  "events_url",
  "received_events_url",
];

/** When accounts were made. Nobody asks. */
const since = "2024-01-01T00:00:00Z";

/** The owner of a repository as other answers name it. */
export function presentOwner(login: string, server: Server): JsonObject {
  const user = server.state.users[login.toLowerCase()];
  const organization = server.state.organizations[login.toLowerCase()];
  const account = user ?? organization;
  if (account === undefined) throw new Error(`there is no account ${login}`);
  const url = `${server.api}/users/${account.login}`;
  return {
    login: account.login,
    id: account.id,
    node_id: nodeId(user === undefined ? "O" : "U", account.id),
    avatar_url: `${server.web}/avatars/${account.id}`,
    gravatar_id: "",
    url,
    html_url: `${server.web}/${account.login}`,
    type: user === undefined ? "Organization" : "User",
    site_admin: false,
    ...links(url, userLinks),
  };
}

/** A team as reviewers and lists name it. */
export function presentTeam(team: StoredTeam, organization: StoredOrganization, server: Server): JsonObject {
  const url = `${server.api}/organizations/${organization.id}/team/${team.id}`;
  return {
    id: team.id,
    node_id: nodeId("T", team.id),
    name: team.name,
    slug: team.slug,
    description: null,
    privacy: "closed",
    notification_setting: "notifications_enabled",
    permission: "pull",
    url,
    html_url: `${server.web}/orgs/${organization.login}/teams/${team.slug}`,
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
    type: "organization",
    organization_id: organization.id,
    parent: null,
  };
}

function presentUser(user: StoredUser, server: Server): JsonObject {
  return {
    ...presentOwner(user.login, server),
    name: null,
    company: null,
    blog: "",
    location: null,
    email: null,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: since,
    updated_at: since,
  };
}

function presentViewer(user: StoredUser, server: Server): JsonObject {
  return {
    ...presentUser(user, server),
    user_view_type: "private",
    private_gists: 0,
    total_private_repos: 0,
    owned_private_repos: 0,
    disk_usage: 0,
    collaborators: 0,
    two_factor_authentication: true,
  };
}

function presentOrganization({ id, login, plan }: StoredOrganization, server: Server): JsonObject {
  const url = `${server.api}/orgs/${login}`;
  return {
    login,
    id,
    node_id: nodeId("O", id),
    url,
    ...links(url, ["repos_url", "events_url", "hooks_url", "issues_url", "members_url", "public_members_url"]),
    avatar_url: `${server.web}/avatars/${id}`,
    description: null,
    html_url: `${server.web}/${login}`,
    has_organization_projects: true,
    has_repository_projects: true,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    type: "Organization",
    created_at: since,
    updated_at: since,
    archived_at: null,
    plan: { name: plan, space: 976_562_499, private_repos: 999_999, filled_seats: 1, seats: 10 },
  };
}

function presentTeamInFull(team: StoredTeam, organization: StoredOrganization, server: Server): JsonObject {
  return {
    ...presentTeam(team, organization, server),
    members_count: 1,
    repos_count: 0,
    created_at: since,
    updated_at: since,
    organization: presentOrganization(organization, server),
  };
}

/** Handlers of accounts. */
export const accounts: Handlers = {
  "users/get-authenticated": (_, server) => {
    const viewer = server.state.users[server.state.viewer.toLowerCase()];
    if (viewer === undefined) throw notFound();
    return ok(presentViewer(viewer, server));
  },
  "users/get-by-username": ({ values }, server) => {
    const user = server.state.users[(values["username"] ?? "").toLowerCase()];
    if (user === undefined) throw notFound();
    return ok(presentUser(user, server));
  },
  "users/get-by-id": ({ values }, server) => {
    const user = Object.values(server.state.users).find((one) => one.id === Number(values["account_id"]));
    if (user === undefined) throw notFound();
    return ok(presentUser(user, server));
  },
  "orgs/get": (request, server) => ok(presentOrganization(organizationOf(request, server), server)),
  "teams/list": (request, server) => {
    const organization = organizationOf(request, server);
    return page(request, organization.teams, (team): Json => ({
      ...presentTeam(team, organization, server),
      permissions: { pull: true, triage: false, push: false, maintain: false, admin: false },
    }));
  },
  "teams/get-by-name": (request, server) => {
    const organization = organizationOf(request, server);
    const team = organization.teams.find((one) => one.slug === request.values["team_slug"]);
    if (team === undefined) throw notFound();
    return ok(presentTeamInFull(team, organization, server));
  },
};
