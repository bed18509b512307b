import { testPolicy, UNKNOWN, type Given } from "./testing";
import {
  namespaceHasTier,
  tierImages,
  tierPrivileges,
  tierQuota,
  tierWithoutEgress,
  tierWithoutSecrets,
} from "./trust";

const NAME = "shop-pr-7";
const DIGEST = `sha256:${"0".repeat(64)}`;

const namespace = (trust?: unknown): Given => ({
  type: "kubernetes:core/v1:Namespace",
  props: { metadata: { name: NAME, labels: trust === undefined ? {} : { "berth.dev/trust": trust } } },
});
const inside = (type: string, props: { metadata?: object; [field: string]: unknown } = {}): Given => ({
  type: `kubernetes:${type}`,
  props: { ...props, metadata: { namespace: NAME, ...props.metadata } },
});
const pod = (container: object, spec: object = { automountServiceAccountToken: false }): Given =>
  inside("apps/v1:Deployment", { spec: { template: { spec: { ...spec, containers: [container] } } } });

/** What is refused of a fork passes in the other tiers, and is refused of those that the pack's config names. */
function tiers(given: Given, says: RegExp, config: Record<string, unknown> = {}) {
  return {
    passes: Object.fromEntries(
      ["trusted", "internal"].map((tier) => [`the same in tier ${tier}`, { given: [namespace(tier), given], config }]),
    ),
    fails: {
      "it in the tier fork": { given: [namespace("fork"), given], says, config },
      "it in a tier that the config names": {
        given: [namespace("internal"), given],
        says,
        config: { ...config, tiers: ["internal", "fork"] },
      },
    },
  };
}
/** The same elsewhere, and in stacks that are no preview's. */
const skips = (given: Given) => ({
  "a stack without a namespace": { given: [given] },
  "other stacks": { given: [namespace("fork"), given], stack: "platform" },
});
const unknownTier = (given: Given) => ({ "a tier that is not known": { given: [namespace(UNKNOWN), given] } });
const elsewhere = (given: Given) => ({
  "the same in another namespace": {
    given: [namespace("fork"), { ...given, props: { ...given.props, metadata: { namespace: "other" } } }],
  },
});

testPolicy({
  policy: namespaceHasTier,
  passes: Object.fromEntries(["trusted", "internal", "fork"].map((tier) => [tier, { given: namespace(tier) }])),
  fails: {
    "no tier": { given: namespace(), says: /label berth\.dev\/trust is missing; accepted: trusted, internal, fork/ },
    "another word": { given: namespace("root"), says: /is root; accepted/ },
    "one that the config leaves out": { given: namespace("fork"), says: /is fork/, config: { tiers: ["trusted"] } },
  },
  skips: {
    "other kinds": { given: inside("core/v1:ConfigMap") },
    "other stacks": { given: namespace(), stack: "platform" },
  },
  unknown: { "a tier that is not known": { given: namespace(UNKNOWN) } },
});

const sealed = inside("bitnami.com/v1alpha1:SealedSecret");
const copy = inside("core/v1:Secret", { metadata: { annotations: { "berth.dev/copied-from": "previews/stripe" } } });
const secrets = tiers(sealed, /a SealedSecret brings what others own into it/);
testPolicy({
  policy: tierWithoutSecrets,
  passes: {
    ...secrets.passes,
    ...elsewhere(sealed),
    "a password of its own": {
      given: [namespace("fork"), inside("core/v1:Secret", { stringData: { password: "x" } })],
    },
    "its database's password, in a variable and files": {
      given: [
        namespace("fork"),
        pod(
          { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "postgresql", key: "password" } } }, { name: "B" }] },
          {
            automountServiceAccountToken: false,
            volumes: [
              { name: "a", secret: { secretName: "s3" } },
              { name: "b", projected: { sources: [{ secret: { name: "redis" } }, { configMap: { name: "x" } }] } },
              { name: "c", emptyDir: {} },
            ],
          },
        ),
      ],
    },
    "variables of a ConfigMap": {
      given: [namespace("fork"), pod({ envFrom: [{ configMapRef: { name: "app-env" } }] })],
    },
  },
  fails: {
    ...secrets.fails,
    "values from a store": {
      given: [namespace("fork"), inside("external-secrets.io/v1:ExternalSecret")],
      says: /an? ExternalSecret brings/,
    },
    "data of a snapshot": {
      given: [namespace("fork"), inside("snapshot.storage.k8s.io/v1:VolumeSnapshot")],
      says: /a VolumeSnapshot brings what others own into it/,
    },
    "a copy": { given: [namespace("fork"), copy], says: /it is a copy of previews\/stripe/ },
    "all of a Secret": {
      given: [namespace("fork"), pod({ envFrom: [{ secretRef: { name: "stripe" } }] })],
      says: /containers\[0\] takes all of a Secret/,
    },
    "one key of another Secret": {
      given: [
        namespace("fork"),
        pod({ env: [{ name: "A" }, { name: "B", valueFrom: { secretKeyRef: { name: "stripe", key: "a" } } }] }),
      ],
      says: /containers\[0\]\.env\[1\] takes the Secret stripe/,
    },
    "another Secret as files": {
      given: [namespace("fork"), pod({}, { volumes: [{ name: "a", secret: { secretName: "stripe" } }] })],
      says: /volumes\[0\] takes the Secret stripe/,
    },
    "another Secret among files": {
      given: [
        namespace("fork"),
        pod({}, { volumes: [{ name: "a", projected: { sources: [{ secret: { name: "stripe" } }] } }] }),
      ],
      says: /volumes\[0\] takes the Secret stripe/,
    },
    "a volume of a driver": {
      given: [namespace("fork"), pod({}, { volumes: [{ name: "a", csi: { driver: "secrets-store.csi.k8s.io" } }] })],
      says: /volumes\[0\] is a driver's, which may bring secrets/,
    },
  },
  skips: skips(sealed),
  unknown: {
    ...unknownTier(sealed),
    "annotations that are not known, beside a copy": {
      given: [namespace("fork"), inside("core/v1:Secret", { metadata: { annotations: UNKNOWN } }), copy],
      says: /it is a copy/,
    },
  },
});

const egress = (to: unknown) => inside("networking.k8s.io/v1:NetworkPolicy", { spec: { egress: [{ to }] } });
const outside = egress([{ ipBlock: { cidr: "203.0.113.0/24" } }]);
const other = (name: string, labels?: object) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
  ...(labels && { podSelector: { matchLabels: labels } }),
});
const resolving = inside("apps/v1:Deployment", {
  spec: { template: { metadata: { labels: { "berth.dev/outside-names": "allowed" } }, spec: {} } },
});
const open = tiers(outside, /spec\.egress\[0\]\.to\[0\] opens 203\.0\.113\.0\/24/);
const hosts = (rule: object) => inside("cilium.io/v2:CiliumNetworkPolicy", { spec: { egress: [rule] } });
testPolicy({
  policy: tierWithoutEgress,
  passes: {
    ...open.passes,
    ...elsewhere(outside),
    "its own pods, with Cilium": { given: [namespace("fork"), hosts({ toEndpoints: [{ matchLabels: { a: "b" } }] })] },
    "its own pods": { given: [namespace("fork"), egress([{ podSelector: { matchLabels: { a: "b" } } }])] },
    "no egress": { given: [namespace("fork"), inside("networking.k8s.io/v1:NetworkPolicy", { spec: {} })] },
    "the resolver and the log-in": {
      given: [
        namespace("fork"),
        egress([
          other("kube-system", { "k8s-app": "kube-dns" }),
          other("berth-system", { "app.kubernetes.io/name": "oauth-broker" }),
        ]),
      ],
    },
    "names outside in the tier internal": { given: [namespace("internal"), resolving] },
  },
  fails: {
    ...open.fails,
    everywhere: { given: [namespace("fork"), egress([])], says: /opens every address/ },
    ...Object.fromEntries(
      Object.entries({
        "all of the resolver's namespace": other("kube-system"),
        "another namespace": other("shop-pr-8", { "k8s-app": "kube-dns" }),
        "namespaces by an expression": {
          namespaceSelector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "Exists" }] },
          podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
        },
      }).map(([title, peer]) => [
        title,
        { given: [namespace("fork"), egress([peer])], says: /spec\.egress\[0\]\.to\[0\] opens other pods/ },
      ]),
    ),
    "hosts, with Cilium": {
      given: [namespace("fork"), hosts({ toFQDNs: [{ matchName: "api.example.com" }] })],
      says: /spec\.egress\[0\]\.to\[0\] opens api\.example\.com/,
    },
    "entities, with Cilium": {
      given: [namespace("fork"), hosts({ toEntities: ["kube-apiserver"] })],
      says: /kube-apiserver/,
    },
    "names outside": {
      given: [namespace("fork"), resolving],
      says: /its pods may resolve names outside by berth\.dev\/outside-names/,
    },
  },
  skips: skips(outside),
  unknown: {
    ...unknownTier(outside),
    "peers that are not known, beside an open one": {
      given: [namespace("fork"), egress(UNKNOWN), outside],
      says: /opens 203/,
    },
  },
});

const quota = (hard: Record<string, unknown>) => inside("core/v1:ResourceQuota", { spec: { hard } });
const small = { "limits.cpu": "2500m", "limits.memory": "3072Mi", "requests.storage": "2Gi" };
const large = quota({ ...small, "limits.memory": "4Gi" });
const much = tiers(large, /limits\.memory is 4Gi; accepted: at most 3Gi/);
testPolicy({
  policy: tierQuota,
  passes: {
    ...much.passes,
    "a small one": { given: [namespace("fork"), quota(small)] },
    "one that the config takes for small": {
      given: [namespace("fork"), large],
      config: { hard: { "limits.memory": "4Gi" } },
    },
  },
  fails: {
    ...much.fails,
    none: { given: [namespace("fork")], says: /it has no ResourceQuota/ },
    "another namespace's": {
      given: [namespace("fork"), { ...large, props: { metadata: { namespace: "other" } } }],
      says: /it has no ResourceQuota/,
    },
    "one without memory": {
      given: [namespace("fork"), quota({ "limits.cpu": "1", "requests.storage": "1Gi" })],
      says: /does not bound limits\.memory/,
    },
    "an amount of another form": {
      given: [namespace("fork"), quota({ ...small, "limits.cpu": "1e9" })],
      says: /limits\.cpu is 1e9/,
    },
  },
  skips: skips(large),
  unknown: {
    ...unknownTier(large),
    "an amount that is not known, beside too much": {
      given: [namespace("fork"), quota({ ...small, "limits.cpu": UNKNOWN, "limits.memory": "4Gi" })],
      says: /limits\.memory is 4Gi/,
    },
  },
});

const tagged = pod({ image: "ghcr.io/acme/forks/shop:latest" });
const tags = tiers(tagged, /containers\[0\]\.image is ghcr\.io\/acme\/forks\/shop:latest, which is no digest/);
const prefixes = { prefixes: ["ghcr.io/acme/forks"] };
testPolicy({
  policy: tierImages,
  passes: {
    ...tags.passes,
    ...elsewhere(tagged),
    "any digest": { given: [namespace("fork"), pod({ image: `docker.io/a/b@${DIGEST}` })] },
    "a digest from the build": {
      given: [namespace("fork"), pod({ image: `ghcr.io/acme/forks/shop@${DIGEST}` })],
      config: prefixes,
    },
  },
  fails: {
    ...tags.fails,
    "a digest from elsewhere": {
      given: [namespace("fork"), pod({ image: `ghcr.io/acme/forks-of-others/shop@${DIGEST}` })],
      config: prefixes,
      says: /accepted: from ghcr\.io\/acme\/forks/,
    },
  },
  skips: skips(tagged),
  unknown: {
    ...unknownTier(tagged),
    "an image that is not known, beside a tag": {
      given: [namespace("fork"), pod({ image: UNKNOWN }), tagged],
      says: /is no digest/,
    },
  },
});

const operated = inside("postgresql.cnpg.io/v1:Cluster");
const privileges = tiers(operated, /postgresql\.cnpg\.io is a group whose controller acts/);
const deployers = {
  metadata: { name: "berth-environment" },
  roleRef: { kind: "ClusterRole", name: "berth-environment" },
  subjects: [
    { kind: "ServiceAccount", name: "berth-deployer", namespace: "berth-system" },
    { kind: "Group", name: "berth:deployers" },
  ],
};
const fork = (given: Given) => [namespace("fork"), given];
testPolicy({
  policy: tierPrivileges,
  passes: {
    ...privileges.passes,
    ...elsewhere(operated),
    "a pod without token": { given: fork(pod({})) },
    "its deployers' rights": { given: fork(inside("rbac.authorization.k8s.io/v1:RoleBinding", deployers)) },
    "the gateway's objects": { given: fork(inside("traefik.io/v1alpha1:Middleware")) },
    "annotations of Berth's": {
      given: fork(
        inside("networking.k8s.io/v1:Ingress", { metadata: { annotations: { "pulumi.com/skipAwait": "true" } } }),
      ),
    },
  },
  fails: {
    ...privileges.fails,
    "a binding of roles": {
      given: fork(inside("rbac.authorization.k8s.io/v1:RoleBinding")),
      says: /it gives rights in the API server/,
    },
    "its deployers' rights to another": {
      given: fork(
        inside("rbac.authorization.k8s.io/v1:RoleBinding", {
          ...deployers,
          subjects: [{ kind: "User", name: "mallory" }],
        }),
      ),
      says: /it gives rights in the API server/,
    },
    "an annotation for the ingress controller": {
      given: fork(
        inside("networking.k8s.io/v1:Ingress", { metadata: { annotations: { "nginx.org/server-snippets": "x" } } }),
      ),
      says: /annotation nginx\.org\/server-snippets is not Berth's/,
    },
    "a token": { given: fork(pod({}, {})), says: /get a token/ },
    "a token in a volume": {
      given: fork(
        pod(
          {},
          {
            automountServiceAccountToken: false,
            volumes: [{ name: "t", projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }],
          },
        ),
      ),
      says: /volume of its pods holds a token/,
    },
  },
  skips: skips(operated),
  unknown: {
    ...unknownTier(operated),
    "a token that is not known, beside a binding": {
      given: [
        namespace("fork"),
        pod({}, { automountServiceAccountToken: UNKNOWN }),
        inside("rbac.authorization.k8s.io/v1:Role"),
      ],
      says: /it gives rights/,
    },
  },
});
