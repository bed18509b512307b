import { buffer } from "node:stream/consumers";
import type { Command } from "commander";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { sealFor } from "../lifecycle/seal";
import { buildProgress } from "./build-progress";
import { action, command } from "./command";
import { chooseTarget } from "./context";

/** `berth seal`. */
export function sealCommand(): Command {
  return command("seal", "Encrypt a value for sealedSecrets of berth.yaml; only the cluster can open it.", [
    "berth seal < stripe-test-key",
    "pass show stripe/test | berth seal --kubeconfig ~/.kube/eks",
  ])
    .option("--platform <file>", "settings of the platform, for a cluster that is not the embedded one")
    .addHelpText(
      "before",
      "The value is read from standard input, so that no list of processes shows it; one line break at its end is left out.\n",
    )
    .action(
      action<{ platform?: string }>(async ({ globals, reporter, stops }, options) => {
        const value = withoutLastBreak(await buffer(process.stdin));
        if (value.length === 0) {
          throw new BerthError("standard input is empty", {
            fix: "pipe the value into the command, such as `berth seal < FILE`.",
            exitCode: ExitCode.usage,
          });
        }
        const needs = {
          databases: [],
          sealedSecrets: true,
          onImage: buildProgress(reporter).onImage,
          signal: stops.signal,
        };
        const target = await chooseTarget(globals, options.platform, needs);
        const sealed = await sealFor(target, value, { ...stops, progress: reporter.progress });
        return { value: { sealed }, text: sealed };
      }),
    );
}

/** Files and `echo` end with a line break that is no part of the value. */
function withoutLastBreak(value: Buffer): Buffer {
  const text = value.subarray(-2).toString("latin1");
  return value.subarray(0, value.length - (text.endsWith("\r\n") ? 2 : text.endsWith("\n") ? 1 : 0));
}
