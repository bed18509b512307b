import assert from "node:assert/strict";
import { config } from "../test/support/samples";
import { planDates } from "./dates";

describe("the dates of an environment", () => {
  const now = Date.parse("2026-03-01T12:00:00.345Z");

  it("are none unless the config names them", () => {
    assert.deepEqual(planDates(config(), now), { expiresAt: undefined, sleepAt: undefined });
  });

  it("count from the moment that is given, in whole seconds", () => {
    assert.deepEqual(planDates(config({ ttl: "7d", sleep: { after: "90m" } }), now), {
      expiresAt: "2026-03-08T12:00:00Z",
      sleepAt: "2026-03-01T13:30:00Z",
    });
  });
});
