import assert from "node:assert/strict";
import { policyPack } from "../../../cli/context";
import type { KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import type { Target } from "../../../lifecycle/target";
import { simulatedCluster } from "./cluster";
import { configFor, definitionFrom, deployTo, destroyFrom, kubeOf, requestFor } from "./support";

const project = "named";
const name = environmentName(project, 1);
const inside = `/api/v1/namespaces/${name.namespace}`;
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const policies = `/apis/cilium.io/v2/namespaces/${name.namespace}/ciliumnetworkpolicies`;
const hosts = [
  { host: "api.example.com", ports: [443] },
  { host: "*.example.org", ports: [443, 8443] },
];
const request = (allow: object[], digit: string) =>
  requestFor(project, digit, {
    config: configFor(project, { jobs: [{ name: "migrate", command: ["migrate"] }], egress: { allow } }),
  });

interface HostPolicy extends KubeObject {
  spec: { egress: Record<string, object[]>[]; egressDeny: object[] };
}

/*
 * On the real API server with Cilium's real definition: what Berth asks for is accepted by it, field by field. No Cilium runs here, so
 * that it also opens what it says is not shown.
 */
describe("hosts that Cilium opens", function () {
  this.timeout(300_000);
  const simulated = simulatedCluster();
  const kube = () => kubeOf(simulated());
  let target: Target;
  let definition: { metadata: { name: string } };

  before(async () => {
    const settings = { egressHosts: "cilium", deployerGroups: ["release"] };
    target = { ...simulated(), platform: { ...(simulated().platform as object), ...settings } };
    definition = await definitionFrom(
      "github.com/cilium/cilium@v1.20.2",
      "pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml",
    );
    await kube().delete(`${definitions}/${definition.metadata.name}`);
    await kube().post(definitions, definition);
  });
  after(async () => {
    await destroyFrom(target, project);
    await kube().delete(`${definitions}/${definition.metadata.name}`);
  });

  it("are let through by the pack, which the platform tells what enforces them and who deploys", async () => {
    const { policies: report } = await deployTo(target, request(hosts, "1"), { policies: { pack: policyPack } });
    assert.ok(report && "mandatory" in report);
    assert.deepEqual([report.mandatory, report.advisory, report.configured], [[], ["expiry-set"], []]);
  });

  it("are deployed without a proxy, with a policy for each part that reaches them", async () => {
    const { items } = await kube().get<{ items: HostPolicy[] }>(policies);
    assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), ["allow-app-to-hosts", "allow-job-to-hosts"]);
    const deployments = await kube().get<{ items: KubeObject[] }>(
      `/apis/apps/v1/namespaces/${name.namespace}/deployments`,
    );
    assert.deepEqual(
      deployments.items.map(({ metadata }) => metadata.name),
      ["app"],
    );
  });

  it("stand in fields that Cilium knows, none of which the API server has dropped", async () => {
    const { spec } = await kube().get<HostPolicy>(`${policies}/allow-app-to-hosts`);
    assert.deepEqual(
      spec.egress.map((rule) => Object.keys(rule).sort()),
      [
        ["toEndpoints", "toPorts"],
        ["toFQDNs", "toPorts"],
        ["toFQDNs", "toPorts"],
      ],
    );
    const asked = { apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy", metadata: { name: "strict" }, spec };
    const strict = `${policies}?dryRun=All&fieldValidation=Strict`;
    await kube().post(strict, asked);
    for (const [wrong, message] of [
      [{ ...spec, egress: [{ toFQDNs: [{ matchName: "https://api.example.com" }] }] }, /matchName.*should match/],
      [{ ...spec, egress: [{ toFQDNs: [{ matchName: "a.example.com", matchPattern: "*" }] }] }, /oneOf/],
      [{ ...spec, egress: [{ toFQDNs: [{ name: "a.example.com" }] }] }, /unknown field/],
      [
        { ...spec, egressDeny: [{ toCIDRSet: [{ cidr: "10.0.0.0/8", except: "10.20.0.0/16" }] }] },
        /must be of type array/,
      ],
    ] as const) {
      await assert.rejects(kube().post(strict, { ...asked, spec: wrong }), message);
    }
  });

  it("are all that such a policy may open in an environment", async () => {
    const { spec } = await kube().get<HostPolicy>(`${policies}/allow-app-to-hosts`);
    const to = (rule: object) => ({ ...spec, egress: [rule] });
    const https = [{ ports: [{ port: "443", protocol: "TCP" }] }];
    const kubeSystem = { "k8s:io.kubernetes.pod.namespace": "kube-system" };
    for (const [wrong, message] of [
      [to({ toEntities: ["world"] }), /no-world-egress: .*entities/],
      [to({ toCIDR: ["0.0.0.0/0"] }), /no-world-egress/],
      [to({ toFQDNs: [{ matchPattern: "*" }], toPorts: https }), /no-world-egress/],
      [to({ toFQDNs: [{ matchPattern: "**.com" }], toPorts: https }), /no-world-egress/],
      [to({ toPorts: https }), /no-world-egress/],
      [to({ toEndpoints: [{ matchLabels: { "reserved:world": "" } }] }), /no-world-egress/],
      [to({ toEndpoints: [{ matchLabels: { "reserved.world": "" } }] }), /no-world-egress/],
      [to({ toEndpoints: [{ matchLabels: { $world: "" } }] }), /no-world-egress/],
      [to({ toFQDNs: [{ matchName: "dns.example.com" }] }), /dns-only-to-the-cluster: .*ports of DNS/],
      [{ ...spec, egressDeny: undefined }, /no-reserved-egress: .*a name may lead to the metadata address/],
      [to({ toEndpoints: [{ matchLabels: kubeSystem }] }), /dns-only-to-the-cluster: .*other namespaces/],
    ] as const) {
      const asked = {
        apiVersion: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: { name: "mine" },
        spec: wrong,
      };
      await assert.rejects(kube().post(`${policies}?dryRun=All`, asked), message);
    }
  });

  it("change with the config", async () => {
    await deployTo(target, request([{ host: "mail.example.com", ports: [587] }], "2"));
    const { spec } = await kube().get<HostPolicy>(`${policies}/allow-app-to-hosts`);
    assert.deepEqual(
      spec.egress.flatMap(({ toFQDNs = [] }) => toFQDNs),
      [{ matchName: "mail.example.com" }],
    );
  });

  it("go with their environment, as the receipt says", async () => {
    const { receipt } = await destroyFrom(target, project);
    assert.deepEqual(receipt.left, []);
    assert.equal(await kube().find(inside), undefined);
  });
});
