import { stringify } from "yaml";

/**
 * The API server's audit policy: who did what to which object and with what result, never a request or response body, so
 * that no Secret (nor a secret in a pod's environment) reaches the log.
 */
export function auditPolicy(): string {
  return stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    // The arrival of a request says nothing that its completion does not say better.
    omitStages: ["RequestReceived"],
    omitManagedFields: true,
    rules: [
      { level: "None", nonResourceURLs: ["/healthz*", "/livez*", "/readyz*", "/version", "/metrics", "/openapi/*"] },
      { level: "None", resources: [{ group: "", resources: ["events"] }, { group: "events.k8s.io" }] },
      // Heartbeats and the watches of the cluster's own parts come every few seconds and hide what people do.
      {
        level: "None",
        resources: [{ group: "coordination.k8s.io", resources: ["leases"] }],
        userGroups: ["system:nodes"],
      },
      {
        level: "None",
        users: [
          "system:kube-controller-manager",
          "system:kube-scheduler",
          "system:kube-proxy",
          "system:apiserver",
          "berth:gateway",
          "berth:network-policies",
          "berth:provisioner",
          "berth:kwok",
        ],
        verbs: ["get", "list", "watch"],
      },
      { level: "None", userGroups: ["system:nodes"], verbs: ["get", "list", "watch"] },
      { level: "Metadata" },
    ],
  });
}

/**
 * The API server's AuthenticationConfiguration: without credentials only the health endpoints answer; everything else is
 * 401.
 */
export function authenticationConfiguration(): string {
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    anonymous: {
      enabled: true,
      conditions: [{ path: "/livez" }, { path: "/readyz" }, { path: "/healthz" }],
    },
  });
}
