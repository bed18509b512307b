import type { Command } from "commander";
import { ExitCode } from "../lifecycle/errors";
import { preview } from "../lifecycle/preview";
import { action, command } from "./command";
import { deployTarget, requestOf, withDeployOptions, type DeployCliOptions } from "./deploy";
import { renderPreview } from "./render";

/** `berth preview`. */
export function previewCommand(): Command {
  return withDeployOptions(
    command("preview", "Say which objects a deploy would change and which data it would lose. Changes nothing.", [
      "berth preview --pr 12 --image ghcr.io/acme/shop@sha256:4f5c…",
      "berth preview --pr 12 --image … --config berth.yaml --json",
    ]),
  ).action(
    action<DeployCliOptions>(async ({ globals, colors, reporter, stops }, options) => {
      const request = await requestOf(options);
      const target = await deployTarget(globals, options, request, reporter, stops.signal);
      const result = await preview(target, request, { ...stops, progress: reporter.progress });
      const exitCode =
        result.refusals.length > 0
          ? ExitCode.usage
          : result.losses.length > 0 && options.allowDataLoss !== true
            ? ExitCode.dataLoss
            : ExitCode.ok;
      return { value: result, text: renderPreview(result, colors), exitCode };
    }),
  );
}
