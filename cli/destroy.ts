import type { Command } from "commander";
import { destroy } from "../lifecycle/destroy";
import { action, command } from "./command";
import { chooseTarget, whoAsks } from "./context";
import { nameFrom, positiveSeconds, withNameOptions, type NameOptions } from "./options";
import { renderDestroy } from "./render";

interface Options extends NameOptions {
  timeout: number;
  patience: number;
}

/** `berth destroy`. */
export function destroyCommand(): Command {
  return withNameOptions(
    command("destroy", "Remove an environment and prove that nothing of it is left. Works without the pull request.", [
      "berth destroy shop-pr-12",
      "berth destroy --pr 12",
      "berth destroy --pr 12 --project shop --json",
    ]),
  )
    .option("--timeout <seconds>", "how long the cluster may take to delete everything", positiveSeconds, 180)
    .option(
      "--patience <seconds>",
      "how long to wait for another command on the same environment",
      positiveSeconds,
      900,
    )
    .action(
      action<Options>(async ({ globals, colors, reporter, stops }, options, [name]) => {
        const target = await chooseTarget(globals);
        const result = await destroy(target, await nameFrom(target, options, name), {
          ...stops,
          who: whoAsks(),
          progress: reporter.progress,
          timeout: options.timeout,
          patience: options.patience,
        });
        return { value: result, text: renderDestroy(result, colors) };
      }),
    );
}
