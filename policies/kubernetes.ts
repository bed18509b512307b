import type { PolicyResource } from "@pulumi/policy";

/*
 * Objects of Kubernetes as policies see them: inputs of Pulumi's resources. Every field may be missing.
 */

/** What every object has. */
export interface KubeObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
}

/** A label selector. */
export interface Selector {
  readonly matchLabels?: Record<string, string>;
  readonly matchExpressions?: readonly { key?: string; operator?: string; values?: readonly string[] }[];
}

interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: { readonly type?: string };
  readonly procMount?: string;
  readonly privileged?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
  readonly sysctls?: readonly { readonly name?: string }[];
  readonly windowsOptions?: { readonly hostProcess?: boolean };
}

interface Probe {
  readonly exec?: object;
}

/** A container of any sort. */
export interface Container {
  readonly name?: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name?: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: { readonly name?: string } };
  }[];
  readonly envFrom?: readonly { readonly secretRef?: object; readonly configMapRef?: object }[];
  readonly ports?: readonly { readonly containerPort?: number; readonly hostPort?: number }[];
  readonly resources?: { readonly requests?: Record<string, string>; readonly limits?: Record<string, string> };
  readonly securityContext?: SecurityContext;
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: object;
}

/** What a pod is to be. */
export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly securityContext?: SecurityContext;
  readonly volumes?: readonly (Record<string, unknown> & { readonly name?: string })[];
  readonly automountServiceAccountToken?: boolean;
  readonly serviceAccountName?: string;
  readonly serviceAccount?: string;
}

interface PodTemplate {
  readonly metadata?: KubeObject["metadata"];
  readonly spec?: PodSpec;
}

/** Anything that makes pods. */
export interface Workload extends KubeObject {
  readonly spec?: PodSpec & {
    readonly template?: PodTemplate;
    readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplate } };
  };
  readonly template?: PodTemplate;
}

/** Types of everything that makes pods; `Patch` variants change parts of it. */
export const WORKLOADS =
  /^kubernetes:(core\/v1:(Pod|PodTemplate|ReplicationController)|(apps|extensions)\/v1(beta\d)?:(Deployment|StatefulSet|DaemonSet|ReplicaSet)|batch\/v1(beta1)?:(Job|CronJob))(Patch)?$/;

/** Types of whole objects that make pods. */
export const WHOLE_WORKLOADS = new RegExp(WORKLOADS.source.replace("(Patch)?", ""));

/** The pod of a workload, wherever its kind has it. */
export function podOf(type: string, workload: Workload): PodTemplate {
  const kind = type
    .split(":")
    .at(-1)
    ?.replace(/Patch$/, "");
  if (kind === "Pod") return { metadata: workload.metadata, spec: workload.spec };
  if (kind === "PodTemplate") return workload.template ?? {};
  if (kind === "CronJob") return workload.spec?.jobTemplate?.spec?.template ?? {};
  return workload.spec?.template ?? {};
}

/** Containers of a pod with the place that each has, such as `initContainers[0]`. */
export function containersOf(spec: PodSpec): { place: string; container: Container }[] {
  return (["initContainers", "containers", "ephemeralContainers"] as const).flatMap((field) =>
    Array.from(spec[field] ?? [], (container, index) => ({ place: `${field}[${index}]`, container })),
  );
}

/** Whether labels are among those that a selector takes. An empty selector takes all. */
export function selects(selector: Selector, labels: Record<string, string>): boolean {
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key = "", operator, values = [] }) => {
      const value = labels[key];
      if (operator === "In") return value !== undefined && values.includes(value);
      if (operator === "NotIn") return value === undefined || !values.includes(value);
      return operator === "Exists" ? value !== undefined : value === undefined;
    })
  );
}

/** Whether a selector takes everything. */
export function selectsAll(selector: Selector | undefined): boolean {
  return (
    selector !== undefined &&
    Object.keys(selector.matchLabels ?? {}).length === 0 &&
    (selector.matchExpressions ?? []).length === 0
  );
}

/** The namespace of an object; what has none in its inputs is in `default`. */
export function namespaceOf(object: KubeObject): string {
  return object.metadata?.namespace ?? "default";
}

/** The inputs of all resources of a type in a stack. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as `getConfig` of the policy package: the caller knows the type
export function all<Props>(
  resources: readonly PolicyResource[],
  type: RegExp,
): { urn: string; type: string; props: Props }[] {
  return resources
    .filter((one) => type.test(one.type))
    .map(({ urn, type: own, props }) => ({ urn, type: own, props: props as Props }));
}
