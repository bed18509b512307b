import { isUtf8 } from "node:buffer";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { ENGINES } from "./databases";
import type { Finding } from "./problems";
import type { Config } from "./schema";
import { MAX_SEED, contentOf, fileOf, seedFiles, seedOf, withContent } from "./seed";

/** Largest file, in bytes: as large as a config may be. */
const MAX_FILE = 256 * 1024;

/**
 * Puts the content of files in the place of their names.
 *
 * @param folder the config's folder, out of which no link may lead, nor to git's own files in it: a pull request must not get at what
 *   whoever deploys it has there, such as the token that actions/checkout before v6 leaves in .git/config
 * @returns the config, or what is wrong with the files
 */
export function withSeedFiles(config: Config, folder: string): { config: Config } | { findings: Finding[] } {
  const findings: Finding[] = [];
  const contents = new Map<string, string | Buffer>();
  for (const { engine, path, file } of seedFiles(config)) {
    const read = readInside(folder, file, engine === "s3");
    if ("wrong" in read) {
      const { wrong, fix } = read;
      findings.push({
        path,
        value: `"${file}", ${wrong}`,
        accepted: `a ${engine === "s3" ? "" : "text "}file inside the config's folder`,
        fix,
      });
    } else contents.set(file, read.content);
  }
  const databases = { ...config.databases };
  for (const engine of ENGINES) {
    const seed = seedOf(databases, engine).map((entry) => {
      const content = contents.get(fileOf(entry) ?? "");
      return content === undefined ? entry : withContent(entry, content);
    });
    if (seed.length === 0) continue;
    Object.assign(databases, { [engine]: { ...databases[engine], seed } });
    const size = seed.reduce((total, entry) => total + Buffer.byteLength(contentOf(entry)), 0);
    if (size <= MAX_SEED) continue;
    findings.push({
      path: ["databases", engine, "seed"],
      value: `${size} bytes long with its files`,
      accepted: `at most ${MAX_SEED / 1024} KiB`,
      fix: `Load what is larger ${engine === "redis" ? "with a job, from the app's image" : "from an image (from), or with a job"}.`,
    });
  }
  return findings.length > 0 ? { findings } : { config: { ...config, databases } };
}

/** Whether a part of a path is where git keeps its own: in any case of letters, as file systems that know none take it. */
function isGits(part: string): boolean {
  return part.toLowerCase() === ".git";
}

/** @param isAnything whether it may be other than text */
function readInside(
  folder: string,
  file: string,
  isAnything: boolean,
): { content: string | Buffer } | { wrong: string; fix: string } {
  const fix = "Correct the path, which is seen from the config's folder, or create the file.";
  try {
    const root = realpathSync(folder);
    const path = realpathSync(join(root, file));
    if (path !== root && !path.startsWith(root.endsWith(sep) ? root : root + sep)) {
      return { wrong: "a link out of the config's folder", fix: "Put the file itself there." };
    }
    if (relative(root, path).split(sep).some(isGits)) {
      return {
        wrong: "one of git's own files, which may hold a workflow's token",
        fix: "Name a file that the repository has under version control.",
      };
    }
    const about = statSync(path);
    if (!about.isFile()) return { wrong: "not a file", fix };
    if (about.size > MAX_FILE) {
      return {
        wrong: `${about.size} bytes long, more than ${MAX_FILE / 1024} KiB`,
        fix: "Split it, or load it with a job, from the app's image.",
      };
    }
    const bytes = readFileSync(path);
    return { content: isAnything && !isUtf8(bytes) ? bytes : new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    if (error instanceof TypeError) return { wrong: "not text in UTF-8", fix: "Save it as UTF-8." };
    const { code } = error as NodeJS.ErrnoException;
    return { wrong: code === "ENOENT" ? "which is missing" : `which cannot be read (${code ?? "unknown error"})`, fix };
  }
}
