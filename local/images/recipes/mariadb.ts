import { chmod, chown, copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { debianTree, treeInputs, writeAccounts } from "../debian-tree";
import { repositoryPath } from "../root";
import type { Recipe } from "../types";

/** User and group id of the server, the same as in docker.io/library/mariadb. */
const mariadbId = 999;

const packages = [
  "base-files",
  "coreutils",
  "dash",
  "libc-bin",
  // The client's package has the check `mariadb-admin ping`, and dumps for people.
  "mariadb-client",
  "mariadb-server-core",
  "sed",
  "tzdata",
];
const drop = [
  "usr/lib/x86_64-linux-gnu/libperl*",
  "etc/perl",
  // Settings come as arguments. Debian's files name log folders and a socket of a machine-wide server.
  "etc/mysql",
  // Programs of 5 MB each for load tests, replication and repair, which a preview never needs.
  "usr/bin/innochecksum",
  "usr/bin/mariadb-binlog",
  "usr/bin/mariadb-conv",
  "usr/bin/mariadb-import",
  "usr/bin/mariadb-plugin",
  "usr/bin/mariadb-show",
  "usr/bin/mariadb-slap",
  "usr/bin/mariadb-tzinfo-to-sql",
  "usr/bin/mariadb-waitpid",
  "usr/bin/perror",
  "usr/bin/replace",
  "usr/bin/resolve_stack_dump",
];

/** MariaDB from Debian packages, behaving like docker.io/library/mariadb towards a pod. */
export async function mariadbRecipe(): Promise<Recipe> {
  const entrypoint = repositoryPath("local/images/mariadb/entrypoint.sh");
  return {
    name: "mariadb",
    layers: [
      {
        label: "MariaDB",
        inputs: [...treeInputs({ packages, drop }), await readFile(entrypoint, "utf8")],
        estimateSeconds: 25,
        shared: false,
        async fill(folder, { signal }) {
          await debianTree(folder, { packages, drop }, signal);
          await writeAccounts(folder, [{ name: "mysql", id: mariadbId, home: "/var/lib/mysql" }]);
          await mkdir(join(folder, "usr/local/bin"), { recursive: true });
          await copyFile(entrypoint, join(folder, "usr/local/bin/docker-entrypoint.sh"));
          await chmod(join(folder, "usr/local/bin/docker-entrypoint.sh"), 0o755);
          for (const path of ["var/lib/mysql", "run/mysqld"]) {
            await mkdir(join(folder, path), { recursive: true });
            await chown(join(folder, path), mariadbId, mariadbId);
          }
        },
      },
    ],
    config: {
      User: `${mariadbId}:${mariadbId}`,
      Env: ["PATH=/usr/sbin:/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["mariadbd"],
      ExposedPorts: { "3306/tcp": {} },
      StopSignal: "SIGTERM",
    },
  };
}
