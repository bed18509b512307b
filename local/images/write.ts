import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { link, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";

import { LocalError } from "../errors";
import { blobPath, fixedTime, type Layout, type WrittenLayer } from "./layout";
import { run } from "./run";

/** Options that make tar's output depend only on names, modes, owners and contents. */
const stableTar = ["--sort=name", `--mtime=@${fixedTime}`, "--numeric-owner", "--format=gnu"];

/**
 * Packs a folder as a layer: tar with fixed times and sorted names, compressed with Zstandard, which containerd unpacks
 * about twice as fast as gzip. Modes and numeric owners are taken as they are.
 *
 * @param folder root of the layer.
 * @param file where the compressed layer goes.
 * @param signal stops it.
 * @throws LocalError when tar fails or the disk is full.
 */
export async function writeLayer(folder: string, file: string, signal?: AbortSignal): Promise<WrittenLayer> {
  // The declared type says that it is always there, but Node has it only since 22.15.
  if (!("createZstdCompress" in zlib)) {
    throw new LocalError({
      message: `Node ${process.versions.node} cannot write Zstandard; images need Node 22.15 or newer.`,
      fix: "Run `npm ci --ignore-scripts`, which brings a newer Node for Linux on x64, or install Node 22.15.",
    });
  }
  const tar = spawn("tar", [...stableTar, "--create", "--file=-", `--directory=${folder}`, "."], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaint = "";
  tar.stderr.setEncoding("utf8").on("data", (chunk: string) => (complaint += chunk));
  const ended = new Promise<boolean>((resolve) => {
    tar.once("error", (error) => {
      complaint += error.message;
      resolve(false);
    });
    tar.once("close", (code) => resolve(code === 0));
  });
  const inner = createHash("sha256");
  const outer = createHash("sha256");
  let size = 0;
  const observe = (onChunk: (chunk: Buffer) => void): Transform =>
    new Transform({
      transform(chunk: Buffer, _encoding, done) {
        onChunk(chunk);
        done(null, chunk);
      },
    });
  try {
    await pipeline(
      tar.stdout,
      equalChunks,
      observe((chunk) => inner.update(chunk)),
      zlib.createZstdCompress(),
      observe((chunk) => {
        outer.update(chunk);
        size += chunk.length;
      }),
      createWriteStream(file),
      { signal },
    );
  } catch (error) {
    tar.kill();
    signal?.throwIfAborted();
    throw error;
  }
  if (!(await ended)) {
    throw new LocalError({
      message: `tar failed while packing an image layer: ${complaint.trim()}`,
      fix: "Read tar's own message; if it does not help, remove the image cache and try again.",
      exitCode: 1,
    });
  }
  return { digest: `sha256:${outer.digest("hex")}`, diffId: `sha256:${inner.digest("hex")}`, size };
}

/** Zstandard's output depends on how its input is cut, and a pipe cuts it by chance: this cuts it evenly, in bytes. */
const chunkSize = 1 << 20;

async function* equalChunks(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunk = Buffer.allocUnsafe(chunkSize);
  let filled = 0;
  for await (const piece of source) {
    for (let used = 0; used < piece.length;) {
      const taken = piece.copy(chunk, filled, used);
      used += taken;
      filled += taken;
      if (filled < chunkSize) continue;
      yield chunk;
      // A new one, since the receiver may still be reading this one.
      chunk = Buffer.allocUnsafe(chunkSize);
      filled = 0;
    }
  }
  yield chunk.subarray(0, filled);
}

/**
 * Writes an OCI image archive.
 *
 * @param layout its JSON files.
 * @param layers its layers, each with the file that holds it.
 * @param file where the archive goes.
 * @param signal stops it.
 */
export async function writeArchive(
  layout: Layout,
  layers: readonly (WrittenLayer & { file: string })[],
  file: string,
  signal?: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(dirname(file), "layout-"));
  try {
    await mkdir(join(folder, "blobs/sha256"), { recursive: true });
    for (const { path, content } of layout.files) await writeFile(join(folder, path), content);
    for (const layer of layers) await link(layer.file, join(folder, blobPath(layer.digest)));
    await run(
      [
        "tar",
        ...stableTar,
        "--hard-dereference",
        "--create",
        `--file=${file}`,
        `--directory=${folder}`,
        "oci-layout",
        "index.json",
        "blobs",
      ],
      {
        signal,
        fixWhenMissing: "Run: apt-get install tar",
        fixWhenFailed: "Read tar's own message; if it does not help, remove the image cache and try again.",
      },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
