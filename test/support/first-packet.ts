import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { planNamespace, planResourceQuota, planServiceAccount } from "../../components/pr-environment/isolation/plan";
import { planNetworkPolicies } from "../../components/pr-environment/isolation/network-policies";
import { APP_USER, planContext, podLabels, type PlanContext } from "../../components/pr-environment/context";
import { CONTAINER_SECURITY, podSecurity } from "../../components/security";
import { LABEL } from "../../config/labels";
import { WAIT_RESOURCES } from "../../config/limits";
import { APP } from "../../config/workloads";
import { pause, type Kube, type KubeList, type KubeObject } from "../../lifecycle/kube";
import { loadImage, type Outside } from "../../local";
import { ensureImages } from "../../local/images";
import { HOST_FACTS, PR, config } from "./samples";

/*
 * Pods whose program asks something outside as the first thing that it does, in namespaces that are as an environment is before its first
 * pod: the namespace, the quota, the service account and the NetworkPolicies are made, and the pods at once after them.
 */

const run = promisify(execFile);

const project = "first-packet";

/** Port on which the outside world sends back what it gets, over TCP and UDP. */
const port = 443;

/** Seconds that the pods of one environment may take to end. */
const batchSeconds = 180;

/** Where pods are started. */
export interface Ground {
  readonly kube: Kube;
  readonly outside: Outside;
  /** The canary's, by digest. */
  readonly image: string;
}

interface EndedPod extends KubeObject {
  status?: {
    phase?: string;
    containerStatuses?: { state?: { terminated?: { exitCode: number; startedAt: string; finishedAt: string } } }[];
  };
}

/** What came of the starts. */
export interface Outcome {
  /** Pods, each with a network namespace of its own. */
  readonly starts: number;
  readonly environments: number;
  /** Pods that had an answer. */
  readonly reached: number;
  /** IP packets that arrived in the outside world, whatever they were. */
  readonly packets: number;
  readonly seconds: number;
}

/** Brings the image that the pods run. */
export async function canaryImage(cluster: string): Promise<string> {
  const { canary } = await ensureImages(["canary"]);
  await loadImage(cluster, canary);
  return canary.ref;
}

/** IP packets that have arrived in the outside world since it was made, by the kernel's own count (RFC 4293, ipSystemStatsInReceives). */
export async function packetsOutside(outside: Outside): Promise<number> {
  const [program = "", ...args] = outside.inside(["cat", "/proc/net/snmp"]);
  const { stdout } = await run(program, args);
  const [names = [], values = []] = stdout
    .split("\n")
    .filter((line) => line.startsWith("Ip:"))
    .map((line) => line.split(" "));
  const count = Number(values[names.indexOf("InReceives")]);
  if (!Number.isInteger(count)) throw new Error(`the outside world has no count of packets: ${stdout}`);
  return count;
}

/** Removes what a run that was killed has left. */
export async function removeLeftovers({ kube }: Pick<Ground, "kube">): Promise<void> {
  const query = { labelSelector: `${LABEL.project}=${project}` };
  const { items } = await kube.get<KubeList>("/api/v1/namespaces", { query });
  await Promise.all(items.map(({ metadata }) => remove(kube, metadata.name)));
}

/**
 * Starts pods, some at a time, each batch in an environment of its own.
 *
 * @param fenced Whether the namespaces are environments with their NetworkPolicies. In others everything gets out, which shows that it is
 *   counted; an environment without its policies starts no pod.
 * @param batch Pods of one environment.
 * @param onBatch Called after each, with what has come of the starts so far.
 */
export async function startPods(
  ground: Ground,
  starts: number,
  { fenced, batch, onBatch }: { fenced: boolean; batch: number; onBatch?: (soFar: Outcome) => void },
): Promise<Outcome> {
  const [begin, before] = [performance.now(), await packetsOutside(ground.outside)];
  let [begun, ended, environments, reached] = [0, 0, 0, 0];
  const outcome = async (): Promise<Outcome> => ({
    starts: ended,
    environments,
    reached,
    packets: (await packetsOutside(ground.outside)) - before,
    seconds: (performance.now() - begin) / 1000,
  });
  const work = async () => {
    while (begun < starts) {
      const count = Math.min(batch, starts - begun);
      begun += count;
      const number = ++environments;
      reached += await startBatch(ground, number, count, fenced);
      ended += count;
      onBatch?.(await outcome());
    }
  };
  // Two at once: while one environment goes, the other's pods start.
  await Promise.all([work(), work()]);
  return outcome();
}

/** @returns how many of the pods had an answer */
async function startBatch(
  { kube, outside, image }: Ground,
  number: number,
  count: number,
  fenced: boolean,
): Promise<number> {
  const context = planContext({ config: config({ projectId: project }), pr: { ...PR, number }, platform: HOST_FACTS });
  const path = `/api/v1/namespaces/${context.namespace}`;
  const bare = { metadata: { name: context.namespace, labels: { [LABEL.project]: project } } };
  await kube.post("/api/v1/namespaces", fenced ? planNamespace(context) : bare);
  try {
    await kube.post(`${path}/resourcequotas`, planResourceQuota(context, { pods: String(count) }));
    await kube.post(`${path}/serviceaccounts`, planServiceAccount(context, APP));
    const policies = `/apis/networking.k8s.io/v1/namespaces/${context.namespace}/networkpolicies`;
    for (const policy of fenced ? Object.values(planNetworkPolicies(context)) : []) await kube.post(policies, policy);
    const args = ["--target", `${outside.address}:${port}`, "--udp", "--tries", "1", "--within", "0s"];
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        kube.post(`${path}/pods`, podOf(context, `start-${index}`, image, args)),
      ),
    );
    return (await untilEnded(kube, `${path}/pods`, count)).filter((code) => code === 1).length;
  } finally {
    await remove(kube, context.namespace);
  }
}

function podOf(context: PlanContext, name: string, image: string, args: readonly string[]): object {
  return {
    metadata: { name, labels: podLabels(context, APP) },
    spec: {
      restartPolicy: "Never",
      serviceAccountName: APP,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: 0,
      securityContext: podSecurity(APP_USER),
      containers: [
        {
          name: APP,
          image,
          imagePullPolicy: "Never",
          args,
          resources: WAIT_RESOURCES,
          securityContext: CONTAINER_SECURITY,
        },
      ],
    },
  };
}

/**
 * Waits until every pod has ended by itself.
 *
 * @returns their exit codes: 0 for refused, 1 for an answer
 * @throws Error for any other end, and for a pod that gave up before an answer could have come, since nothing was sent then
 */
async function untilEnded(kube: Kube, path: string, count: number): Promise<number[]> {
  const end = Date.now() + batchSeconds * 1000;
  for (;;) {
    const { items } = await kube.get<KubeList<EndedPod>>(path);
    const ends = items.flatMap(({ status }) => status?.containerStatuses?.[0]?.state?.terminated ?? []);
    const strange = [
      ...items.filter(({ status }) => status?.phase === "Failed" && status.containerStatuses === undefined),
      ...ends.filter(({ exitCode, startedAt, finishedAt }) =>
        exitCode === 0 ? Date.parse(finishedAt) - Date.parse(startedAt) < 1000 : exitCode !== 1,
      ),
    ];
    if (strange.length > 0) throw new Error(`pods ended without having asked: ${JSON.stringify(strange)}`);
    if (ends.length === count) return ends.map(({ exitCode }) => exitCode);
    if (Date.now() > end)
      throw new Error(`${count - ends.length} of ${count} pods have not ended in ${batchSeconds} s`);
    await pause(300);
  }
}

async function remove(kube: Kube, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}`;
  await kube.delete(path);
  const end = Date.now() + 120_000;
  while ((await kube.find(path)) !== undefined) {
    if (Date.now() > end) throw new Error(`${namespace} does not go`);
    await pause(300);
  }
}
