// Compiles the program, the command line and the stand-in plugins for clouds to dist/ with esbuild.
//
// Precompiled because it starts a stack faster than tsx: `npm run bench start` prints both figures.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const stamp = join(dist, "build.hash");
const sourceFolders = ["cli", "components", "config", "lifecycle", "local", "policies", "stacks"];
/** The stand-ins for clouds that are written in TypeScript. Each becomes one script that the engine can start. */
const plugins = ["aws", "eks", "github"].filter((name) => existsSync(join(root, "local/plugins", name, "main.ts")));

/** Every source that ends up in a bundle, with the files that decide how it is compiled. */
function inputs() {
  const files = [];
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name === "go") continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (/\.(ts|json)$/.test(entry.name) && !entry.name.endsWith(".spec.ts")) files.push(path);
    }
  };
  for (const folder of sourceFolders) if (existsSync(join(root, folder))) walk(join(root, folder));
  files.push(join(root, "package.json"), join(root, "package-lock.json"), fileURLToPath(import.meta.url));
  return files.sort();
}

/** A hash of names, sizes and modification times: cheap enough to check at each start of the command line. */
function fingerprint() {
  const hash = createHash("sha256");
  for (const file of inputs()) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${relative(root, file)}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest("hex");
}

/**
 * Compiles unless dist/ is of the present sources. Two builds at once are safe: each writes a folder of its own and
 * renames it into place.
 */
export async function ensureBuilt({ force = false } = {}) {
  const current = fingerprint();
  if (!force && existsSync(stamp) && readFileSync(stamp, "utf8") === current) return;
  const fresh = `${dist}.${process.pid}.new`;
  const old = `${dist}.${process.pid}.old`;
  const options = {
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node22",
    sourcemap: true,
    logLevel: "warning",
    // The engine's runner loads @pulumi/pulumi itself; a second copy inside a bundle would not share its state. Messages of the
    // engine's protocol are checked by their classes, so those must be the copies that @pulumi/pulumi uses.
    external: ["@pulumi/*", "@grpc/grpc-js", "google-protobuf", "google-protobuf/*", "esbuild", "playwright-core"],
    define: { "process.env.BERTH_ROOT": JSON.stringify(root) },
  };
  try {
    await Promise.all([
      build({
        ...options,
        entryPoints: {
          "cli/berth": "cli/berth.ts",
          "policies/index": "policies/index.ts",
          "stacks/index": "stacks/index.ts",
        },
        outdir: fresh,
      }),
      build({
        ...options,
        entryPoints: Object.fromEntries(
          plugins.map((name) => [`pulumi-resource-${name}`, `local/plugins/${name}/main.ts`]),
        ),
        outdir: join(fresh, "plugins"),
        banner: { js: "#!/usr/bin/env node" },
      }),
    ]);
    mkdirSync(fresh, { recursive: true });
    for (const name of plugins) chmodSync(join(fresh, "plugins", `pulumi-resource-${name}.js`), 0o755);
    writeFileSync(join(fresh, "build.hash"), current);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await ensureBuilt({ force: process.argv.includes("--force") });
