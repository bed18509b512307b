import type { ProviderArgs } from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { InvalidProperty } from "../components/problems";
import type { GithubConfig, SecretReference } from "../config/github";
import { formatPath } from "../config/problems";

/** Begins the config keys of Actions secrets. */
const PREFIX = "githubSecret-";

/**
 * The secrets of a stack of GitHub repositories: each the value of a config key of its own.
 *
 * The engine tells a program which keys hold something encrypted, but not what inside of a mapping: a plain value beside an encrypted
 * one could not be told. Hence a key for each secret, and none inside `berth:github`.
 */
export class GithubSecrets {
  constructor(
    private readonly settings: pulumi.Config,
    private readonly environment: NodeJS.ProcessEnv = process.env,
  ) {}

  /** Finds secrets that are missing, and those in plain text, whether or not anything asks for them. */
  validate(config: GithubConfig): InvalidProperty[] {
    return [...this.validateMapping(), ...this.validateCredentials(config), ...this.validateReferences(config)];
  }

  /** The values of some secrets by their names on GitHub, secret in the graph and in the state. */
  valuesOf(references: readonly SecretReference[]): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(references.map(({ name, from }) => [name, this.settings.requireSecret(PREFIX + from)]));
  }

  /** How to log in to GitHub. */
  credentials({ appAuth }: GithubConfig): Pick<ProviderArgs, "token" | "appAuth"> {
    if (appAuth) return { appAuth: { ...appAuth, pemFile: this.settings.requireSecret("githubAppKey") } };
    // Said here rather than left to the provider, which would keep a token from the environment as plain text in the state.
    return { token: this.settings.getSecret("githubToken") ?? pulumi.secret(this.environment["GITHUB_TOKEN"] ?? "") };
  }

  private validateMapping(): InvalidProperty[] {
    if (this.settings.get("githubSecrets") === undefined) return [];
    return [
      {
        propertyPath: "berth:githubSecrets",
        reason:
          "a mapping of secrets, not shown here; accepted: one key for each secret, as plain text beside an encrypted value could not be told. " +
          `Set each with: pulumi config set --secret berth:${PREFIX}NAME, without --path, then pulumi config rm berth:githubSecrets`,
      },
    ];
  }

  private validateCredentials({ appAuth }: GithubConfig): InvalidProperty[] {
    const problems = ["githubToken", "githubAppKey"].flatMap((key) => this.validatePlain(key));
    const key = appAuth ? "githubAppKey" : "githubToken";
    if (this.settings.get(key) !== undefined || (!appAuth && this.environment["GITHUB_TOKEN"])) return problems;
    const [accepted, fix] = appAuth
      ? ["the private key of the App in appAuth", "cat key.pem | pulumi config set --secret berth:githubAppKey"]
      : [
          "a token that may administer the repositories, here or in the variable GITHUB_TOKEN, or a GitHub App in appAuth",
          "pulumi config set --secret berth:githubToken",
        ];
    return [...problems, { propertyPath: `berth:${key}`, reason: `missing; accepted: ${accepted}. Set it: ${fix}` }];
  }

  private validateReferences({ repositories }: GithubConfig): InvalidProperty[] {
    const given = Object.keys(pulumi.runtime.allConfig())
      .filter((key) => key.startsWith(`${this.settings.name}:${PREFIX}`))
      .map((key) => key.slice(this.settings.name.length + 1));
    const references = repositories.flatMap(({ settings }) => [
      ...settings.secrets,
      ...Object.values(settings.environments).flatMap((environment) => environment.secrets),
    ]);
    const missing = new Map(
      references
        .filter(({ from }) => !given.includes(PREFIX + from))
        .map(({ from, path }) => [formatPath(path), from] as const),
    );
    return [
      ...given.flatMap((key) => this.validatePlain(key)),
      ...[...missing].map(([path, from]) => ({
        propertyPath: `berth:github.${path}`,
        reason: `a secret without value; accepted: the name of an encrypted config key berth:${PREFIX}NAME. Set it: pulumi config set --secret berth:${PREFIX}${from}`,
      })),
    ];
  }

  /** Finds a key whose value stands in the stack's config as plain text. */
  private validatePlain(key: string): InvalidProperty[] {
    const name = `${this.settings.name}:${key}`;
    if (this.settings.get(key) === undefined || isEncrypted(name)) return [];
    const reason = `plain text, not shown here; accepted: an encrypted value. Revoke it if it has been committed, then encrypt the new one: pulumi config set --secret ${name}`;
    return [{ propertyPath: name, reason }];
  }
}

/** Whether the engine says that a config key is encrypted in the stack's config. The SDK has the question, but no type for it. */
function isEncrypted(key: string): boolean {
  return (pulumi.runtime as unknown as { isConfigSecret: (key: string) => boolean }).isConfigSecret(key);
}
