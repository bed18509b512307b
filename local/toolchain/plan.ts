import { createHash } from "node:crypto";

import { BUILD_FLAGS, GATEWAY_REPLACEMENTS, LEGO, LINK_FLAGS, type Binary, type BinaryName, type Part } from "./parts";

/** A file that goes into a binary: its path relative to `local/go`, and its content. */
export interface SourceFile {
  path: string;
  content: string;
}

/** What decides the content of the binaries, besides their own entries in the table of parts. */
export interface BuildInputs {
  /** Version of the Go compiler, such as `go1.26.8`. */
  goVersion: string;
  /** Architecture in Go's words, such as `amd64`. */
  arch: string;
  goMod: string;
  goSum: string;
  /** Every Go file below `local/go` but tests. */
  sources: readonly SourceFile[];
}

/** One run of `go build`. */
export interface BuildGroup {
  binaries: readonly Binary[];
  replaced: boolean;
}

/**
 * Names the content of a binary: the same inputs give the same key, and nothing else does.
 *
 * @param binary the binary.
 * @param inputs what it is built from.
 * @returns 16 hexadecimal digits.
 */
export function binaryKey(binary: Binary, inputs: BuildInputs): string {
  const own = inputs.sources
    .filter((file) => binary.sources.some((source) => file.path.startsWith(`${source}/`)))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  return digest([
    inputs.goVersion,
    inputs.arch,
    inputs.goMod,
    inputs.goSum,
    binary.package,
    ...BUILD_FLAGS,
    LINK_FLAGS,
    ...binary.stamps,
    ...(binary.replaced ? [LEGO.module, LEGO.file, ...GATEWAY_REPLACEMENTS.flatMap((r) => [r.module, r.version])] : []),
    ...own.flatMap((file) => [file.path, file.content]),
  ]);
}

/**
 * Names a toolchain by the keys of all its binaries.
 *
 * @param keys the key of each binary.
 * @returns 16 hexadecimal digits.
 */
export function toolchainKey(keys: ReadonlyMap<BinaryName, string>): string {
  return digest([...keys].sort(([a], [b]) => (a < b ? -1 : 1)).flat());
}

/**
 * Groups binaries into runs of `go build`. One run for several binaries keeps all cores at work while one of them is
 * being linked; those with replaced modules need a run of their own.
 *
 * @param wanted the parts asked for.
 * @param table all binaries.
 * @param present whether a binary is there already and need not be built.
 */
export function planGroups(
  wanted: readonly Part[],
  table: readonly Binary[],
  present: (binary: Binary) => boolean,
): BuildGroup[] {
  const missing = table.filter((binary) => wanted.includes(binary.part) && !present(binary));
  return [false, true]
    .map((replaced) => ({ replaced, binaries: missing.filter((binary) => binary.replaced === replaced) }))
    .filter((group) => group.binaries.length > 0);
}

/**
 * Arguments of `go build` for a group.
 *
 * @param group what to build.
 * @param options.outputDir folder for the binaries.
 * @param options.modFile go.mod with the replacements; must be given for a group that is `replaced`.
 * @throws Error when `modFile` is missing for a replaced group.
 */
export function buildArguments(group: BuildGroup, options: { outputDir: string; modFile?: string }): string[] {
  if (group.replaced && options.modFile === undefined) throw new Error("a replaced group needs a modFile");
  return [
    "build",
    "-v",
    ...packageArguments(group, options.modFile),
    ...group.binaries.map((b) => `-ldflags=${b.package}=${[LINK_FLAGS, ...b.stamps.map((s) => `-X ${s}`)].join(" ")}`),
    "-o",
    `${options.outputDir}/`,
    ...group.binaries.map((binary) => binary.package),
  ];
}

/**
 * Arguments of `go list` that give every package of a group that still has to be compiled, one to a line.
 *
 * @param group what to look at.
 * @param modFile go.mod with the replacements.
 */
export function listStaleArguments(group: BuildGroup, modFile?: string): string[] {
  return [
    "list",
    ...packageArguments(group, modFile),
    "-deps",
    "-f",
    "{{if .Stale}}{{.ImportPath}}{{end}}",
    ...group.binaries.map((binary) => binary.package),
  ];
}

function packageArguments(group: BuildGroup, modFile: string | undefined): string[] {
  return [...BUILD_FLAGS, ...(group.replaced && modFile !== undefined ? [`-modfile=${modFile}`] : [])];
}

function digest(fields: readonly string[]): string {
  const hash = createHash("sha256");
  // The length keeps ["ab", "c"] and ["a", "bc"] apart.
  for (const field of fields) hash.update(`${Buffer.byteLength(field)}:`).update(field);
  return hash.digest("hex").slice(0, 16);
}
