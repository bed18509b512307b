import { createHash, randomBytes } from "node:crypto";
import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import type { Engine } from "../config/databases";
import { parsePlatform } from "../config/platform";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { Kube } from "../lifecycle/kube";
import type { Target } from "../lifecycle/target";
import { readIfThere, writeWhole } from "../lifecycle/workspace";
import { environment, listClusters, offerDatabases, offerEgressProxy, offerLogins, offerSealedSecrets } from "../local";
import type { ImageProgress } from "../local/images";
import { cacheDir, stateDir } from "../local/paths";
import { ensurePulumiHome } from "../local/plugins";
import { locateToolchain } from "../local/toolchain";

/** Options that every command takes. */
export interface Globals {
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly color?: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Name of an embedded cluster. */
  readonly cluster?: string;
}

/** Berth's own folder, which the build writes into the bundle. */
export const berthRoot = process.env["BERTH_ROOT"] ?? resolve(__dirname, "..");

const projectFile = join(berthRoot, "Pulumi.yaml");

/** The rules that come with Berth. */
export const policyPack = join(berthRoot, "policies");

/** What an embedded cluster must offer, and may have to make first. */
export interface EmbeddedNeeds {
  readonly databases: readonly Engine[];
  /** Who logs people in by way of the callback broker: the app itself, or a proxy in front of it. @default nobody */
  readonly logins?: "app" | "proxy";
  /** Whether anything is sealed. @default false */
  readonly sealedSecrets?: boolean;
  /** Whether egress rules name hosts. @default false */
  readonly egressProxy?: boolean;
  readonly onImage?: (progress: ImageProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * The cluster that a command works on: the one that flags name, else the one that KUBECONFIG names, else the embedded one
 * if it runs.
 *
 * @param platformFile Settings of the platform, for a cluster that is not the embedded one.
 * @param needs What an embedded cluster must offer.
 * @throws BerthError (no cluster) that offers both ways.
 */
export async function chooseTarget(globals: Globals, platformFile?: string, needs?: EmbeddedNeeds): Promise<Target> {
  if (globals.cluster !== undefined) return embeddedTarget(globals.cluster, needs);
  const fromEnvironment = process.env["KUBECONFIG"];
  if (globals.kubeconfig !== undefined || globals.context !== undefined || fromEnvironment) {
    const path = globals.kubeconfig ?? (fromEnvironment || join(homedir(), ".kube", "config"));
    return givenTarget(path, globals.context, platformFile);
  }
  const running = (await listClusters()).filter((cluster) => cluster.running);
  const chosen = running.find((cluster) => cluster.name === "default") ?? running[0];
  if (chosen && (running.length === 1 || chosen.name === "default")) return embeddedTarget(chosen.name, needs);
  if (running.length > 1) {
    throw new BerthError(`several embedded clusters run: ${running.map((cluster) => cluster.name).join(", ")}`, {
      fix: "say which one with --cluster NAME.",
      exitCode: ExitCode.noCluster,
    });
  }
  throw new BerthError("no cluster was given, and no embedded one runs", {
    fix: "start the embedded one with `berth local up`, or point to another with --kubeconfig FILE, --context NAME or KUBECONFIG.",
    exitCode: ExitCode.noCluster,
  });
}

/** The embedded cluster of that name, which must run. */
export async function embeddedTarget(name: string, needs?: EmbeddedNeeds): Promise<Target> {
  if (needs) await offerDatabases(name, needs.databases, needs);
  if (needs?.logins) await offerLogins(name, needs.logins === "proxy", needs);
  if (needs?.sealedSecrets === true) await offerSealedSecrets(name, needs);
  if (needs?.egressProxy === true) await offerEgressProxy(name, needs);
  const local = await environment(name);
  const folder = join(stateDir(), "clusters", name);
  return {
    name,
    kubeconfig: local.kubeconfig,
    env: { ...local.env, ...compileCache() },
    pulumi: local.pulumi,
    projectFile,
    platform: local.platform,
    workDir: join(folder, "work"),
    recordsDir: join(folder, "records"),
    ...(local.egressLog === undefined ? {} : { egressLog: local.egressLog }),
  };
}

/** A cluster of the user's own: state and passphrase are kept here unless the environment says where they are. */
async function givenTarget(kubeconfig: string, context?: string, platformFile?: string): Promise<Target> {
  const kube = Kube.load(kubeconfig, context);
  const name = context ?? new URL(kube.server).host;
  const mark = createHash("sha256").update(kube.server).digest("hex").slice(0, 8);
  const folder = join(stateDir(), "targets", `${name.replaceAll(/[^A-Za-z0-9.-]+/g, "-")}-${mark}`);
  const engine = await findEngine();
  return {
    name,
    kubeconfig,
    ...(context === undefined ? {} : { context }),
    env: {
      ...engine.env,
      ...compileCache(),
      ...(await backendIn(folder)),
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
    },
    pulumi: engine.pulumi,
    projectFile,
    ...(platformFile === undefined ? {} : { platform: await readPlatformFile(platformFile) }),
    workDir: join(folder, "work"),
    recordsDir: join(folder, "records"),
  };
}

/** Where Node keeps what it has compiled of the program: reading that again costs half of compiling it (0.4 of 0.8 s). */
function compileCache(): Record<string, string> {
  return { NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? join(cacheDir(), "node-compile") };
}

/** Variables for the state's place and its passphrase, as far as the user has not set them. */
async function backendIn(folder: string): Promise<Record<string, string>> {
  const own: Record<string, string> = {};
  if (!process.env["PULUMI_BACKEND_URL"]) {
    const state = join(folder, "pulumi");
    mkdirSync(state, { recursive: true, mode: 0o700 });
    own["PULUMI_BACKEND_URL"] = pathToFileURL(state).href;
  }
  if (!process.env["PULUMI_CONFIG_PASSPHRASE"] && !process.env["PULUMI_CONFIG_PASSPHRASE_FILE"]) {
    const file = join(folder, "passphrase");
    if ((await readIfThere(file)) === undefined) await writeWhole(file, randomBytes(32).toString("base64url"));
    own["PULUMI_CONFIG_PASSPHRASE_FILE"] = file;
  }
  return own;
}

/** The user's own engine with its plugins if there is one, else the one that the embedded cluster uses. */
async function findEngine(): Promise<{ pulumi: string; env: Record<string, string> }> {
  const onPath = findOnPath("pulumi");
  if (onPath !== undefined) return { pulumi: onPath, env: {} };
  const toolchain = await locateToolchain();
  if (toolchain === null) {
    throw new BerthError("there is no Pulumi engine: `pulumi` is not on PATH, and Berth's own is not built", {
      fix: "install Pulumi, or run `berth local up` once, which builds one.",
      exitCode: ExitCode.prerequisite,
    });
  }
  const path = [dirname(toolchain.pulumi), dirname(toolchain.nodejs), process.env["PATH"] ?? ""].join(delimiter);
  const home = await ensurePulumiHome({ toolchain, cacheDir: cacheDir() });
  return { pulumi: toolchain.pulumi, env: { PULUMI_HOME: home.path, PATH: path } };
}

function findOnPath(command: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, command))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function readPlatformFile(path: string): Promise<unknown> {
  const text = await readIfThere(path);
  if (text === undefined) {
    throw new BerthError(`the platform settings ${path} do not exist`, {
      fix: "pass an existing YAML file with --platform; Pulumi.platform.example.yaml shows its fields.",
      exitCode: ExitCode.usage,
    });
  }
  return parsePlatform(parse(text));
}

/** Who asks, for the records: the login that CI knows, else user and machine. */
export function whoAsks(): string {
  return process.env["BERTH_ACTOR"] ?? process.env["GITHUB_ACTOR"] ?? `${userInfo().username}@${hostname()}`;
}
