import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { families } from "./families";
import { golden, registrationsOf, stackOf } from "./golden";
import { judge } from "./testing";

/*
 * The graphs of all example stacks, as test/golden has them, judged by every rule.
 */

/** Parameters of rules that an example needs, as its owner would set them. */
const WITH: Record<string, Record<string, Record<string, unknown>>> = {
  "pr-egress-cilium.json": { "host-rules-need-a-cni": { cni: "cilium" } },
};

describe("the example stacks", () => {
  for (const file of readdirSync(golden).filter((one) => one.endsWith(".json"))) {
    it(`${file} passes every mandatory rule`, async () => {
      const resources = registrationsOf(file);
      assert.ok(resources.length > 5, "the file has resources");
      const stack = stackOf(file);
      const violations: string[] = [];
      let judged = 0;
      for (const policy of families.flatMap(({ policies }) => policies)) {
        if (policy.enforcementLevel !== "mandatory") continue;
        const subjects = "validateStack" in policy ? [resources] : resources;
        for (const subject of subjects) {
          const verdict = await judge(policy, subject, { stack, config: WITH[file]?.[policy.name] });
          const where = Array.isArray(subject) ? verdict.urns.join() : subject.name;
          violations.push(...verdict.violations.map((message) => `${policy.name} ${where ?? ""}: ${message}`));
          if (verdict.notApplicable === undefined) judged++;
        }
      }
      assert.deepEqual(violations, []);
      assert.ok(judged > 0, "no rule applies to anything");
    });
  }
});
