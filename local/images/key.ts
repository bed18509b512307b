import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";

import type { Layer, Recipe } from "./types";

/** Raised when the way layers and archives are written changes, so that old cache entries are not used any more. */
const formatVersion = "2";

/** Hash over a list of texts. No two different lists give the same input to it. */
function hashList(texts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(texts)).digest("hex");
}

/**
 * Key of a layer in the cache.
 *
 * @param layer the layer; only its label and inputs count.
 * @param architecture CPU architecture of the machine. @default process.arch
 * @returns 64 hexadecimal characters.
 */
export function layerKey(layer: Pick<Layer, "label" | "inputs">, architecture: string = process.arch): string {
  return hashList([formatVersion, architecture, layer.label, ...layer.inputs]);
}

/**
 * Key of an image in the cache: changes when a layer or the configuration does.
 *
 * @param recipe how the image is made.
 * @param architecture CPU architecture of the machine. @default process.arch
 * @returns 64 hexadecimal characters.
 */
export function imageKey(recipe: Recipe, architecture: string = process.arch): string {
  const layers = recipe.layers.map((layer) => layerKey(layer, architecture));
  return hashList([formatVersion, recipe.name, JSON.stringify(recipe.config), ...layers]);
}

/**
 * Content hash of a file that is too big to read into memory.
 *
 * @param path the file.
 * @returns SHA-256, 64 hexadecimal characters.
 */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}
