import stringWidth from "string-width";
import type { Note } from "../config/init-draft";
import { sentence, type Problem } from "../config/problems";
import type { Colors } from "./render";

/**
 * Problems as a compiler shows them: `file:line:column`, the message, the line, and carets under the place.
 *
 * @param source The file, as the user named it.
 */
export function renderProblems(source: string, problems: readonly Problem[], colors: Colors): string {
  const blocks = problems.map((problem) => {
    const { line, column } = problem;
    const place = line === undefined ? source : `${source}:${line}:${column ?? 1}`;
    const head = `${colors.bold(`${printable(place)}:`)} ${colors.red("error:")} ${printable(sentence(problem))}`;
    return [head, ...excerpt(problem, colors)].join("\n");
  });
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [...blocks, `${count} in ${printable(source)}`].join("\n");
}

/** The line with carets under the place. Tabs are one space wide and wide characters two, so that the carets fit. */
function excerpt({ line, column, length = 1, excerpt: part }: Problem, colors: Colors): string[] {
  if (line === undefined || column === undefined || part === undefined) return [];
  const characters = Array.from(printable(part.text));
  const start = column - part.from;
  const width = (text: readonly string[]) => stringWidth(text.join(""));
  const [before, marked] = [characters.slice(0, start), characters.slice(start, start + length)];
  const number = String(line);
  const carets = "^".repeat(Math.max(1, width(marked)));
  return [
    `  ${colors.dim(`${number} |`)} ${characters.join("")}`.trimEnd(),
    `  ${colors.dim(`${" ".repeat(number.length)} |`)} ${" ".repeat(width(before))}${colors.red(carets)}`,
  ];
}

/** What `berth config init` has to say, by kind: warnings first. */
export function renderNotes(notes: readonly Note[], colors: Colors): string {
  const titles: readonly [Note["kind"], string][] = [
    ["warning", colors.yellow("To see to before the first deploy:")],
    ["left out", "Left out:"],
    ["remark", "Good to know:"],
  ];
  return titles
    .map(([kind, title]) => ({ title, those: notes.filter((note) => note.kind === kind) }))
    .filter(({ those }) => those.length > 0)
    .map(({ title, those }) =>
      [title, ...those.map(({ place, text }) => `  ${printable(place === "" ? text : `${place}: ${text}`)}`)].join(
        "\n",
      ),
    )
    .join("\n");
}

/** A file may come from anyone: what steers a terminal, or turns the direction of text, is shown as a replacement character. */
function printable(text: string): string {
  return text.replace(/\t/g, " ").replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\uFFFD");
}
