import { admissionGroups } from "./admission";
import { families } from "./families";
import { trustPolicies } from "./trust";

/*
 * Where each rule is tested: by itself, in a preview on the real engine, by the real API server, and with real pods and packets.
 */

/** A test, or a suite of tests. */
export interface Test {
  /** From the repository's root. */
  readonly file: string;
  /** Its title with those of all suites around it, as mocha prints them in one line. */
  readonly title: string;
}

/** Why a rule is not tested in a place. */
export const REASONS = {
  cloud: "a resource of AWS or GitHub, which passes neither the cluster's API server nor its network",
  detectors: "it takes detectors of known formats and the entropy of texts, for which CEL has no functions",
  "several objects": "it relates several objects, and the API server judges one at a time",
  source:
    "what stands in the pack's config about the program says nothing of others who write Secrets, such as controllers",
  "cluster-wide":
    "a class or role of the whole cluster belongs to its administrators, and to no environment; deployers make none",
  lifecycle: "the date is written after the namespace has been made, and the rule only advises",
  "API object": "it is about an object of the API, of which no pod and no packet sees anything",
} as const;

type Reason = keyof typeof REASONS;

/** A test that shows the rule, or why there is none. */
export type Cell = Test | Reason;

/** Where a rule is tested. */
export interface Row {
  readonly rule: string;
  readonly family: string;
  readonly unit: Test;
  readonly preview: Test;
  readonly admission: Cell;
  /** Several tests where a rule has several sides. */
  readonly wire: readonly Test[] | Reason;
}

const BYPASS = "test/engine/policies/bypass.spec.ts";
const around = (title: string): Test => ({ file: BYPASS, title: `ways around the rules in the cluster ${title}` });

const TIERS = "test/engine/policies/trust.spec.ts";
const tiers = (rule: string): Test => ({
  file: TIERS,
  title: `rules on trust in the cluster ${rule} holds for a fork's environment, naming value and fix, and for no other`,
});

/** Rules whose test in the cluster is not the one that all have, and those that have none there. */
const ADMISSION: Record<string, Cell> = {
  ...Object.fromEntries(
    trustPolicies.filter(({ name }) => name.startsWith("tier-")).map(({ name }) => [name, tiers(name)]),
  ),
  "default-deny-both-ways": around("no pod starts in an environment without its fences"),
  "namespace-has-quota": around("no pod starts in an environment without its fences"),
  "host-rules-need-a-cni": around("rules by host name are refused where nothing enforces them"),
  "routed-by-ingress-alone": around("routes that are no Ingresses are refused, whatever their hosts"),
  "rbac-no-cluster-wide-secrets": around("by the deployer Secrets are read in environments alone"),
  "no-secret-outside-secret": "detectors",
  "secrets-have-a-source": "source",
  "storage-encrypted": "cluster-wide",
  "no-world-egress-in-parts": "several objects",
  "public-services-have-probes": "several objects",
  "expiry-set": "lifecycle",
};

/** Rules on AWS and GitHub alone. */
const CLOUD = [
  "eks-secrets-encrypted",
  "no-plaintext-github-secret",
  "no-world-cloud-egress",
  "api-endpoint-listed",
  "no-world-ingress",
  "iam-no-wildcard-actions",
  "iam-no-wildcard-resources",
  "trust-exact-audience-and-subject",
  "no-pull-request-wide-role",
  "one-zone-per-node-group",
  "stateful-deletion-protected",
  "budget-present",
];

const LIFE = "test/node/lifecycle/life.spec.ts";
const life = (title: string): Test => ({ file: LIFE, title: `environments with real pods ${title}` });
const unconfined = life(
  "run without rights: no capability, no way to one, not as root, in namespaces of their own, with no token and nothing of the node",
);
const closed = life("reach neither the API server nor the outside nor the metadata address, which the node reaches");
const packets = (title: string): Test => ({
  file: "test/node/cluster/policy.spec.ts",
  title: `NetworkPolicies on a real node, with real packets ${title}`,
});
const gateway = (title: string): Test => ({
  file: "test/node/lifecycle/access.spec.ts",
  title: `the way to an environment through the gateway ${title}`,
});
const parts = (title: string): Test => ({
  file: "test/node/lifecycle/workloads.spec.ts",
  title: `an app with services, with real pods ${title}`,
});
const identity = parts("runs each with its own image, variables, size and identity, and tells of every URL");
const wire = (title: string): Test => ({
  file: "test/node/lifecycle/egress-wire.spec.ts",
  title: `egress on the wire, from real pods ${title}`,
});
const fork = (title: string): Test => ({
  file: "test/node/lifecycle/trust.spec.ts",
  title: `a fork's environment, with real pods ${title}`,
});
const field = (title: string): Test => ({
  file: "test/node/lifecycle/fields.spec.ts",
  title: `each field of a config in the pods that run ${title}`,
});
const sealed = (title: string): Test => ({
  file: "test/node/lifecycle/sealed-secrets.spec.ts",
  title: `values that are sealed for the cluster ${title}`,
});
const hosts = (title: string): Test => ({
  file: "test/node/lifecycle/egress-hosts.spec.ts",
  title: `hosts that egress rules name, with real packets through a real proxy ${title}`,
});

/** With real pods and packets. Rules on objects that no pod sees are not here. */
const WIRE: Record<string, readonly Test[]> = {
  "no-secret-outside-secret": [
    sealed("stand in no output, no file of the state, no object but the Secret, and not plain in etcd"),
  ],
  "secrets-have-a-source": [sealed("reach the app's pod and its jobs, opened by the real controller")],
  "no-world-egress": [
    closed,
    wire("lets out no datagram and no DNS query, to whatever address and port, that the node gets an answer to"),
    wire(
      "lets out no ICMP and no other protocol, not even from raw sockets in the pod's network, nor to the range of a rule",
    ),
    wire("has no IPv6 by which anything would get out, and no address in it stands for an IPv4 one"),
  ],
  "no-world-egress-in-parts": [packets("opens one outside network and no other")],
  "egress-proxy-runs-its-image": [
    hosts("leave no way past the proxy, and the proxy no way to private addresses and other ports"),
  ],
  "no-reserved-egress": [closed, wire("reaches no address of the node, and in its own loopback nothing of the node's")],
  "default-deny-both-ways": [
    life("two at once do not see each other"),
    wire("lets nothing out of pods that start, from the first packet on, and none of it stays unseen"),
    wire("stays closed while the agent is killed again and again, and opens what is allowed once it is back"),
  ],
  "dns-only-to-the-cluster": [
    packets("refuses every way out of a closed namespace, and into it, but DNS"),
    wire("asks the cluster's DNS for names of the cluster, and hears nothing of others"),
    packets("lets environments' queries leave the cluster only for pods that are labelled for it"),
  ],
  "host-rules-need-a-cni": [
    hosts("are all that is reached: no other host, port, address or private address behind a name"),
    hosts("do not lend their name to another: the greeting's name counts too, and what is no TLS gets no tunnel"),
  ],
  "no-privileged-containers": [unconfined],
  "no-host-namespaces": [unconfined],
  "no-host-path": [unconfined],
  "no-host-port": [unconfined],
  "capabilities-dropped": [unconfined],
  "run-as-non-root": [unconfined],
  "no-privilege-escalation": [unconfined],
  "seccomp-profile": [unconfined],
  "namespace-enforces-restricted": [parts("says how to fix an image that needs root")],
  "image-by-digest": [fork("runs the digest that was deployed, and starts no pod of another repository")],
  "resources-bounded": [field("resources: the kernel holds the app to them")],
  "no-token-automount": [unconfined],
  "no-default-service-account": [identity],
  "public-services-have-probes": [parts("rolls two replicas to another image without one failed request")],
  "host-under-preview-domain": [
    gateway("says of a host that nobody has nothing but 404, and has no certificate for two labels"),
  ],
  "no-wildcard-host": [
    gateway("says of a host that nobody has nothing but 404, and has no certificate for two labels"),
  ],
  "ingress-tls": [gateway("is https, with a certificate of the cluster's own authority that no other client takes")],
  "no-load-balancer-or-node-port": [unconfined],
  "tier-without-secrets": [fork("runs its app, and holds no Secret but its database's own, in variables and files")],
  "tier-without-egress": [fork("reaches nothing outside and no API server, which the node reaches")],
  "tier-has-small-quota": [fork("gets no more pods than its quota has room for, whoever asks for them")],
  "tier-images-from-its-build": [fork("runs the digest that was deployed, and starts no pod of another repository")],
  "expiry-set": [field("metrics and ttl: what finds the app and what ends it can read their annotations")],
  "namespace-has-quota": [
    field("databases.postgresql.storage: the volume has that size, and the quota no more"),
    fork("gets no more pods than its quota has room for, whoever asks for them"),
  ],
};

/**
 * Every rule with its tests, in the pack's order.
 *
 * @throws Error for a rule of which nothing says where the API server checks it, or why not
 */
export function places(): Row[] {
  const checked = new Set(admissionGroups.flatMap(({ checks }) => checks.map(({ rule }) => rule)));
  const admission = (rule: string): Cell => {
    if (CLOUD.includes(rule)) return "cloud";
    const cell = ADMISSION[rule] ?? (checked.has(rule) ? admitted(rule) : undefined);
    if (cell === undefined)
      throw new Error(`the rule ${rule} is neither in policies/admission nor in policies/places.ts`);
    return cell;
  };
  return families.flatMap(({ name: family, policies }) =>
    policies.map(({ name: rule }) => ({
      rule,
      family,
      unit: { file: `policies/${family}.spec.ts`, title: rule },
      preview: {
        file: "test/engine/policies/every-rule.spec.ts",
        title: `every rule in a preview ${rule} is found broken`,
      },
      admission: admission(rule),
      wire: WIRE[rule] ?? (CLOUD.includes(rule) ? "cloud" : "API object"),
    })),
  );
}

function admitted(rule: string): Test {
  return {
    file: "test/engine/policies/admission.spec.ts",
    title: `rules in the cluster ${rule} admits what keeps it and refuses what breaks it, naming value and fix`,
  };
}
