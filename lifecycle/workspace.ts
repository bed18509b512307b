import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { explainWrite, hasCode } from "./errors";
import { isRunning } from "./process";
import type { Target } from "./target";

/** Keys of a stack file that say how its secrets are encrypted: made once per stack by the engine, kept ever after. */
const encryptionKeys = ["secretsprovider", "encryptedkey", "encryptionsalt"] as const;

type StackFile = Partial<Record<(typeof encryptionKeys)[number], string>> & { config?: Record<string, unknown> };

/** A file that is either the old one or the new one, whatever happens in between and whoever else writes it. Mode 0600. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(fresh, text, { mode: 0o600 });
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw explainWrite(error, path);
  }
}

/** A file's text, or undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** The program's Pulumi.yaml, as far as it is read here. */
interface ProjectFile {
  main: string;
  [field: string]: unknown;
}

async function readProject(target: Target): Promise<ProjectFile> {
  return parse(await readFile(target.projectFile, "utf8")) as ProjectFile;
}

/** Absolute path of the program's entry file. */
export async function programOf(target: Target): Promise<string> {
  return resolve(dirname(target.projectFile), (await readProject(target)).main);
}

/**
 * Writes the program's project file into the work folder, so that stack files stay out of the program's folder and `pulumi`
 * by hand in the work folder sees the same project as Berth does.
 */
export async function writeProject(target: Target): Promise<void> {
  const project = await readProject(target);
  const main = resolve(dirname(target.projectFile), project.main);
  const text = `# Written by Berth from ${target.projectFile}.\n${stringify({ ...project, main })}`;
  const path = join(target.workDir, "Pulumi.yaml");
  if ((await readIfThere(path)) !== text) await writeWhole(path, text);
}

/** The file with a stack's configuration. */
export function stackFile(target: Target, stack: string): string {
  return join(target.workDir, `Pulumi.${stack}.yaml`);
}

/**
 * Writes a stack's configuration in one go (each `pulumi config set` would be a process of its own).
 *
 * @param config Values by key, such as `berth:role`; nothing secret, since they are stored as they are.
 */
export async function writeStackConfig(target: Target, stack: string, config: Record<string, unknown>): Promise<void> {
  const path = stackFile(target, stack);
  const present = await readIfThere(path);
  const old = present === undefined ? {} : ((parse(present) ?? {}) as StackFile);
  const kept = Object.fromEntries(encryptionKeys.flatMap((key) => (old[key] === undefined ? [] : [[key, old[key]]])));
  const context = target.context === undefined ? {} : { "kubernetes:context": target.context };
  // The engine reads YAML 1.1, where a plain 2026-01-31 is a time and no text.
  const text = stringify({ ...kept, config: { ...context, ...config } }, { lineWidth: 0, schema: "yaml-1.1" });
  if (text !== present) await writeWhole(path, text);
}

/**
 * Gives a stack that is yet to be made the encryption of another one, unless it has its own already. Both are opened by the
 * same passphrase anyway, and the engine derives a key (0.25 s of computing) once for each salt: an environment's update reads
 * the platform's stack too.
 */
export async function shareEncryption(target: Target, from: string, to: string): Promise<void> {
  const [source, present] = await Promise.all([stackFile(target, from), stackFile(target, to)].map(readIfThere));
  const salt = source === undefined ? undefined : (parse(source) as StackFile | null)?.encryptionsalt;
  if (salt !== undefined && present === undefined) {
    await writeWhole(stackFile(target, to), stringify({ encryptionsalt: salt }));
  }
}

/** Copies a stack's file as that of another name, if there is one. */
export async function copyStackFile(target: Target, from: string, to: string): Promise<void> {
  const text = await readIfThere(stackFile(target, from));
  if (text !== undefined) await writeWhole(stackFile(target, to), text);
}

/** The configuration that a stack was last deployed with, or undefined. */
export async function readStackConfig(target: Target, stack: string): Promise<Record<string, unknown> | undefined> {
  const text = await readIfThere(stackFile(target, stack));
  return text === undefined ? undefined : ((parse(text) as StackFile | null)?.config ?? {});
}

/** Name of a configuration that only this process previews a stack with. */
export function draftOf(stack: string): string {
  return `${stack}.preview-${process.pid}`;
}

/** Removes this process's draft of a stack's configuration, and those of processes that were killed over theirs. */
export async function removeDrafts(target: Target, stack: string): Promise<void> {
  const prefix = `Pulumi.${stack}.preview-`;
  for (const file of await filesOf(target.workDir)) {
    if (!file.startsWith(prefix)) continue;
    const pid = Number.parseInt(file.slice(prefix.length), 10);
    if (pid === process.pid || !isRunning(pid)) await rm(join(target.workDir, file), { force: true });
  }
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}

/** Removes a stack's configuration after the stack itself. */
export async function removeStackFile(target: Target, stack: string): Promise<void> {
  await rm(stackFile(target, stack), { force: true });
  await removeDrafts(target, stack);
}

/** Where the engine keeps its state, as the user or the target says. */
function backendUrl(target: Target): string | undefined {
  return target.env["PULUMI_BACKEND_URL"] ?? process.env["PULUMI_BACKEND_URL"];
}

/**
 * The folder of a `file://` backend, or undefined for any other: those answer only through the engine.
 */
export function backendFolder(target: Target): string | undefined {
  const url = backendUrl(target);
  // `file://~` and `file://./x` are the engine's own forms, relative to home or to the project.
  if (url === undefined || !url.startsWith("file:///")) return undefined;
  return join(fileURLToPath(url.split("?")[0] ?? url), ".pulumi");
}

/**
 * The backend's variable for the engine. In a folder the engine's storage library writes a file of attributes beside each
 * state file, not atomically, and reads those of all stacks whenever it lists one: an engine that is killed then, or just
 * two that work at the same time, make others fail with "failed to load checkpoint: EOF". Nothing needs the attributes.
 */
export function backendVariable(target: Target): Record<string, string> {
  const url = backendUrl(target);
  if (url === undefined || !url.startsWith("file://") || url.includes("metadata=")) return {};
  return { PULUMI_BACKEND_URL: `${url}${url.includes("?") ? "&" : "?"}metadata=skip` };
}
