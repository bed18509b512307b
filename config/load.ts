import { readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { YamlText } from "./load-document";
import { examine } from "./parse";
import { ConfigError, toProblem } from "./problems";
import type { Finding, Problem } from "./problems";
import { withSeedFiles } from "./seed-files";
import type { Config } from "./schema";

export { parseConfig } from "./parse";
export { ConfigError } from "./problems";
export type { Problem } from "./problems";
export type { Config } from "./schema";

/** Largest file that is read, in bytes. A config of that size is something else by mistake. */
const MAX_BYTES = 256 * 1024;

/**
 * Reads berth.yaml, or a k8s-ee.yaml.
 *
 * @param path the file
 * @returns the config with every default filled in, and the content of the files that its seeds name
 * @throws ConfigError with all problems at once, each with its place
 */
export function loadConfig(path: string): Config {
  const yaml = new YamlText(readConfigFile(path), basename(path));
  const read = withSeedFiles(parseConfigDocument(yaml), dirname(path));
  if ("config" in read) return read.config;
  throw placedError(yaml, read.findings);
}

/**
 * Reads the text of a berth.yaml.
 *
 * @param text YAML 1.2
 * @param source what to call it in errors
 * @throws ConfigError with all problems at once, each with its place
 */
export function parseConfigText(text: string, source = "berth.yaml"): Config {
  return parseConfigDocument(new YamlText(text, source));
}

/**
 * Reads a berth.yaml whose places are still to be asked for.
 *
 * @throws ConfigError with all problems at once, each with its place
 */
export function parseConfigDocument(yaml: YamlText): Config {
  const result = examine(yaml.value());
  if ("config" in result) return result.config;
  throw placedError(yaml, result.findings);
}

function placedError(yaml: YamlText, findings: readonly Finding[]): ConfigError {
  return new ConfigError(
    yaml.source,
    findings
      .map((finding): Problem => ({ ...toProblem(finding), ...yaml.place(finding.path, finding.atKey) }))
      .sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)),
  );
}

/**
 * The text of a file that Berth reads: a config, a compose file, a Dockerfile.
 *
 * @param path the file
 * @param missing what to do when there is none
 * @throws ConfigError when it is missing, no file, too large or not UTF-8
 */
export function readConfigFile(
  path: string,
  missing = "Create it (`berth config init` writes a first one), or name another (`berth deploy --config FILE`).",
): string {
  const problem = (value: string, fix: string) =>
    new ConfigError(path, [{ path: "", value, accepted: `a file of at most ${MAX_BYTES / 1024} KiB`, fix }]);
  const tooLarge = (size: number) => problem(`${size} bytes long`, "Give the config's own file.");
  let bytes: Buffer;
  try {
    // The size first: a file that is something else by mistake may not fit into memory.
    const { size } = statSync(path);
    if (size > MAX_BYTES) throw tooLarge(size);
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw problem("missing", missing);
    throw problem(`not readable (${message})`, "Make it readable, or give the place of another.");
  }
  if (bytes.length > MAX_BYTES) throw tooLarge(bytes.length);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw problem("not text in UTF-8", "Save it as UTF-8, or give the place of another.");
  }
}
