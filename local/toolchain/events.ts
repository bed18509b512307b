/** What {@link ensureToolchain} tells while it works. */
export type ToolchainEvent =
  /** Something to know, such as that a tool on PATH does not fit and is not used. */
  | { kind: "notice"; message: string }
  /** Another process builds the same; this one waits for it. */
  | { kind: "waiting" }
  /** Go modules are being downloaded or looked up. */
  | { kind: "modules"; binaries: readonly string[]; downloaded: number }
  /** Packages are being compiled. `remainingSeconds` is an estimate. */
  | {
      kind: "compile";
      binaries: readonly string[];
      done: number;
      total: number;
      elapsedSeconds: number;
      remainingSeconds: number;
    }
  /** A run of the compiler has ended and its binaries are in place. */
  | { kind: "built"; binaries: readonly string[]; seconds: number }
  /** Everything asked for is there. `built` is empty when nothing had to be done. */
  | { kind: "ready"; built: readonly string[]; seconds: number };
