import type { Rule } from "../../lifecycle/policy-report";
import { statuses, type ReportInput, type Status } from "./input";

/*
 * JUnit's XML, in the common part of what CI servers read (https://github.com/testmoapp/junitxml): a suite for each family of rules, a
 * test for each rule. JUnit has no word for a warning: an advisory rule that is broken passes, with what is wrong as its output.
 */

/** The report as JUnit's XML; undefined when no rules were asked. */
export function renderJUnit({ result, rules }: ReportInput): string | undefined {
  const report = result.policies;
  if (report === undefined) return undefined;
  const tests = [...statuses(report, rules)].map(([name, status]): Test => {
    const known = rules.find((rule) => rule.name === name);
    const lines = [
      ...report.findings.filter(({ rule }) => rule === name).map((each) => [each.level, each.resource, each.message]),
      ...report.undecided
        .filter(({ rule }) => rule === name)
        .map((each) => ["decided at update", each.resource, each.reason]),
    ].map((parts) => parts.filter((part) => part !== "").join(": "));
    return { name, status, family: known?.family ?? "other", rule: known, lines };
  });
  const families = [...new Set(tests.map(({ family }) => family))];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name=${quoted(`policies of ${result.environment}`)} ${countsOf(tests)}>`,
    ...families.flatMap((name) => {
      const suite = tests.filter(({ family }) => family === name);
      return [`  <testsuite name=${quoted(name)} ${countsOf(suite)}>`, ...suite.map(testOf), "  </testsuite>"];
    }),
    "</testsuites>",
  ].join("\n");
}

interface Test {
  readonly name: string;
  readonly status: Status;
  readonly family: string;
  readonly rule: Rule | undefined;
  readonly lines: readonly string[];
}

/** Why a rule says nothing, for those that are skipped. */
const SKIPPED: Partial<Record<Status, string>> = {
  undecided: "decided at update",
  "not applicable": "not applicable",
  disabled: "disabled by the pack's config",
};

function countsOf(tests: readonly Test[]): string {
  const failures = tests.filter(({ status }) => status === "mandatory").length;
  const skipped = tests.filter(({ status }) => SKIPPED[status] !== undefined).length;
  return `tests="${tests.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
}

function testOf({ name, status, family, rule, lines }: Test): string {
  const text = [...lines, ...(rule && lines.length > 0 ? [`fix: ${rule.remediation} See ${rule.url}`] : [])].join("\n");
  const head = `    <testcase classname=${quoted(`policies.${family}`)} name=${quoted(name)}`;
  if (status === "mandatory") {
    const message = lines.find((line) => line.startsWith("mandatory"))?.split("\n")[0] ?? name;
    return `${head}>\n      <failure type="mandatory" message=${quoted(message)}>${escaped(text)}</failure>\n    </testcase>`;
  }
  const skipped = SKIPPED[status];
  const output = text === "" ? [] : [`      <system-out>${escaped(text)}</system-out>`];
  const inner = [...(skipped === undefined ? [] : [`      <skipped message=${quoted(skipped)}/>`]), ...output];
  return inner.length === 0 ? `${head}/>` : [`${head}>`, ...inner, "    </testcase>"].join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
};

/** Characters that XML 1.0 has no way to write: most control characters, halves of pairs and two that Unicode keeps free. */
// eslint-disable-next-line no-control-regex -- control characters are what is being removed
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu;

/** Text for an element. */
function escaped(text: string): string {
  return text.replace(UNWRITABLE, "").replace(/[&<>]/g, (sign) => ENTITIES[sign] ?? "");
}

/** Text for an attribute, with its quotes. */
function quoted(text: string): string {
  return `"${escaped(text).replace(/["\n]/g, (sign) => ENTITIES[sign] ?? "")}"`;
}
