import { mkdir, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";

import { LocalError } from "../errors";
import { replaceFile } from "../files";
import { estimateSeconds, learn, remainingSeconds, timingsSchema, type Timings } from "./estimate";
import type { ToolchainEvent } from "./events";
import { explainFailure, shellCommand } from "./failure";
import { goEnvironment, type Go } from "./go";
import { runLines } from "./process";
import { buildArguments, listStaleArguments, type BuildGroup } from "./plan";
import type { Sources } from "./sources";

/** What {@link buildGroup} works with. */
export interface BuildContext {
  go: Go;
  sources: Sources;
  /** Folder for the new binaries. */
  outputDir: string;
  /** Descriptor of the lock, for Go to hold on to: were this process killed, the next one waits until Go has ended. */
  lock: number;
  /** File with what earlier builds have taught about this machine's speed. */
  timingsFile: string;
  onProgress: (event: ToolchainEvent) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Builds the binaries of a group into the output folder.
 *
 * @param group what to build.
 * @param modFile go.mod with replacements, for a group that needs them.
 * @param context how and where.
 * @throws LocalError when Go fails, with its last lines.
 */
export async function buildGroup(group: BuildGroup, modFile: string | undefined, context: BuildContext): Promise<void> {
  const { onProgress } = context;
  const names = group.binaries.map((binary) => binary.name);
  await mkdir(context.outputDir, { recursive: true });

  let downloaded = 0;
  onProgress({ kind: "modules", binaries: names, downloaded });
  const stale = new Set<string>();
  await runGo(listStaleArguments(group, modFile), names, context, {
    onOutput: (line) => stale.add(line),
    onMessage: (line) => {
      if (!line.startsWith("go: downloading ")) return false;
      onProgress({ kind: "modules", binaries: names, downloaded: ++downloaded });
      return true;
    },
  });

  const cores = availableParallelism();
  const timings = await readTimings(context.timingsFile);
  const work = { packages: stale.size, binaries: names.length };
  const plannedSeconds = estimateSeconds(work, { cores, ...(timings === undefined ? {} : { timings }) });
  const begin = performance.now();
  const elapsed = (): number => (performance.now() - begin) / 1000;
  let done = 0;
  const report = (): void => {
    const progress = { done: Math.min(done, stale.size), total: stale.size, elapsedSeconds: elapsed() };
    const remaining = remainingSeconds({ ...progress, plannedSeconds });
    onProgress({ kind: "compile", binaries: names, ...progress, remainingSeconds: remaining });
  };
  report();
  await runGo(
    buildArguments(group, { outputDir: context.outputDir, ...(modFile === undefined ? {} : { modFile }) }),
    names,
    context,
    {
      onOutput: () => undefined,
      onMessage: (line) => {
        if (!stale.has(line)) return false;
        done += 1;
        report();
        return true;
      },
    },
  );
  const seconds = elapsed();
  const learned = learn({ packages: done, binaries: names.length, seconds, cores });
  if (learned !== undefined) await replaceFile(context.timingsFile, `${JSON.stringify(learned)}\n`);
  onProgress({ kind: "built", binaries: names, seconds });
}

interface GoOutput {
  onOutput: (line: string) => void;
  /** Whether the line of standard error is progress and no part of an error. */
  onMessage: (line: string) => boolean;
}

async function runGo(
  args: readonly string[],
  names: readonly string[],
  context: BuildContext,
  output: GoOutput,
): Promise<void> {
  const { go, sources, signal } = context;
  const messages: string[] = [];
  const end = await runLines(
    go.command,
    args,
    { cwd: sources.goDir, env: goEnvironment(process.env, go.arch), signal, keep: context.lock },
    output.onOutput,
    (line) => {
      if (!output.onMessage(line)) messages.push(line);
    },
  );
  if (end.code === 0) return;
  if (signal?.aborted === true) {
    throw new LocalError({
      message: `Building ${names.join(", ")} was interrupted.`,
      fix: "Run the same again: what is already compiled is kept.",
      exitCode: 130,
    });
  }
  const lines = messages.length > 0 || end.signal === null ? messages : [`go was ended by a signal: ${end.signal}`];
  throw explainFailure({ binaries: names, lines, command: shellCommand(sources.goDir, [go.command, ...args]) });
}

async function readTimings(path: string): Promise<Timings | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    return timingsSchema.parse(JSON.parse(text));
  } catch {
    // Estimates are a comfort: a damaged file is as good as none, and the next build replaces it.
    return undefined;
  }
}

/** Name of the file with what was learned, inside the toolchain's folder. */
export function timingsPath(folder: string): string {
  return join(folder, "timings.json");
}
