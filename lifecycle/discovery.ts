import pLimit from "p-limit";
import { isStatus, type Kube, type KubeList, type KubeObject } from "./kube";

/** A type of object that the API server stores. */
export interface ResourceType {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Plural name, as in paths. */
  readonly resource: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

interface DiscoveryGroups {
  items: {
    metadata: { name?: string };
    versions: {
      version: string;
      freshness?: string;
      resources?: { resource: string; responseKind?: { kind: string }; scope: string; verbs: string[] }[];
    }[];
  }[];
}

/** Types whose lists show other types' objects, or which no one can delete. */
const views = new Set(["componentstatuses", "bindings"]);

/** How many lists are asked for at once: more than this only queues in the API server. */
const parallelLists = 12;

/** The aggregated form answers for all groups in two requests; stable since Kubernetes 1.30. */
const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** What was found, and what could not be asked. */
export interface Discovery {
  readonly types: readonly ResourceType[];
  /** Groups whose server did not answer, such as a broken APIService: objects of theirs are not known. */
  readonly unavailable: readonly string[];
}

/** Every type that can be listed, each in the version that the server prefers. */
export async function discover(kube: Kube): Promise<Discovery> {
  const answers = await Promise.all(
    ["/api", "/apis"].map((path) => kube.get<DiscoveryGroups>(path, { accept: aggregated })),
  );
  const unavailable: string[] = [];
  const types: ResourceType[] = [];
  const seen = new Set<string>();
  for (const group of answers.flatMap((answer) => answer.items)) {
    const name = group.metadata.name ?? "";
    for (const version of group.versions) {
      if (version.freshness === "Stale") unavailable.push(`${name}/${version.version}`);
      for (const entry of version.resources ?? []) {
        // Versions come with the preferred one first.
        const key = `${name}/${entry.resource}`;
        if (seen.has(key) || !entry.verbs.includes("list") || views.has(entry.resource)) continue;
        seen.add(key);
        types.push({
          group: name,
          version: version.version,
          kind: entry.responseKind?.kind ?? entry.resource,
          resource: entry.resource,
          namespaced: entry.scope === "Namespaced",
          verbs: entry.verbs,
        });
      }
    }
  }
  return { types, unavailable };
}

/** The path of a type's list, or of one object. */
export function pathOf(
  type: Pick<ResourceType, "group" | "version" | "resource">,
  namespace?: string,
  name?: string,
): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `${root}${scope}/${type.resource}${name === undefined ? "" : `/${name}`}`;
}

/** An object with the type that it was listed under. */
export interface Found {
  readonly type: ResourceType;
  readonly object: KubeObject;
}

/** A type whose objects are not known, since whoever asks has no right to list them. */
export interface NotListed {
  readonly type: ResourceType;
  /** The API server's own words. */
  readonly why: string;
}

/** What was listed. */
export interface Listing {
  readonly found: readonly Found[];
  /** Types of which nothing is known. Empty for an administrator. */
  readonly notListed: readonly NotListed[];
}

/**
 * Lists several types at once.
 *
 * @param namespace Only objects in it. @default all objects, of cluster-scoped types too
 * @param labelSelector As in the API. @default every object
 */
export async function listAll(
  kube: Kube,
  types: readonly ResourceType[],
  namespace: string | undefined,
  labelSelector?: string,
): Promise<Listing> {
  const limit = pLimit(parallelLists);
  const notListed: NotListed[] = [];
  const lists = await Promise.all(
    types.map((type) =>
      limit(async () => {
        try {
          const list = await kube.get<KubeList>(pathOf(type, namespace), { query: { labelSelector } });
          return list.items.map((object) => ({ type, object }));
        } catch (error) {
          // Some types answer "method not allowed" although discovery offers the verb; they store nothing.
          if (isStatus(error, 404) || isStatus(error, 405)) return [];
          if (!isStatus(error, 403)) throw error;
          notListed.push({ type, why: error.message });
          return [];
        }
      }),
    ),
  );
  return { found: lists.flat(), notListed };
}

/** The name of a type as `kubectl` takes it, such as `widgets.example.com`. */
export function nameOfType({ group, resource }: ResourceType): string {
  return group === "" ? resource : `${resource}.${group}`;
}

interface Namespace extends KubeObject {
  status?: { conditions?: { type: string; status: string; message?: string }[] };
}

/** What a namespace says of itself that holds its deletion up: which kinds and which finalizers are left in it. */
export function namespaceConditions(namespace: KubeObject): string[] {
  const { conditions = [] } = (namespace as Namespace).status ?? {};
  return conditions.filter(({ status }) => status === "True").map(({ type, message }) => message ?? type);
}
