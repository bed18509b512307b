import { testPolicy, UNKNOWN, type Given } from "./testing";
import {
  capabilitiesDropped,
  imageByDigest,
  namespaceEnforcesRestricted,
  noDefaultServiceAccount,
  noHostNamespaces,
  noHostPath,
  noHostPort,
  noPrivilegedContainers,
  noPrivilegeEscalation,
  noTokenAutomount,
  publicServicesHaveProbes,
  resourcesBounded,
  runAsNonRoot,
  safeSysctls,
  seccompProfile,
} from "./workloads";

const digest = `sha256:${"a".repeat(64)}`;

/** A container that breaks no rule. */
const good = {
  name: "app",
  image: `ghcr.io/acme/app@${digest}`,
  resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "64Mi" } },
  readinessProbe: { httpGet: { path: "/", port: 80 } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
};
const spec = {
  automountServiceAccountToken: false,
  serviceAccountName: "app",
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [good],
};

/** A Deployment whose pod differs from one that breaks no rule. */
const pod = (changes: object = {}): Given => ({
  type: "kubernetes:apps/v1:Deployment",
  props: { metadata: { namespace: "shop-pr-7" }, spec: { template: { spec: { ...spec, ...changes } } } },
});
/** The same, with another container. */
const container = (changes: object): Given => pod({ containers: [{ ...good, ...changes }] });
const secured = (securityContext: object): Given =>
  container({ securityContext: { ...good.securityContext, ...securityContext } });

const passes = { "a pod that needs nothing": { given: pod() } };
const skips = { "what makes no pods": { given: { type: "kubernetes:core/v1:Service", props: {} } } };
const unknown = { "a pod that is not known": { given: pod({ containers: UNKNOWN, volumes: UNKNOWN }) } };
/** A patch of a Deployment, which names only what it changes. */
const patch = {
  "a patch, which need not name it": { given: { ...pod(), type: "kubernetes:apps/v1:DeploymentPatch" } },
};

testPolicy({
  policy: noPrivilegedContainers,
  passes,
  skips,
  fails: {
    "a privileged container": { given: secured({ privileged: true }), says: /containers\[0\] \(app\) is privileged/ },
    "a privileged init container": {
      given: pod({ initContainers: [{ name: "init", securityContext: { privileged: true } }] }),
      says: /initContainers\[0\] \(init\)/,
    },
    "an ephemeral one": {
      given: pod({ ephemeralContainers: [{ securityContext: { privileged: true } }] }),
      says: /ephemeralContainers\[0\] \(without a name\)/,
    },
    "a host process": { given: secured({ windowsOptions: { hostProcess: true } }), says: /host process/ },
    "a patch": {
      given: { ...secured({ privileged: true }), type: "kubernetes:apps/v1:DeploymentPatch" },
      says: /privileged/,
    },
    "a pod by itself": {
      given: {
        type: "kubernetes:core/v1:Pod",
        props: { spec: { containers: [{ securityContext: { privileged: true } }] } },
      },
      says: /privileged/,
    },
    "a CronJob": {
      given: {
        type: "kubernetes:batch/v1:CronJob",
        props: {
          spec: {
            jobTemplate: { spec: { template: { spec: { containers: [{ securityContext: { privileged: true } }] } } } },
          },
        },
      },
      says: /privileged/,
    },
    "a PodTemplate": {
      given: {
        type: "kubernetes:core/v1:PodTemplate",
        props: { template: { spec: { containers: [{ securityContext: { privileged: true } }] } } },
      },
      says: /privileged/,
    },
  },
  unknown: {
    ...unknown,
    "a field that is not known, beside another container": {
      given: pod({
        containers: [
          { securityContext: { privileged: UNKNOWN } },
          { name: "b", securityContext: { privileged: true } },
        ],
      }),
      says: /containers\[1\] \(b\)/,
    },
  },
});

testPolicy({
  policy: noHostNamespaces,
  passes,
  skips,
  fails: {
    "the node's network": { given: pod({ hostNetwork: true }), says: /hostNetwork is true/ },
    "its processes": { given: pod({ hostPID: true }), says: /hostPID/ },
    "its IPC": { given: pod({ hostIPC: true }), says: /hostIPC/ },
  },
  unknown: {
    "a field that is not known": { given: pod({ hostNetwork: UNKNOWN, hostPID: true }), says: /hostPID/ },
  },
});

testPolicy({
  policy: noHostPath,
  passes: { ...passes, "volumes of the level": { given: pod({ volumes: [{ name: "tmp", emptyDir: {} }] }) } },
  skips,
  fails: {
    "a folder of the node": {
      given: pod({ volumes: [{ name: "v", hostPath: { path: "/" } }] }),
      says: /volumes\[0\] \(v\) is of type hostPath/,
    },
    "another type": { given: pod({ volumes: [{ name: "v", nfs: {} }] }), says: /of type nfs/ },
  },
  unknown,
});

testPolicy({
  policy: noHostPort,
  passes: { ...passes, "a port of its own": { given: container({ ports: [{ containerPort: 80 }] }) } },
  skips,
  fails: {
    "a port of the node": { given: container({ ports: [{ containerPort: 80, hostPort: 80 }] }), says: /takes port 80/ },
  },
  unknown,
});

testPolicy({
  policy: capabilitiesDropped,
  passes: {
    ...passes,
    "the one that may be added": { given: secured({ capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } }) },
  },
  skips: { ...skips, ...patch },
  fails: {
    "none dropped": { given: secured({ capabilities: undefined }), says: /does not drop all/ },
    "one added": { given: secured({ capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } }), says: /adds SYS_ADMIN/ },
  },
  unknown,
});

testPolicy({
  policy: runAsNonRoot,
  passes: {
    ...passes,
    "a container that says so itself": {
      given: pod({ securityContext: {}, containers: [{ securityContext: { runAsNonRoot: true } }] }),
    },
  },
  skips: { ...skips, ...patch },
  fails: {
    "a pod that does not say": { given: pod({ securityContext: {} }), says: /may run as root/ },
    "a container that says otherwise": { given: secured({ runAsNonRoot: false }), says: /may run as root/ },
    "user 0": { given: secured({ runAsUser: 0 }), says: /user 0/ },
  },
  unknown,
});

testPolicy({
  policy: noPrivilegeEscalation,
  passes,
  skips: { ...skips, ...patch },
  fails: {
    "a container that does not say": { given: container({ securityContext: {} }), says: /allows privilege escalation/ },
  },
  unknown,
});

testPolicy({
  policy: seccompProfile,
  passes,
  skips: { ...skips, ...patch },
  fails: {
    "no profile": { given: pod({ securityContext: {} }), says: /profile of the node/ },
    Unconfined: { given: secured({ seccompProfile: { type: "Unconfined" } }), says: /profile Unconfined/ },
    "an unmasked /proc": { given: secured({ procMount: "Unmasked" }), says: /unmasked/ },
  },
  unknown,
});

testPolicy({
  policy: safeSysctls,
  passes: {
    ...passes,
    "a safe one": { given: pod({ securityContext: { sysctls: [{ name: "net.ipv4.tcp_syncookies" }] } }) },
  },
  skips,
  fails: {
    "another one": {
      given: pod({ securityContext: { sysctls: [{ name: "kernel.msgmax" }] } }),
      says: /sets kernel\.msgmax/,
    },
  },
  unknown: { "names that are not known": { given: pod({ securityContext: { sysctls: [{ name: UNKNOWN }] } }) } },
});

const namespace = (labels: unknown): Given => ({
  type: "kubernetes:core/v1:Namespace",
  props: { metadata: { labels } },
});
const enforce = "pod-security.kubernetes.io/enforce";

testPolicy({
  policy: namespaceEnforcesRestricted,
  passes: { restricted: { given: namespace({ [enforce]: "restricted" }) } },
  skips: { pods: { given: pod() } },
  fails: {
    "no label": { given: namespace({}), says: /enforces nothing/ },
    baseline: { given: namespace({ [enforce]: "baseline" }), says: /enforces baseline/ },
    "an older version": {
      given: namespace({ [enforce]: "restricted", [`${enforce}-version`]: "v1.20" }),
      says: /enforces restricted of v1\.20/,
    },
  },
  unknown: { "a level that is not known": { given: namespace({ [enforce]: UNKNOWN }) } },
});

testPolicy({
  policy: imageByDigest,
  passes: { ...passes, "a tag beside the digest": { given: container({ image: `app:1@${digest}` }) } },
  skips,
  fails: {
    latest: { given: container({ image: "app:latest" }), says: /image app:latest, without a digest/ },
    "no tag": { given: container({ image: "app" }), says: /without a digest/ },
    "a tag": { given: container({ image: "ghcr.io/acme/app:1.2.3" }), says: /without a digest/ },
    "a digest that is none": { given: container({ image: "app@sha256:abc" }), says: /without a digest/ },
  },
  unknown: { ...unknown, "an image that is yet to be built": { given: container({ image: UNKNOWN }) } },
});

testPolicy({
  policy: resourcesBounded,
  passes,
  skips: { ...skips, ...patch },
  fails: {
    nothing: {
      given: container({ resources: undefined }),
      says: /lacks requests\.cpu, requests\.memory, limits\.memory/,
    },
    "no limit": {
      given: container({ resources: { requests: { cpu: "1", memory: "1Gi" } } }),
      says: /lacks limits\.memory/,
    },
  },
  unknown,
});

const account = (props: object): Given => ({ type: "kubernetes:core/v1:ServiceAccount", props });
const secret = (props: object): Given => ({ type: "kubernetes:core/v1:Secret", props });

testPolicy({
  policy: noTokenAutomount,
  passes: {
    ...passes,
    "an account without": { given: account({ automountServiceAccountToken: false }) },
    "a Secret": { given: secret({ type: "Opaque" }) },
    "one without a type": { given: secret({}) },
  },
  skips: { ...skips, "the platform's pods": { given: pod({ automountServiceAccountToken: true }), stack: "platform" } },
  fails: {
    "a pod that does not say": { given: pod({ automountServiceAccountToken: undefined }), says: /the pod mounts/ },
    "a projected token": {
      given: pod({ volumes: [{ name: "t", projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }] }),
      says: /volumes\[0\] is a token/,
    },
    "an account that does not say": { given: account({}), says: /account's token is mounted/ },
    "a Secret that is filled with one": {
      given: secret({ type: "kubernetes.io/service-account-token" }),
      says: /the Secret is filled with a token/,
    },
  },
  unknown: {
    "volumes that are not known": {
      given: pod({ automountServiceAccountToken: true, volumes: UNKNOWN }),
      says: /mounts/,
    },
  },
});

testPolicy({
  policy: noDefaultServiceAccount,
  passes,
  skips: { ...skips, "other stacks": { given: pod({ serviceAccountName: "default" }), stack: "platform" } },
  fails: {
    "no account": { given: pod({ serviceAccountName: undefined }), says: /default service account/ },
    "the default one": { given: pod({ serviceAccountName: "default" }), says: /default service account/ },
  },
  unknown: { "an account that is not known": { given: pod({ serviceAccountName: UNKNOWN }) } },
});

const meta = { namespace: "shop-pr-7", name: "web" };
const ingress: Given = {
  type: "kubernetes:networking.k8s.io/v1:Ingress",
  props: { metadata: meta, spec: { rules: [{ http: { paths: [{ backend: { service: { name: "web" } } }] } }] } },
};
const web: Given = {
  type: "kubernetes:core/v1:Service",
  props: { metadata: meta, spec: { selector: { app: "web" } } },
};
const behind = (containers: unknown, labels: object = { app: "web" }): Given => ({
  type: "kubernetes:apps/v1:Deployment",
  props: { metadata: meta, spec: { template: { metadata: { labels }, spec: { containers } } } },
});

testPolicy({
  policy: publicServicesHaveProbes,
  passes: {
    "a probe": { given: [ingress, web, behind([good])] },
    "pods that are not public": { given: [ingress, web, behind([{}], { app: "worker" })] },
  },
  skips: { "a stack without an Ingress": { given: [web, behind([{}])] } },
  fails: { "no probe": { given: [ingress, web, behind([{ name: "web" }])], says: /no readiness probe/ } },
  unknown: { "containers that are not known": { given: [ingress, web, behind(UNKNOWN)] } },
});
