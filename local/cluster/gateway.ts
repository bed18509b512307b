import { join } from "node:path";

import type { SuperviseConfig } from "./components";
import { marker } from "./process";
import type { ClusterFolder } from "./spec";

/** IngressClass that the gateway serves. */
export const ingressClass = "berth";

/** Domain of all environments on the embedded cluster. RFC 6761: names below `localhost` lead to the machine itself. */
export const localDomain = "berth.localhost";

/** Traefik's file with the wildcard certificate. */
function gatewayFile(folder: ClusterFolder): string {
  return join(folder.config, "gateway.yaml");
}

/** The certificate of the authority that signed the gateway's. */
export function gatewayAuthorityFile(folder: ClusterFolder): string {
  return join(folder.pki, "gateway-ca.crt");
}

/** Files that the gateway reads, by path. A host that nobody has gets this certificate too, and says no more than 404. */
export function gatewayFiles(folder: ClusterFolder): Record<string, string> {
  const text = {
    tls: {
      stores: {
        default: {
          defaultCertificate: {
            certFile: join(folder.pki, "gateway.crt"),
            keyFile: join(folder.pki, "gateway.key"),
          },
        },
      },
    },
  };
  // JSON is YAML.
  return { [gatewayFile(folder)]: `${JSON.stringify(text, null, 2)}\n` };
}

/**
 * What runs the gateway: Traefik on the machine itself, listening on 127.0.0.1 only. It reads Ingresses, Middlewares and endpoints
 * from the API server and talks to the pods directly through the machine's route to them.
 *
 * @param options.port port on 127.0.0.1 that redirects to HTTPS.
 * @param options.tlsPort port on 127.0.0.1 for HTTPS.
 * @param options.traefik path of the program.
 */
export function gatewaySupervision(options: {
  folder: ClusterFolder;
  traefik: string;
  port: number;
  tlsPort: number;
}): SuperviseConfig {
  const { folder, traefik, port, tlsPort } = options;
  return {
    namespaces: { pid: false, mount: false, net: false },
    statusFile: join(folder.run, "gateway-status.json"),
    pidFile: join(folder.run, "gateway.pid"),
    setup: [],
    components: [
      {
        name: "traefik",
        argv: [
          traefik,
          "--global.checknewversion=false",
          "--global.sendanonymoususage=false",
          `--entrypoints.web.address=127.0.0.1:${port}`,
          "--entrypoints.web.forwardedheaders.insecure=false",
          `--entrypoints.web.http.redirections.entrypoint.to=:${tlsPort}`,
          "--entrypoints.web.http.redirections.entrypoint.scheme=https",
          // A browser keeps a permanent redirect longer than a cluster keeps its ports.
          "--entrypoints.web.http.redirections.entrypoint.permanent=false",
          `--entrypoints.websecure.address=127.0.0.1:${tlsPort}`,
          "--entrypoints.websecure.forwardedheaders.insecure=false",
          "--entrypoints.websecure.http.tls=true",
          `--providers.file.filename=${gatewayFile(folder)}`,
          "--providers.file.watch=false",
          "--providers.kubernetesingress=true",
          `--providers.kubernetesingress.ingressclass=${ingressClass}`,
          "--providers.kubernetesingress.ingressendpoint.ip=127.0.0.1",
          "--providers.kubernetesingress.throttleduration=100ms",
          "--providers.kubernetescrd=true",
          "--providers.kubernetescrd.throttleduration=100ms",
          "--providers.providersthrottleduration=100ms",
          "--log.level=INFO",
        ],
        env: { KUBECONFIG: join(folder.clients, "gateway.conf"), [marker]: folder.root },
        log: join(folder.logs, "traefik.log"),
        // Not Traefik's own /ping: on this port it would hide the path of that name of every app.
        ready: { tcp: `127.0.0.1:${tlsPort}` },
        readyTimeoutSeconds: 30,
      },
    ],
  };
}
