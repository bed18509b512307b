import { discover, listAll, nameOfType, namespaceConditions } from "./discovery";
import type { Kube, KubeList, KubeObject } from "./kube";

/** An object that cannot go because somebody has yet to finish with it. */
export interface Stuck {
  readonly kind: string;
  readonly name: string;
  readonly finalizers: readonly string[];
  /** Who has to remove each finalizer, and how they are. */
  readonly controllers: readonly string[];
}

/** Finalizers whose controller is part of Kubernetes or of a cloud, by exact name or by suffix of their domain. */
const knownFinalizers: readonly (readonly [pattern: RegExp, controller: string])[] = [
  [/^kubernetes\.io\/pvc-protection$/, "kube-controller-manager, once no pod uses the claim"],
  [/^kubernetes\.io\/pv-protection$/, "kube-controller-manager, once no claim uses the volume"],
  [/^(foregroundDeletion|orphan)$/, "the garbage collector of kube-controller-manager"],
  [/^service\.kubernetes\.io\/load-balancer-cleanup$/, "the cloud controller manager, which removes the load balancer"],
  [/^external-(provisioner|attacher)/, "the CSI driver of the volume"],
  [/(^|\.)(elbv2\.)?k8s\.aws\//, "the AWS Load Balancer Controller"],
  [/^batch\.kubernetes\.io\/job-tracking$/, "the job controller of kube-controller-manager"],
];

interface Deployment extends KubeObject {
  status?: { replicas?: number; readyReplicas?: number };
}

/**
 * Every object in a namespace that waits for a finalizer, with the controllers that it waits for. What the namespace itself says takes the
 * place of kinds that may not be listed.
 */
export async function findStuck(kube: Kube, namespace: string): Promise<Stuck[]> {
  const { types } = await discover(kube);
  const [{ found, notListed }, deployments, itself] = await Promise.all([
    listAll(
      kube,
      types.filter((type) => type.namespaced),
      namespace,
    ),
    kube.get<KubeList<Deployment>>("/apis/apps/v1/deployments"),
    kube.find<KubeObject>(`/api/v1/namespaces/${namespace}`),
  ]);
  const held = found.flatMap(({ type, object }) => {
    const finalizers = object.metadata.finalizers ?? [];
    if (finalizers.length === 0) return [];
    return [
      {
        kind: type.kind,
        name: object.metadata.name,
        finalizers,
        controllers: finalizers.map((finalizer) => controllerOf(finalizer, deployments.items)),
      },
    ];
  });
  if (itself === undefined || notListed.length === 0) return held;
  const unknown = `what you have no right to list (${notListed.map(({ type }) => nameOfType(type)).join(", ")})`;
  const controllers = [...namespaceConditions(itself), unknown];
  return [...held, { kind: "Namespace", name: namespace, finalizers: [], controllers }];
}

/** Parts of a domain that say nothing about whose it is. */
const commonParts = new Set([
  "io",
  "com",
  "org",
  "dev",
  "net",
  "k8s",
  "kubernetes",
  "x-k8s",
  "sigs",
  "cloud",
  "finalizers",
]);

/**
 * Who removes a finalizer, as far as its name tells: a part of Kubernetes, or a Deployment whose name or labels share the
 * telling part of the finalizer's domain.
 */
export function controllerOf(finalizer: string, deployments: readonly Deployment[]): string {
  const known = knownFinalizers.find(([pattern]) => pattern.test(finalizer));
  if (known) return `${finalizer}: ${known[1]}`;
  const domain = finalizer.split("/")[0] ?? "";
  const words = domain.split(/[.-]/).filter((word) => word.length > 2 && !commonParts.has(word));
  const candidate = deployments.find((deployment) => {
    const { name, labels = {} } = deployment.metadata;
    const text = [name, ...Object.values(labels)].join(" ").toLowerCase();
    return words.some((word) => text.includes(word.toLowerCase()));
  });
  if (!candidate) {
    return `${finalizer}: no controller for it was found (no Deployment is named after ${words.join(" or ") || domain})`;
  }
  const { name, namespace = "" } = candidate.metadata;
  const { readyReplicas = 0, replicas = 0 } = candidate.status ?? {};
  const health = readyReplicas > 0 ? `${readyReplicas} of ${replicas} ready` : `not running (0 of ${replicas} ready)`;
  return `${finalizer}: probably Deployment ${namespace}/${name}, ${health}`;
}

/** One line for an error message. */
export function stuckText(stuck: Stuck): string {
  return `${stuck.kind} ${stuck.name} waits for ${stuck.controllers.join("; ")}`;
}
