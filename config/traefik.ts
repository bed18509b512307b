/*
 * What Berth uses of Traefik's own kinds, as plain facts: the platform installs them where it runs the gateway, the embedded cluster
 * where it does.
 */

/** API group and version of Traefik's kinds. */
export const TRAEFIK_API = { group: "traefik.io", version: "v1alpha1" } as const;

/** Kinds that Traefik's CRD provider watches, by their plural; it starts only when all of them exist. Berth makes Middlewares only. */
export const TRAEFIK_KINDS = {
  ingressroutes: "IngressRoute",
  ingressroutetcps: "IngressRouteTCP",
  ingressrouteudps: "IngressRouteUDP",
  middlewares: "Middleware",
  middlewaretcps: "MiddlewareTCP",
  serverstransports: "ServersTransport",
  serverstransporttcps: "ServersTransportTCP",
  tlsoptions: "TLSOption",
  tlsstores: "TLSStore",
  traefikservices: "TraefikService",
} as const;

/** A CustomResourceDefinition as plain data. */
export interface CustomKind {
  apiVersion: "apiextensions.k8s.io/v1";
  kind: "CustomResourceDefinition";
  metadata: { name: string; labels: Record<string, string> };
  spec: {
    group: string;
    names: { kind: string; listKind: string; plural: string; singular: string };
    scope: "Namespaced";
    versions: {
      name: string;
      served: true;
      storage: true;
      schema: {
        openAPIV3Schema: {
          type: "object";
          required: ["metadata", "spec"];
          properties: { spec: { type: "object"; "x-kubernetes-preserve-unknown-fields": true } };
        };
      };
    }[];
  };
}

/**
 * The definitions of {@link TRAEFIK_KINDS}. Their schemas take anything: Traefik checks what it reads, and does not serve what it
 * does not understand.
 *
 * @param labels labels of each definition
 */
export function traefikKinds(labels: Record<string, string>): CustomKind[] {
  return Object.entries(TRAEFIK_KINDS).map(([plural, kind]) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${TRAEFIK_API.group}`, labels },
    spec: {
      group: TRAEFIK_API.group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      scope: "Namespaced",
      versions: [
        {
          name: TRAEFIK_API.version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              required: ["metadata", "spec"],
              properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
            },
          },
        },
      ],
    },
  }));
}
