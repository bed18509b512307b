import { LocalError } from "../errors";

/** How many of the compiler's last lines an error shows. */
const SHOWN_LINES = 15;

/** A run of Go that failed. */
export interface FailedRun {
  /** Names of what was to be built. */
  binaries: readonly string[];
  /** What Go wrote to standard error, without the names of packages that it compiled. */
  lines: readonly string[];
  /** The command as a person would type it. */
  command: string;
}

/**
 * Puts a failed build into words: one of the usual causes with its fix, else Go's own last lines.
 *
 * @param run the run that failed.
 */
export function explainFailure(run: FailedRun): LocalError {
  const text = run.lines.join("\n");
  const what = `Building ${run.binaries.join(", ")} failed`;
  const again = "Then run this again: what is already compiled is kept.";
  const line = (pattern: RegExp): string | undefined => run.lines.find((candidate) => pattern.test(candidate))?.trim();

  const full = line(/no space left on device/iu);
  if (full !== undefined) {
    return new LocalError({
      message: `${what}, because a disk is full: ${full}`,
      fix: `Free some space (\`go clean -cache\` empties Go's own cache). ${again}`,
    });
  }
  const killed = line(/signal: killed|cannot allocate memory|out of memory/iu);
  if (killed !== undefined) {
    return new LocalError({
      message: `${what}, because memory ran out: ${killed}`,
      fix: `End other programs; each processor core needs about 1 GiB for compiling, linking 3 GiB. ${again}`,
    });
  }
  const network = line(
    /dial tcp|no such host|i\/o timeout|connection (refused|reset)|TLS handshake|403 Forbidden|module lookup disabled/u,
  );
  if (network !== undefined) {
    return new LocalError({
      message: `${what}, because Go modules cannot be downloaded: ${network}`,
      fix: `Check the network, or point GOPROXY at a module mirror that can be reached. ${again}`,
    });
  }
  const last = text.trim() === "" ? "Go said nothing" : run.lines.slice(-SHOWN_LINES).join("\n");
  return new LocalError({ message: `${what}:\n${last}`, fix: `See all of it with: ${run.command}`, exitCode: 1 });
}

/**
 * A command line that a person can paste into a shell.
 *
 * @param folder working folder.
 * @param words command and arguments.
 */
export function shellCommand(folder: string, words: readonly string[]): string {
  const quote = (word: string): string => (/^[\w./:=@,+-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
  return `(cd ${quote(folder)} && CGO_ENABLED=0 ${words.map(quote).join(" ")})`;
}
