import assert from "node:assert/strict";
import { TRUST_TIERS } from "../config/trust";
import { environmentName } from "./naming";
import { settleTrust, trustOf } from "./trust";

const name = environmentName("shop", 7);

describe("the tier of a deploy", () => {
  it("is what is asked for where nothing is yet, else left to the platform", () => {
    for (const tier of TRUST_TIERS) assert.equal(settleTrust(name, tier, undefined), tier);
    assert.equal(settleTrust(name, undefined, undefined), undefined);
  });

  it("stays that of a fork when nothing is asked for, and is the platform's default otherwise", () => {
    assert.equal(settleTrust(name, undefined, "fork"), "fork");
    assert.equal(settleTrust(name, undefined, "internal"), undefined);
    assert.equal(settleTrust(name, undefined, "trusted"), undefined);
  });

  it("changes in place between trusted and internal", () => {
    assert.equal(settleTrust(name, "internal", "trusted"), "internal");
    assert.equal(settleTrust(name, "trusted", "internal"), "trusted");
    assert.equal(settleTrust(name, "fork", "fork"), "fork");
  });

  it("never changes from or to a fork in place", () => {
    for (const tier of ["trusted", "internal"] as const) {
      assert.throws(
        () => settleTrust(name, tier, "fork"),
        (error: Error & { fix?: string }) =>
          /shop-pr-7 is a fork's and cannot be deployed with --trust/.test(error.message) &&
          error.fix === `run \`berth destroy shop-pr-7\` first, then deploy it with --trust ${tier}.`,
      );
      assert.throws(
        () => settleTrust(name, "fork", tier),
        new RegExp(`with --trust ${tier} and cannot become a fork's`),
      );
    }
  });

  it("is read from the namespace's label", () => {
    const of = (labels?: Record<string, string>) => trustOf({ metadata: { name: "shop-pr-7", labels } });
    assert.equal(of({ "berth.dev/trust": "fork" }), "fork");
    assert.equal(of({ "berth.dev/trust": "root" }), undefined);
    assert.equal(of(), undefined);
  });
});
