import assert from "node:assert/strict";
import { REGIONS } from "./aws-regions";
import { instancePrice, regionFactor, unitPrice } from "./prices";

const round = (value: number | undefined) => (value === undefined ? undefined : Math.round(value * 1e5) / 1e5);

describe("prices", () => {
  it("of instances follow from family and size", () => {
    const price = (type: string) => round(instancePrice(type, "on-demand", "us-east-1")?.usd);
    assert.equal(price("m7i.large"), 0.1008);
    assert.equal(price("m7i.2xlarge"), 0.4032);
    assert.equal(price("c7g.medium"), 0.03625);
    assert.equal(price("m7i-flex.xlarge"), 0.19152);
    assert.equal(price("r6i.24xlarge"), 6.048);
  });

  it("are unknown for families and sizes outside of the table", () => {
    for (const type of ["p5.48xlarge", "m7i.metal-24xl", "m7i", "m7i.", "m7i.huge"]) {
      assert.equal(instancePrice(type, "on-demand", "us-east-1"), undefined, type);
    }
  });

  it("in a region are those of the list where it was read, else those of us-east-1 times a factor", () => {
    const inRegion = (region: string) => {
      const { usd, basis } = unitPrice("natGatewayHour", region);
      return [round(usd), basis];
    };
    assert.deepEqual(inRegion("us-east-1"), [0.045, "listed"]);
    assert.deepEqual(inRegion("eu-west-1"), [0.048, "listed"]);
    assert.deepEqual(inRegion("eu-central-1"), [0.05391, "factor"]);
    assert.deepEqual(inRegion("il-central-1"), [0.054, "assumed"]);
    assert.deepEqual(
      [unitPrice("controlPlaneHour", "sa-east-1").usd, unitPrice("kmsKeyMonth", "il-central-1").usd],
      [0.1, 1],
    );
  });

  it("agree with the price list where factor and list are both known", () => {
    // m7i.xlarge, AWS Price List, offer AmazonEC2, version 20260925174521.
    for (const [region, usd] of [
      ["eu-north-1", 0.2142],
      ["eu-west-1", 0.2247],
      ["eu-central-1", 0.2415],
      ["sa-east-1", 0.3213],
    ] as const) {
      assert.equal(round(instancePrice("m7i.xlarge", "on-demand", region)?.usd), usd, region);
    }
  });

  it("of spot instances are marked as assumed", () => {
    const spot = instancePrice("m7i.xlarge", "spot", "us-east-1");
    assert.deepEqual([round(spot?.usd), spot?.basis], [0.0897, "assumed"]);
  });

  it("exist for every region", () => {
    for (const region of REGIONS) assert.ok(regionFactor(region).factor >= 1, region);
  });
});
