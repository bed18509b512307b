import type { Command } from "commander";
import { readLogin } from "../lifecycle/login";
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
      "berth status --pr 12 --show-secrets  also user and password of its URL",
    ]),
  )
    .option("--show-secrets", "also print user and password of its URL, where it has them")
    .action(
      action<NameOptions & { showSecrets?: boolean }>(async ({ globals, colors }, options, [given]) => {
        const target = await chooseTarget(globals);
        const name = await nameFrom(target, options, given);
        const result = await status(target, name);
        if (options.showSecrets !== true) return { value: result, text: renderStatus(result, colors, Date.now()) };
        const login = await readLogin(target, name);
        return { value: { ...result, login }, text: renderStatus(result, colors, Date.now(), login) };
      }),
    );
}
