/*
 * Address ranges of both families as intervals of whole numbers, so that ranges which are split can be added up.
 */

/** Addresses from the first to the last one, both included. */
export interface Interval {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const BITS = { 4: 32n, 6: 128n } as const;

/**
 * Reads a range in CIDR notation, or one address. Bits after the prefix are ignored, as firewalls do.
 *
 * @returns undefined when the text is neither
 */
export function parseRange(text: string): Interval | undefined {
  const [address = "", prefixText, ...rest] = text.trim().split("/");
  const family = address.includes(":") ? 6 : 4;
  const value = family === 6 ? parseV6(address) : parseV4(address);
  const bits = BITS[family];
  if (value === undefined || rest.length > 0 || (prefixText !== undefined && !/^\d{1,3}$/.test(prefixText))) {
    return undefined;
  }
  const prefix = prefixText === undefined ? bits : BigInt(prefixText);
  if (prefix > bits) return undefined;
  const size = 1n << (bits - prefix);
  const first = value - (value % size);
  return { family, first, last: first + size - 1n };
}

function parseV4(text: string): bigint | undefined {
  const bytes = text.split(".");
  if (bytes.length !== 4 || bytes.some((byte) => !/^\d{1,3}$/.test(byte) || Number(byte) > 255)) return undefined;
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

/** An IPv6 address, also with an IPv4 address as its end (RFC 4291, section 2.2). */
function parseV6(text: string): bigint | undefined {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (embedded) {
    const v4 = parseV4(embedded[2] ?? "");
    if (v4 === undefined) return undefined;
    return parseV6(`${embedded[1] ?? ""}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`);
  }
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

/** Whether two ranges have an address in common. */
export function overlap(one: Interval, other: Interval): boolean {
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/** The same addresses as intervals that neither overlap nor touch, in order. */
export function union(intervals: readonly Interval[]): Interval[] {
  const merged: Interval[] = [];
  const sorted = [...intervals].sort((a, b) => a.family - b.family || (a.first < b.first ? -1 : 1));
  for (const next of sorted) {
    const last = merged.at(-1);
    if (last?.family === next.family && next.first <= last.last + 1n) {
      merged[merged.length - 1] = { ...last, last: next.last > last.last ? next.last : last.last };
    } else merged.push(next);
  }
  return merged;
}

/** The addresses of some intervals that are in none of the others. */
export function without(intervals: readonly Interval[], excepted: readonly Interval[]): Interval[] {
  let rest = [...intervals];
  for (const hole of excepted) {
    rest = rest.flatMap((one) => {
      if (!overlap(one, hole)) return [one];
      return [
        ...(one.first < hole.first ? [{ ...one, last: hole.first - 1n }] : []),
        ...(one.last > hole.last ? [{ ...one, first: hole.last + 1n }] : []),
      ];
    });
  }
  return rest;
}

/** Global unicast addresses of IPv6, of which all that is routed is a part (RFC 4291, section 2.4). */
const GLOBAL_V6: Interval = { family: 6, first: 0x2000n << 112n, last: (0x4000n << 112n) - 1n };

/** The share, from 0 to 1, of a family's addresses that some intervals cover: of all IPv4, of the global ones of IPv6. */
export function shareOf(family: 4 | 6, intervals: readonly Interval[]): number {
  const world: Interval = family === 4 ? { family: 4, first: 0n, last: (1n << 32n) - 1n } : GLOBAL_V6;
  const inside = union(intervals)
    .filter((one) => overlap(one, world))
    .map(({ first, last }) => ({
      first: first > world.first ? first : world.first,
      last: last < world.last ? last : world.last,
    }));
  const count = inside.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  // Shares down to a millionth are told apart, which is more than any limit needs.
  return Number((count * 1_000_000n) / (world.last - world.first + 1n)) / 1_000_000;
}
