import assert from "node:assert/strict";
import { REGIONS, ZONE_LETTERS, isRegion, isZoneOf, regionOf, zoneLetter } from "./aws-regions";

describe("AWS regions", () => {
  it("are sorted and each there once", () => {
    assert.deepEqual([...new Set(REGIONS)].sort(), [...REGIONS]);
    assert.equal(REGIONS.length, 36);
  });

  it("are those of the commercial partition", () => {
    assert.equal(isRegion("eu-central-1"), true);
    for (const other of ["eu-central-3", "cn-north-1", "us-gov-west-1", "eu-central-1a", ""]) {
      assert.equal(isRegion(other), false, other);
    }
  });

  it("have zones that are called by the region and one letter", () => {
    for (const letter of ZONE_LETTERS) assert.equal(isZoneOf("us-east-1", `us-east-1${letter}`), true);
    for (const other of ["us-east-1", "us-east-1g", "us-east-2a", "us-east-1aa", "us-east-1-bos-1a", "a"]) {
      assert.equal(isZoneOf("us-east-1", other), false, other);
    }
  });

  it("can be told from a zone's name", () => {
    assert.equal(regionOf("ap-northeast-1d"), "ap-northeast-1");
    assert.equal(zoneLetter("ap-northeast-1d"), "d");
    assert.equal(regionOf("ap-northeast-1"), undefined);
    assert.equal(regionOf("moon-base-1a"), undefined);
  });

  for (const text of ["eu-central-1", "moon-base-1a", "eu-central-1g", ""]) {
    it(`gives "${text}" no letter, as it is no zone`, () => {
      assert.throws(() => zoneLetter(text), {
        name: "RangeError",
        message: `"${text}" is not an availability zone such as eu-central-1a`,
      });
    });
  }
});
