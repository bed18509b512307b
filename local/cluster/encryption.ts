import { randomBytes } from "node:crypto";

import { stringify } from "yaml";

import { readIfPresent, writePrivate } from "./files";

/**
 * The API server's EncryptionConfiguration: Secrets are stored under XSalsa20-Poly1305 with one 32-byte key. `identity` is
 * left out on purpose, so a Secret that somebody put into etcd in plain text cannot be read.
 *
 * @param key 32 random bytes in base64.
 */
export function encryptionConfiguration(key: string): string {
  return stringify({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{ resources: ["secrets"], providers: [{ secretbox: { keys: [{ name: "key1", secret: key }] } }] }],
  });
}

/** Writes the configuration with a new key, mode 0600, unless the file is there: the key must outlive every restart. */
export async function ensureEncryption(path: string): Promise<void> {
  if ((await readIfPresent(path)) !== null) return;
  await writePrivate(path, encryptionConfiguration(randomBytes(32).toString("base64")));
}
