import assert from "node:assert/strict";
import { isDuration, parseDuration } from "./duration";

describe("a span of time", () => {
  it("is a whole number and a unit", () => {
    for (const [text, seconds] of [
      ["30s", 30],
      ["15m", 900],
      ["8h", 28_800],
      ["7d", 604_800],
    ] as const) {
      assert.equal(parseDuration(text), seconds);
    }
    for (const text of ["", "30", "s", "0s", "01s", "1.5h", "-1h", "1h30m", "1w", "30 s", "1000000s"]) {
      assert.equal(isDuration(text), false, text);
      assert.throws(() => parseDuration(text), RangeError, text);
    }
  });

  it("keeps its bounds, both of which count", () => {
    const bounds = { min: "5s", max: "1h" };
    for (const text of ["5s", "60m", "1h", "3600s"]) assert.equal(isDuration(text, bounds), true, text);
    for (const text of ["4s", "61m", "1d"]) assert.equal(isDuration(text, bounds), false, text);
  });
});
