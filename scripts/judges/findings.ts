import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { matches } from "../../policies/rule";

/*
 * What other people's scanners say of the example stacks, and what we say to it.
 */

/** The scanners. */
export const JUDGES = ["checkov", "kube-score"] as const;
export type Judge = (typeof JUDGES)[number];

/** A check that an object does not pass. */
export interface Finding {
  judge: Judge;
  /** The check's name in the scanner. */
  check: string;
  /** Such as `pr-app/Deployment/app`: example, kind, name. */
  object: string;
  /** What is wrong: one line. */
  message: string;
}

/** What a scanner has found. */
export interface Verdict {
  findings: Finding[];
  /** How many objects it has read. */
  objects: number;
}

/** Why findings stay. */
export interface Reason {
  judge: Judge;
  check: string;
  /** Of the objects that it is about; `*` stands for any text. */
  objects: string[];
  reason: string;
}

/** The one file of reasons. */
export const REASONS_FILE = join(__dirname, "../../policies/outside-findings.yaml");

const text = z.string().min(1);
const reasonsSchema = z.array(
  z.strictObject({ judge: z.enum(JUDGES), check: text, objects: z.array(text).min(1), reason: text.min(20) }),
);

/**
 * Reads a file of reasons.
 *
 * @throws ZodError on an unknown or missing field
 */
export function readReasons(file = REASONS_FILE): Reason[] {
  return reasonsSchema.parse(parse(readFileSync(file, "utf8")));
}

/** How findings and reasons go together. */
export interface Comparison {
  /** Findings that no reason is given for. */
  unexplained: Finding[];
  /** Patterns of reasons that no finding has: what they were about has gone, and must not come back unseen. */
  stale: { reason: Reason; pattern: string }[];
}

/** Compares findings with reasons. */
export function compare(findings: readonly Finding[], reasons: readonly Reason[]): Comparison {
  const isAbout = (reason: Reason, pattern: string, finding: Finding) =>
    reason.judge === finding.judge && reason.check === finding.check && matches(pattern, finding.object);
  return {
    unexplained: findings.filter(
      (finding) => !reasons.some((one) => one.objects.some((pattern) => isAbout(one, pattern, finding))),
    ),
    stale: reasons.flatMap((reason) =>
      reason.objects
        .filter((pattern) => !findings.some((finding) => isAbout(reason, pattern, finding)))
        .map((pattern) => ({ reason, pattern })),
    ),
  };
}
