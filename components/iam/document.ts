import type { Input } from "@pulumi/pulumi";

/*
 * IAM policy documents as typed statements. Pure: values that are not known yet are carried along, not looked at.
 * Elements and operators: IAM user guide, "IAM JSON policy element reference".
 */

/** Condition operators in use here, each also `…IfExists`; see the guide's "IAM JSON policy elements: Condition operators". */
type BaseOperator =
  | "StringEquals"
  | "StringNotEquals"
  | "StringLike"
  | "StringNotLike"
  | "ArnEquals"
  | "ArnNotEquals"
  | "ArnLike"
  | "ArnNotLike"
  | "NumericLessThan"
  | "Bool"
  | "Null";

/** How a condition compares. `ForAllValues:` is true for a request without the key: add a `Null` condition beside it. */
export type Operator =
  BaseOperator | `${BaseOperator}IfExists` | `ForAllValues:${BaseOperator}` | `ForAnyValue:${BaseOperator}`;

/** Values by condition key, by operator. All keys must match; of one key's values any. */
export type Conditions = Partial<Record<Operator, Record<string, Input<string> | Input<string>[]>>>;

/** Who a statement of a trust or resource policy is about. */
export type Principal =
  "*" | { service: string | string[] } | { aws: Input<string> | Input<string>[] } | { federated: Input<string> };

/** One statement of a policy. */
export interface Statement {
  /** What the statement is for, in letters and digits; unique in its document. */
  sid: string;
  /** @default "Allow" */
  effect?: "Allow" | "Deny";
  /** Only in trust and resource policies. */
  principal?: Principal;
  /** Such as `s3:PutObject`. */
  actions: string[];
  /**
   * ARNs.
   *
   * @default none, as in trust policies, whose resource is the role itself
   */
  resources?: Input<string>[];
  /**
   * Everything but these ARNs. Only for `Deny`, and instead of `resources`.
   *
   * @default none
   */
  notResources?: Input<string>[];
  /** @default none: the statement holds always */
  conditions?: Conditions;
}

/** A statement as IAM has it. */
export interface PolicyStatement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Principal?: "*" | Record<string, Input<string> | Input<string>[]>;
  Action: string | string[];
  Resource?: Input<string> | Input<string>[];
  NotResource?: Input<string> | Input<string>[];
  Condition?: Conditions;
}

/** A policy as IAM has it. */
export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: PolicyStatement[];
}

/**
 * The policy document of some statements. Lists of one are written as the one, as IAM gives them back.
 *
 * @throws RangeError for a statement name that IAM does not take or that is there twice, for no actions or resources, and for `notResources` of an
 * Allow, which would allow whatever is added to the account later
 */
export function policyDocument(statements: readonly Statement[]): PolicyDocument {
  const sids = statements.map(({ sid }) => sid);
  statements.forEach((statement, index) => {
    const { sid, effect, actions, resources, notResources } = statement;
    // IAM user guide, "IAM JSON policy elements: Sid".
    if (!/^[A-Za-z0-9]+$/.test(sid)) throw new RangeError(`Sid "${sid}" is not accepted: letters and digits only`);
    if (sids.indexOf(sid) !== index)
      throw new RangeError(`Sid "${sid}" is there twice; name each statement differently`);
    if (actions.length === 0) throw new RangeError(`Statement "${sid}" has no actions; name at least one`);
    if (resources?.length === 0 || notResources?.length === 0) {
      throw new RangeError(`Statement "${sid}" is about no resources; name at least one, or leave the statement out`);
    }
    if (notResources && effect !== "Deny")
      throw new RangeError(`Statement "${sid}" allows all but some resources; name those it is for`);
    if (notResources && resources)
      throw new RangeError(`Statement "${sid}" has resources and notResources; give one of them`);
  });
  return { Version: "2012-10-17", Statement: statements.map(toIam) };
}

function toIam({ sid, effect, principal, actions, resources, notResources, conditions }: Statement): PolicyStatement {
  return {
    Sid: sid,
    Effect: effect ?? "Allow",
    ...(principal ? { Principal: principalToIam(principal) } : {}),
    Action: oneOrMany(actions),
    ...(resources ? { Resource: oneOrMany(resources) } : {}),
    ...(notResources ? { NotResource: oneOrMany(notResources) } : {}),
    ...(conditions ? { Condition: conditions } : {}),
  };
}

function principalToIam(principal: Principal): NonNullable<PolicyStatement["Principal"]> {
  if (principal === "*") return "*";
  if ("service" in principal) return { Service: principal.service };
  if ("aws" in principal) return { AWS: principal.aws };
  return { Federated: principal.federated };
}

function oneOrMany<Value>(values: Value[]): Value | Value[] {
  return values.length === 1 ? (values[0] as Value) : values;
}
