import { InvalidArgumentError, type Command } from "commander";
import { loadConfig } from "../config/load";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { list } from "../lifecycle/list";
import { environmentName, parseEnvironmentName, parsePrNumber, type EnvironmentName } from "../lifecycle/naming";
import type { PoliciesLeftOut, PolicyChoice } from "../lifecycle/policies";
import type { Target } from "../lifecycle/target";
import { policyPack } from "./context";
import { configPath } from "./deploy";

/** Reads an option with a number of seconds. */
export function positiveSeconds(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+(\.[0-9]+)?$/.test(text) || value <= 0) {
    throw new InvalidArgumentError("give a number of seconds above 0.");
  }
  return value;
}

/** Reads an option like `api=ghcr.io/acme/api@sha256:…` that may be repeated, into what was read before. */
export function nameAndImage(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const [, name, image] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || image === undefined) {
    throw new InvalidArgumentError("give a service and its image by digest, such as api=ghcr.io/acme/api@sha256:….");
  }
  return { ...before, [name]: image };
}

/** Reads an option with a count. */
export function positiveCount(text: string): number {
  if (!/^[1-9][0-9]*$/.test(text)) throw new InvalidArgumentError("give a whole number above 0.");
  return Number(text);
}

/** Which rules judge what is about to be made. */
export interface PolicyCliOptions {
  readonly policyPackConfig?: string;
  readonly withoutPolicies?: string;
}

/** Adds them to a command. */
export function withPolicyOptions(command: Command): Command {
  return command
    .option(
      "--policy-pack-config <file>",
      "JSON file of levels, parameters and exceptions of the rules (docs/policies.md)",
    )
    .option("--without-policies <reason>", "let no rule judge it; the reason goes into the record");
}

/**
 * What they say.
 *
 * @throws BerthError (usage) when they contradict each other or the reason is empty
 */
export function policiesOf(options: PolicyCliOptions): PolicyChoice | PoliciesLeftOut {
  const { policyPackConfig: config, withoutPolicies: reason } = options;
  if (reason === undefined) return { pack: policyPack, ...(config === undefined ? {} : { config }) };
  if (config === undefined && reason.trim() !== "") return { leftOut: reason.trim() };
  throw new BerthError(
    config === undefined
      ? "--without-policies gives no reason"
      : "--policy-pack-config is given beside --without-policies",
    {
      fix: "give either a config for the rules, or the reason why none shall judge.",
      exitCode: ExitCode.usage,
    },
  );
}

/** The ways to name an environment. */
export interface NameOptions {
  readonly pr?: string;
  readonly project?: string;
  readonly config?: string;
}

/** Adds them to a command. */
export function withNameOptions(command: Command): Command {
  return command
    .argument("[name]", "the environment, such as shop-pr-12")
    .option("--pr <number>", "number of the pull request")
    .option("--project <id>", "its project (default: projectId of the config, else the only project with that number)")
    .option("--config <file>", "config file to read the project from");
}

/**
 * Finds the environment that a command means. The config file is only a convenience here: what is wrong in it does not
 * stand in the way as long as the cluster knows one environment with that number.
 *
 * @throws BerthError (usage) when it is not clear which.
 */
export async function nameFrom(target: Target, options: NameOptions, name?: string): Promise<EnvironmentName> {
  const { pr, project } = options;
  if (name !== undefined) return parseEnvironmentName(name);
  if (pr === undefined) {
    throw new BerthError("it is not said which environment", {
      fix: "give its name, such as shop-pr-12, or --pr NUMBER; `berth list` shows those that exist.",
      exitCode: ExitCode.usage,
    });
  }
  const number = parsePrNumber(pr);
  const chosen = project ?? projectOf(options.config);
  if (chosen !== undefined) return environmentName(chosen, number);
  const candidates = (await list(target)).filter((environment) => environment.pr === number);
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return parseEnvironmentName(only.environment);
  throw new BerthError(
    only === undefined
      ? `there is no environment for pull request ${number} on ${target.name}, and no config that names the project`
      : `several projects have a pull request ${number}: ${candidates.map((each) => each.environment).join(", ")}`,
    { fix: "add --project ID, or give the environment's name.", exitCode: ExitCode.usage },
  );
}

function projectOf(named: string | undefined): string | undefined {
  try {
    return loadConfig(configPath(named)).projectId;
  } catch (error) {
    // Only a config that was named on purpose has to be right.
    if (named !== undefined) throw error;
    return undefined;
  }
}
