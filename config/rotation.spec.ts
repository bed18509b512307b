import assert from "node:assert/strict";
import fc from "fast-check";
import { ENGINES, perEngine } from "./databases";
import type { Engine } from "./databases";
import { parseRotate, parseRotations, planRotations } from "./rotation";

const at = "2026-01-31T09:30:00.000Z";
const later = "2026-02-01T00:00:00.000Z";

describe("the rotations of an environment", () => {
  it("are those of before, with a later time for each database that is asked for", () => {
    const request = { at: later, databases: ["postgresql" as const] };
    assert.deepEqual(planRotations({ postgresql: at, redis: at }, request, ["postgresql", "mariadb", "redis"]), {
      postgresql: later,
      redis: at,
    });
  });

  it("do not go back for a request that is older than what has been done", () => {
    assert.deepEqual(planRotations({ redis: later }, { at, databases: ["redis"] }, ["redis"]), { redis: later });
  });

  it("are forgotten with the database", () => {
    assert.deepEqual(planRotations({ redis: at }, { at: later, databases: ["redis"] }, ["postgresql"]), {});
  });

  it("stay as they are when the same update is made again, and without a request", () => {
    const times = fc.integer({ min: 0, max: 4e12 }).map((milliseconds) => new Date(milliseconds).toISOString());
    const engines = fc.uniqueArray(fc.constantFrom(...ENGINES), { minLength: 1 });
    const rotations = fc.record(
      perEngine(() => times),
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(rotations, times, engines, engines, (done, time, asked, enabled) => {
        const request = { at: time, databases: asked };
        const once = planRotations(done, request, enabled);
        assert.deepEqual(planRotations(once, request, enabled), once);
        assert.deepEqual(planRotations(once, undefined, enabled), once);
        for (const engine of Object.keys(once) as Engine[]) assert.ok(enabled.includes(engine));
      }),
    );
  });

  it("are read from outputs, and absent where these are of another kind", () => {
    assert.deepEqual(parseRotations({ postgresql: at }), { postgresql: at });
    for (const other of [undefined, null, "x", { postgresql: 1 }, { other: at }]) {
      assert.deepEqual(parseRotations(other), {});
    }
  });

  it("are asked for by name and time, and nothing else", () => {
    assert.equal(parseRotate(undefined), undefined);
    assert.deepEqual(parseRotate({ at, databases: ["redis"] }), { at, databases: ["redis"] });
    assert.throws(
      () => parseRotate({ at: "yesterday", databases: ["oracle"] }),
      (error: Error) => {
        assert.match(error.message, /^berth:rotate has 2 problems/);
        assert.match(error.message, /at is "yesterday"; accepted: a time in UTC such as 2026-01-31T09:30:00\.000Z/);
        assert.match(error.message, /databases\[0\] is "oracle"; accepted: one of postgresql, /);
        return true;
      },
    );
    assert.throws(() => parseRotate({ at, databases: [] }), /at least one database/);
  });
});
