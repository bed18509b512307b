import { z } from "zod";

import { poll, run } from "./process";

/** What kubectl calls need. */
export interface Kubectl {
  /** Path of kubectl. */
  program: string;
  /** Path of the kubeconfig. */
  kubeconfig: string;
  signal?: AbortSignal;
}

/** Runs kubectl and gives its output. */
export async function kubectl(
  access: Kubectl,
  args: readonly string[],
  input?: string,
  timeout = 60_000,
): Promise<string> {
  const { stdout } = await run([access.program, "--kubeconfig", access.kubeconfig, ...args], {
    timeout,
    ...(input === undefined ? {} : { input }),
    ...(access.signal === undefined ? {} : { signal: access.signal }),
    // kubectl keeps a discovery cache below HOME; the cluster's own must not mix with the user's.
    env: { KUBECACHEDIR: `${access.kubeconfig}.cache` },
  });
  return stdout;
}

/** Applies manifests from the server's side, as field manager `berth-local`. */
export async function apply(access: Kubectl, manifests: string): Promise<void> {
  await kubectl(
    access,
    ["apply", "--server-side", "--force-conflicts", "--field-manager=berth-local", "--validate=false", "-f", "-"],
    manifests,
  );
}

/** What one look at the cluster says about its nodes and DNS. */
export interface Readiness {
  /** Why it is not ready yet; null when it is. */
  missing: string | null;
}

const podShape = z.looseObject({
  kind: z.literal("Pod"),
  metadata: z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  status: z.looseObject({
    containerStatuses: z
      .array(
        z.looseObject({
          ready: z.boolean(),
          state: z.looseObject({
            running: z.looseObject({ startedAt: z.string() }).optional(),
            waiting: z.looseObject({ reason: z.string(), message: z.string().optional() }).optional(),
          }),
        }),
      )
      .optional(),
  }),
});
const nodeShape = z.looseObject({
  kind: z.literal("Node"),
  metadata: z.looseObject({ name: z.string() }),
  status: z.looseObject({
    conditions: z
      .array(
        z.looseObject({
          type: z.string(),
          status: z.string(),
          lastHeartbeatTime: z.string().nullish(),
          message: z.string().optional(),
        }),
      )
      .optional(),
  }),
});
const listShape = z.looseObject({ items: z.array(z.union([nodeShape, podShape])) });

/**
 * Judges whether nodes and DNS pods are ready, by what their kubelet has written since it was started: what the API still holds
 * from before a restart does not count.
 *
 * @param list answer of `kubectl get nodes,pods --namespace=kube-system -o json`.
 * @param expected names of the nodes.
 * @param options.since start of the cluster's components; absent when any age will do.
 * @param options.dns whether a DNS pod is expected.
 */
export function judgeReadiness(
  list: unknown,
  expected: readonly string[],
  options: { since?: Date; dns: boolean },
): Readiness {
  const { items } = listShape.parse(list);
  // Times in the API have whole seconds.
  const oldest = options.since === undefined ? 0 : Math.floor(options.since.getTime() / 1000) * 1000;
  const isFresh = (time: string | null | undefined): boolean =>
    options.since === undefined || (time != null && Date.parse(time) >= oldest);
  for (const name of expected) {
    const node = items.find((item) => item.kind === "Node" && item.metadata.name === name);
    if (node?.kind !== "Node") return { missing: `node ${name} has not registered` };
    const ready = node.status.conditions?.find(({ type }) => type === "Ready");
    if (ready?.status !== "True" || !isFresh(ready.lastHeartbeatTime)) {
      return { missing: `node ${name} is not ready (${ready?.message ?? "no report yet"})` };
    }
  }
  if (!options.dns) return { missing: null };
  const pods = items
    .filter((item) => item.kind === "Pod")
    .filter(({ metadata }) => metadata.labels?.["k8s-app"] === "kube-dns");
  const containers = pods.flatMap((pod) => pod.status.containerStatuses ?? []);
  if (containers.some(({ ready, state }) => ready && isFresh(state.running?.startedAt))) return { missing: null };
  const waiting = containers.map(({ state }) => state.waiting).find((state) => state !== undefined);
  return {
    missing: `the DNS pod is not ready (${waiting === undefined ? "starting" : `${waiting.reason}: ${waiting.message ?? ""}`})`,
  };
}

/**
 * Waits until nodes and DNS are ready.
 *
 * @param timeout milliseconds.
 * @returns null when they are, else what is missing after that time.
 */
export async function awaitReadiness(
  access: Kubectl,
  expected: readonly string[],
  options: { since?: Date; dns: boolean },
  timeout: number,
): Promise<string | null> {
  let missing: string | null = "the API server gave no answer";
  await poll(
    async () => {
      const text = await kubectl(access, ["get", "nodes,pods", "--namespace=kube-system", "-o", "json"]);
      missing = judgeReadiness(JSON.parse(text), expected, options).missing;
      return missing === null ? true : null;
    },
    timeout,
    access.signal,
    100,
  );
  return missing;
}
