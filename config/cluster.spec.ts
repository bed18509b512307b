import assert from "node:assert/strict";
import { examineCluster } from "./cluster";
import { describe as line, toProblem } from "./problems";

const problems = (value: unknown) => examineCluster(value).findings.map((finding) => line(toProblem(finding)));

const LEAST = {
  name: "acme",
  region: "eu-central-1",
  accountId: "111122223333",
  zones: ["eu-central-1a", "eu-central-1b"],
  kubernetesVersion: "1.35",
};

describe("berth:cluster", () => {
  it("needs name, region, account, zones and Kubernetes version, and fills in the rest", () => {
    assert.deepEqual(examineCluster(LEAST).config, {
      ...LEAST,
      size: "small",
      network: {},
      access: { admins: [], deployers: [] },
      networkPolicy: "standard",
      autoscaling: "cluster-autoscaler",
      pools: {},
      github: {},
      tags: {},
    });
  });

  it("leaves rules to the components: values of the right type pass", () => {
    const odd = {
      ...LEAST,
      region: "mars-1",
      zones: [],
      kubernetesVersion: "0.1",
      pools: { p: { instanceTypes: [], maxPerZone: -1 } },
    };
    assert.deepEqual([problems(odd), examineCluster(odd).config.region], [[], "mars-1"]);
  });

  it("names every field of the wrong type at once, with what is accepted and the fix", () => {
    const wrong = {
      ...LEAST,
      accountId: 111122223333,
      kubernetesVersion: 1.35,
      sise: "small",
      networkPolicy: { mode: "strict" },
      pools: { previews: { instanceTypes: "m7i.large", maxPerZone: "3" } },
      registry: { repositories: [{ name: "acme/shop" }] },
      zones: undefined,
    };
    assert.deepEqual(problems(wrong), [
      'accountId is 111122223333; accepted: an AWS account in quotes, such as "111122223333". Change accountId to what is accepted.',
      "zones is missing; accepted: a list of zone names, such as eu-central-1a. Add zones.",
      'kubernetesVersion is 1.35; accepted: a Kubernetes version in quotes, such as "1.35". Change kubernetesVersion to what is accepted.',
      "networkPolicy is a mapping; accepted: standard or strict. Change networkPolicy to what is accepted.",
      'pools.previews.instanceTypes is "m7i.large"; accepted: a list of EC2 instance types. Change pools.previews.instanceTypes to what is accepted.',
      'pools.previews.maxPerZone is "3"; accepted: a number. Change pools.previews.maxPerZone to what is accepted.',
      "registry.repositories[0].push is missing; accepted: a mapping of fields. Add registry.repositories[0].push.",
      "sise is not a known field; accepted: one of name, region, accountId, zones, size, kubernetesVersion, network, endpoint, access, networkPolicy, autoscaling, clusterAutoscaler, karpenter, autoMode, pools, registry, metrics, github, logRetentionDays, deletionProtection, extendedSupport, tags. Did you mean size? Otherwise remove it.",
    ]);
  });

  it("keeps what can be read, so that its rules can be checked too", () => {
    const pools = { good: { instanceTypes: ["m7i.large"], maxPerZone: 2 }, bad: { maxPerZone: "3" } };
    const { config, replaced } = examineCluster({ ...LEAST, zones: "a", size: 7, pools, tags: { team: "a" } });
    assert.deepEqual([...replaced].sort(), ["pools", "size", "zones"]);
    assert.deepEqual(Object.keys(config.pools), ["good"]);
    assert.deepEqual([config.name, config.tags, config.size], ["acme", { team: "a" }, "small"]);
  });

  it("says that all is missing when there is nothing", () => {
    for (const nothing of [undefined, null, {}]) assert.equal(problems(nothing).length, 5);
    assert.deepEqual(problems("text"), [
      'the document is "text"; accepted: a mapping of fields. Change it to what is accepted.',
    ]);
  });
});
