import { LABEL, MANAGED_BY } from "../config/labels";
import { discover, listAll, nameOfType, pathOf, type Found } from "./discovery";
import { BerthError, ExitCode } from "./errors";
import { isStatus, pause, type Kube, type KubeObject } from "./kube";
import type { EnvironmentName } from "./naming";

/** How often a deletion is looked at. Milliseconds. */
const pollEvery = 200;

/** Groups that Kubernetes itself serves: their objects wait for no operator. */
function isBuiltIn(group: string): boolean {
  return !group.includes(".") || group.endsWith(".k8s.io");
}

/**
 * Deletes custom resources that carry finalizers and waits until they are gone, while their operators still live: once
 * the namespace itself goes, an operator inside it may go first and leave them for ever.
 *
 * @returns What was deleted.
 * @throws BerthError (prerequisite) without the right to list them, as long as the namespace is not on its way out already.
 */
export async function deleteCustomResources(kube: Kube, namespace: string, signal: AbortSignal): Promise<string[]> {
  const { types } = await discover(kube);
  const custom = types.filter((type) => type.namespaced && !isBuiltIn(type.group) && type.verbs.includes("delete"));
  const list = async () => {
    const { found, notListed } = await listAll(kube, custom, namespace);
    if (notListed.length > 0)
      await assertLeaving(kube, namespace, notListed.map(({ type }) => nameOfType(type)).join(", "));
    return found.filter(({ object }) => (object.metadata.finalizers ?? []).length > 0);
  };
  const found = await list();
  await Promise.all(found.map((each) => deleteFound(kube, each)));
  while (found.length > 0 && !signal.aborted && (await list()).length > 0) await pause(pollEvery, signal);
  return found.map(nameOf);
}

/** Deployers lose the right to list with the namespace; before that, it says that they never had it there. */
async function assertLeaving(kube: Kube, namespace: string, types: string): Promise<void> {
  const live = await kube.find<KubeObject>(`/api/v1/namespaces/${namespace}`);
  if (live === undefined || live.metadata.deletionTimestamp !== undefined) return;
  throw new BerthError(
    `you have no right to list ${types} in ${namespace}, where such objects may wait for their operator`,
    {
      fix: `deploy ${namespace} once more, which gives its deployers their rights in it, or have an administrator run \`berth destroy ${namespace}\`.`,
      exitCode: ExitCode.prerequisite,
    },
  );
}

/** Kinds, as `group/Kind`, whose deletion ends an environment's pods and frees its volumes. */
const workloadKinds = new Set(["apps/Deployment", "apps/StatefulSet", "batch/Job", "/PersistentVolumeClaim"]);

/**
 * Ends an environment's workloads as soon as its namespace is on its way out. The namespace controller leaves a namespace alone
 * for its first five seconds (`namespaceDeletionGracePeriod` in kubernetes/pkg/controller/namespace); pods and volumes can end
 * in that time. Not sooner: a teardown that is called off before its namespace goes must leave the environment as it was.
 *
 * @param signal Ends the wait for the namespace's deletion.
 */
export async function endWorkloads(kube: Kube, name: EnvironmentName, signal: AbortSignal): Promise<void> {
  const path = `/api/v1/namespaces/${name.namespace}`;
  for (;;) {
    if (signal.aborted) return;
    const namespace = await kube.find<KubeObject>(path);
    if (namespace === undefined || !isOwned(namespace, name)) return;
    if (namespace.metadata.deletionTimestamp !== undefined) break;
    await pause(pollEvery, signal);
  }
  const { types } = await discover(kube);
  const kinds = types.filter(({ group, kind }) => workloadKinds.has(`${group}/${kind}`));
  const { found } = await listAll(kube, kinds, name.namespace);
  await Promise.all(found.map((each) => deleteFound(kube, each)));
}

/**
 * Removes what a state does not know of: the environment's namespace and cluster-scoped objects, both by Berth's own label.
 *
 * @returns What was removed.
 */
export async function removeByLabel(kube: Kube, name: EnvironmentName, signal: AbortSignal): Promise<string[]> {
  const removed: string[] = [];
  const path = `/api/v1/namespaces/${name.namespace}`;
  const namespace = await kube.find<KubeObject>(path);
  if (namespace && isOwned(namespace, name)) {
    removed.push(`Namespace ${name.namespace}`);
    await deleteNamespace(kube, path, namespace);
    while (!signal.aborted && (await kube.find(path)) !== undefined) await pause(pollEvery, signal);
  }
  const { types } = await discover(kube);
  const candidates = types.filter((type) => !type.namespaced && type.verbs.includes("delete"));
  const selector = `${LABEL.environment}=${name.namespace}`;
  // The receipt says what could not be listed.
  const labelled = await listAll(kube, candidates, undefined, selector);
  for (const found of labelled.found) {
    if (found.type.kind === "Namespace") continue;
    removed.push(nameOf(found));
    await deleteFound(kube, found);
  }
  return removed;
}

/** Whether a namespace is the environment's own. */
export function isOwned(namespace: KubeObject, name: EnvironmentName): boolean {
  const labels = namespace.metadata.labels ?? {};
  return labels[LABEL.managedBy] === MANAGED_BY && labels[LABEL.environment] === name.namespace;
}

/** Deletes exactly the namespace that was looked at, not one of the same name that has taken its place. */
async function deleteNamespace(kube: Kube, path: string, namespace: KubeObject): Promise<void> {
  if (namespace.metadata.deletionTimestamp !== undefined) return;
  try {
    await kube.delete(path, { preconditions: { uid: namespace.metadata.uid } });
  } catch (error) {
    // It is on its way out already.
    if (!isStatus(error, 409)) throw error;
  }
}

async function deleteFound(kube: Kube, { type, object }: Found): Promise<void> {
  const path = pathOf(type, type.namespaced ? object.metadata.namespace : undefined, object.metadata.name);
  await kube.delete(path, { preconditions: { uid: object.metadata.uid } });
}

function nameOf({ type, object }: Found): string {
  return `${type.kind} ${object.metadata.name}`;
}
