import type { PolicyReport, Rule } from "../../lifecycle/policy-report";
import type { PreviewResult } from "../../lifecycle/preview";

/** What a report is made from. */
export interface ReportInput {
  readonly result: PreviewResult;
  /** What is known of the pack's rules. */
  readonly rules: readonly Rule[];
  /** The config file, by its path in the repository, with slashes. */
  readonly file: string;
  /** What the command ends with. */
  readonly exitCode: number;
}

/** What became of one rule. */
export type Status = "mandatory" | "advisory" | "undecided" | "passed" | "not applicable" | "disabled";

/** Rules that the update decides, each with the resources that it waits for. */
export function openRules({ undecided }: PolicyReport): readonly { rule: string; resources: readonly string[] }[] {
  const names = [...new Set(undecided.map(({ rule }) => rule))];
  return names.map((name) => {
    const resources = undecided.filter(({ rule, resource }) => rule === name && resource !== "");
    return { rule: name, resources: [...new Set(resources.map(({ resource }) => resource))] };
  });
}

/** How many violations and rules there are of each sort, in words. */
export function countsText(report: PolicyReport): string {
  const count = (level: string) => report.findings.filter((finding) => finding.level === level).length;
  return [
    `${count("mandatory")} mandatory`,
    `${count("advisory")} advisory`,
    `${openRules(report).length} decided at update`,
    `${report.passed.length} passed`,
    `${report.notApplicable.length} not applicable`,
    ...(report.disabled.length === 0 ? [] : [`${report.disabled.length} disabled`]),
  ].join(", ");
}

/** Every rule of a report with what became of it: the worst, when resources differ. Rules of the pack keep their order. */
export function statuses(report: PolicyReport, rules: readonly Rule[]): ReadonlyMap<string, Status> {
  const found = new Map<string, Status>();
  for (const name of report.disabled) found.set(name, "disabled");
  for (const name of report.notApplicable) found.set(name, "not applicable");
  for (const { rule } of report.passed) found.set(rule, "passed");
  for (const { rule } of report.undecided) found.set(rule, "undecided");
  for (const level of ["advisory", "mandatory"] as const) {
    for (const finding of report.findings) if (finding.level === level) found.set(finding.rule, level);
  }
  const known = rules.flatMap(({ name }) => {
    const status = found.get(name);
    return status === undefined ? [] : [[name, status] as const];
  });
  return new Map([...known, ...found]);
}
