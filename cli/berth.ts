import { Command, CommanderError } from "commander";
import { ExitCode } from "../lifecycle/errors";
import { version } from "../package.json";
import { buildCommand } from "./build";
import { configCommand } from "./config";
import { demoCommand } from "./demo";
import { deployCommand } from "./deploy";
import { destroyCommand } from "./destroy";
import { exitCodesText } from "./exit-codes";
import { historyCommand } from "./history";
import { listCommand } from "./list";
import { localCommand } from "./local";
import { logsCommand } from "./logs";
import { previewCommand } from "./preview";
import { rotateCommand } from "./rotate";
import { sealCommand } from "./seal";
import { sleepCommand, wakeCommand } from "./sleep";
import { statusCommand } from "./status";

const examples = `
Examples:
  $ berth demo                       everything once, from nothing to nothing
  $ berth local up                   a real one-node Kubernetes on this machine
  $ berth deploy --pr 12 --image …   pull request 12 gets its environment
  $ berth destroy --pr 12            and nothing of it stays

Which cluster: --kubeconfig or --context, else --cluster, else KUBECONFIG, else the embedded one if it runs.
`;

/** The whole command line. */
export function berth(): Command {
  const program = new Command("berth")
    .description(
      "Gives every pull request its own isolated environment on Kubernetes, and takes it away without a trace.",
    )
    .version(version, "--version", "print the version and end")
    .option("--verbose", "tell every step, and show stack traces of errors")
    .option("--json", "print the result as JSON on standard output; progress stays on standard error")
    .option("--no-color", "print without colours")
    .option("--kubeconfig <file>", "cluster to use")
    .option("--context <name>", "context of the kubeconfig to use")
    .option("--cluster <name>", "embedded cluster to use")
    .showHelpAfterError("(--help shows the commands)")
    .addHelpText("after", examples + exitCodesText())
    .exitOverride();
  for (const make of [
    buildCommand,
    deployCommand,
    previewCommand,
    destroyCommand,
    sleepCommand,
    wakeCommand,
    statusCommand,
    listCommand,
    historyCommand,
    logsCommand,
    rotateCommand,
    configCommand,
    sealCommand,
    demoCommand,
    localCommand,
  ]) {
    program.addCommand(make());
  }
  return program;
}

/** Parses the arguments and runs the command that they name. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await berth().parseAsync([...args], { from: "user" });
  } catch (error) {
    // Commander has printed its message already; everything else is reported by the command itself.
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
}

if (require.main === module) void main(process.argv.slice(2));
