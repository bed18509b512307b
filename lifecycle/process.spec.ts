import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { environmentOf, isRunning, livenessOf, startOf, thisProcess } from "./process";

describe("process identity", () => {
  it("finds this process alive", () => {
    assert.equal(livenessOf(thisProcess()), "alive");
  });

  it("finds an ended process dead, and one that took over its number too", async () => {
    const child = spawn("sleep", ["60"], { stdio: "ignore", env: { ...process.env, BERTH_SPEC: "marker" } });
    await once(child, "spawn");
    assert.ok(child.pid !== undefined);
    const identity = { ...thisProcess(), pid: child.pid, start: startOf(child.pid) };
    assert.equal(livenessOf(identity), "alive");
    assert.equal(environmentOf(child.pid, "BERTH_SPEC"), "marker");
    assert.equal(livenessOf({ ...identity, start: "1" }), "dead");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(isRunning(child.pid), false);
    assert.equal(livenessOf(identity), "dead");
  });

  it("does not judge what it cannot see", () => {
    const here = thisProcess();
    assert.equal(livenessOf({ ...here, host: "elsewhere" }), "unknown");
    assert.equal(livenessOf({ ...here, pidNamespace: "pid:[1]" }), "unknown");
  });

  it("knows that a reboot ends every process", () => {
    const here = thisProcess();
    assert.equal(livenessOf({ ...here, bootId: "another" }, here), "dead");
  });
});
