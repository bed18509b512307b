/* Spans of time as people and Prometheus write them: a whole number and a unit. */

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

const PATTERN = /^([1-9]\d{0,5})([smhd])$/;

/** What a span looks like, for error messages. */
export const DURATION = "a span of time such as 30s, 15m, 8h or 7d";

/**
 * Whether a text is a span of time.
 *
 * @param bounds the shortest and the longest that count. @default any
 */
export function isDuration(text: string, bounds: { min?: string; max?: string } = {}): boolean {
  if (!PATTERN.test(text)) return false;
  const seconds = parseDuration(text);
  return (
    seconds >= (bounds.min === undefined ? 0 : parseDuration(bounds.min)) &&
    seconds <= (bounds.max === undefined ? Infinity : parseDuration(bounds.max))
  );
}

/**
 * Reads a span of time.
 *
 * @returns seconds
 * @throws RangeError when the text is none
 */
export function parseDuration(text: string): number {
  const [, count, unit] = PATTERN.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new RangeError(`"${text}" is not ${DURATION}`);
  return Number(count) * UNITS[unit as keyof typeof UNITS];
}
