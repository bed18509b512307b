import { Secret, Unknown, type CheckFailure, type Properties, type PropertyValue } from "../../provider";
import { parseRange } from "../cidr";

/** A property as a text, where a preview knows it. */
export function knownText(inputs: Properties, name: string): string | undefined {
  const value = unwrapped(inputs[name]);
  return typeof value === "string" ? value : undefined;
}

/** A property as a number, where a preview knows it. */
export function knownNumber(inputs: Properties, name: string): number | undefined {
  const value = unwrapped(inputs[name]);
  return typeof value === "number" ? value : undefined;
}

/** A property as an object, where a preview knows it. */
export function knownObject(inputs: Properties, name: string): Properties | undefined {
  const value = unwrapped(inputs[name]);
  const isOne = typeof value === "object" && value !== null && !Array.isArray(value);
  return isOne && !(value instanceof Unknown) && !(value instanceof Secret) ? value : undefined;
}

/** The known elements of a list property. */
export function knownList(inputs: Properties, name: string): PropertyValue[] {
  const value = unwrapped(inputs[name]);
  return Array.isArray(value) ? value : [];
}

/** The known texts of a list property, with their paths. */
export function knownTexts(inputs: Properties, name: string): { value: string; path: string }[] {
  return knownList(inputs, name).flatMap((one, index) => {
    const value = unwrapped(one);
    return typeof value === "string" ? [{ value, path: `${name}[${index}]` }] : [];
  });
}

/** How many of some properties are given, known or not. */
export function given(inputs: Properties, names: readonly string[]): string[] {
  return names.filter((name) => inputs[name] !== undefined && inputs[name] !== null);
}

/** Complaints about a text that must be a range of IPv4 addresses whose prefix lies between two lengths. */
export function checkRange(value: string | undefined, property: string, least = 0, most = 32): CheckFailure[] {
  if (value === undefined) return [];
  const range = parseRange(value);
  if (!range) {
    const repaired = withoutHostBits(value);
    const hint = repaired === undefined ? "" : `; did you mean "${repaired}"?`;
    return [{ property, reason: `"${value}" is no valid CIDR block${hint}` }];
  }
  if (range.prefix >= least && range.prefix <= most) return [];
  return [{ property, reason: `"${value}" must have a prefix between /${least} and /${most}` }];
}

/** Complains unless exactly one of some properties is given. */
export function exactlyOne(inputs: Properties, names: readonly string[]): CheckFailure[] {
  const found = given(inputs, names);
  if (found.length === 1) return [];
  const reason = `exactly one of ${names.join(", ")} must be given, ${found.length === 0 ? "none is" : `${found.join(" and ")} are`}`;
  return [{ property: found[0] ?? "", reason }];
}

/** Complains when more than one of some properties is given. */
export function atMostOne(inputs: Properties, names: readonly string[]): CheckFailure[] {
  const found = given(inputs, names);
  if (found.length <= 1) return [];
  return [{ property: found[0] ?? "", reason: `conflicts with ${found.slice(1).join(", ")}` }];
}

/** Complaints about a text that is no ARN. */
export function checkArn(value: string | undefined, property: string): CheckFailure[] {
  if (value === undefined || /^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12}|aws|):.+$/.test(value)) return [];
  return [{ property, reason: `"${value}" is no ARN` }];
}

function unwrapped(value: PropertyValue | undefined): PropertyValue | undefined {
  return value instanceof Secret ? unwrapped(value.secret) : value;
}

function withoutHostBits(text: string): string | undefined {
  const [address = "", prefix = ""] = text.split("/");
  const bytes = address.split(".").map(Number);
  const length = Number(prefix);
  if (!/^\d+$/.test(prefix) || length > 32 || bytes.length !== 4) return undefined;
  if (bytes.some((byte) => !Number.isInteger(byte) || byte < 0 || byte > 255)) return undefined;
  const kept = bytes.map((byte, index) => {
    const bits = Math.max(0, Math.min(8, length - index * 8));
    return byte - (byte % 2 ** (8 - bits));
  });
  return `${kept.join(".")}/${prefix}`;
}
