import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { InvalidArgumentError } from "commander";
import { BerthError, ExitCode, explainWrite } from "../../lifecycle/errors";
import { readRules } from "../../lifecycle/policies";
import type { PreviewResult } from "../../lifecycle/preview";
import { policyPack } from "../context";
import { chooseColors } from "../reporter";
import { renderPreview } from "../render";
import type { ReportInput } from "./input";
import { renderJUnit } from "./junit";
import { renderMarkdown } from "./markdown";
import { renderSarif } from "./sarif";

/** What each format is made by. */
const renderers = {
  text: ({ result }) => renderPreview(result, chooseColors(false)),
  json: ({ result }) => JSON.stringify(result, null, 2),
  sarif: (input) => renderSarif(input),
  junit: (input) => renderJUnit(input),
  markdown: (input) => renderMarkdown(input),
} as const satisfies Record<string, (input: ReportInput) => string | undefined>;

type Format = keyof typeof renderers;

/** Formats of reports. */
export const FORMATS = Object.keys(renderers) as readonly Format[];

/** A report that the user wants. */
export interface WantedReport {
  readonly format: Format;
  /** Path of the file; `-` is standard output. */
  readonly file: string;
}

/** Reads an option like `sarif=berth.sarif` that may be repeated, into what was read before. */
export function formatAndFile(text: string, before: readonly WantedReport[] = []): readonly WantedReport[] {
  const [, name, file] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const format = FORMATS.find((each) => each === name);
  if (format === undefined || file === undefined) {
    throw new InvalidArgumentError(
      `give a format (${FORMATS.join(", ")}) and a file, such as sarif=berth.sarif or text=-.`,
    );
  }
  return [...before, { format, file }];
}

/**
 * Refuses reports that cannot be written, before there is anything to write.
 *
 * @throws BerthError (usage)
 */
export function assertWritable(wanted: readonly WantedReport[], json: boolean): void {
  const printed = wanted.filter(({ file }) => file === "-").length + (json ? 1 : 0);
  if (printed <= 1) return;
  throw new BerthError("standard output is asked for more than one report", {
    fix: "let one --report FORMAT=- stand (--json counts as one), and give the others files.",
    exitCode: ExitCode.usage,
  });
}

/**
 * Writes reports to their files, with folders where they are missing. The file of GitHub's job summaries is added to. SARIF and JUnit
 * say what rules have judged, so neither is written where none has.
 *
 * @param file The config file, as the command was given it.
 * @returns the report for standard output
 */
export async function writeReports(
  wanted: readonly WantedReport[],
  { result, file, exitCode }: { result: PreviewResult; file: string; exitCode: ExitCode },
): Promise<string | undefined> {
  if (wanted.length === 0) return undefined;
  const input = { result, rules: await readRules(policyPack), file: inRepository(file), exitCode };
  let shown: string | undefined;
  for (const { format, file: path } of wanted) {
    const text = renderers[format](input);
    if (text === undefined) continue;
    if (path === "-") shown = text;
    else await write(path, `${text}\n`);
  }
  return shown;
}

async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(resolve(file)), { recursive: true });
    await (file === process.env["GITHUB_STEP_SUMMARY"] ? appendFile(file, text) : writeFile(file, text));
  } catch (error) {
    throw explainWrite(error, file);
  }
}

/** Path of a file from the folder that the command runs in, which is the repository in CI. */
function inRepository(file: string): string {
  const path = relative(process.cwd(), resolve(file));
  return (path.startsWith("..") || isAbsolute(path) ? file : path).split(sep).join("/");
}
