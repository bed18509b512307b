import { LABEL } from "../config/labels";
import { discover, listAll, nameOfType, namespaceConditions, pathOf, type Found } from "./discovery";
import type { StackResource } from "./events";
import { pause, type Kube, type KubeList, type KubeObject } from "./kube";
import type { EnvironmentName } from "./naming";
import { readState } from "./recovery";
import type { Target } from "./target";

/** Something of an environment that should be gone and is not. */
export interface Leftover {
  /** Where it was found. */
  readonly side: "cluster" | "state";
  readonly kind: string;
  /** With its namespace, where it has one. */
  readonly name: string;
  /** API path, or URN. */
  readonly where: string;
  readonly finalizers?: readonly string[];
  /** Of a namespace: what it says of itself, such as which finalizers are left in it. */
  readonly conditions?: readonly string[];
}

/** A type of object that was not looked through, since whoever took the receipt had no right to list it. */
export interface Unlisted {
  /** As `kubectl` takes it, such as `widgets.example.com`. */
  readonly type: string;
  /** Whether its objects are in namespaces: where the environment's is gone, there are none of it. */
  readonly namespaced: boolean;
  /** The API server's own words. */
  readonly why: string;
}

/** The proof that an environment is gone, or the list of what is not. */
export interface Receipt {
  readonly version: 1;
  readonly environment: string;
  /** When the cluster was looked at, ISO 8601. */
  readonly time: string;
  /** The API server that was asked. */
  readonly cluster: string;
  /** What the stack had, and the engine has deleted. Empty when the state was lost. */
  readonly had: readonly StackResource[];
  /** What was removed by label, because the state did not know it. */
  readonly removedByLabel: readonly string[];
  /** How many types of object were looked through. */
  readonly typesChecked: number;
  /** API groups whose server did not answer, so that nothing is known about their objects. */
  readonly unavailable: readonly string[];
  /** Types that could not be listed. Empty for an administrator; deployers may list the rest only while they have rights in the namespace. */
  readonly notListed: readonly Unlisted[];
  readonly left: readonly Leftover[];
}

/** What the API server has of an environment, and what is not known of it. */
type OnCluster = Pick<Receipt, "left" | "typesChecked" | "unavailable" | "notListed">;

/** How long objects whose deletion is under way may take: volumes are removed after their claims. Milliseconds. */
const settleTime = 20_000;

const settlePoll = 250;

interface PersistentVolume extends KubeObject {
  spec?: { claimRef?: { namespace?: string } };
}

/**
 * Objects of an environment that the API server still has: everything in its namespace, whatever its type, volumes bound to
 * claims there, and cluster-scoped objects with its label.
 */
export async function leftOnCluster(kube: Kube, name: EnvironmentName): Promise<OnCluster> {
  const { types, unavailable } = await discover(kube);
  const selector = `${LABEL.environment}=${name.namespace}`;
  const clusterScoped = types.filter((type) => !type.namespaced);
  const [inside, labelled, volumes, namespace] = await Promise.all([
    listAll(
      kube,
      types.filter((type) => type.namespaced),
      name.namespace,
    ),
    listAll(kube, clusterScoped, undefined, selector),
    kube.get<KubeList<PersistentVolume>>("/api/v1/persistentvolumes"),
    kube.find<KubeObject>(`/api/v1/namespaces/${name.namespace}`),
  ]);
  const found = new Map<string, Leftover>();
  const add = ({ type, object }: Found) => {
    const path = pathOf(type, type.namespaced ? object.metadata.namespace : undefined, object.metadata.name);
    found.set(object.metadata.uid ?? path, leftover(type.kind, object, path));
  };
  [...inside.found, ...labelled.found].forEach(add);
  for (const volume of volumes.items) {
    if (volume.spec?.claimRef?.namespace !== name.namespace) continue;
    const path = `/api/v1/persistentvolumes/${volume.metadata.name}`;
    found.set(volume.metadata.uid ?? path, leftover("PersistentVolume", volume, path));
  }
  if (namespace) {
    const path = `/api/v1/namespaces/${name.namespace}`;
    const conditions = namespaceConditions(namespace);
    const entry = leftover("Namespace", namespace, path);
    found.set(namespace.metadata.uid ?? path, conditions.length === 0 ? entry : { ...entry, conditions });
  }
  const notListed = [...inside.notListed, ...labelled.notListed].map(({ type, why }) => ({
    type: nameOfType(type),
    namespaced: type.namespaced,
    why,
  }));
  return { left: [...found.values()], typesChecked: types.length - notListed.length, unavailable, notListed };
}

function leftover(kind: string, object: KubeObject, where: string): Leftover {
  const { name, namespace, finalizers } = object.metadata;
  return {
    side: "cluster",
    kind,
    name: namespace === undefined ? name : `${namespace}/${name}`,
    where,
    ...(finalizers === undefined || finalizers.length === 0 ? {} : { finalizers }),
  };
}

/** Resources that the stack's state still lists; one entry for the stack itself when it is empty but there. */
async function leftInState(target: Target, name: EnvironmentName): Promise<Leftover[]> {
  const state = await readState(target, name.stack);
  if (state === undefined || !state.exists) return [];
  return [
    { side: "state", kind: "Stack", name: name.stack, where: `organization/berth/${name.stack}` },
    ...state.resources
      .filter((resource) => resource.custom === true && !resource.type.startsWith("pulumi:"))
      .map((resource): Leftover => ({
        side: "state",
        kind: resource.type,
        name: resource.id ?? "",
        where: resource.urn,
      })),
  ];
}

/**
 * Looks from both sides at what an environment has left, and gives deletions that are under way a moment to end.
 *
 * @param had What the engine says that it has deleted.
 * @param removedByLabel What was removed without the engine.
 */
export async function takeReceipt(
  target: Target,
  kube: Kube,
  name: EnvironmentName,
  had: readonly StackResource[],
  removedByLabel: readonly string[],
  signal?: AbortSignal,
): Promise<Receipt> {
  const deadline = Date.now() + settleTime;
  for (;;) {
    const [cluster, state] = await Promise.all([leftOnCluster(kube, name), leftInState(target, name)]);
    const left = [...cluster.left, ...state];
    if (left.length === 0 || Date.now() > deadline || signal?.aborted) {
      return {
        version: 1,
        environment: name.namespace,
        time: new Date().toISOString(),
        cluster: kube.server,
        had,
        removedByLabel,
        typesChecked: cluster.typesChecked,
        unavailable: cluster.unavailable,
        notListed: cluster.notListed,
        left,
      };
    }
    await pause(settlePoll, signal);
  }
}
