import assert from "node:assert/strict";
import { config } from "../test/support/samples";
import { hostRules, isEgressHost, rangeRules } from "./egress";

describe("egress rules", () => {
  it("name public hosts, and every name below one", () => {
    for (const host of [
      "example.com",
      "api.example.com",
      "*.example.com",
      "a-1.example.co.uk",
      "xn--bcher-kva.example",
    ]) {
      assert.equal(isEgressHost(host), true, host);
    }
  });

  it("name no address, no single label, no local name and nothing that could be read in two ways", () => {
    const refused = [
      "localhost",
      "api",
      "*",
      "*.com.",
      "example.com.",
      "Example.com",
      "203.0.113.7",
      "[::1]",
      "1.2.3.0x4",
    ];
    const local = [
      "db.svc",
      "kubernetes.default.svc",
      "x.cluster.local",
      "metadata.google.internal",
      "1.0.0.127.in-addr.arpa",
    ];
    const odd = [
      "a..example.com",
      "-a.example.com",
      "a.*.example.com",
      "*example.com",
      "a b.example.com",
      "a.example.com:443",
      "",
    ];
    for (const host of [...refused, ...local, ...odd, `${"a.".repeat(130)}com`]) {
      assert.equal(isEgressHost(host), false, host);
    }
  });

  it("are told apart", () => {
    const allow = [
      { cidr: "203.0.113.0/24", ports: [5432] },
      { host: "api.example.com", ports: [443] },
    ];
    const parsed = config({ egress: { allow } });
    assert.deepEqual(rangeRules(parsed), [allow[0]]);
    assert.deepEqual(hostRules(parsed), [allow[1]]);
  });
});
