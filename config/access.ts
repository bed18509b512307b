/* Who gets in at an environment's URL, and what every answer carries. Shared by berth.yaml and the platform's settings. */

/**
 * Who gets in. `public`: everyone who knows the URL. `basic`: who knows the environment's user and generated password. `oidc`: who has
 * logged in with the platform's OpenID provider and is on its list. Each asks for more than the one before it.
 */
export const ACCESS_MODES = ["public", "basic", "oidc"] as const;

/** One of {@link ACCESS_MODES}. */
export type AccessMode = (typeof ACCESS_MODES)[number];

/** The modes that keep out at least whom another keeps out: it, and those that ask for more of a visitor. */
export function asClosedAs(mode: AccessMode): readonly AccessMode[] {
  return ACCESS_MODES.slice(ACCESS_MODES.indexOf(mode));
}

/** How errors say what is accepted. */
export const ACCESS_MODE = "public, basic or oidc";

/** User name of `basic`; what keeps people out is the password. */
export const LOGIN_USER = "berth";

/** The annotation by which an Ingress names Traefik's Middlewares. */
export const MIDDLEWARES_ANNOTATION = "traefik.ingress.kubernetes.io/router.middlewares";

/** What an app speaks without TLS. `h2c` is HTTP/2 (RFC 9113); `grpc` is the same with gRPC's own health checks. */
export const APP_PROTOCOLS = ["http", "h2c", "grpc"] as const;

/** One of {@link APP_PROTOCOLS}. */
export type AppProtocol = (typeof APP_PROTOCOLS)[number];

/**
 * Headers that the gateway sets on every answer, unless the config says otherwise: those of the OWASP HTTP Headers Cheat Sheet that
 * hold for any app, and none that needs to know the app (a content security policy). Search engines are kept out, as a preview
 * would compete with the real site.
 */
export const RESPONSE_HEADERS: Readonly<Record<string, string>> = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "strict-origin-when-cross-origin",
  "X-Frame-Options": "SAMEORIGIN",
  "X-Robots-Tag": "noindex, nofollow",
};

/**
 * Added where URLs are https. One year in seconds, as the OWASP cheat sheet has it; without `includeSubDomains`, since nothing is below
 * an environment's host.
 */
export const TLS_RESPONSE_HEADERS: Readonly<Record<string, string>> = {
  "Strict-Transport-Security": "max-age=31536000",
};

/**
 * The headers in effect.
 *
 * @param scheme of the environment's URL
 * @param changes by name in any case: another value, or `false` to leave the header to the app
 */
export function responseHeaders(
  scheme: "http" | "https",
  changes: Readonly<Record<string, string | false>>,
): Record<string, string> {
  const headers = { ...RESPONSE_HEADERS, ...(scheme === "https" ? TLS_RESPONSE_HEADERS : {}) };
  const names = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]));
  for (const [given, value] of Object.entries(changes)) {
    const name = names.get(given.toLowerCase()) ?? given;
    if (value === false) Reflect.deleteProperty(headers, name);
    else headers[name] = value;
  }
  return headers;
}
