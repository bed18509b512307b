import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";

import { LocalError } from "./errors";

/** A Debian package that something needs. */
export interface DebianPackage {
  name: string;
  /** What it is for, to be put after "for". */
  why: string;
  /**
   * Programs that show it is there, by name or absolute path. They count, not the package: the machine may have them from
   * somewhere else, and a package of Debian's would push that out.
   */
  programs: readonly string[];
}

/** What {@link ensureDebianPackages} is asked for. */
export interface EnsurePackagesOptions {
  packages: readonly DebianPackage[];
  /**
   * Installs what is missing, which takes root.
   * @default false
   */
  install?: boolean;
  /** Called before apt starts, with the names of the packages. */
  onInstall?: (names: readonly string[]) => void;
  signal?: AbortSignal;
}

/** Folders where programs of the administrator lie, even if the user's PATH leaves them out. */
const ADMINISTRATOR_PATH = ["/usr/sbin", "/sbin"];

/**
 * Runs its arguments where systemd seems not to run, in mount namespaces of their own. A package's set-up script then
 * enables its service but starts nothing, and the machine sees no trace of it: unlike a policy-rc.d file there is nothing
 * to forget when this is killed.
 */
const WITHOUT_SYSTEMD =
  'if [ -d /run/systemd ]; then mount -t tmpfs -o mode=755 none /run/systemd || exit 1; fi; exec "$@"';

/**
 * The packages whose programs this machine lacks.
 *
 * @param packages packages to look for.
 * @param searchPath folders of programs. @default PATH
 */
export async function missingPackages(
  packages: readonly DebianPackage[],
  searchPath: string = process.env["PATH"] ?? "",
): Promise<DebianPackage[]> {
  const folders = [...searchPath.split(delimiter), ...ADMINISTRATOR_PATH].filter((folder) => isAbsolute(folder));
  const isThere = async (program: string): Promise<boolean> => {
    const candidates = isAbsolute(program) ? [program] : folders.map((folder) => join(folder, program));
    return (await Promise.all(candidates.map(isExecutable))).includes(true);
  };
  const complete = await Promise.all(
    packages.map(async ({ programs }) => (await Promise.all(programs.map(isThere))).every(Boolean)),
  );
  return packages.filter((_, i) => complete[i] === false);
}

/**
 * The error for missing packages: which, what each is for, and the command that installs them.
 *
 * @param missing the packages.
 * @param root whether the caller is root, and `--install` could do it.
 */
export function missingPackagesError(missing: readonly DebianPackage[], root: boolean): LocalError {
  const command = `${root ? "" : "sudo "}apt-get install --no-install-recommends ${missing.map(({ name }) => name).join(" ")}`;
  return new LocalError({
    message: `Debian packages are missing: ${missing.map(({ name, why }) => `${name} (for ${why})`).join("; ")}.`,
    fix: root
      ? `Run the same with --install, or install them yourself: ${command}`
      : `Install them: ${command} (as root, --install does it)`,
  });
}

/**
 * Makes sure that Debian packages are there.
 *
 * @param options what is needed, and whether to install it.
 * @returns the names of the packages that were installed.
 * @throws LocalError when packages are missing and may not or cannot be installed.
 */
export async function ensureDebianPackages(options: EnsurePackagesOptions): Promise<string[]> {
  const missing = await missingPackages(options.packages);
  if (missing.length === 0) return [];
  const root = process.getuid?.() === 0;
  if (options.install !== true || !root) throw missingPackagesError(missing, root);
  const names = missing.map(({ name }) => name);
  options.onInstall?.(names);
  await installDebianPackages(names, options.signal);
  const still = await missingPackages(missing);
  if (still.length > 0) {
    throw new LocalError({
      message: `Debian packages ${still.map(({ name }) => name).join(", ")} were installed, but their programs (${still
        .flatMap(({ programs }) => programs)
        .join(", ")}) are not there.`,
      fix: "Berth needs the packages of Debian 12 or a later one; check `apt-get policy` for where they come from.",
    });
  }
  return names;
}

/**
 * Installs packages without those that are only recommended. It starts no service, removes and upgrades nothing that is
 * there, keeps changed configuration files, and switches off the start at boot of services that came with a package: the
 * programs are wanted, not the daemons.
 *
 * @param names package names; they should not be installed yet.
 * @param signal interrupts apt.
 * @throws LocalError with apt's own words when it fails.
 */
export async function installDebianPackages(names: readonly string[], signal?: AbortSignal): Promise<void> {
  if (!(await isExecutable("/usr/bin/apt-get"))) {
    throw new LocalError({
      message: `${names.join(", ")} cannot be installed: this machine has no apt-get.`,
      fix: "Install the programs with the package manager of this system.",
    });
  }
  if (!(await hasPackageLists())) await apt(["update"], names, signal);
  const install = ["install", "--yes", "--no-install-recommends", "--no-remove", "--no-upgrade", ...names];
  try {
    await apt(install, names, signal);
  } catch (error) {
    // Old lists name versions that the archive no longer has.
    if (signal?.aborted === true) throw error;
    await apt(["update"], names, signal);
    await apt(install, names, signal);
  }
  await disableServices(names);
}

async function apt(args: readonly string[], names: readonly string[], signal?: AbortSignal): Promise<void> {
  const options = ["-o", "DPkg::Lock::Timeout=120", "-o", "Dpkg::Use-Pty=0", "-o", "Dpkg::Options::=--force-confold"];
  const command = ["apt-get", "--quiet=2", ...options, ...args];
  try {
    await promisify(execFile)(
      "unshare",
      ["--mount", "--propagation", "private", "sh", "-c", WITHOUT_SYSTEMD, "sh", ...command],
      { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, signal, killSignal: "SIGTERM", maxBuffer: 2 ** 24 },
    );
  } catch (error) {
    if (signal?.aborted === true) {
      throw new LocalError({
        message: `Installing ${names.join(", ")} was interrupted.`,
        fix: "Run the same again; if apt complains, run `dpkg --configure -a` first.",
        exitCode: 130,
      });
    }
    const { stderr = "", stdout = "" } = error as { stderr?: string; stdout?: string };
    const words = `${stdout}\n${stderr}`.trim().split("\n").slice(-8).join("\n");
    throw new LocalError({
      message: `apt-get ${args[0] ?? ""} failed while installing ${names.join(", ")}:\n${words}`,
      fix: `Try it by hand: apt-get ${args.join(" ")}`,
      cause: error,
    });
  }
}

async function disableServices(names: readonly string[]): Promise<void> {
  const { stdout } = await promisify(execFile)("dpkg-query", ["--listfiles", ...names], { maxBuffer: 2 ** 26 });
  const units = new Set(
    stdout
      .split("\n")
      .map((path) => /^(?:\/usr)?\/lib\/systemd\/system\/([^/@]+\.(?:service|socket|timer))$/u.exec(path)?.[1])
      .filter((unit) => unit !== undefined),
  );
  if (units.size === 0 || !(await isExecutable("/usr/bin/systemctl"))) return;
  // With --root it only changes links, whether systemd runs or not.
  await promisify(execFile)("systemctl", ["--root=/", "disable", ...units]);
}

async function hasPackageLists(): Promise<boolean> {
  try {
    return (await readdir("/var/lib/apt/lists")).some((name) => name.includes("_Packages"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
