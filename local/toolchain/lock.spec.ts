import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { withLock } from "./lock";

describe("local/toolchain/lock", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-lock-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const silent = { onWait: () => undefined };

  it("lets one in at a time, and tells who waits", async () => {
    const path = join(folder, "deep", "lock");
    const order: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let entered: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));

    const first = withLock(path, silent, async () => {
      order.push("first in");
      entered();
      await held;
      order.push("first out");
    });
    await inside;
    const onWait = (): void => {
      order.push("second waits");
      release();
    };
    const second = withLock(path, { onWait }, () => Promise.resolve(order.push("second in")));
    await Promise.all([first, second]);
    assert.deepEqual(order, ["first in", "second waits", "first out", "second in"]);
  });

  it("is free again after a failure", async () => {
    const path = join(folder, "lock");
    await assert.rejects(
      withLock(path, silent, () => Promise.reject(new Error("inner"))),
      /^Error: inner$/u,
    );
    assert.equal(await withLock(path, silent, () => Promise.resolve("in")), "in");
  });

  it("gives up waiting when interrupted", async () => {
    const path = join(folder, "lock");
    const interrupt = new AbortController();
    await withLock(path, silent, async () => {
      await assert.rejects(
        withLock(path, { onWait: () => interrupt.abort(), signal: interrupt.signal }, () => Promise.resolve()),
      );
    });
  });
});
