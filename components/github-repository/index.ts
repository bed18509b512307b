import {
  ActionsEnvironmentSecret,
  ActionsEnvironmentVariable,
  ActionsRepositoryOidcSubjectClaimCustomizationTemplate,
  ActionsSecret,
  ActionsVariable,
  IssueLabel,
  Repository,
  RepositoryDependabotSecurityUpdates,
  RepositoryEnvironment,
  RepositoryEnvironmentDeploymentPolicy,
  RepositoryRuleset,
  RepositoryVulnerabilityAlerts,
} from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { Children } from "../children";
import { throwIfInvalid } from "../problems";
import type { EnvironmentSettings, GithubRepositoryArgs, GithubRepositoryTransforms } from "./args";
import { LEFT_ALONE, planRepository } from "./plan";
import type { EnvironmentPlan, RepositoryPlan } from "./plan";
import { validate } from "./validate";

export type { CallbackArgs, GithubRepositoryArgs, GithubRepositoryTransforms } from "./args";
export { GithubApp } from "./app";
export { validateCallbacks } from "./callbacks";
export { validate } from "./validate";

/**
 * One repository on GitHub: its rules, environments, secrets, variables, labels, scanning and Dependabot. Never deletes the repository.
 *
 * @example
 * ```ts
 * new GithubRepository("shop", { owner: "acme", name: "shop", rules: { requiredChecks: ["test"] }, environments: { preview: {} } });
 * ```
 */
export class GithubRepository extends pulumi.ComponentResource {
  /** Name of the repository. With mode `create` it is known once the repository exists. */
  readonly repositoryName: pulumi.Output<string>;
  /** By environment: the subject of its jobs' OIDC tokens, which AWS roles are trusted by. */
  readonly subjects: Record<string, string>;

  constructor(name: string, args: GithubRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
    throwIfInvalid(`Repository ${args.owner}/${args.name} cannot be set up as asked.`, validate(args));
    super("berth:github-repository:GithubRepository", name, {}, opts);
    const plan = planRepository(args);
    const { transform = {} } = args;

    const self = createSelf(new Children(name, this), plan, transform);
    const repository = self?.name ?? pulumi.output(args.name);
    // What is set up is found by its name, of which there can be one: the old must be gone before the new can be.
    const inside = new Children(name, this, { deleteBeforeReplace: true });

    inside.add(RepositoryRuleset, "ruleset", { ...plan.ruleset, repository }, transform.ruleset);
    for (const [key, environment] of Object.entries(plan.environments)) {
      createEnvironment(inside, repository, key, environment, args.environments?.[key] ?? {}, transform);
    }
    for (const [secretName, value] of Object.entries(args.secrets ?? {})) {
      const secret = { repository, secretName, value: pulumi.secret(value) };
      inside.add(ActionsSecret, `secret-${secretName}`, secret, transform.secret);
    }
    for (const [variableName, value] of Object.entries(args.variables ?? {})) {
      inside.add(ActionsVariable, `variable-${variableName}`, { repository, variableName, value }, transform.variable);
    }
    inside.add(ActionsRepositoryOidcSubjectClaimCustomizationTemplate, "oidc", { ...plan.oidc, repository });
    for (const [key, label] of Object.entries(plan.labels)) {
      inside.add(IssueLabel, `label-${key}`, { ...label, repository }, transform.label);
    }
    createDependabot(inside, repository, plan.dependabot);

    this.repositoryName = repository;
    this.subjects = plan.subjects;
    this.registerOutputs({ repositoryName: this.repositoryName, subjects: this.subjects });
  }
}

/**
 * Registers the repository itself, if it belongs to the stack. `retainOnDelete` is what lets it leave the stack without a trace on
 * GitHub; `protect` would refuse to let it go, and `deletedWith` on what is inside would leave rules and secrets behind.
 */
function createSelf(
  children: Children,
  { repository, importId }: RepositoryPlan,
  transform: GithubRepositoryTransforms,
): Repository | undefined {
  if (repository === undefined) return undefined;
  return children
    .with({
      retainOnDelete: true,
      ignoreChanges: [...LEFT_ALONE],
      ...(importId === undefined ? {} : { import: importId }),
    })
    .add(Repository, "repository", repository, transform.repository);
}

/** Registers one environment, and what only its jobs get. */
function createEnvironment(
  inside: Children,
  repository: pulumi.Output<string>,
  key: string,
  plan: EnvironmentPlan,
  { secrets = {}, variables = {} }: EnvironmentSettings,
  transform: GithubRepositoryTransforms,
): void {
  const suffix = `environment-${key}`;
  const owner = inside.add(RepositoryEnvironment, suffix, { ...plan.environment, repository }, transform.environment);
  const { environment } = owner;
  // GitHub takes an environment's policies, secrets and variables away with it.
  const within = inside.with({ deletedWith: owner });
  for (const [policyKey, policy] of Object.entries(plan.policies)) {
    within.add(RepositoryEnvironmentDeploymentPolicy, `${suffix}-${policyKey}`, { ...policy, repository, environment });
  }
  for (const [secretName, value] of Object.entries(secrets)) {
    const secret = { repository, environment, secretName, value: pulumi.secret(value) };
    within.add(ActionsEnvironmentSecret, `${suffix}-secret-${secretName}`, secret, transform.environmentSecret);
  }
  for (const [variableName, value] of Object.entries(variables)) {
    const variable = { repository, environment, variableName, value };
    within.add(
      ActionsEnvironmentVariable,
      `${suffix}-variable-${variableName}`,
      variable,
      transform.environmentVariable,
    );
  }
}

/**
 * Registers what Dependabot does. Deleting these resources would switch Dependabot off: a repository that leaves the list keeps it.
 */
function createDependabot(
  inside: Children,
  repository: pulumi.Output<string>,
  { alerts, securityUpdates }: RepositoryPlan["dependabot"],
): void {
  const switches = inside.with({ retainOnDelete: true });
  const vulnerabilities = switches.add(RepositoryVulnerabilityAlerts, "dependabot-alerts", {
    repository,
    enabled: alerts,
  });
  switches
    .with({ dependsOn: [vulnerabilities] })
    .add(RepositoryDependabotSecurityUpdates, "dependabot-updates", { repository, enabled: securityUpdates });
}
