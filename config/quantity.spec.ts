import assert from "node:assert/strict";
import fc from "fast-check";
import { formatBytes, formatCpu, isBytes, isCpu, parseBytes, parseCpu } from "./quantity";

describe("quantities", () => {
  it("reads CPU in thousandths of a core", () => {
    assert.deepEqual(["250m", "1", "0.5", "1.25"].map(parseCpu), [250, 1000, 500, 1250]);
  });

  it("reads memory in bytes", () => {
    assert.deepEqual(["128Mi", "1Gi", "1.5Gi", "500M", "7"].map(parseBytes), [2 ** 27, 2 ** 30, 1.5 * 2 ** 30, 5e8, 7]);
  });

  for (const text of ["", "-1", "1e3", "1 Gi", "1GB", "m", "0.0001", "1K"]) {
    it(`refuses "${text}"`, () => {
      assert.equal(isCpu(text) || isBytes(text), false);
      assert.throws(() => parseCpu(text), RangeError);
      assert.throws(() => parseBytes(text), RangeError);
    });
  }

  it("writes the API server's canonical form", () => {
    assert.deepEqual([1024 * 2 ** 20, 1324 * 2 ** 20, 1536 * 2 ** 20, 0, 1000].map(formatBytes), [
      "1Gi",
      "1324Mi",
      "1536Mi",
      "0",
      "1000",
    ]);
    assert.deepEqual([690, 2000, 0].map(formatCpu), ["690m", "2", "0"]);
  });

  it("reads back whatever it writes", () => {
    fc.assert(fc.property(fc.nat(2 ** 40), (bytes) => parseBytes(formatBytes(bytes)) === bytes));
    fc.assert(fc.property(fc.nat(1e6), (milli) => parseCpu(formatCpu(milli)) === milli));
  });
});
