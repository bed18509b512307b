import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import { exceptions } from "../../config/cidr";
import { LABEL } from "../../config/labels";
import type { PlatformConfig } from "../../config/platform";
import { GATEWAY_SELECTOR, metadata } from "./context";
import { GATEWAY_PORTS } from "./gateway";

/**
 * Policies of the platform namespace: nothing passes, except, where the gateway is deployed, the world to the gateway and the
 * gateway to environments and to the API server.
 */
export function planNetworkPolicies({ gateway }: PlatformConfig): Record<string, NetworkPolicyArgs> {
  const defaultDeny = {
    metadata: metadata("default-deny"),
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  };
  if (gateway.mode !== "deployed") return { "default-deny": defaultDeny };
  const podSelector = { matchLabels: GATEWAY_SELECTOR };
  const tcp = (port: number) => ({ port, protocol: "TCP" });
  return {
    "default-deny": defaultDeny,
    "allow-world-to-gateway": {
      metadata: metadata("allow-world-to-gateway"),
      spec: {
        podSelector,
        policyTypes: ["Ingress"],
        ingress: [
          {
            ports: [tcp(GATEWAY_PORTS.web), ...(gateway.tlsSecret === undefined ? [] : [tcp(GATEWAY_PORTS.websecure)])],
          },
        ],
      },
    },
    "allow-gateway-out": {
      metadata: metadata("allow-gateway-out"),
      spec: {
        podSelector,
        policyTypes: ["Egress"],
        egress: [
          // The port is the environment's to choose; its own policy opens that one only.
          { to: [{ namespaceSelector: { matchExpressions: [{ key: LABEL.environment, operator: "Exists" }] } }] },
          {
            to: gateway.apiServerCidrs.map((cidr) => ({ ipBlock: block(cidr) })),
            ports: [tcp(443), tcp(6443)],
          },
        ],
      },
    },
  };
}

/** The API server is at a private address in most clusters, so of what is closed elsewhere only link-local addresses stay closed. */
function block(cidr: string): { cidr: string; except?: string[] } {
  const except = exceptions(cidr).filter((range) => range.startsWith("169.254."));
  return except.length === 0 ? { cidr } : { cidr, except };
}
