import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";

/** A Kubernetes object as `kubectl get -o json` prints it. */
export interface LiveObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** The kinds that an environment consists of, in the order in which they have to be applied. */
export const environmentKinds = [
  "namespace",
  "resourcequota",
  "limitrange",
  "networkpolicy",
  "serviceaccount",
  "configmap",
  "secret",
  "persistentvolumeclaim",
  "service",
  "statefulset",
  "deployment",
  "middleware",
  "ingress",
] as const;

/** Objects that the cluster puts into every namespace by itself. */
function isMadeByTheCluster({ kind, metadata }: LiveObject): boolean {
  return (
    (kind === "ConfigMap" && metadata.name === "kube-root-ca.crt") ||
    (kind === "ServiceAccount" && metadata.name === "default")
  );
}

function without(object: Record<string, unknown>, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([field]) => !fields.includes(field)));
}

const serverFields = [
  "finalizers",
  "uid",
  "resourceVersion",
  "creationTimestamp",
  "generation",
  "managedFields",
  "selfLink",
];

/**
 * What somebody would have written to get this object: without the fields that the server filled in, for another
 * namespace.
 */
export function asWritten(object: LiveObject, from: string, to: string): LiveObject {
  const copy = JSON.parse(JSON.stringify(object).replaceAll(from, to)) as LiveObject;
  delete copy.status;
  copy.metadata = without(copy.metadata, serverFields) as LiveObject["metadata"];
  delete copy.metadata.annotations?.["deployment.kubernetes.io/revision"];
  if (copy.kind === "Namespace") {
    delete copy.spec;
    // An object with Berth's labels would be taken for an environment of Berth's.
    delete copy.metadata.labels?.["app.kubernetes.io/managed-by"];
    delete copy.metadata.labels?.["berth.dev/environment"];
  }
  if (copy.kind === "PersistentVolumeClaim") {
    // The names of the volume and the node that the original got.
    copy.metadata = without(copy.metadata, ["annotations"]) as LiveObject["metadata"];
    copy["spec"] = without(copy["spec"] as Record<string, unknown>, ["volumeName"]);
  }
  if (copy.kind === "Service") {
    const spec = copy["spec"] as Record<string, unknown>;
    if (spec["clusterIP"] !== "None") copy["spec"] = without(spec, ["clusterIP", "clusterIPs"]);
  }
  return copy;
}

/** The objects of an environment as manifests of the namespace `to`, in the order of {@link environmentKinds}. */
export function manifestsOf(objects: readonly LiveObject[], from: string, to: string): LiveObject[] {
  const rank = (object: LiveObject) => environmentKinds.findIndex((kind) => kind === object.kind.toLowerCase());
  return objects
    .filter((object) => !isMadeByTheCluster(object))
    .toSorted((a, b) => rank(a) - rank(b))
    .map((object) => asWritten(object, from, to));
}

/** Writes one file for `kubectl apply -f`. */
export async function writeManifests(file: string, manifests: readonly LiveObject[]): Promise<void> {
  await writeFile(file, manifests.map((manifest) => stringify(manifest)).join("---\n"), { mode: 0o600 });
}

/** Writes the manifests as a Helm chart, without the namespace, which Helm makes by `--create-namespace`. */
export async function writeChart(folder: string, name: string, manifests: readonly LiveObject[]): Promise<void> {
  await mkdir(join(folder, "templates"), { recursive: true });
  await writeFile(join(folder, "Chart.yaml"), stringify({ apiVersion: "v2", name, version: "1.0.0" }));
  const inside = manifests.filter(({ kind }) => kind !== "Namespace");
  // Helm renders templates; braces in values would be taken for its actions.
  const text = inside.map((manifest) => stringify(manifest).replaceAll("{{", '{{ "{{" }}')).join("---\n");
  await writeFile(join(folder, "templates/environment.yaml"), text, { mode: 0o600 });
}
