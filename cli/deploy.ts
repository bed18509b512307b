import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { Option, type Command } from "commander";
import { enabledEngines } from "../config/databases";
import { hasEgressProxy } from "../config/egress";
import { loadConfig, type Config } from "../config/load";
import { TRUST_TIERS, type TrustTier } from "../config/trust";
import { deploy, type DeployRequest } from "../lifecycle/deploy";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { environmentName, parsePrNumber } from "../lifecycle/naming";
import type { Target } from "../lifecycle/target";
import { buildProgress } from "./build-progress";
import { action, command } from "./command";
import { chooseTarget, whoAsks, type EmbeddedNeeds, type Globals } from "./context";
import { nameAndImage, policiesOf, positiveSeconds, withPolicyOptions, type PolicyCliOptions } from "./options";
import { renderDeploy } from "./render";
import type { Reporter } from "./reporter";
import { trustOfEvent } from "./trust";

/** What `berth deploy` and `berth preview` are told alike. */
export interface DeployCliOptions extends PolicyCliOptions {
  pr: string;
  config?: string;
  image?: string;
  commit?: string;
  branch?: string;
  repository?: string;
  owner?: string;
  trust?: TrustTier;
  platform?: string;
  serviceImage: Record<string, string>;
  allowDataLoss?: boolean;
}

interface Options extends DeployCliOptions {
  refresh?: boolean;
  automatic?: boolean;
  timeout?: number;
  patience: number;
}

/** Names of config files, in the order in which they are looked for. */
const configFiles = ["berth.yaml", "k8s-ee.yaml"];

/** Adds the options that say what to deploy. */
export function withDeployOptions(command: Command): Command {
  const all = command
    .requiredOption("--pr <number>", "number of the pull request")
    .option("--image <ref>", "image of the app, by digest")
    .option(
      "--service-image <name=ref>",
      "image of one of the config's services, by digest; repeat it for each",
      nameAndImage,
      {},
    )
    .option("--config <file>", `config file (default: ${configFiles.join(", else ")})`)
    .option("--commit <sha>", "commit that the image is built from (default: HEAD of the config's repository)")
    .option("--branch <name>", "branch of the pull request (default: the one that is checked out there)")
    .option("--repository <owner/name>", "repository of the pull request (default: GITHUB_REPOSITORY)")
    .option("--owner <login>", "whose environment it is (default: GITHUB_ACTOR, else the user)")
    .addOption(
      new Option(
        "--trust <tier>",
        "how much its code is trusted (default in GitHub Actions: fork for a pull request of another repository, an error for events that do not say; else what the environment is, else the platform's)",
      ).choices(TRUST_TIERS),
    )
    .option("--platform <file>", "settings of the platform, for a cluster that is not the embedded one")
    .option("--allow-data-loss", "drop data of databases that the config removes or gives another version");
  return withPolicyOptions(all);
}

/** `berth deploy`. */
export function deployCommand(): Command {
  return withDeployOptions(
    command("deploy", "Create a pull request's environment, or bring it to another commit in place.", [
      "berth deploy --pr 12 --image ghcr.io/acme/shop@sha256:4f5c…",
      "berth deploy --pr 12 --image … --commit $GITHUB_SHA --owner $GITHUB_ACTOR --json",
      "berth deploy --pr 12 --image … --trust fork",
      "berth deploy --pr 12 --image … --kubeconfig ~/.kube/eks --platform platform.yaml",
    ]),
  )
    .option("--refresh", "compare with the cluster first, to repair what was changed by hand")
    .option("--automatic", "an event asked for it, not a person: with trigger: on-demand nothing new is created")
    .option(
      "--timeout <seconds>",
      "give up when it is not ready by then (default: what its pulls, starts and jobs may take)",
      positiveSeconds,
    )
    .option(
      "--patience <seconds>",
      "how long to wait for another command on the same environment",
      positiveSeconds,
      900,
    )
    .action(
      action<Options>(async ({ globals, colors, reporter, stops }, options) => {
        const request = await requestOf(options);
        const target = await deployTarget(globals, options, request, reporter, stops.signal);
        const result = await deploy(target, request, {
          ...stops,
          who: whoAsks(),
          progress: reporter.progress,
          ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
          patience: options.patience,
          refresh: options.refresh ?? false,
          allowDataLoss: options.allowDataLoss ?? false,
          automatic: options.automatic ?? false,
          policies: policiesOf(options),
        });
        return { value: result, text: renderDeploy(result, colors) };
      }),
    );
}

/** The cluster that a deploy is for; an embedded one offers the databases, log-ins and egress proxy that it asks for. */
export function deployTarget(
  globals: Globals,
  options: DeployCliOptions,
  request: DeployRequest,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<Target> {
  return chooseTarget(globals, options.platform, {
    databases: enabledEngines(request.config.databases),
    ...loginsOf(request.config),
    sealedSecrets: Object.keys(request.config.sealedSecrets).length > 0,
    egressProxy: hasEgressProxy(request.config),
    onImage: buildProgress(reporter).onImage,
    signal,
  });
}

/** What an embedded cluster must have for the log-ins of a config. */
function loginsOf({ access, oauth }: Config): Pick<EmbeddedNeeds, "logins"> {
  if (access.mode === "oidc") return { logins: "proxy" };
  return oauth.callback ? { logins: "app" } : {};
}

/** What the options ask for, with what git knows. */
export async function requestOf(options: DeployCliOptions): Promise<DeployRequest> {
  const number = parsePrNumber(options.pr);
  const path = configPath(options.config);
  const config = loadConfig(path);
  environmentName(config.projectId, number);
  if (options.image === undefined) {
    throw new BerthError("--image is missing", {
      fix: "pass the image of the app by digest, such as --image ghcr.io/acme/shop@sha256:….",
      exitCode: ExitCode.usage,
    });
  }
  const folder = dirname(resolve(path));
  const trust = options.trust === undefined ? trustOfEvent(process.env) : { trust: options.trust };
  const repository = options.repository ?? process.env["GITHUB_REPOSITORY"];
  return {
    config,
    number,
    image: options.image,
    ...(Object.keys(options.serviceImage).length === 0 ? {} : { serviceImages: options.serviceImage }),
    commit: options.commit ?? (await git(folder, "rev-parse", "HEAD")) ?? missing("--commit"),
    branch: options.branch ?? (await git(folder, "rev-parse", "--abbrev-ref", "HEAD")) ?? missing("--branch"),
    owner: options.owner ?? whoAsks(),
    ...(repository ? { repository } : {}),
    ...trust,
  };
}

/** The config file that was named, else the first usual one that exists. */
export function configPath(named: string | undefined): string {
  return named ?? configFiles.find((file) => existsSync(file)) ?? "berth.yaml";
}

const run = promisify(execFile);

/** What git says, or undefined where there is no git, no repository or no commit. */
async function git(folder: string, ...args: string[]): Promise<string | undefined> {
  try {
    return (await run("git", ["-C", folder, ...args])).stdout.trim();
  } catch {
    return undefined;
  }
}

function missing(option: string): never {
  throw new BerthError(`${option} is missing, and git does not know it`, {
    fix: `pass ${option}, or run the command in the repository's folder.`,
    exitCode: ExitCode.usage,
  });
}
