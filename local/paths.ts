import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

import { LocalError } from "./errors";

/** Environment variables that decide where Berth keeps its files. */
export type PathEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Folder of what can be built again at any time: the toolchain, container images.
 *
 * @param env environment to read. @default process.env
 * @returns `$BERTH_CACHE`, else `$XDG_CACHE_HOME/berth`, else `~/.cache/berth`. The folder need not exist yet.
 * @throws LocalError when `BERTH_CACHE` is not an absolute path.
 */
export function cacheDir(env: PathEnvironment = process.env): string {
  return chooseFolder(env, "BERTH_CACHE", "XDG_CACHE_HOME", ".cache");
}

/**
 * Folder of what must outlive a restart: clusters with their data, Pulumi state, records.
 *
 * @param env environment to read. @default process.env
 * @returns `$BERTH_STATE`, else `$XDG_STATE_HOME/berth`, else `~/.local/state/berth`. The folder need not exist yet.
 * @throws LocalError when `BERTH_STATE` is not an absolute path.
 */
export function stateDir(env: PathEnvironment = process.env): string {
  return chooseFolder(env, "BERTH_STATE", "XDG_STATE_HOME", join(".local", "state"));
}

function chooseFolder(env: PathEnvironment, own: string, xdg: string, fallback: string): string {
  const explicit = env[own];
  if (explicit !== undefined && explicit !== "") {
    if (!isAbsolute(explicit)) {
      throw new LocalError({
        message: `${own} is "${explicit}", which is a relative path; it must be absolute.`,
        fix: `Set it to an absolute path, for example ${own}=$PWD/${explicit}, or unset it.`,
        exitCode: 2,
      });
    }
    return explicit;
  }
  // The XDG base directory specification says that a relative path in its variables is to be ignored.
  const base = env[xdg];
  if (base !== undefined && isAbsolute(base)) return join(base, "berth");
  return join(env["HOME"] ?? homedir(), fallback, "berth");
}
