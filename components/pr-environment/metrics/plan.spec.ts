import assert from "node:assert/strict";
import type { PlatformFacts } from "../../../config/platform";
import { HOST_FACTS, PR, config } from "../../../test/support/samples";
import { planPrEnvironment } from "../plan";

const scraper = { namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus" } };
const facts = (discovery: NonNullable<PlatformFacts["metrics"]>["discovery"]): PlatformFacts => ({
  ...HOST_FACTS,
  metrics: { ...scraper, discovery, labels: { release: "prometheus" } },
});

interface Plain {
  metadata: { labels: Record<string, string>; annotations: Record<string, string> };
  spec: {
    template: Plain;
    selector: object;
    podMetricsEndpoints?: object[];
    endpoints?: object[];
    podSelector: object;
    ingress: object[];
  };
}

function planned(fields: Record<string, unknown>, platform: PlatformFacts) {
  const plan = planPrEnvironment({ config: config(fields), pr: PR, platform });
  const deployment = plan.workloads[0]?.deployment as unknown as Plain;
  return {
    annotations: Object.keys(deployment.spec.template.metadata.annotations).filter((key) =>
      key.startsWith("prometheus.io/"),
    ),
    all: deployment.spec.template.metadata.annotations,
    monitor: plan.metrics.monitor as unknown as (Plain & { kind: string }) | undefined,
    policy: plan.networkPolicies["allow-metrics-to-app"] as unknown as Plain | undefined,
  };
}

const asked = { app: { port: 8080, metricsPath: "/internal/metrics" }, metrics: { enabled: true, interval: "15s" } };

describe("metrics of an environment", () => {
  it("are nobody's business unless the config asks for it", () => {
    const { annotations, monitor, policy } = planned({ app: { metricsPath: "/m" } }, facts("PodMonitor"));
    assert.deepEqual([annotations, monitor, policy], [[], undefined, undefined]);
  });

  it("are found by annotations where the platform says nothing, and reached by nobody", () => {
    const { all, monitor, policy } = planned(asked, HOST_FACTS);
    assert.equal(all["prometheus.io/scrape"], "true");
    assert.equal(all["prometheus.io/port"], "8080");
    assert.equal(all["prometheus.io/path"], "/internal/metrics");
    assert.equal(all["prometheus.io/interval"], "15s");
    assert.deepEqual([monitor, policy], [undefined, undefined]);
  });

  for (const discovery of ["annotations", "PodMonitor", "ServiceMonitor"] as const) {
    it(`let the platform's scraper reach the app's port and nothing else, found by ${discovery}`, () => {
      const { policy } = planned(asked, facts(discovery));
      assert.deepEqual(policy?.spec.podSelector, { matchLabels: { "berth.dev/component": "app" } });
      assert.deepEqual(policy.spec.ingress, [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } },
              podSelector: { matchLabels: scraper.podLabels },
            },
          ],
          ports: [{ port: 8080, protocol: "TCP" }],
        },
      ]);
    });
  }

  for (const [discovery, field] of [
    ["PodMonitor", "podMetricsEndpoints"],
    ["ServiceMonitor", "endpoints"],
  ] as const) {
    it(`are found by a ${discovery} with the labels that the platform's Prometheus selects`, () => {
      const { annotations, monitor } = planned(asked, facts(discovery));
      assert.deepEqual(annotations, []);
      assert.equal(monitor?.kind, discovery);
      assert.equal(monitor.metadata.labels["release"], "prometheus");
      assert.equal(monitor.metadata.labels["berth.dev/environment"], "shop-pr-7");
      assert.deepEqual(monitor.spec.selector, { matchLabels: { "berth.dev/component": "app" } });
      assert.deepEqual(monitor.spec[field], [{ port: "http", path: "/internal/metrics", interval: "15s" }]);
    });
  }
});
