import { chmod, copyFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";

import { LocalError } from "../../errors";
import { hashFile } from "../key";
import type { Recipe } from "../types";

/**
 * The cluster's DNS server: the toolchain's binary under the name by which it acts as CoreDNS.
 *
 * @param berthNode absolute path of the binary.
 * @throws LocalError when it is not given or not there.
 */
export async function corednsRecipe(berthNode: string | undefined): Promise<Recipe> {
  if (berthNode === undefined || !isAbsolute(berthNode)) {
    throw new LocalError({
      message: `The image coredns needs the absolute path of the berth-node binary, not ${JSON.stringify(berthNode)}.`,
      fix: "Pass the option berthNode, as ensureToolchain() returns it.",
      exitCode: 1,
    });
  }
  const hash = await hashFile(berthNode).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new LocalError({
      message: `There is no berth-node binary at ${berthNode}.`,
      fix: "Build the toolchain first: berth local up does it.",
    });
  });
  return {
    name: "coredns",
    layers: [
      {
        label: "coredns",
        inputs: [hash],
        estimateSeconds: 2,
        shared: false,
        async fill(folder) {
          await copyFile(berthNode, join(folder, "coredns"));
          await chmod(join(folder, "coredns"), 0o755);
        },
      },
    ],
    config: {
      User: "65532:65532",
      Env: ["PATH=/"],
      Entrypoint: ["/coredns"],
      ExposedPorts: { "53/udp": {}, "53/tcp": {} },
    },
  };
}
