import assert from "node:assert/strict";
import { planPlatform } from "../../../components/platform/plan";
import { parsePlatform } from "../../../config/platform";
import type { Kube } from "../../../lifecycle/kube";
import { HOST_PLATFORM } from "../../support/samples";
import {
  defineKind,
  deployment,
  egress,
  type Environment,
  environmentLabels,
  forgetKind,
  goodContainer,
  goodPod,
  IMAGE,
  pod,
  until,
  withContainer,
  type Manifest,
} from "./admission-support";

const context = (fields: object) => withContainer({ securityContext: { ...goodContainer.securityContext, ...fields } });
const to = (...cidrs: string[]) =>
  egress([{ to: cidrs.map((cidr) => ({ ipBlock: { cidr } })), ports: [{ port: 443 }] }]);
const dns = (peer: object) => egress([{ to: [peer], ports: [{ port: 53, protocol: "UDP" }] }]);
export const resolver = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
  podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
};
const anyNamespace = {
  namespaceSelector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "Exists" }] },
};
const namespace = (labels: Record<string, string>): Manifest => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "shop-pr-8", labels: { ...environmentLabels("shop-pr-8"), ...labels } },
});
const account = (automountServiceAccountToken: boolean): Manifest => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "other" },
  automountServiceAccountToken,
});
const secret = (type: string): Manifest => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "token", annotations: { "kubernetes.io/service-account.name": "app" } },
  type,
});
const ingress = (host: string, spec: object = {}): Manifest => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: "app" },
  spec: {
    ingressClassName: "berth",
    rules: [
      {
        ...(host === "" ? {} : { host }),
        http: {
          paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "app", port: { number: 80 } } } }],
        },
      },
    ],
    ...spec,
  },
});
const service = (spec: object): Manifest => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "app" },
  spec: { selector: { app: "app" }, ports: [{ port: 80 }], ...spec },
});
const role = (rule: object): Manifest => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "app" },
  rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"], ...rule }],
});
export const binding = (kind: string): Manifest => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name: "app" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: "view" },
  subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "alice" }],
});
const job = (spec: object): Manifest => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "app" },
  spec: { template: { spec: { restartPolicy: "Never", ...goodPod, ...spec } } },
});
/**
 * Objects with the fields of pods that the API server does not take for pods: it refuses privileged containers itself, before it asks any rule,
 * where it has not been told to allow them, as on the embedded cluster. The rules on pods judge these in environments too.
 */
export class LikePods {
  private static readonly group = "like-pods.example.com";
  private readonly api = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic";
  private readonly name: string;

  constructor(name: string) {
    this.name = `berth-${name}`;
  }

  /** One of them. */
  static of(container: object): Manifest {
    const containers = [{ ...goodContainer, ...container }];
    const metadata = { name: "like-a-pod" };
    return { apiVersion: `${this.group}/v1`, kind: "Pod", metadata, spec: { ...goodPod, containers } };
  }

  async make(environment: Environment): Promise<void> {
    const { kube } = environment;
    await defineKind(kube, LikePods.group, "v1", "Pod", "pods");
    const plan = planPlatform(parsePlatform(HOST_PLATFORM)).admission["pods"] ?? assert.fail();
    // Plans are of plain values only.
    const { policy, binding: usual } = plan as unknown as Record<"policy" | "binding", { spec: object }>;
    const metadata = { name: this.name };
    const rule = { apiGroups: [LikePods.group], apiVersions: ["*"], resources: ["pods"], operations: ["CREATE"] };
    await kube.post(`${this.api}ies`, {
      metadata,
      spec: { ...policy.spec, matchConstraints: { resourceRules: [rule] } },
    });
    await kube.post(`${this.api}ybindings`, { metadata, spec: { ...usual.spec, policyName: this.name } });
    await until(async () => (await environment.refusal(LikePods.of({ image: "app" }))) !== undefined);
  }

  async remove(kube: Kube): Promise<void> {
    await kube.delete(`${this.api}ybindings/${this.name}`);
    await kube.delete(`${this.api}ies/${this.name}`);
    await forgetKind(kube, LikePods.group, "pods");
  }
}

/** What each rule lets through and what it refuses, with the words of the refusal. Rules that need more than one request have tests of their own. */
export const cases: Record<string, { admits: Manifest[]; refuses: [Manifest, RegExp][] }> = {
  "no-privileged-containers": {
    admits: [context({ privileged: false }), LikePods.of({})],
    refuses: [
      [
        LikePods.of({ securityContext: { ...goodContainer.securityContext, privileged: true } }),
        /app is privileged or a host process/,
      ],
      [
        LikePods.of({ securityContext: { ...goodContainer.securityContext, windowsOptions: { hostProcess: true } } }),
        /app is privileged or a host process/,
      ],
    ],
  },
  "no-host-namespaces": {
    admits: [deployment({ hostNetwork: false })],
    refuses: [[deployment({ hostPID: true, hostIPC: true }), /hostPID is true, hostIPC is true/]],
  },
  "no-host-path": {
    admits: [deployment({ volumes: [{ name: "tmp", emptyDir: {} }] })],
    refuses: [
      [deployment({ volumes: [{ name: "etc", hostPath: { path: "/etc" } }] }), /the volume etc is of type hostPath/],
      [deployment({ volumes: [{ name: "x", nfs: { server: "192.0.2.1", path: "/" } }] }), /is of type nfs/],
    ],
  },
  "no-host-port": {
    admits: [withContainer({ ports: [{ containerPort: 80 }] })],
    refuses: [[withContainer({ ports: [{ containerPort: 80, hostPort: 80 }] }), /app takes a port of its node/]],
  },
  "capabilities-dropped": {
    admits: [context({ capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } })],
    refuses: [
      [context({ capabilities: { drop: ["ALL"], add: ["NET_RAW"] } }), /adds some: \[NET_RAW\]/],
      [context({ capabilities: {} }), /drops not all capabilities/],
    ],
  },
  "run-as-non-root": {
    admits: [context({ runAsUser: 1000 })],
    refuses: [
      [context({ runAsNonRoot: false }), /app may run as root/],
      [context({ runAsUser: 0 }), /app may run as root/],
    ],
  },
  "no-privilege-escalation": {
    admits: [deployment()],
    refuses: [[context({ allowPrivilegeEscalation: true }), /app allows privilege escalation/]],
  },
  "seccomp-profile": {
    admits: [context({ seccompProfile: { type: "Localhost", localhostProfile: "strict.json" } })],
    refuses: [
      [context({ seccompProfile: { type: "Unconfined" } }), /app has the seccomp profile Unconfined/],
      [deployment({ securityContext: { runAsNonRoot: true } }), /app has the seccomp profile of the node/],
    ],
  },
  "safe-sysctls": {
    admits: [
      deployment({
        securityContext: { ...goodPod.securityContext, sysctls: [{ name: "net.ipv4.tcp_syncookies", value: "1" }] },
      }),
    ],
    refuses: [
      [
        deployment({
          securityContext: { ...goodPod.securityContext, sysctls: [{ name: "kernel.msgmax", value: "1" }] },
        }),
        /it sets kernel\.msgmax/,
      ],
    ],
  },
  "namespace-enforces-restricted": {
    admits: [namespace({})],
    refuses: [
      [namespace({ "pod-security.kubernetes.io/enforce": "baseline" }), /enforces baseline of version latest/],
      [namespace({ "pod-security.kubernetes.io/enforce-version": "v1.19" }), /enforces restricted of version v1\.19/],
    ],
  },
  "image-by-digest": {
    admits: [deployment(), job({})],
    refuses: [
      [
        withContainer({ image: "nginx:latest" }),
        /app has the image nginx:latest, without a digest; fix: name the image as/,
      ],
      [
        deployment({ initContainers: [{ ...goodContainer, name: "init", image: "busybox" }] }),
        /init has the image busybox/,
      ],
      [job({ containers: [{ ...goodContainer, image: "busybox:1" }] }), /app has the image busybox:1/],
      [pod({ containers: [{ ...goodContainer, image: `${IMAGE}0` }] }), /app has the image/],
    ],
  },
  "resources-bounded": {
    admits: [pod()],
    refuses: [
      [
        pod({ containers: [{ ...goodContainer, resources: {} }] }),
        /app lacks requests\.cpu, requests\.memory, limits\.memory/,
      ],
    ],
  },
  "no-token-automount": {
    admits: [account(false), secret("Opaque")],
    refuses: [
      [account(true), /the token of the service account other is mounted/],
      [deployment({ automountServiceAccountToken: true }), /the pod mounts its service account's token/],
      [
        deployment({
          volumes: [{ name: "t", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } }],
        }),
        /the volume t is a token/,
      ],
      [secret("kubernetes.io/service-account-token"), /the Secret token is filled with a token of a service account/],
    ],
  },
  "no-default-service-account": {
    admits: [deployment()],
    refuses: [
      [deployment({ serviceAccountName: "default" }), /default service account/],
      [deployment({ serviceAccountName: undefined }), /default service account/],
    ],
  },
  "no-world-egress": {
    admits: [to("203.0.113.0/24", "2001:db8::/32"), egress([{ to: [{ podSelector: {} }] }])],
    refuses: [
      [to("0.0.0.0/0"), /opens 100 % of all addresses of IPv4 and 0 % of IPv6/],
      [to("0.0.0.0/1", "128.0.0.0/1"), /opens 100 %/],
      [to("::/0"), /100 % of IPv6/],
      [to("8.0.0.0/5", "16.0.0.0/5", "24.0.0.0/5"), /opens 9\.375 %/],
      [egress([{ ports: [{ port: 443 }] }]), /a rule without "to"/],
      [egress([{ to: [{ namespaceSelector: {} }] }]), /the pods of namespaces that it does not name/],
      [egress([{ to: [anyNamespace] }]), /the pods of namespaces that it does not name/],
      [
        egress([{ to: [{ ipBlock: { cidr: "0.0.0.0/1" } }], ports: [{ port: 54, endPort: 800 }] }], "egress-proxy"),
        /opens 50 % of all addresses of IPv4/,
      ],
    ],
  },
  "egress-proxy-runs-its-image": {
    admits: [pod({}, { name: "pod", labels: { "berth.dev/component": "app" } })],
    refuses: [
      [
        pod({}, { name: "pod", labels: { "berth.dev/component": "egress-proxy" } }),
        /labels of the egress proxy runs registry\.example\.com\/app@sha256/,
      ],
    ],
  },
  "no-reserved-egress": {
    admits: [to("169.253.0.0/16")],
    refuses: [
      [to("169.254.169.254/32"), /opens 169\.254\.169\.254\/32, 169\.254\.0\.0\/16/],
      [to("fd00:ec2::254/128"), /fd00:ec2::254\/128/],
      [to("100.64.0.0/12"), /100\.64\.0\.0\/10/],
      [to("168.0.0.0/7"), /169\.254/],
      [to("10.1.2.0/24"), /opens 10\.0\.0\.0\/8/],
      [to("192.168.7.1/32"), /opens 192\.168\.0\.0\/16/],
    ],
  },
  "dns-only-to-the-cluster": {
    admits: [dns(resolver), dns({ podSelector: {} })],
    refuses: [
      [dns({ ipBlock: { cidr: "203.0.113.53/32" } }), /1 of the rules in spec\.egress open DNS/],
      [egress([{ to: [{ ipBlock: { cidr: "203.0.113.0/24" } }], ports: [{ port: 1, endPort: 1000 }] }]), /open DNS/],
      [egress([{ to: [{ ipBlock: { cidr: "203.0.113.0/24" } }], ports: [{ protocol: "UDP" }] }]), /open DNS/],
    ],
  },
  "host-under-preview-domain": {
    admits: [ingress("shop-pr-7.berth.localhost"), ingress("shop-pr-7-api.berth.localhost")],
    refuses: [
      [ingress("shop.example.com"), /shop\.example\.com is not one label under berth\.localhost, namely /],
      [ingress("auth.berth.localhost"), /auth\.berth\.localhost is not one label/],
      [ingress("shop-pr-8.berth.localhost"), /shop-pr-8\.berth\.localhost is not one label/],
      [ingress("shop-pr-70.berth.localhost"), /0\.berth\.localhost is not one label/],
      [ingress("shop-pr-7-a-pr-2.berth.localhost"), /-a-pr-2\.berth\.localhost is not one label/],
      [ingress("shop-pr-7.example.com"), /\.example\.com is not one label/],
      [ingress("a.b.berth.localhost"), /a\.b\.berth\.localhost is not one label/],
      [ingress("evil-berth.localhost"), /is not one label/],
    ],
  },
  "no-wildcard-host": {
    admits: [ingress("shop-pr-7.berth.localhost")],
    refuses: [
      [ingress("*.berth.localhost"), /\[\*\.berth\.localhost\]: a wildcard/],
      [ingress(""), /a wildcard, or none/],
      [
        ingress("shop-pr-7.berth.localhost", { defaultBackend: { service: { name: "app", port: { number: 80 } } } }),
        /spec\.defaultBackend takes every host/,
      ],
    ],
  },
  "ingress-tls": {
    admits: [
      ingress("shop-pr-7.berth.localhost", {
        ingressClassName: "other",
        tls: [{ hosts: ["shop-pr-7.berth.localhost"] }],
      }),
    ],
    refuses: [
      [
        ingress("shop-pr-7.berth.localhost", { ingressClassName: "other" }),
        /nothing for \[[a-z0-9-]+\.berth\.localhost\]/,
      ],
    ],
  },
  "no-load-balancer-or-node-port": {
    admits: [service({})],
    refuses: [
      [service({ type: "NodePort" }), /spec\.type is NodePort/],
      [service({ type: "LoadBalancer" }), /spec\.type is LoadBalancer/],
      [service({ externalIPs: ["203.0.113.1"] }), /spec\.externalIPs is \[203\.0\.113\.1\]/],
    ],
  },
  "endpoints-by-the-cluster-alone": {
    // The Service's own are made by a controller.
    admits: [service({})],
    refuses: [
      [
        {
          apiVersion: "discovery.k8s.io/v1",
          kind: "EndpointSlice",
          metadata: { name: "app-1", labels: { "kubernetes.io/service-name": "app" } },
          addressType: "IPv4",
          endpoints: [{ addresses: ["203.0.113.1"] }],
          ports: [{ port: 80 }],
        },
        /the EndpointSlice app-1 names addresses behind a Service/,
      ],
      [
        {
          apiVersion: "v1",
          kind: "Endpoints",
          metadata: { name: "app" },
          subsets: [{ addresses: [{ ip: "203.0.113.1" }], ports: [{ port: 80 }] }],
        },
        /the Endpoints app names addresses/,
      ],
      [
        service({ type: "ExternalName", externalName: "kubernetes.default.svc" }),
        /the Service app stands for kubernetes\.default\.svc/,
      ],
    ],
  },
  "rbac-no-wildcards": {
    admits: [role({})],
    refuses: [[role({ resources: ["*"] }), /the Role app has a wildcard/]],
  },
  "rbac-no-escalation": {
    admits: [role({})],
    refuses: [[role({ verbs: ["get", "impersonate"] }), /verbs of the Role app: get, impersonate/]],
  },
  "previews-touch-no-platform": {
    admits: [binding("Role")],
    refuses: [[binding("ClusterRole"), /it binds the ClusterRole view/]],
  },
  "namespace-has-owner": {
    admits: [namespace({})],
    refuses: [[namespace({ "berth.dev/owner": "" }), /lacks the labels berth\.dev\/owner/]],
  },
  "namespace-has-tier": {
    admits: ["trusted", "internal", "fork"].map((tier) => namespace({ "berth.dev/trust": tier })),
    refuses: [
      [
        namespace({ "berth.dev/trust": "" }),
        /its label berth\.dev\/trust is missing; accepted: trusted, internal, fork/,
      ],
      [namespace({ "berth.dev/trust": "root" }), /its label berth\.dev\/trust is root/],
    ],
  },
};
