import { debianTree, treeInputs, writeAccounts } from "../debian-tree";
import type { Recipe } from "../types";

/** Debian's user `proxy`. */
const proxyId = 13;

const packages = ["base-files", "coreutils", "dash", "libc-bin", "openssl", "squid-openssl"];
const drop = [
  // Settings come from the pod. Debian's are those of a machine-wide service.
  "etc/default",
  "etc/logrotate.d",
  "etc/perl",
  "etc/resolvconf",
  "etc/squid/conf.d",
  "etc/squid/squid.conf",
  // Helpers for logging people in and for things that a proxy of one environment does not do.
  "usr/lib/squid/basic_*",
  "usr/lib/squid/digest_*",
  "usr/lib/squid/ext_*",
  "usr/lib/squid/negotiate_*",
  "usr/lib/squid/ntlm_*",
  "usr/lib/squid/security_*",
  "usr/lib/squid/url_*",
  // Only helpers and set-up scripts are Perl.
  "usr/lib/x86_64-linux-gnu/libperl*",
  // What only the packages' set-up scripts and services use.
  "usr/sbin/adduser",
  "usr/sbin/deluser",
  "usr/sbin/logrotate",
];

/** Squid from Debian packages, built with OpenSSL, which reading TLS greetings takes. A pod says how it is started. */
export function egressProxyRecipe(): Promise<Recipe> {
  return Promise.resolve({
    name: "egress-proxy",
    layers: [
      {
        label: "Squid",
        inputs: treeInputs({ packages, drop }),
        estimateSeconds: 13,
        shared: false,
        async fill(folder, { signal }) {
          await debianTree(folder, { packages, drop }, signal);
          await writeAccounts(folder, [{ name: "proxy", id: proxyId, home: "/tmp" }]);
        },
      },
    ],
    config: {
      User: `${proxyId}:${proxyId}`,
      Env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
      Entrypoint: [],
      Cmd: ["squid", "-N"],
      WorkingDir: "/tmp",
      ExposedPorts: { "3128/tcp": {} },
      StopSignal: "SIGTERM",
    },
  });
}
