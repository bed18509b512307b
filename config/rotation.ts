import { z } from "zod";
import { ENGINES } from "./databases";
import type { Engine } from "./databases";
import { ConfigError, findingsOf, toProblem } from "./problems";

/*
 * Which passwords of an environment were changed, and when. The stack config `berth:rotate` asks for a change; what has been changed
 * stands in the stack's outputs, so that each later update, from whatever machine, keeps the passwords that it finds.
 */

/** When the password of each database was last changed, ISO 8601 in UTC. Those that still have their first one are absent. */
export type Rotations = Partial<Record<Engine, string>>;

const TIME = "a time in UTC such as 2026-01-31T09:30:00.000Z";
const time = () => z.string(TIME).regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, TIME);

const rotateSchema = z.strictObject(
  {
    at: time().describe("When the change was asked for: an update with a later time makes new passwords again."),
    databases: z
      .array(z.enum(ENGINES, `one of ${ENGINES.join(", ")}`), "a list of databases")
      .min(1, "at least one database")
      .describe("Databases that get a new password."),
  },
  "a mapping with at and databases",
);

/** A request for new passwords. */
export type RotateRequest = z.output<typeof rotateSchema>;

const rotationsSchema = z.partialRecord(z.enum(ENGINES), time());

/**
 * Checks the value of `berth:rotate`.
 *
 * @throws ConfigError with all problems at once
 */
export function parseRotate(value: unknown): RotateRequest | undefined {
  if (value === undefined) return undefined;
  const parsed = rotateSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError("berth:rotate", findingsOf(parsed.error.issues, value, rotateSchema).map(toProblem));
}

/** Reads the output `rotations`. What an environment of an older or newer Berth has there and is not known counts as absent. */
export function parseRotations(value: unknown): Rotations {
  const parsed = rotationsSchema.safeParse(value ?? {});
  return parsed.success ? parsed.data : {};
}

/**
 * The rotations that an update is to end with.
 *
 * @param done those of the last update that succeeded
 * @param request what is asked for now; a request that is older than what has been done asks for nothing
 * @param engines databases that the config enables: one that is switched off forgets its rotation with its data
 */
export function planRotations(
  done: Rotations,
  request: RotateRequest | undefined,
  engines: readonly Engine[],
): Rotations {
  return Object.fromEntries(
    engines.flatMap((engine) => {
      const asked = request?.databases.includes(engine) === true ? request.at : "";
      const last = [done[engine] ?? "", asked].sort().at(-1) ?? "";
      return last === "" ? [] : [[engine, last] as const];
    }),
  );
}
