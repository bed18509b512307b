import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { LineCounter, isMap, isScalar, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import { examine } from "./parse";
import { ConfigError, toProblem } from "./problems";
import type { Finding, Problem } from "./problems";
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
 * @returns the config with every default filled in
 * @throws ConfigError with all problems at once, each with its line
 */
export function loadConfig(path: string): Config {
  return parseConfigText(read(path), basename(path));
}

/**
 * Reads the text of a berth.yaml.
 *
 * @param text YAML 1.2
 * @param source what to call it in errors
 * @throws ConfigError with all problems at once, each with its line
 */
export function parseConfigText(text: string, source = "berth.yaml"): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    throw new ConfigError(
      source,
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return {
          path: "",
          value: `not valid YAML (${error.message})`,
          accepted: "one YAML document in which each key stands once",
          fix: `Correct it at line ${line}, column ${col}.`,
          line,
          column: col,
        };
      }),
    );
  }
  const value = toValue(document, source);
  const result = examine(value);
  if ("config" in result) return result.config;
  throw new ConfigError(
    source,
    result.findings
      .map((finding): Problem => ({ ...toProblem(finding), ...position(document, lines, finding) }))
      .sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
  );
}

function read(path: string): string {
  const problem = (value: string, fix: string) =>
    new ConfigError(path, [{ path: "", value, accepted: `a file of at most ${MAX_BYTES / 1024} KiB`, fix }]);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw problem("missing", "Create it, or give its place with --config.");
    throw problem(`not readable (${message})`, "Make it readable, or give another with --config.");
  }
  if (bytes.length > MAX_BYTES) throw problem(`${bytes.length} bytes long`, "Give the config's own file.");
  return bytes.toString("utf8");
}

/** The document as plain values. Aliases are bounded, so that a small file cannot grow into a large value. */
function toValue(document: Document.Parsed, source: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new ConfigError(source, [
      {
        path: "",
        value: `not readable as plain values (${(error as Error).message})`,
        accepted: "at most 100 uses of YAML aliases, each of an anchor before it",
        fix: "Write the values out.",
      },
    ]);
  }
}

/** Where a finding stands in the file: at its key or value, else at the nearest thing around it that is there. */
function position(
  document: Document.Parsed,
  lines: LineCounter,
  { path, atKey }: Finding,
): Pick<Problem, "line" | "column"> {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = atKey && depth === path.length ? keyNode(document, path) : nodeAt(document, path.slice(0, depth));
    const offset = node?.range?.[0];
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  }
  return { line: 1, column: 1 };
}

function nodeAt(document: Document.Parsed, path: readonly PropertyKey[]): Node | undefined {
  return (path.length === 0 ? document.contents : document.getIn(path, true)) as Node | undefined;
}

function keyNode(document: Document.Parsed, path: readonly PropertyKey[]): Node | undefined {
  const parent = nodeAt(document, path.slice(0, -1));
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)));
  return pair?.key as Node | undefined;
}
