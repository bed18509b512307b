import { LocalError } from "../errors";
import { containerdSocket } from "./components";
import { run } from "./process";
import { clusterFolder } from "./spec";
import { supervisorPid } from "./supervisor";
import type { ClusterFolder } from "./spec";

/** An image archive in the OCI layout. */
export interface ImageArchive {
  /** Absolute path of the archive. */
  archive: string;
  /** The image by digest, `<name>@sha256:…`. */
  ref: string;
  /** The image by tag, `<name>:<tag>`, as it is called inside the archive. */
  tag: string;
}

/**
 * Runs a program inside a real node's namespaces, as if on that machine.
 *
 * @param nodePid first process of the node, see `supervisorPid`.
 * @returns the argument list for the machine.
 */
export function onNode(nodePid: number, argv: readonly string[]): string[] {
  return ["nsenter", "--target", String(nodePid), "--mount", "--pid", "--net", "--", ...argv];
}

const ctr = ["/usr/bin/ctr", "--address", containerdSocket, "--namespace", "k8s.io"];

/** Names of the images that the node's containerd has. */
async function presentImages(nodePid: number): Promise<Set<string>> {
  const { stdout } = await run(onNode(nodePid, [...ctr, "images", "list", "--quiet"]));
  return new Set(stdout.split("\n").filter((line) => line !== ""));
}

/**
 * Brings image archives to the node's containerd, under the name with tag and the name with digest. What is there already is
 * not read again.
 *
 * @param nodePid first process of the node.
 */
export async function importImages(
  nodePid: number,
  images: readonly ImageArchive[],
  signal?: AbortSignal,
): Promise<void> {
  const present = await presentImages(nodePid);
  await Promise.all(
    images
      .filter(({ ref, tag }) => !present.has(ref) || !present.has(tag))
      .map(async ({ archive, ref, tag }) => {
        await run(onNode(nodePid, [...ctr, "images", "import", "--all-platforms", archive]), {
          timeout: 300_000,
          ...(signal === undefined ? {} : { signal }),
        });
        await run(onNode(nodePid, [...ctr, "images", "tag", "--force", tag, ref]));
      }),
  );
}

/**
 * Brings one image archive to a running cluster.
 *
 * @param clusterName name of a cluster with a real node.
 * @param image its archive and names.
 * @throws LocalError (exit code 5) when the cluster does not run or simulates its nodes.
 */
export async function loadImage(clusterName: string, image: ImageArchive, signal?: AbortSignal): Promise<void> {
  const folder = clusterFolder(clusterName);
  await importImages(await runningNode(clusterName, folder), [image], signal);
}

/** First process of the cluster's node. */
export async function runningNode(clusterName: string, folder: ClusterFolder): Promise<number> {
  const pid = await supervisorPid(folder, "node");
  if (pid !== null) return pid;
  throw new LocalError({
    message: `The cluster ${clusterName} does not run.`,
    fix: `Start it with "berth local up --name ${clusterName}".`,
    exitCode: 5,
  });
}
