/*
 * What is too broad in a policy, for tests of the components that write one.
 */

/** How to read a document. */
export interface Reading {
  /**
   * True for a KMS key policy: `*` there is the key itself, and the account's root with all actions only leaves the decision to IAM
   * policies (KMS developer guide, "Default key policy").
   *
   * @default false
   */
  keyPolicy?: boolean;
}

/** The parts of a statement that are read here. */
interface AnyStatement {
  Sid?: string;
  Effect: string;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: string | string[];
  NotAction?: unknown;
  Resource?: string | string[];
  NotResource?: unknown;
  Condition?: Record<string, unknown>;
}

/**
 * Finds Allow statements with wildcards in actions, with every resource or every principal and no condition, and with `Not…` elements.
 *
 * @param document JSON text or its value, all values known
 * @returns one sentence for each problem; none when the document names what it allows
 */
export function findTooBroad(document: unknown, { keyPolicy = false }: Reading = {}): string[] {
  const value = (typeof document === "string" ? JSON.parse(document) : document) as {
    Statement: AnyStatement | AnyStatement[];
  };
  return list(value.Statement)
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap((statement, index) => {
      const name = statement.Sid ?? `number ${index + 1}`;
      return problemsOf(statement, keyPolicy).map((problem) => `Statement ${name} ${problem}`);
    });
}

/**
 * For tests: the policy names its actions, and what it says about every resource has a condition.
 *
 * @throws Error that lists what {@link findTooBroad} found
 */
export function assertLeastPrivilege(document: unknown, reading?: Reading): void {
  const problems = findTooBroad(document, reading);
  if (problems.length > 0) throw new Error(`The policy allows too much:\n  ${problems.join("\n  ")}`);
}

function problemsOf(statement: AnyStatement, keyPolicy: boolean): string[] {
  const { Principal, Action = [], Resource = [], Condition } = statement;
  const unconditioned = Condition === undefined || Object.keys(Condition).length === 0;
  const leavesToIam = keyPolicy && isAccountRoot(Principal);
  const forbidden = (["NotAction", "NotResource", "NotPrincipal"] as const).filter(
    (key) => statement[key] !== undefined,
  );
  return [
    ...forbidden.map((key) => `has ${key}, which allows whatever is added later`),
    ...list(Action)
      .filter((action) => /[*?]/.test(action) && !leavesToIam)
      .map((action) => `allows the actions "${action}"`),
    ...list(Resource)
      .filter((resource) => unconditioned && isEverything(resource) && !keyPolicy)
      .map((resource) => `is about the resource "${resource}" without a condition`),
    ...(unconditioned && isEveryone(Principal) ? ["trusts everyone without a condition"] : []),
  ];
}

/** `*` itself, and an ARN of any resource of a service. */
function isEverything(resource: string): boolean {
  return resource === "*" || /^arn:[^:]*(:[^:]*){3}:\*$/.test(resource);
}

function isEveryone(principal: unknown): boolean {
  if (principal === "*") return true;
  if (typeof principal !== "object" || principal === null) return false;
  return Object.values(principal as Record<string, string | string[]>).some((names) => list(names).includes("*"));
}

function isAccountRoot(principal: unknown): boolean {
  if (typeof principal !== "object" || principal === null) return false;
  const names = Object.values(principal as Record<string, string | string[]>).flatMap(list);
  return names.length > 0 && names.every((name) => /^arn:[^:]+:iam::\d{12}:root$/.test(name));
}

function list<Value>(value: Value | Value[]): Value[] {
  return Array.isArray(value) ? value : [value];
}
