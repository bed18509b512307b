/** A range of IPv4 addresses. */
export interface Range {
  /** First address as a number. */
  start: number;
  /** Length of the prefix, 0 to 32. */
  prefix: number;
}

/** Reads `10.0.0.0/16`; undefined when the text is no range or has bits set behind the prefix. */
export function parseRange(text: string): Range | undefined {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!found) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = found.slice(1).map(Number);
  if ([a, b, c, d].some((byte) => byte > 255) || prefix > 32) return undefined;
  const start = ((a * 256 + b) * 256 + c) * 256 + d;
  return start % size(prefix) === 0 ? { start, prefix } : undefined;
}

/** True when one range lies in the other. */
export function contains(outer: Range, inner: Range): boolean {
  return outer.prefix <= inner.prefix && inner.start - (inner.start % size(outer.prefix)) === outer.start;
}

/** True when two ranges have an address in common. */
export function overlap(one: Range, other: Range): boolean {
  return contains(one, other) || contains(other, one);
}

/** The nth address of a range as text. */
export function addressIn({ start }: Range, index: number): string {
  const address = start + index;
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

function size(prefix: number): number {
  return 2 ** (32 - prefix);
}
