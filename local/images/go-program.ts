import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { findGo, goEnvironment, type Go } from "../toolchain/go";
import { repositoryPath } from "./root";
import { run } from "./run";

/** A server that is built from a Go module. */
export interface GoProgram {
  /** Folder below `local/images` with a go.mod of its own that names the program as a tool, and the go.sum that fixes every module. */
  folder: string;
  /** The module that the program is in. */
  module: string;
  /** Path of the program's package below the module. */
  package: string;
  /** File name of the program. @default the last part of the package's path */
  name?: string;
  /** Build tags, which leave out what no preview needs. */
  tags: readonly string[];
  /**
   * Files of the module that are added or changed, by path below it. The program is then built from a copy of the module: Go has no way
   * to put another file into a downloaded one.
   */
  files?: Readonly<Record<string, Content | Change>>;
}

/** The whole of a file. */
export interface Content {
  content: string;
}

/** A text of a file that is replaced. It must be in it exactly once, so that another version of the module is not changed by accident. */
export interface Change {
  from: string;
  to: string;
}

const flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="];
/**
 * What decides the content of a program, for a layer's key: its module and all that it needs, by version and hash. Go's own version
 * is not in it: what has been built stays until the cache is removed.
 */
export async function goInputs(program: GoProgram): Promise<string[]> {
  const [goMod, goSum] = await readModule(program);
  const { module, package: path, name, tags, files = {} } = program;
  return [goMod, goSum, module, path, ...(name === undefined ? [] : [name]), ...tags, ...flags, JSON.stringify(files)];
}

/**
 * Builds a program without C, so that it runs on any base, and puts it in `usr/local/bin`. Modules come from the machine's own Go proxy
 * and are checked by go.sum.
 *
 * @param folder root of the layer; beside it is room for what the build needs.
 * @param signal stops it; what is compiled stays in Go's cache.
 * @throws LocalError when Go is missing or fails.
 */
export async function buildGo(program: GoProgram, folder: string, signal?: AbortSignal): Promise<void> {
  const [goMod, goSum] = await readModule(program);
  const go = await findGo(goMod);
  const bin = join(folder, "usr/local/bin");
  await mkdir(bin, { recursive: true });
  const work = await mkdtemp(join(dirname(folder), "go-"));
  try {
    await writeFile(join(work, "go.mod"), goMod);
    await writeFile(join(work, "go.sum"), goSum);
    if (program.files) await copyModule(go, program.module, program.files, work, signal);
    const tags = program.tags.length > 0 ? [`-tags=${program.tags.join(",")}`] : [];
    const path = `${program.module}/${program.package}`;
    const file = join(bin, program.name ?? basename(path));
    await goCommand(go, ["build", "-mod=readonly", ...flags, ...tags, "-o", file, path], work, signal);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Puts a copy of a module with its other files in the folder `module`, and has go.mod take it from there. */
async function copyModule(
  go: Go,
  module: string,
  files: Readonly<Record<string, Content | Change>>,
  work: string,
  signal?: AbortSignal,
): Promise<void> {
  const answer = await goCommand(go, ["mod", "download", "-json", module], work, signal);
  const { Dir: original } = JSON.parse(answer) as { Dir: string };
  const copy = join(work, "module");
  // Files of Go's module cache are read-only, and a copy must not be.
  await run(["cp", "-r", "--no-preserve=mode", original, copy], {
    signal,
    fixWhenMissing: "Install coreutils.",
    fixWhenFailed: `Check that ${original} can be read and that there is space in ${work}.`,
  });
  for (const [path, file] of Object.entries(files)) {
    const target = join(copy, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, "content" in file ? file.content : changed(await readFile(target, "utf8"), file, path));
  }
  // A relative path, because the program says where its modules came from and has to be the same wherever it is built.
  await goCommand(go, ["mod", "edit", `-replace=${module}=./module`], work, signal);
}

/**
 * A file with a text replaced.
 *
 * @param path names the file in the error.
 * @throws Error when the text is not in it exactly once.
 */
export function changed(file: string, { from, to }: Change, path: string): string {
  const parts = file.split(from);
  if (parts.length !== 2) throw new Error(`${path} has ${parts.length - 1} times what is to be changed in it: ${from}`);
  return parts.join(to);
}

function goCommand(go: Go, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<string> {
  return run([go.command, ...args], {
    signal,
    cwd,
    env: goEnvironment({}, go.arch) as Record<string, string>,
    fixWhenMissing: "Put Go back where it was.",
    fixWhenFailed: "Check that `go env GOPROXY` names a proxy that answers.",
  });
}

function readModule({ folder }: GoProgram): Promise<[goMod: string, goSum: string]> {
  const read = (name: string): Promise<string> => readFile(repositoryPath("local/images", folder, name), "utf8");
  return Promise.all([read("go.mod"), read("go.sum")]);
}
