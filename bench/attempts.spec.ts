import assert from "node:assert/strict";
import { outcomeOf, restartsOf } from "./attempts";

describe("attempts of a bench", () => {
  it("count failures, restarts and the time of those that went well", () => {
    const outcome = outcomeOf([
      { seconds: 10, restarts: 0 },
      { seconds: 1, restarts: 2, error: "no room" },
      { seconds: 14, restarts: 1 },
      { seconds: 2, restarts: 0, error: "no room" },
    ]);
    assert.deepEqual(outcome, {
      deploys: 4,
      failed: 2,
      restarts: 3,
      seconds: { median: 12, min: 10, max: 14 },
      errors: ["no room"],
    });
  });

  it("have no time when all failed", () => {
    assert.equal(outcomeOf([{ seconds: 1, restarts: 0, error: "x" }]).seconds, undefined);
  });

  it("count restarts of every container, and a job's failed tries", () => {
    assert.equal(restartsOf([]), 0);
    assert.equal(
      restartsOf([
        {
          status: {
            phase: "Running",
            initContainerStatuses: [{ restartCount: 1 }],
            containerStatuses: [{ restartCount: 2 }],
          },
        },
        { status: { phase: "Failed", containerStatuses: [{ restartCount: 0 }] } },
        { status: { phase: "Succeeded", containerStatuses: [{ restartCount: 0 }] } },
        {},
      ]),
      4,
    );
  });
});
