import { join } from "node:path";

import type { SuperviseConfig } from "./components";
import { marker } from "./process";
import type { ClusterFolder } from "./spec";

/** IngressClass that the gateway serves. */
export const ingressClass = "berth";

/**
 * What runs the gateway: Traefik on the machine itself, listening on 127.0.0.1 only. It reads Ingresses and endpoints from
 * the API server and talks to the pods directly through the machine's route to them.
 *
 * @param options.port port on 127.0.0.1.
 * @param options.traefik path of the program.
 */
export function gatewaySupervision(options: { folder: ClusterFolder; traefik: string; port: number }): SuperviseConfig {
  const { folder, traefik, port } = options;
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
          "--providers.kubernetesingress=true",
          `--providers.kubernetesingress.ingressclass=${ingressClass}`,
          "--providers.kubernetesingress.ingressendpoint.ip=127.0.0.1",
          "--providers.kubernetesingress.throttleduration=100ms",
          "--providers.providersthrottleduration=100ms",
          "--log.level=INFO",
        ],
        env: { KUBECONFIG: join(folder.clients, "gateway.conf"), [marker]: folder.root },
        log: join(folder.logs, "traefik.log"),
        // Not Traefik's own /ping: on this port it would hide the path of that name of every app.
        ready: { tcp: `127.0.0.1:${port}` },
        readyTimeoutSeconds: 30,
      },
    ],
  };
}
