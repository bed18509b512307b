import type { Policies } from "@pulumi/policy";
import {
  all,
  containersOf,
  namespaceOf,
  podOf,
  selects,
  WHOLE_WORKLOADS,
  WORKLOADS,
  type Container,
  type KubeObject,
  type PodSpec,
  type Workload,
} from "./kubernetes";
import { PREVIEWS, resourcePolicy, stackPolicy, type Attempt } from "./rule";

/*
 * What pods may be. The rules that together are the level "restricted" of Kubernetes' Pod Security Standards hold for every stack: nothing of Berth needs more.
 */

const STANDARDS = "https://kubernetes.io/docs/concepts/security/pod-security-standards/";

interface PodRule {
  readonly name: string;
  readonly description: string;
  readonly severity: "low" | "medium" | "high" | "critical";
  readonly remediation: string;
  readonly url?: string;
  readonly stacks?: string;
  readonly exceptions?: Record<string, string>;
  /** Whether it asks for what must be there, which a patch need not name. @default false */
  readonly demands?: boolean;
}

type PodCheck = (spec: PodSpec, report: (message: string) => void, attempt: Attempt) => void;

/** A rule on the pod of whatever makes pods. */
function podPolicy(rule: PodRule, check: PodCheck) {
  const { demands = false, url = `${STANDARDS}#restricted`, ...rest } = rule;
  return resourcePolicy<Workload>({
    ...rest,
    url,
    types: demands ? WHOLE_WORKLOADS : WORKLOADS,
    check: ({ type, props, report, attempt }) => {
      check(podOf(type, props).spec ?? {}, report, attempt);
    },
  });
}

type ContainerCheck = (container: Container, report: (message: string) => void, spec: PodSpec) => void;

/** A rule on each container, of any sort. */
function containerPolicy(rule: PodRule, check: ContainerCheck) {
  return podPolicy(rule, (spec, report, attempt) => {
    for (const { place, container } of containersOf(spec)) {
      attempt(() => {
        check(
          container,
          (message) => {
            report(`${place} (${container.name ?? "without a name"}) ${message}`);
          },
          spec,
        );
      });
    }
  });
}

/** Nothing privileged. */
export const noPrivilegedContainers = containerPolicy(
  {
    name: "no-privileged-containers",
    description: "Checks that no container is privileged or a host process.",
    severity: "critical",
    remediation: "take `privileged` and `hostProcess` out of the securityContext.",
    url: `${STANDARDS}#baseline`,
  },
  ({ securityContext }, report, spec) => {
    if (securityContext?.privileged === true) report("is privileged");
    const windows = securityContext?.windowsOptions ?? spec.securityContext?.windowsOptions;
    if (windows?.hostProcess === true) report("is a host process");
  },
);

/** No namespace of the node. */
export const noHostNamespaces = podPolicy(
  {
    name: "no-host-namespaces",
    description: "Checks that no pod shares the network, process or IPC namespace of its node.",
    severity: "critical",
    remediation: "take hostNetwork, hostPID and hostIPC out of the pod.",
    url: `${STANDARDS}#baseline`,
  },
  (spec, report, attempt) => {
    for (const field of ["hostNetwork", "hostPID", "hostIPC"] as const) {
      attempt(() => {
        if (spec[field] === true) report(`${field} is true`);
      });
    }
  },
);

/** Volume types of the level restricted (Pod Security Standards, "Volume Types"). */
export const VOLUMES = [
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
];

/** No folder of the node. */
export const noHostPath = podPolicy(
  {
    name: "no-host-path",
    description:
      "Checks that pods mount no folder of their node, nor any other volume type beyond the level restricted.",
    severity: "critical",
    remediation: `use one of ${VOLUMES.join(", ")}.`,
  },
  (spec, report, attempt) => {
    (spec.volumes ?? []).forEach((volume, index) => {
      attempt(() => {
        const types = Object.keys(volume).filter((key) => key !== "name" && !VOLUMES.includes(key));
        for (const type of types) report(`volumes[${index}] (${volume.name ?? "without a name"}) is of type ${type}`);
      });
    });
  },
);

/** No port of the node. */
export const noHostPort = containerPolicy(
  {
    name: "no-host-port",
    description: "Checks that no container takes a port of its node.",
    severity: "high",
    remediation: "take hostPort away; a Service or Ingress leads to the container.",
    url: `${STANDARDS}#baseline`,
  },
  ({ ports }, report) => {
    for (const { hostPort } of ports ?? []) if (hostPort) report(`takes port ${hostPort} of its node`);
  },
);

/** Capabilities, as the level restricted has them. */
export const capabilitiesDropped = containerPolicy(
  {
    name: "capabilities-dropped",
    description: "Checks that every container drops all capabilities and adds at most NET_BIND_SERVICE.",
    severity: "high",
    remediation: 'set `capabilities: { drop: ["ALL"] }`.',
    demands: true,
  },
  ({ securityContext }, report) => {
    const { add = [], drop = [] } = securityContext?.capabilities ?? {};
    if (!drop.includes("ALL")) report("does not drop all capabilities");
    const added = add.filter((one) => one !== "NET_BIND_SERVICE");
    if (added.length > 0) report(`adds ${added.join(", ")}`);
  },
);

/** No root. */
export const runAsNonRoot = containerPolicy(
  {
    name: "run-as-non-root",
    description: "Checks that every container has to run as another user than root.",
    severity: "high",
    remediation: "set `runAsNonRoot: true` and no `runAsUser: 0`.",
    demands: true,
  },
  ({ securityContext }, report, spec) => {
    if ((securityContext?.runAsNonRoot ?? spec.securityContext?.runAsNonRoot) !== true) report("may run as root");
    if ((securityContext?.runAsUser ?? spec.securityContext?.runAsUser) === 0) report("runs as user 0");
  },
);

/** No way to gain rights. */
export const noPrivilegeEscalation = containerPolicy(
  {
    name: "no-privilege-escalation",
    description: "Checks that no process of a container can gain more rights than its parent has.",
    severity: "high",
    remediation: "set `allowPrivilegeEscalation: false`.",
    demands: true,
  },
  ({ securityContext }, report) => {
    if (securityContext?.allowPrivilegeEscalation !== false) report("allows privilege escalation");
  },
);

/** Profiles of the level restricted (Pod Security Standards, "Seccomp"). */
export const SECCOMP_PROFILES: readonly string[] = ["RuntimeDefault", "Localhost"];

/** System calls are filtered. */
export const seccompProfile = containerPolicy(
  {
    name: "seccomp-profile",
    description: "Checks that every container has a seccomp profile and the usual view of /proc.",
    severity: "medium",
    remediation: "set `seccompProfile: { type: RuntimeDefault }` on the pod, and no procMount.",
    demands: true,
  },
  ({ securityContext }, report, spec) => {
    const type = (securityContext?.seccompProfile ?? spec.securityContext?.seccompProfile)?.type;
    if (type === undefined || !SECCOMP_PROFILES.includes(type))
      report(`has the seccomp profile ${type ?? "of the node"}`);
    if ((securityContext?.procMount ?? "Default") !== "Default") report("has an unmasked /proc");
  },
);

/** Sysctls that Kubernetes calls safe (Pod Security Standards, "Sysctls"). */
export const SAFE_SYSCTLS = [
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
];

/** Kernel settings of the pod's own. */
export const safeSysctls = podPolicy(
  {
    name: "safe-sysctls",
    description: "Checks that pods change only kernel settings that reach no other pod.",
    severity: "medium",
    remediation: `use one of ${SAFE_SYSCTLS.join(", ")}.`,
    url: `${STANDARDS}#baseline`,
  },
  (spec, report) => {
    for (const { name = "" } of spec.securityContext?.sysctls ?? []) {
      if (!SAFE_SYSCTLS.includes(name)) report(`it sets ${name}`);
    }
  },
);

/** The API server enforces the level too, for what does not come through here. */
export const namespaceEnforcesRestricted = resourcePolicy<KubeObject>({
  name: "namespace-enforces-restricted",
  description: "Checks that namespaces enforce the level restricted of the Pod Security Standards.",
  severity: "critical",
  remediation: "label the namespace `pod-security.kubernetes.io/enforce: restricted`.",
  url: "https://kubernetes.io/docs/concepts/security/pod-security-admission/",
  types: /^kubernetes:core\/v1:Namespace$/,
  check: ({ props, report }) => {
    const labels = props.metadata?.labels;
    const level = labels?.["pod-security.kubernetes.io/enforce"];
    const version = labels?.["pod-security.kubernetes.io/enforce-version"] ?? "latest";
    if (level !== "restricted") report(`the namespace enforces ${level ?? "nothing"}`);
    // Older versions of the level ask for less.
    else if (version !== "latest") report(`the namespace enforces restricted of ${version}`);
  },
});

/** What an image by digest ends with. */
export const IMAGE_WITH_DIGEST = /@sha256:[0-9a-f]{64}$/;

/** What runs is what was built. */
export const imageByDigest = containerPolicy(
  {
    name: "image-by-digest",
    description: "Checks that every image is named by its digest, not by a tag that may move.",
    severity: "high",
    remediation: "name the image as `REPOSITORY@sha256:DIGEST`.",
    url: "https://kubernetes.io/docs/concepts/containers/images/#image-names",
  },
  ({ image }, report) => {
    if (image !== undefined && !IMAGE_WITH_DIGEST.test(image)) report(`has the image ${image}, without a digest`);
  },
);

/** A pod that is not counted can starve others. */
export const resourcesBounded = containerPolicy(
  {
    name: "resources-bounded",
    description: "Checks that every container requests CPU and memory and has a limit of memory.",
    severity: "medium",
    remediation: "set `resources.requests.cpu`, `resources.requests.memory` and `resources.limits.memory`.",
    url: "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/",
    demands: true,
  },
  ({ resources }, report) => {
    const missing = [
      resources?.requests?.["cpu"] === undefined && "requests.cpu",
      resources?.requests?.["memory"] === undefined && "requests.memory",
      resources?.limits?.["memory"] === undefined && "limits.memory",
    ].filter((one) => one !== false);
    if (missing.length > 0) report(`lacks ${missing.join(", ")}`);
  },
);

/** The type of Secrets that Kubernetes fills with a token of a service account, which does not expire. */
export const TOKEN_SECRET = "kubernetes.io/service-account-token";

/** Pods of previews have no business with the API server. */
export const noTokenAutomount = resourcePolicy<Workload & { automountServiceAccountToken?: boolean; type?: string }>({
  name: "no-token-automount",
  description:
    "Checks that pods and service accounts of a preview mount no token for the API server, and that no Secret holds one.",
  severity: "high",
  remediation: `set \`automountServiceAccountToken: false\`, and make no Secret of type ${TOKEN_SECRET}.`,
  url: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
  stacks: PREVIEWS,
  types: new RegExp(`${WHOLE_WORKLOADS.source}|^kubernetes:core/v1:(ServiceAccount|Secret)$`),
  check: ({ type, props, report, attempt }) => {
    if (type === "kubernetes:core/v1:Secret") {
      attempt(() => {
        if (props.type === TOKEN_SECRET) report("the Secret is filled with a token of a service account");
      });
      return;
    }
    if (type === "kubernetes:core/v1:ServiceAccount") {
      if (props.automountServiceAccountToken !== false) report("the service account's token is mounted");
      return;
    }
    const spec = podOf(type, props).spec ?? {};
    attempt(() => {
      if (spec.automountServiceAccountToken !== false) report("the pod mounts its service account's token");
    });
    (spec.volumes ?? []).forEach((volume, index) => {
      attempt(() => {
        const { sources = [] } = (volume["projected"] ?? {}) as { sources?: readonly object[] };
        if (sources.some((source) => "serviceAccountToken" in source)) report(`volumes[${index}] is a token`);
      });
    });
  },
});

/** An account of its own can be given, and be refused, rights of its own. */
export const noDefaultServiceAccount = podPolicy(
  {
    name: "no-default-service-account",
    description: "Checks that every pod of a preview has a service account of its own.",
    severity: "medium",
    remediation: "name a service account in `serviceAccountName`.",
    url: "https://kubernetes.io/docs/concepts/security/service-accounts/",
    stacks: PREVIEWS,
    demands: true,
  },
  (spec, report) => {
    const name = spec.serviceAccountName ?? spec.serviceAccount ?? "default";
    if (name === "default") report("the pod uses the namespace's default service account");
  },
);

interface Service extends KubeObject {
  readonly spec?: { readonly selector?: Record<string, string> };
}

interface Ingress extends KubeObject {
  readonly spec?: {
    readonly rules?: readonly {
      readonly http?: {
        readonly paths?: readonly { readonly backend?: { readonly service?: { readonly name?: string } } }[];
      };
    }[];
  };
}

/** Nobody is sent to a pod that is not ready. */
export const publicServicesHaveProbes = stackPolicy({
  name: "public-services-have-probes",
  description: "Checks that the pods behind every Ingress say when they are ready.",
  severity: "medium",
  remediation: "give a container of the pod a readinessProbe.",
  url: "https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",
  types: /^kubernetes:networking\.k8s\.io\/v1:Ingress$/,
  check: ({ resources, report, attempt }) => {
    const services = new Set<string>();
    for (const { props } of all<Ingress>(resources, /^kubernetes:networking\.k8s\.io\/v1:Ingress$/)) {
      for (const rule of props.spec?.rules ?? []) {
        for (const path of rule.http?.paths ?? []) {
          attempt(() => services.add(`${namespaceOf(props)}/${path.backend?.service?.name ?? ""}`));
        }
      }
    }
    const selectors: { namespace: string; matchLabels: Record<string, string> }[] = [];
    for (const { props } of all<Service>(resources, /^kubernetes:core\/v1:Service$/)) {
      attempt(() => {
        const namespace = namespaceOf(props);
        const matchLabels = props.spec?.selector;
        if (matchLabels && services.has(`${namespace}/${props.metadata?.name ?? ""}`)) {
          selectors.push({ namespace, matchLabels });
        }
      });
    }
    for (const { urn, props } of all<Workload>(resources, WHOLE_WORKLOADS)) {
      attempt(() => {
        const { metadata, spec } = podOf(typeOf(urn), props);
        const isPublic = selectors.some(
          ({ namespace, matchLabels }) =>
            namespace === namespaceOf(props) && selects({ matchLabels }, metadata?.labels ?? {}),
        );
        if (isPublic && !(spec?.containers ?? []).some(({ readinessProbe }) => readinessProbe !== undefined)) {
          report("pods behind an Ingress have no readiness probe", urn);
        }
      });
    }
  },
});

/** The type in a URN, whose parents' types come before it. */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

/** All rules on workloads. */
export const workloadPolicies: Policies = [
  noPrivilegedContainers,
  noHostNamespaces,
  noHostPath,
  noHostPort,
  capabilitiesDropped,
  runAsNonRoot,
  noPrivilegeEscalation,
  seccompProfile,
  safeSysctls,
  namespaceEnforcesRestricted,
  imageByDigest,
  resourcesBounded,
  noTokenAutomount,
  noDefaultServiceAccount,
  publicServicesHaveProbes,
];
