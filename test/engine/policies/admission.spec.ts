import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { planPlatform } from "../../../components/platform/plan";
import { PRIVATE_RANGES } from "../../../config/cidr";
import { parsePlatform } from "../../../config/platform";
import type { Kube } from "../../../lifecycle/kube";
import { trustPolicies } from "../../../policies/trust";
import { dnsOnlyToCluster, noReservedEgress, noWorldEgress } from "../../../policies/egress";
import { admissionGroups } from "../../../policies/admission";
import { golden, registrationsOf } from "../../../policies/golden";
import { podOf, WHOLE_WORKLOADS, type Workload } from "../../../policies/kubernetes";
import { judge } from "../../../policies/testing";
import { HOST_PLATFORM } from "../../support/samples";
import { simulatedCluster } from "../lifecycle/cluster";
import { uniqueName } from "../provider/support";
import { binding, cases, LikePods, resolver } from "./admission-cases";
import {
  clientAs,
  egress,
  Environment,
  goodContainer,
  IMAGE,
  pathOf,
  pod,
  refusalOf,
  until,
  withContainer,
  type Manifest,
} from "./admission-support";

/**
 * Rules of which one object alone shows nothing: bypass.spec.ts has their tests, but for those whose kinds this cluster lacks, and
 * trust.spec.ts those on tiers.
 */
const shownElsewhere = [
  "default-deny-both-ways",
  "namespace-has-quota",
  "host-rules-need-a-cni",
  "routed-by-ingress-alone",
  ...trustPolicies.map(({ name }) => name).filter((name) => name.startsWith("tier-")),
];

/** The real API server, as its administrator, whom no right stops. */
describe("rules in the cluster", function () {
  this.timeout(120_000);
  const target = simulatedCluster();
  const likePods = new LikePods(uniqueName("like-pods"));
  let environment: Environment;
  before(async () => {
    environment = await Environment.open(target(), uniqueName("rules"));
    await likePods.make(environment);
  });
  after(async () => {
    await likePods.remove(environment.kube);
    await environment.close();
  });

  it("are all shown to admit and to refuse", () => {
    const rules = new Set(admissionGroups.flatMap(({ checks }) => checks.map(({ rule }) => rule)));
    assert.deepEqual([...rules].sort(), [...Object.keys(cases), ...shownElsewhere].sort());
  });

  for (const [rule, { admits, refuses }] of Object.entries(cases)) {
    it(`${rule} admits what keeps it and refuses what breaks it, naming value and fix`, async () => {
      for (const object of admits) assert.equal(await environment.refusal(object), undefined);
      for (const [object, words] of refuses) {
        const message = (await environment.refusal(object)) ?? "it was let through";
        assert.match(message, words);
        assert.match(message, new RegExp(`ValidatingAdmissionPolicy 'berth-[a-z0-9-]+' .* ${rule}: .*; fix: `));
      }
    });
  }

  it("hold in environments alone", async () => {
    const object = withContainer({ image: "nginx:latest" });
    assert.equal(await refusalOf(environment.kube.post(`${pathOf(object, "default")}?dryRun=All`, object)), undefined);
  });

  it("let everything through that Berth makes in any of its examples, and the pods of it", async () => {
    const unknown = new Set<string>();
    const notHere: string[] = [];
    let count = 0;
    for (const file of readdirSync(golden).filter((name) => name.startsWith("pr-"))) {
      for (const { type, name, props } of registrationsOf(file)) {
        const object = structuredClone(props) as Manifest;
        if (!type.startsWith("kubernetes:") || object.kind === "Namespace") continue;
        if (/^(traefik\.io|postgresql\.cnpg\.io|cilium\.io|snapshot\.storage\.k8s\.io)\//.test(object.apiVersion)) {
          unknown.add(object.kind);
          continue;
        }
        const makes = WHOLE_WORKLOADS.test(type) ? podOf(type, object as Workload) : undefined;
        assert.notEqual(makes?.spec?.serviceAccountName ?? "", makes ? "" : undefined);
        // The API server looks for the account before it asks any rule; there is one in the namespace.
        const labels = makes?.metadata?.labels ?? {};
        const made = makes
          ? [pod({ ...makes.spec, serviceAccountName: "app" }, { generateName: "made-", labels })]
          : [];
        for (const one of [object, ...made]) {
          one.metadata.namespace = environment.namespace;
          const refusal = await environment.refusal(one);
          const rule = /egress-proxy-runs-its-image|no-reserved-egress/.exec(refusal ?? "")?.[0];
          if (rule !== undefined) notHere.push(`${file} ${one.kind}: ${rule}`);
          else assert.equal(refusal, undefined, `${file} ${name}: ${one.kind}`);
          count += 1;
        }
      }
    }
    assert.deepEqual([...unknown].sort(), [
      "CiliumNetworkPolicy",
      "Cluster",
      "Middleware",
      "VolumeSnapshot",
      "VolumeSnapshotContent",
    ]);
    // This platform has no egress proxy, so that no image is one's, no operator whose pods ask the API server, and no privateEgress.
    assert.deepEqual(notHere, [
      "pr-cloudnative-pg.json NetworkPolicy: no-reserved-egress",
      "pr-egress-cilium.json NetworkPolicy: no-reserved-egress",
      "pr-egress-hosts.json Deployment: egress-proxy-runs-its-image",
      "pr-egress-hosts.json Pod: egress-proxy-runs-its-image",
    ]);
    assert.ok(count > 150, `${count} objects`);
  });

  it("refuse every NetworkPolicy that the pack refuses", async () => {
    const prefix = fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 9, max: 32 }));
    const octet = fc.nat(255);
    const v4 = fc.tuple(octet, octet, octet, octet, prefix).map(([a, b, c, d, bits]) => masked([a, b, c, d], bits));
    const known = fc.constantFrom("169.254.0.0/16", "100.64.0.0/10", "10.0.0.0/8", "::/0", "2000::/4", "fe80::/64");
    const block = fc.oneof(v4, known).map((cidr) => ({ ipBlock: { cidr } }));
    const key = "kubernetes.io/metadata.name";
    const selected = [
      {},
      { matchLabels: { [key]: "kube-system" } },
      { matchLabels: { team: "a" } },
      ...["Exists", "DoesNotExist"].map((operator) => ({ matchExpressions: [{ key, operator }] })),
      { matchExpressions: [{ key, operator: "NotIn", values: ["a"] }] },
    ].map((namespaceSelector) => ({ namespaceSelector }));
    const peer = fc.oneof(
      { weight: 8, arbitrary: block },
      { weight: 1, arbitrary: fc.constantFrom<object>({ podSelector: {} }, resolver, ...selected) },
    );
    // What the platform says of internal ranges.
    const config = { internal: PRIVATE_RANGES };
    const port = fc.constantFrom<object>(
      { port: 443 },
      { port: 53 },
      { port: 1, endPort: 100 },
      { port: "dns" },
      { protocol: "TCP" },
    );
    const rule = fc.record({ to: fc.array(peer, { maxLength: 3 }), ports: fc.array(port, { maxLength: 2 }) });
    const samples = fc.sample(fc.tuple(fc.array(rule, { maxLength: 3 }), fc.constantFrom("app", "egress-proxy")), {
      numRuns: 150,
      seed: 6,
    });
    let admitted = 0;
    for (const [rules, component] of samples) {
      const object = egress(rules, component);
      const given = { type: "kubernetes:networking.k8s.io/v1:NetworkPolicy", props: object };
      const verdicts = await Promise.all(
        [noWorldEgress, noReservedEgress, dnsOnlyToCluster].map((one) => judge(one, given, { config })),
      );
      const broken = verdicts.flatMap(({ violations }) => violations);
      const refusal = await environment.refusal(object);
      if (refusal === undefined) admitted += 1;
      // Sizes of ranges that overlap are added up, so that it may refuse more than the pack.
      if (broken.length > 0 || !/no-world-egress/.test(refusal ?? "no-world-egress"))
        assert.equal(refusal !== undefined, broken.length > 0, `${JSON.stringify(rules)}: ${refusal ?? broken.join()}`);
    }
    assert.ok(admitted > 10 && admitted < 140, `${admitted} of 150 were admitted`);
  });

  it("let an operator of the platform name its own images and take its token, and nobody who borrows its label", async () => {
    const other = uniqueName("operated");
    const kube = environment.kube;
    const images = { "16": IMAGE.replace("@", ":16.9@") };
    const operators = { cloudnativePg: { namespace: "cnpg-system", apiServerCidrs: ["10.0.0.0/16"], images } };
    const plan = planPlatform(parsePlatform({ ...HOST_PLATFORM, operators })).admission["pods"] ?? assert.fail();
    // In a namespace that no other rule is bound to.
    const metadata = { name: other };
    const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": other } };
    const api = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic";
    const operator = "system:serviceaccount:cnpg-system:cnpg-manager";
    const subjects = [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: operator }];
    try {
      await kube.post("/api/v1/namespaces", { metadata });
      await kube.post(`${api}ies`, { ...plan.policy, metadata });
      await kube.post(`${api}ybindings`, {
        metadata,
        spec: { policyName: other, validationActions: ["Deny"], matchResources: { namespaceSelector } },
      });
      await kube.post(pathOf(binding("ClusterRole"), other), {
        ...binding("ClusterRole"),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "admin" },
        subjects,
      });
      const labels = { "cnpg.io/cluster": "postgresql-cluster" };
      const image = "ghcr.io/cloudnative-pg/cloudnative-pg:1.28.0";
      const made = (given: object) =>
        pod(
          {
            containers: [{ ...goodContainer, image }],
            serviceAccountName: "default",
            automountServiceAccountToken: true,
          },
          { generateName: "p-", labels: given },
        );
      const ask = (client: Kube, given: object) =>
        refusalOf(client.post(`${pathOf(pod(), other)}?dryRun=All`, made(given)));
      await until(async () => /image-by-digest/.test((await ask(kube, labels)) ?? ""));
      const [byOperator, byController] = await Promise.all(
        [operator, "system:serviceaccount:kube-system:job-controller"].map((as) => clientAs(target(), { as })),
      );
      assert.ok(byOperator && byController);
      // That it uses the default account is refused to an operator too.
      assert.match((await ask(byOperator, {})) ?? "", /no-default-service-account/);
      assert.match((await ask(byController, labels)) ?? "", /no-default-service-account/);
      assert.match((await ask(byController, {})) ?? "", /image-by-digest/);
    } finally {
      await kube.delete(`${api}ybindings/${other}`);
      await kube.delete(`${api}ies/${other}`);
      await kube.delete(`/api/v1/namespaces/${other}`);
    }
  });
});

/** A range of IPv4 with no bits after its prefix. */
function masked(bytes: readonly number[], bits: number): string {
  const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  const size = 2 ** (32 - bits);
  const first = value - (value % size);
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${bits}`;
}
