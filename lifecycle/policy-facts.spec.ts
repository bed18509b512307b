import assert from "node:assert/strict";
import { parsePlatform } from "../config/platform";
import { planPlatform } from "../components/platform/plan";
import { families } from "../policies/families";
import { HOST_PLATFORM } from "../test/support/samples";
import { settingsWith } from "./policy-facts";
import type { Rule } from "./policy-report";

const rules = families.flatMap(({ policies }) => policies.map(({ name }) => ({ name }) as Rule));
const factsOf = (platform: object) => planPlatform(parsePlatform({ ...HOST_PLATFORM, ...platform })).facts;
const who = ["ServiceAccount berth-system/berth-deployer", "Group release"];

describe("what the platform knows", () => {
  const facts = factsOf({ deployerGroups: ["release"], egressHosts: "cilium", privateEgress: ["10.20.0.0/16"] });

  it("takes the place of the defaults of the rules that are about it", () => {
    assert.deepEqual(settingsWith({ rules, settings: {} }, facts), {
      "previews-touch-no-platform": { deployers: who },
      "tier-without-privileges": { deployers: who },
      "host-rules-need-a-cni": { cni: "cilium" },
      "no-reserved-egress": { permitted: ["10.20.0.0/16"] },
    });
  });

  it("leaves what the pack's config says, and its levels", () => {
    const settings = {
      all: "advisory",
      "host-rules-need-a-cni": { enforcementLevel: "disabled", cni: "eks-auto-mode" },
      "previews-touch-no-platform": "mandatory",
      "expiry-set": "disabled",
    };
    const told = settingsWith({ rules, settings }, facts) as Record<string, unknown>;
    assert.deepEqual(told["host-rules-need-a-cni"], settings["host-rules-need-a-cni"]);
    assert.deepEqual(told["previews-touch-no-platform"], { enforcementLevel: "mandatory", deployers: who });
    assert.deepEqual([told["all"], told["expiry-set"]], ["advisory", "disabled"]);
  });

  it("says nothing to a pack that lacks these rules, nor of what a platform from before does not tell", () => {
    assert.deepEqual(settingsWith({ rules: [], settings: {} }, facts), {});
    assert.deepEqual(settingsWith({ rules, settings: {} }, undefined), {});
    assert.deepEqual(settingsWith({ rules, settings: {} }, { domain: "example.com", privateEgress: [] }), {
      "no-reserved-egress": { permitted: [] },
    });
  });

  it("names parameters that the rules have", () => {
    for (const [rule, parameters] of Object.entries(settingsWith({ rules, settings: {} }, facts))) {
      const schema = families.flatMap(({ policies }) => policies).find(({ name }) => name === rule)?.configSchema;
      for (const name of Object.keys(parameters as object))
        assert.ok(schema?.properties[name], `${rule} has no ${name}`);
    }
  });
});
