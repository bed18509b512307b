import { LogGroup } from "@pulumi/aws/cloudwatch";
import { Addon } from "@pulumi/aws/eks";
import { Role, RolePolicy } from "@pulumi/aws/iam";
import { Alias, Key } from "@pulumi/aws/kms";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc";
import { Cluster } from "@pulumi/eks/cluster";
import { Provider } from "@pulumi/kubernetes";
import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import { ConfigMap } from "@pulumi/kubernetes/core/v1";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1";
import { StorageClass } from "@pulumi/kubernetes/storage/v1";
import * as pulumi from "@pulumi/pulumi";
import { Children } from "../children";
import { assumeByGitHub, assumeByPodIdentity, policyJson } from "../iam";
import type { Statement } from "../iam";
import { ClusterAutoscaler } from "../operators/cluster-autoscaler";
import { throwIfInvalid } from "../problems";
import { DEPLOYER_GROUP, deployerStatements, planAccess } from "./access";
import { planAddons } from "./addons";
import type { AddonPlan } from "./addons";
import type { EksClusterArgs, KarpenterFacts } from "./args";
import { arn, clusterArn } from "./context";
import { DEFAULT_LOG_RETENTION_DAYS, logGroupName, planControlPlane } from "./control-plane";
import { EBS_CSI, VPC_CNI, ebsCsiStatements, vpcCniStatements } from "./identities";
import type { Identity } from "./identities";
import { createKarpenter, createKarpenterRoles } from "./karpenter";
import type { KarpenterRoles } from "./karpenter";
import {
  DELETION_WINDOW_DAYS,
  autoscalingRoleArn,
  secretsKeyStatements,
  spotRoleArn,
  volumesKeyStatements,
} from "./keys";
import { planAutoModePolicies, planSystemPolicy } from "./network-policies";
import { SNAPSHOT_CLASS, STORAGE_CLASS, planSnapshotClass, planStorageClass } from "./storage";
import { validate } from "./validate";
import { VERSIONS } from "./versions";
import type { KubernetesVersion } from "./versions";

export type { EksClusterArgs, EksClusterTransforms, KarpenterFacts } from "./args";
export { DEPLOYER_GROUP } from "./access";

/**
 * An EKS cluster: control plane, keys, access, add-ons, storage classes, and what scales its nodes.
 *
 * The provider for AWS that is given to it, or to its parent, is used for everything.
 *
 * @example
 * ```ts
 * const cluster = new EksCluster("cluster", {
 *   name: "previews",
 *   region: "eu-central-1",
 *   accountId: "111122223333",
 *   kubernetesVersion: "1.36",
 *   vpcId: network.vpcId,
 *   controlPlaneSubnetIds: Object.values(network.controlPlaneSubnetIds),
 *   access: { admins: ["arn:aws:iam::111122223333:role/platform-admin"], deployers: [] },
 *   autoscaling: "cluster-autoscaler",
 * });
 * ```
 */
export class EksCluster extends pulumi.ComponentResource {
  /**
   * The cluster's name, once nodes may join: network, kube-proxy and pod identities are there then, and go only after whatever took the name
   * from here.
   */
  readonly clusterName: pulumi.Output<string>;
  /** Kubeconfig as JSON. Has no credentials: it runs `aws eks get-token`. */
  readonly kubeconfig: pulumi.Output<string>;
  /** For objects in the cluster. */
  readonly provider: Provider;
  /** The security group that EKS makes for control plane and nodes. */
  readonly clusterSecurityGroupId: pulumi.Output<string>;
  readonly secretsKeyArn: pulumi.Output<string>;
  /** Key of node and pod volumes. */
  readonly volumesKeyArn: pulumi.Output<string>;
  /** Name of the default StorageClass. */
  readonly storageClass = STORAGE_CLASS;
  /** Name of the default VolumeSnapshotClass. */
  readonly volumeSnapshotClass = SNAPSHOT_CLASS;
  /** Kubernetes group of deployers, for `deployerGroups` of the platform. */
  readonly deployerGroup = DEPLOYER_GROUP;
  /** By the deployer's name: the role or user that it is to AWS. */
  readonly deployerArns: Record<string, pulumi.Output<string>>;
  /** Undefined unless `autoscaling` is `karpenter`. */
  readonly karpenter: KarpenterFacts<pulumi.Output<string>> | undefined;

  /**
   * @throws pulumi.InputPropertiesError with everything that is wrong with the arguments
   */
  constructor(name: string, args: EksClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:eks-cluster:EksCluster", name, {}, opts);
    throwIfInvalid(`EKS cluster ${name} cannot be made as asked.`, validate(args));
    const children = new Children(name, this);
    const site: Site = { name, owner: this, args, children, protect: args.deletionProtection ?? true };

    this.deployerArns = createDeployers(site);
    const karpenterRoles = args.autoscaling === "karpenter" ? createKarpenterRoles(children, args) : undefined;
    const secretsKey = createKey(site, "secrets", secretsKeyStatements(args));
    const cluster = createControlPlane(site, { secretsKey, deployerArns: this.deployerArns, karpenterRoles });
    const clusterName = cluster.eksCluster.name;
    this.clusterSecurityGroupId = cluster.clusterSecurityGroupId;
    openPrivately(site, this.clusterSecurityGroupId);
    this.kubeconfig = cluster.kubeconfigJson;
    this.provider = children.add(Provider, "kubernetes", {
      kubeconfig: this.kubeconfig,
      // Only another cluster is a reason to replace everything in it; a kubeconfig changes for less.
      clusterIdentifier: clusterArn(args),
    });
    const inCluster = children.with({ provider: this.provider });

    const ebsCsi = args.autoscaling === "auto-mode" ? undefined : createIdentity(site, "ebs-csi", EBS_CSI);
    const volumesKey = createKey(
      site,
      "volumes",
      volumesKeyStatements(args, volumeUsers(args, { ebsCsi, karpenterRoles, cluster })),
    );
    const system = createSystemPolicies(inCluster, args);
    const addons = createAddons(site, { clusterName, volumesKey, ebsCsi, dependsOn: system });
    this.clusterName = pulumi
      .all([clusterName, ...addons.beforeNodes.map((addon) => addon.clusterName)])
      .apply(() => args.name);
    inCluster.add(StorageClass, "storage-class", planStorageClass(args, volumesKey.arn), args.transform?.storageClass);
    inCluster
      .with({ dependsOn: [addons.snapshotController] })
      .add(CustomResource, "snapshot-class", planSnapshotClass(args));
    createAutoscaler(site, { clusterName: this.clusterName, provider: this.provider, dependsOn: system });
    this.karpenter =
      karpenterRoles &&
      createKarpenter(children, args, karpenterRoles, {
        clusterName: this.clusterName,
        securityGroupId: this.clusterSecurityGroupId,
      });

    this.secretsKeyArn = secretsKey.arn;
    this.volumesKeyArn = volumesKey.arn;
    this.registerOutputs({
      clusterName: this.clusterName,
      kubeconfig: this.kubeconfig,
      clusterSecurityGroupId: this.clusterSecurityGroupId,
      secretsKeyArn: this.secretsKeyArn,
      volumesKeyArn: this.volumesKeyArn,
      storageClass: this.storageClass,
      volumeSnapshotClass: this.volumeSnapshotClass,
      deployerGroup: this.deployerGroup,
      deployerArns: this.deployerArns,
      karpenter: this.karpenter,
    });
  }
}

/** What every part of a cluster needs to know of the whole. */
interface Site {
  name: string;
  owner: EksCluster;
  args: EksClusterArgs;
  children: Children;
  /** Whether Pulumi refuses to delete what cannot be made again. */
  protect: boolean;
}

function createKey({ children, args, protect }: Site, what: "secrets" | "volumes", statements: Statement[]): Key {
  const key = children.with({ protect }).add(
    Key,
    `${what}-key`,
    {
      description: `${what === "secrets" ? "Secrets" : "Volumes"} of the cluster ${args.name}`,
      enableKeyRotation: true,
      deletionWindowInDays: DELETION_WINDOW_DAYS,
      policy: policyJson(...statements),
      tags: args.tags ?? {},
    },
    args.transform?.key,
  );
  children.add(Alias, `${what}-key`, { name: `alias/eks/${args.name}/${what}`, targetKeyId: key.id });
  return key;
}

/** Makes the roles of deployers that have none. */
function createDeployers({ children, args }: Site): Record<string, pulumi.Output<string>> {
  const arns = args.access.deployers.map(({ name, principalArn, github }): [string, pulumi.Output<string>] => {
    if (!github) return [name, pulumi.output(principalArn ?? "")];
    const { oidcProviderArn, ...trust } = github;
    const role = children.add(
      Role,
      `deployer-${name}`,
      {
        description: `Deploys environments to the cluster ${args.name} from ${trust.repository}, ${trust.environment}`,
        assumeRolePolicy: policyJson(assumeByGitHub({ providerArn: oidcProviderArn, ...trust })),
        tags: args.tags ?? {},
      },
      args.transform?.role,
    );
    children.add(RolePolicy, `deployer-${name}`, { role: role.name, policy: policyJson(...deployerStatements(args)) });
    return [name, role.arn];
  });
  return Object.fromEntries(arns);
}

function createControlPlane(
  { children, args, protect }: Site,
  {
    secretsKey,
    deployerArns,
    karpenterRoles,
  }: {
    secretsKey: Key;
    deployerArns: Record<string, pulumi.Output<string>>;
    karpenterRoles: KarpenterRoles | undefined;
  },
): Cluster {
  const logGroup = children.add(
    LogGroup,
    "logs",
    {
      name: logGroupName(args),
      retentionInDays: args.logRetentionDays ?? DEFAULT_LOG_RETENTION_DAYS,
      tags: args.tags ?? {},
    },
    args.transform?.logGroup,
  );
  const accessEntries = {
    ...planAccess(args, args.access, deployerArns),
    ...(karpenterRoles
      ? { "karpenter-node": { principalArn: karpenterRoles.node.arn, type: "EC2_LINUX" as const } }
      : {}),
  };
  return children.with({ protect }).add(
    Cluster,
    "control-plane",
    {
      ...planControlPlane(args),
      // The group is there before the cluster and goes after it; otherwise EKS makes it again, to be kept for ever.
      name: logGroup.name.apply(() => args.name),
      vpcId: args.vpcId,
      privateSubnetIds: args.controlPlaneSubnetIds,
      encryptionConfigKeyArn: secretsKey.arn,
      accessEntries,
    },
    args.transform?.cluster,
  );
}

/** Lets private ranges reach the private endpoint; by itself the security group lets in only its members. */
function openPrivately({ children, args }: Site, securityGroupId: pulumi.Input<string>): void {
  for (const cidrIpv4 of args.endpoint?.privateCidrs ?? []) {
    children.add(SecurityGroupIngressRule, `api-from-${cidrIpv4.replace(/[./]/g, "-")}`, {
      securityGroupId,
      description: "Kubernetes API",
      cidrIpv4,
      ipProtocol: "tcp",
      fromPort: 443,
      toPort: 443,
      tags: args.tags ?? {},
    });
  }
}

/** Makes a role for pods of an add-on, without rights yet. */
function createIdentity({ children, args }: Site, suffix: string, pods: Identity): Role {
  return children.add(
    Role,
    suffix,
    {
      description: `${pods.namespace}/${pods.serviceAccount} of the cluster ${args.name}`,
      assumeRolePolicy: policyJson(assumeByPodIdentity({ ...pods, clusterName: args.name, accountId: args.accountId })),
      tags: args.tags ?? {},
    },
    args.transform?.role,
  );
}

/** Who makes and attaches encrypted volumes. */
function volumeUsers(
  args: EksClusterArgs,
  {
    ebsCsi,
    karpenterRoles,
    cluster,
  }: { ebsCsi: Role | undefined; karpenterRoles: KarpenterRoles | undefined; cluster: Cluster },
): pulumi.Input<string>[] {
  return [
    ...(args.autoscaling === "auto-mode" ? [cluster.eksCluster.roleArn] : [autoscalingRoleArn(args)]),
    ...(ebsCsi ? [ebsCsi.arn] : []),
    ...(karpenterRoles ? [karpenterRoles.controller.arn, spotRoleArn(args)] : []),
  ];
}

/** What pods of the system need before the first of them starts. */
function createSystemPolicies(inCluster: Children, args: EksClusterArgs): pulumi.Resource[] {
  const policy = planSystemPolicy(args);
  const autoMode = planAutoModePolicies(args);
  return [
    ...(policy ? [inCluster.add(NetworkPolicy, "system-policy", policy)] : []),
    ...(autoMode ? [inCluster.add(ConfigMap, "auto-mode-policies", autoMode)] : []),
  ];
}

function createAddons(
  site: Site,
  {
    clusterName,
    volumesKey,
    ebsCsi,
    dependsOn,
  }: { clusterName: pulumi.Output<string>; volumesKey: Key; ebsCsi: Role | undefined; dependsOn: pulumi.Resource[] },
): { beforeNodes: Addon[]; snapshotController: Addon } {
  const { args } = site;
  const plans = planAddons({ ...args, kubernetesVersion: args.kubernetesVersion as KubernetesVersion });
  const addons = plans.map((plan) => {
    const options = { dependsOn };
    if (plan.name === "vpc-cni") {
      const vpcArn = pulumi.interpolate`${arn(args, "ec2", "vpc/")}${args.vpcId}`;
      const role = createIdentity(site, "vpc-cni", VPC_CNI);
      const rights = grant(site, "vpc-cni", role, vpcCniStatements(args, vpcArn));
      return { plan, addon: createAddon(site, plan, clusterName, options, { pods: VPC_CNI, role, rights }) };
    }
    if (plan.name === "aws-ebs-csi-driver" && ebsCsi) {
      const rights = grant(site, "ebs-csi", ebsCsi, ebsCsiStatements(args, volumesKey.arn));
      return { plan, addon: createAddon(site, plan, clusterName, options, { pods: EBS_CSI, role: ebsCsi, rights }) };
    }
    return { plan, addon: createAddon(site, plan, clusterName, options) };
  });
  const snapshotController = addons.find(({ plan }) => plan.name === "snapshot-controller")?.addon;
  if (!snapshotController) throw new Error("Every cluster has the add-on snapshot-controller");
  return {
    beforeNodes: addons.filter(({ plan }) => plan.when === "before-nodes").map(({ addon }) => addon),
    snapshotController,
  };
}

function grant({ children }: Site, suffix: string, role: Role, statements: Statement[]): RolePolicy {
  return children.add(RolePolicy, suffix, { role: role.name, policy: policyJson(...statements) });
}

function createAddon(
  { children, args }: Site,
  { name, version, when, configuration }: AddonPlan,
  clusterName: pulumi.Input<string>,
  { dependsOn }: { dependsOn: pulumi.Resource[] },
  identity?: { pods: Identity; role: Role; rights: RolePolicy },
): Addon {
  return children
    .with({
      dependsOn: identity ? [...dependsOn, identity.rights] : dependsOn,
      // Longer than the provider's 20 minutes, as the cluster's first nodes are made meanwhile.
      ...(when === "after-nodes" ? { customTimeouts: { create: "30m" } } : {}),
    })
    .add(
      Addon,
      `addon-${name}`,
      {
        clusterName,
        addonName: name,
        addonVersion: version,
        resolveConflictsOnCreate: "OVERWRITE",
        resolveConflictsOnUpdate: "OVERWRITE",
        ...(configuration ? { configurationValues: JSON.stringify(configuration) } : {}),
        ...(identity
          ? {
              podIdentityAssociations: [{ serviceAccount: identity.pods.serviceAccount, roleArn: identity.role.arn }],
            }
          : {}),
        tags: args.tags ?? {},
      },
      args.transform?.addon,
    );
}

function createAutoscaler(
  { name, owner, args }: Site,
  {
    clusterName,
    provider,
    dependsOn,
  }: { clusterName: pulumi.Output<string>; provider: Provider; dependsOn: pulumi.Resource[] },
): void {
  if (args.autoscaling !== "cluster-autoscaler") return;
  const { clusterAutoscaler: settings = {}, transform, tags } = args;
  new ClusterAutoscaler(
    `${name}-autoscaler`,
    {
      clusterName: args.name,
      cluster: clusterName,
      region: args.region,
      accountId: args.accountId,
      image: settings.image ?? VERSIONS[args.kubernetesVersion as KubernetesVersion].clusterAutoscaler,
      ...(settings.replicas === undefined ? {} : { replicas: settings.replicas }),
      ...(tags ? { tags } : {}),
      ...(transform?.clusterAutoscaler ? { transform: transform.clusterAutoscaler } : {}),
    },
    { parent: owner, providers: { kubernetes: provider }, dependsOn },
  );
}
