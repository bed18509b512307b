import type { z } from "zod";
import { isHidden } from "./secrecy";

/** One thing that is wrong with a config. */
export interface Problem {
  /** Where, as one would write it: `egress.allow[0].cidr`. Empty for the document as a whole. */
  path: string;
  /** What stands there; never the value of an environment variable, which may be a secret in the wrong place. */
  value: string;
  /** What is accepted there. */
  accepted: string;
  /** What to do. */
  fix: string;
  /** Line in the file, counted from 1, where known. */
  line?: number;
  /** Column in the line, in characters counted from 1, where known. */
  column?: number;
  /** How many characters of the line it is about, at least 1, where known. */
  length?: number;
  /** The line, or the part of a long one that lies around the column; dots stand for what may be a secret. */
  excerpt?: {
    text: string;
    /** Column of its first character. */
    from: number;
  };
}

/** A problem whose place is still a list of keys. */
export interface Finding extends Pick<Problem, "value" | "accepted" | "fix"> {
  path: readonly PropertyKey[];
  /** The key itself is wrong, rather than what stands under it. */
  atKey?: boolean;
}

/** Something that stands in a list or mapping a second time. */
export function repeated(path: readonly PropertyKey[], what: string, accepted: string): Finding {
  return { path, value: `${what}, there already`, accepted, fix: "Remove one of the two." };
}

/** Every value of a list that stands in it before, at its place. */
export function repeats(
  values: readonly (string | number)[],
  path: readonly PropertyKey[],
  accepted: string,
): Finding[] {
  return values.flatMap((value, index) =>
    values.indexOf(value) === index ? [] : [repeated([...path, index], String(value), accepted)],
  );
}

/** All problems of one config, in one message. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /**
   * @param source the file, or what the values come from
   * @param problems at least one
   */
  constructor(
    readonly source: string,
    readonly problems: readonly Problem[],
  ) {
    super(
      [
        `${source} has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:`,
        ...problems.map((problem) => `  ${describe(problem)}`),
      ].join("\n"),
    );
  }
}

/** One line: `line 3: app.port is 0; accepted: a whole number from 1 to 65535. Set it to …`. */
export function describe(problem: Problem): string {
  return `${problem.line === undefined ? "" : `line ${problem.line}: `}${sentence(problem)}`;
}

/** The same without the line, for where it stands elsewhere. */
export function sentence({ path, value, accepted, fix }: Problem): string {
  return `${path === "" ? "the document" : path} is ${value}; accepted: ${accepted}. ${fix}`;
}

/** Writes a path the way a person would: `egress.allow[0].cidr`. Keys with unusual characters are quoted. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    const name = String(key);
    if (!/^[A-Za-z_][\w-]*$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === "" ? name : `${text}.${name}`;
  }, "");
}

/** Writes a finding's place the way a person would. */
export function toProblem({ path, value, accepted, fix }: Finding): Problem {
  return { path: formatPath(path), value, accepted, fix };
}

/** Shows a value in a message: short, on one line, and not at all where it might be a secret. */
export function show(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "a mapping";
  if (isHidden(path, value)) return "a value not shown here";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

/** Turns zod's issues into findings. `input` is what was parsed, `schema` what it was parsed with. */
export function findingsOf(issues: readonly z.core.$ZodIssue[], input: unknown, schema: z.ZodType): Finding[] {
  return issues.flatMap((issue) => findingOf(issue, input, schema));
}

function findingOf(issue: z.core.$ZodIssue, input: unknown, schema: z.ZodType): Finding[] {
  const value = at(input, issue.path);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, issue.path);
      return issue.keys.map((key) => unknownKey(issue.path, key, known));
    }
    case "invalid_union": {
      // The branch for mappings says more about a mapping than "no branch fits".
      const branch =
        typeof value === "object" && value !== null
          ? issue.errors.find((errors) =>
              errors.every((inner) => inner.path.length > 0 || inner.code === "unrecognized_keys"),
            )
          : undefined;
      const nested = branch?.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
      if (nested) return findingsOf(nested, input, schema);
      break;
    }
    case "invalid_key": {
      const accepted = issue.issues[0]?.message ?? issue.message;
      return [{ path: issue.path, value: "a key that is not accepted", accepted, fix: "Rename the key.", atKey: true }];
    }
    default:
  }
  const path = formatPath(issue.path);
  const fix = value === undefined ? `Add ${path}.` : `Change ${path === "" ? "it" : path} to what is accepted.`;
  return [{ path: issue.path, value: show(value, issue.path), accepted: acceptedBy(issue, schema), fix }];
}

/** What an issue says is accepted. For a section of fields without words of its own, zod's are about its types, not about YAML. */
function acceptedBy(issue: z.core.$ZodIssue, schema: z.ZodType): string {
  const known = keysAt(schema, issue.path);
  const isSection = issue.code === "invalid_type" && issue.expected === "object" && known.length > 0;
  return isSection && issue.message.startsWith("Invalid input") ? `a mapping of ${known.join(", ")}` : issue.message;
}

function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[]): Finding {
  const near = closest(key, known);
  return {
    path: [...path, key],
    value: "not a known field",
    accepted: known.length > 0 ? `one of ${known.join(", ")}` : "nothing",
    fix: near === undefined ? "Remove it." : `Did you mean ${formatPath([...path, near])}? Otherwise remove it.`,
    atKey: true,
  };
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined,
    value,
  );
}

/** The keys that the schema knows at a path, through defaults, unions and lists. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const [key, ...rest] = path;
  const { def } = (schema as unknown as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object":
      if (key === undefined) return Object.keys(def.shape);
      return def.shape[String(key)] ? keysAt(def.shape[String(key)] as z.ZodType, rest) : [];
    case "array":
      return keysAt(def.element as z.ZodType, rest);
    case "union":
      return def.options.flatMap((option) => keysAt(option as z.ZodType, path));
    case "pipe":
      return keysAt(def.in as z.ZodType, path);
    case "default":
    case "prefault":
    case "optional":
      return keysAt(def.innerType as z.ZodType, path);
    default:
      return [];
  }
}

/** The candidate that is most like `word`, when it is like it at all: at most a third of its letters differ. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, substitution));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
