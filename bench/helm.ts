import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cacheDir } from "../local/paths";
import { findGo, goEnvironment } from "../local/toolchain/go";
import { BUILD_FLAGS, LINK_FLAGS, requiredVersion } from "../local/toolchain/parts";

/**
 * The `helm` command, built once from its Go module, the same version that the kubernetes plugin uses as a library.
 *
 * @returns absolute path of the binary.
 * @throws LocalError when there is no suitable Go; Error when the build fails, after Go's own message.
 */
export async function buildHelm(): Promise<string> {
  const module = resolve(__dirname, "../local/go");
  const goMod = await readFile(join(module, "go.mod"), "utf8");
  const version = requiredVersion(goMod, "helm.sh/helm/v3");
  const folder = join(cacheDir(), "bench");
  const binary = join(folder, `helm-${version}`);
  if (existsSync(binary)) return binary;
  await mkdir(folder, { recursive: true });
  console.error(`building helm ${version} from its Go module (about a minute) …`);
  const go = await findGo(goMod);
  const unfinished = `${binary}.${process.pid}`;
  const args = ["build", ...BUILD_FLAGS, "-ldflags", LINK_FLAGS, "-o", unfinished, "helm.sh/helm/v3/cmd/helm"];
  const child = spawn(go.command, args, {
    cwd: module,
    env: goEnvironment(process.env, go.arch),
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`go build of helm ended with exit code ${code ?? "none"}; its message is above`);
  await rename(unfinished, binary);
  return binary;
}
