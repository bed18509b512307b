import { FORBIDDEN_RANGES, PRIVATE_RANGES } from "../../../config/cidr";
import { EGRESS_PROXY, EGRESS_PROXY_PORT } from "../../../config/egress";
import type { HostRule } from "../../../config/egress";

/** Where the proxy's settings are mounted. */
export const SETTINGS_FOLDER = "/etc/berth";

/** Where the proxy makes the key pair that Squid demands of a port on which it reads TLS greetings. Nobody ever sees it. */
export const KEY_PAIR = "/tmp/proxy.pem";

/**
 * IPv6 addresses that no name may lead to: unspecified, loopback, local (RFC 4193), link-local, multicast, and those that stand for IPv4
 * ones (RFC 6052, RFC 3056).
 */
export const CLOSED_IPV6 = ["::/128", "::1/128", "fc00::/7", "fe80::/10", "ff00::/8", "64:ff9b::/96", "2002::/16"];

/**
 * Squid's settings (5.7, its reference: squid-cache.org/Versions/v5/cfgman) for a set of rules.
 *
 * A request passes when its host, as the client names it, is allowed on its port and leads to public addresses only. In a tunnel Squid
 * reads the client's TLS greeting and holds the name in it (SNI) against the same rule, then passes the bytes on as they are: nothing is
 * decrypted. What is not TLS gets no tunnel. Addresses in place of names are refused, as there is nothing to compare.
 *
 * A greeting without a name counts as one for the tunnel's host. Squid resolves a name once and connects to what it has checked; should it
 * ever not, the proxy's NetworkPolicy still has no way to a private address.
 *
 * Tunnels to other hosts pass `http_access` and are ended by `ssl_bump`: one that `http_access` refuses gets its answer inside TLS, with a
 * certificate that the client complains about in place of the refusal. `ssl_bump` has nothing that waits, since what it cannot decide it
 * splices (src/client_side_request.cc).
 */
export function squidSettings(rules: readonly HostRule[]): string {
  const acls = rules.flatMap(({ host, ports }, index) => [
    // -n: never asks DNS which name an address has.
    `acl host_${index} dstdom_regex -n -i ${pattern(host)}`,
    `acl name_${index} ssl::server_name_regex -i ${pattern(host)}`,
    `acl ports_${index} port ${ports.join(" ")}`,
  ]);
  return `${[
    `http_port ${EGRESS_PROXY_PORT} ssl-bump tls-cert=${KEY_PAIR} generate-host-certificates=off`,
    "acl greeting at_step SslBump1",
    "acl tunnel method CONNECT",
    "acl plain proto HTTP",
    `acl closed dst ${[...FORBIDDEN_RANGES, ...PRIVATE_RANGES, ...CLOSED_IPV6].join(" ")}`,
    ...acls,
    // Nothing else that Squid speaks: no FTP, and no TLS of its own on behalf of a client.
    "http_access deny !tunnel !plain",
    ...rules.flatMap((_, index) => [
      `http_access deny host_${index} ports_${index} closed`,
      `http_access allow host_${index} ports_${index}`,
    ]),
    "http_access allow tunnel",
    "http_access deny all",
    ...rules.map((_, index) => `ssl_bump peek greeting host_${index} ports_${index}`),
    "ssl_bump terminate greeting",
    ...rules.map((_, index) => `ssl_bump splice host_${index} name_${index} ports_${index}`),
    "ssl_bump terminate all",
    // Never tunnel: what is no TLS is at an end.
    "on_unsupported_protocol respond all",
    // It passes on and keeps nothing.
    "cache deny all",
    "cache_mem 0",
    "memory_pools off",
    "forwarded_for delete",
    "via off",
    "httpd_suppress_version_string on",
    `visible_hostname ${EGRESS_PROXY}`,
    "pid_filename none",
    "coredump_dir none",
    "pinger_enable off",
    "netdb_filename none",
    "max_filedescriptors 4096",
    // `berth logs --egress` reads it (lifecycle/egress-log.ts). Which host was refused is what a developer looks for; paths and queries may be secrets.
    // The greeting's name is any text: encoded (#), so that it can neither end the line nor hide it.
    "logformat berth %ts.%03tu %>a %Ss/%03>Hs %rm %>rd:%>rP %#ssl::>sni %ssl::bump_mode",
    // Not the probes, which connect and say nothing.
    "acl asked has request",
    "access_log stdio:/dev/stdout berth asked",
    "cache_log /dev/null",
    // Open tunnels get this long once the pod is to end.
    "shutdown_lifetime 3 seconds",
  ].join("\n")}\n`;
}

/** A host as an extended regular expression of POSIX: the whole name. */
function pattern(host: string): string {
  const escaped = host.replace(/^\*\./, "").replaceAll(".", "\\.");
  return host.startsWith("*.") ? `^([a-z0-9_-]+\\.)+${escaped}$` : `^${escaped}$`;
}
