import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { KarpenterFacts } from "../components/eks-cluster/args";
import type { AccessMode } from "../config/access";
import { platformFactsSchema } from "../config/platform";
import type { PlatformFacts, PlatformInput } from "../config/platform";
import type { Quota } from "../config/quota";
import { parseRotations } from "../config/rotation";
import type { Rotations } from "../config/rotation";
import type { TrustTier } from "../config/trust";
import { UsageError } from "./errors";

/** Outputs of a cluster's stack. */
export interface ClusterOutputs {
  /** The cluster's name in AWS. */
  clusterName: string;
  region: string;
  /** Kubeconfig as JSON. Has no credentials: it runs `aws eks get-token`. */
  kubeconfig: string;
  vpcId: string;
  /** IPv4 range of the VPC, where nodes, pods and the API server's private addresses are. */
  vpcCidr: string;
  /** Subnets for load balancers that face the internet, by zone. Controllers find them by their tags, in an existing VPC perhaps only by name. */
  publicSubnetIds: Record<string, string>;
  /** Names of the managed node groups, by pool and zone; on-demand fallback groups are under `on-demand-{zone}`. */
  nodeGroups: Record<string, Record<string, string>>;
  /** Class of snapshots of volumes. */
  volumeSnapshotClass: string;
  /** By the deployer's name: the role or user that it is to AWS. */
  deployerArns: Record<string, string>;
  /** What an installation of Karpenter needs to know; null with another autoscaling. */
  karpenter: KarpenterFacts | null;
  /** The account's OIDC provider for GitHub; null when nothing here needs one. */
  oidcProviderArn: string | null;
  /** URLs of image repositories, by name. */
  repositoryUrls: Record<string, string>;
  /** The role that pushes to each repository, by the repository's name. */
  pushRoleArns: Record<string, string>;
  /** The role that removes images of closed pull requests, by the repository's name, where there is one. */
  cleanupRoleArns: Record<string, string>;
  /** Where metrics are exported to, and by which role; null without metrics export. */
  metrics: { url: string; writerRoleArn: string } | null;
  /** The part of `berth:platform` that follows from the cluster, to be merged with domain, gateway and images. */
  platform: ClusterPlatformSettings;
}

/** What the cluster says about the platform on it. */
export interface ClusterPlatformSettings extends Required<Pick<PlatformInput, "storageClass" | "deployerGroups">> {
  gateway: {
    mode: "deployed";
    /** See {@link platformSettings}. */
    apiServerCidrs: string[];
  };
}

/**
 * First addresses of the ranges of which EKS takes one for Services when the cluster is made (EKS API reference, KubernetesNetworkConfigRequest).
 * There the API server is the Service `kubernetes`.
 */
const API_SERVER_SERVICES = ["10.100.0.1/32", "172.20.0.1/32"];

/**
 * The part of `berth:platform` that follows from a cluster.
 *
 * The gateway reaches the API server by the address of its Service, which the VPC CNI's policies see untranslated (aws-network-policy-agent#549),
 * and, once translated, by addresses in the VPC.
 */
export function platformSettings(cluster: {
  vpcCidr: string;
  storageClass: string;
  deployerGroup: string;
}): ClusterPlatformSettings {
  return {
    storageClass: cluster.storageClass,
    deployerGroups: [cluster.deployerGroup],
    gateway: { mode: "deployed", apiServerCidrs: [cluster.vpcCidr, ...API_SERVER_SERVICES] },
  };
}

/** Outputs of the platform stack. */
export type PlatformOutputs = PlatformFacts;

/** Outputs of a pull request's stack. */
export interface PrOutputs {
  /** Name of the namespace and of the environment. */
  namespace: string;
  /** URL of the app; null when the config switches its Ingress off. */
  url: string | null;
  /** URLs of the public services, by name. */
  serviceUrls: Record<string, string>;
  /** Who gets in: `public`, or another of the access modes. */
  access: AccessMode;
  /** How much its code is trusted. */
  trust: TrustTier;
  /** Who may log in at the URL, a secret; null when the mode knows no login. */
  login: { user: string; password: string } | null;
  /** Commit that is deployed. */
  commit: string;
  /** Deploys of this environment, counted from 1. */
  generation: number;
  /** Image of the app, by digest. */
  image: string;
  /** Databases that it has, such as `postgresql`. */
  databases: string[];
  /** What its config needs of the quota; the next deploy leaves room for it until its own pods run. */
  quota: Quota;
  /** When the password of each database was last changed; without those that still have their first one. */
  rotations: Rotations;
}

/**
 * Reads what the last deploy that succeeded said of itself, from the stack's own outputs.
 *
 * @param own the stack itself
 * @returns no quota when nothing was deployed yet
 */
export async function readPrevious(
  own: Pick<pulumi.StackReference, "getOutputDetails">,
): Promise<{ quota: Quota | undefined; rotations: Rotations }> {
  const [quota, rotations] = (await Promise.all(["quota", "rotations"].map((name) => own.getOutputDetails(name)))) as {
    value?: unknown;
  }[];
  return { quota: quotaSchema.optional().parse(quota?.value), rotations: parseRotations(rotations?.value) };
}

const quotaSchema = z.record(z.string(), z.string());

/** The platform stack that a pull request's stack reads, unless `berth:platformStack` names another. */
export const DEFAULT_PLATFORM_STACK = "organization/berth/platform";

/**
 * Reads the platform stack's outputs as plain values, so that what they shape is known in a preview too.
 *
 * @param reference the platform stack
 * @param name its name, for errors
 * @throws UsageError that says which stack to run when an output is missing or not as expected
 */
export async function readPlatform(
  reference: Pick<pulumi.StackReference, "getOutputDetails">,
  name: string,
): Promise<PlatformOutputs> {
  const keys = Object.keys(platformFactsSchema.shape);
  const values = await Promise.all(
    keys.map(async (key) => [key, ((await reference.getOutputDetails(key)) as { value?: unknown }).value] as const),
  );
  const parsed = platformFactsSchema.safeParse(Object.fromEntries(values));
  if (parsed.success) return parsed.data;
  const wrong = [...new Set(parsed.error.issues.map((issue) => String(issue.path[0])))];
  throw new UsageError(
    `Stack ${name} has no usable output ${wrong.join(", ")}. ` +
      `Run it first, or again after an update of Berth: pulumi up --stack ${name} (berth deploy does so by itself).`,
  );
}
