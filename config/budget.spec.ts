import assert from "node:assert/strict";
import { config } from "../test/support/samples";
import { planFootprint } from "./budget";
import { EGRESS_PROXY_RESOURCES, PROXY_RESOURCES, SEED_RESOURCES } from "./limits";
import { examine } from "./parse";
import { formatPath } from "./problems";
import { parseBytes, parseCpu } from "./quantity";

const refused = (fields: Record<string, unknown>) => {
  const result = examine({ projectId: "shop", ...fields });
  return "findings" in result ? result.findings.map(({ path, value }) => `${formatPath(path)}: ${value}`) : [];
};

describe("a budget", () => {
  const databases = { postgresql: { storage: "2Gi" }, redis: true };

  it("is held against what the pods and volumes ask for", () => {
    const { cpu, memory, storage } = planFootprint(config({ databases }));
    // 50m + 100m + 100m; 128Mi + 256Mi + 64Mi; 2Gi + 1Gi.
    assert.deepEqual([cpu, memory, storage], [250, 448 * 2 ** 20, 3 * 2 ** 30]);
  });

  it("counts the proxy of a log-in", () => {
    const { cpu, memory } = planFootprint(config());
    const guarded = planFootprint(config({ access: { mode: "oidc" } }));
    const { requests } = PROXY_RESOURCES;
    assert.deepEqual(
      [guarded.cpu - cpu, guarded.memory - memory],
      [parseCpu(requests.cpu), parseBytes(requests.memory)],
    );
  });

  it("counts the one job that runs at a time, or the seeds that run at once, whichever ask for more, and no cost of theirs", () => {
    const jobs = [
      { name: "migrate", command: ["migrate"] },
      { name: "index", command: ["index"] },
    ];
    const seed = ["SELECT 1"];
    const seeded = { postgresql: { seed, storage: "2Gi" }, mariadb: { seed } };
    const more = (fields: Record<string, unknown>, than: Record<string, unknown>) => {
      const [a, b] = [planFootprint(config(fields)), planFootprint(config(than))];
      assert.equal(a.monthlyUsd, b.monthlyUsd);
      return [a.cpu - b.cpu, a.memory - b.memory];
    };
    const { requests } = SEED_RESOURCES;
    const seeds = [2 * parseCpu(requests.cpu), 2 * parseBytes(requests.memory)];
    const unseeded = { postgresql: { storage: "2Gi" }, mariadb: true };
    // Like the app: 50m and 128Mi.
    assert.deepEqual(more({ databases, jobs }, { databases }), [50, 128 * 2 ** 20]);
    assert.deepEqual(more({ databases: seeded }, { databases: unseeded }), seeds);
    const large = { resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } } };
    assert.deepEqual(more({ databases: seeded, jobs, ...large }, { databases: unseeded, ...large }), [1000, 2 ** 30]);
  });

  it("counts the egress proxy", () => {
    const { cpu, memory } = planFootprint(config());
    const leaving = planFootprint(config({ egress: { allow: [{ host: "api.example.com", ports: [443] }] } }));
    const { requests } = EGRESS_PROXY_RESOURCES;
    assert.deepEqual(
      [leaving.cpu - cpu, leaving.memory - memory],
      [parseCpu(requests.cpu), parseBytes(requests.memory)],
    );
  });

  it("costs the larger share of a node, and the volumes", () => {
    // 250m of 4 cores is more than 448Mi of 16Gi: 0.0625 × 0.2016 × 730, and 3 × 0.08.
    assert.ok(Math.abs(planFootprint(config({ databases })).monthlyUsd - (0.0625 * 0.2016 * 730 + 0.24)) < 1e-9);
    const resources = { requests: { cpu: "10m", memory: "1Gi" }, limits: { memory: "1Gi" } };
    assert.ok(Math.abs(planFootprint(config({ resources })).monthlyUsd - 0.2016 * 730 * (1 / 16)) < 1e-9);
  });

  it("refuses what goes beyond it, each with both figures", () => {
    const budget = { cpu: "200m", memory: "256Mi", storage: "1Gi", monthlyUsd: 9.43 };
    assert.deepEqual(refused({ databases, budget }), [
      "budget.cpu: 200m, and the environment asks for 250m",
      "budget.memory: 256Mi, and the environment asks for 448Mi",
      "budget.storage: 1Gi, and the environment asks for 3Gi",
      "budget.monthlyUsd: 9.43, and the environment asks for 9.44",
    ]);
  });

  it("accepts what fits exactly", () => {
    const budget = { cpu: "250m", memory: "448Mi", storage: "3Gi", monthlyUsd: 9.44 };
    assert.deepEqual(refused({ databases, budget }), []);
  });
});
