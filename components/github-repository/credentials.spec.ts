import assert from "node:assert/strict";
import { looksLikeSecret } from "./credentials";

/** Put together here, so that no scanner takes this file for a leak. */
const join = (...parts: string[]) => parts.join("");

describe("a credential in plain text", () => {
  for (const [text, expected] of [
    [join("gh", "p_", "a1B2c3D4e5F6g7H8i9J0"), "a GitHub token"],
    [join("token=github", "_pat_", "11ABCDEFG0123456789_abcdef"), "a GitHub token"],
    [join("np", "m_", "a1B2c3D4e5F6g7H8i9J0"), "an npm token"],
    [join("AK", "IA", "IOSFODNN7EXAMPLE"), "an AWS access key"],
    [join("xo", "xb-", "123456789012-abcdef"), "a Slack token"],
    [join("sk_", "live_", "a1B2c3D4e5F6"), "a Stripe key"],
    [join("-----BEGIN ", "RSA PRIVATE KEY-----\nMIIE"), "a private key"],
    [join("postgres://app:", "hunter2@db.example.com/app"), "a URL with a password"],
  ] as const) {
    it(`is told: ${expected}`, () => assert.equal(looksLikeSecret(text), expected));
  }

  for (const text of [
    "",
    "eu-central-1",
    "https://user@example.com/a:b@c",
    "arn:aws:iam::111122223333:role/push",
    "ghp_",
    "npm_config_registry",
    "sha256:0123456789abcdef",
    "-----BEGIN CERTIFICATE-----",
  ]) {
    it(`is not seen in ${JSON.stringify(text)}`, () => assert.equal(looksLikeSecret(text), undefined));
  }
});
