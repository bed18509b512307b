import type { Finding } from "./problems";

/*
 * k8s-ee.yaml is the older file that users already have. Its fields keep their names and places here; those that Berth does not
 * act on yet are named as such, never dropped. A value that asks for nothing (`metrics: { enabled: false }`) is no reason to stop.
 */

interface Unsupported {
  path: readonly string[];
  /** Values that ask for nothing, which are accepted and left out. */
  asksForNothing: (value: unknown) => boolean;
  fix?: string;
}

const isOff = (value: unknown): boolean => value === false || (isRecord(value) && value["enabled"] === false);
const is = (expected: string) => (value: unknown) => value === expected;
const never = () => false;

const UNSUPPORTED: readonly Unsupported[] = [
  { path: ["trigger"], asksForNothing: is("automatic") },
  { path: ["app", "metricsPath"], asksForNothing: never },
  { path: ["metrics"], asksForNothing: isOff },
  ...["context", "dockerfile"].map((field) => ({
    path: ["image", field],
    asksForNothing: is(field === "context" ? "." : "Dockerfile"),
    fix: "Build the image yourself and give its reference to `berth deploy --image`.",
  })),
];

/**
 * Takes the fields of k8s-ee.yaml out of a config that Berth does not support yet.
 *
 * @param input a parsed file, not changed
 * @returns the rest, and one finding for each field that asks for something
 */
export function withoutUnsupported(input: unknown): { rest: unknown; findings: Finding[] } {
  const rest: unknown = structuredClone(input);
  const findings: Finding[] = [];
  for (const { path, asksForNothing, fix } of UNSUPPORTED) {
    const key = path.at(-1) ?? "";
    const parent = path
      .slice(0, -1)
      .reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), rest);
    if (!isRecord(parent) || !(key in parent)) continue;
    const value = parent[key];
    Reflect.deleteProperty(parent, key);
    if (asksForNothing(value)) continue;
    findings.push({
      path,
      value: "a field of k8s-ee.yaml that is not supported yet",
      accepted: "nothing yet",
      fix: fix ?? "Remove it, or stay with k8s-ee for what needs it.",
      atKey: true,
    });
  }
  return { rest, findings };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
