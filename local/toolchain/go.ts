import { constants as fsConstants } from "node:fs";
import { access } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { delimiter, join } from "node:path";

import { LocalError } from "../errors";
import { capture } from "./process";

/** The Go installation that builds the toolchain. */
export interface Go {
  /** Absolute path of the `go` command. */
  command: string;
  /** Such as `go1.26.8`. */
  version: string;
  /** In Go's words, such as `amd64`. */
  arch: string;
  /** Folder of compiled packages. */
  buildCache: string;
  /** Folder of downloaded modules. */
  moduleCache: string;
}

/** How a version of Go compares with what go.mod asks for. */
export function isOldGo(version: string, minimum: string): boolean {
  const have = numbers(version);
  const need = numbers(minimum);
  for (const [i, wanted] of need.entries()) {
    const got = have[i] ?? 0;
    if (got !== wanted) return got < wanted;
  }
  return false;
}

function numbers(version: string): number[] {
  return version
    .replace(/^go/u, "")
    .split(/[^0-9]+/u)
    .filter((part) => part !== "")
    .map(Number);
}

/**
 * Finds Go and checks its version.
 *
 * @param goMod text of go.mod; its line `go X.Y` is the lowest version that will do.
 * @param env environment to look in.
 * @throws LocalError when there is no Go or an older one.
 */
export async function findGo(goMod: string, env: NodeJS.ProcessEnv = process.env): Promise<Go> {
  const minimum = /^go (\S+)$/mu.exec(goMod)?.[1] ?? "1.26";
  const command = await onPath("go", env, ["/usr/local/go/bin"]);
  if (command === undefined) {
    throw new LocalError({
      message: "Go is not installed: no `go` on PATH and none in /usr/local/go/bin.",
      fix: `Install Go ${minimum} or newer and put its bin folder on PATH.`,
    });
  }
  const output = await capture(command, ["env", "-json", "GOVERSION", "GOHOSTARCH", "GOCACHE", "GOMODCACHE"], {
    env: goEnvironment(env, undefined),
    cwd: "/",
  });
  const facts = JSON.parse(output) as { GOVERSION: string; GOHOSTARCH: string; GOCACHE: string; GOMODCACHE: string };
  if (isOldGo(facts.GOVERSION, minimum)) {
    throw new LocalError({
      message: `Go at ${command} is ${facts.GOVERSION}, which is too old: go ${minimum} or newer is needed.`,
      fix: `Install Go ${minimum} or newer and put its bin folder first on PATH.`,
    });
  }
  return {
    command,
    version: facts.GOVERSION,
    arch: facts.GOHOSTARCH,
    buildCache: facts.GOCACHE,
    moduleCache: facts.GOMODCACHE,
  };
}

/**
 * The environment of every call of Go: the caller's, less what would change the result.
 *
 * @param env the caller's environment.
 * @param arch architecture to build for; undefined leaves it to Go.
 */
export function goEnvironment(env: NodeJS.ProcessEnv, arch: string | undefined): NodeJS.ProcessEnv {
  return {
    ...env,
    CGO_ENABLED: "0",
    GOFLAGS: "",
    GOEXPERIMENT: "",
    GOWORK: "off",
    // Another version of Go would change the key, and would be downloaded without a word.
    GOTOOLCHAIN: "local",
    GOOS: "linux",
    ...(arch === undefined ? {} : { GOARCH: arch }),
    // Compilers live for seconds and let go of all memory at their end, so collecting garbage rarely saves 5 % of the
    // build. They then peak at 450 MiB instead of 340 MiB each.
    GOGC: totalmem() / availableParallelism() >= 2 * 2 ** 30 ? "400" : (env["GOGC"] ?? "100"),
  };
}

/**
 * Looks a program up as a shell does.
 *
 * @param name file name of the program.
 * @param env environment with PATH.
 * @param further folders to look in after those of PATH.
 * @returns absolute path, or undefined.
 */
export async function onPath(
  name: string,
  env: NodeJS.ProcessEnv,
  further: readonly string[] = [],
): Promise<string | undefined> {
  for (const folder of [...(env["PATH"] ?? "").split(delimiter), ...further]) {
    if (!folder.startsWith("/")) continue;
    const path = join(folder, name);
    try {
      await access(path, fsConstants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}
