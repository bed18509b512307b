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

interface Ended {
  exitCode: number;
  startedAt: string;
  finishedAt: string;
}

interface EndedPod extends KubeObject {
  status?: {
    phase?: string;
    containerStatuses?: { state?: { running?: object; terminated?: Ended } }[];
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
  /** When the first of the pods ended, in milliseconds since 1970 and whole seconds. */
  readonly firstEnd: number;
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
 * @param tries How often a pod must be refused in a row before it ends, each taking two seconds.
 * @param onRunning Called once for each environment, when all its pods run.
 * @param onBatch Called after each, with what has come of the starts so far.
 */
export async function startPods(
  ground: Ground,
  starts: number,
  { onBatch, ...options }: BatchOptions & { batch: number; onBatch?: (soFar: Outcome) => void },
): Promise<Outcome> {
  const { batch } = options;
  const [begin, before] = [performance.now(), await packetsOutside(ground.outside)];
  let [begun, ended, environments, reached, firstEnd] = [0, 0, 0, 0, Infinity];
  const outcome = async (): Promise<Outcome> => ({
    starts: ended,
    environments,
    reached,
    packets: (await packetsOutside(ground.outside)) - before,
    seconds: (performance.now() - begin) / 1000,
    firstEnd,
  });
  const work = async () => {
    while (begun < starts) {
      const count = Math.min(batch, starts - begun);
      begun += count;
      const number = ++environments;
      const ends = await startBatch(ground, number, count, options);
      reached += ends.filter(({ exitCode }) => exitCode === 1).length;
      firstEnd = Math.min(firstEnd, ...ends.map(({ finishedAt }) => Date.parse(finishedAt)));
      ended += count;
      onBatch?.(await outcome());
    }
  };
  // Two at once: while one environment goes, the other's pods start.
  await Promise.all([work(), work()]);
  return outcome();
}

interface BatchOptions {
  readonly fenced: boolean;
  readonly tries?: number;
  readonly onRunning?: () => Promise<void>;
}

/** @returns how each pod ended */
async function startBatch(
  { kube, outside, image }: Ground,
  number: number,
  count: number,
  { fenced, tries = 1, onRunning }: BatchOptions,
): Promise<Ended[]> {
  const context = planContext({ config: config({ projectId: project }), pr: { ...PR, number }, platform: HOST_FACTS });
  const path = `/api/v1/namespaces/${context.namespace}`;
  const bare = { metadata: { name: context.namespace, labels: { [LABEL.project]: project } } };
  await kube.post("/api/v1/namespaces", fenced ? planNamespace(context) : bare);
  try {
    await kube.post(`${path}/resourcequotas`, planResourceQuota(context, { pods: String(count) }));
    await kube.post(`${path}/serviceaccounts`, planServiceAccount(context, APP));
    const policies = `/apis/networking.k8s.io/v1/namespaces/${context.namespace}/networkpolicies`;
    for (const policy of fenced ? Object.values(planNetworkPolicies(context)) : []) await kube.post(policies, policy);
    const args = ["--target", `${outside.address}:${port}`, "--udp", "--tries", String(tries), "--within", "0s"];
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        kube.post(`${path}/pods`, podOf(context, `start-${index}`, image, args)),
      ),
    );
    if (onRunning) {
      await untilRunning(kube, `${path}/pods`, count);
      await onRunning();
    }
    return await untilEnded(kube, `${path}/pods`, count);
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

/** Waits until every pod runs. */
async function untilRunning(kube: Kube, path: string, count: number): Promise<void> {
  const end = Date.now() + batchSeconds * 1000;
  for (;;) {
    const { items } = await kube.get<KubeList<EndedPod>>(path);
    if (items.filter(({ status }) => status?.containerStatuses?.[0]?.state?.running !== undefined).length === count)
      return;
    if (Date.now() > end) throw new Error(`not all of ${count} pods run after ${batchSeconds} s`);
    await pause(300);
  }
}

/**
 * Waits until every pod has ended by itself.
 *
 * @returns their ends, with exit code 0 for refused, 1 for an answer
 * @throws Error for any other end, and for a pod that gave up before an answer could have come, since nothing was sent then
 */
async function untilEnded(kube: Kube, path: string, count: number): Promise<Ended[]> {
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
    if (ends.length === count) return ends;
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
