import type { Command } from "commander";
import { list } from "../lifecycle/list";
import { action, command } from "./command";
import { chooseTarget } from "./context";
import { renderList } from "./render";

/** `berth list`. */
export function listCommand(): Command {
  return command("list", "List the environments on a cluster.", ["berth list", "berth list --project shop --json"])
    .option("--project <id>", "only this project's")
    .action(
      action<{ project?: string }>(async ({ globals, colors }, options) => {
        const environments = await list(await chooseTarget(globals), options.project);
        return { value: environments, text: renderList(environments, colors, Date.now()) };
      }),
    );
}
