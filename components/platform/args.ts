import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { NamespaceArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { ClusterRoleArgs } from "@pulumi/kubernetes/rbac/v1";
import type { PlatformConfig } from "../../config/platform";
import type { Transform } from "../children";

/** What a platform is made from. Plain values: the gateway's mode shapes the graph. */
export interface PlatformArgs {
  /** The value of `berth:platform`, with defaults filled in. */
  config: PlatformConfig;
  /**
   * Changes children last, one function per kind of child.
   *
   * @default nothing is changed
   */
  transform?: PlatformTransforms;
}

/** The children of a platform that can be changed; see {@link Transform}. */
export interface PlatformTransforms {
  namespace?: Transform<NamespaceArgs>;
  /** Called for each policy. */
  networkPolicy?: Transform<NetworkPolicyArgs>;
  /** Called for the gateway's and the deployer's role. */
  clusterRole?: Transform<ClusterRoleArgs>;
  /** The deployed gateway's pods. */
  gateway?: Transform<DeploymentArgs>;
  /** The callback broker's pod. */
  broker?: Transform<DeploymentArgs>;
  /** The deployed gateway's Service. */
  gatewayService?: Transform<ServiceArgs>;
}
