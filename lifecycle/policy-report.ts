import { nameOf, stripColor, type EngineEvent, type PolicyEvent } from "./events";

/*
 * What the rules of a policy pack say of one preview or update, from the engine's events. Pure.
 */

/** How much a broken rule counts: a mandatory one stops the update. */
export type Level = "advisory" | "mandatory";

/** What is known of a rule without running it; `rules.json` of the pack has these. */
export interface Rule {
  readonly name: string;
  readonly family: string;
  /** One sentence that begins with "Checks that". */
  readonly description: string;
  readonly judges: "resource" | "stack";
  readonly level: Level;
  readonly severity: "low" | "medium" | "high" | "critical";
  /** What to do when it is broken: one sentence. */
  readonly remediation: string;
  /** Where it is explained. */
  readonly url: string;
}

/** A broken rule. */
export interface Finding {
  readonly rule: string;
  readonly level: Level;
  /** `low` to `critical`; empty when the pack does not say. */
  readonly severity: string;
  /** What is wrong, without values that may be secret. */
  readonly message: string;
  readonly urn: string;
  /** Kind and name of the resource in the program, such as `NetworkPolicy shop-pr-1-egress`. */
  readonly resource: string;
}

/** A rule that needs a value which only the update will know. */
export interface Undecided {
  readonly rule: string;
  /** What is not known. */
  readonly reason: string;
  readonly urn: string;
  /** Empty when it is about none alone. */
  readonly resource: string;
}

/** What the rules say of a preview or an update. Each rule of the pack is in one of the lists, or in both of the first two. */
export interface PolicyReport {
  readonly version: 1;
  readonly phase: "preview" | "update";
  /** Packs with their versions, such as `berth@0.1.0`. */
  readonly packs: readonly string[];
  /** The worst level of what is broken. */
  readonly worst: "none" | Level;
  /** Mandatory ones first. */
  readonly findings: readonly Finding[];
  /** What a preview cannot tell: decided at the update, and not passed before. */
  readonly undecided: readonly Undecided[];
  /** Rules that were judged and that nothing breaks. */
  readonly passed: readonly { readonly rule: string; readonly resources: number }[];
  /** Rules that apply to nothing in the stack, or only to what is excepted. */
  readonly notApplicable: readonly string[];
  /** Rules that the pack's config switches off. */
  readonly disabled: readonly string[];
}

/** How a run of the engine was judged, in few words: for records. */
export interface PolicySummary {
  readonly packs: readonly string[];
  /** Rules that are broken, by level. */
  readonly mandatory: readonly string[];
  readonly advisory: readonly string[];
  /** Rules that were not decided. */
  readonly undecided: readonly string[];
  /** Rules whose level or parameters the pack's config changes. */
  readonly configured: readonly string[];
}

/** How the SDK of policies begins what it says when a value is unknown. */
const CANNOT_RUN = /^can't run policy '[^']*' from policy pack '[^']*' during preview: /;

/** Collects what the engine says of the rules. */
export class PolicyCollector {
  private readonly packs = new Set<string>();
  private readonly findings = new Map<string, Finding>();
  private readonly undecided = new Map<string, Undecided>();
  private readonly passed = new Map<string, Set<string>>();
  private stackJudged = false;

  /** @param rules What is known of the pack's rules. */
  constructor(private readonly rules: readonly Rule[]) {}

  add(event: EngineEvent): void {
    const { policyEvent, policyAnalyzeSummaryEvent: resource, policyAnalyzeStackSummaryEvent: stack } = event;
    if (policyEvent) this.addPolicy(policyEvent);
    if (stack) this.stackJudged = true;
    const summary = resource ?? stack;
    if (!summary) return;
    this.packs.add(`${summary.policyPackName}@${summary.policyPackVersion}`);
    for (const rule of summary.passed ?? []) {
      const urns = this.passed.get(rule) ?? new Set();
      this.passed.set(rule, urns.add(resource?.resourceUrn ?? ""));
    }
  }

  /** Whether any pack has judged anything. */
  get hasJudged(): boolean {
    return this.packs.size > 0;
  }

  /**
   * What has been collected.
   *
   * @param disabled Rules that the pack's config switches off.
   */
  report(phase: PolicyReport["phase"], disabled: readonly string[] = []): PolicyReport {
    const findings = [...this.findings.values()].sort(
      (a, b) => rank(b.level) - rank(a.level) || compare(a.rule, b.rule) || compare(a.urn, b.urn),
    );
    const undecided = [...this.undecided.values(), ...this.unreached(disabled)].sort(
      (a, b) => compare(a.rule, b.rule) || compare(a.urn, b.urn),
    );
    const open = new Set([...findings, ...undecided].map(({ rule }) => rule));
    const passed = [...this.passed]
      // Whatever the engine says of it, a rule that is switched off has judged nothing.
      .filter(([rule]) => !open.has(rule) && !disabled.includes(rule))
      .map(([rule, urns]) => ({ rule, resources: urns.size }))
      .sort((a, b) => compare(a.rule, b.rule));
    const named = new Set([...open, ...disabled, ...passed.map(({ rule }) => rule)]);
    return {
      version: 1,
      phase,
      packs: [...this.packs].sort(),
      worst: findings[0]?.level ?? "none",
      findings,
      undecided,
      passed,
      notApplicable: this.rules.map(({ name }) => name).filter((name) => !named.has(name)),
      disabled: [...disabled].sort(),
    };
  }

  /** Rules on whole stacks that the engine did not come to, because something failed before. */
  private unreached(disabled: readonly string[]): Undecided[] {
    if (this.stackJudged) return [];
    const rules = this.rules.filter(({ name, judges }) => judges === "stack" && !disabled.includes(name));
    return rules.map(({ name }) => ({ rule: name, reason: "the run ended before it", urn: "", resource: "" }));
  }

  private addPolicy(event: PolicyEvent): void {
    const { policyName: rule, resourceUrn: urn = "", enforcementLevel, severity = "" } = event;
    this.packs.add(`${event.policyPackName}@${event.policyPackVersion}`);
    const text = stripColor(event.message).trim();
    const place = { urn, resource: resourceOf(urn) };
    if (CANNOT_RUN.test(text)) {
      const reason = text.replace(CANNOT_RUN, "");
      this.undecided.set(JSON.stringify([rule, urn, reason]), { rule, reason, ...place });
      return;
    }
    const level = enforcementLevel === "advisory" ? "advisory" : "mandatory";
    const message = this.withoutFrame(rule, text);
    this.findings.set(JSON.stringify([rule, urn, message]), { rule, level, severity, message, ...place });
  }

  /** What is wrong, without what is known of the rule anyway: its description before, the fix behind. */
  private withoutFrame(name: string, text: string): string {
    const rule = this.rules.find((each) => each.name === name);
    if (rule === undefined) return text;
    const fix = text.indexOf(`\nfix: ${rule.remediation}`);
    const body = fix < 0 ? text : text.slice(0, fix);
    const start = `${rule.description}\n`;
    return (body.startsWith(start) ? body.slice(start.length) : body).trim();
  }
}

/** A resource by its kind and its name in the program; empty for a stack. */
function resourceOf(urn: string): string {
  const type = (urn.split("::")[2] ?? "").split("$").pop() ?? "";
  if (type === "" || type === "pulumi:pulumi:Stack") return "";
  return `${type.slice(type.lastIndexOf(":") + 1)} ${nameOf(urn)}`;
}

function rank(level: Level): number {
  return level === "mandatory" ? 1 : 0;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The report in few words.
 *
 * @param configured Rules that the pack's config changes.
 */
export function summarise(report: PolicyReport, configured: readonly string[]): PolicySummary {
  const rulesOf = (level: Level) => names(report.findings.filter((finding) => finding.level === level));
  return {
    packs: report.packs,
    mandatory: rulesOf("mandatory"),
    advisory: rulesOf("advisory"),
    undecided: names(report.undecided),
    configured: [...configured].sort(),
  };
}

function names(items: readonly { readonly rule: string }[]): string[] {
  return [...new Set(items.map(({ rule }) => rule))].sort();
}
