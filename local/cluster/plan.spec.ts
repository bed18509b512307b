import assert from "node:assert/strict";

import fc from "fast-check";

import {
  chooseIndex,
  conflictingRoute,
  highestIndex,
  networksOf,
  nodeNames,
  parseNetwork,
  planEndpoints,
  planNetwork,
} from "./plan";
import { checkName, type ClusterSpec } from "./spec";

const real: ClusterSpec = {
  version: 1,
  name: "a",
  nodes: "real",
  index: 3,
  internet: false,
  nodeCount: 1,
  createdAt: "2026-01-01T00:00:00Z",
};
const anyIndex = fc.integer({ min: 0, max: highestIndex });

describe("planNetwork", () => {
  it("derives every address from the index", () => {
    const plan = planNetwork(3);
    assert.equal(plan.nodeAddress, "10.89.3.2");
    assert.equal(plan.hostAddress, "10.89.3.1");
    assert.equal(plan.podCidr, "10.90.3.0/24");
    assert.equal(plan.dnsAddress, "10.91.3.10");
  });

  it("refuses an index that is no byte", () => {
    for (const index of [-1, 256, 1.5, NaN]) assert.throws(() => planNetwork(index), RangeError);
  });

  it("keeps interface names within the kernel's 15 characters", () => {
    fc.assert(fc.property(anyIndex, (index) => planNetwork(index).hostInterface.length <= 15));
  });

  it("gives no two clusters a common address", () => {
    fc.assert(
      fc.property(anyIndex, anyIndex, (one, two) => {
        const overlaps = conflictingRoute(one, networksOf(two)) !== undefined;
        return overlaps === (one === two);
      }),
    );
  });
});

describe("parseNetwork", () => {
  it("reads networks and single addresses", () => {
    assert.deepEqual(parseNetwork("10.0.0.0/8"), { first: 0x0a000000, last: 0x0affffff });
    assert.deepEqual(parseNetwork("255.255.255.255"), { first: 0xffffffff, last: 0xffffffff });
    assert.deepEqual(parseNetwork("0.0.0.0/0"), { first: 0, last: 0xffffffff });
  });

  it("says no to what is no IPv4 network", () => {
    for (const text of ["default", "fe80::/64", "10.0.0.256/24", "10.0.0.0/33", ""])
      assert.equal(parseNetwork(text), null, text);
  });
});

describe("chooseIndex", () => {
  it("takes the lowest that is free", () => {
    assert.equal(chooseIndex([], []), 0);
    assert.equal(chooseIndex([0, 1, 3], []), 2);
  });

  it("keeps away from routes of the machine, but not from its default route", () => {
    assert.equal(chooseIndex([], ["default", "10.90.0.0/24", "10.89.1.0/30", "10.91.2.128/25"]), 3);
  });

  it("gives up when a route covers all", () => {
    assert.equal(chooseIndex([], ["10.0.0.0/8"]), undefined);
  });

  it("never gives what is taken or overlaps", () => {
    fc.assert(
      fc.property(fc.array(anyIndex), fc.array(anyIndex), (taken, routed) => {
        const routes = routed.map((index) => planNetwork(index).podCidr);
        const index = chooseIndex(taken, routes);
        return index === undefined || (!taken.includes(index) && !routed.includes(index));
      }),
    );
  });
});

describe("planEndpoints", () => {
  it("uses the standard ports inside a real node's own network", () => {
    assert.deepEqual(planEndpoints(real).apiServer, { address: "10.89.3.2", port: 6443 });
    assert.equal(planEndpoints(real).etcd.address, "127.0.0.1");
  });

  it("uses the chosen ports of 127.0.0.1 for a simulated one", () => {
    const ports = { etcd: 1, etcdPeer: 2, apiServer: 3, controllerManager: 4, scheduler: 5, kwok: 6 };
    const spec: ClusterSpec = { ...real, nodes: "simulated", nodeCount: 2, ports };
    assert.deepEqual(planEndpoints(spec).apiServer, { address: "127.0.0.1", port: 3 });
    assert.deepEqual(nodeNames(spec), ["berth-a-0", "berth-a-1"]);
  });
});

describe("checkName", () => {
  it("accepts names that fit objects, folders and labels", () => {
    for (const name of ["default", "a", "team-1", "x".repeat(30)]) assert.equal(checkName(name), name);
  });

  it("refuses others with exit code 2", () => {
    for (const name of ["", "A", "1a", "a-", "a_b", "../a", "x".repeat(31)]) {
      assert.throws(() => checkName(name), { exitCode: 2 }, name);
    }
  });
});
