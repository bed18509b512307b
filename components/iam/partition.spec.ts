import assert from "node:assert/strict";
import { partitionOf } from "./partition";

describe("partitionOf", () => {
  it("knows the three partitions", () => {
    assert.equal(partitionOf("eu-central-1"), "aws");
    assert.equal(partitionOf("cn-north-1"), "aws-cn");
    assert.equal(partitionOf("us-gov-west-1"), "aws-us-gov");
  });
});
