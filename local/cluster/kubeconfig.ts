import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { stringify } from "yaml";

import { writePrivate } from "./files";

/**
 * Writes a kubeconfig with its credentials inside, mode 0600.
 *
 * @param options.path where to write it.
 * @param options.pki folder of keys.
 * @param options.client name of the client certificate, `client-<client>.crt`.
 * @param options.server URL of the API server.
 * @param options.context name of cluster, user and context in the file.
 */
export async function writeKubeconfig(options: {
  path: string;
  pki: string;
  client: string;
  server: string;
  context: string;
}): Promise<void> {
  const [authority, certificate, key] = await Promise.all(
    ["ca.crt", `client-${options.client}.crt`, `client-${options.client}.key`].map(async (file) =>
      (await readFile(join(options.pki, file))).toString("base64"),
    ),
  );
  const name = options.context;
  await writePrivate(
    options.path,
    stringify(
      {
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name, cluster: { server: options.server, "certificate-authority-data": authority } }],
        users: [{ name, user: { "client-certificate-data": certificate, "client-key-data": key } }],
        contexts: [{ name, context: { cluster: name, user: name } }],
        "current-context": name,
      },
      { lineWidth: 0 },
    ),
  );
}
