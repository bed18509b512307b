import * as pulumi from "@pulumi/pulumi";
import type { Provider } from "@pulumi/kubernetes";
import type { EksClusterArgs, KarpenterFacts } from "./args";

/** An EKS cluster: control plane, keys, access, add-ons, storage classes and what scales its nodes. */
export class EksCluster extends pulumi.ComponentResource {
  /**
   * The cluster's name, known once nodes may join: network, kube-proxy and pod identities are in place then, so that whatever takes the
   * name from here comes after them.
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
  readonly storageClass: string;
  readonly volumeSnapshotClass: string;
  /** Kubernetes group that deployers are members of. */
  readonly deployerGroup: string;
  /** By the deployer's name: the role or user that it is to AWS. */
  readonly deployerArns: Record<string, pulumi.Output<string>>;
  /** Undefined unless `autoscaling` is `karpenter`. */
  readonly karpenter: KarpenterFacts<pulumi.Output<string>> | undefined;

  constructor(name: string, args: EksClusterArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("berth:eks:EksCluster", name, {}, opts);
    throw new pulumi.ResourceError(`${args.name} cannot be made yet`, this);
  }
}
