import { chmod, chown, copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { debianTree, treeInputs, writeAccounts } from "../debian-tree";
import { repositoryPath } from "../root";
import type { Recipe } from "../types";

/** Of Debian 12. Programs live in a folder of the major version, so it is part of paths. */
const major = "15";
/** User and group id of the server, the same as in docker.io/library/postgres. */
const postgresId = 999;

const packages = [
  "base-files",
  "coreutils",
  "dash",
  "libc-bin",
  `postgresql-${major}`,
  `postgresql-client-${major}`,
  "tzdata",
];
const drop = [
  // Just-in-time compilation pays off in long analytical queries and costs 160 MB; the server works without it.
  "usr/lib/x86_64-linux-gnu/libLLVM*",
  "usr/lib/x86_64-linux-gnu/libz3*",
  `usr/lib/postgresql/${major}/lib/bitcode`,
  `usr/lib/postgresql/${major}/lib/llvmjit*`,
  `usr/lib/postgresql/${major}/lib/pgxs`,
  // Debian's multi-version wrappers are Perl scripts; PATH starts with the programs themselves instead.
  "usr/lib/x86_64-linux-gnu/libperl*",
  "usr/share/postgresql-common",
  "etc/perl",
  "etc/postgresql-common",
];

/** PostgreSQL from Debian packages, behaving like docker.io/library/postgres towards a pod. */
export async function postgresRecipe(): Promise<Recipe> {
  const entrypoint = repositoryPath("local/images/postgres/entrypoint.sh");
  return {
    name: "postgres",
    layers: [
      {
        label: "PostgreSQL",
        inputs: [...treeInputs({ packages, drop }), await readFile(entrypoint, "utf8")],
        estimateSeconds: 25,
        shared: false,
        async fill(folder, { signal }) {
          await debianTree(folder, { packages, drop }, signal);
          await writeAccounts(folder, [{ name: "postgres", id: postgresId, home: "/var/lib/postgresql" }]);
          await mkdir(join(folder, "usr/local/bin"), { recursive: true });
          await copyFile(entrypoint, join(folder, "usr/local/bin/docker-entrypoint.sh"));
          await chmod(join(folder, "usr/local/bin/docker-entrypoint.sh"), 0o755);
          await mkdir(join(folder, "docker-entrypoint-initdb.d"));
          for (const path of ["var/lib/postgresql", "var/lib/postgresql/data", "var/run/postgresql"]) {
            await mkdir(join(folder, path), { recursive: true });
            await chown(join(folder, path), postgresId, postgresId);
          }
          await chmod(join(folder, "var/lib/postgresql/data"), 0o700);
        },
      },
    ],
    config: {
      User: `${postgresId}:${postgresId}`,
      Env: [
        `PATH=/usr/lib/postgresql/${major}/bin:/usr/local/bin:/usr/bin:/bin`,
        `PG_MAJOR=${major}`,
        "PGDATA=/var/lib/postgresql/data",
        "LANG=C.UTF-8",
      ],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["postgres"],
      ExposedPorts: { "5432/tcp": {} },
      // Fast shutdown: sessions are ended. SIGTERM would wait for clients to leave, longer than any grace period.
      StopSignal: "SIGINT",
    },
  };
}
