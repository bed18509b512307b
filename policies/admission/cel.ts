import type { Policies } from "@pulumi/policy";

/*
 * What rules have in common when they are said in CEL, the language of the API server's ValidatingAdmissionPolicies.
 */

/** A policy of the pack. */
export type Policy = Policies[number];

/** A named value that the checks of a group may use as `variables.NAME`. */
export interface Variable {
  name: string;
  expression: string;
}

/** A parameter of a rule as a variable: a literal, which the platform replaces by what it knows. */
export interface Parameter {
  name: string;
  /** The rule that has it. */
  rule: string;
  default: unknown;
}

/** A rule as the API server checks it. */
export interface Check {
  rule: string;
  /** True for what is let through. */
  expression: string;
  /** The refusal, made of what is refused. */
  messageExpression: string;
  /** The refusal when that expression fails. */
  message: string;
  /** Holds also where the platform takes the rule back: without it other rules would not hold. @default false */
  always?: true;
}

/** Resources that a group judges, as a ValidatingAdmissionPolicy names them. */
export interface Matched {
  apiGroups: string[];
  apiVersions: string[];
  resources: string[];
  operations: ("CREATE" | "UPDATE" | "DELETE")[];
}

/** Checks of the same objects: one ValidatingAdmissionPolicy. */
export interface AdmissionGroup {
  /** The policy is named `berth-NAME`. */
  name: string;
  /** What it keeps, for readers of the cluster: one sentence. */
  about: string;
  /** `environments` judges what is in their namespaces, `namespaces` those themselves. */
  scope: "environments" | "namespaces";
  matched: Matched[];
  /** All have to be true for the group to judge an object. */
  conditions: Variable[];
  parameters: Parameter[];
  variables: Variable[];
  checks: Check[];
  /** An object of the same namespace, as `params`, without which everything is refused. */
  requires?: { apiVersion: string; kind: string; name: string };
}

/** Text as a literal of CEL, whose strings are written as those of JSON are. */
export function literal(value: unknown): string {
  return JSON.stringify(value);
}

/**
 * Says a rule in CEL.
 *
 * @param expression true for what is let through
 * @param says expression for what is wrong, a text
 */
export function check({ name, description, remediationSteps = "" }: Policy, expression: string, says: string): Check {
  const fix = `; fix: ${remediationSteps}`;
  return {
    rule: name,
    expression,
    messageExpression: `${literal(`${name}: `)} + (${says}) + ${literal(fix)}`,
    message: `${name}: it has to hold that ${description.replace(/^Checks that |\.$/g, "")}${fix}`,
  };
}

/**
 * A parameter of a rule.
 *
 * @param variable name of the variable. @default that of the parameter
 */
export function parameter(policy: Policy, name: string, variable = name): Parameter {
  const schema = policy.configSchema?.properties[name];
  if (schema?.default === undefined) throw new Error(`${policy.name} has no parameter ${name} with a default`);
  return { name: variable, rule: policy.name, default: schema.default };
}

/** Whether an object was changed in what a group judges, so that labels, status and finalizers of what is there already can still be changed. */
export function changed(part: (object: string) => string): Variable {
  return {
    name: "changes-what-is-judged",
    expression: `request.operation != "UPDATE" || ${part("object")} != ${part("oldObject")}`,
  };
}

/** A field of an object that every kind of a group has, as an optional. */
export function field(name: string): (object: string) => string {
  return (object) => `dyn(${object}).?${name}`;
}

/** CREATE and UPDATE of resources of an API group. */
export function writes(apiGroup: string, ...resources: string[]): Matched {
  return { apiGroups: [apiGroup], apiVersions: ["*"], resources, operations: ["CREATE", "UPDATE"] };
}
