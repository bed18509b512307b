import type { CheckFailure, Plain, Properties } from "../../provider";
import { isObject } from "../../provider";
import type { Body, Client } from "../client";
import { given, matching, oneOf, textOf, type Kind, type Values, type View } from "./kind";

/*
 * Repositories. Defaults, what is kept and what is accepted are those of the Terraform provider's github_repository.
 */

/** Switches that both the creation and a change take, with their names in the API. */
const common: Record<string, string> = {
  description: "description",
  homepageUrl: "homepage",
  hasIssues: "has_issues",
  hasProjects: "has_projects",
  hasWiki: "has_wiki",
  isTemplate: "is_template",
  allowAutoMerge: "allow_auto_merge",
  allowMergeCommit: "allow_merge_commit",
  allowRebaseMerge: "allow_rebase_merge",
  allowSquashMerge: "allow_squash_merge",
  deleteBranchOnMerge: "delete_branch_on_merge",
};

/** Switches that only a change takes. */
const later: Record<string, string> = {
  allowUpdateBranch: "allow_update_branch",
  archived: "archived",
  hasDiscussions: "has_discussions",
  webCommitSignoffRequired: "web_commit_signoff_required",
};

/** Texts of merges, which GitHub takes only where that way of merging is allowed. */
const mergeTexts: Record<string, { name: string; way: string }> = {
  mergeCommitMessage: { name: "merge_commit_message", way: "allowMergeCommit" },
  mergeCommitTitle: { name: "merge_commit_title", way: "allowMergeCommit" },
  squashMergeCommitMessage: { name: "squash_merge_commit_message", way: "allowSquashMerge" },
  squashMergeCommitTitle: { name: "squash_merge_commit_title", way: "allowSquashMerge" },
};

/** Parts of `securityAndAnalysis`, with their names in the API. */
const security: Record<string, string> = {
  advancedSecurity: "advanced_security",
  codeSecurity: "code_security",
  secretScanning: "secret_scanning",
  secretScanningAiDetection: "secret_scanning_ai_detection",
  secretScanningNonProviderPatterns: "secret_scanning_non_provider_patterns",
  secretScanningPushProtection: "secret_scanning_push_protection",
};

const defaults: Values = {
  allowAutoMerge: false,
  allowMergeCommit: true,
  allowRebaseMerge: true,
  allowSquashMerge: true,
  archived: false,
  deleteBranchOnMerge: false,
  mergeCommitMessage: "PR_TITLE",
  mergeCommitTitle: "MERGE_MESSAGE",
  squashMergeCommitMessage: "COMMIT_MESSAGES",
  squashMergeCommitTitle: "COMMIT_OR_PR_TITLE",
  webCommitSignoffRequired: false,
};

function check(inputs: Properties): CheckFailure[] {
  const { topics } = inputs;
  const names = Array.isArray(topics) ? topics : [];
  const failures = [
    ...matching(inputs, "name", /^[-\w.]{1,100}$/, "1 to 100 letters, digits and -._"),
    ...oneOf(inputs, "visibility", ["public", "private", "internal"]),
    ...names.flatMap((topic, index) =>
      matching({ topic }, "topic", /^[a-z0-9][a-z0-9-]{0,49}$/, "1 to 50 lower-case letters, digits and hyphens").map(
        ({ reason }) => ({ property: `topics[${index}]`, reason }),
      ),
    ),
  ];
  if (inputs["private"] !== undefined && inputs["visibility"] !== undefined)
    failures.push({ property: "private", reason: "cannot be given with visibility" });
  const { securityAndAnalysis: wanted } = inputs;
  if (isObject(wanted)) {
    for (const [name, part] of Object.entries(wanted))
      if (isObject(part))
        for (const { reason } of oneOf(part, "status", ["enabled", "disabled"]))
          failures.push({ property: `securityAndAnalysis.${name}.status`, reason });
  }
  return failures;
}

/** What of the inputs a request takes, with what they go back to where the program leaves them out. */
function translate(inputs: Values, names: Record<string, string>): Body {
  return Object.fromEntries(
    Object.entries(names).map(([property, name]) => {
      const isText = ["description", "homepageUrl"].includes(property);
      return [name, inputs[property] ?? defaults[property] ?? (isText ? "" : false)];
    }),
  );
}

function translateMergeTexts(inputs: Values): Body {
  return Object.fromEntries(
    Object.entries(mergeTexts)
      .filter(([, { way }]) => inputs[way] !== false)
      .map(([property, { name }]) => [name, inputs[property] ?? defaults[property] ?? ""]),
  );
}

function translateSecurity(inputs: Values): Body {
  const wanted = inputs["securityAndAnalysis"];
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) return {};
  const parts = Object.entries(wanted).flatMap(([property, part]): [string, Plain][] => {
    const name = security[property];
    return name === undefined || part === null ? [] : [[name, part]];
  });
  return parts.length === 0 ? {} : { security_and_analysis: Object.fromEntries(parts) };
}

function visibilityOf(inputs: Values): string | undefined {
  if (typeof inputs["visibility"] === "string") return inputs["visibility"];
  if (typeof inputs["private"] === "boolean") return inputs["private"] ? "private" : "public";
  return undefined;
}

async function create(client: Client, inputs: Values): Promise<string> {
  const name = textOf(inputs, "name");
  const visibility = visibilityOf(inputs) ?? "public";
  const body = {
    name,
    ...translate(inputs, common),
    ...translateMergeTexts(inputs),
    ...given({ auto_init: inputs["autoInit"], gitignore_template: inputs["gitignoreTemplate"] }),
    ...given({ license_template: inputs["licenseTemplate"], has_downloads: inputs["hasDownloads"] }),
  };
  if (await client.isOrganization())
    await client.send("POST", `${await client.organization()}/repos`, { ...body, visibility });
  else await client.send("POST", "/user/repos", { ...body, private: visibility !== "public" });
  await change(client, name, inputs, visibility);
  return name;
}

/** Sets what a creation does not take, and everything of a repository that exists. */
async function change(client: Client, current: string, inputs: Values, visibility: string | undefined): Promise<void> {
  const path = await client.repository(current);
  const name = textOf(inputs, "name");
  const isPublic = visibility === "public";
  await client.send("PATCH", path, {
    name,
    ...translate(inputs, { ...common, ...later }),
    ...translateMergeTexts(inputs),
    ...translateSecurity(inputs),
    ...given({ visibility: visibilityOf(inputs), default_branch: inputs["defaultBranch"] }),
    ...(!isPublic && given({ allow_forking: inputs["allowForking"] })),
  });
  const after = await client.repository(name);
  if (inputs["archived"] === true) return;
  const { topics, vulnerabilityAlerts } = inputs;
  if (Array.isArray(topics)) await client.send("PUT", `${after}/topics`, { names: topics });
  if (vulnerabilityAlerts === true) await client.send("PUT", `${after}/vulnerability-alerts`);
  if (vulnerabilityAlerts === false) await client.remove(`${after}/vulnerability-alerts`);
}

async function read(client: Client, id: string, state: Values): Promise<View | null> {
  const path = await client.repository(id);
  const found = await client.find(path);
  if (found === null) return null;
  const name = found["name"] as string;
  const named = {
    ...common,
    ...later,
    ...Object.fromEntries(Object.entries(mergeTexts).map(([key, { name }]) => [key, name])),
  };
  const seen = (found["security_and_analysis"] ?? {}) as Body;
  const alerts =
    state["ignoreVulnerabilityAlertsDuringRead"] === true
      ? undefined
      : await client.exists(`${await client.repository(name)}/vulnerability-alerts`);
  return {
    id: name,
    values: given({
      name,
      fullName: found["full_name"],
      nodeId: found["node_id"],
      repoId: found["id"],
      htmlUrl: found["html_url"],
      gitCloneUrl: found["git_url"],
      httpCloneUrl: found["clone_url"],
      sshCloneUrl: found["ssh_url"],
      svnUrl: found["svn_url"],
      primaryLanguage: found["language"] ?? "",
      ...Object.fromEntries(Object.entries(named).map(([property, key]) => [property, found[key] ?? ""])),
      allowForking: found["allow_forking"],
      defaultBranch: found["default_branch"],
      hasDownloads: found["has_downloads"],
      private: found["private"],
      topics: found["topics"],
      visibility: found["visibility"],
      vulnerabilityAlerts: alerts,
      securityAndAnalysis: Object.fromEntries(
        Object.entries(security).flatMap(([property, key]) => (seen[key] === undefined ? [] : [[property, seen[key]]])),
      ),
    }),
  };
}

/** Repository. */
export const repository: Kind = {
  autoname: { property: "name", maximum: 100 },
  defaults,
  computed: [
    "allowForking",
    "defaultBranch",
    "etag",
    "hasDownloads",
    "private",
    "securityAndAnalysis",
    "topics",
    "visibility",
    "vulnerabilityAlerts",
  ],
  sets: ["topics"],
  partial: ["securityAndAnalysis"],
  unreadable: [
    "archiveOnDestroy",
    "autoInit",
    "etag",
    "gitignoreTemplate",
    "ignoreVulnerabilityAlertsDuringRead",
    "licenseTemplate",
  ],
  refused: ["fork", "pages", "sourceOwner", "sourceRepo", "template"],
  check,
  create,
  read,
  update: async (client, id, news, state) => {
    const current = typeof state["name"] === "string" ? state["name"] : id;
    await change(client, current, news, visibilityOf(news) ?? visibilityOf(state));
    return textOf(news, "name");
  },
  delete: async (client, id, state) => {
    const path = await client.repository(typeof state["name"] === "string" ? state["name"] : id);
    if (state["archiveOnDestroy"] !== true) return client.remove(path);
    if (state["archived"] !== true) await client.send("PATCH", path, { archived: true });
  },
};
