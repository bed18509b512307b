import assert from "node:assert/strict";
import { DIGEST } from "../../../test/support/samples";
import { record } from "../../../test/support/mocks";
import type { Recording } from "../../../test/support/mocks";
import { SealedSecrets } from ".";

const RBAC = "kubernetes:rbac.authorization.k8s.io/v1";
const image = `localhost/berth/sealed-secrets@${DIGEST}`;

describe("SealedSecrets", () => {
  let recording: Recording;
  before(async () => {
    const config = { image, apiServerCidrs: ["10.0.0.0/16"] };
    const deployers = [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "berth:deployers" }];
    recording = await record(() => new SealedSecrets("sealed", { config, deployers }));
  });

  it("reads no list of Secrets outside its own namespace", () => {
    const { rules } = recording.get(`${RBAC}:ClusterRole`, "sealed-cluster-role").inputs as {
      rules: { resources: string[]; verbs: string[] }[];
    };
    const secrets = rules.filter(({ resources }) => resources.includes("secrets"));
    assert.deepEqual(
      secrets.map(({ verbs }) => verbs),
      [["get", "create", "update", "delete"]],
    );
    const keys = recording.get(`${RBAC}:Role`, "sealed-role-keys").inputs;
    assert.equal((keys["metadata"] as { namespace: string }).namespace, "berth-sealed-secrets");
    const text = JSON.stringify(recording.get("kubernetes:apps/v1:Deployment", "sealed-deployment").inputs);
    assert.match(text, /--skip-recreate=true/);
  });

  it("lets deployers ask for the certificate, and for no key", () => {
    const { inputs } = recording.get(`${RBAC}:Role`, "sealed-role-certificate");
    assert.deepEqual(inputs["rules"], [
      { apiGroups: [""], resources: ["services/proxy"], resourceNames: ["http:sealed-secrets:8080"], verbs: ["get"] },
    ]);
  });

  it("is confined, and talks to the API server only", () => {
    const { labels } = recording.get("kubernetes:core/v1:Namespace", "sealed-namespace").inputs["metadata"] as {
      labels: Record<string, string>;
    };
    assert.equal(labels["pod-security.kubernetes.io/enforce"], "restricted");
    const policy = recording.get("kubernetes:networking.k8s.io/v1:NetworkPolicy", "sealed-policy-allow-api-server");
    assert.deepEqual((policy.inputs["spec"] as { egress: object[] }).egress, [
      {
        to: [{ ipBlock: { cidr: "10.0.0.0/16" } }],
        ports: [
          { port: 443, protocol: "TCP" },
          { port: 6443, protocol: "TCP" },
        ],
      },
    ]);
  });

  it("starts behind its kind, its fences and its rights", () => {
    const { dependsOn } = recording.get("kubernetes:apps/v1:Deployment", "sealed-deployment");
    for (const name of [
      "sealed-crd",
      "sealed-namespace",
      "sealed-policy-default-deny",
      "sealed-policy-allow-api-server",
      "sealed-account",
      "sealed-cluster-role-binding",
      "sealed-role-binding-keys",
    ]) {
      assert.ok(dependsOn?.includes(name), name);
    }
  });
});
