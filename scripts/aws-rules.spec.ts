import assert from "node:assert/strict";

import { rules, type PropertyRule } from "../local/plugins/aws/rules";
import { behaviours } from "../local/plugins/aws/behaviours";
import { definitionsVersion, readDefinitions } from "./aws-rules.definitions";
import { coveredTypes } from "./aws-rules.types";

/** A rule without what AWS's service models add to it. */
function withoutLimits({ type, required, items, properties }: PropertyRule): PropertyRule {
  return {
    type,
    ...(required && { required }),
    ...(items && { items: withoutLimits(items) }),
    ...(properties && { properties: allWithoutLimits(properties) }),
  };
}

function allWithoutLimits(properties: Readonly<Record<string, PropertyRule>>): Record<string, PropertyRule> {
  return Object.fromEntries(Object.entries(properties).map(([name, rule]) => [name, withoutLimits(rule)]));
}

describe("the rules of the stand-in for AWS", () => {
  it("are those of the installed @pulumi/aws, property by property (else run scripts/aws-rules.ts)", function () {
    // The package's definitions of arguments are one file of several megabytes.
    this.timeout(180_000);
    const tokens = Object.keys(coveredTypes).sort();
    const definitions = readDefinitions(tokens);
    assert.deepEqual(Object.keys(rules.types), tokens);
    assert.equal(rules.sources["@pulumi/aws"], definitionsVersion());
    for (const token of tokens) {
      const [fresh, kept] = [definitions[token], rules.types[token]];
      assert.ok(fresh && kept);
      assert.deepEqual(allWithoutLimits(kept.inputs), allWithoutLimits(fresh.inputs), token);
      assert.deepEqual(kept.outputs, fresh.outputs, token);
    }
  });

  it("have a behaviour for each type, and none for another", () => {
    const own = Object.keys(behaviours).filter((token) => token in rules.types);
    assert.deepEqual(own.sort(), Object.keys(rules.types).sort());
  });

  it("have limits from AWS's service models", () => {
    const group = rules.types["aws:eks/nodeGroup:NodeGroup"]?.inputs;
    assert.deepEqual(group?.["capacityType"]?.enum, ["CAPACITY_BLOCK", "ON_DEMAND", "SPOT"]);
    assert.equal(group["scalingConfig"]?.properties?.["maxSize"]?.min, 1);
    assert.equal(rules.types["aws:ec2/vpc:Vpc"]?.inputs["cidrBlock"]?.replaces, true);
    assert.ok(rules.instanceTypes.includes("m7i.large"));
  });
});
