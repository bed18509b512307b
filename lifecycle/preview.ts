import { ANNOTATION } from "../config/labels";
import { PLATFORM_STACK } from "../config/names";
import { findDataChanges, type Loss, type Refusal } from "./data";
import { assertOwned, configuredAs, type DeployRequest } from "./deploy";
import { runEngine, type EngineResult } from "./engine";
import { describe } from "./events";
import type { Kube, KubeObject } from "./kube";
import { environmentName, type EnvironmentName } from "./naming";
import { assertPlatform } from "./platform";
import { silent, type Progress, type Stops } from "./progress";
import { readState } from "./recovery";
import { runIdFor } from "./run-id";
import { findLease, interrupted } from "./state";
import { connect, type Target } from "./target";
import { createStack, engineFailed } from "./update";
import {
  copyStackFile,
  removeStackFile,
  shareEncryption,
  stackFile,
  writeProject,
  writeStackConfig,
} from "./workspace";

/** How to preview. */
export interface PreviewOptions extends Stops {
  readonly progress?: Progress;
}

/** What happens to one object. */
export interface ObjectChange {
  readonly op: "create" | "update" | "replace" | "delete";
  /** Kind and name, such as `Deployment shop-pr-1/app`. */
  readonly object: string;
  /** Paths of the fields that change, without their values: some are secret. Empty unless it is an update or a replacement. */
  readonly fields: readonly string[];
}

/** What a deploy would do. */
export interface PreviewResult {
  readonly environment: string;
  /** Whether the environment would be new. */
  readonly isNew: boolean;
  readonly changes: readonly ObjectChange[];
  /** Objects that stay as they are. */
  readonly unchanged: number;
  /** Data that would be lost; a deploy needs --allow-data-loss for them. */
  readonly losses: readonly Loss[];
  /** Why a deploy would be refused; it would then change nothing, and what it is asked to change is not looked at. */
  readonly refusals: readonly Refusal[];
}

/** The engine's answer to `preview --json`, as far as it is read here. */
interface Digest {
  steps?: {
    op: string;
    urn: string;
    oldState?: { type: string; id?: string; custom?: boolean };
    newState?: { type: string; id?: string; custom?: boolean };
    detailedDiff?: Record<string, unknown> | null;
  }[];
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
  const kube = await connect(target);
  await assertOwned(kube, name, request.repository);
  await assertPlatform(target);
  await writeProject(target);
  progress({ kind: "phase", text: `previewing ${name.namespace} at ${request.commit.slice(0, 12)}` });
  const { losses, refusals } = await findDataChanges(target, kube, name, request.config);
  if (refusals.length > 0) {
    return { environment: name.namespace, isNew: false, changes: [], unchanged: 0, losses, refusals };
  }
  const state = await readState(target, name.stack);
  const isNew = state === undefined ? !(await isThere(kube, name)) : !state.exists;
  if (isNew) {
    await shareEncryption(target, PLATFORM_STACK, name.stack);
    await createStack(target, name.stack);
  }
  try {
    const digest = await digestOf(target, name, request, options);
    return { environment: name.namespace, isNew, ...changesOf(digest), losses, refusals };
  } finally {
    if (isNew && (await findLease(kube, name.namespace))?.holder === undefined) await forget(target, name);
  }
}

async function isThere(kube: Kube, name: EnvironmentName): Promise<boolean> {
  return (await kube.find<KubeObject>(`/api/v1/namespaces/${name.namespace}`)) !== undefined;
}

/** Runs the engine with a configuration of its own, so that the one of the last deploy stays. */
async function digestOf(
  target: Target,
  name: EnvironmentName,
  request: DeployRequest,
  options: PreviewOptions,
): Promise<Digest> {
  const draft = `${name.stack}.preview-${process.pid}`;
  try {
    await copyStackFile(target, name.stack, draft);
    await writeStackConfig(target, draft, await configuredAs(target, name, request));
    const args = ["preview", "--json", "--stack", name.stack, "--config-file", stackFile(target, draft)];
    const { signal, kill } = options;
    const result = await runEngine(target, args, { runId: runIdFor(target, name.stack), signal, kill });
    if (options.signal?.aborted) throw interrupted();
    if (result.code !== 0) throw engineFailed(target, name.stack, withDiagnostics(result));
    return JSON.parse(result.stdout) as Digest;
  } finally {
    await removeStackFile(target, draft);
  }
}

/** Puts the engine's messages where those of an update are: a preview has them in its digest. */
function withDiagnostics(result: EngineResult): EngineResult {
  try {
    const { diagnostics = [] } = JSON.parse(result.stdout) as { diagnostics?: { message: string; severity: string }[] };
    for (const diagnosticEvent of diagnostics) result.summary.add({ timestamp: 0, diagnosticEvent });
  } catch (error) {
    // Without a digest, standard error says what is wrong.
    if (!(error instanceof SyntaxError)) throw error;
  }
  return result;
}

const ops: Readonly<Record<string, ObjectChange["op"]>> = {
  create: "create",
  update: "update",
  replace: "replace",
  delete: "delete",
};

/** What is to be shown of the engine's steps: each object once, Pulumi's own left out. */
export function changesOf(digest: Digest): Pick<PreviewResult, "changes" | "unchanged"> {
  const steps = (digest.steps ?? []).filter(({ oldState, newState }) => {
    const state = newState ?? oldState;
    return state?.custom === true && !state.type.startsWith("pulumi:");
  });
  const changes: ObjectChange[] = [];
  let unchanged = 0;
  for (const { op: verb, urn, oldState, newState, detailedDiff } of steps) {
    const op = ops[verb];
    const isChange = op === "update" || op === "replace";
    const paths = Object.keys(detailedDiff ?? {});
    const fields = isChange ? paths.filter((path) => !path.includes(ANNOTATION.awaitsQuota)).sort() : [];
    if (verb === "same" || (isChange && paths.length > 0 && fields.length === 0)) unchanged++;
    else if (op !== undefined) {
      changes.push({
        op,
        object: describe({ type: (newState ?? oldState)?.type ?? "", urn, id: oldState?.id }),
        fields,
      });
    }
  }
  return { changes, unchanged };
}

/** Takes away the empty stack that a preview of a new environment needs. */
async function forget(target: Target, name: EnvironmentName): Promise<void> {
  const args = ["stack", "rm", name.stack, "--yes"];
  // It refuses a stack that a deploy has begun to fill meanwhile, which is right.
  await runEngine(target, args, { runId: runIdFor(target, name.stack) });
  if ((await readState(target, name.stack))?.exists === false) await removeStackFile(target, name.stack);
}
