import { existsSync } from "node:fs";
import { link, mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";

import { LocalError } from "../errors";
import { cacheDir } from "../paths";
import { buildGroup, timingsPath } from "./build";
import { checkSpace, NEEDED_SPACE } from "./disk";
import type { ToolchainEvent } from "./events";
import { prepareGatewayModule } from "./gateway-module";
import { findGo, type Go } from "./go";
import { withLock } from "../lock";
import { chooseNode } from "./nodejs";
import { ALL_PARTS, binaries, requiredVersion, type Binary, type BinaryName, type Part } from "./parts";
import { binaryKey, planGroups, toolchainKey } from "./plan";
import { readSources, type Sources } from "./sources";
import { findSystemTools } from "./system-tools";

/** Absolute paths of the programs that the embedded cluster and its engine consist of. */
export interface Toolchain {
  /** Folder that holds all but Node; made to be put on PATH. */
  binDir: string;
  /** Every program of the node in one binary; see `berth-node help`. */
  berthNode: string;
  kubectl: string;
  pulumi: string;
  /** The language host and the provider stand-ins in one binary, which one it is being decided by its name. */
  berthPlugins: string;
  traefik: string;
  /** A Node that the engine can run programs with; its file name is `node`. */
  nodejs: string;
  /** Names the content of all binaries: another key, other binaries. */
  key: string;
}

/** What {@link ensureToolchain} is asked for. */
export interface EnsureOptions {
  /**
   * What must be there afterwards. Paths of other parts may point at nothing.
   * @default all
   */
  parts?: readonly Part[];
  /**
   * Uses a `pulumi` and a `kubectl` on PATH when their versions fit.
   * @default false
   */
  systemTools?: boolean;
  /** Called with each step. */
  onProgress?: (event: ToolchainEvent) => void;
  /** Interrupts a build. */
  signal?: AbortSignal;
}

/** Where a toolchain lies and what it is made from. */
interface Layout {
  sources: Sources;
  go: Go;
  table: Binary[];
  keys: Map<BinaryName, string>;
  /** Folder of all toolchains. */
  folder: string;
  toolchain: Toolchain;
}

/**
 * Builds what is missing of the toolchain, and returns where everything is. Two calls at once, also of two processes,
 * build once. Interrupted at any moment it leaves no half binary, and the next call goes on where it stopped.
 *
 * @param options what is wanted.
 * @throws LocalError when Go, Node or disk space is missing, when modules cannot be downloaded, or when Go fails.
 */
export async function ensureToolchain(options: EnsureOptions = {}): Promise<Toolchain> {
  const begin = performance.now();
  const onProgress = options.onProgress ?? (() => undefined);
  const parts = options.parts ?? ALL_PARTS;
  const layout = await plan();
  const replaced = options.systemTools === true ? await linkSystemTools(layout, onProgress) : new Set<string>();
  const present = (binary: Binary): boolean => replaced.has(binary.name) || existsSync(stored(layout, binary));
  const ready = (built: readonly string[]): Toolchain => {
    onProgress({ kind: "ready", built, seconds: (performance.now() - begin) / 1000 });
    return layout.toolchain;
  };

  if (planGroups(parts, layout.table, present).length === 0) {
    await assemble(layout, parts, replaced);
    return ready([]);
  }
  const lock = { onWait: () => onProgress({ kind: "waiting" }), signal: options.signal };
  return await withLock(join(layout.folder, "lock"), lock, async (descriptor) => {
    // Another process may have built it meanwhile.
    const groups = planGroups(parts, layout.table, present);
    if (groups.length > 0) await checkSpaceForBuild(layout);
    for (const group of groups) {
      const modules = join(layout.folder, "modules");
      const modFile = group.replaced
        ? await prepareGatewayModule(layout.go, layout.sources, modules, options.signal)
        : undefined;
      await buildAndStore(layout, group.binaries, (outputDir) =>
        buildGroup(group, modFile, {
          go: layout.go,
          sources: layout.sources,
          outputDir,
          lock: descriptor,
          timingsFile: timingsPath(layout.folder),
          onProgress,
          signal: options.signal,
        }),
      );
    }
    await assemble(layout, parts, replaced);
    return ready(groups.flatMap((group) => group.binaries.map((binary) => binary.name)));
  });
}

/**
 * The toolchain of the present sources, if what a running cluster and the engine need of it has been built. The gateway's program is
 * not asked for: clusters without a gateway never build it, and only starting one needs it, which ensures it.
 *
 * @returns null when a binary is missing or Go is not there to tell which toolchain it would be.
 * @throws LocalError when no suitable Node is found.
 */
export async function locateToolchain(): Promise<Toolchain | null> {
  let layout: Layout;
  try {
    layout = await plan();
  } catch (error) {
    if (error instanceof LocalError) return null;
    throw error;
  }
  const { berthNode, kubectl, pulumi, berthPlugins } = layout.toolchain;
  return [berthNode, kubectl, pulumi, berthPlugins].every((path) => existsSync(path)) ? layout.toolchain : null;
}

async function plan(): Promise<Layout> {
  const sources = await readSources();
  const [go, nodejs] = await Promise.all([findGo(sources.goMod), chooseNode(sources.root)]);
  const inputs = { ...sources, goVersion: go.version, arch: go.arch, sources: sources.files };
  const table = binaries(sources.goMod);
  const keys = new Map(table.map((binary) => [binary.name, binaryKey(binary, inputs)]));
  const key = toolchainKey(keys);
  const folder = join(cacheDir(), "toolchain");
  const binDir = join(folder, key, "bin");
  return {
    sources,
    go,
    table,
    keys,
    folder,
    toolchain: {
      binDir,
      berthNode: join(binDir, "berth-node"),
      kubectl: join(binDir, "kubectl"),
      pulumi: join(binDir, "pulumi"),
      berthPlugins: join(binDir, "berth-plugins"),
      traefik: join(binDir, "traefik"),
      nodejs,
      key,
    },
  };
}

/** Where a finished binary is kept: binaries whose inputs did not change serve several toolchains. */
function stored(layout: Layout, binary: Binary): string {
  return join(layout.folder, "store", `${binary.name}-${layout.keys.get(binary.name) ?? ""}`);
}

async function checkSpaceForBuild(layout: Layout): Promise<void> {
  // Timings are written by the first large build, which is the one that fills the caches.
  if (existsSync(timingsPath(layout.folder))) {
    await checkSpace([{ path: layout.folder, bytes: NEEDED_SPACE.binaries }]);
    return;
  }
  await checkSpace([
    { path: layout.go.moduleCache, bytes: NEEDED_SPACE.modules },
    { path: layout.go.buildCache, bytes: NEEDED_SPACE.packages },
    { path: layout.folder, bytes: NEEDED_SPACE.binaries },
  ]);
}

async function buildAndStore(
  layout: Layout,
  built: readonly Binary[],
  build: (outputDir: string) => Promise<void>,
): Promise<void> {
  const unfinished = join(layout.folder, "unfinished");
  // Whoever holds the lock is alone: what is here was left by a build that was killed.
  await rm(unfinished, { recursive: true, force: true });
  try {
    await build(unfinished);
    await mkdir(join(layout.folder, "store"), { recursive: true });
    for (const binary of built) await rename(join(unfinished, binary.name), stored(layout, binary));
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Makes the folder of the toolchain from the store. */
async function assemble(layout: Layout, parts: readonly Part[], replaced: ReadonlySet<string>): Promise<void> {
  const { binDir } = layout.toolchain;
  await mkdir(binDir, { recursive: true });
  for (const binary of layout.table) {
    if (!parts.includes(binary.part) || replaced.has(binary.name)) continue;
    await hardLink(stored(layout, binary), join(binDir, binary.name));
  }
  if (parts.includes("node") && !replaced.has("kubectl")) await softLink("berth-node", join(binDir, "kubectl"));
  if (parts.includes("engine") && !replaced.has("pulumi")) {
    // Pulumi warns about a language host that does not lie beside it. One of the machine's has its own.
    await softLink("berth-plugins", join(binDir, "pulumi-language-nodejs"));
  }
}

async function linkSystemTools(layout: Layout, onProgress: (event: ToolchainEvent) => void): Promise<Set<string>> {
  const { goMod } = layout.sources;
  const { suitable, notices } = await findSystemTools({
    pulumi: requiredVersion(goMod, "github.com/pulumi/pulumi/sdk/v3"),
    kubernetes: requiredVersion(goMod, "k8s.io/kubernetes"),
  });
  for (const message of notices) onProgress({ kind: "notice", message });
  const { binDir } = layout.toolchain;
  await mkdir(binDir, { recursive: true });
  for (const tool of suitable) {
    onProgress({ kind: "notice", message: `${tool.name} of this machine is used: ${tool.path}` });
    await softLink(tool.path, join(binDir, tool.name));
    if (tool.name === "pulumi") await rm(join(binDir, "pulumi-language-nodejs"), { force: true });
  }
  return new Set(suitable.map((tool) => tool.name));
}

/** A hard link, for Pulumi looks beside the file that a symbolic link points to. */
async function hardLink(from: string, to: string): Promise<void> {
  const isOurs = existsSync(to) && (await linkTarget(to)) === undefined;
  if (isOurs) return;
  await replaceBy(to, (path) => link(from, path));
}

async function softLink(target: string, path: string): Promise<void> {
  if ((await linkTarget(path)) === target) return;
  await replaceBy(path, (unfinished) => symlink(target, unfinished));
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch {
    return undefined;
  }
}

/** Makes a file under a temporary name and moves it into place, so that two processes at once do not trip each other. */
async function replaceBy(path: string, make: (unfinished: string) => Promise<void>): Promise<void> {
  const unfinished = `${path}.${process.pid}.part`;
  await rm(unfinished, { force: true });
  await make(unfinished);
  await rename(unfinished, path);
}

/**
 * Removes every toolchain but the one of the present sources, with the binaries that only they used. Clusters that were
 * started from one of them must be stopped before.
 *
 * @returns the names of the files and folders that were removed.
 */
export async function removeOldToolchains(): Promise<string[]> {
  const layout = await plan();
  const removed: string[] = [];
  const keep = new Set([
    ...layout.table.map((binary) => stored(layout, binary)),
    join(layout.folder, layout.toolchain.key),
  ]);
  const consider = async (folder: string, isOne: RegExp): Promise<void> => {
    for (const name of existsSync(folder) ? await readdir(folder) : []) {
      const path = join(folder, name);
      if (!isOne.test(name) || keep.has(path)) continue;
      await rm(path, { recursive: true, force: true });
      removed.push(path);
    }
  };
  await consider(layout.folder, /^[0-9a-f]{16}$/u);
  await consider(join(layout.folder, "store"), /-[0-9a-f]{16}$/u);
  return removed;
}
