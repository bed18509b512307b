/** IPv4 address ranges in CIDR notation, and the ranges that a preview may or may not reach. */

const CIDR_PATTERN = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

/** An address range, as first and last address in numbers from 0 to 2^32 - 1. */
export interface Range {
  first: number;
  last: number;
  prefix: number;
}

/**
 * Reads an IPv4 range.
 *
 * @returns undefined when the text is no range, or when bits are set after the prefix (`10.0.0.1/8`), which most often is a slip
 */
export function parseCidr(text: string): Range | undefined {
  const match = CIDR_PATTERN.exec(text);
  if (!match) return undefined;
  const [a, b, c, d, prefix] = match.slice(1).map(Number) as [number, number, number, number, number];
  if ([a, b, c, d].some((byte) => byte > 255) || prefix > 32) return undefined;
  const first = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
  const size = 2 ** (32 - prefix);
  return first % size === 0 ? { first, last: first + size - 1, prefix } : undefined;
}

/** Whether `text` is an IPv4 range that {@link parseCidr} reads. */
export function isCidr(text: string): boolean {
  return parseCidr(text) !== undefined;
}

/**
 * Whether every address of `inner` is in `outer`.
 *
 * @throws RangeError when one of them is no IPv4 range
 */
export function contains(outer: string, inner: string): boolean {
  const [o, i] = [required(outer), required(inner)];
  return o.first <= i.first && i.last <= o.last;
}

/**
 * Whether the two ranges have an address in common.
 *
 * @throws RangeError when one of them is no IPv4 range
 */
export function overlaps(one: string, other: string): boolean {
  const [a, b] = [required(one), required(other)];
  return a.first <= b.last && b.first <= a.last;
}

/**
 * One of the equal parts of a range, counted from 0.
 *
 * @param prefix prefix length of the parts
 * @throws RangeError when `cidr` is no IPv4 range, or has no such part
 * @example part("10.0.0.0/16", 19, 1) // "10.0.32.0/19"
 */
export function part(cidr: string, prefix: number, index: number): string {
  const range = required(cidr);
  const parts = 2 ** (prefix - range.prefix);
  if (!Number.isInteger(prefix) || prefix < range.prefix || prefix > 32) {
    throw new RangeError(`${cidr} has no parts of /${prefix}; accepted: /${range.prefix} to /32`);
  }
  if (!Number.isInteger(index) || index < 0 || index >= parts) {
    throw new RangeError(`${cidr} has no part ${index} of /${prefix}; accepted: 0 to ${parts - 1}`);
  }
  return formatCidr(range.first + index * 2 ** (32 - prefix), prefix);
}

/**
 * Number of addresses in a range.
 *
 * @throws RangeError when it is no IPv4 range
 */
export function sizeOf(cidr: string): number {
  const { first, last } = required(cidr);
  return last - first + 1;
}

/**
 * The first range of a size in an outer one that has nothing in common with others.
 *
 * @returns undefined when there is none
 * @throws RangeError when one of them is no IPv4 range
 */
export function firstFree(outer: string, prefix: number, taken: readonly string[]): string | undefined {
  const size = 2 ** (32 - prefix);
  const { first, last } = required(outer);
  const ranges = taken.map(required);
  for (let start = first; start + size - 1 <= last;) {
    const blocked = ranges.find((range) => range.first <= start + size - 1 && start <= range.last);
    if (!blocked) return formatCidr(start, prefix);
    start = Math.floor(blocked.last / size + 1) * size;
  }
  return undefined;
}

function formatCidr(first: number, prefix: number): string {
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefix}`;
}

/**
 * Ranges strictly inside an allowed one that stay closed: what no preview reaches, and private addresses, which need a rule of
 * their own.
 */
export function exceptions(cidr: string): string[] {
  return [...FORBIDDEN_RANGES, ...PRIVATE_RANGES].filter((range) => range !== cidr && contains(cidr, range));
}

function required(text: string): Range {
  const range = parseCidr(text);
  if (!range) throw new RangeError(`"${text}" is not an IPv4 range such as 203.0.113.0/24`);
  return range;
}

/**
 * Ranges that no preview ever reaches, whatever its config says: this host and loopback (RFC 1122), link-local with the
 * metadata services of every cloud (RFC 3927), multicast (RFC 5771) and reserved addresses (RFC 1112).
 */
export const FORBIDDEN_RANGES = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"] as const;

/**
 * Private ranges (RFC 1918) and shared address space (RFC 6598). Nodes, pods, Services and API servers live there, so a preview
 * reaches an address in them only when the platform's owner has listed it.
 */
export const PRIVATE_RANGES = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"] as const;

/** The shortest prefix that an egress rule may have. Anything wider is "the internet" by another name. */
export const SHORTEST_EGRESS_PREFIX = 8;
