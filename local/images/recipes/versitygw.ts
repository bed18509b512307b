import { chown, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";

import { debianTree, treeInputs, writeAccounts } from "../debian-tree";
import { buildGo, goInputs, type GoProgram } from "../go-program";
import type { Recipe } from "../types";

/** User and group id of the server, the one that Berth's pods of databases have. ghcr.io/versity/versitygw runs as any. */
const gatewayId = 999;

/** BusyBox, and the client that puts a seed into a bucket, with the types that it gives to objects by their names. */
const packages = ["busybox-static", "media-types", "rclone"];
const drop = ["usr/share/initramfs-tools", "etc/kernel"];

/** Commands of BusyBox that a pod uses, as in the upstream image, which has Alpine's. */
const commands = ["cat", "cp", "date", "echo", "grep", "id", "ls", "mkdir", "sh", "sleep", "timeout", "touch", "wget"];

const program: GoProgram = {
  folder: "versitygw",
  module: "github.com/versity/versitygw",
  package: "cmd/versitygw",
  tags: [],
};

/** The Versity S3 Gateway, from its Go module, on BusyBox, and rclone. */
export async function versitygwRecipe(): Promise<Recipe> {
  return {
    name: "versitygw",
    layers: [
      {
        label: "a shell for the S3 gateway",
        inputs: [...treeInputs({ packages, drop }), ...commands],
        estimateSeconds: 8,
        shared: true,
        async fill(folder, { signal }) {
          await debianTree(folder, { packages, drop }, signal);
          await mkdir(join(folder, "usr/bin"), { recursive: true });
          for (const name of commands) await symlink("/bin/busybox", join(folder, "usr/bin", name));
          await writeAccounts(folder, [{ name: "versitygw", id: gatewayId, home: "/data" }]);
          await mkdir(join(folder, "data"));
          await chown(join(folder, "data"), gatewayId, gatewayId);
        },
      },
      {
        label: "Versity S3 Gateway, compiled once",
        inputs: await goInputs(program),
        estimateSeconds: 150,
        shared: false,
        async fill(folder, { signal }) {
          await buildGo(program, folder, signal);
        },
      },
    ],
    config: {
      User: `${gatewayId}:${gatewayId}`,
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin"],
      Entrypoint: ["versitygw"],
      ExposedPorts: { "9000/tcp": {} },
      StopSignal: "SIGTERM",
    },
  };
}
