import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { repositoryPath } from "../root";
import type { Recipe } from "../types";
import { nodeId, nodeLayer } from "./node";

/** The callback broker: Node, and the service as one file. */
export async function oauthBrokerRecipe(): Promise<Recipe> {
  const program = await bundle();
  return {
    name: "oauth-broker",
    layers: [
      await nodeLayer(),
      {
        label: "oauth-broker",
        inputs: [program],
        estimateSeconds: 1,
        shared: false,
        async fill(folder) {
          await writeFile(join(folder, "oauth-broker.js"), program, { mode: 0o644 });
        },
      },
    ],
    config: {
      User: `${nodeId}:${nodeId}`,
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_ENV=production", "LANG=C.UTF-8"],
      Entrypoint: ["node", "/oauth-broker.js"],
      ExposedPorts: { "8080/tcp": {}, "8081/tcp": {} },
      StopSignal: "SIGTERM",
    },
  };
}

/** The service with all that it imports. Its text is the layer's key, so a change of any of its sources makes another image. */
async function bundle(): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    absWorkingDir: repositoryPath(),
    entryPoints: ["services/oauth-broker/main.ts"],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node22",
    logLevel: "silent",
  });
  return outputFiles.map(({ text }) => text).join("");
}
