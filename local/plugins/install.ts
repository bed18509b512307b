import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, readlink, rename, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

import {
  choosePlugins,
  homeFolder,
  pluginExecutable,
  pluginFolder,
  type PluginChoice,
  type PluginSource,
  type RequiredPlugin,
} from "./plan";
import { optionalPlugins, requiredPlugins } from "./versions";

/** What {@link ensurePulumiHome} is asked for. */
export interface PulumiHomeOptions {
  /** The toolchain, of which only the binary that holds the stand-ins is used. */
  toolchain: { berthPlugins: string };
  /** Berth's cache folder. The home lies in it because all it holds can be made again. */
  cacheDir: string;
  /**
   * Takes only plugins of this source (`--plugins` of the command line).
   * @default official where the user's own PULUMI_HOME has it, else the stand-in
   */
  plugins?: PluginSource;
  /**
   * Folder with the stand-ins for clouds, as `npm run build` leaves it. One that is not there is left out.
   * @default `dist/plugins` of this repository
   */
  cloudStandIns?: string;
  /**
   * The user's own PULUMI_HOME, which is only read.
   * @default `$PULUMI_HOME`, else `~/.pulumi`
   */
  userHome?: string;
}

/** A folder for the engine's PULUMI_HOME with every plugin that the programs need. */
export interface PulumiHome {
  /** Absolute path: the value of PULUMI_HOME. */
  path: string;
  /** The plugins in it, for `berth local status`. */
  plugins: readonly PluginChoice[];
}

/**
 * Makes the PULUMI_HOME for the embedded engine, or brings it up to date. It holds links only, so it costs next to nothing
 * and two processes may do it at a time.
 *
 * @throws LocalError when an npm package is missing, or an official plugin that was asked for.
 */
export async function ensurePulumiHome(options: PulumiHomeOptions): Promise<PulumiHome> {
  const required = requiredPlugins();
  const optional = optionalPlugins();
  const userHome = options.userHome ?? process.env["PULUMI_HOME"] ?? join(homedir(), ".pulumi");
  const plugins = choosePlugins({
    required,
    optional,
    official: await findOfficial(userHome, [...required, ...optional]),
    standIn: options.toolchain.berthPlugins,
    optionalStandIns: await findCloudStandIns(options.cloudStandIns ?? builtPlugins(), optional),
    only: options.plugins,
  });
  const path = homeFolder(options.cacheDir, plugins);
  await mkdir(join(path, "plugins"), { recursive: true, mode: 0o700 });
  for (const plugin of plugins) await link(join(path, "plugins", pluginFolder(plugin)), plugin);
  return { path, plugins };
}

/** The executables of official plugins in a PULUMI_HOME. One that only points to stand-ins does not count. */
async function findOfficial(home: string, required: readonly RequiredPlugin[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const plugin of required) {
    const folder = pluginFolder(plugin);
    const executable = join(home, "plugins", folder, pluginExecutable(plugin));
    if ((await isExecutable(executable)) && (await linkTarget(executable)) === undefined) found[folder] = executable;
  }
  return found;
}

/** Where scripts/build.mjs puts the stand-ins for clouds. A bundle of this code knows the repository by BERTH_ROOT, as esbuild set it. */
function builtPlugins(): string {
  return join(process.env["BERTH_ROOT"] ?? join(__dirname, "..", ".."), "dist", "plugins");
}

/** The built stand-ins for clouds, by name of the plugin. */
async function findCloudStandIns(folder: string, plugins: readonly RequiredPlugin[]): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const plugin of plugins) {
    const script = join(folder, `${pluginExecutable(plugin)}.js`);
    if (await isExecutable(script)) found[plugin.name] = script;
  }
  return found;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Where a symbolic link points to; undefined for anything else. Pulumi itself unpacks plugins as plain files. */
async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch {
    return undefined;
  }
}

async function link(folder: string, plugin: PluginChoice): Promise<void> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, pluginExecutable(plugin));
  if ((await linkTarget(path)) === plugin.executable) return;
  const fresh = `${path}.${randomUUID()}`;
  await symlink(plugin.executable, fresh);
  // A rename replaces the old link at once, so that an engine that starts right now finds one or the other.
  await rename(fresh, path);
}
