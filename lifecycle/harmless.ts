import { stripVTControlCharacters } from "node:util";

/**
 * Lines of a program that nobody vouches for, so that they only say something: colours are left out, other characters that move a terminal
 * or turn the direction of writing become `?`, and what GitHub's runner would take for a command (`::error::` at the beginning of a line,
 * `##[group]` anywhere in it; ActionCommand.cs of actions/runner) is taken apart.
 */
export function harmless(text: string): string {
  return text
    .split("\n")
    .map((line) =>
      stripVTControlCharacters(line.replace(/\r$/, ""))
        .replaceAll(/[^\P{C}\t]/gu, "?")
        .replace(/^(\s*):(?=:)/, "$1: ")
        .replaceAll("##[", "# #["),
    )
    .join("\n");
}
