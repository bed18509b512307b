import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Option, type Command } from "commander";
import { planBuild } from "../config/build";
import { loadConfig } from "../config/load";
import { build, builders, type Builder, type BuildResult } from "../lifecycle/build";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { parsePrNumber } from "../lifecycle/naming";
import { loadImage } from "../local";
import { action, command } from "./command";
import { configPath } from "./deploy";

interface Options {
  pr: string;
  config?: string;
  load?: string;
  builder?: Builder;
}

/** `berth build`. */
export function buildCommand(): Command {
  return command("build", "Build the app's image from the config's image.context and image.dockerfile.", [
    "berth build --pr 12                    # pushes to image.repository and prints the image by digest",
    "berth build --pr 12 --load default     # brings it to the embedded cluster instead",
    "berth deploy --pr 12 --image $(berth build --pr 12)",
  ])
    .requiredOption("--pr <number>", "number of the pull request; the tag is pr-NUMBER")
    .option("--config <file>", "config file (default: berth.yaml, else k8s-ee.yaml)")
    .option("--load <cluster>", "bring the image to the embedded cluster of that name, rather than to a registry")
    .addOption(
      new Option("--builder <program>", "program that builds (default: docker if it is there, else buildah)").choices(
        builders,
      ),
    )
    .action(
      action<Options>(async ({ reporter, stops }, options) => {
        const file = configPath(options.config);
        const config = loadConfig(file);
        const plan = planBuild(config, dirname(resolve(file)), parsePrNumber(options.pr));
        const how = { builder: options.builder, progress: reporter.progress, signal: stops.signal };
        if (options.load !== undefined) {
          const result = await withArchive(async (path) => {
            const built = await build(plan, { ...how, to: { kind: "archive", path } });
            await loadImage(options.load ?? "", { archive: path, ref: built.image, tag: built.tag }, stops.signal);
            return built;
          });
          return answer(result);
        }
        if (config.image.repository === undefined) {
          throw new BerthError("image.repository is missing, so that there is no registry to push to", {
            fix: "set image.repository in the config, or bring the image to an embedded cluster with --load NAME.",
            exitCode: ExitCode.usage,
          });
        }
        return answer(await build(plan, { ...how, to: { kind: "registry" } }));
      }),
    );
}

/** The image alone for people too: it is what the next command takes. */
function answer(result: BuildResult): { value: BuildResult; text: string } {
  return { value: result, text: result.image };
}

async function withArchive<T>(use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "berth-image-"));
  try {
    return await use(join(folder, "image.tar"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
