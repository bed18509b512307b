import pc from "picocolors";
import type { Progress, ProgressMessage } from "../lifecycle/progress";
import type { Colors } from "./render";

/** Where progress goes, and how. */
export interface ReporterOptions {
  readonly stream: Pick<NodeJS.WriteStream, "write"> & { isTTY?: boolean; columns?: number };
  readonly colors: Colors;
  /** Whether details are printed where no terminal can overwrite them. */
  readonly verbose: boolean;
  /** Milliseconds, ever growing. */
  readonly clock?: () => number;
}

/** How often the elapsed time on a terminal moves on. Milliseconds. */
const tick = 200;

/**
 * Tells progress on standard error: each phase and each warning is a line of its own; details share one line on a terminal,
 * with the elapsed time, and are left out elsewhere unless asked for.
 */
export class Reporter {
  private readonly begin: number;
  private live = "";
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ReporterOptions) {
    this.begin = this.now();
  }

  /** For the lifecycle. */
  readonly progress: Progress = (message) => {
    this.tell(message);
  };

  /** Prints one message. */
  tell({ kind, text }: ProgressMessage): void {
    const { colors, verbose, stream } = this.options;
    if (kind === "detail" && stream.isTTY === true && !verbose) {
      this.live = text;
      this.timer ??= setInterval(() => {
        this.draw();
      }, tick).unref();
      this.draw();
      return;
    }
    if (kind === "detail" && !verbose) return;
    this.clear();
    this.live = "";
    const line = kind === "phase" ? colors.bold(text) : kind === "warning" ? colors.yellow(text) : `  ${text}`;
    stream.write(`${colors.dim(this.elapsed())} ${line}\n`);
  }

  /** Removes the live line. */
  end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.clear();
    this.live = "";
  }

  private draw(): void {
    const { stream, colors } = this.options;
    if (this.live === "") return;
    const room = (stream.columns ?? 80) - this.elapsed().length - 4;
    const text = this.live.length > room ? `${this.live.slice(0, Math.max(0, room - 1))}…` : this.live;
    this.clear();
    stream.write(`${colors.dim(this.elapsed())}   ${colors.dim(text)}`);
  }

  private clear(): void {
    if (this.options.stream.isTTY === true && this.live !== "") this.options.stream.write("\r\u001b[2K");
  }

  private elapsed(): string {
    return `${((this.now() - this.begin) / 1000).toFixed(1).padStart(6)}s`;
  }

  private now(): number {
    return (this.options.clock ?? (() => performance.now()))();
  }
}

/** Colours as the user and the terminal want them. */
export function chooseColors(wanted: boolean): Colors {
  return pc.createColors(wanted && pc.isColorSupported);
}
