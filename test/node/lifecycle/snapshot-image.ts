import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { loadImage } from "../../../local";
import { ensureImages } from "../../../local/images";
import { blobPath, imageLayout } from "../../../local/images/layout";
import { writeArchive, writeLayer } from "../../../local/images/write";

interface Manifest {
  config: { digest: string };
  layers: { digest: string; size: number }[];
}

/**
 * Puts files in the folder /snapshot of a new image on BusyBox, as a Dockerfile of two lines would, and the image on a cluster's node.
 *
 * @param files by path below the folder
 * @returns the image by digest
 */
export async function loadSnapshot(cluster: string, files: Record<string, string | Buffer>): Promise<string> {
  const { versitygw: base } = await ensureImages(["versitygw"]);
  const work = await mkdtemp(join(tmpdir(), "berth-snapshot-"));
  try {
    await promisify(execFile)("tar", ["--extract", `--file=${base.archive}`, `--directory=${work}`]);
    const read = async (digest: string) => JSON.parse(await readFile(join(work, blobPath(digest)), "utf8")) as unknown;
    const manifest = (await read(base.digest)) as Manifest;
    const { rootfs } = (await read(manifest.config.digest)) as { rootfs: { diff_ids: string[] } };
    const [below] = manifest.layers.map((layer, index) => ({
      ...layer,
      diffId: rootfs.diff_ids[index] ?? "",
      file: join(work, blobPath(layer.digest)),
    }));
    if (below === undefined) throw new Error("the image has no layers");
    for (const [path, content] of Object.entries(files)) {
      const file = join(work, "tree/snapshot", path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    const own = { ...(await writeLayer(join(work, "tree"), join(work, "layer"))), file: join(work, "layer") };
    const layers = [below, own];
    const config = { User: "999:999", Env: ["PATH=/usr/bin:/bin"], Entrypoint: [] };
    const tag = `localhost/test/snapshot:${own.digest.slice(-12)}`;
    const layout = imageLayout({ config, layers, tag });
    const archive = join(work, "archive.tar");
    await writeArchive(layout, layers, archive);
    const ref = `localhost/test/snapshot@${layout.digest}`;
    await loadImage(cluster, { archive, ref, tag });
    return ref;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
