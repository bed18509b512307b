import assert from "node:assert/strict";

import fc from "fast-check";

import { DEFAULT_SECONDS_PER_PACKAGE, estimateSeconds, learn, LINK_SECONDS, remainingSeconds } from "./estimate";

describe("local/toolchain/estimate", () => {
  it("counts compiling and linking, shared by the cores", () => {
    const work = { packages: 1000, binaries: 2 };
    assert.equal(estimateSeconds(work, { cores: 2 }), (1000 * DEFAULT_SECONDS_PER_PACKAGE + 2 * LINK_SECONDS) / 2);
    assert.equal(estimateSeconds(work, { cores: 4, timings: { secondsPerPackage: 0.1 } }), 30);
  });

  it("estimates the next build of the same size as the last one took", () => {
    const build = { packages: 3000, binaries: 3, seconds: 600, cores: 2 };
    const timings = learn(build);
    assert.ok(timings);
    assert.ok(Math.abs(estimateSeconds(build, { cores: 2, timings }) - 600) < 1e-6);
  });

  it("learns nothing from a small build, nor from one faster than its links should be", () => {
    assert.equal(learn({ packages: 10, binaries: 1, seconds: 20, cores: 2 }), undefined);
    assert.equal(learn({ packages: 500, binaries: 3, seconds: 5, cores: 2 }), undefined);
  });

  it("takes a machine for busy, not for slow, when a build crawls", () => {
    const timings = learn({ packages: 1000, binaries: 1, seconds: 9000, cores: 2 });
    assert.deepEqual(timings, { secondsPerPackage: 4 * DEFAULT_SECONDS_PER_PACKAGE });
  });

  it("follows the plan at first and the build's own pace later", () => {
    const at = (done: number, elapsedSeconds: number): number =>
      remainingSeconds({ done, total: 100, elapsedSeconds, plannedSeconds: 100 });
    assert.equal(at(0, 30), 100);
    assert.ok(at(10, 40) < 150, "a slow start alone does not triple the estimate");
    assert.ok(Math.abs(at(90, 360) - 37) < 1, "a build four times slower than planned is believed near its end");
    assert.equal(at(100, 400), 0);
  });

  it("never goes below zero, whatever the numbers", () => {
    fc.assert(
      fc.property(
        fc.nat(5000),
        fc.nat(5000),
        fc.nat(5000),
        fc.nat(5000),
        (done, total, elapsedSeconds, plannedSeconds) => {
          assert.ok(remainingSeconds({ done, total, elapsedSeconds, plannedSeconds }) >= 0);
        },
      ),
    );
  });
});
