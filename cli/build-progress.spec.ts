import assert from "node:assert/strict";
import pc from "picocolors";
import { buildProgress } from "./build-progress";
import { Reporter } from "./reporter";

/** What a reporter prints of a build, with or without a terminal. */
function lines(interactive: boolean): string[] {
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string | Uint8Array) => written.push(String(text)) > 0 };
  const reporter = new Reporter({ stream, colors: pc.createColors(false), verbose: false, clock: () => 0 });
  const { onToolchain, onImage } = buildProgress(reporter, interactive);
  for (let done = 0; done <= 40; done++) {
    onToolchain({
      kind: "compile",
      binaries: ["pulumi"],
      done,
      total: 40,
      elapsedSeconds: done,
      remainingSeconds: 40 - done,
    });
  }
  onToolchain({ kind: "built", binaries: ["pulumi"], seconds: 40 });
  onImage({ image: "postgres", phase: "cached", message: "in the cache" });
  onImage({ image: "guestbook", phase: "built", message: "built in 3 s" });
  return written.map((line) => line.trim());
}

describe("progress of builds", () => {
  it("adds a line at every tenth of a compilation where there is no terminal", () => {
    const compiling = lines(false).filter((line) => line.includes("building pulumi"));
    assert.equal(compiling.length, 11);
    assert.match(compiling[3] ?? "", /building pulumi: 12 of 40 packages, about 28 s left$/);
  });

  it("adds lines for what is built, and none for what was there", () => {
    for (const interactive of [false, true]) {
      const told = lines(interactive);
      assert.ok(told.some((line) => line.endsWith("built pulumi in 40 s")));
      assert.ok(told.some((line) => line.endsWith("guestbook: built in 3 s")));
      assert.ok(!told.some((line) => line.includes("postgres")));
    }
  });
});
