import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { platformFactsSchema } from "../config/platform";
import type { PlatformFacts } from "../config/platform";
import type { Quota } from "../config/quota";
import { UsageError } from "./errors";

/** Outputs of the platform stack. */
export type PlatformOutputs = PlatformFacts;

/** Outputs of a pull request's stack. */
export interface PrOutputs {
  /** Name of the namespace and of the environment. */
  namespace: string;
  /** URL of the app; null when the config switches its Ingress off. */
  url: string | null;
  /** Commit that is deployed. */
  commit: string;
  /** Deploys of this environment, counted from 1. */
  generation: number;
  /** Image of the app, by digest. */
  image: string;
  /** Databases that it has, such as `postgresql`. */
  databases: string[];
  /** What its config needs of the quota; the next deploy leaves room for it until its own pods run. */
  quota: Quota;
}

/**
 * Reads what the last deploy that succeeded needed, from the stack's own outputs.
 *
 * @param own the stack itself
 * @returns undefined when nothing was deployed yet
 */
export async function readPreviousQuota(
  own: Pick<pulumi.StackReference, "getOutputDetails">,
): Promise<Quota | undefined> {
  const { value } = (await own.getOutputDetails("quota")) as { value?: unknown };
  return quotaSchema.optional().parse(value);
}

const quotaSchema = z.record(z.string(), z.string());

/** The platform stack that a pull request's stack reads, unless `berth:platformStack` names another. */
export const DEFAULT_PLATFORM_STACK = "organization/berth/platform";

/**
 * Reads the platform stack's outputs as plain values, so that what they shape is known in a preview too.
 *
 * @param reference the platform stack
 * @param name its name, for errors
 * @throws UsageError that says which stack to run when an output is missing or not as expected
 */
export async function readPlatform(
  reference: Pick<pulumi.StackReference, "getOutputDetails">,
  name: string,
): Promise<PlatformOutputs> {
  const keys = Object.keys(platformFactsSchema.shape);
  const values = await Promise.all(
    keys.map(async (key) => [key, ((await reference.getOutputDetails(key)) as { value?: unknown }).value] as const),
  );
  const parsed = platformFactsSchema.safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  const wrong = [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))];
  throw new UsageError(
    `Stack ${name} has no usable output ${wrong.join(", ")}. ` +
      `Run it first, or again after an update of Berth: pulumi up --stack ${name} (berth deploy does so by itself).`,
  );
}
