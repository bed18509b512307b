import { Listr, ListrLogger, ProcessOutput } from "listr2";

import { ensureToolchain, type EnsureOptions, type Toolchain } from "./ensure";
import type { ToolchainEvent } from "./events";

/** How {@link ensureToolchainWithProgress} shows what it does. */
export interface ProgressOptions {
  /**
   * Draws over the same lines, for a terminal; otherwise lines are added.
   * @default whether standard error is a terminal
   */
  interactive?: boolean;
  /**
   * Takes the added lines.
   * @default standard error
   */
  print?: (line: string) => void;
}

/**
 * {@link ensureToolchain} that shows its progress to a person. When there is nothing to build it shows nothing.
 *
 * @param options what is wanted, as for ensureToolchain, and how to show it.
 * @throws LocalError as ensureToolchain does.
 */
export async function ensureToolchainWithProgress(options: EnsureOptions & ProgressOptions = {}): Promise<Toolchain> {
  const {
    interactive = process.stderr.isTTY,
    print = (line: string) => process.stderr.write(`${line}\n`),
    ...rest
  } = options;
  const forward = rest.onProgress ?? (() => undefined);
  if (!interactive) {
    const show = plainLines(print);
    const onProgress = (event: ToolchainEvent): void => {
      show(event);
      forward(event);
    };
    return await ensureToolchain({ ...rest, onProgress });
  }
  // A list is only drawn once there is something to tell: the usual case is that all is built.
  let first: (() => void) | undefined;
  const busy = new Promise<void>((resolve) => (first = resolve));
  let show: (text: string) => void = () => undefined;
  let latest = "";
  const result = ensureToolchain({
    ...rest,
    onProgress: (event) => {
      forward(event);
      const text = sentence(event);
      if (text === undefined) return;
      latest = text;
      if (event.kind !== "ready") first?.();
      show(text);
    },
  });
  await Promise.race([busy, result]);
  if (latest === "") return await result;
  await new Listr(
    [
      {
        title: "Toolchain",
        task: async (_, task) => {
          show = (text) => (task.output = text);
          show(latest);
          await result;
          task.title = `Toolchain: ${latest}`;
        },
      },
    ],
    // Standard output belongs to the command's result, which may be JSON.
    {
      rendererOptions: {
        logger: new ListrLogger({
          useIcons: false,
          processOutput: new ProcessOutput(process.stderr, process.stderr),
        }),
      },
    },
  ).run();
  return await result;
}

/**
 * Shows progress as lines that are added: one for each step, and while compiling one at every tenth of the way.
 *
 * @param print takes a line.
 * @returns to be called with each event.
 */
export function plainLines(print: (line: string) => void): (event: ToolchainEvent) => void {
  let tenth = -1;
  let group = "";
  return (event) => {
    if (event.kind === "modules") {
      if (event.downloaded % 100 !== 0) return;
    } else if (event.kind === "compile") {
      const now = event.total === 0 ? 10 : Math.floor((10 * event.done) / event.total);
      const name = event.binaries.join();
      if (name === group && now <= tenth) return;
      tenth = now;
      group = name;
    }
    const text = sentence(event);
    if (text !== undefined) print(`toolchain: ${text}`);
  };
}

/**
 * An event in words.
 *
 * @param event what happened.
 * @returns undefined for an event that is not worth a word.
 */
export function sentence(event: ToolchainEvent): string | undefined {
  switch (event.kind) {
    case "notice":
      return event.message;
    case "waiting":
      return "another process is building it; waiting";
    case "modules":
      return `looking up Go modules for ${event.binaries.join(", ")}${event.downloaded > 0 ? ` (${event.downloaded} downloaded)` : ""}`;
    case "compile": {
      const state = event.done >= event.total ? "linking" : `${event.done} of ${event.total} packages`;
      return `building ${event.binaries.join(", ")}: ${state}, about ${duration(event.remainingSeconds)} left`;
    }
    case "built":
      return `built ${event.binaries.join(", ")} in ${duration(event.seconds)}`;
    case "ready":
      return event.built.length === 0 ? undefined : `ready after ${duration(event.seconds)}`;
  }
}

/**
 * A time span in words: seconds below two minutes, else minutes and seconds.
 *
 * @param seconds the span.
 */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
