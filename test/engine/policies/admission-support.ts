import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { LABEL, MANAGED_BY } from "../../../config/labels";
import { RESTRICTED_NAMESPACE } from "../../../components/security";
import { Kube, KubeError, pause, type KubeObject } from "../../../lifecycle/kube";
import { ensurePlatform } from "../../../lifecycle/platform";
import { silent } from "../../../lifecycle/progress";
import type { Target } from "../../../lifecycle/target";
import { kubeOf } from "../lifecycle/support";

/*
 * A namespace that is marked as an environment's, with its fences and nothing else, for tests of what the API server lets into it.
 */

/** An object as tests write it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name?: string; generateName?: string; namespace?: string; labels?: object; annotations?: object };
  [field: string]: unknown;
}

/** An image by digest. */
export const IMAGE = `registry.example.com/app@sha256:${"0".repeat(64)}`;

/** A container that keeps every rule. */
export const goodContainer = {
  name: "app",
  image: IMAGE,
  resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "16Mi" } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
};

/** A pod that keeps every rule. */
export const goodPod = {
  serviceAccountName: "app",
  automountServiceAccountToken: false,
  terminationGracePeriodSeconds: 1,
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [goodContainer] as object[],
};

/** A Deployment of such a pod, changed by `spec`. */
export function deployment(spec: object = {}, name = "app"): Manifest {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { ...goodPod, ...spec } },
    },
  };
}

/** A Deployment whose container differs by `fields`. */
export function withContainer(fields: object): Manifest {
  return deployment({ containers: [{ ...goodContainer, ...fields }] });
}

/** A pod, changed by `spec`. */
export function pod(spec: object = {}, metadata: Manifest["metadata"] = { name: "pod" }): Manifest {
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { ...goodPod, ...spec } };
}

/** A NetworkPolicy for the pods of one component, with rules of egress. */
export function egress(rules: readonly object[], component = "app", name = "out"): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name },
    spec: {
      podSelector: { matchLabels: { [LABEL.component]: component } },
      policyTypes: ["Egress"],
      egress: rules,
    },
  };
}

const PLURALS: Record<string, string> = {
  CiliumNetworkPolicy: "ciliumnetworkpolicies",
  Endpoints: "endpoints",
  Ingress: "ingresses",
  NetworkPolicy: "networkpolicies",
};

/** Path of the objects of a kind in a namespace. */
export function pathOf({ apiVersion, kind }: Pick<Manifest, "apiVersion" | "kind">, namespace: string): string {
  const api = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`;
  return kind === "Namespace" ? `${api}/${plural}` : `${api}/namespaces/${namespace}/${plural}`;
}

/** Labels of an environment's namespace. */
export function environmentLabels(namespace: string): Record<string, string> {
  return {
    [LABEL.managedBy]: MANAGED_BY,
    [LABEL.environment]: namespace,
    [LABEL.project]: "shop",
    [LABEL.pr]: "7",
    [LABEL.commit]: "0".repeat(40),
    [LABEL.owner]: "alice",
    [LABEL.trust]: "internal",
    ...RESTRICTED_NAMESPACE,
  };
}

/** The policy that denies everything both ways. */
export const defaultDeny: Manifest = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name: "default-deny" },
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
};

/** The ResourceQuota of an environment. */
export function quotaOf(hard: Record<string, string>): Manifest {
  return { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "environment" }, spec: { hard } };
}

const account: Manifest = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "app" },
  automountServiceAccountToken: false,
};

/** Name of the environment in samples and in the graphs of the examples. */
const SAMPLE = "shop-pr-7";

/** A namespace on the cluster, and who asks there. Objects name {@link SAMPLE} where they mean it. */
export class Environment {
  private constructor(
    readonly namespace: string,
    readonly kube: Kube,
  ) {}

  /**
   * Makes the namespace, with the platform's rules in force.
   *
   * @param labels in place of some of the usual ones
   * @param quota and what else pods need
   */
  static async open(
    target: Target,
    namespace: string,
    labels: Record<string, string> = {},
    quota: readonly Manifest[] = [quotaOf({ pods: "40" })],
  ): Promise<Environment> {
    await ensurePlatform(target, kubeOf(target), silent);
    const environment = new Environment(namespace, kubeOf(target));
    await environment.close();
    await environment.kube.post("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { ...environmentLabels(namespace), ...labels } },
    });
    for (const fence of [defaultDeny, ...quota, account]) await environment.create(fence);
    // New policies hold a moment after they have been made, and the server learns of fences as it does.
    const end = Date.now() + 60_000;
    for (;;) {
      const [bare, fenced] = [
        await environment.refusal(withContainer({ image: "app" })),
        await environment.refusal(pod()),
      ];
      if (/image-by-digest|tier-images-from-its-build/.test(bare ?? "") && fenced === undefined) return environment;
      if (Date.now() > end) assert.fail(`the rules do not hold: ${bare ?? "let through"}, ${fenced ?? "let through"}`);
      await pause(200);
    }
  }

  /** The same, as somebody else. */
  as(kube: Kube): Environment {
    return new Environment(this.namespace, kube);
  }

  /** Path of an object. */
  path(object: Pick<Manifest, "apiVersion" | "kind">, name: string): string {
    return `${pathOf(object, this.namespace)}/${name}`;
  }

  create(object: Manifest): Promise<KubeObject> {
    return this.kube.post(pathOf(object, this.namespace), this.own(object));
  }

  /** The object with this environment's name, of which its hosts are made. */
  private own(object: Manifest): Manifest {
    return JSON.parse(JSON.stringify(object).replaceAll(SAMPLE, this.namespace)) as Manifest;
  }

  /**
   * Asks the API server whether it would take an object.
   *
   * @returns how it refuses, undefined when it does not. What is there already has been let through.
   */
  refusal(object: Manifest): Promise<string | undefined> {
    return refusalOf(this.kube.post(`${pathOf(object, this.namespace)}?dryRun=All`, this.own(object)));
  }

  /** Deletes the namespace and waits until it is gone. */
  async close(): Promise<void> {
    const path = `/api/v1/namespaces/${this.namespace}`;
    await this.kube.delete(path, { propagationPolicy: "Background" });
    const end = Date.now() + 60_000;
    while ((await this.kube.find(path)) !== undefined) {
      assert.ok(Date.now() < end, `${this.namespace} does not go`);
      await pause(200);
    }
  }
}

/** The words of a refusal; undefined when the request is let through. Any other failure fails. */
export async function refusalOf(request: Promise<unknown>): Promise<string | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    if (error instanceof KubeError && error.reason === "AlreadyExists") return undefined;
    const isPolicy = error instanceof KubeError && error.message.includes("ValidatingAdmissionPolicy");
    if (error instanceof KubeError && (error.reason === "Forbidden" || isPolicy)) return error.message;
    throw error;
  }
}

/** Resolves once something holds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    assert.ok(Date.now() < end, "it does not come to hold");
    await pause(200);
  }
}

/** Makes a kind of a group of others, with fields of any sort, and waits until the server knows it. */
export async function defineKind(
  kube: Kube,
  group: string,
  version: string,
  kind: string,
  plural: string,
): Promise<void> {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
  await kube.delete(`${definitions}/${plural}.${group}`);
  await kube.post(definitions, {
    // Groups of Kubernetes' own ask for the word of who has approved the kind.
    metadata: { name: `${plural}.${group}`, annotations: { "api-approved.kubernetes.io": "unapproved, for a test" } },
    spec: {
      group,
      names: { kind, plural, singular: kind.toLowerCase() },
      scope: "Namespaced",
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  });
  // While a kind comes, the server says now that it does not know it, now that it is not ready.
  await until(() =>
    kube.get(`/apis/${group}/${version}/${plural}`).then(
      () => true,
      () => false,
    ),
  );
}

/** Takes away a kind of {@link defineKind}. */
export async function forgetKind(kube: Kube, group: string, plural: string): Promise<void> {
  await kube.delete(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`);
}

/** Fails unless the request is refused in these words. */
export async function isRefused(request: Promise<unknown>, words: RegExp): Promise<void> {
  assert.match((await refusalOf(request)) ?? "it was let through", words);
}

/** Another user than the target's administrator. */
export type User = { token: string } | { as: string };

/** A client with another user than the target's administrator. */
export async function clientAs(target: Target, user: User): Promise<Kube> {
  const folder = await mkdtemp(join(tmpdir(), "berth-client-"));
  try {
    const file = join(folder, "kubeconfig");
    await writeKubeconfigAs(target, user, file);
    return Kube.load(file, target.context);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes a kubeconfig with another user than the target's administrator. */
export async function writeKubeconfigAs(target: Target, user: User, file: string): Promise<void> {
  const config = parse(readFileSync(target.kubeconfig, "utf8")) as { users: { user: object }[] };
  for (const one of config.users) one.user = "token" in user ? user : { ...one.user, ...user };
  await writeFile(file, stringify(config), { mode: 0o600 });
}

/** The RoleBinding by which deployers have rights in an environment. */
export const deployersBinding: Manifest = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name: "berth-environment" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "berth-environment" },
  subjects: [
    { kind: "ServiceAccount", name: "berth-deployer", namespace: "berth-system" },
    { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "berth:deployers" },
  ],
};

/** A token of the service account that deploys. */
export async function deployerToken(kube: Kube): Promise<string> {
  const path = "/api/v1/namespaces/berth-system/serviceaccounts/berth-deployer/token";
  const { status } = await kube.post<{ status: { token: string } }>(path, { spec: { expirationSeconds: 1200 } });
  return status.token;
}
