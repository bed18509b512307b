import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { cacheDir } from "../../../local/paths";

const run = promisify(execFile);
const sources = ["package.json", "package-lock.json", "provider.mjs"];

/**
 * The provider as one ECMAScript module. Its packages are installed on first need, in the cache; most test runs never need them.
 *
 * @returns its text, below the megabyte that a ConfigMap may have
 */
export async function providerProgram(): Promise<string> {
  const texts = await Promise.all(sources.map((name) => readFile(join(__dirname, name), "utf8")));
  const key = createHash("sha256").update(JSON.stringify(texts)).digest("hex").slice(0, 12);
  const folder = join(cacheDir(), "test", `openid-provider-${key}`);
  if (!existsSync(folder)) {
    await mkdir(join(cacheDir(), "test"), { recursive: true });
    const fresh = await mkdtemp(join(cacheDir(), "test", "fresh-"));
    try {
      for (const name of sources) await copyFile(join(__dirname, name), join(fresh, name));
      await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: fresh });
      await rename(fresh, folder).catch((error: unknown) => {
        // Another run was faster.
        if (!existsSync(folder)) throw error;
      });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  }
  const { outputFiles } = await build({
    entryPoints: [join(folder, "provider.mjs")],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    minify: true,
    // It files its records by the names of its classes.
    keepNames: true,
    logLevel: "silent",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return outputFiles.map(({ text }) => text).join("");
}
