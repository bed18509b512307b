import type { Command } from "commander";
import { berthCommand, deployCommandLine, prepare } from "./demo/prepare";
import { commits, tell } from "./demo/story";
import { Timeline } from "./demo/timeline";
import { action, command } from "./command";
import { renderReceipt } from "./render";

interface Options {
  install: boolean;
  systemTools?: boolean;
}

/** `berth demo`, which is `npm run demo`. */
export function demoCommand(): Command {
  return command(
    "demo",
    "Everything once on this machine: set up a real Kubernetes, give pull request 1 its environment, use it, update it, remove it.",
    ["berth demo", "berth demo --cluster demo --no-install"],
  )
    .option("--no-install", "do not install missing Debian packages; say which are missing instead")
    .option("--system-tools", "use the pulumi and kubectl on PATH when their versions fit")
    .action(
      action<Options>(async ({ globals, colors, reporter, stops }, options) => {
        const name = globals.cluster ?? "default";
        const timeline = new Timeline(reporter);
        const stage = await prepare({ name, timeline, reporter, stops, ...options });
        const result = await tell({ ...stage, ...stops, timeline, progress: reporter.progress });
        const { receipt } = result.destroyed;
        const value = { steps: timeline.steps, total: timeline.total, ...result };
        const text = [
          timeline.render(),
          "",
          colors.bold(`Receipt of ${receipt.environment}`),
          ...renderReceipt(receipt, colors).map((line) => `  ${line}`),
          "",
          `The cluster ${name} keeps running. Deploy to it by hand:`,
          `  ${deployCommandLine(name, stage.images[0], commits[0])}`,
          `  ${berthCommand} list --cluster ${name}`,
          "Use the engine or kubectl alone:",
          `  eval "$(${berthCommand} local env --name ${name})" && cd ${stage.target.workDir} && pulumi stack ls`,
          "Stop it; what it takes to start again stays in the cache:",
          `  ${berthCommand} local down --name ${name}`,
        ].join("\n");
        return { value, text };
      }),
    );
}
