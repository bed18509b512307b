import assert from "node:assert/strict";
import { PROXY_COMMAND } from "../../../components/pr-environment/egress/plan";
import { ensurePlatform } from "../../../lifecycle/platform";
import { silent } from "../../../lifecycle/progress";
import type { Target } from "../../../lifecycle/target";
import { simulatedCluster } from "../lifecycle/cluster";
import { kubeOf } from "../lifecycle/support";
import { uniqueName } from "../provider/support";
import { binding, resolver } from "./admission-cases";
import {
  defineKind,
  deployersBinding,
  deployment,
  egress,
  Environment,
  forgetKind,
  goodContainer,
  goodPod,
  IMAGE,
  isRefused,
  pathOf,
  pod,
  quotaOf,
  until,
  withContainer,
  type Manifest,
} from "./admission-support";

/** The least that a fork's quota has to bound, and what pods then need. */
const small = { "limits.cpu": "3", "limits.memory": "3Gi", "requests.storage": "2Gi" };
const room: readonly Manifest[] = [
  quotaOf({ ...small, pods: "40" }),
  {
    apiVersion: "v1",
    kind: "LimitRange",
    metadata: { name: "environment" },
    spec: { limits: [{ type: "Container", default: { cpu: "100m" } }] },
  },
];

const copy = (annotations: object): Manifest => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings", annotations },
});
const envFrom = (source: object) => withContainer({ envFrom: [source] });
const hosts = (rule: object): Manifest => ({
  apiVersion: "cilium.io/v2",
  kind: "CiliumNetworkPolicy",
  metadata: { name: "hosts" },
  spec: { egress: [rule], egressDeny: [{ toCIDR: ["169.254.0.0/16"] }] },
});
const to = (peer: object) => egress([{ to: [peer], ports: [{ port: 443 }] }]);
const ingress = (annotations: object): Manifest => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "Ingress",
  metadata: { name: "app", annotations },
  spec: { ingressClassName: "berth", rules: [{ host: "shop-pr-7.berth.localhost" }] },
});
const variable = (name: string) =>
  withContainer({ env: [{ name: "A", valueFrom: { secretKeyRef: { name, key: "a" } } }] });
const withVolume = (volume: object) => deployment({ volumes: [{ name: "more", ...volume }] });
const inNamespace = (name: string, labels?: object) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
  ...(labels && { podSelector: { matchLabels: labels } }),
});
const resolving: Manifest = {
  ...deployment(),
  spec: {
    selector: { matchLabels: { app: "app" } },
    template: { metadata: { labels: { app: "app", "berth.dev/outside-names": "allowed" } }, spec: goodPod },
  },
};
const role: Manifest = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name: "app" },
  rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
};
const another = (hard: Record<string, string>): Manifest => ({ ...quotaOf(hard), metadata: { name: "another" } });
const elsewhere = IMAGE.replace("/app@", "/apps/other@");

/** Of each rule, what a fork's environment may have, and what only others may. */
const cases: Record<string, { admits: Manifest[]; refuses: [object: Manifest, words: RegExp][] }> = {
  "tier-without-secrets": {
    admits: [
      copy({ "example.com/a": "b" }),
      envFrom({ configMapRef: { name: "app-env" } }),
      variable("postgresql"),
      withVolume({ secret: { secretName: "s3" } }),
      withVolume({ projected: { sources: [{ secret: { name: "redis" } }, { configMap: { name: "app-env" } }] } }),
    ],
    refuses: [
      [copy({ "berth.dev/copied-from": "previews/flags" }), /it is a copy of previews\/flags/],
      [{ ...copy({ "berth.dev/copied-from": "previews/stripe" }), kind: "Secret" }, /it is a copy of previews\/stripe/],
      [envFrom({ secretRef: { name: "stripe" } }), /app takes all of a Secret/],
      [variable("stripe"), /it takes the Secret stripe/],
      [withVolume({ secret: { secretName: "stripe" } }), /it takes the Secret stripe/],
      [
        withVolume({ projected: { sources: [{ secret: { name: "redis" } }, { secret: { name: "stripe" } }] } }),
        /it takes the Secret stripe/,
      ],
      [withVolume({ csi: { driver: "secrets-store.csi.k8s.io" } }), /the volume more is a driver's/],
    ],
  },
  "tier-without-egress": {
    admits: [
      to({ podSelector: { matchLabels: { "berth.dev/component": "postgresql" } } }),
      egress([]),
      hosts({ toEndpoints: [{ matchLabels: { "k8s:berth.dev/component": "postgresql" } }] }),
      to(resolver),
      to(inNamespace("berth-system", { "app.kubernetes.io/name": "oauth-broker" })),
    ],
    refuses: [
      [to({ ipBlock: { cidr: "203.0.113.0/24" } }), /an egress rule opens 203\.0\.113\.0\/24/],
      [
        hosts({ toFQDNs: [{ matchName: "api.example.com" }], toPorts: [{ ports: [{ port: "443" }] }] }),
        /spec\.egress opens more than pods/,
      ],
      [to(inNamespace("kube-system")), /an egress rule opens pods of others/],
      [to(inNamespace("shop-pr-8", { "k8s-app": "kube-dns" })), /an egress rule opens pods of others/],
      [resolving, /its pods may resolve names outside by the label berth\.dev\/outside-names/],
    ],
  },
  "tier-has-small-quota": {
    admits: [another(small), another({ ...small, "limits.cpu": "2500m" })],
    refuses: [
      [another({ ...small, "limits.memory": "3073Mi" }), /limits\.memory is 3073Mi; accepted: at most 3Gi/],
      [another({ pods: "40" }), /limits\.cpu is not bounded; accepted: at most 3/],
    ],
  },
  "tier-images-from-its-build": {
    admits: [withContainer({}), withContainer({ image: IMAGE.replace("@", "/below@") })],
    refuses: [
      [withContainer({ image: elsewhere }), /app has the image registry\.example\.com\/apps\/other@.*accepted: from /],
    ],
  },
  "tier-without-privileges": {
    admits: [ingress({ "pulumi.com/skipAwait": "true" }), deployersBinding],
    refuses: [
      [role, /a Role gives rights in the API server/],
      [binding("Role"), /a RoleBinding gives rights in the API server/],
      [ingress({ "nginx.org/server-snippets": "x" }), /the annotations nginx\.org\/server-snippets are not Berth's/],
    ],
  },
};

/** The real API server, as its administrator, whom no right stops. */
describe("rules on trust in the cluster", function () {
  this.timeout(120_000);
  const simulated = simulatedCluster();
  let target: Target;
  let fork: Environment;
  let internal: Environment;
  /** A platform that takes forks with the image that all pods of these tests have. */
  const platformWith = (settings: object): Target => ({
    ...simulated(),
    platform: {
      ...(simulated().platform as object),
      trust: { fork: { images: [IMAGE.split("@")[0]] } },
      ...settings,
    },
  });
  before(async () => {
    target = platformWith({ egressHosts: "cilium" });
    await ensurePlatform(target, kubeOf(target), silent);
    await defineKind(kubeOf(target), "cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies");
    fork = await Environment.open(target, uniqueName("fork"), { "berth.dev/trust": "fork" }, room);
    internal = await Environment.open(target, uniqueName("internal"));
  });
  after(async () => {
    await fork.close();
    await internal.close();
    await forgetKind(kubeOf(target), "cilium.io", "ciliumnetworkpolicies");
    await ensurePlatform(simulated(), kubeOf(simulated()), silent);
  });

  for (const [rule, { admits, refuses }] of Object.entries(cases)) {
    it(`${rule} holds for a fork's environment, naming value and fix, and for no other`, async () => {
      for (const object of admits) assert.equal(await fork.refusal(object), undefined);
      for (const [object, words] of refuses) {
        const message = (await fork.refusal(object)) ?? "it was let through";
        assert.match(message, words);
        assert.match(message, new RegExp(`ValidatingAdmissionPolicy 'berth-trust-[a-z-]+' .* ${rule}: .*; fix: `));
        assert.equal(await internal.refusal(object), undefined);
      }
    });
  }

  it("open no address to a fork by a rule without peers", async () => {
    assert.match(
      (await fork.refusal(egress([{ ports: [{ port: 443 }] }]))) ?? "it was let through",
      /"to"|every address/,
    );
  });

  it("refuse a fork what operators make Secrets and rights of", async () => {
    const kinds = [
      ["bitnami.com", "v1alpha1", "SealedSecret", /tier-without-secrets: a SealedSecret brings what others own/],
      ["external-secrets.io", "v1", "ExternalSecret", /tier-without-secrets: a ExternalSecret brings what others own/],
      ["postgresql.cnpg.io", "v1", "Cluster", /tier-without-privileges: a Cluster has a controller act/],
    ] as const;
    for (const [group, version, kind, words] of kinds) {
      const plural = `${kind.toLowerCase()}s`;
      await defineKind(fork.kube, group, version, kind, plural);
      try {
        const object: Manifest = { apiVersion: `${group}/${version}`, kind, metadata: { name: "a" } };
        assert.match((await fork.refusal(object)) ?? "it was let through", words);
        assert.equal(await internal.refusal(object), undefined);
      } finally {
        await forgetKind(fork.kube, group, plural);
      }
    }
  });

  it("give a fork's pod no names outside by its label, not by way of its status either", async () => {
    await fork.create(pod());
    const path = `${pathOf(pod(), fork.namespace)}/pod`;
    for (const way of ["", "/status"]) {
      const change = { metadata: { labels: { "berth.dev/outside-names": "allowed" } } };
      await isRefused(fork.kube.patch(`${path}${way}`, change), /tier-without-egress: its pods may resolve names/);
    }
  });

  it("let the egress proxy's image run nothing but the proxy where it has the proxy's labels", async () => {
    const labels = { "berth.dev/component": "egress-proxy" };
    const running = (fields: object) =>
      pod({ containers: [{ ...goodContainer, ...fields }] }, { name: "proxy", labels });
    const proxy = { command: [...PROXY_COMMAND] };
    // Beside Cilium's rules by host name a platform has no proxy.
    await ensurePlatform(platformWith({ egressProxy: { image: IMAGE } }), kubeOf(target), silent);
    try {
      // The API server learns of changed rules a moment later.
      await until(async () => (await internal.refusal(running(proxy))) === undefined);
      for (const fields of [
        { command: ["sh", "-c", "sleep 1"] },
        {},
        { ...proxy, args: ["x"] },
        { ...proxy, livenessProbe: { exec: { command: ["true"] } } },
        { ...proxy, lifecycle: { postStart: { exec: { command: ["true"] } } } },
      ]) {
        assert.match(
          (await internal.refusal(running(fields))) ?? "it was let through",
          /egress-proxy-runs-its-image: app of a pod .* something else than the proxy's command/,
        );
      }
    } finally {
      await ensurePlatform(target, kubeOf(target), silent);
    }
  });

  it("judge init containers too", async () => {
    const container = { ...goodContainer, name: "other", image: elsewhere };
    const withInit = withContainer({});
    Object.assign((withInit["spec"] as { template: { spec: object } }).template.spec, { initContainers: [container] });
    assert.match((await fork.refusal(withInit)) ?? "it was let through", /other has the image .*\/apps\/other@/);
  });

  it("keep the tier of a namespace from becoming a fork's, or from ceasing to be it, by whatever way", async () => {
    const become = async (environment: Environment, tier: string | null, way = ""): Promise<string> => {
      const path = `/api/v1/namespaces/${environment.namespace}${way}?dryRun=All`;
      try {
        await environment.kube.patch(path, { metadata: { labels: { "berth.dev/trust": tier } } });
        return "it was let through";
      } catch (error) {
        return String(error);
      }
    };
    for (const way of ["", "/status"]) {
      assert.match(
        await become(fork, "internal", way),
        /its tier goes from fork to internal, and that of a fork never changes/,
      );
      assert.match(await become(fork, null, way), /its label berth\.dev\/trust is missing/);
      assert.match(await become(internal, "fork", way), /its tier goes from internal to fork/);
      assert.equal(await become(internal, "trusted", way), "it was let through");
    }
  });
});
