import type {
  EnforcementLevel,
  PolicyConfigSchema,
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  Severity,
  StackValidationPolicy,
} from "@pulumi/policy";
import { UnknownValueError } from "./unknown";

/*
 * What every rule has in common: to which stacks it applies, which resources are excepted and why, and that a value which a preview does not know yet keeps nothing
 * else from being judged.
 */

/** Stacks of pull requests' environments. */
export const PREVIEWS = "^pr-";

/** Every stack. */
export const ALL_STACKS = ".*";

/** Parameters that every policy has. */
interface CommonConfig {
  stacks: string;
  exceptions: Record<string, string>;
}

/** What policies of both sorts are made from. */
interface Rule {
  /** Kebab-case and unique in the pack. */
  readonly name: string;
  /** Begins with "Checks that". */
  readonly description: string;
  readonly severity: Severity;
  /** What to do about a violation: one sentence. */
  readonly remediation: string;
  /** Where the rule is explained. */
  readonly url: string;
  /** @default "mandatory" */
  readonly level?: EnforcementLevel;
  /** Regular expression of the stacks' names that it applies to, unless the pack's config says otherwise. @default all stacks */
  readonly stacks?: string;
  /** Resources that it leaves alone, unless the pack's config says otherwise: their names, `*` for any text, and why. @default none */
  readonly exceptions?: Record<string, string>;
  /** Parameters of its own, each with a default. @default none */
  readonly parameters?: PolicyConfigSchema["properties"];
}

/** What a check of a resource gets. */
export interface Judged<Props, Config> {
  readonly props: Props;
  /** Type of the resource, such as `kubernetes:core/v1:Service`. */
  readonly type: string;
  readonly args: ResourceValidationArgs;
  readonly config: Config;
  /** Reports a violation: what is wrong and where, without values that may be secret. */
  readonly report: (message: string) => void;
  /** Runs a part of the check. When it meets an unknown value the other parts still run, and the rule counts as undecided after them. */
  readonly attempt: Attempt;
}

/** Runs a part of a check; see {@link Judged}. */
export type Attempt = (part: () => void) => void;

/** A rule on one resource at a time. */
interface ResourceRule<Props, Config> extends Rule {
  /** Types that it applies to. */
  readonly types: RegExp;
  readonly check: (judged: Judged<Props, Config>) => void | Promise<void>;
}

/** What a check of a stack gets. */
export interface JudgedStack<Config> {
  /** All resources of the stack. */
  readonly resources: readonly PolicyResource[];
  readonly config: Config;
  /** Reports a violation of a resource, or of the stack. */
  readonly report: (message: string, urn?: string) => void;
  readonly attempt: Attempt;
}

/** A rule on all resources of a stack together. */
interface StackRule<Config> extends Rule {
  /** Types of which the stack must have one for the rule to apply. */
  readonly types: RegExp;
  readonly check: (judged: JudgedStack<Config>) => void;
}

/** Makes the policy of a rule on single resources. */
export function resourcePolicy<Props = unknown, Config = unknown>(
  rule: ResourceRule<Props, Config>,
): ResourceValidationPolicy {
  return {
    ...metadata(rule),
    validateResource: async (args, reportViolation) => {
      if (!rule.types.test(args.type)) args.notApplicable(`not for resources of type ${args.type}`);
      const config = args.getConfig<CommonConfig & Config>();
      applies(args, config, args.urn);
      const exception = exceptionOf(config, args.name);
      if (exception !== undefined) args.notApplicable(`excepted: ${exception}`);
      const { attempt, conclude } = undecidedParts();
      const report = (message: string) => {
        reportViolation(withFix(rule, message));
      };
      const judged = { props: args.props as Props, type: args.type, args, config, report, attempt };
      try {
        await rule.check(judged);
      } catch (error) {
        attempt(() => {
          throw error;
        });
      }
      conclude();
    },
  };
}

/** Makes the policy of a rule on whole stacks. */
export function stackPolicy<Config = unknown>(rule: StackRule<Config>): StackValidationPolicy {
  return {
    ...metadata(rule),
    validateStack: (args, reportViolation) => {
      const config = args.getConfig<CommonConfig & Config>();
      applies(args, config, args.resources[0]?.urn ?? "");
      const resources = args.resources.filter(({ name }) => exceptionOf(config, name) === undefined);
      if (!resources.some(({ type }) => rule.types.test(type))) args.notApplicable("the stack has no such resources");
      const { attempt, conclude } = undecidedParts();
      const report = (message: string, urn?: string) => {
        reportViolation(withFix(rule, message), urn);
      };
      attempt(() => {
        rule.check({ resources, config, report, attempt });
      });
      conclude();
    },
  };
}

function metadata(rule: Rule) {
  const { name, description, severity, url } = rule;
  return {
    name,
    description,
    severity,
    url,
    enforcementLevel: rule.level ?? "mandatory",
    remediationSteps: rule.remediation,
    configSchema: {
      properties: {
        stacks: {
          type: "string",
          default: rule.stacks ?? ALL_STACKS,
          description: "Regular expression of the names of the stacks that are judged.",
        },
        exceptions: {
          type: "object",
          additionalProperties: { type: "string", minLength: 1 },
          default: rule.exceptions ?? {},
          description: "Resources that are left alone: their names in the program, `*` for any text, and the reason.",
        },
        ...rule.parameters,
      },
    } as PolicyConfigSchema,
  };
}

function applies(args: { notApplicable(reason?: string): never }, config: CommonConfig, urn: string): void {
  const stack = stackOf(urn);
  if (!new RegExp(config.stacks).test(stack)) args.notApplicable(`not for the stack ${stack}`);
}

/** The stack's name in a URN: `urn:pulumi:STACK::PROJECT::TYPE::NAME`. */
function stackOf(urn: string): string {
  return (urn.split("::")[0] ?? "").replace(/^urn:pulumi:/, "");
}

function exceptionOf(config: CommonConfig, name: string): string | undefined {
  return Object.entries(config.exceptions).find(([pattern]) => matches(pattern, name))?.[1];
}

/** Whether a text is like a pattern in which `*` stands for any text. */
export function matches(pattern: string, text: string): boolean {
  const literal = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`).test(text);
}

function withFix(rule: Rule, message: string): string {
  return `${message}\nfix: ${rule.remediation} See ${rule.url}`;
}

function undecidedParts(): { attempt: Attempt; conclude: () => void } {
  let unknown: Error | undefined;
  return {
    attempt: (part) => {
      try {
        part();
      } catch (error) {
        if (!(error instanceof UnknownValueError)) throw error;
        unknown ??= error;
      }
    },
    conclude: () => {
      if (unknown) throw unknown;
    },
  };
}
