import { debianTree, treeInputs, writeAccounts } from "../debian-tree";
import type { Recipe } from "../types";

/** User and group id of the proxy. */
const proxyId = 65532;

const packages = ["apache2-bin", "base-files", "libapache2-mod-auth-openidc", "libc-bin"];
const drop = [
  "usr/lib/x86_64-linux-gnu/libperl*",
  "etc/perl",
  // Settings come in a file of the pod's own.
  "etc/apache2",
];

/**
 * The proxy in front of an app with access.mode oidc: Apache and mod_auth_openidc, which the OpenID Foundation has certified as a
 * relying party, from Debian's packages with Debian's security fixes.
 */
export function accessProxyRecipe(): Promise<Recipe> {
  return Promise.resolve({
    name: "access-proxy",
    layers: [
      {
        label: "Apache with mod_auth_openidc",
        inputs: treeInputs({ packages, drop }),
        estimateSeconds: 20,
        shared: false,
        async fill(folder, { signal }) {
          await debianTree(folder, { packages, drop }, signal);
          await writeAccounts(folder, [{ name: "proxy", id: proxyId, home: "/nonexistent" }]);
        },
      },
    ],
    config: {
      User: `${proxyId}:${proxyId}`,
      Env: ["PATH=/usr/sbin:/usr/bin:/bin", "LANG=C.UTF-8"],
      Entrypoint: ["/usr/sbin/apache2"],
      Cmd: ["-D", "FOREGROUND", "-f", "/etc/access-proxy/httpd.conf"],
      ExposedPorts: { "4180/tcp": {} },
      StopSignal: "SIGTERM",
    },
  });
}
