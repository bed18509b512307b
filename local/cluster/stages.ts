import { stringify } from "yaml";

/**
 * Annotation of a simulated pod that keeps its containers waiting; the value is the reason that its status shows, such as
 * `CrashLoopBackOff`.
 */
export const simulateAnnotation = "berth.dev/simulate";
/** An image whose name ends so cannot be pulled by a simulated node. */
export const missingImageSuffix = "/does-not-exist";

/** What every simulated node offers: more than any test asks for. */
const size = { cpu: "64", memory: "256Gi", pods: "2000", "ephemeral-storage": "1Ti" };

interface Requirement {
  key: string;
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  values?: string[];
}

function stage(name: string, kind: "Node" | "Pod", when: Requirement[], next: object): object {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: { resourceRef: { apiGroup: "v1", kind }, selector: { matchExpressions: when }, next },
  };
}

const lives: Requirement = { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" };
const isPending: Requirement = { key: ".status.phase", operator: "In", values: ["Pending"] };
const isBroken = `(.metadata.annotations["${simulateAnnotation}"] != null) or ([.spec.containers[].image | test("${missingImageSuffix}[@:]")] | any) | tostring`;

const condition = (type: string, status: string): string =>
  `- {type: ${type}, status: "${status}", lastTransitionTime: {{ $now | Quote }}}`;

const addresses = `
{{ $host := NodeIPsWith .spec.nodeName }}
{{ with $host }}
hostIP: {{ index . 0 | Quote }}
hostIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
{{ $own := PodIPsWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
{{ with $own }}
podIP: {{ index . 0 | Quote }}
podIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}`;

const finished =
  "{terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}";
const running = "{running: {startedAt: {{ $now | Quote }}}}";

/** Every init container has done its work, every other one runs. */
const runningPod = `
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
${["PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"].map((type) => condition(type, "True")).join("\n")}
initContainerStatuses:
{{ range .spec.initContainers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: true, restartCount: 0, state: ${finished}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: true, started: true, restartCount: 0, state: ${running}}
{{ end }}
${addresses}`;

/** Containers wait for the reason that the annotation names, else because their image cannot be pulled. */
const brokenPod = `
{{ $now := Now }}
{{ $reason := "ImagePullBackOff" }}
{{ with .metadata.annotations }}{{ with index . "${simulateAnnotation}" }}{{ $reason = . }}{{ end }}{{ end }}
phase: Pending
startTime: {{ $now | Quote }}
conditions:
${condition("Initialized", "True")}
${["ContainersReady", "Ready"].map((type) => condition(type, "False")).join("\n")}
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: false, started: false, restartCount: 0, state: {waiting: {reason: {{ $reason | Quote }}, message: "simulated by the node"}}}
{{ end }}
${addresses}`;

const finishedPod = `
{{ $now := Now }}
phase: Succeeded
containerStatuses:
{{ range .spec.containers }}
- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: false, started: false, restartCount: 0, state: ${finished}}
{{ end }}`;

const readyNode = `
{{ $now := Now }}
phase: Running
conditions:
- {type: Ready, status: "True", reason: Simulated, message: this node is simulated by kwok, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}}
${["MemoryPressure", "DiskPressure", "PIDPressure"].map((type) => condition(type, "False")).join("\n")}
addresses:
{{ with NodeIP }}
- {type: InternalIP, address: {{ . | Quote }}}
{{ end }}
{{ with NodeName }}
- {type: Hostname, address: {{ . | Quote }}}
{{ end }}
capacity: ${JSON.stringify(size)}
allocatable: ${JSON.stringify(size)}
nodeInfo:
  architecture: amd64
  operatingSystem: linux
  osImage: simulated
  bootID: ""
  machineID: ""
  systemUUID: ""
  kernelVersion: simulated
  kubeProxyVersion: ""
  containerRuntimeVersion: {{ printf "kwok://%s" Version }}
  kubeletVersion: {{ printf "kwok-%s" Version }}`;

/**
 * What simulated nodes and pods do, as kwok stages: a node is ready at once, a pod runs and is ready at once, a Job's pod
 * completes, a deleted pod goes. Pods with the annotation {@link simulateAnnotation}, or with an image that ends in
 * {@link missingImageSuffix}, stay waiting.
 */
export function simulationStages(): string {
  const notReady: Requirement = {
    key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
    operator: "NotIn",
    values: ["True"],
  };
  const unbroken: Requirement = { key: isBroken, operator: "In", values: ["false"] };
  const ofJob: Requirement = { key: ".metadata.ownerReferences.[].kind", operator: "In", values: ["Job"] };
  const stages = [
    stage("node-ready", "Node", [notReady], { statusTemplate: readyNode }),
    stage("pod-running", "Pod", [lives, isPending, notReady, unbroken], { statusTemplate: runningPod }),
    stage(
      "pod-broken",
      "Pod",
      [
        lives,
        isPending,
        { key: isBroken, operator: "In", values: ["true"] },
        { key: ".status.containerStatuses", operator: "DoesNotExist" },
      ],
      { statusTemplate: brokenPod },
    ),
    stage("pod-finished", "Pod", [lives, ofJob, { key: ".status.phase", operator: "In", values: ["Running"] }], {
      statusTemplate: finishedPod,
    }),
    stage("pod-deleted", "Pod", [{ key: ".metadata.deletionTimestamp", operator: "Exists" }], { delete: true }),
  ];
  return stages.map((each) => stringify(each, { lineWidth: 0 })).join("---\n");
}
