import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import { parsePlatform } from "../../config/platform";
import {
  ADDON,
  ARGS,
  CLUSTER,
  CONTROL_PLANE,
  KEY,
  ROLE,
  ROLE_POLICY,
  make,
  policyOf,
  valueOf,
} from "../../test/support/eks-cluster";
import { record } from "../../test/support/mocks";
import type { Recording } from "../../test/support/mocks";
import { HOST_PLATFORM } from "../../test/support/samples";
import { assertLeastPrivilege } from "../iam";
import { DEPLOYER_GROUP, EksCluster } from ".";

describe("EksCluster", () => {
  let recording: Recording;
  before(async () => {
    recording = await make();
  });

  it("has a control plane with its own key, roles by access entries, all logs and no way in from outside", () => {
    const { inputs, protect } = recording.get(CLUSTER, CONTROL_PLANE);
    assert.deepEqual(inputs, {
      name: "previews",
      version: "1.36",
      vpcId: "vpc-1",
      privateSubnetIds: ["subnet-a", "subnet-b"],
      skipDefaultNodeGroup: true,
      createInstanceRole: false,
      skipDefaultSecurityGroups: true,
      createOidcProvider: false,
      useDefaultVpcCni: true,
      kubeProxyAddonOptions: {
        enabled: false,
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
      },
      corednsAddonOptions: {
        enabled: false,
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
      },
      bootstrapSelfManagedAddons: false,
      authenticationMode: "API",
      accessEntries: {
        "admin-role-platform-admin": {
          principalArn: "arn:aws:iam::111122223333:role/platform-admin",
          accessPolicies: {
            admin: {
              policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
              accessScope: { type: "cluster" },
            },
          },
        },
      },
      encryptionConfigKeyArn: "arn:mock:cluster-secrets-key",
      endpointPrivateAccess: true,
      endpointPublicAccess: false,
      enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
      deletionProtection: true,
      upgradePolicy: { supportType: "STANDARD" },
    });
    assert.equal(protect, true);
  });

  it("makes no security group, and none of its rules opens egress", () => {
    const groups = recording.registrations.filter(({ type }) => /SecurityGroup/.test(type));
    assert.deepEqual(groups, []);
  });

  it("keeps the control plane's logs in a group that is there before it", () => {
    assert.deepEqual(recording.get("aws:cloudwatch/logGroup:LogGroup", "cluster-logs").inputs, {
      name: "/aws/eks/previews/cluster",
      retentionInDays: 90,
      tags: {},
    });
    assert.ok(recording.get(CLUSTER, CONTROL_PLANE).dependsOn?.includes("cluster-logs"));
  });

  it("rotates its two keys and deletes neither by mistake", () => {
    const keys = recording.ofType(KEY);
    assert.deepEqual(
      keys.map(({ name }) => name),
      ["cluster-secrets-key", "cluster-volumes-key"],
    );
    for (const key of keys) {
      assert.equal(key.protect, true);
      assert.equal(key.inputs["enableKeyRotation"], true);
      assert.equal(key.inputs["deletionWindowInDays"], 30);
      assertLeastPrivilege(policyOf(key), { keyPolicy: true });
    }
    assert.deepEqual(
      recording.ofType("aws:kms/alias:Alias").map(({ inputs }) => inputs["name"]),
      ["alias/eks/previews/secrets", "alias/eks/previews/volumes"],
    );
  });

  it("lets Auto Scaling and the EBS driver use the volumes' key", () => {
    const [, use] = policyOf(recording.get(KEY, "cluster-volumes-key")).Statement;
    assert.deepEqual(use?.["Condition"], {
      StringEquals: { "kms:CallerAccount": "111122223333" },
      ArnEquals: {
        "aws:PrincipalArn": [
          "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
          "arn:mock:cluster-ebs-csi",
        ],
      },
    });
  });

  it("has seven add-ons in pinned versions, each once", () => {
    assert.deepEqual(
      Object.fromEntries(recording.ofType(ADDON).map(({ inputs }) => [inputs["addonName"], inputs["addonVersion"]])),
      {
        "aws-ebs-csi-driver": "v1.66.0-eksbuild.1",
        coredns: "v1.14.3-eksbuild.23",
        "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
        "kube-proxy": "v1.36.0-eksbuild.25",
        "metrics-server": "v0.9.0-eksbuild.11",
        "snapshot-controller": "v8.6.0-eksbuild.8",
        "vpc-cni": "v1.22.4-eksbuild.3",
      },
    );
    assert.equal(recording.ofType(ADDON).length, 7);
  });

  it("enforces network policies", () => {
    assert.deepEqual(
      JSON.parse(recording.get(ADDON, "cluster-addon-vpc-cni").inputs["configurationValues"] as string),
      {
        enableNetworkPolicy: "true",
        env: { ENABLE_PREFIX_DELEGATION: "true", WARM_PREFIX_TARGET: "1", NETWORK_POLICY_ENFORCING_MODE: "standard" },
      },
    );
    assert.deepEqual(recording.ofType("kubernetes:networking.k8s.io/v1:NetworkPolicy").length, 1);
  });

  it("gives the add-ons that act in AWS a role of one service account, with rights before the first pod", () => {
    const expected = [
      { addon: "vpc-cni", role: "cluster-vpc-cni", serviceAccount: "aws-node" },
      { addon: "aws-ebs-csi-driver", role: "cluster-ebs-csi", serviceAccount: "ebs-csi-controller-sa" },
    ];
    for (const { addon, role, serviceAccount } of expected) {
      const registration = recording.get(ADDON, `cluster-addon-${addon}`);
      assert.deepEqual(registration.inputs["podIdentityAssociations"], [
        { serviceAccount, roleArn: `arn:mock:${role}` },
      ]);
      const [trust] = policyOf(recording.get(ROLE, role), "assumeRolePolicy").Statement;
      assert.deepEqual(trust?.["Condition"], {
        StringEquals: {
          "aws:RequestTag/kubernetes-namespace": "kube-system",
          "aws:RequestTag/kubernetes-service-account": serviceAccount,
          "aws:RequestTag/eks-cluster-name": "previews",
          "aws:SourceAccount": "111122223333",
        },
      });
      // The role and its policy have one name.
      assert.deepEqual(
        registration.dependsOn?.filter((name) => name === role),
        [role, role],
      );
    }
    const others = recording.ofType(ADDON).filter(({ inputs }) => inputs["podIdentityAssociations"] === undefined);
    assert.equal(others.length, 5);
  });

  it("attaches no managed policy, and writes each of its own narrowly", () => {
    assert.deepEqual(recording.ofType("aws:iam/rolePolicyAttachment:RolePolicyAttachment"), []);
    const policies = recording.ofType(ROLE_POLICY);
    assert.deepEqual(policies.map(({ name }) => name).sort(), [
      "cluster-autoscaler-role",
      "cluster-ebs-csi",
      "cluster-vpc-cni",
    ]);
    for (const policy of policies) assertLeastPrivilege(policyOf(policy));
  });

  it("gives its name once nodes may join, known in a preview", async () => {
    let cluster: EksCluster | undefined;
    await record(() => (cluster = new EksCluster("cluster", ARGS)));
    assert.equal(await valueOf(cluster?.clusterName as pulumi.Output<string>), "previews");
    const association = recording.get(
      "aws:eks/podIdentityAssociation:PodIdentityAssociation",
      "cluster-autoscaler-role",
    );
    for (const addon of ["eks-pod-identity-agent", "kube-proxy", "vpc-cni"]) {
      assert.ok(association.dependsOn?.includes(`cluster-addon-${addon}`));
    }
    assert.ok(!association.dependsOn?.includes("cluster-addon-coredns"));
  });

  it("waits for nodes with the add-ons that need one", () => {
    const patient = recording.ofType(ADDON).filter(({ customTimeouts }) => customTimeouts?.create === "30m");
    assert.deepEqual(patient.map(({ inputs }) => inputs["addonName"]).sort(), [
      "aws-ebs-csi-driver",
      "coredns",
      "metrics-server",
      "snapshot-controller",
    ]);
  });

  it("reaches its objects by a provider of its own, which is another one only for another cluster", () => {
    assert.deepEqual(recording.get("pulumi:providers:kubernetes", "cluster-kubernetes").inputs, {
      kubeconfig: "{}",
      clusterIdentifier: "arn:aws:eks:eu-central-1:111122223333:cluster/previews",
    });
    const objects = recording.registrations.filter(({ type }) => type.startsWith("kubernetes:"));
    assert.ok(objects.length > 0);
    for (const { provider } of objects) assert.equal(provider, "cluster-kubernetes");
  });

  it("has one StorageClass, the default, for encrypted volumes where their pods are", () => {
    const classes = recording.ofType("kubernetes:storage.k8s.io/v1:StorageClass");
    assert.equal(classes.length, 1);
    assert.deepEqual(classes[0]?.inputs, {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: {
        name: "gp3",
        labels: { "app.kubernetes.io/managed-by": "berth" },
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      provisioner: "ebs.csi.aws.com",
      parameters: { type: "gp3", encrypted: "true", kmsKeyId: "arn:mock:cluster-volumes-key" },
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
      reclaimPolicy: "Delete",
    });
  });

  it("has a VolumeSnapshotClass once its kind is there", () => {
    const { inputs, dependsOn } = recording.get(
      "kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshotClass",
      "cluster-snapshot-class",
    );
    assert.deepEqual(
      [inputs["driver"], inputs["deletionPolicy"], inputs["parameters"]],
      ["ebs.csi.aws.com", "Delete", { tagSpecification_1: "berth.dev/cluster=previews" }],
    );
    assert.deepEqual(dependsOn, ["cluster-addon-snapshot-controller"]);
  });

  it("runs the autoscaler of its Kubernetes version", () => {
    const { inputs } = recording.get("kubernetes:apps/v1:Deployment", "cluster-autoscaler-deployment");
    const { containers } = (inputs as { spec: { template: { spec: { containers: { image: string }[] } } } }).spec
      .template.spec;
    assert.match(containers[0]?.image ?? "", /^registry\.k8s\.io\/autoscaling\/cluster-autoscaler:v1\.36\.\d+@sha256:/);
  });

  it("opens its endpoints to the given ranges", async () => {
    const opened = await make({ endpoint: { publicCidrs: ["203.0.113.10/32"], privateCidrs: ["10.8.0.0/16"] } });
    const { inputs } = opened.get(CLUSTER, CONTROL_PLANE);
    assert.deepEqual(
      [inputs["endpointPublicAccess"], inputs["publicAccessCidrs"], inputs["endpointPrivateAccess"]],
      [true, ["203.0.113.10/32"], true],
    );
    const rules = opened.ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    assert.deepEqual(
      rules.map(({ name, inputs: rule }) => [name, rule]),
      [
        [
          "cluster-api-from-10-8-0-0-16",
          {
            securityGroupId: "sg-cluster",
            description: "Kubernetes API",
            cidrIpv4: "10.8.0.0/16",
            ipProtocol: "tcp",
            fromPort: 443,
            toPort: 443,
            tags: {},
          },
        ],
      ],
    );
  });

  it("makes deployers members of the group that the platform binds, and lets them edit listed namespaces only", async () => {
    const deployed = await make({
      access: {
        admins: [],
        deployers: [
          { name: "ci", principalArn: "arn:aws:iam::111122223333:role/ci" },
          {
            name: "shop",
            github: { oidcProviderArn: "arn:oidc", repository: "acme/shop", environment: "preview" },
            namespaces: ["staging", "demo-*"],
          },
        ],
      },
    });
    assert.deepEqual(deployed.get(CLUSTER, CONTROL_PLANE).inputs["accessEntries"], {
      "deployer-ci": { principalArn: "arn:aws:iam::111122223333:role/ci", kubernetesGroups: ["berth:deployers"] },
      "deployer-shop": {
        principalArn: "arn:mock:cluster-deployer-shop",
        kubernetesGroups: ["berth:deployers"],
        accessPolicies: {
          edit: {
            policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
            accessScope: { type: "namespace", namespaces: ["staging", "demo-*"] },
          },
        },
      },
    });
    assert.deepEqual(parsePlatform(HOST_PLATFORM).deployerGroups, [DEPLOYER_GROUP]);
    const [trust] = policyOf(deployed.get(ROLE, "cluster-deployer-shop"), "assumeRolePolicy").Statement;
    assert.deepEqual(trust?.["Condition"], {
      StringEquals: {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:acme/shop:environment:preview",
      },
    });
    assert.deepEqual(policyOf(deployed.get(ROLE_POLICY, "cluster-deployer-shop")).Statement, [
      {
        Sid: "FindCluster",
        Effect: "Allow",
        Action: "eks:DescribeCluster",
        Resource: "arn:aws:eks:eu-central-1:111122223333:cluster/previews",
      },
    ]);
  });

  it("lets the system's pods through in strict mode, before the first of them starts", async () => {
    const strict = await make({ networkPolicy: { mode: "strict" } });
    const configuration = JSON.parse(
      strict.get(ADDON, "cluster-addon-vpc-cni").inputs["configurationValues"] as string,
    ) as { env: Record<string, string> };
    assert.equal(configuration.env["NETWORK_POLICY_ENFORCING_MODE"], "strict");
    const policy = strict.get("kubernetes:networking.k8s.io/v1:NetworkPolicy", "cluster-system-policy");
    assert.deepEqual(policy.inputs["spec"], {
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
      ingress: [{}],
      egress: [{}],
    });
    assert.equal((policy.inputs["metadata"] as { namespace: string }).namespace, "kube-system");
    for (const addon of strict.ofType(ADDON)) assert.ok(addon.dependsOn?.includes("cluster-system-policy"));
  });

  it("lets go of what is not to be protected", async () => {
    const loose = await make({ deletionProtection: false, extendedSupport: true });
    assert.equal(loose.get(CLUSTER, CONTROL_PLANE).inputs["deletionProtection"], false);
    assert.deepEqual(loose.get(CLUSTER, CONTROL_PLANE).inputs["upgradePolicy"], { supportType: "EXTENDED" });
    assert.deepEqual(
      loose.registrations.filter(({ protect }) => protect === true),
      [],
    );
  });

  it("tags everything that takes tags", async () => {
    const tags = { team: "platform" };
    for (const autoscaling of ["cluster-autoscaler", "karpenter"] as const) {
      const tagged = await make({ tags, autoscaling });
      for (const { type, name, inputs } of tagged.registrations) {
        const takesTags =
          type === CLUSTER || /^aws:.*:(Role|Key|LogGroup|Addon|PodIdentityAssociation|Queue|EventRule)$/.test(type);
        if (takesTags) assert.deepEqual(inputs["tags"], tags, `${type} ${name}`);
      }
    }
  });

  it("has its children changed last", async () => {
    const changed = await make({
      transform: {
        cluster: (args, opts) => ({ args: { ...args, clusterTags: { changed: "yes" } }, opts }),
        key: (args, opts) => ({ args: { ...args, rotationPeriodInDays: 90 }, opts }),
        logGroup: (args, opts) => ({ args: { ...args, kmsKeyId: "key" }, opts }),
        role: (args, opts) => ({ args: { ...args, path: "/berth/" }, opts }),
        addon: (args, opts) => ({ args: { ...args, preserve: true }, opts }),
        storageClass: (args, opts) => ({ args: { ...args, reclaimPolicy: "Retain" }, opts }),
        clusterAutoscaler: { role: (args, opts) => ({ args: { ...args, path: "/scaler/" }, opts }) },
      },
    });
    assert.deepEqual(changed.get(CLUSTER, CONTROL_PLANE).inputs["clusterTags"], { changed: "yes" });
    for (const { inputs } of changed.ofType(KEY)) assert.equal(inputs["rotationPeriodInDays"], 90);
    assert.equal(changed.get("aws:cloudwatch/logGroup:LogGroup", "cluster-logs").inputs["kmsKeyId"], "key");
    assert.equal(changed.get(ROLE, "cluster-vpc-cni").inputs["path"], "/berth/");
    assert.equal(changed.get(ROLE, "cluster-autoscaler-role").inputs["path"], "/scaler/");
    for (const { inputs } of changed.ofType(ADDON)) assert.equal(inputs["preserve"], true);
    const [storageClass] = changed.ofType("kubernetes:storage.k8s.io/v1:StorageClass");
    assert.equal(storageClass?.inputs["reclaimPolicy"], "Retain");
  });
});
