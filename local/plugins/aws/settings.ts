import { isObject, plainAll, revealAll, type Plain, type Properties } from "../provider";
import { asText } from "./behaviour";

/** How a provider is configured. */
export interface Settings {
  accountId: string;
  region: string;
  partition: string;
  defaultTags: Record<string, string>;
  /** Milliseconds for which a resource waits for what it lacks. */
  patience: number;
}

/** Account that AWS uses in its own examples. */
const exampleAccount = "111122223333";

/** How long one waits, in milliseconds, for what a resource cannot do without. AWS waits 20 minutes. */
const defaultPatience = 60_000;

/** Settings that change where and how the API is asked, which makes no difference here. */
const ignored = new Set([
  "accessKey",
  "maxRetries",
  "pluginDownloadURL",
  "profile",
  "retryMode",
  "secretKey",
  "sharedConfigFiles",
  "sharedCredentialsFiles",
  "skipCredentialsValidation",
  "skipMetadataApiCheck",
  "skipRegionValidation",
  "skipRequestingAccountId",
  "token",
  "version",
]);

/**
 * Reads the inputs of the provider resource.
 *
 * @throws Error on a setting that is not covered, and for the wrong account or no region as AWS's provider does
 */
export function readSettings(inputs: Properties, env: NodeJS.ProcessEnv): Settings {
  const values = Object.fromEntries(
    Object.entries(plainAll(revealAll(inputs))).map(([key, one]) => [key, parsed(one)]),
  );
  const { region: given, allowedAccountIds, forbiddenAccountIds, defaultTags, ...others } = values;
  const unsupported = Object.keys(others).filter((key) => !ignored.has(key) && others[key] !== null);
  if (unsupported.length > 0)
    throw new Error(`the stand-in for AWS does not cover the provider's settings ${unsupported.join(", ")}`);
  const accountId = env["BERTH_STAND_IN_ACCOUNT"] ?? exampleAccount;
  if (Array.isArray(allowedAccountIds) && allowedAccountIds.length > 0 && !allowedAccountIds.includes(accountId))
    throw new Error(
      `AWS account ID not allowed: ${accountId} (allowedAccountIds are ${allowedAccountIds.map(asText).join(", ")})`,
    );
  if (Array.isArray(forbiddenAccountIds) && forbiddenAccountIds.includes(accountId))
    throw new Error(`AWS account ID not allowed: ${accountId} is among forbiddenAccountIds`);
  const region = typeof given === "string" && given !== "" ? given : (env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"]);
  if (region === undefined)
    throw new Error("no AWS region is set: pass region to the provider, or set aws:region in the stack's config");
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) throw new Error(`invalid AWS Region: ${region}`);
  const patience = Number(env["BERTH_STAND_IN_PATIENCE"] ?? defaultPatience);
  return { accountId, region, partition: partitionOf(region), defaultTags: readDefaultTags(defaultTags), patience };
}

/** The partition that a region is in (AWS General Reference, "Partitions"). */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}

/** The SDK sends all but texts as JSON. */
function parsed(value: Plain): Plain {
  if (typeof value !== "string" || !/^[[{]|^(true|false)$/.test(value)) return value;
  return JSON.parse(value) as Plain;
}

function readDefaultTags(value: Plain | undefined): Record<string, string> {
  const tags = value === undefined || !isObject(value) ? undefined : value["tags"];
  if (tags === undefined || tags === null || !isObject(tags)) return {};
  return Object.fromEntries(Object.entries(tags).map(([key, one]) => [key, asText(one)]));
}
