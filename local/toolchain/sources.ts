import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

import { LocalError } from "../errors";
import type { SourceFile } from "./plan";

/** The sources that the toolchain is built from. */
export interface Sources {
  /** Absolute path of the repository. */
  root: string;
  /** Absolute path of `local/go`. */
  goDir: string;
  goMod: string;
  goSum: string;
  files: SourceFile[];
}

/**
 * The folder of the repository that this code belongs to, compiled or not.
 *
 * @param from where to start looking upwards. @default the folder of this code
 * @throws LocalError when no folder above holds `local/go/go.mod`.
 */
export function repositoryRoot(from: string = __dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "local", "go", "go.mod"))) return folder;
    if (dirname(folder) === folder) {
      throw new LocalError({
        message: `The Go sources of the embedded cluster are not above ${from}: no folder there holds local/go/go.mod.`,
        fix: "Run Berth from a clone of its repository.",
      });
    }
  }
}

/**
 * Reads everything of `local/go` that goes into a binary.
 *
 * @param root the repository.
 */
export async function readSources(root: string = repositoryRoot()): Promise<Sources> {
  const goDir = join(root, "local", "go");
  const entries = await readdir(goDir, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".go") && !entry.name.endsWith("_test.go"))
    .map((entry) => relative(goDir, join(entry.parentPath, entry.name)));
  const [goMod, goSum, ...contents] = await Promise.all(
    ["go.mod", "go.sum", ...paths].map((path) => readFile(join(goDir, path), "utf8")),
  );
  return {
    root,
    goDir,
    goMod: goMod ?? "",
    goSum: goSum ?? "",
    files: paths.map((path, i) => ({ path, content: contents[i] ?? "" })),
  };
}
