import { statfs } from "node:fs/promises";
import { dirname } from "node:path";

import { LocalError } from "../errors";

const GIB = 2 ** 30;

/**
 * Space that a build takes at most, in bytes: measured on a machine that had nothing, rounded up. Modules 2.3 GiB,
 * compiled packages 4.6 GiB, binaries with the linker's temporary files 1.5 GiB.
 */
export const NEEDED_SPACE = { modules: 3 * GIB, packages: 5 * GIB, binaries: 2 * GIB } as const;

/** Space to be found in one folder. */
export interface SpaceNeed {
  path: string;
  bytes: number;
}

/** A file system with how much is free on it, in bytes. */
export interface FreeSpace {
  /** Whatever tells one file system from another. */
  fileSystem: string;
  bytes: number;
}

/**
 * Checks that folders have room, adding up the needs of those that share a file system.
 *
 * @param needs how much is wanted where; a folder need not exist yet.
 * @param measure how to look. @default the file system of the nearest existing folder
 * @throws LocalError that names the file system's folders, what is free and what is needed.
 */
export async function checkSpace(
  needs: readonly SpaceNeed[],
  measure: (path: string) => Promise<FreeSpace> = freeSpace,
): Promise<void> {
  const totals = new Map<string, { free: number; needed: number; paths: string[] }>();
  for (const need of needs) {
    const { fileSystem, bytes } = await measure(need.path);
    const total = totals.get(fileSystem) ?? { free: bytes, needed: 0, paths: [] };
    total.needed += need.bytes;
    total.paths.push(need.path);
    totals.set(fileSystem, total);
  }
  for (const { free, needed, paths } of totals.values()) {
    if (free >= needed) continue;
    throw new LocalError({
      message:
        `The disk with ${paths.join(", ")} has ${(free / GIB).toFixed(1)} GiB free; ` +
        `building the toolchain for the first time needs ${(needed / GIB).toFixed(1)} GiB.`,
      fix: "Free some space, or move the folders to a larger disk with BERTH_CACHE, GOCACHE and GOMODCACHE.",
    });
  }
}

async function freeSpace(path: string): Promise<FreeSpace> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      const { bavail, bsize, blocks, files, type } = await statfs(folder);
      // Node does not give the file system's id; its size, inodes and kind tell file systems of one machine apart.
      return { fileSystem: [type, blocks, files].join("/"), bytes: bavail * bsize };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(folder) === folder) throw error;
    }
  }
}
