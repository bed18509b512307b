import * as pulumi from "@pulumi/pulumi";
import { PrEnvironment } from "../components/pr-environment";
import { parseConfig } from "../config/parse";
import { environmentName, stackName } from "../config/names";
import { enabledEngines } from "../config/databases";
import { parsePr } from "../config/pr";
import type { PrConfig } from "../config/pr";
import { parseRotate, planRotations } from "../config/rotation";
import type { RotateRequest } from "../config/rotation";
import type { Config } from "../config/schema";
import { UsageError, checkAll } from "./errors";
import { DEFAULT_PLATFORM_STACK, readPlatform, readPrevious } from "./outputs";
import type { PrOutputs } from "./outputs";

/**
 * The stacks `pr-<projectId>-<number>`: one per pull request.
 *
 * @returns outputs that change only when the deploy succeeds, so that they always tell what runs
 */
export async function prStack(): Promise<Record<string, pulumi.Output<unknown>>> {
  const settings = new pulumi.Config("berth");
  const { config, pr, rotate } = checkAll<{ config: Config; pr: PrConfig; rotate: RotateRequest | undefined }>({
    config: () => parseConfig(settings.requireObject("config")),
    pr: () => parsePr(settings.requireObject("pr")),
    rotate: () => parseRotate(settings.getObject("rotate")),
  });
  const key = { projectId: config.projectId, number: pr.number };
  if (stackName(key) !== pulumi.getStack()) {
    throw new UsageError(
      `Stack "${pulumi.getStack()}" is not that of project ${key.projectId}, pull request ${key.number}, which is ${stackName(key)}. ` +
        "Correct berth:config or berth:pr, or select that stack.",
    );
  }
  const platformName = settings.get("platformStack") ?? DEFAULT_PLATFORM_STACK;
  const [platform, previous] = await Promise.all([
    readPlatform(new pulumi.StackReference(platformName), platformName),
    readPrevious(new pulumi.StackReference(`${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`)),
  ]);

  const rotations = planRotations(previous.rotations, rotate, enabledEngines(config.databases));
  const environment = new PrEnvironment(environmentName(key), {
    config,
    pr,
    platform,
    previousQuota: previous.quota,
    rotations,
  });
  const outputs: Omit<PrOutputs, "login"> = {
    namespace: environmentName(key),
    url: environment.url,
    serviceUrls: environment.serviceUrls,
    access: environment.access,
    trust: environment.trust,
    commit: pr.commit,
    generation: pr.generation,
    image: pr.image,
    databases: environment.databases,
    quota: environment.quota,
    rotations,
  };
  const login: pulumi.Output<PrOutputs["login"]> = pulumi.output(environment.login);
  return Object.fromEntries(
    Object.entries({ ...outputs, login }).map(([name, value]) => [
      name,
      pulumi.all([environment.ready, value]).apply(([, known]) => known as unknown),
    ]),
  );
}
