import { z } from "zod";
import { options } from "./fields";
import { IMAGE_BY_DIGEST, isImageByDigest } from "./image";
import { MAX_PR_NUMBER } from "./names";
import { ConfigError, findingsOf, toProblem } from "./problems";
import { TRUST_TIERS } from "./trust";

/* The stack config `berth:pr`: which pull request, at which commit. Written by the lifecycle, or by hand for `pulumi up`. */

const NUMBER = `a whole number from 1 to ${MAX_PR_NUMBER}`;
const GENERATION = "a whole number from 1 on";
const printable = (accepted: string, most: number) =>
  z
    .string(accepted)
    .min(1, accepted)
    .max(most, `at most ${most} characters`)
    .regex(/^[^\p{Cc}]*$/u, "text without control characters");

export const prSchema = z.strictObject(
  {
    number: z.int(NUMBER).min(1, NUMBER).max(MAX_PR_NUMBER, NUMBER).describe("Number of the pull request."),
    commit: z
      .string("a commit SHA")
      .regex(/^[0-9a-f]{7,64}$/, "a commit SHA of 7 to 64 hexadecimal digits")
      .describe("Commit that the image is built from."),
    branch: printable("a branch name", 255).describe("Branch of the pull request."),
    repository: z
      .string("owner/name")
      .regex(/^[A-Za-z0-9][A-Za-z0-9-]*\/[A-Za-z0-9._-]+$/, "owner/name")
      .optional()
      .describe("Repository of the pull request."),
    owner: printable("the login of a person", 100).describe(
      "Who the environment belongs to, such as the author of the pull request.",
    ),
    image: z
      .string(IMAGE_BY_DIGEST)
      .refine(isImageByDigest, IMAGE_BY_DIGEST)
      .describe("The app's image. A digest, so that what runs is what was built."),
    serviceImages: z
      .record(
        z.string("the name of a service"),
        z.string(IMAGE_BY_DIGEST).refine(isImageByDigest, IMAGE_BY_DIGEST),
        "a mapping of services to images by digest",
      )
      .optional()
      .describe(
        "Images of services that are built from this commit, by the service's name. They win over those of the config.",
      ),
    trust: options(...TRUST_TIERS)
      .optional()
      .describe(
        "How much the code is trusted. Said by who deploys, never by the pull request's files. The platform's `trust.default` when left out.",
      ),
    asleep: z
      .boolean("true or false")
      .optional()
      .describe("Whether its pods are stopped. Written by `berth sleep`; each deploy and `berth wake` take it away."),
    generation: z
      .int(GENERATION)
      .min(1, GENERATION)
      .describe("Counts the deploys of this environment; the newest wins."),
  },
  "a mapping of fields",
);

/** One deploy of one pull request. */
export type PrConfig = z.output<typeof prSchema>;

/**
 * Checks the value of `berth:pr`.
 *
 * @throws ConfigError with all problems at once
 */
export function parsePr(value: unknown): PrConfig {
  const parsed = prSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError("berth:pr", findingsOf(parsed.error.issues, value, prSchema).map(toProblem));
}
