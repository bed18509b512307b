/** What a {@link LocalError} is made of. */
export interface LocalErrorOptions {
  /** What went wrong: the field or object, its value, and what would have been accepted. One sentence. */
  message: string;
  /** What the reader can do about it, with the exact command where there is one. */
  fix: string;
  /**
   * Exit code of the command line.
   * @default 7 (a prerequisite is missing: not root, a package, a kernel feature, a port, disk space)
   */
  exitCode?: number;
  /** The error that led to this one; shown only with `--verbose`. */
  cause?: unknown;
}

/** An expected failure of the embedded cluster: it has a message and a fix, and is shown without a stack trace. */
export class LocalError extends Error {
  override readonly name = "LocalError";
  /** What the reader can do about it. */
  readonly fix: string;
  /** Exit code of the command line. */
  readonly exitCode: number;

  constructor(options: LocalErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fix = options.fix;
    this.exitCode = options.exitCode ?? 7;
  }
}
