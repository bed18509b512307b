import { PROXY_CALLBACK_PATH, PROXY_PORTS } from "../../../config/oauth";
import { APP, workloadsOf } from "../../../config/workloads";
import type { PlatformFacts } from "../../../config/platform";
import type { PlanContext } from "../context";

/* The settings of the proxy: Apache with mod_auth_openidc. */

type Oauth = NonNullable<PlatformFacts["oauth"]>;
type Provider = NonNullable<Oauth["oidc"]>;

/** Who may enter. */
interface People {
  emails: readonly string[];
  emailDomains: readonly string[];
  groups: readonly string[];
}

/** Something that has a URL. */
interface GuardedRoute {
  /** Name of its Service. */
  name: string;
  port: number;
  host: string;
  url: string;
}

/** All that has a URL: the app, and public services. */
function guardedRoutes({ config, host, url, services }: PlanContext): GuardedRoute[] {
  return workloadsOf(config).flatMap(({ name, port }) => {
    const route = name === APP ? (host === null || url === null ? undefined : { host, url }) : services[name];
    return route === undefined || port === undefined ? [] : [{ name, port, ...route }];
  });
}

/** Name of the session's cookie. It has no domain, so browsers send it to this one host only. */
const COOKIE = "berth_session";

/** Longest life of a session, in seconds: a working day. */
const SESSION_SECONDS = 8 * 3600;

/**
 * Writes the settings of an environment's proxy.
 *
 * It speaks to the provider by way of the platform's broker, which alone has the client's secret. The session is in an encrypted
 * cookie, which the app never gets. No access log: a log-in's path has its code.
 */
export function proxyConfig(context: PlanContext, oauth: Oauth, provider: Provider): string {
  const { config, namespace } = context;
  const routes = guardedRoutes(context);
  const [first] = routes;
  const cookies = [COOKIE, `${COOKIE}_chunks`, ...Array.from({ length: 8 }, (_, index) => `${COOKIE}_${index}`)];
  return `ServerRoot /usr/lib/apache2
${[
  "mpm_event",
  "authn_core",
  "authz_core",
  "authz_user",
  "headers",
  "reqtimeout",
  "proxy",
  "proxy_http",
  "auth_openidc",
]
  .map((name) => `LoadModule ${name}_module modules/mod_${name}.so`)
  .join("\n")}

ServerName ${first?.host ?? namespace}
ServerTokens Prod
ServerSignature Off
TraceEnable Off
DefaultRuntimeDir /tmp
PidFile /tmp/httpd.pid
Mutex file:/tmp default
ErrorLog /dev/stderr
LogLevel warn
StartServers 1
ServerLimit 2
ThreadsPerChild 64
MaxRequestWorkers 128
# Longer than the gateway keeps a connection that nobody uses, so that it never sends into one that is just closing.
KeepAliveTimeout 120
MaxKeepAliveRequests 0
# Sessions with many groups make long cookies.
LimitRequestFieldSize 32768
LimitRequestLine 16384

Listen ${PROXY_PORTS.http}
Listen ${PROXY_PORTS.health}

OIDCProviderMetadataURL ${oauth.internalUrl}/discovery/${namespace}
OIDCClientID ${provider.clientId}
OIDCClientSecret "\${PROXY_KEY}"
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCResponseType code
OIDCPKCEMethod S256
OIDCScope "${provider.scopes.join(" ")}"
OIDCRedirectURI ${first?.url ?? ""}${PROXY_CALLBACK_PATH}
OIDCXForwardedHeaders X-Forwarded-Host X-Forwarded-Port X-Forwarded-Proto
OIDCCryptoPassphrase "\${PROXY_COOKIE}"
OIDCSessionType client-cookie
OIDCCookie ${COOKIE}
OIDCCookieHTTPOnly On
OIDCCookieSameSite On
OIDCSessionInactivityTimeout ${SESSION_SECONDS}
OIDCSessionMaxDuration ${SESSION_SECONDS}
OIDCStateMaxNumberOfCookies 7 true
OIDCStateTimeout 600
OIDCRemoteUserClaim sub
OIDCPassClaimsAs environment
ErrorDocument 403 "You are logged in, but not among those who may enter this preview environment."
OIDCPassRefreshToken Off
OIDCStripCookies ${cookies.join(" ")}

${routes.map((route) => virtualHost(route, config.access.oidc, provider)).join("\n")}
<VirtualHost *:${PROXY_PORTS.health}>
  DocumentRoot /etc/access-proxy/health
  <Directory /etc/access-proxy/health>
    Require all granted
  </Directory>
</VirtualHost>
`;
}

/** What the proxy takes to one app or service. */
function virtualHost(route: GuardedRoute, people: People, provider: Provider): string {
  return `<VirtualHost *:${PROXY_PORTS.http}>
  ServerName ${route.host}
  OIDCRedirectURI ${route.url}${PROXY_CALLBACK_PATH}
  AllowEncodedSlashes NoDecode
  MergeSlashes Off
  ProxyRequests Off
  ProxyPreserveHost On
  # The gateway has set them; once more would double the host.
  ProxyAddHeaders Off
  ProxyTimeout 3600
  ProxyPass ${PROXY_CALLBACK_PATH} !
  # A connection of its own for each request: pods come and go behind their Service.
  ProxyPass / http://${route.name}:${route.port}/ nocanon upgrade=websocket disablereuse=on
${["User", "Email", "Groups"].map((name) => `  RequestHeader unset X-Forwarded-${name}`).join("\n")}
  RequestHeader set X-Forwarded-User "%{OIDC_CLAIM_sub}e" env=OIDC_CLAIM_sub
  RequestHeader set X-Forwarded-Email "%{OIDC_CLAIM_email}e" env=OIDC_CLAIM_email
  RequestHeader set X-Forwarded-Groups "%{OIDC_CLAIM_${provider.groupsClaim}}e" env=OIDC_CLAIM_${provider.groupsClaim}
  <Location />
    AuthType openid-connect
    # Who has logged in and may not enter gets no second log-in, which would end the same way.
    AuthzSendForbiddenOnFailure On
    <RequireAll>
      Require valid-user
${block(provider.allow, provider)}${block(people, provider)}    </RequireAll>
  </Location>
  <Location ${PROXY_CALLBACK_PATH}>
    AuthType openid-connect
    Require valid-user
  </Location>
</VirtualHost>
`;
}

/** What Apache asks of the claims of a person who is to be on one of the lists; nothing where there is no list. */
function block({ emails, emailDomains, groups }: People, { groupsClaim, requireVerifiedEmail }: Provider): string {
  const addresses = [
    ...emails.map((email) => `Require claim "email~(?i)^${escape(email)}$"`),
    ...emailDomains.map((domain) => `Require claim "email~(?i)^[^@\\s]+@${escape(domain)}$"`),
  ];
  const ofGroups = groups.map((group) => `Require claim "${groupsClaim}:${group}"`);
  if (addresses.length + ofGroups.length === 0) return "";
  const byAddress = requireVerifiedEmail
    ? [
        "<RequireAll>",
        "  Require claim email_verified:true",
        "  <RequireAny>",
        ...addresses.map((line) => `    ${line}`),
        "  </RequireAny>",
        "</RequireAll>",
      ]
    : addresses;
  const lines = [
    "<RequireAny>",
    ...(addresses.length > 0 ? byAddress : []).map((line) => `  ${line}`),
    ...ofGroups.map((line) => `  ${line}`),
    "</RequireAny>",
  ];
  return lines.map((line) => `      ${line}\n`).join("");
}

/** Text as a regular expression that matches it and nothing else; of its characters, only these mean something there. */
function escape(text: string): string {
  return text.replace(/[.+]/g, "\\$&");
}
