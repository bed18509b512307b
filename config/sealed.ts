/*
 * What a sealed value looks like (sealed-secrets, pkg/crypto): two bytes with the length of an RSA ciphertext, that ciphertext, and
 * behind it what AES-256-GCM gave, all of it in base64.
 */

/** Length of an RSA ciphertext, in bytes: of keys with 2048, 3072 and 4096 bits, and of 8192 for who wants more. */
const RSA_LENGTHS = [256, 384, 512, 1024];

/** Length of the tag that AES-GCM adds, in bytes. */
const TAG_LENGTH = 16;

/** Whether a text has the form of a sealed value. Plain text in its place never has. */
export function isSealed(text: string): boolean {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return false;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length < 2) return false;
  const length = bytes.readUInt16BE(0);
  return RSA_LENGTHS.includes(length) && bytes.length >= 2 + length + TAG_LENGTH;
}
