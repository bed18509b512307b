import { changesText } from "../render";
import { countsText, openRules, type ReportInput } from "./input";

/*
 * A summary for the pull request. Names of resources come from whoever wrote it, so nothing of them is markup here.
 */

/** Characters of a table; GitHub takes comments of up to 65,536, and there are two tables. */
const ROOM = 28_000;

/** How many resources a rule that waits for the update names. */
const NAMED = 3;

/** Characters of one message. */
const LENGTH = 300;

/** The report as Markdown, behind a comment by which a workflow finds the one that it wrote before. */
export function renderMarkdown({ result, rules, exitCode }: ReportInput): string {
  const { environment, trust, changes, unchanged, losses, refusals, policies: report } = result;
  const counts: Record<string, number> = { same: unchanged };
  for (const { op } of changes) counts[op] = (counts[op] ?? 0) + 1;
  const links = new Map(rules.map(({ name, url }) => [name, url]));
  const linked = (rule: string) => {
    const url = links.get(rule);
    return url === undefined ? code(rule) : `[${code(rule)}](${url})`;
  };
  const what = refusals.length > 0 ? "would stay as it is" : result.isNew ? "would be new" : "would change";
  const lines = [
    `<!-- berth preview ${environment} -->`,
    `### ${exitCode === 0 ? "✅" : "❌"} ${code(environment)} ${what}`,
    "",
    ...(refusals.length > 0 ? [] : [`${changesText(counts)}.${trust === "" ? "" : ` Trust: ${code(trust)}.`}`]),
    ...refusals.map(({ path, message, fix }) => `- **Refused**: ${code(path)}: ${plain(message)}. ${plain(fix)}`),
    ...losses.map(({ path, message }) => `- **Data loss**: ${code(path)}: ${plain(message)}.`),
  ];
  if (report === undefined) return [...lines, "", "No policies were asked."].join("\n");

  const findings = report.findings.map(
    ({ level, rule, resource, message }) => [level, linked(rule), code(resource), plain(message)] as const,
  );
  const undecided = openRules(report).map(({ rule, resources }) => [
    linked(rule),
    resources.slice(0, NAMED).map(code).join(", ") + (resources.length > NAMED ? ", …" : ""),
  ]);
  return [
    ...lines,
    "",
    `**Policies** ${report.packs.map(code).join(", ")}: ${countsText(report)}.`,
    ...(findings.length === 0 ? [] : ["", ...table(["level", "rule", "resource", "what is wrong"], findings)]),
    ...(undecided.length === 0
      ? []
      : [
          "",
          "Decided at update, when values are known that a preview does not know:",
          "",
          ...table(["rule", "resources"], undecided),
        ]),
    ...(report.disabled.length === 0
      ? []
      : ["", `Disabled by the pack's config: ${report.disabled.map(linked).join(", ")}.`]),
  ].join("\n");
}

/** A table with as many rows as there is room for, and the number of the others. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  let room = ROOM;
  const shown = lines.filter((line) => (room -= line.length + 1) >= 0);
  const left = lines.length - shown.length;
  return left === 0 ? lines : [...shown, "", `… and ${left} more.`];
}

/** Text in one line, as code that no sign can end. */
function code(text: string): string {
  return text === "" ? "" : `<code>${literal(text)}</code>`;
}

/** Text in one line without any markup, and nothing that GitHub makes a mention or a reference of, which it does after all else. */
function plain(text: string): string {
  return literal(text.replace(/[@#](?=\w)/g, "$&\u200b"));
}

/** Text in one line, with the signs of Markdown and HTML as entities. */
function literal(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  const short = line.length > LENGTH ? `${line.slice(0, LENGTH - 1)}…` : line;
  return short.replace(/[&<>|`*_[\]\\~!]/g, (sign) => `&#${sign.codePointAt(0) ?? 0};`);
}
