import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import type { ClusterConfig } from "../config/cluster";
import { examineConfig } from "./cluster-args";
import { planPrice, priceTable } from "./price";

const SMALL = {
  name: "acme",
  region: "us-east-1",
  accountId: "111122223333",
  zones: ["us-east-1a", "us-east-1b"],
  kubernetesVersion: "1.35",
  pools: { previews: { instanceTypes: ["m7i.large"], minPerZone: 1, maxPerZone: 3 } },
};

function configOf(value: unknown): ClusterConfig {
  const { config, problems } = examineConfig(value);
  assert.deepEqual(problems, []);
  return config;
}

function example(name: string): ClusterConfig {
  const { config } = parse(readFileSync(join(__dirname, "..", name), "utf8")) as { config: Record<string, unknown> };
  return configOf(config["berth:cluster"]);
}

/** The monthly sums of the lines whose text matches. */
function monthly(config: ClusterConfig, pattern: RegExp, ...use: Parameters<typeof planPrice>[1][]) {
  const lines = planPrice(config, use[0]).lines.filter(({ what }) => pattern.test(what));
  const sum = (bound: "min" | "max") =>
    Math.round(lines.reduce((total, one) => total + one.monthly[bound], 0) * 100) / 100;
  return [sum("min"), sum("max")];
}

describe("the price of a cluster", () => {
  it("is, part by part, unit price times what is planned", () => {
    const config = configOf(SMALL);
    assert.deepEqual(monthly(config, /^EKS control plane$/), [73, 73]);
    assert.deepEqual(monthly(config, /^KMS keys \(2\)$/), [2, 2]);
    assert.deepEqual(monthly(config, /^NAT gateways \(1\)$/), [32.85, 32.85]);
    assert.deepEqual(monthly(config, /^public IPv4 addresses \(1\)$/), [3.65, 3.65]);
    // Two to six m7i.large of 0.1008 USD for 730 hours, each with 50 GiB of 0.08 USD.
    assert.deepEqual(monthly(config, /^previews: m7i\.large on-demand \(2 to 6\)$/), [147.17, 441.5]);
    assert.deepEqual(monthly(config, /^previews: root volumes/), [8, 24]);
    assert.deepEqual(monthly(config, /endpoint|spot|registry/), [0, 0]);
  });

  it("grows by NAT gateways, endpoints and keys with what is asked for", () => {
    const config = configOf({
      ...SMALL,
      size: "large",
      zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
      registry: { repositories: [{ name: "acme/shop", push: { repository: "acme/shop", environments: ["images"] } }] },
      metrics: { prefix: "metrics", namespace: "monitoring", serviceAccount: "exporter" },
    });
    assert.deepEqual(monthly(config, /^KMS keys \(4\)$/), [4, 4]);
    assert.deepEqual(monthly(config, /^NAT gateways \(3\)$/), [98.55, 98.55]);
    assert.deepEqual(monthly(config, /^interface endpoints \(6 in 3 zones\)$/), [131.4, 131.4]);
    assert.deepEqual(monthly(config, /another zone/), [0, 0]);
  });

  it("counts spot and its on-demand fallback apart, each with its disks", () => {
    const previews = { instanceTypes: ["m7i.large", "m6i.large"], capacity: "spot", minPerZone: 1, maxPerZone: 2 };
    const config = configOf({ ...SMALL, pools: { previews } });
    assert.deepEqual(
      planPrice(config)
        .lines.filter(({ what }) => what.startsWith("previews"))
        .map(({ what, quantity, basis }) => [what, quantity, basis]),
      [
        ["previews: m7i.large spot (2 to 4)", { min: 1460, max: 2920 }, "assumed"],
        ["previews: root volumes of spot nodes (50 GiB each)", { min: 100, max: 200 }, "listed"],
        ["previews: m7i.large on-demand (0 to 4)", { min: 0, max: 2920 }, "listed"],
        ["previews: root volumes of on-demand nodes (50 GiB each)", { min: 0, max: 200 }, "listed"],
      ],
    );
  });

  it("takes use from whoever knows it", () => {
    const config = configOf(SMALL);
    assert.deepEqual(monthly(config, /^traffic through NAT$/, { natGB: 1000 }), [45, 45]);
    // Half of the traffic comes from the zone without a NAT gateway, and is counted in both zones.
    assert.deepEqual(monthly(config, /another zone/, { natGB: 1000 }), [10, 10]);
    assert.deepEqual(monthly(config, /^control plane logs, taken in$/, { controlPlaneLogsGB: 10 }), [5, 5]);
  });

  it("says what it leaves out", () => {
    const notes = (value: object) => planPrice(configOf({ ...SMALL, ...value })).notes.join("\n");
    const fixed = { base: { instanceTypes: ["m7i.large"], minPerZone: 1, maxPerZone: 1 } };
    const dear = { previews: { instanceTypes: ["i4i.large"], maxPerZone: 1 } };
    assert.match(
      notes({ pools: dear }),
      /Nodes of pool previews are left out: config\/prices\.ts has no price of i4i\.large\./,
    );
    assert.match(notes({ autoscaling: "auto-mode", pools: {} }), /Nodes of EKS Auto Mode are left out/);
    assert.match(notes({ autoscaling: "karpenter", pools: fixed }), /Nodes that Karpenter makes are left out/);
    assert.doesNotMatch(notes({}), /Spot|Karpenter|Auto Mode|metrics/);
  });

  it("adds up, and never falls when a zone is added", () => {
    const letters = ["a", "b", "c", "d", "e", "f"];
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 }),
        fc.constantFrom("small", "large"),
        fc.constantFrom("on-demand", "spot"),
        fc.integer({ min: 1, max: 4 }),
        (count, size, capacity, most) => {
          const priceIn = (zones: number) =>
            planPrice(
              configOf({
                ...SMALL,
                size,
                zones: letters.slice(0, zones).map((letter) => `us-east-1${letter}`),
                pools: { p: { instanceTypes: ["m7i.large", "m6i.large"], capacity, minPerZone: 1, maxPerZone: most } },
              }),
            );
          const [before, after] = [priceIn(count), priceIn(count + 1)];
          for (const bound of ["min", "max"] as const) {
            const sum = before.lines.reduce((total, line) => total + line.monthly[bound], 0);
            assert.ok(Math.abs(sum - before.monthly[bound]) < 0.01);
            assert.ok(after.monthly[bound] > before.monthly[bound]);
          }
          assert.ok(before.monthly.min <= before.monthly.max);
        },
      ),
    );
  });

  it("of each example names source and date of every line", () => {
    for (const name of ["Pulumi.cluster.example.yaml", "Pulumi.cluster-large.example.yaml"]) {
      for (const { what, source } of planPrice(example(name)).lines) {
        assert.match(source.date, /^2026-\d\d-\d\d$/, what);
        assert.ok(source.document.length > 10, what);
      }
    }
  });

  it("is a table for people", () => {
    assert.match(
      priceTable(planPrice(configOf(SMALL))),
      /^\| what \| a month \| USD each \| USD a month \| price \|\n[^\n]+\n\| EKS control plane \| 730 hours \| 0\.10 \| 73\.00 \| listed \|\n/,
    );
  });
});
