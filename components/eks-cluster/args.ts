import type { Input } from "@pulumi/pulumi";
import type { AddonArgs, PodIdentityAssociationArgs } from "@pulumi/aws/eks";
import type { KeyArgs } from "@pulumi/aws/kms";
import type { LogGroupArgs } from "@pulumi/aws/cloudwatch";
import type { RoleArgs } from "@pulumi/aws/iam";
import type { ClusterArgs } from "@pulumi/eks";
import type { StorageClassArgs } from "@pulumi/kubernetes/storage/v1";
import type { Transform } from "../children";
import type { GitHubTrust } from "../iam";
import type { Autoscaling } from "../node-groups/args";
import type { ClusterAutoscalerTransforms } from "../operators/cluster-autoscaler/args";

/** What an EKS cluster is made from. */
export interface EksClusterArgs {
  /** The cluster's name in AWS: 1 to 100 letters, digits and hyphens, beginning with a letter or digit. Replaces the cluster when changed. */
  name: string;
  /** Region, such as `eu-central-1`. */
  region: string;
  /**
   * The AWS account, 12 digits. Key policies and roles name it, so that all of them can be read in a preview; the stack's AWS provider
   * should allow this account only.
   */
  accountId: string;
  /**
   * Kubernetes minor version, such as `"1.35"`: one of those in `versions.ts`, which has the add-on versions that go with it. Moves up
   * by one at a time; AWS does not go back.
   */
  kubernetesVersion: string;
  vpcId: Input<string>;
  /**
   * Subnets of the control plane's network interfaces, in two zones or more, which a cluster never changes. Load balancers find their
   * subnets by tags, node groups are told theirs; neither is named here.
   */
  controlPlaneSubnetIds: Input<string>[];
  /**
   * From where the API server is reached. The private endpoint is always on.
   *
   * @default from inside the VPC only
   */
  endpoint?: EndpointArgs;
  /** Who may do what in the cluster, besides the identity that creates it, which EKS makes an administrator. */
  access: AccessArgs;
  /**
   * Who adds and removes nodes; exactly one, since two would work against each other.
   *
   * - `cluster-autoscaler`: managed node groups, one per zone, scaled by the Cluster Autoscaler that this component runs.
   * - `karpenter`: nodes without groups. This component makes only the AWS side (roles, interruption queue, discovery tag); Karpenter
   *   itself and its node pools are yours to install, on a small managed node group.
   * - `auto-mode`: EKS Auto Mode. AWS runs Karpenter, the network and the disks; a fee per node comes on top of the instances.
   */
  autoscaling: Autoscaling;
  /**
   * Settings of the Cluster Autoscaler; refused with another `autoscaling`.
   *
   * @default the image of `versions.ts`, the timing described there
   */
  clusterAutoscaler?: AutoscalerSettings;
  /**
   * Settings of Karpenter's AWS side; refused with another `autoscaling`.
   *
   * @default service account `karpenter` in `kube-system`
   */
  karpenter?: KarpenterSettings;
  /**
   * Settings of EKS Auto Mode; refused with another `autoscaling`.
   *
   * @default both built-in node pools
   */
  autoMode?: AutoModeSettings;
  /**
   * How network policies are enforced.
   *
   * @default { mode: "standard" }
   */
  networkPolicy?: NetworkPolicyArgs;
  /**
   * Days for which the control plane's logs are kept; one of CloudWatch's steps.
   *
   * @default 90
   */
  logRetentionDays?: number;
  /**
   * Whether neither AWS nor Pulumi deletes the cluster and its keys until this is set to false and applied.
   *
   * @default true
   */
  deletionProtection?: boolean;
  /**
   * Whether the version may run into extended support, at six times the control plane's price, instead of being upgraded by AWS when
   * its standard support ends (EKS user guide, "Understand the Kubernetes version lifecycle on EKS").
   *
   * @default false
   */
  extendedSupport?: boolean;
  /**
   * Tags of every AWS resource.
   *
   * @default none
   */
  tags?: Record<string, string>;
  /**
   * Changes children last, one function per kind of child.
   *
   * @default nothing is changed
   */
  transform?: EksClusterTransforms;
}

/** From where the API server is reached. */
export interface EndpointArgs {
  /**
   * IPv4 ranges of the internet that reach the public endpoint, such as an office's or a VPN's address; at most 40 (EKS service
   * quotas). The whole internet is refused, also in parts. An empty list closes the public endpoint.
   *
   * GitHub's hosted runners have too many, changing addresses for this list: use runners inside the VPC.
   *
   * @default [] (closed)
   * @example ["203.0.113.10/32"]
   */
  publicCidrs?: string[];
  /**
   * Private ranges that reach the private endpoint besides the cluster's own nodes: a VPN, a peered VPC, runners in another subnet.
   *
   * @default none
   * @example ["10.8.0.0/16"]
   */
  privateCidrs?: string[];
}

/** Who may do what. Nobody is mapped through the `aws-auth` ConfigMap. */
export interface AccessArgs {
  /**
   * ARNs of IAM roles or users with all rights in the cluster. Not the one that creates the cluster: EKS has an entry for it already.
   *
   * @example ["arn:aws:iam::111122223333:role/platform-admin"]
   */
  admins: string[];
  /** Who deploys environments, usually a workflow. */
  deployers: DeployerArgs[];
}

/**
 * Someone who deploys environments: a member of the Kubernetes group `berth:deployers`, which the platform stack lets write in
 * namespaces of environments and nowhere else. Give either `principalArn` or `github`.
 */
export interface DeployerArgs {
  /** Short name of this deployer, unique in the list: lower-case letters, digits and hyphens, at most 20. */
  name: string;
  /**
   * An existing IAM role or user.
   *
   * @default a role is made, see `github`
   */
  principalArn?: Input<string>;
  /**
   * Has a role made that one environment of one repository takes by OIDC. It may look the cluster up, and nothing else in AWS.
   *
   * @default no role is made, see `principalArn`
   */
  github?: GitHubTrust & {
    /** GitHub's OIDC provider in this account. */
    oidcProviderArn: Input<string>;
  };
  /**
   * Namespaces besides environments in which this deployer edits everything (AmazonEKSEditPolicy). Each may end in `*`.
   *
   * @default none
   * @example ["staging", "demo-*"]
   */
  namespaces?: string[];
}

/** How network policies are enforced. */
export interface NetworkPolicyArgs {
  /**
   * - `standard`: a new pod's traffic is let through until its policies are in place, one or two seconds after it starts
   *   (aws-network-policy-agent#83, #189). Environments close that gap with a canary that waits until egress is refused.
   * - `strict` (`NETWORK_POLICY_ENFORCING_MODE`): a new pod's traffic is refused until then. It costs: every pod of the cluster then
   *   needs policies that allow what it does, also those of add-ons and of operators you install, DNS included (only pods on the
   *   host's network are exempt); pods start a little later; and open bugs deny traffic that policies allow, one user saw a quarter of
   *   pod starts fail (aws-network-policy-agent#271, #288). With `auto-mode` the same is a field of the NodeClass, and is refused here.
   *
   * @default "standard"
   */
  mode: "standard" | "strict";
}

/** Settings of the Cluster Autoscaler. */
export interface AutoscalerSettings {
  /**
   * Another image, by digest, such as a copy in your own registry.
   *
   * @default the one that `versions.ts` has for the Kubernetes version
   * @example "111122223333.dkr.ecr.eu-central-1.amazonaws.com/k8s/autoscaling/cluster-autoscaler@sha256:…"
   */
  image?: string;
  /**
   * Pods of the autoscaler. One works, the others wait to take over.
   *
   * @default 2
   */
  replicas?: number;
}

/** Settings of Karpenter's AWS side. */
export interface KarpenterSettings {
  /**
   * Namespace of Karpenter's controller.
   *
   * @default "kube-system"
   */
  namespace?: string;
  /**
   * Service account of Karpenter's controller.
   *
   * @default "karpenter"
   */
  serviceAccount?: string;
}

/** Settings of EKS Auto Mode. */
export interface AutoModeSettings {
  /**
   * Which built-in node pools there are.
   *
   * @default ["general-purpose", "system"]
   */
  nodePools?: ("general-purpose" | "system")[];
}

/** The children of a cluster that can be changed; see {@link Transform}. */
export interface EksClusterTransforms {
  cluster?: Transform<ClusterArgs>;
  /** Called for each key. */
  key?: Transform<KeyArgs>;
  logGroup?: Transform<LogGroupArgs>;
  /** Called for each role. */
  role?: Transform<RoleArgs>;
  /** Called for each add-on. */
  addon?: Transform<AddonArgs>;
  /** Called for each association. */
  podIdentity?: Transform<PodIdentityAssociationArgs>;
  storageClass?: Transform<StorageClassArgs>;
  clusterAutoscaler?: ClusterAutoscalerTransforms;
}

/** What an installation of Karpenter needs to know. */
export interface KarpenterFacts<Text = string> {
  /** `role` of EC2NodeClasses. */
  nodeRoleName: Text;
  /** `settings.interruptionQueue` of the chart. */
  interruptionQueue: Text;
  /** Tag by which EC2NodeClasses find subnets. */
  subnetTags: Record<string, string>;
  /** Tag by which EC2NodeClasses find security groups. */
  securityGroupTags: Record<string, string>;
}
