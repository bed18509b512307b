import type { Command } from "commander";
import { history } from "../lifecycle/history";
import { action, command } from "./command";
import { chooseTarget } from "./context";
import { nameFrom, positiveCount, withNameOptions, type NameOptions } from "./options";
import { renderHistory } from "./render";

interface Options extends NameOptions {
  limit: number;
}

/** `berth history`. */
export function historyCommand(): Command {
  return withNameOptions(
    command(
      "history",
      "Show who deployed and destroyed what, when, and how it ended; also of environments that are gone.",
      [
        "berth history",
        "berth history shop-pr-12 --limit 5",
        "berth history --json | jq '.[] | select(.outcome == \"failed\")'",
      ],
    ),
  )
    .option("--limit <count>", "records at most", positiveCount, 50)
    .action(
      action<Options>(async ({ globals, colors }, options, [name]) => {
        const target = await chooseTarget(globals);
        const chosen =
          name !== undefined || options.pr !== undefined ? await nameFrom(target, options, name) : undefined;
        const records = await history(target, chosen, options.limit);
        return { value: records, text: renderHistory(records, colors) };
      }),
    );
}
