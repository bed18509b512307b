import { PLATFORM_STACK } from "../config/names";
import { findDataChanges, type Loss, type Refusal } from "./data";
import { assertOwned, configuredAs, type DeployRequest } from "./deploy";
import { dryRun, type Changes } from "./dry-run";
import { runEngine } from "./engine";
import type { Kube, KubeObject } from "./kube";
import { environmentName, type EnvironmentName } from "./naming";
import { assertPlatform } from "./platform";
import { openPack, type PoliciesLeftOut, type PolicyChoice } from "./policies";
import { withPlatform } from "./policy-facts";
import type { PolicyReport } from "./policy-report";
import { silent, type Progress, type Stops } from "./progress";
import { readState } from "./recovery";
import { runIdFor } from "./run-id";
import { findLease, interrupted } from "./state";
import { connect, type Target } from "./target";
import { createStack, engineFailed } from "./update";
import { removeStackFile, shareEncryption, writeProject } from "./workspace";

/** How to preview. */
export interface PreviewOptions extends Stops {
  readonly progress?: Progress;
  /** The rules that judge it. @default none */
  readonly policies?: PolicyChoice | PoliciesLeftOut;
}

/** What a deploy would do. */
export interface PreviewResult extends Changes {
  readonly environment: string;
  /** Whether the environment would be new. */
  readonly isNew: boolean;
  /** How much its code would be trusted; empty when that was not looked at. */
  readonly trust: string;
  /** Data that would be lost; a deploy needs --allow-data-loss for them. */
  readonly losses: readonly Loss[];
  /** Why a deploy would be refused; it would then change nothing, and what it is asked to change is not looked at. */
  readonly refusals: readonly Refusal[];
  /** What the rules say; a deploy is refused when a mandatory one is broken. Undefined when none were asked. */
  readonly policies?: PolicyReport;
}

/**
 * Says what a deploy would do, and changes nothing: neither the environment nor what is kept of it on this machine. Nobody has to wait
 * for it, and what somebody else does meanwhile is not in it.
 *
 * @throws BerthError
 */
export async function preview(
  target: Target,
  request: DeployRequest,
  options: PreviewOptions = {},
): Promise<PreviewResult> {
  const progress = options.progress ?? silent;
  const name = environmentName(request.config.projectId, request.number);
  const chosen = await openPack(options.policies);
  const kube = await connect(target);
  await assertOwned(kube, name, request.repository);
  await assertPlatform(target);
  await writeProject(target);
  progress({ kind: "phase", text: `previewing ${name.namespace} at ${request.commit.slice(0, 12)}` });
  const { losses, refusals } = await findDataChanges(target, kube, name, request.config);
  if (refusals.length > 0) {
    return { environment: name.namespace, isNew: false, trust: "", changes: [], unchanged: 0, losses, refusals };
  }
  const state = await readState(target, name.stack);
  const isNew = state === undefined ? !(await isThere(kube, name)) : !state.exists;
  if (isNew) {
    await shareEncryption(target, PLATFORM_STACK, name.stack);
    await createStack(target, name.stack);
  }
  try {
    const config = await configuredAs(target, kube, name, request);
    const pack = chosen && (await withPlatform(target, chosen));
    const { result, changes, unchanged, trust, report } = await dryRun(target, name, config, pack, options);
    if (options.signal?.aborted) throw interrupted();
    // Broken rules fail the engine too, which says no more than that then.
    const isElse = result.summary.errors.some((error) => !/^(error: )?preview failed$/.test(error));
    if (result.code !== 0 && (isElse || report?.worst !== "mandatory")) throw engineFailed(target, name.stack, result);
    const environment = name.namespace;
    return { environment, isNew, trust, changes, unchanged, losses, refusals, ...(report && { policies: report }) };
  } finally {
    if (isNew && (await findLease(kube, name.namespace))?.holder === undefined) await forget(target, name);
  }
}

async function isThere(kube: Kube, name: EnvironmentName): Promise<boolean> {
  return (await kube.find<KubeObject>(`/api/v1/namespaces/${name.namespace}`)) !== undefined;
}

/** Takes away the empty stack that a preview of a new environment needs. */
async function forget(target: Target, name: EnvironmentName): Promise<void> {
  const args = ["stack", "rm", name.stack, "--yes"];
  // It refuses a stack that a deploy has begun to fill meanwhile, which is right.
  await runEngine(target, args, { runId: runIdFor(target, name.stack) });
  if ((await readState(target, name.stack))?.exists === false) await removeStackFile(target, name.stack);
}
