/** What every command ends with. `cli/exit-codes.ts` explains them to the user. */
export const ExitCode = {
  ok: 0,
  /** Something that Berth did not foresee. */
  unexpected: 1,
  /** Wrong arguments, or a berth.yaml that cannot be used. */
  usage: 2,
  /** The environment did not become ready. */
  environmentFailed: 3,
  /** Teardown left something behind. */
  leftovers: 4,
  /** No cluster was given or it does not answer. */
  noCluster: 5,
  /** Another process works on the same environment. */
  busy: 6,
  /** The machine lacks something: a package, a port, disk space, a secret. */
  prerequisite: 7,
  /** It would lose data that nobody has agreed to lose. */
  dataLoss: 8,
  /** It breaks a mandatory rule of the policy pack. */
  policy: 9,
  /** Ctrl-C or SIGTERM. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** An error that the user can act on: printed as message and fix, without a stack trace. */
export class BerthError extends Error {
  override readonly name = "BerthError";
  /** What to do about it, as one or more sentences. */
  readonly fix: string;
  readonly exitCode: ExitCode;

  /**
   * @param message What is wrong, with the object and the value that is.
   * @param options.fix What to do about it.
   * @param options.exitCode @default ExitCode.unexpected
   * @param options.cause The underlying error, shown only with `--verbose`.
   */
  constructor(message: string, options: { fix: string; exitCode?: ExitCode; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.fix = options.fix;
    this.exitCode = options.exitCode ?? ExitCode.unexpected;
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether a system call failed with this code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

/**
 * Turns a failed write into an error with a fix where the machine is at fault (full disk, missing permission); any other
 * error comes back as it is.
 *
 * @param path What was being written.
 */
export function explainWrite(error: unknown, path: string): unknown {
  if (hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT")) return diskFull(path, error);
  if (hasCode(error, "EACCES") || hasCode(error, "EROFS") || hasCode(error, "EPERM")) {
    return new BerthError(`cannot write ${path}: ${messageOf(error)}`, {
      fix: "run Berth as the user who owns this folder, or choose another one with BERTH_STATE.",
      exitCode: ExitCode.prerequisite,
      cause: error,
    });
  }
  return error;
}

/** The error for a full disk, whoever noticed it. */
export function diskFull(path: string, cause?: unknown): BerthError {
  return new BerthError(`no space left on the disk that holds ${path}`, {
    fix: "free some space there (or point BERTH_STATE to another disk) and run the same command again: it continues where this one stopped.",
    exitCode: ExitCode.prerequisite,
    cause,
  });
}
