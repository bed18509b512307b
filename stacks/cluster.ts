import { Provider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import { EksCluster } from "../components/eks-cluster";
import { MetricsBucket } from "../components/metrics-bucket";
import { Network } from "../components/network";
import { NodeGroups } from "../components/node-groups";
import { throwIfInvalid } from "../components/problems";
import { Registry, letPullThrough } from "../components/registry";
import { argsOf, deployersOf, examineConfig } from "./cluster-args";
import { platformSettings } from "./outputs";
import type { ClusterOutputs } from "./outputs";

/**
 * The stacks `cluster` and `cluster-<name>`: one EKS cluster each, with its network, nodes, registry and metrics export.
 *
 * @throws pulumi.InputPropertiesError with everything that is wrong with `berth:cluster`, before anything is made
 */
export function clusterStack(): pulumi.Inputs & { [Key in keyof ClusterOutputs]: pulumi.Input<ClusterOutputs[Key]> } {
  const { config, problems } = examineConfig(new pulumi.Config("berth").getObject("cluster"));
  throwIfInvalid("The cluster cannot be made as asked.", problems);
  const args = argsOf(config);

  const aws = new Provider("aws", { region: config.region, allowedAccountIds: [config.accountId] });
  const opts = { providers: [aws] };
  const network = new Network("network", args.network, opts);
  const registry = args.registry && new Registry("registry", args.registry, opts);
  const oidcProviderArn = registry?.oidcProviderArn ?? pulumi.output(config.github.oidcProviderArn ?? "");
  const cluster = new EksCluster(
    "cluster",
    {
      ...args.cluster,
      access: { ...args.cluster.access, deployers: deployersOf(config, oidcProviderArn) },
      vpcId: network.vpcId,
      controlPlaneSubnetIds: Object.values(network.controlPlaneSubnetIds),
    },
    opts,
  );
  const pools = Object.entries(args.pools).map(([name, pool]) => {
    const groups = new NodeGroups(
      name,
      {
        ...pool,
        clusterName: cluster.clusterName,
        clusterSecurityGroupId: cluster.clusterSecurityGroupId,
        subnetIds: network.privateSubnetIds,
        volumesKeyArn: cluster.volumesKeyArn,
      },
      opts,
    );
    if (registry !== undefined && registry.cachedRepositoryArns.length > 0) {
      const roleName = groups.roleArn.apply((arn) => arn.slice(arn.lastIndexOf("/") + 1));
      letPullThrough(`${name}-pull-through`, { registry, roleName }, { parent: groups, provider: aws });
    }
    return [name, groups.groupNames] as const;
  });
  const metrics =
    args.metrics &&
    new MetricsBucket(
      "metrics",
      { ...args.metrics, writer: { ...args.metrics.writer, clusterName: cluster.clusterName } },
      opts,
    );

  return {
    clusterName: cluster.clusterName,
    region: config.region,
    kubeconfig: cluster.kubeconfig,
    vpcId: network.vpcId,
    vpcCidr: network.cidr,
    publicSubnetIds: pulumi.all(network.publicSubnetIds),
    nodeGroups: pulumi.all(Object.fromEntries(pools.map(([name, groups]) => [name, pulumi.all(groups)]))),
    volumeSnapshotClass: cluster.volumeSnapshotClass,
    deployerArns: pulumi.all(cluster.deployerArns),
    karpenter: cluster.karpenter === undefined ? null : pulumi.output(cluster.karpenter),
    oidcProviderArn: registry === undefined ? (config.github.oidcProviderArn ?? null) : registry.oidcProviderArn,
    repositoryUrls: pulumi.all(registry?.urls ?? {}),
    pushRoleArns: pulumi.all(registry?.pushRoleArns ?? {}),
    cleanupRoleArns: pulumi.all(registry?.cleanupRoleArns ?? {}),
    metrics: metrics === undefined ? null : pulumi.output({ url: metrics.url, writerRoleArn: metrics.writerRoleArn }),
    platform: platformSettings({
      vpcCidr: network.cidr,
      storageClass: cluster.storageClass,
      deployerGroup: cluster.deployerGroup,
    }),
  };
}
