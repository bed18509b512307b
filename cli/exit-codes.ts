import { ExitCode } from "../lifecycle/errors";

/** What each exit code means, for `--help` and the documents. The only place where they are explained. */
export const exitCodes: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  { code: ExitCode.ok, meaning: "done, or nothing was to be done" },
  { code: ExitCode.unexpected, meaning: "unexpected failure; --verbose shows the stack trace" },
  { code: ExitCode.usage, meaning: "wrong arguments, or a berth.yaml that cannot be used" },
  { code: ExitCode.environmentFailed, meaning: "the environment did not become ready" },
  { code: ExitCode.leftovers, meaning: "teardown left something behind; the output lists it" },
  { code: ExitCode.noCluster, meaning: "no cluster was given, or it cannot be reached" },
  { code: ExitCode.busy, meaning: "somebody else works on the same environment, or a newer request took over" },
  {
    code: ExitCode.prerequisite,
    meaning: "the machine lacks something: root, a package, a port, disk space, the passphrase",
  },
  { code: ExitCode.dataLoss, meaning: "the config would lose data; --allow-data-loss lets it" },
  {
    code: ExitCode.policy,
    meaning:
      "it breaks a mandatory rule of the policy pack; advisory ones and those decided at the update do not count",
  },
  { code: ExitCode.interrupted, meaning: "interrupted by Ctrl-C or SIGTERM; running the command again continues" },
];

/** The table of exit codes as text for `--help`. */
export function exitCodesText(): string {
  const lines = exitCodes.map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`);
  return `\nExit codes:\n${lines.join("\n")}\n`;
}
