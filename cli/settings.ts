import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { parsePlatform } from "../config/platform";
import { BerthError, ExitCode, messageOf } from "../lifecycle/errors";

/** Fields of `berth:platform` that follow from the embedded cluster itself. */
const ownSettings = ["domain", "gateway", "storageClass", "images"];

/**
 * Reads further settings of the platform.
 *
 * @throws BerthError (usage) when the file is not there, ConfigError when what it says cannot be.
 */
export function readSettings(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new BerthError(`cannot read the settings ${path}: ${messageOf(error)}`, {
      fix: "pass an existing YAML file with --settings; components/platform/README.md lists the fields.",
      exitCode: ExitCode.usage,
      cause: error,
    });
  }
  const given: unknown = parse(text) ?? {};
  const isMapping = typeof given === "object" && given !== null && !Array.isArray(given);
  const own = isMapping ? ownSettings.filter((field) => field in given) : [];
  if (own.length > 0) {
    throw new BerthError(`${path} has ${own.join(", ")}, which follow from the embedded cluster`, {
      fix: "remove them from the file.",
      exitCode: ExitCode.usage,
    });
  }
  // The rest of a platform does not matter here; what goes with what is checked again when the platform is made.
  const gateway = { mode: "host", sources: ["127.0.0.1/32"] };
  parsePlatform(isMapping ? { domain: "localhost", gateway, ...given } : given);
  return given as Record<string, unknown>;
}
