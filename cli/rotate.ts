import { InvalidArgumentError, type Command } from "commander";
import { ENGINES, type Engine } from "../config/databases";
import { rotate } from "../lifecycle/rotate";
import { action, command } from "./command";
import { chooseTarget, whoAsks } from "./context";
import {
  nameFrom,
  policiesOf,
  positiveSeconds,
  withNameOptions,
  withPolicyOptions,
  type NameOptions,
  type PolicyCliOptions,
} from "./options";
import { renderRotate } from "./render";

interface Options extends NameOptions, PolicyCliOptions {
  database?: Engine[];
  timeout: number;
  patience: number;
}

/** `berth rotate`. */
export function rotateCommand(): Command {
  return withPolicyOptions(
    withNameOptions(
      command(
        "rotate",
        "Give an environment's databases new passwords and keep their data. The old ones stop working.",
        [
          "berth rotate shop-pr-12",
          "berth rotate --pr 12 --database postgresql redis",
          "berth rotate --pr 12 --project shop --json",
        ],
      ),
    ),
  )
    .option("--database <engine...>", `databases to rotate: ${ENGINES.join(", ")} (default: all it has)`, addEngine)
    .option("--timeout <seconds>", "give up when it is not ready by then", positiveSeconds, 600)
    .option(
      "--patience <seconds>",
      "how long to wait for another command on the same environment",
      positiveSeconds,
      900,
    )
    .action(
      action<Options>(async ({ globals, colors, reporter, stops }, options, [name]) => {
        const target = await chooseTarget(globals);
        const result = await rotate(target, await nameFrom(target, options, name), {
          ...stops,
          who: whoAsks(),
          databases: options.database,
          progress: reporter.progress,
          timeout: options.timeout,
          patience: options.patience,
          policies: policiesOf(options),
        });
        return { value: result, text: renderRotate(result, colors) };
      }),
    );
}

/** Reads one `--database`; the option may be given several times and take several values. */
function addEngine(text: string, before: Engine[] | undefined): Engine[] {
  const engine = ENGINES.find((each) => each === text);
  if (engine === undefined) throw new InvalidArgumentError(`it is one of ${ENGINES.join(", ")}.`);
  return [...(before ?? []), engine];
}
