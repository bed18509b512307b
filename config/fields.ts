import { z } from "zod";
import { VERSIONS } from "./engines";
import type { Engine } from "./engines";
import { IMAGE_BY_DIGEST, isImageByDigest } from "./image";

/*
 * Kinds of values that several configs have. The message of each check says what is accepted, as a noun phrase: errors are composed
 * around it (problems.ts).
 */

/** What the name of a Kubernetes object looks like (RFC 1123 subdomain). */
export const OBJECT_NAME_PATTERN = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Text of a pattern. */
export const text = (accepted: string, pattern: RegExp) => z.string(accepted).regex(pattern, accepted);

/** Text that a function knows. */
export const checked = (accepted: string, check: (value: string) => boolean) =>
  z.string(accepted).refine(check, accepted);

/** A boolean. */
export const flag = () => z.boolean("true or false");

/** A whole number between two, both included. */
export const whole = (least: number, most: number) => {
  const accepted = `a whole number from ${least} to ${most}`;
  return z.int(accepted).min(least, accepted).max(most, accepted);
};

/**
 * A version of a database engine.
 *
 * @param subject what it is called, such as "a MariaDB version"
 */
export const version = (engine: Engine, subject: string) =>
  text(`${subject} in quotes, such as "${VERSIONS[engine].example}"`, VERSIONS[engine].pattern);

/** A TCP port. */
export const port = () => whole(1, 65535);

/** A container image that cannot change. */
export const imageByDigest = () => checked(IMAGE_BY_DIGEST, isImageByDigest);

/** One of a few words. */
export const options = <const Values extends readonly [string, ...string[]]>(...values: Values) =>
  z.enum(
    values,
    values.length === 2 ? values.join(" or ") : `${values.slice(0, -1).join(", ")} or ${values.at(-1) ?? ""}`,
  );

/** A mapping with `enabled` among its fields, for which a boolean may stand. */
export const switchable = <Options extends z.ZodType>(mapping: Options) =>
  z
    .union([z.boolean(), mapping], "true, false or a mapping of options")
    .transform((value) => (typeof value === "boolean" ? mapping.parse({ enabled: value }) : value));
