import type { z } from "zod";

/**
 * Paths of all fields of a schema that hold values rather than further fields, each once; `*` stands for any place in a list and any key of
 * a mapping.
 *
 * @throws Error for a type of schema that it does not know, so that nothing is passed over
 */
export function fieldPaths(schema: z.ZodType): string[] {
  return [...new Set(walk(schema, []))];
}

function walk(schema: z.ZodType, path: string[]): string[] {
  const { def } = (schema as unknown as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "object":
      return Object.entries(def.shape).flatMap(([key, inner]) => walk(inner as z.ZodType, [...path, key]));
    case "array":
      return walk(def.element as z.ZodType, [...path, "*"]);
    case "record":
      return walk(def.valueType as z.ZodType, [...path, "*"]);
    case "union":
      return def.options.flatMap((option) => walk(option as z.ZodType, path));
    case "pipe":
      return walk(def.in as z.ZodType, path);
    case "default":
    case "prefault":
    case "optional":
      return walk(def.innerType as z.ZodType, path);
    case "string":
    case "number":
    case "boolean":
    case "enum":
    case "literal":
      return [path.join(".")];
    default:
      throw new Error(`This walk does not know schemas of type ${def.type}, at ${path.join(".")}`);
  }
}

/** Sets a value inside of an object, and makes what is missing on the way: a list before a number, else an object. */
export function setAt(root: Record<string, unknown>, keys: readonly (string | number)[], value: unknown): void {
  let place: Record<PropertyKey, unknown> = root;
  keys.slice(0, -1).forEach((key, index) => {
    const inner = place[key];
    if (typeof inner !== "object" || inner === null) place[key] = typeof keys[index + 1] === "number" ? [] : {};
    place = place[key] as Record<PropertyKey, unknown>;
  });
  place[keys.at(-1) ?? ""] = value;
}
