import { join, resolve } from "node:path";

/**
 * Path of a file of the repository that is read at run time.
 *
 * @param parts path below the repository's root.
 * @returns the absolute path. Compiled bundles know the root from the build, sources from where they are.
 */
export function repositoryPath(...parts: string[]): string {
  return join(process.env["BERTH_ROOT"] ?? resolve(__dirname, "../.."), ...parts);
}
