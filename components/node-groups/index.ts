import { Tag } from "@pulumi/aws/autoscaling";
import { LaunchTemplate } from "@pulumi/aws/ec2";
import { NodeGroup } from "@pulumi/aws/eks";
import { Role, RolePolicyAttachment } from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { regionOf } from "../../config/aws-regions";
import { Children } from "../children";
import { assumeByService, partitionOf, policyJson } from "../iam";
import { throwIfInvalid } from "../problems";
import type { NodeGroupsArgs } from "./args";
import { DEFAULTS, POOL_LABEL, amiTypeOf, groupName, labelsOf, planNodeGroups } from "./plan";
import { taintsOf, templateTags, userData } from "./plan";
import type { NodeGroupPlan } from "./plan";
import { validate } from "./validate";

export type { Autoscaling, NodeGroupsArgs, NodeGroupsTransforms, NodePoolSpec, Taint } from "./args";

/**
 * Managed policies of a node's role: joining the cluster, and pulling from ECR ("Amazon EKS node IAM role", Amazon EKS User
 * Guide). The VPC CNI has rights of its own by Pod Identity, so no pod finds them on the node.
 */
const NODE_POLICIES = {
  worker: "AmazonEKSWorkerNodeMinimalPolicy",
  pull: "AmazonEC2ContainerRegistryPullOnly",
} as const;

/**
 * The managed node groups of one pool: one per zone, alike but for the zone.
 *
 * An Auto Scaling group over several zones would end nodes under running pods to even zones out, and volumes could not follow;
 * one zone each has nothing to even out. A group's resources are named by its zone, so adding or removing a zone touches no
 * other.
 *
 * @example
 * ```ts
 * new NodeGroups("previews", {
 *   pool: "previews",
 *   clusterName: cluster.clusterName,
 *   clusterSecurityGroupId: cluster.clusterSecurityGroupId,
 *   kubernetesVersion: "1.35",
 *   subnetIds: network.privateSubnetIds,
 *   volumesKeyArn: cluster.volumesKeyArn,
 *   spec: { instanceTypes: ["m7i.large", "m6i.large"], capacity: "spot", maxPerZone: 5 },
 *   autoscaling: "cluster-autoscaler",
 * });
 * ```
 */
export class NodeGroups extends pulumi.ComponentResource {
  /** ARN of the role of all nodes of the pool. */
  readonly roleArn: pulumi.Output<string>;
  /** Names of the groups, by zone; the on-demand fallback's are under `on-demand-{zone}`. */
  readonly groupNames: Record<string, pulumi.Output<string>>;

  /**
   * @throws pulumi.InputPropertiesError with everything that is wrong with the arguments
   */
  constructor(name: string, args: NodeGroupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:node-groups:NodeGroups", name, {}, opts);
    throwIfInvalid(`Node groups ${name} cannot be made as asked.`, validate(args));
    const children = new Children(name, this);

    const { role, attachments } = createRole(children, args);
    const launchTemplate = createLaunchTemplate(children, args);
    const groups = planNodeGroups(Object.keys(args.subnetIds), args.spec).map((plan) => {
      // The policies outlive the nodes, which cannot leave the cluster in order without them.
      const group = createGroup(children.with({ dependsOn: attachments }), args, plan, { role, launchTemplate });
      if (args.autoscaling === "cluster-autoscaler") createTemplateTags(children, args, plan, group);
      return [plan.key, group.nodeGroupName] as const;
    });

    this.roleArn = role.arn;
    this.groupNames = Object.fromEntries(groups);
    this.registerOutputs({ roleArn: this.roleArn, groupNames: this.groupNames });
  }
}

/** Tags of everything that takes tags. */
function tagsOf({ pool, tags }: NodeGroupsArgs): Record<string, string> {
  return { ...tags, [POOL_LABEL]: pool };
}

function createRole(children: Children, args: NodeGroupsArgs): { role: Role; attachments: RolePolicyAttachment[] } {
  const role = children.add(
    Role,
    "role",
    {
      description: `Nodes of the pool ${args.pool}`,
      assumeRolePolicy: policyJson(assumeByService("ec2.amazonaws.com")),
      tags: tagsOf(args),
    },
    args.transform?.role,
  );
  const [zone = ""] = Object.keys(args.subnetIds);
  const partition = partitionOf(regionOf(zone) ?? "");
  const attachments = Object.entries(NODE_POLICIES).map(([suffix, policy]) =>
    children.add(RolePolicyAttachment, `role-${suffix}`, {
      role: role.name,
      policyArn: `arn:${partition}:iam::aws:policy/${policy}`,
    }),
  );
  return { role, attachments };
}

/** One for all groups of the pool, as nothing in it tells zones apart. */
function createLaunchTemplate(children: Children, args: NodeGroupsArgs): LaunchTemplate {
  const { rootVolumeGiB = DEFAULTS.rootVolumeGiB, detailedMonitoring = DEFAULTS.detailedMonitoring } = args.spec;
  const tags = { ...tagsOf(args), Name: pulumi.interpolate`${args.clusterName}-${args.pool}` };
  return children.add(
    LaunchTemplate,
    "launch-template",
    {
      description: `Nodes of the pool ${args.pool}`,
      updateDefaultVersion: true,
      vpcSecurityGroupIds: [args.clusterSecurityGroupId],
      // One hop ends at the node: a pod that asks for the node's credentials gets no answer.
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: "disabled",
      },
      blockDeviceMappings: [
        {
          // The root volume of AL2023.
          deviceName: "/dev/xvda",
          ebs: {
            volumeType: "gp3",
            volumeSize: rootVolumeGiB,
            encrypted: "true",
            kmsKeyId: args.volumesKeyArn,
            deleteOnTermination: "true",
          },
        },
      ],
      monitoring: { enabled: detailedMonitoring },
      userData: userData(args.spec),
      // What Auto Scaling makes has no tags of the node group.
      tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({ resourceType, tags })),
      tags,
    },
    args.transform?.launchTemplate,
  );
}

function createGroup(
  children: Children,
  args: NodeGroupsArgs,
  plan: NodeGroupPlan,
  { role, launchTemplate }: { role: Role; launchTemplate: LaunchTemplate },
): NodeGroup {
  const subnetId = args.subnetIds[plan.zone];
  if (subnetId === undefined) throw new RangeError(`There is no subnet for the zone ${plan.zone}`);
  return children
    .with({
      // From the first day on, the size is the autoscaler's, or whoever scales in an emergency.
      ignoreChanges: ["scalingConfig.desiredSize"],
    })
    .add(
      NodeGroup,
      plan.key,
      {
        clusterName: args.clusterName,
        nodeGroupName: groupName(args.pool, plan),
        nodeRoleArn: role.arn,
        subnetIds: [subnetId],
        version: args.kubernetesVersion,
        releaseVersion: args.releaseVersion,
        amiType: amiTypeOf(plan),
        capacityType: plan.capacity === "spot" ? "SPOT" : "ON_DEMAND",
        instanceTypes: plan.instanceTypes,
        launchTemplate: {
          id: launchTemplate.id,
          version: launchTemplate.latestVersion.apply((version) => `${version}`),
        },
        scalingConfig: { minSize: plan.min, maxSize: plan.max, desiredSize: plan.min },
        updateConfig: { maxUnavailablePercentage: plan.maxUnavailablePercentage },
        nodeRepairConfig: { enabled: true },
        labels: labelsOf(args.pool, plan),
        taints: taintsOf(plan),
        tags: tagsOf(args),
      },
      args.transform?.nodeGroup,
    );
}

function createTemplateTags(children: Children, args: NodeGroupsArgs, plan: NodeGroupPlan, group: NodeGroup): void {
  const autoscalingGroupName = group.resources.apply(([resource]) => {
    const name = resource?.autoscalingGroups[0]?.name;
    if (name === undefined) throw new Error(`EKS gave no Auto Scaling group for the node group ${plan.key}`);
    return name;
  });
  for (const [suffix, value] of Object.entries(templateTags(args.pool, plan))) {
    children.add(Tag, `${plan.key}-${suffix.replaceAll("/", "-")}`, {
      autoscalingGroupName,
      tag: { key: `k8s.io/cluster-autoscaler/node-template/${suffix}`, value, propagateAtLaunch: false },
    });
  }
}
