import assert from "node:assert/strict";
import fc from "fast-check";
import { median, summarise } from "./statistics";

describe("bench statistics", () => {
  it("takes the middle value, or the mean of the two middle ones", () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
  });

  it("refuses the median of nothing", () => {
    assert.throws(() => median([]), RangeError);
  });

  it("never leaves the range of its values", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
        const middle = median(values);
        return middle >= Math.min(...values) && middle <= Math.max(...values);
      }),
    );
  });

  it("compares round by round, so a slow round does not move the ratio", () => {
    const [reference, subject] = summarise([
      { name: "kubectl apply", seconds: [10, 20, 40] },
      { name: "berth deploy", seconds: [11, 22, 44] },
    ]);
    assert.equal(reference?.ratio, 1);
    assert.ok(Math.abs((subject?.ratio ?? 0) - 1.1) < 1e-9);
    assert.equal(subject?.difference, 2);
  });

  it("refuses series of different length", () => {
    assert.throws(
      () =>
        summarise([
          { name: "a", seconds: [1, 2] },
          { name: "b", seconds: [1] },
        ]),
      /b has 1 rounds, a 2/,
    );
  });
});
