import { parseDuration } from "./duration";
import type { Config } from "./schema";

/** When something may be done to an environment, ISO 8601; undefined for never. */
export interface Dates {
  /** When it may be removed. */
  expiresAt: string | undefined;
  /** When its pods may be stopped. */
  sleepAt: string | undefined;
}

/**
 * Counts the dates of an environment from a moment on: that of a deploy, or of a wake.
 *
 * @param now milliseconds since 1970
 */
export function planDates({ ttl, sleep }: Pick<Config, "ttl" | "sleep">, now: number): Dates {
  const from = (span: string | undefined) =>
    span === undefined ? undefined : new Date(now + parseDuration(span) * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  return { expiresAt: from(ttl), sleepAt: from(sleep.after) };
}
