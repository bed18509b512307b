import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";

import { debianTree, treeInputs, writeAccounts } from "../debian-tree";
import type { Recipe } from "../types";

/** User and group id of the server, the same as in docker.io/library/redis. */
const redisId = 999;

const packages = ["base-files", "coreutils", "dash", "libc-bin", "redis-server"];
const drop = [
  // Settings come from the pod. Debian's file is that of a machine-wide service.
  "etc/default",
  "etc/logrotate.d",
  "etc/redis",
  // What only the packages' set-up scripts and services use.
  "usr/sbin/adduser",
  "usr/sbin/deluser",
  "usr/bin/redis-benchmark",
];

/** Redis from Debian packages. Like docker.io/library/redis it runs what the pod says, as the same user. */
export function redisRecipe(): Promise<Recipe> {
  return Promise.resolve({
    name: "redis",
    layers: [
      {
        label: "Redis",
        inputs: treeInputs({ packages, drop }),
        estimateSeconds: 10,
        shared: false,
        async fill(folder, { signal }) {
          await debianTree(folder, { packages, drop }, signal);
          await writeAccounts(folder, [{ name: "redis", id: redisId, home: "/data" }]);
          await mkdir(join(folder, "data"));
          await chown(join(folder, "data"), redisId, redisId);
        },
      },
    ],
    config: {
      User: `${redisId}:${redisId}`,
      Env: ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"],
      Entrypoint: [],
      Cmd: ["redis-server"],
      WorkingDir: "/data",
      ExposedPorts: { "6379/tcp": {} },
      StopSignal: "SIGTERM",
    },
  });
}
