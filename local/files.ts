import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Writes a file in one step: a reader sees the old content or the new, also after a crash of the machine.
 *
 * @param path file to write; its folder must exist.
 * @param content new content.
 * @param mode permissions of the file. @default 0o600
 */
export async function replaceFile(path: string, content: string, mode = 0o600): Promise<void> {
  const unfinished = `${path}.${randomBytes(4).toString("hex")}.part`;
  try {
    const file = await open(unfinished, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
