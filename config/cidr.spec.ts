import assert from "node:assert/strict";
import fc from "fast-check";
import {
  FORBIDDEN_RANGES,
  PRIVATE_RANGES,
  contains,
  exceptions,
  firstFree,
  isCidr,
  overlaps,
  parseCidr,
  part,
  sizeOf,
} from "./cidr";

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

  it("cuts a range into equal parts", () => {
    assert.equal(part("10.0.0.0/16", 19, 0), "10.0.0.0/19");
    assert.equal(part("10.0.0.0/16", 19, 7), "10.0.224.0/19");
    assert.equal(part("203.0.113.0/24", 28, 15), "203.0.113.240/28");
    assert.equal(part("255.255.255.0/24", 32, 255), "255.255.255.255/32");
    assert.equal(part("10.0.0.0/8", 8, 0), "10.0.0.0/8");
  });

  it("has no parts outside, nor larger than itself", () => {
    assert.throws(() => part("10.0.0.0/16", 19, 8), {
      name: "RangeError",
      message: "10.0.0.0/16 has no part 8 of /19; accepted: 0 to 7",
    });
    assert.throws(() => part("10.0.0.0/16", 15, 0), {
      name: "RangeError",
      message: "10.0.0.0/16 has no parts of /15; accepted: /16 to /32",
    });
    assert.throws(() => part("10.0.0.1/16", 19, 0), {
      name: "RangeError",
      message: '"10.0.0.1/16" is not an IPv4 range such as 203.0.113.0/24',
    });
  });

  it("cuts so that parts lie side by side: inside, apart, and together as large as the whole", () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 0, max: 4 }), (cidr, bits) => {
        const { prefix } = parseCidr(cidr) ?? { prefix: 0 };
        if (prefix + bits > 32) return;
        const parts = Array.from({ length: 2 ** bits }, (_, index) => part(cidr, prefix + bits, index));
        assert.ok(parts.every((one) => contains(cidr, one)));
        assert.ok(parts.every((one, index) => parts.slice(index + 1).every((other) => !overlaps(one, other))));
        assert.equal(
          parts.reduce((sum, one) => sum + sizeOf(one), 0),
          sizeOf(cidr),
        );
      }),
    );
  });

  it("knows that ranges overlap exactly where one is in the other", () => {
    assert.equal(overlaps("10.0.0.0/16", "10.0.128.0/17"), true);
    assert.equal(overlaps("10.0.0.0/16", "10.1.0.0/16"), false);
    fc.assert(
      fc.property(range, range, (one, other) => {
        assert.equal(overlaps(one, other), contains(one, other) || contains(other, one));
        assert.equal(overlaps(one, other), overlaps(other, one));
      }),
    );
  });

  it("finds the first range that is free", () => {
    assert.equal(firstFree("10.0.0.0/8", 16, ["10.0.128.0/17", "10.1.0.0/16", "10.3.0.0/16"]), "10.2.0.0/16");
    assert.equal(firstFree("10.0.0.0/8", 16, []), "10.0.0.0/16");
    assert.equal(firstFree("10.0.0.0/8", 16, ["0.0.0.0/0"]), undefined);
    fc.assert(
      fc.property(fc.array(range, { maxLength: 6 }), fc.integer({ min: 16, max: 19 }), (taken, prefix) => {
        const free = firstFree("10.0.0.0/8", prefix, taken);
        if (free === undefined) {
          assert.ok(taken.some((one) => overlaps("10.0.0.0/8", one)));
        } else {
          assert.ok(contains("10.0.0.0/8", free));
          assert.ok(taken.every((one) => !overlaps(one, free)));
        }
      }),
    );
  });
});
