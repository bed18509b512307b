import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { withLock } from "./lock";

describe("local/lock", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-lock-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("lets one in at a time, and tells who waits", async () => {
    const path = join(folder, "deep", "lock");
    const order: string[] = [];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let entered: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));

    const first = withLock(path, {}, async () => {
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
      withLock(path, {}, () => Promise.reject(new Error("inner"))),
      /^Error: inner$/u,
    );
    assert.equal(await withLock(path, {}, () => Promise.resolve("in")), "in");
  });

  it("says what another process works on when the waiting takes too long", async () => {
    const path = join(folder, "lock");
    await withLock(path, {}, async () => {
      await assert.rejects(
        withLock(path, { what: "a test", waitSeconds: 0 }, () => Promise.resolve()),
        { exitCode: 6, message: `Another process has been working on a test for 0 s (lock ${path}).` },
      );
    });
  });

  it("is kept by a program that has the descriptor, when this process lets go", async () => {
    const path = join(folder, "lock");
    const child = await withLock(path, {}, (descriptor) =>
      Promise.resolve(spawn("sleep", ["60"], { stdio: ["ignore", "ignore", "ignore", descriptor] })),
    );
    await assert.rejects(
      withLock(path, { waitSeconds: 0 }, () => Promise.resolve()),
      { exitCode: 6 },
    );
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(await withLock(path, { waitSeconds: 0 }, () => Promise.resolve("in")), "in");
  });

  it("gives up waiting when interrupted", async () => {
    const path = join(folder, "lock");
    const interrupt = new AbortController();
    await withLock(path, {}, async () => {
      await assert.rejects(
        withLock(path, { onWait: () => interrupt.abort(), signal: interrupt.signal }, () => Promise.resolve()),
      );
    });
  });
});
