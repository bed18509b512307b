import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { ConfigMapArgs, ServiceAccountArgs } from "@pulumi/kubernetes/core/v1";
import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { PodDisruptionBudgetArgs } from "@pulumi/kubernetes/policy/v1";
import type { ClusterRoleArgs, ClusterRoleBindingArgs, RoleArgs, RoleBindingArgs } from "@pulumi/kubernetes/rbac/v1";
import { LABEL, MANAGED_BY } from "../../../config/labels";
import type { Statement } from "../../iam/document";
import { partitionOf } from "../../iam/partition";
import { FALLBACK } from "../../node-groups/plan";
import { CONTAINER_SECURITY, podSecurity } from "../../security";
import type { ClusterAutoscalerArgs } from "./args";

/** Name of everything that belongs to the autoscaler. */
export const NAME = "cluster-autoscaler";

/** Where it runs. Beside the other parts of the system, as `system-cluster-critical` pods do. */
export const NAMESPACE = "kube-system";

/**
 * Annotation of pods. `"false"` keeps the autoscaler from taking the pod's node away while it runs: for jobs that cannot be repeated, such as
 * those of CI runners. Pods without it may be evicted when their node is hardly used, within their disruption budgets (Cluster Autoscaler
 * FAQ, "What types of pods can prevent CA from removing a node?").
 */
export const SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict";

/** Tags that EKS puts on the Auto Scaling groups of managed node groups, and by which the autoscaler finds them. */
export function discoveryTags({ clusterName }: Pick<ClusterAutoscalerArgs, "clusterName">): Record<string, string> {
  return { "k8s.io/cluster-autoscaler/enabled": "true", [`k8s.io/cluster-autoscaler/${clusterName}`]: "owned" };
}

/**
 * Labels in which groups of one pool differ: where a node is, and what it was started from. The autoscaler balances groups that are the same in
 * all other labels, so that the pool's zones fill up evenly. It leaves out zone, host name and node group by itself; the EBS driver's
 * zone and EKS's zone ID it does not (`processors/nodegroupset` of Cluster Autoscaler). Instance types differ within a group of several.
 */
export const BALANCING_IGNORED_LABELS = [
  "topology.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/zone",
  "topology.ebs.csi.aws.com/zone",
  "topology.k8s.aws/zone-id",
  "topology.k8s.aws/network-node-layer-1",
  "topology.k8s.aws/network-node-layer-2",
  "topology.k8s.aws/network-node-layer-3",
  "node.kubernetes.io/instance-type",
  "beta.kubernetes.io/instance-type",
  "eks.amazonaws.com/nodegroup",
  "eks.amazonaws.com/nodegroup-image",
  "eks.amazonaws.com/sourceLaunchTemplateId",
  "eks.amazonaws.com/sourceLaunchTemplateVersion",
];

const labels = { [LABEL.name]: NAME, [LABEL.managedBy]: MANAGED_BY };
const metadata = { name: NAME, namespace: NAMESPACE, labels };
const clusterMetadata = { name: NAME, labels };
const selector = { matchLabels: { [LABEL.name]: NAME } };

/** A user without rights; the image asks for none in particular. */
const USER = 65534;

/** Port of `/health-check` and `/metrics`. */
const PORT = 8085;

/** Where pods get the credentials of their role (`eks-pod-identity-agent`, EKS user guide). */
const POD_IDENTITY_AGENT = "169.254.170.23/32";

/** Everything that the autoscaler has in the cluster. Plain values. */
export interface ClusterAutoscalerPlan {
  account: ServiceAccountArgs;
  clusterRole: ClusterRoleArgs;
  clusterRoleBinding: ClusterRoleBindingArgs;
  role: RoleArgs;
  roleBinding: RoleBindingArgs;
  priorities: ConfigMapArgs;
  networkPolicy: NetworkPolicyArgs;
  deployment: DeploymentArgs;
  /** Undefined when there is only one pod. */
  disruptionBudget: PodDisruptionBudgetArgs | undefined;
}

/** What {@link planClusterAutoscaler} looks at. */
export type PlanInputs = Pick<ClusterAutoscalerArgs, "clusterName" | "region" | "image" | "replicas">;

/** Decides what the autoscaler consists of. */
export function planClusterAutoscaler(args: PlanInputs): ClusterAutoscalerPlan {
  const { replicas = 2 } = args;
  const subjects = [{ kind: "ServiceAccount", name: NAME, namespace: NAMESPACE }];
  const roleRef = (kind: "ClusterRole" | "Role") => ({ apiGroup: "rbac.authorization.k8s.io", kind, name: NAME });
  return {
    account: { metadata, automountServiceAccountToken: false },
    clusterRole: { metadata: clusterMetadata, rules: CLUSTER_RULES },
    clusterRoleBinding: { metadata: clusterMetadata, roleRef: roleRef("ClusterRole"), subjects },
    role: { metadata, rules: NAMESPACE_RULES },
    roleBinding: { metadata, roleRef: roleRef("Role"), subjects },
    priorities: {
      metadata: { ...metadata, name: `${NAME}-priority-expander` },
      data: { priorities: prioritiesOf(args.region) },
    },
    networkPolicy: {
      metadata,
      spec: {
        podSelector: selector,
        policyTypes: ["Ingress", "Egress"],
        egress: [
          { ports: [port(53, "UDP"), port(53, "TCP")] },
          // The API servers of Kubernetes and AWS, whose addresses change.
          { ports: [port(443, "TCP")] },
          { to: [{ ipBlock: { cidr: POD_IDENTITY_AGENT } }], ports: [port(80, "TCP")] },
        ],
      },
    },
    deployment: planDeployment(args, replicas),
    disruptionBudget: replicas > 1 ? { metadata, spec: { minAvailable: 1, selector } } : undefined,
  };
}

/** Command line. What is not here has the autoscaler's own default, such as ten minutes of little use before a node goes. */
export function flagsOf({ clusterName }: Pick<PlanInputs, "clusterName">): string[] {
  return [
    "--cloud-provider=aws",
    `--cluster-name=${clusterName}`,
    `--namespace=${NAMESPACE}`,
    `--node-group-auto-discovery=asg:tag=${Object.keys(discoveryTags({ clusterName })).join(",")}`,
    "--balance-similar-node-groups=true",
    ...BALANCING_IGNORED_LABELS.map((label) => `--balancing-ignore-label=${label}`),
    // On-demand fallbacks only when spot cannot be had; then what leaves least unused.
    "--expander=priority,least-waste",
    // Environments have scratch volumes, and every node has pods of the system; both would keep all nodes for ever.
    "--skip-nodes-with-local-storage=false",
    "--skip-nodes-with-system-pods=false",
    "--ignore-daemonsets-utilization=true",
    "--cordon-node-before-terminating=true",
    "--leader-elect=true",
    "--logtostderr=true",
    "--v=2",
  ];
}

/**
 * Priorities of groups by name. EKS names Auto Scaling groups `eks-{node group}-{id}` and `components/node-groups` names node groups
 * `{pool}-{zone}-{hash}`, with `on-demand-` before the zone for those that stand in for spot. A group that no pattern matches is never
 * scaled (priority expander, "The group won't be used"), so the two patterns have to match all and never both.
 */
export function prioritiesOf(region: string): string {
  const zone = `-${region}[a-z]-`;
  return `10:
  - ${JSON.stringify(`-${FALLBACK}${zone}`)}
50:
  - ${JSON.stringify(`(?:${notEnding(`-${FALLBACK}`)})${zone}`)}
`;
}

/** A pattern for text that does not end with the given one; Go's patterns know no look-behind. */
function notEnding(text: string): string {
  return Array.from(text, (character, index) => `[^${character}]${text.slice(index + 1)}`).join("|");
}

const READ = ["get", "list", "watch"];

/** What it looks at to foresee where pods fit, and what it does to take a node away (`charts/cluster-autoscaler` of Cluster Autoscaler). */
const CLUSTER_RULES = [
  rule("", ["events"], ["create", "patch"]),
  rule("", ["pods/eviction"], ["create"]),
  rule("", ["pods/status"], ["update"]),
  rule("", ["nodes"], [...READ, "update"]),
  rule("", ["namespaces", "pods", "services", "replicationcontrollers"], READ),
  rule("", ["persistentvolumeclaims", "persistentvolumes"], READ),
  rule("apps", ["daemonsets", "replicasets", "statefulsets"], READ),
  rule("batch", ["jobs", "cronjobs"], READ),
  rule("policy", ["poddisruptionbudgets"], READ),
  rule("resource.k8s.io", ["deviceclasses", "resourceclaims", "resourceslices"], READ),
  rule(
    "storage.k8s.io",
    ["storageclasses", "csinodes", "csidrivers", "csistoragecapacities", "volumeattachments"],
    READ,
  ),
];

/** What it writes down in its own namespace: who works, and how it is. */
const NAMESPACE_RULES = [
  rule("coordination.k8s.io", ["leases"], ["create"]),
  rule("coordination.k8s.io", ["leases"], ["get", "update"], [NAME]),
  rule("", ["configmaps"], ["create", "list", "watch"]),
  rule("", ["configmaps"], ["get", "update", "delete"], [`${NAME}-status`]),
  rule("", ["configmaps"], ["get"], [`${NAME}-priority-expander`]),
];

function planDeployment(args: PlanInputs, replicas: number): DeploymentArgs {
  const healthCheck = { httpGet: { path: "/health-check", port: PORT } };
  return {
    metadata,
    spec: {
      replicas,
      revisionHistoryLimit: 2,
      selector,
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: NAME,
          // Talks to the API server.
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          priorityClassName: "system-cluster-critical",
          securityContext: podSecurity(USER),
          topologySpreadConstraints: ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
            maxSkew: 1,
            topologyKey,
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: selector,
          })),
          containers: [
            {
              name: NAME,
              image: args.image,
              command: ["/cluster-autoscaler"],
              args: flagsOf(args),
              // There is no metadata service for pods to ask.
              env: [{ name: "AWS_REGION", value: args.region }],
              ports: [{ name: "http", containerPort: PORT }],
              livenessProbe: { ...healthCheck, periodSeconds: 20, failureThreshold: 6 },
              readinessProbe: healthCheck,
              // As in the project's own example (`cluster-autoscaler-autodiscover.yaml`).
              resources: { requests: { cpu: "100m", memory: "600Mi" }, limits: { memory: "600Mi" } },
              securityContext: CONTAINER_SECURITY,
            },
          ],
        },
      },
    },
  };
}

/** What the autoscaler does in AWS: reads how groups and instances are, and sizes the groups that have both tags of this cluster. */
export function statementsOf(args: Pick<ClusterAutoscalerArgs, "clusterName" | "region" | "accountId">): Statement[] {
  const { clusterName, region, accountId } = args;
  const arn = (service: string, resource: string) =>
    `arn:${partitionOf(region)}:${service}:${region}:${accountId}:${resource}`;
  return [
    {
      sid: "Read",
      actions: [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
      ],
      resources: ["*"],
      conditions: { StringEquals: { "aws:RequestedRegion": region } },
    },
    {
      // Labels and taints of groups without a node.
      sid: "ReadNodeGroups",
      actions: ["eks:DescribeNodegroup"],
      resources: [arn("eks", `nodegroup/${clusterName}/*`)],
    },
    {
      sid: "SizeGroups",
      actions: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
      resources: [arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*")],
      conditions: {
        StringEquals: Object.fromEntries(
          Object.entries(discoveryTags(args)).map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
        ),
      },
    },
  ];
}

function rule(apiGroup: string, resources: string[], verbs: string[], resourceNames?: string[]) {
  return { apiGroups: [apiGroup], resources, verbs, ...(resourceNames ? { resourceNames } : {}) };
}

function port(number: number, protocol: "TCP" | "UDP") {
  return { port: number, protocol };
}
