import { copyFile, cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { repositoryPath } from "../root";
import { run } from "../run";
import type { Layer, Recipe } from "../types";
import { nodeId, nodeLayer } from "./node";

/**
 * The example app.
 *
 * @param version what the image says about its own build.
 */
export async function guestbookRecipe(version: string): Promise<Recipe> {
  return {
    name: "guestbook",
    layers: [await nodeLayer(), await appLayer(version)],
    config: {
      User: `${nodeId}:${nodeId}`,
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_ENV=production", "LANG=C.UTF-8"],
      Entrypoint: ["node", "src/server.js"],
      WorkingDir: "/app",
      ExposedPorts: { "3000/tcp": {} },
      StopSignal: "SIGTERM",
      Labels: { "org.opencontainers.image.title": "guestbook", "org.opencontainers.image.version": version },
    },
  };
}

async function appLayer(version: string): Promise<Layer> {
  const app = repositoryPath("examples/guestbook");
  const sources = (await readdir(join(app, "src"), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const files = [join(app, "package.json"), join(app, "package-lock.json"), ...sources];
  const contents = await Promise.all(files.map((file) => readFile(file, "utf8")));
  return {
    label: "guestbook",
    inputs: [version, ...files.map((file) => file.slice(app.length)), ...contents],
    estimateSeconds: 4,
    shared: false,
    async fill(folder, { signal }) {
      const target = join(folder, "app");
      await mkdir(target);
      for (const file of ["package.json", "package-lock.json"]) await copyFile(join(app, file), join(target, file));
      await cp(join(app, "src"), join(target, "src"), { recursive: true });
      await writeFile(join(target, "src/build.json"), `${JSON.stringify({ version })}\n`);
      await installPackages(target, signal);
      await run(["chmod", "-R", "u=rwX,go=rX", target], {
        signal,
        fixWhenMissing: "Install coreutils.",
        fixWhenFailed: "Try again.",
      });
    },
  };
}

async function installPackages(folder: string, signal?: AbortSignal): Promise<void> {
  const scratch = await mkdtemp(join(dirname(dirname(folder)), "npm-"));
  try {
    const flags = ["--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
    await run(["npm", "ci", ...flags, `--logs-dir=${scratch}`], {
      cwd: folder,
      signal,
      fixWhenMissing: "Install Node.js with npm and put it on PATH.",
      fixWhenFailed: "Check that the npm registry can be reached.",
    });
    // It records when and where the packages were installed, which would make every build another one.
    await rm(join(folder, "node_modules/.package-lock.json"), { force: true });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
