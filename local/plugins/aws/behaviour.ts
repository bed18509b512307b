import type { CheckFailure, Plain, Properties } from "../provider";
import type { Account, Stored } from "./account";
import type { AwsError } from "./errors";

/** Values of properties or outputs. */
export type Values = Record<string, Plain>;

/** Everything that a behaviour may need to know while it makes, changes or deletes a resource. */
export interface Call {
  account: Account;
  /** Twelve digits. */
  accountId: string;
  region: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  partition: string;
  /** Name of the resource in the program. */
  name: string;
  inputs: Values;
  /** Tags with those of the provider's `defaultTags`. */
  tags: Record<string, string>;
  /** Time as RFC 3339 text. */
  now: string;
}

/** A property that names another resource, which therefore has to exist. */
export interface Reference {
  /** Path of the property without indices, for example `vpcConfig.subnetIds`. */
  property: string;
  /** Type of the other resource. */
  to: string;
  /**
   * Output of the other resource that the property holds.
   *
   * @default its ID
   */
  by?: string;
  /**
   * What happens to this resource when the other is deleted: it stops the deletion, goes too, or is left with a name of nothing.
   *
   * @default "blocks"
   */
  deletion?: "blocks" | "goes" | "stays";
  /**
   * Values that name something outside of the account, for example `AWS` as a route's target.
   *
   * @default none
   */
  except?: (value: string, call: Call) => boolean;
}

/** How resources of one type behave. What is not said here follows from the rules. */
export interface Behaviour {
  /** How messages call it, for example `EC2 Subnet`. */
  title: string;
  /**
   * The service has no regions.
   *
   * @default false
   */
  global?: true;
  /**
   * The property that gets a name when the program gives none, the longest name that is accepted, and what becomes of the name.
   *
   * @default the program has to give all names
   */
  autoname?: { property: string; maximum: number; form?: (name: string) => string };
  /**
   * Paths of lists whose order means nothing.
   *
   * @default none
   */
  sets?: string[];
  /** @default none */
  references?: Reference[];
  /**
   * Outputs that a change of inputs changes too, so that a preview cannot know them.
   *
   * @default none
   */
  volatile?: string[];
  /** What is wrong with the inputs whatever is in the account. Is also asked in previews, where values may be unknown. */
  check?: (inputs: Properties) => CheckFailure[];
  /** Replacements that depend on values: names of the properties that ask for them. */
  replacesWhen?: (olds: Values, news: Properties) => string[];
  /** ID of a new resource. */
  id: (call: Call) => string;
  /**
   * What is wrong with the inputs in this account.
   *
   * @param before the resource that is changed; undefined for a new one
   * @throws AwsError
   */
  verify?: (call: Call, before: Stored | undefined) => void;
  /**
   * Something without which the resource never gets to work. It is asked again for a while; then the operation fails with the reason.
   *
   * @returns the reason; undefined once all is there
   */
  lacks?: (call: Call) => string | undefined;
  /** Outputs beyond the inputs, and the values that the API fills in for inputs that are not given. */
  describe: (call: Call, id: string, before: Stored | undefined) => Values;
  /** What else happens when it is made or changed. */
  applied?: (call: Call, resource: Stored, before: Stored | undefined) => void;
  /**
   * What else happens when it is deleted, or why it cannot be.
   *
   * @throws AwsError
   */
  remove?: (call: Call, resource: Stored) => void;
  /** The error for a name of this type that nothing has. */
  notFound: (value: string) => AwsError;
  /** The error when others need it; without, nobody stops its deletion. */
  inUse?: (resource: Stored, users: readonly Stored[]) => AwsError;
}

/** Behaviours by type token. */
export type Behaviours = Record<string, Behaviour>;

/** A value as a text, whatever it is. */
export function asText(value: Plain | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null);
}

/** A text of some values; an empty one when there is none. */
export function text(values: Values, name: string): string {
  const value = values[name];
  return typeof value === "string" ? value : "";
}

/** A list of texts; an empty one when there is none. */
export function texts(values: Values, name: string): string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** An object of some values; an empty one when there is none. */
export function inner(values: Values, name: string): Values {
  const value = values[name];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** A list of objects; an empty one when there is none. */
export function inners(values: Values, name: string): Values[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter(isValues) : [];
}

function isValues(value: Plain): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The texts at a path through objects and lists. */
export function textsAt(value: Plain | undefined, path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => textsAt(one, path));
  const [first, ...rest] = path;
  if (first === undefined) return typeof value === "string" ? [value] : [];
  return typeof value === "object" && value !== null ? textsAt(value[first], rest) : [];
}

/** Amazon Resource Name of something in the account and region of a call. */
export function arn(call: Call, service: string, resource: string, region = call.region): string {
  return `arn:${call.partition}:${service}:${region}:${call.accountId}:${resource}`;
}
