import type { input } from "@pulumi/kubernetes/types";
import { WRITABLE_DIR_SIZE } from "../../../config/limits";
import type { Resources } from "../../../config/limits";
import { isAsked } from "../../../config/probes";
import type { ProbeSettings } from "../../../config/probes";
import { formatBytes, formatCpu, parseBytes, parseCpu } from "../../../config/quantity";
import type { WorkloadConfig } from "../../../config/workloads";
import { CONTAINER_SECURITY } from "../../security";
import type { PlanContext } from "../context";
import { planEnvFrom } from "../secrets/plan";
import { imageOf } from "./images";
import { variablesOf } from "./variables";

/**
 * Seconds for which a pod that is to end still serves, so that the gateway has stopped sending to it before it stops.
 */
export const DRAIN_SECONDS = 1;

/** A folder that the container may write to. */
export interface WritableDir {
  name: string;
  path: string;
}

/** ConfigMap with the variables that the config gives a workload. */
export function envName(workload: Pick<WorkloadConfig, "name">): string {
  return `${workload.name}-env`;
}

/** The folders an app may write to: /tmp and those of the config, each a volume named by its place in the list. */
export function writableDirs({ writableDirs: configured }: WorkloadConfig): WritableDir[] {
  return [...new Set(["/tmp", ...configured])].map((path, index) => ({ name: `writable-${index}`, path }));
}

/** The volumes of {@link writableDirs}. */
export function writableVolumes(workload: WorkloadConfig): input.core.v1.Volume[] {
  return writableDirs(workload).map(({ name }) => ({ name, emptyDir: { sizeLimit: WRITABLE_DIR_SIZE } }));
}

/** Plans the one container of an app or service. */
export function planContainer(context: PlanContext, workload: WorkloadConfig): input.core.v1.Container {
  const { name, port, command, args, envFrom } = workload;
  return {
    name,
    image: imageOf(context, workload),
    imagePullPolicy: "IfNotPresent",
    ...(command && { command }),
    ...(args && { args }),
    ports: namedPorts(workload).map((one) => ({ name: one.name, containerPort: one.port })),
    // Later sources win over earlier ones, and single variables over all of them.
    envFrom: [{ configMapRef: { name: envName(workload) } }, ...planEnvFrom(context.config, envFrom)],
    env: variablesOf(context, workload),
    resources: canonical(workload.resources),
    securityContext: CONTAINER_SECURITY,
    ...planProbes(workload),
    // What nobody connects to has nothing to drain.
    ...(port !== undefined && { lifecycle: { preStop: { sleep: { seconds: DRAIN_SECONDS } } } }),
    volumeMounts: writableDirs(workload).map((dir) => ({ name: dir.name, mountPath: dir.path })),
  };
}

/** The ports of a workload with their names: the main one is `http`. */
export function namedPorts({ port, extraPorts }: WorkloadConfig): { name: string; port: number }[] {
  return [
    ...(port === undefined ? [] : [{ name: "http", port }]),
    ...extraPorts.map((extra) => ({ name: `port-${extra}`, port: extra })),
  ];
}

/** The probes that are asked. */
function planProbes({
  probes: { startup, readiness, liveness },
  healthPath,
  port,
  protocol,
}: WorkloadConfig): Pick<input.core.v1.Container, "startupProbe" | "readinessProbe" | "livenessProbe"> {
  const plan = (probe: ProbeSettings): input.core.v1.Probe | undefined => {
    const asked = probe.port ?? port;
    if (asked === undefined || !isAsked(probe, port)) return undefined;
    const { initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold, successThreshold = 1 } = probe;
    return {
      ...(probe.tcp
        ? { tcpSocket: { port: asked } }
        : protocol === "grpc" && asked === port
          ? { grpc: { port: asked } }
          : { httpGet: { path: probe.path ?? healthPath, port: asked } }),
      // Left out where it is Kubernetes' own default, which the API server adds anyway.
      ...(initialDelaySeconds > 0 && { initialDelaySeconds }),
      periodSeconds,
      timeoutSeconds,
      failureThreshold,
      ...(successThreshold > 1 && { successThreshold }),
    };
  };
  const [startupProbe, readinessProbe, livenessProbe] = [plan(startup), plan(readiness), plan(liveness)];
  return {
    ...(startupProbe && { startupProbe }),
    ...(readinessProbe && { readinessProbe }),
    ...(livenessProbe && { livenessProbe }),
  };
}

/** The same amounts as the API server writes them. */
export function canonical({ requests, limits }: Resources): Resources {
  const each = ({ cpu, memory }: Resources["limits"]) => ({
    cpu: formatCpu(parseCpu(cpu)),
    memory: formatBytes(parseBytes(memory)),
  });
  return { requests: each(requests), limits: each(limits) };
}
