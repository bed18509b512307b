import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { discover, pathOf, type ResourceType } from "./discovery";
import { runEngine } from "./engine";
import { failureText, setupError } from "./engine-errors";
import { BerthError, hasCode } from "./errors";
import type { Kube, KubeObject } from "./kube";
import { pulumiProject } from "./naming";
import { runIdFor } from "./run-id";
import type { Target } from "./target";
import { backendFolder } from "./workspace";

/** A resource in the engine's state. Fields that the lifecycle does not touch pass through unread. */
export interface StateResource {
  urn: string;
  type: string;
  custom?: boolean;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  [field: string]: unknown;
}

/** What the engine was doing when it was killed. */
export interface PendingOperation {
  type: "creating" | "updating" | "deleting" | "reading" | "importing";
  resource: StateResource;
}

/** A stack's state as `pulumi stack export` gives it. */
export interface Deployment {
  resources?: StateResource[];
  pending_operations?: PendingOperation[];
  [field: string]: unknown;
}

interface Exported {
  version: number;
  deployment: Deployment;
}

/** The state of a stack: absent, empty after `stack init`, or with what it has. */
export interface StackState {
  readonly exists: boolean;
  readonly resources: readonly StateResource[];
  readonly pending: readonly PendingOperation[];
}

/**
 * Reads a stack's state without starting the engine.
 *
 * @returns undefined when the backend is no folder.
 */
export async function readState(target: Target, stack: string): Promise<StackState | undefined> {
  const root = backendFolder(target);
  if (root === undefined) return undefined;
  try {
    const text = await readFile(join(root, "stacks", pulumiProject, `${stack}.json`), "utf8");
    const latest = (JSON.parse(text) as { checkpoint?: { latest?: Deployment } }).checkpoint?.latest;
    return { exists: true, resources: latest?.resources ?? [], pending: latest?.pending_operations ?? [] };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return { exists: false, resources: [], pending: [] };
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** An object that an interrupted run created without writing it down. */
export interface Created {
  /** The id under which the provider knows it. */
  readonly id: string;
  /**
   * The name under which the provider manages its fields. It is made up for each object and kept in the state; under another
   * one, the next update would conflict with the creation.
   */
  readonly fieldManager?: string;
}

interface ManagedObject extends KubeObject {
  metadata: KubeObject["metadata"] & { managedFields?: { manager?: string }[] };
}

/**
 * Looks for a resource whose creation was interrupted.
 *
 * @param types As discovered, to find the path of the resource's kind.
 * @returns undefined when it does not exist, or is nothing that exists outside the state (a random value).
 */
export async function findCreated(
  kube: Kube,
  types: readonly ResourceType[],
  resource: StateResource,
): Promise<Created | undefined> {
  const found = objectPath(types, resource);
  const object = found && (await kube.find<ManagedObject>(found.path));
  if (found === undefined || object === undefined) return undefined;
  const fieldManager = object.metadata.managedFields
    ?.map(({ manager = "" }) => manager)
    .find((manager) => manager.startsWith("pulumi-kubernetes"));
  return { id: found.id, ...(fieldManager === undefined ? {} : { fieldManager }) };
}

/** The path and id of a Kubernetes resource of the state, from its inputs; undefined for any other. */
export function objectPath(
  types: readonly ResourceType[],
  resource: StateResource,
): { path: string; id: string } | undefined {
  if (!resource.type.startsWith("kubernetes:")) return undefined;
  const inputs = resource.inputs as
    { apiVersion?: string; kind?: string; metadata?: { name?: string; namespace?: string } } | undefined;
  const name = inputs?.metadata?.name;
  const group = inputs?.apiVersion?.includes("/") ? inputs.apiVersion.split("/")[0] : "";
  const type = types.find((candidate) => candidate.group === group && candidate.kind === inputs?.kind);
  if (type === undefined || name === undefined) return undefined;
  const namespace = type.namespaced ? (inputs?.metadata?.namespace ?? "default") : undefined;
  return { path: pathOf(type, namespace, name), id: namespace === undefined ? name : `${namespace}/${name}` };
}

/**
 * The state after an interrupted run: what was created but not yet written down becomes a resource of the stack, every
 * other unfinished operation is dropped. The next update has to refresh, since nobody saw how those ended.
 *
 * @param created The interrupted creations that came to pass, by URN.
 */
export function settle(deployment: Deployment, created: ReadonlyMap<string, Created>): Deployment {
  const resources = [...(deployment.resources ?? [])];
  for (const { type, resource } of deployment.pending_operations ?? []) {
    const found = created.get(resource.urn);
    if (type !== "creating" || found === undefined) continue;
    if (resources.some((present) => present.urn === resource.urn && present["delete"] !== true)) continue;
    const manager = found.fieldManager === undefined ? {} : { __fieldManager: found.fieldManager };
    resources.push({ ...resource, id: found.id, outputs: { ...resource.inputs, ...resource.outputs, ...manager } });
  }
  return { ...deployment, resources, pending_operations: [] };
}

/**
 * Brings the state of an interrupted run in order.
 *
 * @param kube To look for objects that were created but not written down. @default nothing is looked for: before a destroy,
 *   which removes by label what the state does not know
 * @returns Whether anything had to be done.
 */
export async function recover(target: Target, stack: string, kube?: Kube): Promise<boolean> {
  const quick = await readState(target, stack);
  if (quick && quick.pending.length === 0) return false;
  const runId = runIdFor(target, stack);
  const exported = await runEngine(target, ["stack", "export", "--stack", stack], { runId });
  if (exported.code !== 0) throw setupError(target, exported) ?? notRecovered(stack, failureText(exported));
  const state = JSON.parse(exported.stdout) as Exported;
  const pending = state.deployment.pending_operations ?? [];
  if (pending.length === 0) return false;
  const created = new Map<string, Created>();
  const types = kube ? (await discover(kube)).types : [];
  for (const { type, resource } of pending) {
    const found = type === "creating" && kube ? await findCreated(kube, types, resource) : undefined;
    if (found !== undefined) created.set(resource.urn, found);
  }
  const settled = JSON.stringify({ ...state, deployment: settle(state.deployment, created) });
  const imported = await runEngine(target, ["stack", "import", "--stack", stack], { runId, input: settled });
  if (imported.code !== 0) throw setupError(target, imported) ?? notRecovered(stack, failureText(imported));
  return true;
}

function notRecovered(stack: string, why: string): BerthError {
  return new BerthError(`the state of stack ${stack} could not be brought in order after an interruption: ${why}`, {
    fix: `look at it with \`pulumi stack export --stack ${stack}\`; \`berth destroy\` removes the environment by its labels in any case.`,
  });
}
