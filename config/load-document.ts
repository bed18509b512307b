import { LineCounter, isAlias, isCollection, isMap, isScalar, parseDocument, visit } from "yaml";
import type { Document, Node, Pair } from "yaml";
import { ConfigError } from "./problems";
import type { Problem } from "./problems";
import { isHidden, isSecretName, isSecretValue } from "./secrecy";

/** Where something stands in a file. */
export type Place = Required<Pick<Problem, "line" | "column" | "length" | "excerpt">>;

/** How many characters of a long line are shown before and after the place in question. */
const CONTEXT = 100;

/**
 * A YAML file with the places of its parts. Lines and columns count from 1; a column counts characters (code points), whatever
 * their width. Values that may be secrets are dots of the same number in every excerpt.
 */
export class YamlText {
  readonly document: Document.Parsed;
  private readonly text: string;
  private readonly lines = new LineCounter();
  private readonly written: readonly string[];
  private masked: readonly string[] | undefined;

  /**
   * @param text YAML 1.2; a byte order mark is left out
   * @param source what to call it in errors
   * @param options.merge whether `<<` takes in another mapping, as in compose files. @default false
   */
  constructor(
    text: string,
    readonly source: string,
    { merge = false }: { merge?: boolean } = {},
  ) {
    this.text = text.replace(/^\uFEFF/, "");
    this.written = this.text.split("\n");
    this.document = parseDocument(this.text, {
      lineCounter: this.lines,
      prettyErrors: false,
      uniqueKeys: true,
      merge,
    });
  }

  /**
   * The file as plain values. Aliases are bounded, so that a small file cannot grow into a large value.
   *
   * @throws ConfigError with every mistake of syntax, each with its place
   */
  value(): unknown {
    const mistakes = [...this.document.errors, ...this.document.warnings];
    if (mistakes.length > 0) {
      throw new ConfigError(
        this.source,
        mistakes.map(({ message, pos }) => {
          const place = this.placeAt(pos[0]);
          return {
            path: "",
            // The library quotes what it did not expect, which may be a secret.
            value: `not valid YAML (${message.replace(/: ".*"$/s, "")})`,
            accepted: "one YAML document in which each key stands once",
            fix: `Correct it at line ${place.line}, column ${place.column}.`,
            ...place,
          };
        }),
      );
    }
    try {
      return this.document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      throw new ConfigError(this.source, [
        {
          path: "",
          value: `not readable as plain values (${(error as Error).message})`,
          accepted: "at most 100 uses of YAML aliases, each of an anchor before it",
          fix: "Write the values out.",
          ...this.loneAlias(),
        },
      ]);
    }
  }

  /** The place of a path's key or value, else that of the nearest thing around it that is there. */
  place(path: readonly PropertyKey[], atKey = false): Place {
    for (let depth = path.length; depth >= 0; depth--) {
      const inner = path.slice(0, depth);
      const node = atKey && depth === path.length ? this.keyNode(path) : this.node(inner);
      if (node?.range) return this.placeAt(node.range[0], isCollection(node) ? undefined : node.range[1]);
    }
    return this.placeAt(0);
  }

  /** What stands at a path, through aliases; undefined when nothing does. */
  node(path: readonly PropertyKey[]): Node | undefined {
    return path.reduce<Node | undefined>((outer, key) => {
      if (isMap(outer)) return this.resolved(pairOf(outer, key)?.value);
      return isCollection(outer) ? this.resolved(outer.get(key, true)) : undefined;
    }, this.resolved(this.document.contents));
  }

  /** The place of the first alias that has no anchor before it. */
  private loneAlias(): Place | undefined {
    const places: Place[] = [];
    visit(this.document, {
      Alias: (_key, alias) => {
        if (!alias.range || alias.resolve(this.document) !== undefined) return undefined;
        places.push(this.placeAt(alias.range[0], alias.range[1]));
        return visit.BREAK;
      },
    });
    return places[0];
  }

  private keyNode(path: readonly PropertyKey[]): Node | undefined {
    const parent = this.node(path.slice(0, -1));
    return isMap(parent) ? (pairOf(parent, path.at(-1))?.key as Node | undefined) : undefined;
  }

  private resolved(node: unknown): Node | undefined {
    return isAlias(node) ? node.resolve(this.document) : ((node ?? undefined) as Node | undefined);
  }

  /** The place of a span of the text, as far as it lies in one line. */
  private placeAt(start: number, end = start + 1): Place {
    const { line, col } = this.lines.linePos(start);
    const written = lineOf(this.written, line);
    const column = Array.from(written.slice(0, col - 1)).length;
    const length = Math.max(1, Array.from(written.slice(col - 1, col - 1 + Math.max(1, end - start))).length);
    const characters = Array.from(lineOf(this.shown(), line));
    const from = Math.max(0, column - CONTEXT);
    return {
      line,
      column: column + 1,
      length,
      excerpt: { text: characters.slice(from, column + CONTEXT).join(""), from: from + 1 },
    };
  }

  /** The lines with dots for what may be a secret. */
  private shown(): readonly string[] {
    if (this.masked !== undefined) return this.masked;
    const parts: string[] = [];
    let end = 0;
    visit(this.document, {
      Scalar: (key, node, ancestors) => {
        if (key === "key" || !node.range || !isHidden(pathOf(ancestors), node.value)) return;
        // Scalars come in the order of the text and never overlap.
        parts.push(this.text.slice(end, node.range[0]), dots(this.text.slice(node.range[0], node.range[1])));
        end = node.range[1];
      },
    });
    const lines = (parts.join("") + this.text.slice(end)).split("\n");
    this.masked = this.document.errors.length > 0 ? maskBroken(lines) : lines;
    return this.masked;
  }
}

function lineOf(lines: readonly string[], line: number): string {
  return (lines[line - 1] ?? "").replace(/\r$/, "");
}

function dots(text: string): string {
  return text.replace(/[^\r\n\t ]/gu, "•");
}

/** The keys that lead to a node. Places in lists are left out: secrecy does not depend on them. */
function pathOf(ancestors: readonly unknown[]): PropertyKey[] {
  const pairs = ancestors.filter(
    (node): node is Pair => typeof node === "object" && node !== null && "key" in node && "value" in node,
  );
  const keys = pairs.map(({ key }) => String(isScalar(key) ? key.value : key));
  // An item of a list under env is inside it too.
  return pairs.at(-1) === ancestors.at(-1) ? keys : [...keys, 0];
}

function pairOf(map: { items: readonly Pair[] }, key: PropertyKey | undefined): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
}

/** In YAML that is broken, structure says too little, so that lines decide: those of an env block, and those like a secret. */
function maskBroken(lines: readonly string[]): string[] {
  let inEnv = false;
  return lines.map((line) => {
    if (/^[^\s#]/.test(line)) inEnv = false;
    if (/(^|[\s{,"'])env(s|ironment)?["']?\s*:/i.test(line)) inEnv = true;
    const [, before = "", after = ""] = /^([^:]*:?)(.*)$/s.exec(line) ?? [];
    const secret = inEnv || isSecretName(before.replace(/[\s:"'-]/g, "")) || isSecretValue(after.trim());
    return secret ? before + dots(after) : line;
  });
}
