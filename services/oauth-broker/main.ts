import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { BROKER_PORTS } from "../../config/oauth";
import { clusterEnvironments, inClusterReader } from "./environments";
import { openIdProvider } from "./provider";
import { createBroker } from "./server";

/** The value of BROKER_SETTINGS: a file of this form. */
export interface BrokerFile {
  domain: string;
  scheme: "http" | "https";
  port: number;
  internalUrl: string;
  /** Absent when the platform has no provider. */
  oidc?: { issuer: string; clientId: string; clientSecretFile: string };
}

const file = JSON.parse(
  readFileSync(process.env["BROKER_SETTINGS"] ?? "/etc/oauth-broker/settings.json", "utf8"),
) as BrokerFile;
const { oidc, ...settings } = file;
const listeners = createBroker({
  ...settings,
  environments: clusterEnvironments(inClusterReader(process.env)),
  ...(oidc && {
    oidc: {
      clientId: oidc.clientId,
      provider: openIdProvider(
        { ...oidc, clientSecret: async () => (await readFile(oidc.clientSecretFile, "utf8")).trim() },
        () => performance.now(),
      ),
    },
  }),
  now: () => Math.floor(Date.now() / 1000),
  log: (event) => process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`),
});

// Milliseconds for a request's head and for all of it: who is slower is no browser.
const limits = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 30_000 };
const servers = [
  createServer(limits, listeners.public).listen(BROKER_PORTS.public),
  createServer(limits, listeners.internal).listen(BROKER_PORTS.internal),
];
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    for (const server of servers) {
      server.close();
      server.closeIdleConnections();
    }
  });
}
