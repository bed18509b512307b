import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { PLATFORM_NAMESPACE, PLATFORM_STACK } from "../config/names";
import { parsePlatform } from "../config/platform";
import { BerthError, ExitCode } from "./errors";
import { isStatus, type Kube } from "./kube";
import { leasesPath, newLease, withNotes, type LeaseObject } from "./lease";
import { assertPreviewSecrets } from "./preview-secrets";
import type { Progress, Stops } from "./progress";
import { runEngine } from "./engine";
import { readState } from "./recovery";
import { runIdFor } from "./run-id";
import { interrupted } from "./state";
import type { Target } from "./target";
import { createStack, engineFailed, prepareStack, runStack } from "./update";
import { programOf, writeProject, writeStackConfig } from "./workspace";

/** The Lease that notes which platform is there; environments have one each beside it. */
const platformLease = "platform";

const fingerprintNote = "berth.dev/platform-fingerprint";

/**
 * Makes sure that the platform stack is there and up to date. Costs one request when it is: a fingerprint of its
 * configuration and of the program is noted in the cluster.
 *
 * @returns Whether the engine had to work.
 * @throws BerthError when the target has no platform configuration and no platform either.
 */
export async function ensurePlatform(
  target: Target,
  kube: Kube,
  progress: Progress,
  stops: Stops = {},
): Promise<boolean> {
  const path = `${leasesPath}/${platformLease}`;
  const [note, state] = await Promise.all([kube.find<LeaseObject>(path), readState(target, PLATFORM_STACK)]);
  const noted = note?.metadata.annotations?.[fingerprintNote];
  if (target.platform === undefined) {
    if (state?.exists === false) throw platformMissing(target);
    return false;
  }
  const wanted = await fingerprint(target);
  if (noted === wanted && state?.exists !== false) return false;

  await assertPreviewSecrets(kube, parsePlatform(target.platform));
  progress({ kind: "phase", text: "bringing the platform up to date" });
  const run = { stack: PLATFORM_STACK, progress, ...stops };
  await writeProject(target);
  if (state?.exists !== true) await createStack(target, PLATFORM_STACK);
  await writeStackConfig(target, PLATFORM_STACK, { "berth:role": "platform", "berth:platform": target.platform });
  const { recovered } = await prepareStack(target, run, kube);
  const result = await runStack(target, ["up", ...(recovered ? ["--refresh"] : [])], run);
  if (stops.signal?.aborted) throw interrupted();
  if (result.code !== 0) throw engineFailed(target, PLATFORM_STACK, result);
  await noteFingerprint(kube, path, wanted);
  return true;
}

async function fingerprint(target: Target): Promise<string> {
  const hash = createHash("sha256");
  hash.update(JSON.stringify(target.platform));
  hash.update(await readFile(await programOf(target)));
  return hash.digest("hex").slice(0, 32);
}

async function noteFingerprint(kube: Kube, path: string, wanted: string): Promise<void> {
  const notes = { [fingerprintNote]: wanted };
  try {
    await kube.post(leasesPath, withNotes(newLease(platformLease), notes));
  } catch (error) {
    if (!isStatus(error, 409)) throw error;
    await kube.patch(path, { metadata: { annotations: notes } });
  }
}

/** Outputs of the platform's stack; undefined where the stack is not to be had. */
export async function platformOutputs(target: Target): Promise<Readonly<Record<string, unknown>> | undefined> {
  const state = await readState(target, PLATFORM_STACK);
  if (state !== undefined) return state.resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs;
  const args = ["stack", "output", "--json", "--stack", PLATFORM_STACK];
  const result = await runEngine(target, args, { runId: runIdFor(target, PLATFORM_STACK) });
  return result.code === 0 ? (JSON.parse(result.stdout) as Record<string, unknown>) : undefined;
}

/**
 * For what only reads the platform.
 *
 * @throws BerthError when there is none. Where the state is not on this machine, the engine finds out.
 */
export async function assertPlatform(target: Target): Promise<void> {
  if ((await readState(target, PLATFORM_STACK))?.exists === false) throw platformMissing(target);
}

function platformMissing(target: Target): BerthError {
  return new BerthError(
    `the cluster ${target.name} has no Berth platform (stack ${PLATFORM_STACK}, namespace ${PLATFORM_NAMESPACE})`,
    {
      fix:
        target.platform === undefined
          ? "pass its settings once with --platform FILE, or run `pulumi up --stack platform` with berth:role and berth:platform set."
          : "deploy an environment: the first deploy sets the platform up.",
      exitCode: ExitCode.prerequisite,
    },
  );
}
