import type { CheckFailure, Plain, Properties } from "../../provider";
import { Secret, Unknown } from "../../provider";
import type { Client } from "../client";

/** Properties without secrets and unknowns in them. */
export type Values = Record<string, Plain>;

/** What GitHub tells of a resource, by the names of its properties. */
export interface View {
  id: string;
  values: Values;
}

/** How a kind of resource is made from requests. Everything else is the same for all; see provider.ts. */
export interface Kind {
  /**
   * A property that is made from the resource's name when the program leaves it out, and its longest length.
   *
   * @default none
   */
  autoname?: { property: string; maximum: number };
  /**
   * What a property goes back to that the program leaves out. One that is neither here nor under `computed` goes back to false, 0, an
   * empty text or nothing, as in the Terraform provider, which the official plugin is made from.
   *
   * @default none
   */
  defaults?: Values;
  /**
   * Properties that stay as they are while the program leaves them out.
   *
   * @default none
   */
  computed?: readonly string[];
  /**
   * Properties whose change needs a new resource.
   *
   * @default none
   */
  replaces?: readonly string[];
  /**
   * Properties, at any depth, in whose lists the order means nothing.
   *
   * @default none
   */
  sets?: readonly string[];
  /**
   * Properties of which only what the program gives is compared.
   *
   * @default none
   */
  partial?: readonly string[];
  /**
   * Properties that GitHub does not tell, which are kept as the program gives them.
   *
   * @default none
   */
  unreadable?: readonly string[];
  /**
   * Properties that the official plugin has and the stand-in does not; they are refused by name.
   *
   * @default none
   */
  refused?: readonly string[];
  /** What is wrong beyond names and types of properties. */
  check?: (inputs: Properties) => CheckFailure[];
  /** Fills in what GitHub fills in where the program leaves something out, so that both can be compared. */
  complete?: (inputs: Properties) => Properties;
  /** Properties that have to be sent again, although the program did not change them. */
  drift?: (outputs: Properties) => string[];
  /** Makes one. @returns its ID */
  create: (client: Client, inputs: Values) => Promise<string>;
  /**
   * Looks at one; null when it is gone.
   *
   * @param state outputs in the state, or what it has just been made from; empty for an import
   */
  read: (client: Client, id: string, state: Values) => Promise<View | null>;
  /** Changes one. @returns its ID from now on */
  update: (client: Client, id: string, news: Values, state: Values) => Promise<string>;
  delete: (client: Client, id: string, state: Values) => Promise<void>;
}

/** A failure for a property that has a value and is none of those accepted. */
export function oneOf(inputs: Properties, property: string, accepted: readonly string[]): CheckFailure[] {
  const value = inputs[property];
  if (typeof value !== "string" || accepted.includes(value)) return [];
  return [{ property, reason: `is "${value}"; accepted are ${accepted.join(", ")}` }];
}

/** A failure for a text that does not look as it must. The text is not shown when it is secret. */
export function matching(inputs: Properties, property: string, pattern: RegExp, accepted: string): CheckFailure[] {
  const value = inputs[property];
  if (typeof value !== "string" || pattern.test(value)) return [];
  return [{ property, reason: `is "${value}"; accepted: ${accepted}` }];
}

/** True when a property has a value or will have one. */
export function isGiven(inputs: Properties, property: string): boolean {
  const value = inputs[property];
  return value !== undefined && value !== null;
}

/** A failure unless exactly one of several properties is given. */
export function exactlyOne(inputs: Properties, properties: readonly string[]): CheckFailure[] {
  const given = properties.filter((property) => isGiven(inputs, property));
  if (given.length === 1) return [];
  const [first = ""] = given.length === 0 ? properties : given;
  return [{ property: first, reason: `exactly one of ${properties.join(", ")} is accepted` }];
}

/** True when a value can be looked at: it is neither unknown nor secret. */
export function isPlain(value: unknown): boolean {
  return !(value instanceof Unknown) && !(value instanceof Secret);
}

/**
 * The parts of an ID, such as `shop:production`.
 *
 * @throws Error when it has another number of parts
 */
export function partsOf<Names extends readonly string[]>(
  id: string,
  ...names: Names
): { [Key in keyof Names]: string } {
  const parts = id.split(":");
  // A name may have colons in it, and only the last may: those before are names of repositories and environments.
  const found = [...parts.slice(0, names.length - 1), parts.slice(names.length - 1).join(":")];
  if (parts.length < names.length || found.some((part) => part === ""))
    throw new Error(`the ID "${id}" is not of the form ${names.join(":")}`);
  return found as { [Key in keyof Names]: string };
}

/** The text of a property that is there. */
export function textOf(values: Values, property: string): string {
  const value = values[property];
  if (typeof value !== "string") throw new Error(`the property ${property} has no text`);
  return value;
}

/** The number of a property that is there, as text. */
export function numberOf(values: Values, property: string): string {
  const value = values[property];
  if (typeof value !== "number") throw new Error(`the property ${property} has no number`);
  return String(value);
}

/** An object without what has no value. */
export function given(values: Record<string, Plain | undefined>): Values {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, Plain] => (entry[1] ?? null) !== null),
  );
}
