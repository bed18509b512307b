import assert from "node:assert/strict";

import { LocalError } from "../errors";
import { checkSpace } from "./disk";
import { findGo, isOldGo } from "./go";
import { isSuitableNode } from "./nodejs";
import { plainLines, sentence } from "./render";
import { repositoryRoot } from "./sources";
import { findSystemTools, isSuitableKubectl, isSuitablePulumi } from "./system-tools";

const GIB = 2 ** 30;

describe("local/toolchain: what the machine brings", () => {
  it("compares versions of Go", () => {
    assert.equal(isOldGo("go1.26.8", "1.26.0"), false);
    assert.equal(isOldGo("go1.27rc1", "1.26.0"), false);
    assert.equal(isOldGo("go1.25.9", "1.26.0"), true);
    assert.equal(isOldGo("go1.26", "1.26.1"), true);
  });

  it("finds Go, and says which version it needs when it is too old", async () => {
    const go = await findGo("module m\n\ngo 1.20\n");
    assert.match(go.version, /^go1\./u);
    assert.ok(go.moduleCache.startsWith("/"));
    await assert.rejects(
      findGo("module m\n\ngo 9.1.0\n"),
      (error: unknown) =>
        error instanceof LocalError && error.exitCode === 7 && /too old: go 9\.1\.0 or newer/u.test(error.message),
    );
  });

  it("knows which Node can load ES modules by require", () => {
    assert.equal(isSuitableNode("v22.12.0"), true);
    assert.equal(isSuitableNode("24.1.0"), true);
    assert.equal(isSuitableNode("v22.11.0"), false);
    assert.equal(isSuitableNode("v20.20.2"), false);
  });

  it("accepts a Pulumi of the SDK's age or younger, and a kubectl one minor version away", () => {
    assert.equal(isSuitablePulumi("v3.259.0", "v3.259.0"), true);
    assert.equal(isSuitablePulumi("v3.260.1", "v3.259.4"), true);
    assert.equal(isSuitablePulumi("v3.258.9", "v3.259.0"), false);
    assert.equal(isSuitablePulumi("v4.0.0", "v3.259.0"), false);
    assert.equal(isSuitableKubectl("v1.35.0", "v1.36.3"), true);
    assert.equal(isSuitableKubectl("v1.37.0-alpha.1", "v1.36.3"), true);
    assert.equal(isSuitableKubectl("v1.34.0", "v1.36.3"), false);
  });

  it("says why a tool of the machine is not used", async () => {
    const found = await findSystemTools({ pulumi: "v3.259.0", kubernetes: "v1.36.3" }, { PATH: "/nowhere" });
    assert.deepEqual(found, {
      suitable: [],
      notices: ["pulumi is not on PATH; ours is used.", "kubectl is not on PATH; ours is used."],
    });
  });

  it("adds up what folders on one disk need", async () => {
    const needs = [
      { path: "/a", bytes: 3 * GIB },
      { path: "/b", bytes: 3 * GIB },
    ];
    const disk = (fileSystem: (path: string) => string) => (path: string) =>
      Promise.resolve({ fileSystem: fileSystem(path), bytes: 4 * GIB });
    await checkSpace(
      needs,
      disk((path) => path),
    );
    await assert.rejects(
      checkSpace(
        needs,
        disk(() => "one"),
      ),
      (error: unknown) =>
        error instanceof LocalError &&
        error.message.includes("/a, /b has 4.0 GiB free") &&
        error.message.includes("needs 6.0 GiB") &&
        error.fix.includes("BERTH_CACHE"),
    );
  });

  it("measures the file system of a folder that does not exist yet", async () => {
    await checkSpace([{ path: "/tmp/does/not/exist", bytes: 1 }]);
    await assert.rejects(checkSpace([{ path: "/tmp/does/not/exist", bytes: 2 ** 62 }]), LocalError);
  });

  it("finds its own repository, and says so when there is none", () => {
    assert.ok(repositoryRoot().length > 1);
    assert.throws(() => repositoryRoot("/tmp"), LocalError);
  });
});

describe("local/toolchain/render", () => {
  const compile = (done: number, binaries = ["pulumi"]) =>
    ({ kind: "compile", binaries, done, total: 100, elapsedSeconds: done, remainingSeconds: 130.4 }) as const;

  it("puts each step into words", () => {
    assert.equal(sentence(compile(12)), "building pulumi: 12 of 100 packages, about 2 min 10 s left");
    assert.equal(sentence(compile(100)), "building pulumi: linking, about 2 min 10 s left");
    assert.equal(sentence({ kind: "built", binaries: ["a", "b"], seconds: 59.6 }), "built a, b in 60 s");
    assert.equal(sentence({ kind: "ready", built: [], seconds: 1 }), undefined);
  });

  it("adds a line at every tenth of the way, and starts again with the next build", () => {
    const lines: string[] = [];
    const show = plainLines((line) => lines.push(line));
    for (let done = 0; done <= 100; done++) show(compile(done));
    assert.equal(lines.length, 11);
    show(compile(1, ["traefik"]));
    assert.equal(lines.length, 12);
    assert.match(lines[11] ?? "", /^toolchain: building traefik/u);
  });
});
