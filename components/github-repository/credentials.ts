/* How to tell a credential that was put where everybody can read it. */

/** Credentials that are known by how they begin, and what to call them. */
const PREFIXES: readonly (readonly [pattern: RegExp, name: string])[] = [
  // GitHub docs, "About authentication to GitHub": GitHub's token formats.
  [/\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})/, "a GitHub token"],
  // npm docs, "About access tokens".
  [/\bnpm_[A-Za-z0-9]{16,}/, "an npm token"],
  // IAM user guide, "IAM identifiers": unique ID prefixes of access keys.
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/, "an AWS access key"],
  // Slack API docs, "Token types".
  [/\bxox[abeoprs]-[A-Za-z0-9-]{10,}/, "a Slack token"],
  // Stripe docs, "API keys".
  [/\b[rs]k_live_[A-Za-z0-9]{10,}/, "a Stripe key"],
  // RFC 7468.
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/, "a private key"],
  // RFC 3986, section 3.2.1: a password in the user information of a URL.
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]+:[^\s/@]+@/i, "a URL with a password"],
];

/**
 * Whether a text holds a credential of a known form.
 *
 * @returns what it looks like, such as `an npm token`; undefined for everything else, which may be a secret all the same
 */
export function looksLikeSecret(text: string): string | undefined {
  return PREFIXES.find(([pattern]) => pattern.test(text))?.[1];
}
