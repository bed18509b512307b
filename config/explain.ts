import { Document, Scalar, isScalar } from "yaml";
import { parseConfigDocument } from "./load";
import { YamlText } from "./load-document";
import { formatPath } from "./problems";
import { isHidden } from "./secrecy";

/** Where a value comes from: a place in the file, or the schema's default. */
export type Origin = "default" | { line: number; column: number };

/** One value of a config that has no parts of its own: text, a number, true or false, an empty list or mapping. */
export interface Leaf {
  /** As one would write it: `egress.allow[0].cidr`. */
  path: string;
  value: unknown;
  from: Origin;
}

/** A config with every default filled in, and where each value comes from. */
export interface Explanation {
  /** The config; values that may be secrets are {@link HIDDEN}. */
  config: unknown;
  values: Leaf[];
}

/** Stands for a value that may be a secret. */
export const HIDDEN = "(not shown)";

type Path = readonly (string | number)[];

/**
 * Tells the effective config.
 *
 * @param text the file's text
 * @param source what to call it in errors
 * @param options.reveal whether values that may be secrets are told too: every one of `env`, and what looks like one elsewhere.
 *   @default false
 * @throws ConfigError with all problems at once, each with its place
 */
export function explainConfig(
  text: string,
  source: string,
  { reveal = false }: { reveal?: boolean } = {},
): Explanation {
  const yaml = new YamlText(text, source);
  const config = parseConfigDocument(yaml);
  const values: Leaf[] = [];
  const shown = mapLeaves(config, (path, value) => {
    const told = !reveal && isHidden(path, value) && !isEmpty(value) ? HIDDEN : value;
    const origin = originOf(yaml, path, value);
    values.push({ path: formatPath(path), value: told, from: origin ?? "default" });
    return told;
  });
  return { config: shown, values };
}

/** The effective config as YAML, with a comment on each value that says where it comes from. */
export function explanationYaml({ config, values }: Explanation): string {
  const origins = new Map(values.map(({ path, from }) => [path, from]));
  const document = new Document(
    mapLeaves(config, (path, value) => {
      const from = origins.get(formatPath(path)) ?? "default";
      const scalar = new Scalar(value);
      scalar.comment = `${MARK}${from === "default" ? from : `line ${from.line}`}`;
      return scalar;
    }),
    { customTags: [emptyTag] },
  );
  return aligned(document.toString({ lineWidth: 0 })).trimEnd();
}

/** Begins each comment while the text is laid out. YAML escapes this character everywhere else, so no value contains it. */
const MARK = "\u0001";

/** Up to which width comments stand below each other; those of longer lines follow the line. Characters. */
const COMMENT_COLUMN = 48;

function aligned(text: string): string {
  const lines = text.split("\n").map((line) => line.split(` #${MARK}`));
  const width = Math.max(
    0,
    ...lines.map(([left = "", origin]) => (origin && left.length <= COMMENT_COLUMN ? left.length : 0)),
  );
  return lines
    .map(([left = "", origin]) => (origin === undefined ? left : `${left.padEnd(width)}  # ${origin}`))
    .join("\n");
}

/** Writes an empty list or mapping like a scalar, so that its comment stands in the same line. */
const emptyTag = {
  tag: "tag:yaml.org,2002:empty",
  default: true as const,
  identify: isEmpty,
  resolve: (text: string) => text,
  stringify: ({ value }: Scalar) => (Array.isArray(value) ? "[]" : "{}"),
};

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Where a leaf of the config is written; undefined for a default. */
function originOf(yaml: YamlText, path: Path, value: unknown): { line: number; column: number } | undefined {
  if (yaml.node(path) !== undefined) return placeOf(yaml, path);
  // A short form, such as `postgresql: true` for `postgresql.enabled: true`.
  for (let depth = path.length - 1; depth > 0; depth--) {
    const node = yaml.node(path.slice(0, depth));
    if (node !== undefined)
      return isScalar(node) && node.value === value ? placeOf(yaml, path.slice(0, depth)) : undefined;
  }
  return undefined;
}

function placeOf(yaml: YamlText, path: Path): { line: number; column: number } {
  const { line, column } = yaml.place(path);
  return { line, column };
}

/** A copy of a value in which a function stands in for each leaf. */
function mapLeaves(value: unknown, change: (path: Path, leaf: unknown) => unknown, path: Path = []): unknown {
  if (typeof value !== "object" || value === null || isEmpty(value)) return change(path, value);
  if (Array.isArray(value)) return value.map((item, index) => mapLeaves(item, change, [...path, index]));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, mapLeaves(inner, change, [...path, key])]),
  );
}
