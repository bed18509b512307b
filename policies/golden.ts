import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Given } from "./testing";

/*
 * The graphs of all example stacks, as test/golden has them, for tests and benches of the pack.
 */

/** Folder of the graphs. */
export const golden = join(__dirname, "../test/golden");

interface Registration {
  type: string;
  name: string;
  inputs: object;
  protect?: boolean;
  /** What it reads, without making it: the engine shows that to no policy. */
  reads?: string;
}

/** Every registration in a file, wherever it is nested, with secrets as policies see them: in the clear. */
export function registrationsOf(file: string): Given[] {
  const found: Given[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const { type, name, inputs, protect = false, reads } = value as Partial<Registration>;
    if (reads !== undefined) return;
    if (type !== undefined && name !== undefined && inputs !== undefined) {
      // The SDK of GitHub's provider marks its values as secret by itself.
      const additionalSecretOutputs = type.startsWith("github:") ? ["value"] : [];
      found.push({ type, name, props: plain(inputs) as object, opts: { protect, additionalSecretOutputs } });
    } else Object.values(value).forEach(walk);
  };
  walk(JSON.parse(readFileSync(join(golden, file), "utf8")));
  return found;
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const [[key, inner] = ["", undefined], ...more] = Object.entries(value);
  if (key === "secret" && more.length === 0) return plain(inner);
  return Object.fromEntries(Object.entries(value).map(([field, one]) => [field, plain(one)]));
}

/** The stack that an example is of. */
export function stackOf(file: string): string {
  return file.startsWith("pr-") ? "pr-shop-7" : (/^[a-z]+/.exec(file)?.[0] ?? "");
}
