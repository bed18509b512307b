import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { blobPath, imageLayout, type WrittenLayer } from "./layout";
import type { ImageConfig } from "./types";

interface Manifest {
  config: { digest: string; size: number };
  layers: { digest: string; mediaType: string }[];
}

const digest = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const layer: WrittenLayer = { digest: digest("compressed"), diffId: digest("tar"), size: 10 };
const config: ImageConfig = { User: "999:999", Env: ["LANG=ü"], Entrypoint: ["/x"], StopSignal: "SIGINT" };
const layout = imageLayout({ config, layers: [layer, layer], tag: "localhost/berth/x:1", architecture: "x64" });
const contentOf = (path: string): string => {
  const file = layout.files.find((each) => each.path === path);
  assert.ok(file, path);
  return file.content;
};

describe("imageLayout", () => {
  it("names every blob by the digest of its content and gives its size in bytes", () => {
    for (const { path, content } of layout.files) {
      if (path.startsWith("blobs/")) assert.equal(path, blobPath(digest(content)));
    }
    const manifest = JSON.parse(contentOf(blobPath(layout.digest))) as Manifest;
    assert.equal(manifest.config.size, Buffer.byteLength(contentOf(blobPath(manifest.config.digest))));
    assert.deepEqual(
      manifest.layers.map((each) => each.digest),
      [layer.digest, layer.digest],
    );
  });

  it("carries the name under which containerd registers the image, and the platform in Go's words", () => {
    const index = JSON.parse(contentOf("index.json")) as { manifests: { annotations: object; platform: object }[] };
    assert.deepEqual(index.manifests[0]?.annotations, {
      "io.containerd.image.name": "localhost/berth/x:1",
      "org.opencontainers.image.ref.name": "1",
    });
    assert.deepEqual(index.manifests[0].platform, { architecture: "amd64", os: "linux" });
  });

  it("says in the image's configuration what was asked for", () => {
    const manifest = JSON.parse(contentOf(blobPath(layout.digest))) as Manifest;
    const image = JSON.parse(contentOf(blobPath(manifest.config.digest))) as { config: ImageConfig; rootfs: object };
    assert.deepEqual(image.config, config);
    assert.deepEqual(image.rootfs, { type: "layers", diff_ids: [layer.diffId, layer.diffId] });
  });

  it("does not let the tag into the digest, so that the same content has one digest", () => {
    const other = imageLayout({ config, layers: [layer, layer], tag: "localhost/berth/x:2", architecture: "x64" });
    assert.equal(other.digest, layout.digest);
  });
});
