import type { CustomResourceArgs } from "@pulumi/kubernetes/apiextensions";
import type { input } from "@pulumi/kubernetes/types";
import { metadata, selector } from "../context";
import type { PlanContext } from "../context";

/** What makes Prometheus find an app, by the platform's way of finding. */
export interface MetricsPlan {
  /** For the app's pods; empty where a monitor says the same. */
  podAnnotations: Record<string, string>;
  /** A PodMonitor or ServiceMonitor of the Prometheus operator. */
  monitor: CustomResourceArgs | undefined;
}

/** Name of the port of the app's pods and of its Service that metrics are read from. */
const PORT_NAME = "http";

/**
 * Plans how the app's metrics are found.
 *
 * Without an operator the pods carry the annotations that most configurations of Prometheus look for. They know nothing of an interval;
 * `prometheus.io/interval` is for a relabelling to `__scrape_interval__`, as docs/k8s-ee.md shows.
 */
export function planMetrics(context: PlanContext): MetricsPlan {
  const { app, metrics } = context.config;
  if (!metrics.enabled) return { podAnnotations: {}, monitor: undefined };
  const discovery = context.platform.metrics?.discovery ?? "annotations";
  if (discovery === "annotations") {
    return {
      podAnnotations: {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": String(app.port),
        "prometheus.io/path": app.metricsPath,
        "prometheus.io/interval": metrics.interval,
      },
      monitor: undefined,
    };
  }
  const about = metadata(context, "app", "app");
  const own: Record<string, string> = about.labels;
  const endpoints = [{ port: PORT_NAME, path: app.metricsPath, interval: metrics.interval }];
  return {
    podAnnotations: {},
    monitor: {
      apiVersion: "monitoring.coreos.com/v1",
      kind: discovery,
      metadata: { ...about, labels: { ...context.platform.metrics?.labels, ...own } },
      spec: {
        selector: { matchLabels: selector("app") },
        ...(discovery === "PodMonitor" ? { podMetricsEndpoints: endpoints } : { endpoints }),
      },
    },
  };
}

/** From where the app's metrics are asked for; undefined when nobody may. */
export function scraperPeer({ config, platform }: PlanContext): input.networking.v1.NetworkPolicyPeer | undefined {
  if (!config.metrics.enabled || platform.metrics === null) return undefined;
  return {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": platform.metrics.namespace } },
    podSelector: { matchLabels: platform.metrics.podLabels },
  };
}
