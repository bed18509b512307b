import { createSign } from "node:crypto";

/**
 * Signs the token by which a GitHub App proves who it is (GitHub docs, "Generating a JSON Web Token for a GitHub App": RS256, ten minutes
 * at most, issued a minute ago lest clocks differ).
 *
 * @param id the App's ID
 * @param key its private key in PEM
 */
export function appToken(id: string, key: string, now = Date.now()): string {
  const seconds = Math.floor(now / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const content = `${part({ alg: "RS256", typ: "JWT" })}.${part({ iat: seconds - 60, exp: seconds + 540, iss: id })}`;
  return `${content}.${createSign("RSA-SHA256").update(content).sign(key, "base64url")}`;
}
