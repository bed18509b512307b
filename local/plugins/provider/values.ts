import { isDeepStrictEqual } from "node:util";

import { specialSecretSig, specialSigKey, unknownValue } from "@pulumi/pulumi/runtime/rpc";

/** A value that is not known yet: an output of a resource that a preview only plans. */
export interface Unknown {
  readonly unknown: true;
}

/** Tells an unknown value from any other: `value instanceof Unknown`. */
export const Unknown: new () => Unknown = class {
  readonly unknown = true;
};

/** The only value of {@link Unknown}. */
export const unknown = new Unknown();

/** A value that the engine encrypts in the state and does not print. */
export interface Secret {
  readonly secret: PropertyValue;
}

/** Marks a value as secret, and tells it from any other: `value instanceof Secret`. */
export const Secret: new (secret: PropertyValue) => Secret = class {
  constructor(readonly secret: PropertyValue) {}
};

/** A property as the engine sends it, in which unknown and secret values are told apart from plain ones. */
export type PropertyValue =
  null | boolean | number | string | Unknown | Secret | PropertyValue[] | { [key: string]: PropertyValue };

/** Inputs or outputs of a resource. */
export type Properties = Record<string, PropertyValue>;

/** A value without secrets and unknowns in it: what an API would be sent. */
export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** True for an object of properties, as opposed to a list, a secret or something unknown. */
export function isObject(value: PropertyValue | undefined): value is Properties {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Unknown)
  );
}

/** Reads what came over the wire, where signatures stand for secrets and for what is unknown. */
export function decode(wire: unknown): PropertyValue {
  if (wire === undefined || wire === null) return null;
  if (typeof wire === "string") return wire === unknownValue ? unknown : wire;
  if (typeof wire === "number" || typeof wire === "boolean") return wire;
  if (Array.isArray(wire)) return wire.map(decode);
  if (typeof wire !== "object") throw new Error(`a ${typeof wire} is no property value`);
  const object = wire as Record<string, unknown>;
  if (object[specialSigKey] === specialSecretSig) return new Secret(decode(object["value"]));
  return decodeAll(object);
}

/** {@link decode} for an object of properties. */
export function decodeAll(wire: Record<string, unknown>): Properties {
  return Object.fromEntries(Object.entries(wire).map(([key, value]) => [key, decode(value)]));
}

/** Writes a value for the wire. */
export function encode(value: PropertyValue): unknown {
  if (value instanceof Unknown) return unknownValue;
  if (value instanceof Secret) return { [specialSigKey]: specialSecretSig, value: encode(value.secret) };
  if (Array.isArray(value)) return value.map(encode);
  return isObject(value) ? encodeAll(value) : value;
}

/** {@link encode} for an object of properties; one that is undefined is left out. */
export function encodeAll(properties: Partial<Properties>): Record<string, unknown> {
  const given = Object.entries(properties).filter((entry): entry is [string, PropertyValue] => entry[1] !== undefined);
  return Object.fromEntries(given.map(([key, value]) => [key, encode(value)]));
}

/** The same value with all secrets unwrapped; unknowns stay. */
export function reveal(value: PropertyValue): PropertyValue {
  if (value instanceof Secret) return reveal(value.secret);
  if (Array.isArray(value)) return value.map(reveal);
  return isObject(value) ? revealAll(value) : value;
}

/** {@link reveal} for an object of properties. */
export function revealAll(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, reveal(value)]));
}

/** True when the value is a secret or contains one. */
export function containsSecret(value: PropertyValue): boolean {
  return contains(value, (one) => one instanceof Secret);
}

/** True when the value is unknown or contains something unknown, also inside a secret. */
export function containsUnknown(value: PropertyValue): boolean {
  return contains(value, (one) => one instanceof Unknown);
}

/**
 * The value as an API would be sent it.
 *
 * @throws Error when something in it is unknown, which is never so outside a preview.
 */
export function plain(value: PropertyValue): Plain {
  if (value instanceof Unknown) throw new Error("a value is unknown although this is no preview");
  if (value instanceof Secret) return plain(value.secret);
  if (Array.isArray(value)) return value.map(plain);
  return isObject(value) ? plainAll(value) : value;
}

/** {@link plain} for an object of properties. */
export function plainAll(properties: Properties): Record<string, Plain> {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, plain(value)]));
}

/** True when two values are the same, whether secret or not. An unknown value equals only another. */
export function sameValue(one: PropertyValue | undefined, other: PropertyValue | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return isDeepStrictEqual(reveal(one), reveal(other));
}

function contains(value: PropertyValue, what: (value: PropertyValue) => boolean): boolean {
  if (what(value)) return true;
  if (value instanceof Secret) return contains(value.secret, what);
  if (Array.isArray(value)) return value.some((one) => contains(one, what));
  return isObject(value) && Object.values(value).some((one) => contains(one, what));
}
