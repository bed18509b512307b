import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BerthError, ExitCode } from "./errors";
import type { EngineResult } from "./engine";
import type { EnvironmentName } from "./naming";
import type { Finding, PolicyCollector, PolicyReport, Rule } from "./policy-report";
import type { Target } from "./target";
import { programOf, readIfThere } from "./workspace";

/** Which rules judge what is about to be made. */
export interface PolicyChoice {
  /** Folder of the policy pack. */
  readonly pack: string;
  /** A JSON file of levels, parameters and exceptions by rule. @default those of the pack */
  readonly config?: string;
}

/** No rules, and why: this goes into the record. */
export interface PoliciesLeftOut {
  readonly leftOut: string;
}

/** A pack whose config has been read and checked. */
export interface Pack {
  readonly folder: string;
  readonly config?: string;
  /** What stands in the config. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What is known of its rules; nothing of a pack without `rules.json`. */
  readonly rules: readonly Rule[];
  /** Rules that the config switches off. */
  readonly disabled: readonly string[];
  /** Rules whose level or parameters the config changes. */
  readonly configured: readonly string[];
  /** Changes with the pack and its config. */
  readonly print: string;
}

/** Levels that a config may give. */
const LEVELS = ["advisory", "mandatory", "disabled"] as const;

/**
 * Reads what there is to know of the pack before the engine starts it.
 *
 * @returns undefined when no rules are chosen
 * @throws BerthError (usage) when the config names no rule of the pack or no level
 */
export async function openPack(choice: PolicyChoice | PoliciesLeftOut | undefined): Promise<Pack | undefined> {
  if (choice === undefined || "leftOut" in choice) return undefined;
  const folder = resolve(choice.pack);
  const rules = await readRules(folder);
  const hash = createHash("sha256").update(await codeOf(folder));
  if (choice.config === undefined) {
    return { folder, settings: {}, rules, disabled: [], configured: [], print: hash.digest("hex") };
  }
  const config = resolve(choice.config);
  const text = await readIfThere(config);
  if (text === undefined) {
    throw new BerthError(`the policy pack's config ${choice.config} does not exist`, {
      fix: "pass an existing JSON file with --policy-pack-config, or leave the option out; docs/policies.md shows what stands in it.",
      exitCode: ExitCode.usage,
    });
  }
  const levels = readPolicyConfig(text, choice.config, rules);
  const all = levels["all"];
  const disabled = rules.map(({ name }) => name).filter((name) => (levels[name] ?? all) === "disabled");
  const print = hash.update(text).digest("hex");
  const settings = parseObject(text, choice.config);
  return { folder, config, settings, rules, disabled, configured: Object.keys(levels), print };
}

/** What a pack says of its rules; nothing when it has no `rules.json`. */
export async function readRules(folder: string): Promise<readonly Rule[]> {
  return JSON.parse((await readIfThere(join(folder, "rules.json"))) ?? "[]") as Rule[];
}

/** The compiled pack. */
async function codeOf(folder: string): Promise<Buffer> {
  const { main } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { main: string };
  return readFile(resolve(folder, main));
}

/**
 * The level that a config gives each rule that it names; `all` stands for every rule. What the parameters of a rule may be, the engine
 * checks against the pack.
 *
 * @throws BerthError (usage) with every problem
 */
export function readPolicyConfig(
  text: string,
  file: string,
  rules: readonly Rule[],
): Record<string, (typeof LEVELS)[number] | undefined> {
  const levels: Record<string, (typeof LEVELS)[number] | undefined> = {};
  const problems: string[] = [];
  for (const [name, value] of Object.entries(parseObject(text, file))) {
    if (name !== "all" && rules.length > 0 && !rules.some((rule) => rule.name === name)) {
      problems.push(`${name} is no rule of the pack`);
      continue;
    }
    const level = isObject(value) ? value["enforcementLevel"] : value;
    const known = LEVELS.find((each) => each === level);
    if (known !== undefined || (isObject(value) && level === undefined)) levels[name] = known;
    else problems.push(`${name} has the level ${JSON.stringify(level)}; accepted: ${LEVELS.join(", ")}`);
  }
  if (problems.length === 0) return levels;
  throw new BerthError(`${file}: ${problems.join("; ")}`, {
    fix: "docs/policies.md lists the rules with their parameters.",
    exitCode: ExitCode.usage,
  });
}

function parseObject(text: string, file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch (cause) {
    throw new BerthError(`${file} is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      fix: "correct it; docs/policies.md shows an example.",
      exitCode: ExitCode.usage,
      cause,
    });
  }
  if (isObject(value)) return value;
  throw new BerthError(`${file} holds no object of rules`, {
    fix: 'write an object such as {"expiry-set": "mandatory"}; docs/policies.md shows an example.',
    exitCode: ExitCode.usage,
  });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The engine's arguments for a pack. */
export function packArguments(pack: Pack | undefined): string[] {
  if (pack === undefined) return [];
  return ["--policy-pack", pack.folder, ...(pack.config === undefined ? [] : ["--policy-pack-config", pack.config])];
}

/** Where the fingerprint of what a preview has let through stands in the stack's configuration; the program does not read it. */
export const judgedKey = "berth:judged";

/**
 * A fingerprint of all that a preview's judgement depends on: the values of the stack's configuration, the program, the pack and its
 * config. What has been let through once need not be previewed again before the update.
 */
export async function judgedPrint(target: Target, values: string, pack: Pack): Promise<string> {
  const program = await readFile(await programOf(target));
  return createHash("sha256").update(values).update(pack.print).update(program).digest("hex").slice(0, 32);
}

/**
 * Makes sure that the rules have been asked.
 *
 * @throws BerthError (prerequisite) for an engine that was told to ask them and did not: nothing counts as passed then
 */
export function assertJudged(collector: PolicyCollector, result: EngineResult, pack: Pack): void {
  if (result.code !== 0 || collector.hasJudged) return;
  throw new BerthError(`the engine ran without the policy pack ${pack.folder}`, {
    fix: "use a newer Pulumi, such as the one of `berth local up`; --without-policies REASON leaves the rules out.",
    exitCode: ExitCode.prerequisite,
  });
}

/** How many broken rules an error's message lists; a report has all. */
const LISTED = 10;

/** The error of an environment that breaks mandatory rules. */
export function refusedByPolicies(name: EnvironmentName, report: PolicyReport): BerthError {
  const broken = report.findings.filter(({ level }) => level === "mandatory");
  const lines = broken.slice(0, LISTED).map((finding) => `  ${lineOf(finding)}`);
  if (broken.length > LISTED) lines.push(`  and ${broken.length - LISTED} more; \`berth preview\` lists all`);
  const times = broken.length === 1 ? "" : ` ${broken.length} times`;
  const when =
    report.phase === "preview"
      ? "nothing has been changed"
      : "a preview could not tell; what was made before stays until the next deploy or destroy";
  return new BerthError(`${name.namespace} breaks mandatory rules${times} (${when}):\n${lines.join("\n")}`, {
    fix: "correct it (docs/policies.md says how for each rule), or have whoever answers for the rules except it with --policy-pack-config.",
    exitCode: ExitCode.policy,
  });
}

/** A broken rule in one line. */
export function lineOf({ rule, resource, message }: Finding): string {
  const [first = ""] = message.split("\n");
  return `${rule}: ${resource === "" ? "" : `${resource}: `}${first}`;
}
