import assert from "node:assert/strict";
import fc from "fast-check";
import { overlap, parseRange, shareOf, union, without, type Interval } from "./ranges";

function range(text: string): Interval {
  const parsed = parseRange(text);
  assert.ok(parsed, text);
  return parsed;
}

/** Splits a range of IPv4 again and again, by what the numbers say. */
function split(one: Interval, cuts: readonly number[]): Interval[] {
  let parts = [one];
  for (const cut of cuts) {
    const index = cut % parts.length;
    const [part] = parts.splice(index, 1);
    if (!part || part.first === part.last) return part ? [...parts, part] : parts;
    const middle = (part.first + part.last) / 2n;
    parts = [...parts, { ...part, last: middle }, { ...part, first: middle + 1n }];
  }
  return parts;
}

describe("address ranges", () => {
  it("are read in both families, with and without a prefix", () => {
    assert.deepEqual(range("10.0.0.0/8"), { family: 4, first: 0x0a000000n, last: 0x0affffffn });
    assert.deepEqual(range("10.1.2.3/8"), range("10.0.0.0/8"));
    assert.deepEqual(range("1.2.3.4"), range("1.2.3.4/32"));
    assert.equal(range("::/0").last, (1n << 128n) - 1n);
    assert.deepEqual(range("fd00:ec2::254"), range("fd00:0ec2:0000:0000:0000:0000:0000:0254/128"));
    assert.deepEqual(range("64:ff9b::1.2.3.4"), range("64:ff9b::102:304"));
  });

  it("are refused when they are none", () => {
    for (const text of [
      "",
      "10.0.0",
      "10.0.0.256/8",
      "10.0.0.0/33",
      "::1::",
      "1:2:3:4:5:6:7",
      "::/129",
      "a.b.c.d",
      "10.0.0.0/8/8",
    ]) {
      assert.equal(parseRange(text), undefined, text);
    }
  });

  it("overlap within a family only", () => {
    assert.ok(overlap(range("10.0.0.0/8"), range("10.9.0.0/16")));
    assert.ok(!overlap(range("0.0.0.0/0"), range("::/0")));
  });

  it("add up to the world however they are split and ordered", () => {
    const cuts = fc.array(fc.nat(), { maxLength: 60 });
    for (const world of ["0.0.0.0/0", "2000::/3"]) {
      fc.assert(
        fc.property(cuts, fc.nat(), (numbers, turn) => {
          const parts = split(range(world), numbers);
          const turned = [...parts.slice(turn % parts.length), ...parts.slice(0, turn % parts.length)];
          assert.equal(shareOf(range(world).family, turned), 1);
          assert.deepEqual(union(turned), [range(world)]);
        }),
      );
    }
  });

  it("are no longer there once they are taken out", () => {
    const prefix = fc.integer({ min: 1, max: 32 });
    const one = fc.tuple(fc.nat(0xffffffff), prefix).map(([bits, length]): Interval => {
      const size = 1n << BigInt(32 - length);
      const first = (BigInt(bits) / size) * size;
      return { family: 4, first, last: first + size - 1n };
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 6 }), fc.array(one, { maxLength: 6 }), (kept, holes) => {
        const rest = without(kept, holes);
        for (const left of rest) for (const hole of holes) assert.ok(!overlap(left, hole));
        const total = (intervals: readonly Interval[]) =>
          union(intervals).reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
        assert.equal(total([...rest, ...holes]), total([...kept, ...holes]));
      }),
    );
  });
});
