import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { golden, registrationsOf } from "../../policies/golden";

/*
 * The objects of the example stacks as manifests, which scanners read.
 */

/** An object as the API server gets it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

/** The name of the example that every scanner must refuse. */
export const KNOWN_BAD = "known-bad";

/** A pod that breaks what every scanner checks: one that finds nothing in it judges nothing. */
const knownBad = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "privileged", namespace: "somewhere" },
  spec: {
    containers: [{ name: "main", image: "example.com/main:latest", securityContext: { privileged: true } }],
  },
};

/** The objects of the example stacks on Kubernetes, by example. */
export function exampleManifests(): Record<string, Manifest[]> {
  const files = readdirSync(golden).filter((file) => /^(pr|platform)-.*\.json$/.test(file));
  return Object.fromEntries(
    files.map((file) => [
      file.replace(/\.json$/, ""),
      registrationsOf(file)
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .map(({ props }) => props as Manifest),
    ]),
  );
}

/**
 * Writes one file of manifests for each example, and one that every scanner must refuse.
 *
 * @returns how many objects the examples have
 */
export function writeManifests(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const examples = exampleManifests();
  for (const [name, objects] of Object.entries({ ...examples, [KNOWN_BAD]: [knownBad] })) {
    writeFileSync(join(folder, `${name}.yaml`), objects.map((object) => stringify(object)).join("---\n"));
  }
  return Object.values(examples).flat().length;
}
