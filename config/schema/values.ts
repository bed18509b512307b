import { z } from "zod";
import { text } from "../fields";

/* Kinds of values that several parts of berth.yaml have. */

/** A list with an upper bound, which names it when it is broken. */
export const list = <T extends z.ZodType>(item: T, most: number, what: string) =>
  z.array(item, `a list of ${what}`).max(most, `at most ${most} ${what}`);

const PATH = /^\/[^\s?#]*$/;
export const path = (example: string) =>
  text(`an absolute path, such as ${example}`, PATH).max(256, "a path of at most 256 characters");

/** A path that does not lead out of the folder that it is seen from. */
export const RELATIVE_PATH = /^(?!\/)(?!(.*\/)?\.\.(\/|$))[A-Za-z0-9._/@+-]+$/;

const ENV_NAME = "a name of letters, digits and underscores that does not start with a digit";
export const variableName = () => text(ENV_NAME, /^[A-Za-z_][A-Za-z0-9_]*$/);
export const variables = () =>
  z
    .record(
      variableName(),
      z.string('text; numbers and booleans in quotes, such as "true"').max(32768, "text of at most 32768 characters"),
      "a mapping of names to text",
    )
    .default({});
