import { ENGINES, ENGINE_TITLES } from "../config/databases";
import { CANARY_OPEN, EGRESS_CANARY } from "../config/egress";
import { DATABASE_RESOURCES } from "../config/limits";
import { APP } from "../config/workloads";
import { CANARY_ADVICE, CANARY_FAILED_ADVICE, ROOT_ADVICE } from "./advice";
import { isJobPod, jobTroubles } from "./jobs";
import type { KubeObject } from "./kube";

/** A pod, as far as its troubles go. */
export interface Pod extends KubeObject {
  status?: {
    phase?: string;
    message?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

/** What kubelet says about one container. */
export interface ContainerStatus {
  name: string;
  image?: string;
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string; message?: string }; running?: { startedAt?: string }; terminated?: Ended };
  lastState?: { terminated?: Ended };
}

interface Ended {
  exitCode?: number;
  finishedAt?: string;
  reason?: string;
  message?: string;
}

/** An event of the core API. */
export interface KubeEvent extends KubeObject {
  type?: string;
  reason?: string;
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  involvedObject?: { kind?: string; name?: string };
}

/** One thing that keeps an environment from becoming ready. */
export interface Trouble {
  /** Such as `pod app-7d9f (container app)`. */
  readonly object: string;
  /** Kubernetes' own word, such as `ImagePullBackOff`. */
  readonly reason: string;
  readonly message: string;
  /** What the user can do. */
  readonly fix: string;
  /**
   * Seconds after which it is certain that waiting will not help; undefined where it might for as long as the deploy may
   * take (a node may join, a slow start may end).
   */
  readonly hopelessAfter?: number;
  /** The container whose last log lines explain it. */
  readonly log?: { readonly pod: string; readonly container: string; readonly previous: boolean };
  /** The Job that hangs, to be ended once its log has been read. */
  readonly endJob?: string;
}

/** A container that has been restarted this often will not come up: the backoff is at 40 s by then. */
const hopelessRestarts = 4;

interface WaitingRule {
  readonly reasons: readonly string[];
  readonly pattern?: RegExp;
  readonly fix: string;
  readonly hopelessAfter?: number;
}

/**
 * Why kubelet does not start a container. The times leave room for what heals by itself: a registry that answers late, a
 * Secret that a controller is about to write.
 */
const waitingRules: readonly WaitingRule[] = [
  {
    reasons: ["ErrImageNeverPull", "InvalidImageName"],
    fix: "pass --image with an image that the node has (`berth local load` brings one to the embedded cluster).",
    hopelessAfter: 0,
  },
  {
    reasons: ["ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable"],
    fix: "push the image, or correct --image; for a private registry let the nodes pull from it; on the embedded cluster load it with `berth local load`.",
    hopelessAfter: 25,
  },
  {
    reasons: ["CreateContainerConfigError"],
    pattern: /runAsNonRoot/,
    fix: ROOT_ADVICE,
    hopelessAfter: 5,
  },
  {
    reasons: ["CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"],
    fix: "correct what the message names: a missing Secret or ConfigMap (envFrom), a command, a mount.",
    hopelessAfter: 30,
  },
];

/** What kubelet says meanwhile, and which is no trouble. */
const normalWaiting = new Set(["ContainerCreating", "PodInitializing", ""]);

/** Events that say why there is no pod, or why a pod does not start although no container says so. */
const eventRules: readonly { reason: string; pattern?: RegExp; name: string; fix: string; hopelessAfter?: number }[] = [
  {
    reason: "FailedCreate",
    pattern: /exceeded quota/,
    name: "QuotaExceeded",
    fix: "lower resources, replicas or the databases in berth.yaml, so that the new pod fits beside the old one.",
    hopelessAfter: 30,
  },
  {
    reason: "FailedCreate",
    pattern: /violates PodSecurity/,
    name: "PodSecurity",
    fix: ROOT_ADVICE,
    hopelessAfter: 5,
  },
  {
    reason: "FailedCreate",
    name: "FailedCreate",
    fix: "correct what the message names.",
    hopelessAfter: 60,
  },
  {
    reason: "ErrUnsealFailed",
    name: "ErrUnsealFailed",
    fix: "seal the value once more with `berth seal`: this cluster's controller has no key that opens it.",
    hopelessAfter: 5,
  },
  {
    reason: "FailedMount",
    name: "FailedMount",
    fix: "see whether the volume or Secret that the message names exists.",
  },
  {
    reason: "FailedAttachVolume",
    name: "FailedAttachVolume",
    fix: "see whether the storage driver runs (`kubectl -n kube-system get pods`).",
  },
  {
    reason: "ProvisioningFailed",
    name: "ProvisioningFailed",
    fix: "see whether the storage class exists and its provisioner runs.",
  },
  {
    reason: "FailedCreatePodSandBox",
    name: "FailedCreatePodSandBox",
    fix: "the node's runtime or network is at fault: see `kubectl describe node` and, on the embedded cluster, `berth local logs`.",
  },
];

/**
 * What keeps these pods from becoming ready, in their own words.
 *
 * @param since Only events at or after this time count, milliseconds since 1970: those of an earlier deploy are over.
 * @param now The cluster's time, milliseconds since 1970.
 */
export function diagnose(
  pods: readonly Pod[],
  events: readonly KubeEvent[],
  since: number,
  now: number = Date.now(),
): Trouble[] {
  const living = pods.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && pod.status?.phase !== "Succeeded",
  );
  const recent = events.filter((event) => timeOf(event) >= since);
  const jobs = pods.filter((pod) => isJobPod(pod) && pod.metadata.deletionTimestamp === undefined);
  // A job's pod that has ended is told with its job.
  const others = living.filter((pod) => !isJobPod(pod) || pod.status?.phase !== "Failed");
  return [
    ...jobTroubles(jobs, since, now),
    ...others.flatMap((pod) => podTroubles(pod, recent)),
    ...eventTroubles(recent, living),
  ];
}

function timeOf(event: KubeEvent): number {
  const text = event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  return text === undefined ? 0 : Date.parse(text);
}

function podTroubles(pod: Pod, events: readonly KubeEvent[]): Trouble[] {
  const name = pod.metadata.name;
  const scheduled = pod.status?.conditions?.find((condition) => condition.type === "PodScheduled");
  if (scheduled?.status === "False") {
    return [
      {
        object: `pod ${name}`,
        reason: scheduled.reason ?? "Unschedulable",
        message: scheduled.message ?? "no node takes it",
        fix: "give the cluster room (more nodes, fewer environments), or lower resources.requests in berth.yaml.",
      },
    ];
  }
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return containers.flatMap((container) => containerTrouble(name, container, events) ?? []);
}

function containerTrouble(pod: string, container: ContainerStatus, events: readonly KubeEvent[]): Trouble | undefined {
  const object = `pod ${pod} (container ${container.name})`;
  const reason = container.state?.waiting?.reason ?? "";
  const ended = container.state?.terminated ?? container.lastState?.terminated;
  const restarts = container.restartCount ?? 0;
  const late = eventOf(pod, events, "Killing", `Container ${container.name} failed startup probe`);
  if (late && container.ready !== true && ENGINES.every((engine) => engine !== container.name)) {
    return {
      object,
      reason: "StartupTimeout",
      message: "did not start within the time of its startup probe",
      fix: startupFix(container.name),
      hopelessAfter: 0,
      log: { pod, container: container.name, previous: restarts > 0 },
    };
  }
  if (container.name === EGRESS_CANARY && container.ready !== true && ended?.exitCode === CANARY_OPEN) {
    return {
      object,
      reason: "EgressOpen",
      message: "the pod reaches what no pod may reach, so nothing else in it is started",
      fix: CANARY_ADVICE,
      hopelessAfter: 0,
      log: { pod, container: container.name, previous: container.state?.terminated === undefined },
    };
  }
  const crashing = reason === "CrashLoopBackOff" || (container.state?.terminated?.exitCode ?? 0) !== 0;
  if (crashing || (restarts > 0 && container.ready !== true && (ended?.exitCode ?? 0) !== 0)) {
    return {
      object,
      reason: ended?.reason === "OOMKilled" ? "OOMKilled" : "CrashLoopBackOff",
      message: `ended with code ${ended?.exitCode ?? "unknown"}, restarted ${restarts} times`,
      fix: ended?.reason === "OOMKilled" ? memoryFix(container.name) : crashFix(container.name),
      ...(restarts >= hopelessRestarts ? { hopelessAfter: 0 } : {}),
      log: { pod, container: container.name, previous: container.state?.terminated === undefined },
    };
  }
  if (!normalWaiting.has(reason)) {
    const message = container.state?.waiting?.message ?? "";
    const rule = waitingRules.find(
      ({ reasons, pattern }) => reasons.includes(reason) && pattern?.test(message) !== false,
    );
    return {
      object,
      reason,
      message: container.state?.waiting?.message ?? `image ${container.image ?? "unknown"}`,
      fix: rule?.fix ?? "correct what the message names.",
      ...(rule?.hopelessAfter === undefined ? {} : { hopelessAfter: rule.hopelessAfter }),
    };
  }
  if (container.state?.running === undefined || container.ready === true) return undefined;
  const probe = eventOf(pod, events, "Unhealthy");
  if (probe === undefined) return undefined;
  return {
    object,
    reason: "ProbeFailed",
    message: probe.message ?? "the probe fails",
    fix: probeFix(container.name),
    log: { pod, container: container.name, previous: false },
  };
}

/** The newest event of a pod with that reason, whose message begins so. */
function eventOf(pod: string, events: readonly KubeEvent[], reason: string, message = ""): KubeEvent | undefined {
  return events.findLast(
    (event) =>
      event.reason === reason &&
      event.involvedObject?.kind === "Pod" &&
      event.involvedObject.name === pod &&
      event.message?.startsWith(message) !== false,
  );
}

/** What a container is to the person who reads: the app, or one of the services. */
function calledInConfig(container: string): { it: string; port: string; path: string; field: string } {
  if (container === APP) return { it: "the app", port: "app.port", path: "app.healthPath", field: "" };
  return { it: `service ${container}`, port: "its port", path: "its healthPath", field: "the service's " };
}

function startupFix(container: string): string {
  const { it, port, path, field } = calledInConfig(container);
  return `let ${it} answer on ${port} at ${path}, see in its log what it waits for, or give it longer with ${field}probes.startup in berth.yaml; pulling its image does not count.`;
}

function memoryFix(container: string): string {
  if (container === EGRESS_CANARY) return CANARY_FAILED_ADVICE;
  const engine = ENGINES.find((each) => each === container);
  if (engine === undefined) return `raise ${calledInConfig(container).field}resources.limits.memory in berth.yaml.`;
  const { memory } = DATABASE_RESOURCES[engine].limits;
  return `have the app ask less of ${ENGINE_TITLES[engine]} at once, which has ${memory} of memory in a preview.`;
}

function crashFix(container: string): string {
  if (container === EGRESS_CANARY) return CANARY_FAILED_ADVICE;
  const engine = ENGINES.find((each) => container === `wait-for-${each}`);
  if (engine === undefined) return "correct what its log says; `berth status` shows more.";
  return `see why ${ENGINE_TITLES[engine]} takes no connections: the log of pod ${engine}-0 says it.`;
}

function probeFix(container: string): string {
  const engine = ENGINES.find((each) => each === container);
  if (engine === undefined) {
    const { it, port, path } = calledInConfig(container);
    return `let ${it} answer on ${port} at ${path} with a status from 200 to 399.`;
  }
  return `see in its log whether ${ENGINE_TITLES[engine]} is still starting or recovering, which ends by itself, or says what it lacks.`;
}

function eventTroubles(events: readonly KubeEvent[], pods: readonly Pod[]): Trouble[] {
  const troubles: Trouble[] = [];
  for (const event of events) {
    const { kind = "object", name = "" } = event.involvedObject ?? {};
    const rule = eventRules.find(
      (candidate) => candidate.reason === event.reason && candidate.pattern?.test(event.message ?? "") !== false,
    );
    if (rule === undefined) continue;
    // What an event says of a pod is over once the pod is ready.
    if (kind === "Pod" && !pods.some((pod) => pod.metadata.name === name && !isReady(pod))) continue;
    troubles.push({
      object: `${kind} ${name}`,
      reason: rule.name,
      message: event.message ?? "",
      fix: rule.fix,
      ...(rule.hopelessAfter === undefined ? {} : { hopelessAfter: rule.hopelessAfter }),
    });
  }
  return troubles;
}

/** Whether a pod counts as an endpoint of its Service. */
export function isReady(pod: Pod): boolean {
  return (
    pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false
  );
}
