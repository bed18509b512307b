import { z } from "zod";
import { flag, options } from "../fields";

const MAPPING = "a mapping of fields";
export const text = (accepted: string) => z.string(accepted);
const number = (accepted = "a number") => z.number(accepted);
const texts = (accepted: string) => z.array(text(accepted), `a list of ${accepted}`);

/** Name of a secret. Upper case, as GitHub stores it, so that nothing else than a name is taken for one. */
const SECRET_NAME = /^(?!GITHUB_)[A-Z_][A-Z0-9_]*$/;
export const SECRETS = "a list of names, such as [NPM_TOKEN]";
const secretName = () =>
  text("a name of upper-case letters, digits and _ that does not begin with a digit or GITHUB_").regex(
    SECRET_NAME,
    "a name of upper-case letters, digits and _ that does not begin with a digit or GITHUB_",
  );

export const secrets = z
  .array(
    z.union(
      [secretName(), z.strictObject({ name: secretName(), from: secretName() }, "a mapping of name and from")],
      "a name, or a mapping of name and from",
    ),
    SECRETS,
  )
  .describe(
    "Names of Actions secrets. The value of NAME is the encrypted config `berth:githubSecret-NAME`, or of `from` where given.",
  );

const variables = z
  .record(z.string(), text('text; numbers and booleans in quotes, such as "true"'), "a mapping of names to text")
  .describe("Actions variables. Everybody who can read the repository reads them.");

export const rules = z.strictObject(
  {
    enforcement: options("active", "evaluate", "disabled").optional(),
    branches: texts("branch names or patterns").optional(),
    requiredChecks: z
      .array(
        z.union(
          [text("a check's name"), z.strictObject({ name: text("a check's name"), appId: number() }, MAPPING)],
          "a check's name, or a mapping of name and appId",
        ),
        "a list of checks",
      )
      .optional(),
    requireUpToDate: flag().optional(),
    approvals: number().optional(),
    codeOwnerReview: flag().optional(),
    dismissStaleReviews: flag().optional(),
    lastPushApproval: flag().optional(),
    resolveConversations: flag().optional(),
    linearHistory: flag().optional(),
    mergeMethods: z.array(options("merge", "squash", "rebase"), "a list of merge, squash and rebase").optional(),
    signedCommits: flag().optional(),
    allowForcePush: flag().optional(),
    allowDeletion: flag().optional(),
    bypass: z
      .array(
        z.strictObject(
          {
            role: options("maintain", "write", "admin").optional(),
            team: text("the name of a team in teams").optional(),
            app: number("the numeric ID of a GitHub App").optional(),
            when: options("always", "pull_request").optional(),
          },
          "a mapping of role, team or app",
        ),
        "a list of roles, teams and Apps",
      )
      .optional(),
  },
  MAPPING,
);

const environment = z.strictObject(
  {
    reviewers: z
      .strictObject(
        { teams: texts("names of teams in teams").optional(), users: texts("names of users in users").optional() },
        "a mapping of teams and users",
      )
      .optional(),
    preventSelfReview: flag().optional(),
    adminsCanBypass: flag().optional(),
    waitMinutes: number().optional(),
    deployFrom: z
      .strictObject(
        { branches: texts("branch names or patterns").optional(), tags: texts("tag names or patterns").optional() },
        "a mapping of branches and tags",
      )
      .optional(),
    secrets: secrets.optional(),
    variables: variables.optional(),
  },
  MAPPING,
);

const label = z.strictObject(
  { color: text('six hexadecimal digits in quotes, such as "1f6feb"'), description: text("text").optional() },
  "a mapping of color and description",
);

export const settings = {
  mode: options("configure", "adopt", "create")
    .optional()
    .describe("Whether the stack has the repository itself: not at all, one that exists, or one that it creates."),
  visibility: options("public", "private", "internal").optional().describe("Who sees the repository."),
  security: z
    .strictObject(
      {
        license: options("none", "secret-protection", "advanced-security").optional(),
        secretScanning: flag().optional(),
        pushProtection: flag().optional(),
      },
      MAPPING,
    )
    .optional()
    .describe("Secret scanning and push protection."),
  dependabot: z
    .strictObject({ alerts: flag().optional(), securityUpdates: flag().optional() }, MAPPING)
    .optional()
    .describe("What Dependabot does."),
  rules: rules.optional().describe("The ruleset of the default branch."),
  environments: z
    .record(
      z.string(),
      z.union([z.literal(false), environment], "a mapping of fields, or false for none"),
      "a mapping of names to environments",
    )
    .optional()
    .describe("GitHub environments by name."),
  secrets: secrets.optional(),
  variables: variables.optional(),
  labels: z
    .record(z.string(), label, "a mapping of names to labels")
    .optional()
    .describe("Labels, instead of those of the preview commands."),
  oidcClaims: texts("claims").optional().describe("Claims that the subject of OIDC tokens is made of."),
};

const REPOSITORY = "a name, or a mapping with name";
export const repository = z.strictObject(
  {
    name: text("a repository's name without its owner"),
    id: number("the repository's numeric ID")
      .optional()
      .describe("ID that the repository's OIDC tokens carry, with ownerId."),
    ...settings,
  },
  REPOSITORY,
);

export const defaults = z.strictObject(settings, MAPPING);

export const ids = (what: string) =>
  z.record(z.string(), number(`the numeric ID of a ${what}`), `a mapping of names to IDs`);

export const organisation = z.strictObject(
  {
    owner: text("an organisation or user").describe("Who owns the repositories."),
    ownerId: number("the owner's numeric ID")
      .optional()
      .describe("ID that OIDC tokens carry of repositories created, renamed or transferred after 15 July 2026."),
    baseUrl: text("the URL of a GitHub Enterprise server, such as https://github.example.com/")
      .optional()
      .describe("GitHub Enterprise Server, or a subdomain of ghe.com. GitHub itself when left out."),
    writeDelayMs: number("milliseconds")
      .default(1000)
      .describe("Pause between writes. GitHub takes 80 that create something in a minute, and 500 in an hour."),
    appAuth: z
      .strictObject(
        { id: text("the App's ID in quotes"), installationId: text("the installation's ID in quotes") },
        "a mapping of id and installationId",
      )
      .optional()
      .describe("GitHub App to act as, instead of a token. Its key is the encrypted config `berth:githubAppKey`."),
    loginApp: z
      .strictObject(
        { domain: text("a domain name").optional(), callbackUrls: texts("URLs").optional() },
        "a mapping of domain and callbackUrls",
      )
      .optional()
      .describe("GitHub App by which people log in to environments: the URLs to register."),
    teams: ids("team").default({}).describe("IDs of the teams that are named below."),
    users: ids("user").default({}).describe("IDs of the users that are named below."),
    defaults: defaults.prefault({}).describe("What all repositories have that do not say otherwise."),
    repositories: z
      .array(z.union([text("a repository's name"), repository], REPOSITORY), "a list of repositories")
      .describe("The repositories, by name or as mappings with what differs from defaults."),
  },
  MAPPING,
);

/** The schema of `berth:github`, for its reference. */
export const githubSchema = organisation;

/** `berth:github` as one may write it. */
export type GithubInput = z.input<typeof organisation>;

export type Top = Omit<z.output<typeof organisation>, (typeof PARTS)[number]>;
export type Settings = z.output<typeof defaults>;
export type Environment = z.output<typeof environment>;
export type Rules = z.output<typeof rules>;

/** Parts that are read piece by piece. */
export const PARTS = ["defaults", "repositories"] as const;
