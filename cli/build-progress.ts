import type { ImageProgress } from "../local/images";
import type { EnsureOptions } from "../local/toolchain";
import { plainLines, sentence } from "../local/toolchain/render";
import type { Reporter } from "./reporter";

/** What takes the events of builds. */
export interface BuildProgress {
  readonly onToolchain: NonNullable<EnsureOptions["onProgress"]>;
  readonly onImage: (progress: ImageProgress) => void;
}

/**
 * Tells how the building of programs and images goes on. Where no terminal can overwrite a line, a compilation adds one at
 * every tenth of its way, so that a log shows for minutes of work that it goes on.
 *
 * @param interactive whether the reporter's stream is a terminal
 */
export function buildProgress(reporter: Reporter, interactive = process.stderr.isTTY): BuildProgress {
  const addLine = plainLines((text) => {
    reporter.tell({ kind: "phase", text });
  });
  return {
    onToolchain: (event) => {
      const text = sentence(event);
      if (!interactive) addLine(event);
      else if (text !== undefined) reporter.tell({ kind: event.kind === "built" ? "phase" : "detail", text });
    },
    onImage: ({ image, phase, message }) => {
      if (phase !== "cached")
        reporter.tell({ kind: phase === "built" ? "phase" : "detail", text: `${image}: ${message}` });
    },
  };
}
