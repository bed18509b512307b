import { randomBytes } from "node:crypto";

import sodium from "libsodium-wrappers";

import type { KeyPair } from "./state";

/** A new key pair for sealed boxes, with an ID such as GitHub gives. */
export async function newKeyPair(): Promise<KeyPair> {
  await sodium.ready;
  const { publicKey, privateKey } = sodium.crypto_box_keypair("uint8array");
  return {
    id: BigInt(`0x${randomBytes(8).toString("hex")}`).toString(),
    publicKey: Buffer.from(publicKey).toString("base64"),
    privateKey: Buffer.from(privateKey).toString("base64"),
  };
}

/** Opens a sealed box. @returns undefined when it was not sealed with this key */
export async function open(sealed: string, key: KeyPair): Promise<string | undefined> {
  await sodium.ready;
  try {
    const bytes = sodium.crypto_box_seal_open(
      Buffer.from(sealed, "base64"),
      Buffer.from(key.publicKey, "base64"),
      Buffer.from(key.privateKey, "base64"),
    );
    return Buffer.from(bytes).toString("utf8");
  } catch {
    return undefined;
  }
}
