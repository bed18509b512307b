import { EventRule, EventTarget } from "@pulumi/aws/cloudwatch";
import { Tag } from "@pulumi/aws/ec2";
import { PodIdentityAssociation } from "@pulumi/aws/eks";
import { Role, RolePolicy, RolePolicyAttachment } from "@pulumi/aws/iam";
import { Queue, QueuePolicy } from "@pulumi/aws/sqs";
import type { Input, Output } from "@pulumi/pulumi";
import type { Children } from "../../children";
import { assumeByPodIdentity, assumeByService, policyJson } from "../../iam";
import type { EksClusterArgs, KarpenterFacts } from "../args";
import { managedPolicyArn } from "../context";
import {
  DISCOVERY_TAG,
  INTERRUPTIONS,
  NODE_POLICIES,
  RETENTION_SECONDS,
  controllerStatements,
  queueStatements,
} from "./plan";

/** Where Karpenter's controller is unless said otherwise (Karpenter docs, "Getting Started"). */
export const DEFAULT_CONTROLLER = { namespace: "kube-system", serviceAccount: "karpenter" } as const;

/** The roles of Karpenter, which the cluster and its key need to know of. */
export interface KarpenterRoles {
  node: Role;
  controller: Role;
}

/** Makes the role of nodes, and the controller's, without rights yet. */
export function createKarpenterRoles(children: Children, args: EksClusterArgs): KarpenterRoles {
  const { tags = {}, transform = {} } = args;
  const node = children.add(
    Role,
    "karpenter-node",
    {
      description: `Nodes that Karpenter makes for the cluster ${args.name}`,
      assumeRolePolicy: policyJson(assumeByService("ec2.amazonaws.com")),
      tags,
    },
    transform.role,
  );
  for (const [suffix, policy] of Object.entries(NODE_POLICIES)) {
    children.add(RolePolicyAttachment, `karpenter-node-${suffix}`, {
      role: node.name,
      policyArn: managedPolicyArn(args, policy),
    });
  }
  const controller = children.add(
    Role,
    "karpenter-controller",
    {
      description: `Karpenter of the cluster ${args.name}`,
      assumeRolePolicy: policyJson(
        assumeByPodIdentity({ ...controllerOf(args), clusterName: args.name, accountId: args.accountId }),
      ),
      tags,
    },
    transform.role,
  );
  return { node, controller };
}

/** Makes the rest: warnings of interruptions, the controller's rights, and the tag by which nodes' security group is found. */
export function createKarpenter(
  children: Children,
  args: EksClusterArgs,
  { node, controller }: KarpenterRoles,
  { clusterName, securityGroupId }: { clusterName: Input<string>; securityGroupId: Input<string> },
): KarpenterFacts<Output<string>> {
  const { tags = {}, transform = {} } = args;
  const queue = createQueue(children, args);
  children.add(RolePolicy, "karpenter-controller", {
    role: controller.name,
    policy: policyJson(...controllerStatements(args, { nodeRoleArn: node.arn, queueArn: queue.arn })),
  });
  children.add(
    PodIdentityAssociation,
    "karpenter-controller",
    { clusterName, ...controllerOf(args), roleArn: controller.arn, tags },
    transform.podIdentity,
  );
  children.add(Tag, "karpenter-discovery", { resourceId: securityGroupId, key: DISCOVERY_TAG, value: args.name });
  return {
    nodeRoleName: node.name,
    interruptionQueue: queue.name,
    subnetTags: { [DISCOVERY_TAG]: args.name },
    securityGroupTags: { [DISCOVERY_TAG]: args.name },
  };
}

function createQueue(children: Children, args: EksClusterArgs): Queue {
  const { tags = {} } = args;
  const queue = children.add(Queue, "karpenter-interruptions", {
    messageRetentionSeconds: RETENTION_SECONDS,
    sqsManagedSseEnabled: true,
    tags,
  });
  const rules = Object.entries(INTERRUPTIONS).map(([suffix, pattern]) => {
    const rule = children.add(EventRule, `karpenter-${suffix}`, { eventPattern: JSON.stringify(pattern), tags });
    children.add(EventTarget, `karpenter-${suffix}`, { rule: rule.name, arn: queue.arn });
    return rule;
  });
  children.add(QueuePolicy, "karpenter-interruptions", {
    queueUrl: queue.url,
    policy: policyJson(...queueStatements(args, { queueArn: queue.arn, ruleArns: rules.map(({ arn }) => arn) })),
  });
  return queue;
}

function controllerOf({ karpenter = {} }: EksClusterArgs) {
  return { ...DEFAULT_CONTROLLER, ...karpenter };
}
