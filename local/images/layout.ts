import { createHash } from "node:crypto";

import type { ImageConfig, ImageName } from "./types";

/**
 * Modification time of every file and creation time of every image, in seconds since 1970: 2026-01-01T00:00:00Z. A
 * fixed one makes the digest depend on the content alone.
 */
export const fixedTime = 1767225600;

/** A layer that has been written. */
export interface WrittenLayer {
  /** Digest of the compressed file, `sha256:…`. */
  digest: string;
  /** Digest of the tar inside, `sha256:…`. */
  diffId: string;
  /** Size of the compressed file, in bytes. */
  size: number;
}

/** A small file of an image layout. */
export interface LayoutFile {
  /** Path inside the archive. */
  path: string;
  content: string;
}

/** The JSON files of an image layout. */
export interface Layout {
  files: LayoutFile[];
  /** Digest of the manifest, `sha256:…`. */
  digest: string;
}

/**
 * Repository part of an image's name.
 *
 * @param name the image.
 * @returns `localhost/berth/<name>`; containerd never looks for `localhost/` images in a public registry.
 */
export function repository(name: ImageName): string {
  return `localhost/berth/${name}`;
}

/**
 * Path of a blob inside an image layout.
 *
 * @param digest `sha256:…`.
 */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/**
 * Writes the JSON part of an OCI image layout (image-spec 1.1: image-layout, image index, manifest, config).
 *
 * @param options.config what the image runs.
 * @param options.layers its layers, from the bottom up.
 * @param options.tag name under which importing tools register the image.
 * @param options.architecture CPU architecture as Node names it. @default process.arch
 * @returns the files to put beside the layers' blobs, and the manifest's digest.
 */
export function imageLayout(options: {
  config: ImageConfig;
  layers: readonly WrittenLayer[];
  tag: string;
  architecture?: string;
}): Layout {
  const architecture =
    (options.architecture ?? process.arch) === "x64" ? "amd64" : (options.architecture ?? process.arch);
  const config = blob({
    created: new Date(fixedTime * 1000).toISOString(),
    architecture,
    os: "linux",
    config: options.config,
    rootfs: { type: "layers", diff_ids: options.layers.map((layer) => layer.diffId) },
  });
  const manifest = blob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: config.digest, size: config.size },
    layers: options.layers.map(({ digest, size }) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+zstd",
      digest,
      size,
    })),
  });
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        digest: manifest.digest,
        size: manifest.size,
        platform: { architecture, os: "linux" },
        annotations: {
          "io.containerd.image.name": options.tag,
          "org.opencontainers.image.ref.name": options.tag.slice(options.tag.lastIndexOf(":") + 1),
        },
      },
    ],
  };
  return {
    digest: manifest.digest,
    files: [
      { path: "oci-layout", content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
      { path: "index.json", content: JSON.stringify(index) },
      { path: blobPath(manifest.digest), content: manifest.content },
      { path: blobPath(config.digest), content: config.content },
    ],
  };
}

function blob(value: object): { content: string; digest: string; size: number } {
  const content = JSON.stringify(value);
  const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  return { content, digest, size: Buffer.byteLength(content) };
}
