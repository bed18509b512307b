import type { Command } from "commander";
import { status } from "../lifecycle/status";
import { action, command } from "./command";
import { chooseTarget } from "./context";
import { nameFrom, withNameOptions, type NameOptions } from "./options";
import { renderStatus } from "./render";

/** `berth status`. */
export function statusCommand(): Command {
  return withNameOptions(
    command("status", "Show one environment: its pods, what keeps it from being ready, what happened last.", [
      "berth status shop-pr-12",
      "berth status --pr 12 --json",
    ]),
  ).action(
    action<NameOptions>(async ({ globals, colors }, options, [name]) => {
      const target = await chooseTarget(globals);
      const result = await status(target, await nameFrom(target, options, name));
      return { value: result, text: renderStatus(result, colors, Date.now()) };
    }),
  );
}
