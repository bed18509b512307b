import type { Command } from "commander";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { setAsleep, sleepDue } from "../lifecycle/sleep";
import { action, command } from "./command";
import { chooseTarget, whoAsks } from "./context";
import { nameFrom, positiveSeconds, withNameOptions, type NameOptions } from "./options";
import { renderDue, renderSleep } from "./render";

interface Options extends NameOptions {
  due?: boolean;
  timeout: number;
}

/** `berth sleep`. */
export function sleepCommand(): Command {
  return withNameOptions(
    command(
      "sleep",
      "Stop an environment's pods. Its data, passwords and URL stay; `berth wake` or a deploy starts it.",
      [
        "berth sleep shop-pr-12",
        "berth sleep --due     # from a schedule: every environment whose sleep.after has passed",
      ],
    ),
  )
    .option("--due", "every environment whose time has come, by sleep.after of its config")
    .option("--timeout <seconds>", "give up when its pods have not ended by then", positiveSeconds, 300)
    .action(
      action<Options>(async ({ globals, colors, reporter, stops }, options, [name]) => {
        const target = await chooseTarget(globals);
        const how = { ...stops, who: whoAsks(), progress: reporter.progress, timeout: options.timeout };
        if (options.due === true) {
          if (name !== undefined || options.pr !== undefined) {
            throw new BerthError("--due is given beside one environment", {
              fix: "give either --due or an environment.",
              exitCode: ExitCode.usage,
            });
          }
          const result = await sleepDue(target, how);
          return {
            value: result,
            text: renderDue(result, colors),
            exitCode: result.failed.length === 0 ? ExitCode.ok : ExitCode.environmentFailed,
          };
        }
        const result = await setAsleep(target, await nameFrom(target, options, name), true, how);
        return { value: result, text: renderSleep(result, colors) };
      }),
    );
}

/** `berth wake`. */
export function wakeCommand(): Command {
  return withNameOptions(
    command("wake", "Start the pods of an environment that sleeps, as it was last deployed.", [
      "berth wake shop-pr-12",
    ]),
  )
    .option("--timeout <seconds>", "give up when it is not ready by then", positiveSeconds, 600)
    .action(
      action<Options>(async ({ globals, colors, reporter, stops }, options, [name]) => {
        const target = await chooseTarget(globals);
        const result = await setAsleep(target, await nameFrom(target, options, name), false, {
          ...stops,
          who: whoAsks(),
          progress: reporter.progress,
          timeout: options.timeout,
        });
        return { value: result, text: renderSleep(result, colors) };
      }),
    );
}
