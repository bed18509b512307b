import generated from "./rules.json";

/** What a property may be. Names and types are those of the npm package, limits those of AWS's service models. */
export interface PropertyRule {
  /** `json`: a text, or an object that the SDK has written as one. */
  type: "string" | "number" | "boolean" | "list" | "map" | "object" | "json";
  /** @default false */
  required?: true;
  /**
   * A change needs a new resource.
   *
   * @default false
   */
  replaces?: true;
  /** Of lists and maps. */
  items?: PropertyRule;
  /** Of objects. */
  properties?: Record<string, PropertyRule>;
  /**
   * The only values.
   *
   * @default any value
   */
  enum?: string[];
  /**
   * A regular expression that the whole text matches.
   *
   * @default any text
   */
  pattern?: string;
  /**
   * Least value of a number, least length of a text, a list or a map.
   *
   * @default none
   */
  min?: number;
  /**
   * Greatest value of a number, greatest length of a text, a list or a map.
   *
   * @default none
   */
  max?: number;
}

/** What a type of resource may be. */
export interface TypeRules {
  inputs: Record<string, PropertyRule>;
  /** Outputs that every resource of the type has. */
  outputs: string[];
  /** Outputs that it may have. */
  optionalOutputs: string[];
}

/** The contents of rules.json. */
export interface Rules {
  /** Versions of the packages that the rules are from. */
  sources: Record<"@pulumi/aws" | "botocore", string>;
  /** Instance types of EC2. */
  instanceTypes: string[];
  /** By type token. */
  types: Record<string, TypeRules>;
}

/** The rules as scripts/aws-rules.ts has written them. */
export const rules = generated as Rules;
