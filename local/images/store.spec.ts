import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LocalError } from "../errors";
import { obtainImage } from "./store";
import type { ImageProgress, Layer, Recipe } from "./types";

describe("the image cache", () => {
  let folder: string;
  let filled: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-images-"));
    filled = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const layer = (label: string, extra: Partial<Layer> = {}): Layer => ({
    label,
    inputs: [],
    estimateSeconds: 1,
    shared: false,
    async fill(root) {
      filled.push(label);
      await mkdir(join(root, "folder"));
      await writeFile(join(root, "folder/file"), label);
    },
    ...extra,
  });
  const recipe = (...layers: Layer[]): Recipe => ({
    name: "pause",
    layers,
    config: { User: "1:1", Env: [], Entrypoint: ["/x"] },
  });
  const leftovers = async (): Promise<string[]> => (await readdir(folder)).filter((name) => !name.endsWith(".lock"));

  it("builds once and gives the same names from then on", async () => {
    const progress: ImageProgress[] = [];
    const onProgress = (each: ImageProgress): void => void progress.push(each);
    const first = await obtainImage(folder, recipe(layer("a")), { onProgress });
    assert.deepEqual(await obtainImage(folder, recipe(layer("a")), { onProgress }), first);
    assert.deepEqual(filled, ["a"]);
    assert.deepEqual(
      progress.map(({ phase }) => phase),
      ["building", "built", "cached"],
    );
    assert.match(first.ref, /^localhost\/berth\/pause@sha256:[0-9a-f]{64}$/);
    assert.match(first.tag, /^localhost\/berth\/pause:[0-9a-f]{12}$/);
  });

  it("writes an archive with a layout, a manifest, a config and the layers", async () => {
    const { archive, digest } = await obtainImage(folder, recipe(layer("a"), layer("b")), {});
    const names = execFileSync("tar", ["-tf", archive], { encoding: "utf8" }).split("\n");
    for (const name of ["oci-layout", "index.json", `blobs/${digest.replace(":", "/")}`])
      assert.ok(names.includes(name), name);
    assert.equal(names.filter((name) => /^blobs\/sha256\/[0-9a-f]{64}$/.test(name)).length, 4);
  });

  it("gives the same digest whenever, wherever and in whatever order the files were made", async () => {
    const scrambled = layer("a", {
      async fill(root) {
        await mkdir(join(root, "folder"));
        for (const name of ["z", "y", "x"]) await writeFile(join(root, "folder", name), name);
        await utimes(join(root, "folder/x"), 1, 1);
      },
    });
    const plain = layer("a", {
      async fill(root) {
        await mkdir(join(root, "folder"));
        for (const name of ["x", "y", "z"]) await writeFile(join(root, "folder", name), name);
      },
    });
    const one = await obtainImage(folder, recipe(scrambled), {});
    await rm(one.archive);
    assert.equal((await obtainImage(folder, recipe(plain), {})).digest, one.digest);
  });

  it("gives the same digest for a layer of several megabytes, however the pipe cuts it", async () => {
    const big = layer("big", {
      async fill(root) {
        const words = Array.from({ length: 600_000 }, (_, index) => `word ${(index * 7919) % 104_729}`);
        await writeFile(join(root, "file"), words.join("\n"));
      },
    });
    const digests = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const { archive, digest } = await obtainImage(folder, recipe(big), {});
      digests.add(digest);
      await rm(archive);
    }
    assert.equal(digests.size, 1);
  });

  it("lets modes into the digest", async () => {
    const withMode = (mode: number): Layer =>
      layer("a", {
        async fill(root) {
          await writeFile(join(root, "file"), "");
          await chmod(join(root, "file"), mode);
        },
      });
    const one = await obtainImage(folder, recipe(withMode(0o644)), {});
    await rm(one.archive);
    assert.notEqual((await obtainImage(folder, recipe(withMode(0o755)), {})).digest, one.digest);
  });

  it("fills a layer that two versions share only once", async () => {
    const base = layer("base", { shared: true });
    const one = await obtainImage(folder, recipe(base, layer("v1")), {});
    const two = await obtainImage(folder, recipe(base, layer("v2")), {});
    assert.deepEqual(filled, ["base", "v1", "v2"]);
    assert.notEqual(one.digest, two.digest);
  });

  it("builds once when two ask at the same time", async () => {
    const phases: string[] = [];
    const onProgress = ({ phase }: ImageProgress): void => void phases.push(phase);
    const [one, two] = await Promise.all([1, 2].map(() => obtainImage(folder, recipe(layer("a")), { onProgress })));
    assert.deepEqual(one, two);
    assert.deepEqual(filled, ["a"]);
    assert.deepEqual(phases.sort(), ["building", "built", "cached", "waiting"]);
  });

  it("waits for a lock that another process holds, and goes on when that process is killed", async () => {
    const holder = spawn("flock", [join(folder, "pause.lock"), "sh", "-c", "echo; exec sleep 60"], { detached: true });
    await once(holder.stdout, "data");
    const phases: string[] = [];
    const built = obtainImage(folder, recipe(layer("a")), {
      onProgress: ({ phase }) => {
        phases.push(phase);
        if (phase === "waiting" && holder.pid !== undefined) process.kill(-holder.pid, "SIGKILL");
      },
    });
    await built;
    assert.deepEqual(phases, ["waiting", "building", "built"]);
  });

  it("stops waiting when told to", async () => {
    const holder = spawn("flock", [join(folder, "pause.lock"), "sh", "-c", "echo; exec sleep 60"], { detached: true });
    await once(holder.stdout, "data");
    const stop = new AbortController();
    const reason = new Error("enough");
    await assert.rejects(
      obtainImage(folder, recipe(layer("a")), { signal: stop.signal, onProgress: () => stop.abort(reason) }),
      reason,
    );
    if (holder.pid !== undefined) process.kill(-holder.pid, "SIGKILL");
    assert.deepEqual(filled, []);
  });

  it("builds again when the archive is damaged", async () => {
    const { archive, digest } = await obtainImage(folder, recipe(layer("a")), {});
    await truncate(archive, 100);
    assert.equal((await obtainImage(folder, recipe(layer("a")), {})).digest, digest);
    assert.deepEqual(filled, ["a", "a"]);
  });

  it("leaves nothing when a layer cannot be filled", async () => {
    const broken = layer("a", {
      async fill(root) {
        await writeFile(join(root, "half"), "");
        throw new LocalError({ message: "no network", fix: "plug it in" });
      },
    });
    await assert.rejects(obtainImage(folder, recipe(broken), {}), /no network/);
    assert.deepEqual(await leftovers(), []);
  });

  it("says that the disk is full when it is", async () => {
    const full = layer("a", { fill: () => Promise.reject(Object.assign(new Error("write"), { code: "ENOSPC" })) });
    await assert.rejects(obtainImage(folder, recipe(full), {}), (error: LocalError) => {
      assert.match(error.message, /disk is full/);
      assert.match(error.fix, /BERTH_CACHE/);
      return true;
    });
  });

  it("leaves nothing when it is stopped, and removes what a killed build left", async () => {
    await mkdir(join(folder, "building-pause-killed/tree"), { recursive: true });
    const stop = new AbortController();
    const slow = layer("a", {
      fill: (_root, { signal }) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason as Error));
          stop.abort(new Error("stopped"));
        }),
    });
    await assert.rejects(obtainImage(folder, recipe(slow), { signal: stop.signal }), /stopped/);
    assert.deepEqual(await leftovers(), []);
  });
});
