import { readFileSync } from "node:fs";

import * as aws from "@pulumi/aws/eks";
import { getPartitionOutput } from "@pulumi/aws/getPartition";
import type { Role } from "@pulumi/aws/iam";
import type * as awsInputs from "@pulumi/aws/types/input";
import type { ClusterArgs } from "@pulumi/eks/cluster";
import { Provider } from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

import { findConflicts, findUncovered, isAutoMode } from "./arguments";
import { ServiceRole } from "./service-role";

/** What a preview and the resources of a program see of the arguments: outputs where the program has them. */
type Args = Omit<ClusterArgs, "accessEntries" | "serviceRole"> & {
  accessEntries?: Record<string, EntryArgs>;
  serviceRole?: pulumi.Input<Role>;
};

interface EntryArgs {
  principalArn: pulumi.Input<string>;
  kubernetesGroups?: pulumi.Input<pulumi.Input<string>[]>;
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  type?: pulumi.Input<string>;
  username?: pulumi.Input<string>;
  accessPolicies?: Record<
    string,
    { policyArn: pulumi.Input<string>; accessScope: pulumi.Input<awsInputs.eks.AccessPolicyAssociationAccessScope> }
  >;
}

/** Variable with the path of the kubeconfig that clusters get. */
export const kubeconfigVariable = "BERTH_STAND_IN_KUBECONFIG";

/**
 * The component `eks:index:Cluster`: the same children by the same names as Pulumi's own plugin makes them, as far as the arguments are
 * covered.
 */
export class ClusterComponent extends pulumi.ComponentResource {
  /** Outputs, as the package declares them. */
  readonly state: pulumi.Inputs;

  /**
   * @throws pulumi.InputPropertiesError with each argument that is not covered
   */
  constructor(name: string, inputs: pulumi.Inputs, opts: pulumi.ComponentResourceOptions) {
    const errors = [...findUncovered(inputs), ...findConflicts(inputs)];
    if (errors.length > 0)
      throw new pulumi.InputPropertiesError({
        message: `the stand-in for EKS cannot make the cluster ${name}`,
        errors,
      });
    super("eks:index:Cluster", name, inputs, opts);
    const args = inputs as Args;

    const partition = getPartitionOutput({}, { parent: this }).partition;
    const { roleArn, clusterRole, dependsOn } = this.createServiceRole(name, args, partition);
    const nodeRole = this.createNodeRole(name, args, partition);
    const subnetIds = subnetIdsOf(args);
    const cluster = this.createControlPlane(name, args, {
      roleArn,
      subnetIds,
      nodeRole,
      dependsOn: [...dependsOn, ...(nodeRole?.attachments ?? [])],
    });
    this.createAddon(`${name}-kube-proxy`, "kube-proxy", args.kubeProxyAddonOptions, args, cluster);
    const kubeconfig = cluster.endpoint.apply(readKubeconfig);
    const provider = new Provider(
      `${name}-eks-k8s`,
      { kubeconfig: pulumi.jsonStringify(kubeconfig) },
      { parent: this },
    );
    this.createAccessEntries(name, args, cluster);
    this.createAddon(`${name}-coredns`, "coredns", args.corednsAddonOptions, args, cluster);

    const groupId = cluster.vpcConfig.apply(({ clusterSecurityGroupId }) => clusterSecurityGroupId);
    const issuer = cluster.identities.apply(([identity]) => identity?.oidcs[0]?.issuer ?? "");
    this.state = {
      autoModeNodeRoleName: nodeRole?.role.name ?? "",
      clusterIngressRuleId: "",
      clusterSecurityGroupId: groupId,
      core: {
        cluster,
        clusterIamRole: clusterRole,
        endpoint: cluster.endpoint,
        instanceRoles: [],
        kubeconfig,
        nodeGroupOptions: {},
        privateSubnetIds: args.privateSubnetIds,
        provider,
        publicSubnetIds: args.publicSubnetIds,
        storageClasses: {},
        subnetIds,
        tags: args.tags,
        vpcId: args.vpcId,
      },
      defaultNodeGroupAsgName: "",
      eksCluster: cluster,
      fargateProfileId: "",
      fargateProfileStatus: "",
      instanceRoles: [],
      kubeconfig,
      kubeconfigJson: pulumi.jsonStringify(kubeconfig),
      nodeSecurityGroupId: groupId,
      oidcIssuer: issuer.apply((url) => url.replace("https://", "")),
      oidcProviderArn: "",
      oidcProviderUrl: issuer,
    };
    this.registerOutputs(this.state);
  }

  private createServiceRole(name: string, args: Args, partition: pulumi.Output<string>) {
    if (args.serviceRole !== undefined) {
      const given = pulumi.output(args.serviceRole);
      return { roleArn: given.apply(({ arn }) => arn), clusterRole: args.serviceRole, dependsOn: [] };
    }
    const { role, attachments } = new ServiceRole(
      `${name}-eksRole`,
      {
        service: "eks.amazonaws.com",
        actions: ["sts:AssumeRole", "sts:TagSession"],
        description: "Allows EKS to manage clusters on your behalf.",
        policies: [
          "AmazonEKSClusterPolicy",
          ...(isAutoMode(args)
            ? [
                "AmazonEKSComputePolicy",
                "AmazonEKSBlockStoragePolicy",
                "AmazonEKSLoadBalancingPolicy",
                "AmazonEKSNetworkingPolicy",
              ]
            : []),
        ],
        partition,
        tags: tagsOf(args.tags),
      },
      { parent: this },
    );
    return { roleArn: role.arn, clusterRole: role, dependsOn: attachments };
  }

  private createNodeRole(name: string, args: Args, partition: pulumi.Output<string>): ServiceRole | undefined {
    if (!isAutoMode(args) || args.autoMode?.createNodeRole === false) return undefined;
    return new ServiceRole(
      `${name}-nodeRole`,
      {
        service: "ec2.amazonaws.com",
        actions: ["sts:AssumeRole"],
        policies: ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"],
        partition,
        tags: tagsOf(args.tags),
      },
      { parent: this },
    );
  }

  private createControlPlane(
    name: string,
    args: Args,
    facts: {
      roleArn: pulumi.Input<string>;
      subnetIds: pulumi.Input<pulumi.Input<string>[]>;
      nodeRole: ServiceRole | undefined;
      dependsOn: pulumi.Resource[];
    },
  ): aws.Cluster {
    const autoMode = isAutoMode(args);
    const hasNetwork = autoMode || args.ipFamily !== undefined || args.kubernetesServiceIpAddressRange !== undefined;
    return new aws.Cluster(
      `${name}-eksCluster`,
      {
        name: args.name,
        roleArn: facts.roleArn,
        computeConfig: autoMode
          ? pulumi.all([args.autoMode?.computeConfig, facts.nodeRole?.role.arn]).apply(([config, nodeRoleArn]) => ({
              enabled: true,
              nodeRoleArn,
              nodePools: ["general-purpose", "system"],
              ...config,
            }))
          : undefined,
        storageConfig: autoMode ? { blockStorage: { enabled: true } } : undefined,
        kubernetesNetworkConfig: hasNetwork
          ? {
              ipFamily: args.ipFamily ?? "ipv4",
              serviceIpv4Cidr: args.kubernetesServiceIpAddressRange,
              elasticLoadBalancing: autoMode ? { enabled: true } : undefined,
            }
          : undefined,
        bootstrapSelfManagedAddons: autoMode ? false : (args.bootstrapSelfManagedAddons ?? true),
        vpcConfig: {
          subnetIds: facts.subnetIds,
          endpointPrivateAccess: args.endpointPrivateAccess,
          endpointPublicAccess: args.endpointPublicAccess,
          publicAccessCidrs: args.publicAccessCidrs,
        },
        version: args.version,
        enabledClusterLogTypes: args.enabledClusterLogTypes,
        tags: pulumi
          .all([args.clusterTags, args.tags])
          .apply(([clusterTags, tags]) => ({ Name: `${name}-eksCluster`, ...clusterTags, ...tags })),
        encryptionConfig:
          args.encryptionConfigKeyArn === undefined
            ? undefined
            : { provider: { keyArn: args.encryptionConfigKeyArn }, resources: ["secrets"] },
        accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: true },
        upgradePolicy: args.upgradePolicy,
        deletionProtection: args.deletionProtection,
      },
      {
        parent: this,
        dependsOn: facts.dependsOn,
        ignoreChanges: ["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"],
      },
    );
  }

  private createAddon(
    name: string,
    addonName: string,
    options: Args["corednsAddonOptions"] | Args["kubeProxyAddonOptions"],
    args: Args,
    cluster: aws.Cluster,
  ): void {
    if (options?.version === undefined || options.enabled === false) return;
    const { configurationValues: values } = options;
    new aws.Addon(
      name,
      {
        clusterName: cluster.name,
        addonName,
        addonVersion: options.version,
        preserve: true,
        tags: args.tags,
        resolveConflictsOnCreate: options.resolveConflictsOnCreate ?? "OVERWRITE",
        resolveConflictsOnUpdate: options.resolveConflictsOnUpdate ?? "OVERWRITE",
        configurationValues: values === undefined ? undefined : pulumi.jsonStringify(values),
      },
      { parent: this },
    );
  }

  private createAccessEntries(name: string, args: Args, cluster: aws.Cluster): void {
    const clusterName = cluster.name;
    for (const [key, { accessPolicies = {}, username, ...entry }] of Object.entries(args.accessEntries ?? {})) {
      const made = new aws.AccessEntry(
        `${name}-${key}`,
        { ...entry, clusterName, userName: username },
        { parent: this, dependsOn: [cluster] },
      );
      for (const [policy, { accessScope, policyArn }] of Object.entries(accessPolicies))
        new aws.AccessPolicyAssociation(
          `${name}-${key}-${policy}`,
          { accessScope, principalArn: entry.principalArn, policyArn, clusterName },
          { parent: made, dependsOn: [made] },
        );
    }
  }
}

function subnetIdsOf({ subnetIds, publicSubnetIds = [], privateSubnetIds = [] }: Args): pulumi.Output<string[]> {
  if (subnetIds !== undefined) return pulumi.output(subnetIds);
  return pulumi.all([publicSubnetIds, privateSubnetIds]).apply(([first, second]) => [...first, ...second]);
}

function tagsOf(tags: Args["tags"]): pulumi.Output<Record<string, string>> | undefined {
  return tags === undefined ? undefined : pulumi.output(tags).apply((values) => ({ ...values }));
}

/** The kubeconfig that the environment names; without, one of an address where nobody listens. */
function readKubeconfig(): unknown {
  const path = process.env[kubeconfigVariable];
  if (path !== undefined && path !== "") return parse(readFileSync(path, "utf8"));
  return {
    apiVersion: "v1",
    kind: "Config",
    // The first port, which needs the rights of the superuser and which nothing uses.
    clusters: [{ name: "kubernetes", cluster: { server: "https://127.0.0.1:1" } }],
    contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
    "current-context": "aws",
    users: [{ name: "aws", user: {} }],
  };
}
