import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { diskFull } from "./run";
import { imageKey, layerKey } from "./key";
import { imageLayout, repository, type WrittenLayer } from "./layout";
import { withLock } from "../lock";
import type { BuiltImage, ImageProgress, Layer, Recipe } from "./types";
import { writeArchive, writeLayer } from "./write";

/** Settings of {@link obtainImage}. */
export interface StoreOptions {
  signal?: AbortSignal;
  onProgress?: (progress: ImageProgress) => void;
}

/** Length of the key in file names and tags; 48 bits are enough to tell one user's images apart. */
const shortKey = 12;
/** What the biggest image needs while it is built: its unpacked tree, its layer and its archive, in bytes. */
const neededSpace = 1 << 30;

/** What the cache says about an archive or a layer, written after the file itself. */
interface Entry extends WrittenLayer {
  /** Size of the file, in bytes: another one means that the file is damaged. */
  fileSize: number;
}

/**
 * Gives the image of a recipe out of the cache, building it when it is not there.
 *
 * A file in the cache is complete by construction: it is written under another name and renamed, and its JSON entry
 * follows after it.
 *
 * @param folder the cache's folder for images.
 * @param recipe how the image is made.
 * @throws LocalError when a step fails; the signal's reason when stopped. Nothing half-made stays.
 */
export async function obtainImage(folder: string, recipe: Recipe, options: StoreOptions): Promise<BuiltImage> {
  const key = imageKey(recipe);
  const tag = `${repository(recipe.name)}:${key.slice(0, shortKey)}`;
  const archive = join(folder, `${recipe.name}-${key.slice(0, shortKey)}.tar`);
  const found = (digest: string): BuiltImage => ({ archive, tag, digest, ref: `${repository(recipe.name)}@${digest}` });
  const tell = (progress: Omit<ImageProgress, "image">): void =>
    options.onProgress?.({ image: recipe.name, ...progress });

  const cached = await readEntry(archive);
  if (cached !== null) {
    tell({ phase: "cached", message: "in the cache" });
    return found(cached.digest);
  }
  const started = Date.now();
  return withLock(
    join(folder, `${recipe.name}.lock`),
    { signal: options.signal, onWait: () => tell({ phase: "waiting", message: "another process is building it" }) },
    async () => {
      const meanwhile = await readEntry(archive);
      if (meanwhile !== null) {
        tell({ phase: "cached", message: "built by another process" });
        return found(meanwhile.digest);
      }
      const digest = await withWorkFolder(folder, recipe.name, async (work) => {
        const layers: (WrittenLayer & { file: string })[] = [];
        for (const layer of recipe.layers) layers.push(await obtainLayer(folder, work, layer, tell, options.signal));
        const layout = imageLayout({ config: recipe.config, layers, tag });
        const file = join(work, "archive.tar");
        await writeArchive(layout, layers, file, options.signal);
        await commit(file, archive, { digest: layout.digest, diffId: "", size: 0 });
        return layout.digest;
      });
      tell({ phase: "built", message: "built", seconds: Math.round((Date.now() - started) / 100) / 10 });
      return found(digest);
    },
  );
}

async function obtainLayer(
  folder: string,
  work: string,
  layer: Layer,
  tell: (progress: Omit<ImageProgress, "image">) => void,
  signal?: AbortSignal,
): Promise<WrittenLayer & { file: string }> {
  const key = layerKey(layer);
  const kept = join(folder, `layer-${key.slice(0, shortKey)}.tar.zst`);
  const cached = layer.shared ? await readEntry(kept) : null;
  if (cached !== null) return { ...cached, file: kept };
  signal?.throwIfAborted();
  tell({ phase: "building", message: layer.label, estimateSeconds: layer.estimateSeconds });
  const tree = await mkdtemp(join(work, "tree-"));
  // mkdtemp makes a folder that only its owner may enter; as a layer's root it would lock the container's user out.
  const root = join(tree, "root");
  await mkdir(root, { mode: 0o755 });
  await layer.fill(root, { signal });
  const file = join(work, `${key.slice(0, shortKey)}.tar.zst`);
  const written = await writeLayer(root, file, signal);
  await rm(tree, { recursive: true, force: true });
  if (!layer.shared) return { ...written, file };
  await commit(file, kept, written);
  return { ...written, file: kept };
}

/** Gives a new folder beside the cache's files, and removes it with all that an earlier, killed build left there. */
async function withWorkFolder<T>(folder: string, name: string, use: (work: string) => Promise<T>): Promise<T> {
  const prefix = `building-${name}-`;
  const clean = async (): Promise<void> => {
    for (const each of await readdir(folder)) {
      if (each.startsWith(prefix)) await rm(join(folder, each), { recursive: true, force: true });
    }
  };
  await clean();
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < neededSpace) throw diskFull(`building images in ${folder}, which needs 1 GiB of free space`);
  try {
    return await use(await mkdtemp(join(folder, prefix)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOSPC") throw diskFull(`building the image ${name}`);
    throw error;
  } finally {
    await clean();
  }
}

async function commit(temporary: string, file: string, written: WrittenLayer): Promise<void> {
  const { size: fileSize } = await stat(temporary);
  await rename(temporary, file);
  const entry: Entry = { ...written, fileSize };
  await writeFile(`${file}.json.new`, JSON.stringify(entry));
  await rename(`${file}.json.new`, `${file}.json`);
}

async function readEntry(file: string): Promise<Entry | null> {
  try {
    const entry = JSON.parse(await readFile(`${file}.json`, "utf8")) as Entry;
    return (await stat(file)).size === entry.fileSize ? entry : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
