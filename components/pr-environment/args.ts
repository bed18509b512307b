import type { CustomResourceArgs } from "@pulumi/kubernetes/apiextensions";
import type { input } from "@pulumi/kubernetes/types";
import type {
  ConfigMapArgs,
  LimitRangeArgs,
  NamespaceArgs,
  PersistentVolumeClaimArgs,
  ResourceQuotaArgs,
  SecretArgs,
  ServiceAccountArgs,
  ServiceArgs,
} from "@pulumi/kubernetes/core/v1";
import type { JobArgs } from "@pulumi/kubernetes/batch/v1";
import type { DeploymentArgs, StatefulSetArgs } from "@pulumi/kubernetes/apps/v1";
import type { IngressArgs, NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { PlatformFacts } from "../../config/platform";
import type { PrConfig } from "../../config/pr";
import type { Quota } from "../../config/quota";
import type { Rotations } from "../../config/rotation";
import type { Config } from "../../config/schema";
import type { Transform } from "../children";

/** What an environment is made from. All of it plain values: they shape the graph, and policies can read them in a preview. */
export interface PrEnvironmentArgs {
  /** The project's berth.yaml, with defaults filled in. */
  config: Config;
  /** Which pull request, at which commit, with which image. */
  pr: PrConfig;
  /** What the platform offers. */
  platform: PlatformFacts;
  /**
   * What the last deploy that succeeded needed. The quota leaves room for it too, since its pods are there until those of this
   * deploy run; the deploy after this one takes the room away.
   *
   * @default none, as for a new environment
   */
  previousQuota?: Quota;
  /**
   * When the password of each database was last changed. Another time gives that database a new password: its server takes it
   * first, at a restart, then the app restarts with it.
   *
   * @default every database has the password that it was made with
   */
  rotations?: Rotations;
  /**
   * Changes children last, one function per kind of child.
   *
   * @default nothing is changed
   */
  transform?: PrEnvironmentTransforms;
}

/** The children of an environment that can be changed; see {@link Transform}. */
export interface PrEnvironmentTransforms {
  namespace?: Transform<NamespaceArgs>;
  quota?: Transform<ResourceQuotaArgs>;
  limitRange?: Transform<LimitRangeArgs>;
  /** Called for each policy. */
  networkPolicy?: Transform<NetworkPolicyArgs>;
  /** Called for each service account. */
  serviceAccount?: Transform<ServiceAccountArgs>;
  /** Called for each ConfigMap. */
  configMap?: Transform<ConfigMapArgs>;
  /** Called for each Secret. */
  secret?: Transform<SecretArgs>;
  /** Called for each SealedSecret. */
  sealedSecret?: Transform<CustomResourceArgs>;
  /** Called for each ExternalSecret. */
  externalSecret?: Transform<CustomResourceArgs>;
  /** Called for each Service. */
  service?: Transform<ServiceArgs>;
  /** Called for each database's volume. */
  volume?: Transform<PersistentVolumeClaimArgs>;
  /** Called for both objects of each snapshot that a volume is made of. */
  snapshot?: Transform<CustomResourceArgs>;
  /** Called for each database. */
  database?: Transform<StatefulSetArgs>;
  /** Called for a database that an operator runs. */
  operatedDatabase?: Transform<CustomResourceArgs>;
  /** Called for the app's and each service's. */
  deployment?: Transform<DeploymentArgs>;
  /** The proxy in front of an app with access.mode oidc. */
  accessProxy?: Transform<DeploymentArgs>;
  /** The proxy by which hosts outside are reached. */
  egressProxy?: Transform<DeploymentArgs>;
  /** Called for each policy of the network plugin's own kind, by which hosts outside are reached without a proxy. */
  hostPolicy?: Transform<CustomResourceArgs>;
  /** Called for each job. */
  job?: Transform<JobArgs>;
  /** Called for the app's and each public service's. */
  ingress?: Transform<IngressArgs>;
  /** Called for each Middleware of the gateway. */
  middleware?: Transform<CustomResourceArgs>;
  /** Called for the PodMonitor or ServiceMonitor, where there is one. */
  monitor?: Transform<CustomResourceArgs>;
}

/** Metadata with plain values, as plans have them. */
export type PlainMetadata = input.meta.v1.ObjectMeta & {
  name: string;
  namespace?: string;
  labels: Record<string, string>;
  annotations?: Record<string, string>;
};
