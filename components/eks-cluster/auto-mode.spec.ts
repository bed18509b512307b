import assert from "node:assert/strict";
import { ADDON, CLUSTER, CONTROL_PLANE, KEY, ROLE, make, policyOf } from "../../test/support/eks-cluster";
import type { Recording } from "../../test/support/mocks";

describe("EksCluster in Auto Mode", () => {
  let recording: Recording;
  before(async () => {
    recording = await make({ autoscaling: "auto-mode" });
  });

  it("leaves nodes, network and disks to EKS", () => {
    const { inputs } = recording.get(CLUSTER, CONTROL_PLANE);
    assert.deepEqual(inputs["autoMode"], {
      enabled: true,
      createNodeRole: true,
      computeConfig: { nodePools: ["general-purpose", "system"] },
    });
    assert.equal(inputs["skipDefaultSecurityGroups"], true);
    assert.deepEqual(
      recording.ofType(ADDON).map(({ inputs: addon }) => addon["addonName"]),
      ["metrics-server", "snapshot-controller"],
    );
    assert.deepEqual(recording.ofType(ROLE), []);
    assert.deepEqual(recording.ofType("kubernetes:apps/v1:Deployment"), []);
  });

  it("has network policies enforced", () => {
    assert.deepEqual(recording.get("kubernetes:core/v1:ConfigMap", "cluster-auto-mode-policies").inputs, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "amazon-vpc-cni",
        namespace: "kube-system",
        labels: { "app.kubernetes.io/managed-by": "berth" },
      },
      data: { "enable-network-policy-controller": "true" },
    });
  });

  it("makes volumes by EKS's own driver, with the cluster's key", () => {
    const [storageClass] = recording.ofType("kubernetes:storage.k8s.io/v1:StorageClass");
    assert.equal(storageClass?.inputs["provisioner"], "ebs.csi.eks.amazonaws.com");
    const [, use] = policyOf(recording.get(KEY, "cluster-volumes-key")).Statement;
    const { ArnEquals } = use?.["Condition"] as { ArnEquals: Record<string, string[]> };
    assert.deepEqual(ArnEquals["aws:PrincipalArn"], ["arn:mock:cluster-control-plane-role"]);
  });
});
