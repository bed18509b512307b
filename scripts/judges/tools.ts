import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installDebianPackages } from "../../local/debian";
import { run } from "../../local/images/run";
import { withLock } from "../../local/lock";
import { cacheDir } from "../../local/paths";
import { findGo, goEnvironment } from "../../local/toolchain/go";

/*
 * Installs the scanners, each below the cache in a folder of its own that is named after all that decides what is in it.
 */

/** How far an installation is, for whoever waits. */
export type Tell = (line: string) => void;

/** The Python of an environment in which checkov is installed, with every file of it checked by its hash. */
export async function ensureCheckov(tell: Tell): Promise<string> {
  const requirements = join(__dirname, "checkov/requirements.txt");
  const version = await run(["python3", "--version"], {
    fixWhenMissing: "Install the Debian packages python3 and python3-venv.",
    fixWhenFailed: "Check that `python3 --version` works.",
  });
  const folder = await ensure("checkov", [version, await readFile(requirements, "utf8")], tell, async (unfinished) => {
    const options = {
      fixWhenMissing: "Install the Debian packages python3 and python3-venv.",
      fixWhenFailed: "Check that `pip download --no-deps checkov` works on this machine.",
    };
    // Debian keeps what a virtual environment is made with in a package of its own.
    if (!(await hasVenv())) await installDebianPackages(["python3-venv"]);
    await run(["python3", "-m", "venv", unfinished], options);
    const pip = ["--disable-pip-version-check", "install", "--quiet", "--no-compile", "--no-deps"];
    const checked = ["--require-hashes", "--only-binary", ":all:", "--requirement", requirements];
    await run([join(unfinished, "bin/python"), "-m", "pip", ...pip, ...checked], options);
  });
  return join(folder, "bin/python");
}

async function hasVenv(): Promise<boolean> {
  const options = { fixWhenMissing: "", fixWhenFailed: "" };
  return run(["python3", "-m", "ensurepip", "--version"], options).then(
    () => true,
    () => false,
  );
}

/** kube-score, built from its Go module. */
export async function ensureKubeScore(tell: Tell): Promise<string> {
  const module = join(__dirname, "kube-score");
  const inputs = await Promise.all(["go.mod", "go.sum"].map((name) => readFile(join(module, name), "utf8")));
  const [goMod = ""] = inputs;
  const folder = await ensure("kube-score", inputs, tell, async (unfinished) => {
    const go = await findGo(goMod);
    await run([go.command, "build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", unfinished, "tool"], {
      cwd: module,
      env: goEnvironment({}, go.arch) as Record<string, string>,
      fixWhenMissing: "Put Go back where it was.",
      fixWhenFailed: "Check that `go env GOPROXY` names a proxy that answers.",
    });
  });
  return join(folder, "kube-score");
}

/** Gives the folder of a tool, filled when it is not there or was left half-filled. */
async function ensure(
  name: string,
  inputs: readonly string[],
  tell: Tell,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const key = createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
  const folder = join(cacheDir(), "judges", `${name}-${key}`);
  const complete = join(folder, ".complete");
  await withLock(`${folder}.lock`, {}, async () => {
    if (existsSync(complete)) return;
    const started = Date.now();
    tell(`installing ${name} …`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await fill(folder);
    await writeFile(complete, "");
    tell(`${name} installed in ${Math.round((Date.now() - started) / 1000)} s`);
  });
  return folder;
}
