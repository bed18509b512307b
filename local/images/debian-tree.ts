import { chmod, lstat, mkdir, mkdtemp, open, readFile, readdir, readlink, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";

import { LocalError } from "../errors";
import { debianSources, downloadOptions, osReleaseField } from "./apt";
import { run } from "./run";

/** The Debian release whose packages the recipes name. */
export const release = "bookworm";

/** What images never need, as paths below the root. A path may end in `*`. */
const unneeded = [
  "boot",
  "usr/share/doc-base",
  "usr/share/i18n",
  "usr/share/info",
  "usr/share/lintian",
  "usr/share/locale",
  "usr/share/man",
  "usr/share/bash-completion",
  "usr/share/perl",
  "usr/share/perl5",
  "usr/lib/x86_64-linux-gnu/perl",
  "usr/lib/x86_64-linux-gnu/perl5",
  "usr/lib/x86_64-linux-gnu/perl-base",
  "usr/bin/perl*",
  "usr/lib/systemd",
  "lib/systemd",
  "lib/init",
  "etc/cron.daily",
  "etc/init.d",
  "etc/systemd",
  "var/cache",
  "var/log",
  "var/lib/apt",
  "var/lib/dpkg",
];

/** What a tree of Debian packages consists of. */
export interface DebianTree {
  /** Debian packages; what they depend on comes too. */
  packages: readonly string[];
  /** Paths below the root that are removed, on top of what no image needs. A path may end in `*`. */
  drop: readonly string[];
}

/**
 * What decides the content of a tree, for a layer's key. Versions of packages are not in it: what has been built stays
 * until the cache is removed, and is then built with the versions of that day.
 */
export function treeInputs(tree: DebianTree): string[] {
  return [release, ...tree.packages, ...unneeded, ...tree.drop];
}

/**
 * Unpacks Debian packages and all they depend on into a folder, from the archive that the machine's own apt uses.
 * Maintainer scripts do not run: nothing of the machine or of the download is executed.
 *
 * @param folder an existing empty folder.
 * @param tree what to put there.
 * @param signal stops it.
 * @throws LocalError when not root, not on Debian 12, when no Debian source is set up, or when mmdebstrap fails.
 */
export async function debianTree(folder: string, tree: DebianTree, signal?: AbortSignal): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new LocalError({
      message: `Container images are made by root, since their files belong to root; this is uid ${process.getuid?.() ?? "unknown"}.`,
      fix: "Run the command as root (sudo -E).",
    });
  }
  // Beside the tree, so that what removes the tree of a killed build removes it too.
  const scratch = await mkdtemp(join(dirname(folder), "apt-"));
  try {
    const sources = await writeSources(scratch);
    const settings = downloadOptions(await run(["apt-config", "dump"], { ...missing("apt"), signal }));
    // In namespaces of its own, whose first process dies with this one: whatever mmdebstrap mounts or starts ends with it,
    // however it ends.
    const namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    await run(
      [
        "setpriv",
        "--pdeathsig=KILL",
        ...namespaces,
        "mmdebstrap",
        "--mode=root",
        "--variant=extract",
        "--format=directory",
        "--quiet",
        `--include=${tree.packages.join(",")}`,
        ...settings.map((setting) => `--aptopt=${setting}`),
        release,
        folder,
        ...sources,
      ],
      { ...missing("mmdebstrap"), signal },
    );
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  await prune(folder, [...unneeded, ...tree.drop]);
}

function missing(debianPackage: string): { fixWhenMissing: string; fixWhenFailed: string } {
  return {
    fixWhenMissing: `Run: apt-get install --no-install-recommends ${debianPackage}`,
    fixWhenFailed: "Check that `apt-get update` works on this machine; its sources and proxy are used.",
  };
}

async function writeSources(scratch: string): Promise<string[]> {
  const codename = osReleaseField(await readFile("/etc/os-release", "utf8"), "VERSION_CODENAME");
  if (codename !== release) {
    throw new LocalError({
      message: `This machine's release is ${codename ?? "unknown"}; image recipes name packages of Debian 12 (${release}).`,
      fix: "Use a Debian 12 machine, or give environments your own images in berth.yaml and a cluster of your own.",
    });
  }
  const files: { name: string; content: string }[] = [];
  const extra = (await optional(readdir("/etc/apt/sources.list.d"))) ?? [];
  for (const path of ["/etc/apt/sources.list", ...extra.map((name) => join("/etc/apt/sources.list.d", name))]) {
    files.push({ name: basename(path), content: (await optional(readFile(path, "utf8"))) ?? "" });
  }
  const sources = debianSources(files, release);
  if (sources.length === 0) {
    throw new LocalError({
      message: `None of this machine's apt sources has ${release} with the component main.`,
      fix: "Add the Debian archive to /etc/apt/sources.list.d, run `apt-get update`, and try again.",
    });
  }
  return Promise.all(
    sources.map(async ({ format, content }, index) => {
      const path = join(scratch, `${index}.${format}`);
      await writeFile(path, content);
      return path;
    }),
  );
}

/** Removes what is listed, Perl scripts, the documentation except licences, and set-user-id bits. */
async function prune(root: string, drop: readonly string[]): Promise<void> {
  for (const path of drop) {
    const folder = dirname(join(root, path));
    const last = basename(path);
    const fits = (name: string): boolean => (last.endsWith("*") ? name.startsWith(last.slice(0, -1)) : name === last);
    for (const name of (await optional(readdir(folder))) ?? []) {
      if (fits(name)) await rm(join(folder, name), { recursive: true });
    }
  }
  const links: string[] = [];
  for await (const { name, isLink } of entriesBelow(root)) {
    const path = join(root, name);
    const isDocumentation = name.startsWith("usr/share/doc/");
    if (isLink) {
      if (isDocumentation || isCommand(name)) links.push(path);
    } else if ((isDocumentation && basename(name) !== "copyright") || (isCommand(name) && (await isPerlScript(path)))) {
      await rm(path);
    } else {
      const { mode } = await lstat(path);
      if ((mode & 0o6000) !== 0) await chmod(path, mode & 0o777);
    }
  }
  for (const path of links) {
    if ((await optional(stat(await linkTarget(root, path)))) === null) await rm(path);
  }
}

/** Files and links below a folder. Links are not followed: they may lead out of the tree, into the machine's own files. */
async function* entriesBelow(root: string, below = ""): AsyncGenerator<{ name: string; isLink: boolean }> {
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const name = join(below, entry.name);
    if (entry.isDirectory()) yield* entriesBelow(root, name);
    else if (entry.isFile() || entry.isSymbolicLink()) yield { name, isLink: entry.isSymbolicLink() };
  }
}

/** @returns the value, or null when there is no such file. */
async function optional<T>(operation: Promise<T>): Promise<T | null> {
  try {
    return await operation;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

function isCommand(name: string): boolean {
  return /^(?:usr\/)?s?bin\//.test(name);
}

/** Where a link inside the tree leads, with absolute links taken from the tree's root. */
async function linkTarget(root: string, path: string): Promise<string> {
  const target = await readlink(path);
  return isAbsolute(target) ? join(root, target) : join(dirname(path), target);
}

async function isPerlScript(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return /^#!.*\bperl\b/.test(buffer.toString("latin1", 0, bytesRead));
  } finally {
    await file.close();
  }
}

/** An account in the image's `/etc/passwd` and `/etc/group`. */
export interface Account {
  name: string;
  /** User and group id. */
  id: number;
  home: string;
}

/**
 * Writes the account files, since no maintainer script ran, and the folders that every container expects.
 *
 * @param folder root of the image.
 * @param accounts accounts on top of root and nobody.
 */
export async function writeAccounts(folder: string, accounts: readonly Account[]): Promise<void> {
  const all = [
    { name: "root", id: 0, home: "/root" },
    ...accounts,
    { name: "nobody", id: 65534, home: "/nonexistent" },
  ];
  const shell = (id: number): string => (id === 0 ? "/bin/sh" : "/usr/sbin/nologin");
  await mkdir(join(folder, "etc"), { recursive: true });
  await writeFile(
    join(folder, "etc/passwd"),
    all.map(({ name, id, home }) => `${name}:x:${id}:${id}::${home}:${shell(id)}\n`).join(""),
  );
  await writeFile(join(folder, "etc/group"), all.map(({ name, id }) => `${name}:x:${id}:\n`).join(""));
  await writeFile(join(folder, "etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n");
  await mkdir(join(folder, "tmp"), { recursive: true });
  await chmod(join(folder, "tmp"), 0o1777);
}
