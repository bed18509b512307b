import sodium from "libsodium-wrappers";

/**
 * Seals a secret so that only GitHub can open it (GitHub docs, "Encrypting secrets for the REST API": libsodium's sealed box).
 *
 * @param publicKey GitHub's public key for this place, as base64
 * @returns the sealed box as base64
 */
export async function seal(value: string, publicKey: string): Promise<string> {
  await sodium.ready;
  const sealed = sodium.crypto_box_seal(Buffer.from(value, "utf8"), Buffer.from(publicKey, "base64"));
  return Buffer.from(sealed).toString("base64");
}
