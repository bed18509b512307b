import assert from "node:assert/strict";
import { record } from "../../../test/support/mocks";
import type { Recording } from "../../../test/support/mocks";
import type { ClusterAutoscalerArgs } from "./args";
import { ClusterAutoscaler } from ".";

const ARGS: ClusterAutoscalerArgs = {
  clusterName: "previews",
  cluster: "previews",
  region: "eu-central-1",
  accountId: "111122223333",
  image: `registry.example.com/autoscaler@sha256:${"0".repeat(64)}`,
};

interface PodSpec {
  securityContext: Record<string, unknown>;
  containers: { image: string; securityContext: Record<string, unknown>; env: object[] }[];
}

describe("ClusterAutoscaler", () => {
  let recording: Recording;
  before(async () => {
    recording = await record(() => new ClusterAutoscaler("autoscaler", ARGS));
  });

  it("consists of one role in AWS and of plain objects in kube-system", () => {
    assert.deepEqual(
      recording.registrations.map(({ type, name }) => `${type} ${name}`).sort(),
      [
        "berth:operators:ClusterAutoscaler autoscaler",
        "aws:iam/role:Role autoscaler-role",
        "aws:iam/rolePolicy:RolePolicy autoscaler-role",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation autoscaler-role",
        "kubernetes:core/v1:ServiceAccount autoscaler-account",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole autoscaler-cluster-role",
        "kubernetes:rbac.authorization.k8s.io/v1:Role autoscaler-namespace-role",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding autoscaler-cluster-role-binding",
        "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding autoscaler-namespace-role-binding",
        "kubernetes:core/v1:ConfigMap autoscaler-priorities",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy autoscaler-policy",
        "kubernetes:apps/v1:Deployment autoscaler-deployment",
        "kubernetes:policy/v1:PodDisruptionBudget autoscaler-budget",
      ].sort(),
    );
  });

  it("takes its role as one service account of one cluster", () => {
    const { inputs } = recording.get("aws:iam/role:Role", "autoscaler-role");
    assert.deepEqual(JSON.parse(inputs["assumeRolePolicy"] as string), {
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "AssumeByPods",
          Effect: "Allow",
          Principal: { Service: "pods.eks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: {
            StringEquals: {
              "aws:RequestTag/kubernetes-namespace": "kube-system",
              "aws:RequestTag/kubernetes-service-account": "cluster-autoscaler",
              "aws:RequestTag/eks-cluster-name": "previews",
              "aws:SourceAccount": "111122223333",
            },
          },
        },
      ],
    });
    const association = recording.get("aws:eks/podIdentityAssociation:PodIdentityAssociation", "autoscaler-role");
    assert.deepEqual(association.inputs, {
      clusterName: "previews",
      namespace: "kube-system",
      serviceAccount: "cluster-autoscaler",
      roleArn: "arn:mock:autoscaler-role",
      tags: {},
    });
  });

  it("starts no pod before its credentials, rights and fence are there", () => {
    assert.deepEqual(recording.get("kubernetes:apps/v1:Deployment", "autoscaler-deployment").dependsOn, [
      "autoscaler-account",
      "autoscaler-cluster-role-binding",
      "autoscaler-namespace-role-binding",
      "autoscaler-policy",
      "autoscaler-priorities",
      "autoscaler-role",
      "autoscaler-role",
    ]);
  });

  it("runs by digest, confined as the restricted profile says", () => {
    const { spec } = recording.get("kubernetes:apps/v1:Deployment", "autoscaler-deployment").inputs as {
      spec: { replicas: number; template: { spec: PodSpec } };
    };
    assert.equal(spec.replicas, 2);
    const pod = spec.template.spec;
    assert.deepEqual(
      [pod.securityContext["runAsNonRoot"], pod.securityContext["seccompProfile"]],
      [true, { type: "RuntimeDefault" }],
    );
    assert.equal(pod.containers.length, 1);
    assert.deepEqual(pod.containers[0]?.securityContext, {
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.equal(pod.containers[0].image, ARGS.image);
    assert.deepEqual(pod.containers[0].env, [{ name: "AWS_REGION", value: "eu-central-1" }]);
  });

  it("reaches nothing but names, API servers and its credentials", () => {
    assert.deepEqual(
      recording.get("kubernetes:networking.k8s.io/v1:NetworkPolicy", "autoscaler-policy").inputs["spec"],
      {
        podSelector: { matchLabels: { "app.kubernetes.io/name": "cluster-autoscaler" } },
        policyTypes: ["Ingress", "Egress"],
        egress: [
          {
            ports: [
              { port: 53, protocol: "UDP" },
              { port: 53, protocol: "TCP" },
            ],
          },
          { ports: [{ port: 443, protocol: "TCP" }] },
          { to: [{ ipBlock: { cidr: "169.254.170.23/32" } }], ports: [{ port: 80, protocol: "TCP" }] },
        ],
      },
    );
  });

  it("has its role and Deployment changed last", async () => {
    const changed = await record(
      () =>
        new ClusterAutoscaler("autoscaler", {
          ...ARGS,
          transform: {
            role: (args, opts) => ({ args: { ...args, path: "/berth/" }, opts }),
            deployment: (args, opts) => ({ args: { ...args, metadata: { name: "other" } }, opts }),
          },
        }),
    );
    assert.equal(changed.get("aws:iam/role:Role", "autoscaler-role").inputs["path"], "/berth/");
    assert.deepEqual(changed.get("kubernetes:apps/v1:Deployment", "autoscaler-deployment").inputs["metadata"], {
      name: "other",
    });
  });

  it("refuses what it cannot be made from, all at once", async () => {
    await assert.rejects(
      record(() => new ClusterAutoscaler("autoscaler", { ...ARGS, image: "autoscaler:latest", replicas: 9 })),
      (error: { message: string; errors: { propertyPath: string }[] }) => {
        assert.equal(error.message, "Cluster Autoscaler autoscaler cannot be made as asked.");
        assert.deepEqual(
          error.errors.map(({ propertyPath }) => propertyPath),
          ["image", "replicas"],
        );
        return true;
      },
    );
  });
});
