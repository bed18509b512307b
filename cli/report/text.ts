import type { PolicyReport } from "../../lifecycle/policy-report";
import type { Colors } from "../render";
import { countsText, openRules } from "./input";

/** How many resources a rule that waits for the update names. */
const NAMED = 3;

/** What rules say, in lines: each broken one, then those that the update decides, then a count. */
export function renderPolicies(report: PolicyReport, colors: Colors): string[] {
  return [
    ...report.findings.map(({ level, rule, resource, message }) => {
      const paint = level === "mandatory" ? colors.red : colors.yellow;
      const text = message.split("\n").join("\n  ");
      return `${paint(`${level}:`)} ${rule}: ${resource === "" ? "" : `${resource}: `}${text}`;
    }),
    ...openRules(report).map(({ rule, resources }) => {
      const more = resources.length > NAMED ? ` and ${resources.length - NAMED} more` : "";
      const where = resources.length === 0 ? "" : ` (${resources.slice(0, NAMED).join(", ")}${more})`;
      return `${colors.cyan("decided at update:")} ${rule}${where}`;
    }),
    `policies ${report.packs.join(", ")}: ${countsText(report)}`,
  ];
}
