import assert from "node:assert/strict";
import { isDue } from "./sleep";

describe("an environment that is due to sleep", () => {
  const now = Date.parse("2026-03-01T12:00:00Z");

  it("runs, and its time has come", () => {
    assert.equal(isDue({ state: "ready", sleeps: "2026-03-01T12:00:00Z" }, now), true);
    assert.equal(isDue({ state: "unready", sleeps: "2026-03-01T11:00:00Z" }, now), true);
    assert.equal(isDue({ state: "ready", sleeps: "2026-03-01T12:00:01Z" }, now), false);
    assert.equal(isDue({ state: "ready", sleeps: "" }, now), false);
  });

  it("is left alone while it sleeps, or somebody works on it, or it failed", () => {
    for (const state of ["asleep", "creating", "updating", "destroying", "failed", "orphaned"] as const) {
      assert.equal(isDue({ state, sleeps: "2026-03-01T11:00:00Z" }, now), false, state);
    }
  });
});
