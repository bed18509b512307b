import { Command, CommanderError, type OptionValues } from "commander";
import { ConfigError } from "../config/load";
import { missingRight } from "../lifecycle/engine-errors";
import { BerthError, ExitCode, messageOf } from "../lifecycle/errors";
import { isStatus } from "../lifecycle/kube";
import type { Stops } from "../lifecycle/progress";
import type { Globals } from "./context";
import { exitCodesText } from "./exit-codes";
import type { Colors } from "./render";
import { chooseColors, Reporter } from "./reporter";
import { watchSignals } from "./signals";

/** What an action has at hand. */
export interface Session {
  readonly globals: Globals;
  readonly colors: Colors;
  readonly reporter: Reporter;
  readonly stops: Required<Stops>;
}

/** What an action gives back: a value for `--json`, and the same for people. */
export interface Answer {
  readonly value: unknown;
  readonly text: string;
  /** For an answer that is itself bad news, such as problems that were looked for and found. @default ExitCode.ok */
  readonly exitCode?: ExitCode;
}

/** A command with Berth's help: examples, and what the exit codes mean. */
export function command(name: string, description: string, examples: readonly string[]): Command {
  return new Command(name)
    .description(description)
    .showHelpAfterError("(--help shows the options)")
    .exitOverride()
    .addHelpText("after", `\nExamples:\n${examples.map((line) => `  $ ${line}`).join("\n")}\n${exitCodesText()}`);
}

/**
 * Makes an action of a function: sets up progress and signals, prints the answer on standard output and errors on standard
 * error, and sets the exit code.
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says here what its options are
export function action<Options extends object>(
  run: (session: Session, options: Options, args: readonly string[]) => Promise<Answer>,
): (this: Command, ...given: unknown[]) => Promise<void> {
  return async function (this: Command) {
    const globals = this.optsWithGlobals<Globals>();
    const colors = chooseColors(globals.color !== false);
    const reporter = new Reporter({ stream: process.stderr, colors, verbose: globals.verbose === true });
    const stops = watchSignals(() => {
      reporter.tell({ kind: "warning", text: "stopping cleanly; press Ctrl-C again to end at once" });
    });
    try {
      const answer = await run({ globals, colors, reporter, stops }, this.opts<Options & OptionValues>(), this.args);
      reporter.end();
      process.stdout.write(`${globals.json === true ? JSON.stringify(answer.value, null, 2) : answer.text}\n`);
      process.exitCode = answer.exitCode ?? ExitCode.ok;
    } catch (error) {
      reporter.end();
      process.exitCode = report(stops.signal.aborted ? asInterrupted(error) : error, globals, colors);
    }
  };
}

/** After Ctrl-C, whatever fails fails because of it; only what a destroy has found out still counts. */
function asInterrupted(error: unknown): unknown {
  if (
    error instanceof BerthError &&
    [ExitCode.interrupted, ExitCode.leftovers].some((code) => code === error.exitCode)
  ) {
    return error;
  }
  return new BerthError("interrupted", {
    fix: "run the same command again: it continues where this one stopped.",
    exitCode: ExitCode.interrupted,
    cause: error,
  });
}

/** An error as it is shown. */
interface ShownError {
  readonly message: string;
  readonly fix?: string;
  readonly exitCode: number;
}

/** What to show of anything that was thrown. Errors of the embedded cluster have the same shape as Berth's own. */
export function explainError(error: unknown): ShownError {
  const missing = isStatus(error, 403) ? missingRight(error.message) : undefined;
  if (missing) return explainError(missing);
  if (error instanceof BerthError) return { message: error.message, fix: error.fix, exitCode: error.exitCode };
  if (error instanceof ConfigError) return { message: error.message, exitCode: ExitCode.usage };
  const { fix, exitCode } = (error ?? {}) as { fix?: unknown; exitCode?: unknown };
  if (error instanceof Error && typeof fix === "string" && typeof exitCode === "number") {
    return { message: error.message, fix, exitCode };
  }
  return {
    message: messageOf(error),
    fix: "run the command again with --verbose and report what it prints: this is a mistake in Berth.",
    exitCode: ExitCode.unexpected,
  };
}

/**
 * Prints an error.
 *
 * @returns The exit code that it stands for.
 */
export function report(error: unknown, globals: Globals, colors: Colors): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  const shown = explainError(error);
  process.stderr.write(`${colors.red("error:")} ${shown.message}\n`);
  if (shown.fix !== undefined) process.stderr.write(`${colors.cyan("fix:")} ${shown.fix}\n`);
  if (globals.verbose === true && error instanceof Error) process.stderr.write(`${stackOf(error)}\n`);
  if (globals.json === true) process.stdout.write(`${JSON.stringify({ error: shown }, null, 2)}\n`);
  return shown.exitCode;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
