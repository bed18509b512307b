import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { policyPack } from "./context";
import { policiesOf } from "./options";

describe("the options for rules", () => {
  it("choose Berth's own pack, with a config where one is given", () => {
    assert.ok(existsSync(join(policyPack, "PulumiPolicy.yaml")));
    assert.deepEqual(policiesOf({}), { pack: policyPack });
    assert.deepEqual(policiesOf({ policyPackConfig: "p.json" }), { pack: policyPack, config: "p.json" });
  });

  it("leave the rules out for a reason only", () => {
    assert.deepEqual(policiesOf({ withoutPolicies: " an outage " }), { leftOut: "an outage" });
    for (const options of [{ withoutPolicies: " " }, { withoutPolicies: "an outage", policyPackConfig: "p.json" }]) {
      assert.throws(
        () => policiesOf(options),
        (error) => error instanceof BerthError && error.exitCode === ExitCode.usage,
      );
    }
  });
});
