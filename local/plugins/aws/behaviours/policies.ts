import { isDeepStrictEqual } from "node:util";

import type { CheckFailure, Properties } from "../../provider";
import { knownText } from "./fields";

/** One statement of a policy, as it is written. */
interface Statement {
  Effect?: unknown;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: unknown;
  NotAction?: unknown;
  Resource?: unknown;
  NotResource?: unknown;
  Condition?: unknown;
}

/** What kind of policy it is, which decides on what a statement must and must not have. */
export interface PolicyKind {
  /**
   * - `identity`: of a role or on its own; says on what, not who.
   * - `trust`: of a role; says who, not on what.
   * - `resource`: of a bucket, a key or a queue; says who.
   */
  kind: "identity" | "trust" | "resource";
  /** Most characters, without white space. */
  maximum: number;
  /**
   * Says on what, too.
   *
   * @default true for `resource`
   */
  needsResource?: boolean;
}

/** Limits of policies by where they are ("IAM and AWS STS quotas"; "S3 bucket quotas"; KMS developer guide, "Resource quotas"). */
export const policyKinds = {
  inline: { kind: "identity", maximum: 10_240 },
  managed: { kind: "identity", maximum: 6144 },
  trust: { kind: "trust", maximum: 2048 },
  key: { kind: "resource", maximum: 32_768 },
  bucket: { kind: "resource", maximum: 20_480 },
  repository: { kind: "resource", maximum: 10_240, needsResource: false },
  registry: { kind: "resource", maximum: 10_240 },
  queue: { kind: "resource", maximum: 10_240 },
  endpoint: { kind: "resource", maximum: 20_480 },
  logs: { kind: "resource", maximum: 5120 },
} satisfies Record<string, PolicyKind>;

const knownKeys = ["Id", "Statement", "Version"];
const statementKeys = [
  "Action",
  "Condition",
  "Effect",
  "NotAction",
  "NotPrincipal",
  "NotResource",
  "Principal",
  "Resource",
  "Sid",
];
/** Operators of conditions (IAM user guide, "IAM JSON policy elements: Condition operators"). */
const operators =
  /^(ForAllValues:|ForAnyValue:)?(String(Not)?(Equals|Like|EqualsIgnoreCase)|Numeric(Not)?(Equals|LessThan|LessThanEquals|GreaterThan|GreaterThanEquals)|Date(Not)?(Equals|LessThan|LessThanEquals|GreaterThan|GreaterThanEquals)|Bool|BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like)|Null)(IfExists)?$/;

/** What is wrong with the policy document in a property. */
export function checkPolicy(
  inputs: Properties,
  property: string,
  { kind, maximum, needsResource }: PolicyKind,
): CheckFailure[] {
  const document = knownText(inputs, property);
  if (document === undefined) return [];
  const wrong = (reason: string) => ({ property, reason: `is a malformed policy document: ${reason}` });
  const policy = readPolicy(document);
  if (!policy) return [wrong("it is no JSON object")];
  const size = document.replace(/\s/g, "").length;
  const needs = kind === "identity" || (needsResource ?? kind === "resource");
  return [
    ...(size > maximum ? [wrong(`it has ${size} characters; at most ${maximum} are accepted`)] : []),
    ...Object.keys(policy)
      .filter((key) => !knownKeys.includes(key))
      .map((key) => wrong(`it has ${key}`)),
    ...(["2012-10-17", "2008-10-17", undefined].includes(policy["Version"] as string)
      ? []
      : [wrong("its Version is no version")]),
    ...(statementsOf(policy).length === 0 ? [wrong("it has no Statement")] : []),
    ...statementsOf(policy).flatMap((statement, index) =>
      checkStatement(statement, kind, needs).map((one) => wrong(`statement ${index} ${one}`)),
    ),
  ];
}

/** Reads a policy; undefined when it is none. */
export function readPolicy(document: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(document) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether some statement of a policy allows an action to a principal, such as `ec2.amazonaws.com`, whatever its conditions. */
export function allows(document: string, principal: string, action: string): boolean {
  return statementsOf(readPolicy(document) ?? {}).some(
    ({ Effect, Principal, Action }) =>
      Effect === "Allow" &&
      principalsOf(Principal).some((one) => one === "*" || one === principal) &&
      listOf(Action).some((one) => matches(one, action)),
  );
}

function checkStatement(statement: Statement, kind: PolicyKind["kind"], needsResource: boolean): string[] {
  const has = (...names: (keyof Statement)[]) => names.filter((name) => statement[name] !== undefined).length;
  const reasons: string[] = [];
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") reasons.push("has no Effect that is Allow or Deny");
  if (has("Action", "NotAction") !== 1) reasons.push("needs either Action or NotAction");
  if (kind === "identity" && has("Principal", "NotPrincipal") > 0) reasons.push("must not have Principal");
  if (kind !== "identity" && has("Principal", "NotPrincipal") !== 1) reasons.push("needs Principal");
  if (kind === "trust" && has("Resource", "NotResource") > 0) reasons.push("must not have Resource");
  if (needsResource && has("Resource", "NotResource") !== 1) reasons.push("needs either Resource or NotResource");
  for (const key of Object.keys(statement)) if (!statementKeys.includes(key)) reasons.push(`has ${key}`);
  for (const action of [...listOf(statement.Action), ...listOf(statement.NotAction)])
    if (action !== "*" && !/^[a-z0-9-]+:[A-Za-z*?][A-Za-z0-9*?]*$/.test(action))
      reasons.push(`has the action "${action}", which is none`);
  for (const resource of [...listOf(statement.Resource), ...listOf(statement.NotResource)])
    if (resource !== "*" && !resource.startsWith("arn:"))
      reasons.push(`has the resource "${resource}", which is no ARN`);
  for (const operator of Object.keys(statement.Condition ?? {}))
    if (!operators.test(operator)) reasons.push(`has the condition "${operator}", which is no operator`);
  for (const principal of principalsOf(statement.Principal))
    if (principal === "") reasons.push("has an empty principal");
  return reasons;
}

/** The statements of a policy. */
function statementsOf(policy: Record<string, unknown>): Statement[] {
  const statements = policy["Statement"];
  if (statements === undefined || isDeepStrictEqual(statements, {})) return [];
  return (Array.isArray(statements) ? statements : [statements]) as Statement[];
}

function principalsOf(principal: unknown): string[] {
  if (typeof principal === "string") return [principal];
  if (typeof principal !== "object" || principal === null) return [];
  return Object.values(principal).flatMap(listOf);
}

function listOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function matches(pattern: string, action: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`, "i").test(action);
}
