import { createHash } from "node:crypto";
import { copyFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { replaceFile } from "../files";
import { goEnvironment, type Go } from "./go";
import { capture } from "./process";
import { GATEWAY_REPLACEMENTS, LEGO, requiredVersion } from "./parts";
import type { Sources } from "./sources";

/**
 * Prepares the go.mod that Traefik is built with: ours, with a copy of its ACME library in which the list of DNS
 * providers is empty. Go has no way to replace one file of a downloaded module, so the module is copied.
 *
 * @param go the Go installation.
 * @param sources sources of the toolchain.
 * @param folder where the copy and the go.mod are kept.
 * @param signal interrupts it.
 * @returns absolute path for Go's flag `-modfile`.
 * @throws the failed Go command's error when the library cannot be downloaded.
 */
export async function prepareGatewayModule(
  go: Go,
  sources: Sources,
  folder: string,
  signal?: AbortSignal,
): Promise<string> {
  const options = {
    cwd: sources.goDir,
    env: goEnvironment(process.env, go.arch),
    signal,
  };
  const replacement = join(sources.goDir, LEGO.replacement);
  const content = sources.files.find((file) => file.path === LEGO.replacement)?.content;
  if (content === undefined) throw new Error(`${replacement} is missing`);
  const version = requiredVersion(sources.goMod, LEGO.module);
  const mark = createHash("sha256").update(content).update(LEGO.file).digest("hex").slice(0, 8);
  const copy = join(folder, `lego-${version}-${mark}`);

  if (!(await isFolder(copy))) {
    const output = await capture(go.command, ["mod", "download", "-json", LEGO.module], options);
    const { Dir: original } = JSON.parse(output) as { Dir: string };
    const unfinished = `${copy}.part`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    // Files of the module cache are read-only, and a copy must not be.
    await capture("cp", ["-r", "--no-preserve=mode", original, unfinished]);
    await copyFile(replacement, join(unfinished, LEGO.file));
    await rename(unfinished, copy);
  }

  const modFile = join(folder, "gateway.mod");
  await replaceFile(modFile, sources.goMod);
  await replaceFile(join(folder, "gateway.sum"), sources.goSum);
  const replacements = [
    `${LEGO.module}=${copy}`,
    // A relative path in a go.mod outside the module would be read from the wrong folder.
    `github.com/traefik/traefik/dynamic/ext=${join(sources.goDir, "traefik-dynamic-ext")}`,
    ...GATEWAY_REPLACEMENTS.map(({ module, version: other }) => `${module}=${module}@${other}`),
  ];
  await capture(go.command, ["mod", "edit", ...replacements.map((r) => `-replace=${r}`), modFile], options);
  return modFile;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
