import assert from "node:assert/strict";
import { architectureOf, isAccelerated, isInstanceType, isNitro } from "./instance-types";

describe("Instance types", () => {
  for (const type of [
    "m7i.large",
    "m7i-flex.large",
    "t4g.small",
    "c8gn.metal-24xl",
    "u7in-16tb.224xlarge",
    "a1.large",
  ]) {
    it(`know ${type}`, () => assert.equal(isInstanceType(type), true));
  }

  for (const text of ["m7i", "large", "m7i.", ".large", "M7i.large", "mac-m4.metal", "m7i large", ""]) {
    it(`do not know "${text}"`, () => assert.equal(isInstanceType(text), false));
  }

  for (const type of [
    "a1.large",
    "t4g.small",
    "m7g.large",
    "c8gn.large",
    "im4gn.large",
    "is4gen.large",
    "x2gd.large",
  ]) {
    it(`have Graviton in ${type}`, () => assert.equal(architectureOf(type), "arm64"));
  }

  for (const type of [
    "m7i.large",
    "m7i-flex.large",
    "m6a.large",
    "c6in.large",
    "r7iz.large",
    "i4i.large",
    "t3.large",
  ]) {
    it(`have an x86 processor in ${type}`, () => assert.equal(architectureOf(type), "x86_64"));
  }

  for (const type of ["t2.large", "m4.large", "i3.large", "x1e.xlarge"]) {
    it(`have Xen in ${type}`, () => assert.equal(isNitro(type), false));
  }

  for (const type of ["t3.large", "m5.large", "i3.metal", "i3en.large", "a1.large"]) {
    it(`have Nitro in ${type}`, () => assert.equal(isNitro(type), true));
  }

  for (const type of ["g6.xlarge", "g5g.xlarge", "p5.48xlarge", "inf2.xlarge", "trn1.2xlarge", "vt1.3xlarge"]) {
    it(`have an accelerator in ${type}`, () => assert.equal(isAccelerated(type), true));
  }

  it("have none in the others", () => {
    for (const type of ["m7g.large", "c6gd.large", "hpc7g.4xlarge"]) assert.equal(isAccelerated(type), false, type);
  });
});
