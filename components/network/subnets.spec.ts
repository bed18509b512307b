import assert from "node:assert/strict";
import fc from "fast-check";
import { REGIONS, ZONE_LETTERS } from "../../config/aws-regions";
import { contains, overlaps, parseCidr, part, sizeOf } from "../../config/cidr";
import { FULL_NODE_ADDRESSES, MIN_FULL_NODES, VPC_PREFIXES, fullNodes, planSubnets } from "./subnets";

const vpc = fc
  .tuple(fc.integer({ min: VPC_PREFIXES.widest, max: VPC_PREFIXES.narrowest }), fc.nat())
  .map(([prefix, index]) => part("10.0.0.0/8", prefix, index % 2 ** (prefix - 8)));

/** Zones of one region, in any order. */
const zones = fc
  .tuple(fc.constantFrom(...REGIONS), fc.shuffledSubarray([...ZONE_LETTERS], { minLength: 1 }))
  .map(([region, letters]) => letters.map((letter) => `${region}${letter}`));

/** Every range that a subnet has. */
function subnetsOf(cidr: string, names: readonly string[]): string[] {
  return Object.values(planSubnets(cidr, names)).flatMap((ranges) => [
    ranges.private,
    ranges.public,
    ranges.controlPlane,
  ]);
}

describe("Subnets", () => {
  it("give each zone of a /16 a private /19, a public /22 and a /28 for the control plane", () => {
    assert.deepEqual(planSubnets("10.0.0.0/16", ["eu-central-1a", "eu-central-1b", "eu-central-1c"]), {
      "eu-central-1a": {
        private: "10.0.0.0/19",
        pods: "10.0.16.0/20",
        public: "10.0.192.0/22",
        controlPlane: "10.0.224.0/28",
      },
      "eu-central-1b": {
        private: "10.0.32.0/19",
        pods: "10.0.48.0/20",
        public: "10.0.196.0/22",
        controlPlane: "10.0.224.16/28",
      },
      "eu-central-1c": {
        private: "10.0.64.0/19",
        pods: "10.0.80.0/20",
        public: "10.0.200.0/22",
        controlPlane: "10.0.224.32/28",
      },
    });
  });

  it("lie in the VPC", () => {
    fc.assert(
      fc.property(vpc, zones, (cidr, names) => {
        for (const subnet of subnetsOf(cidr, names)) assert.ok(contains(cidr, subnet), subnet);
      }),
    );
  });

  it("do not overlap", () => {
    fc.assert(
      fc.property(vpc, zones, (cidr, names) => {
        const subnets = subnetsOf(cidr, names);
        assert.equal(subnets.length, 3 * names.length);
        for (const [index, subnet] of subnets.entries()) {
          for (const other of subnets.slice(index + 1)) assert.ok(!overlaps(subnet, other), `${subnet} ${other}`);
        }
      }),
    );
  });

  it("stay when a zone is appended", () => {
    fc.assert(
      fc.property(vpc, zones, (cidr, names) => {
        const fewer = names.slice(0, -1);
        const before = planSubnets(cidr, fewer);
        const after = planSubnets(cidr, names);
        for (const zone of fewer) assert.deepEqual(after[zone], before[zone]);
      }),
    );
  });

  it("stay when any zone leaves or the order changes", () => {
    fc.assert(
      fc.property(vpc, zones, fc.nat(), (cidr, names, index) => {
        const gone = names[index % names.length];
        const rest = names.filter((zone) => zone !== gone).reverse();
        const before = planSubnets(cidr, names);
        const after = planSubnets(cidr, rest);
        for (const zone of rest) assert.deepEqual(after[zone], before[zone]);
      }),
    );
  });

  it("are of sizes that AWS takes, with room for its five addresses and a load balancer", () => {
    fc.assert(
      fc.property(vpc, zones, (cidr, names) => {
        for (const ranges of Object.values(planSubnets(cidr, names))) {
          for (const subnet of [ranges.private, ranges.public, ranges.controlPlane]) {
            const { prefix } = parseCidr(subnet) ?? { prefix: 0 };
            assert.ok(prefix >= 16 && prefix <= 28, subnet);
          }
          // An Application Load Balancer asks for a /27 at least.
          assert.ok(sizeOf(ranges.public) >= 32);
        }
      }),
    );
  });

  it("keep the upper half of each private range for pods, aligned to the prefixes of the VPC CNI", () => {
    fc.assert(
      fc.property(vpc, zones, (cidr, names) => {
        for (const ranges of Object.values(planSubnets(cidr, names))) {
          assert.ok(contains(ranges.private, ranges.pods));
          assert.equal(sizeOf(ranges.pods), sizeOf(ranges.private) / 2);
          assert.equal(parseCidr(ranges.pods)?.last, parseCidr(ranges.private)?.last);
          assert.equal(sizeOf(ranges.pods) % 16, 0);
        }
      }),
    );
  });

  it("have room for full nodes: 32 per zone in a /16, 4 in the smallest VPC", () => {
    assert.equal(FULL_NODE_ADDRESSES, 128);
    const podsOf = (cidr: string) => planSubnets(cidr, ["us-east-1a"])["us-east-1a"]?.pods ?? "";
    assert.equal(fullNodes(podsOf("10.0.0.0/16")), 32);
    assert.equal(fullNodes(podsOf(`10.0.0.0/${VPC_PREFIXES.narrowest}`)), MIN_FULL_NODES);
  });

  it("are not made from what is no VPC range or no zone", () => {
    const message = '"10.0.0.1/16" is not an IPv4 range such as 203.0.113.0/24';
    assert.throws(() => planSubnets("10.0.0.1/16", ["us-east-1a"]), { name: "RangeError", message });
    assert.throws(() => planSubnets("10.0.0.0/16", ["us-east-1z"]), {
      name: "RangeError",
      message: '"us-east-1z" is not an availability zone such as eu-central-1a',
    });
    assert.throws(() => planSubnets("10.0.0.0/26", ["us-east-1a"]), {
      name: "RangeError",
      message: "10.0.0.56/29 has no parts of /28; accepted: /29 to /32",
    });
  });
});
