import type { Command } from "commander";
import { preview } from "../lifecycle/preview";
import { action, command } from "./command";
import { configPath, deployTarget, requestOf, withDeployOptions, type DeployCliOptions } from "./deploy";
import { policiesOf } from "./options";
import { renderPreview } from "./render";
import { assertWritable, FORMATS, formatAndFile, writeReports, type WantedReport } from "./report";
import { previewExitCode } from "./report/exit-code";

interface Options extends DeployCliOptions {
  report?: readonly WantedReport[];
}

/** `berth preview`. */
export function previewCommand(): Command {
  return withDeployOptions(
    command(
      "preview",
      "Say which objects a deploy would change, which data it would lose and which rules it breaks. Changes nothing.",
      [
        "berth preview --pr 12 --image ghcr.io/acme/shop@sha256:4f5c…",
        "berth preview --pr 12 --image … --config berth.yaml --json",
        "berth preview --pr 12 --image … --report sarif=berth.sarif --report markdown=$GITHUB_STEP_SUMMARY",
      ],
    ),
  )
    .option(
      "--report <format=file>",
      `also write it as ${FORMATS.join(", ")}; - is standard output; repeat it for more`,
      formatAndFile,
    )
    .action(
      action<Options>(async ({ globals, colors, reporter, stops }, options) => {
        const policies = policiesOf(options);
        const { report = [] } = options;
        assertWritable(report, globals.json === true);
        const request = await requestOf(options);
        const target = await deployTarget(globals, options, request, reporter, stops.signal);
        const result = await preview(target, request, { ...stops, policies, progress: reporter.progress });
        const exitCode = previewExitCode(result, options.allowDataLoss === true);
        const shown = await writeReports(report, { result, file: configPath(options.config), exitCode });
        return { value: result, text: shown ?? renderPreview(result, colors), exitCode };
      }),
    );
}
