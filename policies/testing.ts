import assert from "node:assert/strict";
import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";
import { unknownCheckingProxy, UnknownValueError } from "./unknown";

/*
 * Runs policies as the engine does, for their tests.
 */

/** What stands for a value that a preview does not know yet; the engine sends this text for an unknown string. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A resource as a test describes it. */
export interface Given {
  type: string;
  props: object;
  /** @default "resource" */
  name?: string;
  opts?: Partial<ResourceValidationArgs["opts"]>;
}

/** How to judge it. */
export interface Circumstances {
  /** @default "pr-shop-7" */
  stack?: string;
  /** Parameters that differ from their defaults. */
  config?: Record<string, unknown>;
}

/** How a policy judged. */
export interface Verdict {
  /** Messages of violations. */
  violations: string[];
  /** URNs of violations of stack policies. */
  urns: string[];
  /** Why the policy was not applicable, if it was not. */
  notApplicable?: string;
  /** What is unknown, if that kept the policy from judging everything. */
  undecided?: string;
}

class NotApplicable extends Error {}

function notApplicable(reason?: string): never {
  throw new NotApplicable(reason);
}

function optionsOf(opts: Given["opts"]): ResourceValidationArgs["opts"] {
  return {
    protect: false,
    ignoreChanges: [],
    aliases: [],
    customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    additionalSecretOutputs: [],
    ...opts,
  };
}

function urnOf({ type, name = "resource" }: Given, stack = "pr-shop-7"): string {
  return `urn:pulumi:${stack}::berth::${type}::${name}`;
}

/** The policy's parameters with their defaults, as the engine fills them in. */
function configOf(policy: ResourceValidationPolicy | StackValidationPolicy, config: Circumstances["config"]) {
  const properties = policy.configSchema?.properties ?? {};
  const defaults = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, schema.default]));
  // The engine does not check either that a policy asks for what its parameters are.
  return () => ({ ...defaults, ...config }) as never;
}

/** Arguments for a policy on a resource. */
export function createResourceValidationArgs(
  policy: ResourceValidationPolicy,
  given: Given,
  { stack, config }: Circumstances = {},
): ResourceValidationArgs {
  return {
    type: given.type,
    props: unknownCheckingProxy(given.props),
    urn: urnOf(given, stack),
    name: given.name ?? "resource",
    opts: optionsOf(given.opts),
    stackTags: new Map(),
    isType: () => false,
    asType: () => undefined,
    getConfig: configOf(policy, config),
    notApplicable,
  };
}

/** Arguments for a policy on a stack. */
export function createStackValidationArgs(
  policy: StackValidationPolicy,
  given: readonly Given[],
  { stack, config }: Circumstances = {},
): StackValidationArgs {
  const resources = given.map((one): PolicyResource => ({
    type: one.type,
    props: unknownCheckingProxy(one.props),
    urn: urnOf(one, stack),
    name: one.name ?? "resource",
    opts: optionsOf(one.opts),
    dependencies: [],
    propertyDependencies: {},
    isType: () => false,
    asType: () => undefined,
  }));
  return { resources, stackTags: new Map(), getConfig: configOf(policy, config), notApplicable };
}

/** Judges a resource, or the resources of a stack. */
export async function judge(
  policy: ResourceValidationPolicy | StackValidationPolicy,
  given: Given | readonly Given[],
  circumstances: Circumstances = {},
): Promise<Verdict> {
  const violations: string[] = [];
  const urns: string[] = [];
  const report = (message: unknown, urn?: string) => {
    violations.push(String(message));
    if (urn !== undefined) urns.push(urn);
  };
  try {
    if ("validateStack" in policy) {
      const resources = Array.isArray(given) ? (given as readonly Given[]) : [given as Given];
      await policy.validateStack(createStackValidationArgs(policy, resources, circumstances), report);
    } else {
      const check = policy.validateResource;
      assert.ok(typeof check === "function", `${policy.name} checks resources by one function`);
      await check(createResourceValidationArgs(policy, given as Given, circumstances), report);
    }
  } catch (error) {
    if (error instanceof NotApplicable) return { violations, urns, notApplicable: error.message };
    if (error instanceof UnknownValueError) return { violations, urns, undecided: error.message };
    throw error;
  }
  return { violations, urns };
}

/** Fails unless the policy finds exactly these violations, in this order, and decides everything. */
export async function assertViolations(
  policy: ResourceValidationPolicy | StackValidationPolicy,
  given: Given | readonly Given[],
  messages: readonly RegExp[],
  circumstances?: Circumstances,
): Promise<void> {
  const { violations, notApplicable: reason, undecided } = await judge(policy, given, circumstances);
  assert.deepEqual([reason, undecided], [undefined, undefined]);
  assert.equal(violations.length, messages.length, violations.join("\n"));
  messages.forEach((message, index) => {
    assert.match(violations[index] ?? "", message);
  });
}

/** What a test of a policy lists: each kind of outcome at least once. */
export interface Cases {
  policy: ResourceValidationPolicy | StackValidationPolicy;
  /** What it lets through. */
  passes: Record<string, Judgement>;
  /** What it refuses, with what the first message says. */
  fails: Record<string, Judgement & { says: RegExp }>;
  /** What it does not judge. */
  skips: Record<string, Judgement>;
  /** What it cannot decide in a preview, with the violations that it finds all the same. */
  unknown: Record<string, Judgement & { says?: RegExp }>;
}

type Judgement = { given: Given | readonly Given[] } & Circumstances;

/** Makes the tests of a policy. */
export function testPolicy({ policy, passes, fails, skips, unknown }: Cases): void {
  describe(policy.name, () => {
    for (const [title, { given, ...circumstances }] of Object.entries(passes)) {
      it(`passes ${title}`, () => assertViolations(policy, given, [], circumstances));
    }
    for (const [title, { given, says, ...circumstances }] of Object.entries(fails)) {
      it(`refuses ${title}`, async () => {
        const { violations, undecided } = await judge(policy, given, circumstances);
        assert.equal(undecided, undefined);
        assert.match(violations[0] ?? "no violation", says);
      });
    }
    for (const [title, { given, ...circumstances }] of Object.entries(skips)) {
      it(`does not judge ${title}`, async () => {
        const verdict = await judge(policy, given, circumstances);
        assert.ok(verdict.notApplicable, JSON.stringify(verdict));
        assert.deepEqual(verdict.violations, []);
      });
    }
    for (const [title, { given, says, ...circumstances }] of Object.entries(unknown)) {
      it(`cannot decide in a preview: ${title}`, async () => {
        const { violations, undecided } = await judge(policy, given, circumstances);
        assert.match(undecided ?? "it decided", /can't be known during preview/);
        if (says === undefined) assert.deepEqual(violations, []);
        else assert.match(violations[0] ?? "no violation", says);
      });
    }
  });
}
