import assert from "node:assert/strict";
import fc from "fast-check";
import { FORBIDDEN_RANGES, PRIVATE_RANGES, contains, exceptions, isCidr, parseCidr } from "./cidr";

const range = fc.tuple(fc.nat(2 ** 32 - 1), fc.integer({ min: 8, max: 32 })).map(([address, prefix]) => {
  const size = 2 ** (32 - prefix);
  const first = Math.floor(address / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefix}`;
});

describe("address ranges", () => {
  it("reads a range as its first and last address", () => {
    assert.deepEqual(parseCidr("203.0.113.0/24"), { first: 3405803776, last: 3405804031, prefix: 24 });
    assert.deepEqual(parseCidr("0.0.0.0/0"), { first: 0, last: 2 ** 32 - 1, prefix: 0 });
  });

  for (const text of [
    "203.0.113.0",
    "203.0.113.7/24",
    "256.0.0.0/8",
    "1.2.3.4/33",
    "::1/128",
    "a.b.c.d/8",
    "1.2.3.0/24 ",
  ]) {
    it(`refuses "${text}"`, () => assert.equal(isCidr(text), false));
  }

  it("leaves no private or forbidden address in a range that is not itself inside one", () => {
    fc.assert(
      fc.property(range, (cidr) => {
        const closed = [...FORBIDDEN_RANGES, ...PRIVATE_RANGES];
        if (closed.some((outer) => contains(outer, cidr))) return;
        for (const inner of closed.filter((one) => contains(cidr, one))) {
          assert.ok(
            exceptions(cidr).some((except) => contains(except, inner)),
            `${inner} is open in ${cidr}`,
          );
        }
      }),
    );
  });

  it("only excepts what lies inside, as the API server demands", () => {
    fc.assert(
      fc.property(range, (cidr) => exceptions(cidr).every((except) => contains(cidr, except) && except !== cidr)),
    );
  });

  it("keeps the metadata address closed in a wide range around it", () => {
    assert.deepEqual(exceptions("169.0.0.0/8"), ["169.254.0.0/16"]);
    assert.deepEqual(exceptions("203.0.113.0/24"), []);
  });
});
