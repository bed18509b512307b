import assert from "node:assert/strict";

import { LocalError } from "./errors";
import { cacheDir, stateDir } from "./paths";

describe("local/paths", () => {
  it("prefers Berth's own variables", () => {
    assert.equal(cacheDir({ BERTH_CACHE: "/a", XDG_CACHE_HOME: "/b", HOME: "/h" }), "/a");
    assert.equal(stateDir({ BERTH_STATE: "/a", XDG_STATE_HOME: "/b", HOME: "/h" }), "/a");
  });

  it("falls back to the XDG folders, then to the home folder", () => {
    assert.equal(cacheDir({ XDG_CACHE_HOME: "/b", HOME: "/h" }), "/b/berth");
    assert.equal(stateDir({ XDG_STATE_HOME: "/b", HOME: "/h" }), "/b/berth");
    assert.equal(cacheDir({ HOME: "/h" }), "/h/.cache/berth");
    assert.equal(stateDir({ HOME: "/h" }), "/h/.local/state/berth");
  });

  it("ignores empty and relative XDG values, as their specification asks", () => {
    assert.equal(cacheDir({ BERTH_CACHE: "", XDG_CACHE_HOME: "rel", HOME: "/h" }), "/h/.cache/berth");
  });

  it("refuses a relative path of its own and names variable, value and fix", () => {
    assert.throws(
      () => stateDir({ BERTH_STATE: "some/where" }),
      (error: unknown) =>
        error instanceof LocalError &&
        error.exitCode === 2 &&
        error.message.includes('BERTH_STATE is "some/where"') &&
        error.fix.includes("absolute path"),
    );
  });
});
