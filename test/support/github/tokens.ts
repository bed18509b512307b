import { createHash, createVerify, randomBytes, timingSafeEqual } from "node:crypto";

import { Refusal } from "./http";
import type { StoredApp } from "./state";

/*
 * Who may ask for what: the one token of a person, and those of GitHub Apps, which last an hour.
 */

/** How long the token of an installation lasts, in milliseconds (GitHub docs, "Generating an installation access token for a GitHub App"). */
const lifetime = 3_600_000;

/** How long a token may last by which an App says who it is, in seconds (GitHub docs, "Generating a JSON Web Token": ten minutes). */
const longestAppToken = 600;

/** Tokens that are good. */
export class Tokens {
  private readonly ofInstallations = new Map<string, number>();

  constructor(
    private readonly personal: string,
    private readonly apps: readonly StoredApp[],
  ) {}

  /** Makes a token for an installation of an App that says who it is by a signed token. */
  install(installationId: string, appToken: string): { token: string; expires_at: string } {
    const app = this.apps.find((one) => isSignedBy(appToken, one));
    if (app === undefined) throw new Refusal(401, "A JSON web token could not be decoded");
    if (app.installationId !== installationId) throw new Refusal(404, "Not Found");
    const token = `ghs_${randomBytes(18).toString("hex")}`;
    const until = Math.floor((Date.now() + lifetime) / 1000) * 1000;
    this.ofInstallations.set(token, until);
    return { token, expires_at: new Date(until).toISOString().replace(".000Z", "Z") };
  }

  /** Ends all tokens of installations, as an hour does. */
  expire(): void {
    this.ofInstallations.clear();
  }

  /** Whether a token is good for requests. */
  isGood(token: string): boolean {
    return sameText(token, this.personal) || (this.ofInstallations.get(token) ?? 0) > Date.now();
  }
}

function isSignedBy(token: string, { id, publicKey }: StoredApp): boolean {
  const [header, content, signature] = token.split(".");
  if (header === undefined || content === undefined || signature === undefined) return false;
  const isSigned = createVerify("RSA-SHA256").update(`${header}.${content}`).verify(publicKey, signature, "base64url");
  if (!isSigned) return false;
  const claims = JSON.parse(Buffer.from(content, "base64url").toString("utf8")) as {
    iss: string | number;
    iat: number;
    exp: number;
  };
  const now = Date.now() / 1000;
  return String(claims.iss) === id && claims.iat <= now && claims.exp > now && claims.exp - now <= longestAppToken;
}

/** Compares without telling by its time how much is the same. */
function sameText(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash("sha256").update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
