import { onPath } from "./go";
import { capture } from "./process";

/** A tool that the machine has already. */
export interface SystemTool {
  name: "pulumi" | "kubectl";
  path: string;
}

/** What looking for tools of the machine gave. */
export interface SystemTools {
  suitable: SystemTool[];
  /** For each tool that is not used, why. */
  notices: string[];
}

/**
 * Whether a Pulumi on the machine can run a program that uses our version of the SDK: the same major version, not older.
 *
 * @param found its version, such as `v3.260.1`.
 * @param needed the SDK's version.
 */
export function isSuitablePulumi(found: string, needed: string): boolean {
  const [major = 0, minor = 0, patch = 0] = parts(found);
  const [needMajor = 0, needMinor = 0, needPatch = 0] = parts(needed);
  return major === needMajor && (minor > needMinor || (minor === needMinor && patch >= needPatch));
}

/**
 * Whether a kubectl on the machine may talk to our API server: at most one minor version apart, which is the skew that
 * Kubernetes supports.
 *
 * @param found its version, such as `v1.35.2`.
 * @param server the API server's version.
 */
export function isSuitableKubectl(found: string, server: string): boolean {
  const [major = 0, minor = 0] = parts(found);
  const [serverMajor = 0, serverMinor = 0] = parts(server);
  return major === serverMajor && Math.abs(minor - serverMinor) <= 1;
}

function parts(version: string): number[] {
  return version.replace(/^v/u, "").split(/[.+-]/u).map(Number);
}

/**
 * Looks for `pulumi` and `kubectl` on PATH and checks their versions.
 *
 * @param needed.pulumi version of the Pulumi SDK.
 * @param needed.kubernetes version of the API server.
 * @param env environment with PATH.
 */
export async function findSystemTools(
  needed: { pulumi: string; kubernetes: string },
  env: NodeJS.ProcessEnv = process.env,
): Promise<SystemTools> {
  const result: SystemTools = { suitable: [], notices: [] };
  const look = async (
    name: SystemTool["name"],
    args: string[],
    versionOf: (output: string) => string,
    fits: (version: string) => boolean,
    accepted: string,
  ): Promise<void> => {
    const path = await onPath(name, env);
    if (path === undefined) {
      result.notices.push(`${name} is not on PATH; ours is used.`);
      return;
    }
    let version: string;
    try {
      version = versionOf(await capture(path, args, { timeout: 20_000 }));
    } catch (error) {
      const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
      result.notices.push(`${name} at ${path} does not tell its version (${reason}); ours is used.`);
      return;
    }
    if (fits(version)) result.suitable.push({ name, path });
    else result.notices.push(`${name} at ${path} is ${version}, accepted is ${accepted}; ours is used.`);
  };
  await look(
    "pulumi",
    ["version"],
    (output) => output.trim(),
    (version) => isSuitablePulumi(version, needed.pulumi),
    `${needed.pulumi} or a later one of the same major version`,
  );
  await look(
    "kubectl",
    ["version", "--client", "--output=json"],
    (output) => (JSON.parse(output) as { clientVersion: { gitVersion: string } }).clientVersion.gitVersion,
    (version) => isSuitableKubectl(version, needed.kubernetes),
    `${needed.kubernetes} or one minor version older or newer`,
  );
  return result;
}
