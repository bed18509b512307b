/*
 * How much the code of an environment is trusted, and what follows from it. Who deploys says the tier (`berth deploy --trust`, or the
 * platform's default); nothing in a pull request's own files can.
 */

/**
 * `trusted`: reviewed, such as a branch of the team's. `internal`: written by somebody with the right to push to the repository. `fork`:
 * written by anybody; the environment holds nothing that is worth taking and reaches nothing outside. From the most trusted to the least.
 */
export const TRUST_TIERS = ["trusted", "internal", "fork"] as const;

/** One of {@link TRUST_TIERS}. */
export type TrustTier = (typeof TRUST_TIERS)[number];

/** How errors say what is accepted. */
export const TRUST_TIER = "trusted, internal or fork";

/** The most that an environment may need, as its quota counts it. */
export interface TrustQuota {
  /** Sum of the pods' CPU limits. */
  cpu: string;
  /** Sum of the pods' memory limits. */
  memory: string;
  /** Sum of the volumes. */
  storage: string;
}

/** What a tier may have. */
export interface TrustLimits {
  /** What others than the environment own: envFrom, sealed and external secrets, the key of the OAuth callback, volumes of snapshots. */
  secrets: boolean;
  /** Egress rules. */
  egress: boolean;
  /**
   * What counts beyond its namespace: an operator's databases, whose pods ask the API server, annotations for the ingress controller, and
   * URLs that are more open than the platform's default.
   */
  privileges: boolean;
  /** Beginnings of the repositories that images may come from; null for any. */
  images: string[] | null;
  /** Null for no bound. */
  quota: TrustQuota | null;
}

/**
 * What a fork may need unless the platform says otherwise: an app of the size small that is updated while a migration runs, with one
 * database (2,797 MiB and two cores by `planQuota`), and two volumes of the default size.
 */
export const FORK_QUOTA: TrustQuota = { cpu: "3", memory: "3Gi", storage: "2Gi" };

/** Whether an image is from a repository below one of the prefixes: those of whole path segments. */
export function isFrom(repository: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => repository === prefix || repository.startsWith(`${prefix}/`));
}

/** Whether a tier is trusted less than another. */
export function isStricter(tier: TrustTier, than: TrustTier): boolean {
  return TRUST_TIERS.indexOf(tier) > TRUST_TIERS.indexOf(than);
}

/**
 * Whether an environment may change from one tier to another in place. Not from or to `fork`: what the code of one side left in
 * databases and volumes would be read by that of the other, and while pods are replaced the old ones would run under the new fences.
 */
export function mayBecome(from: TrustTier, to: TrustTier): boolean {
  return (from === "fork") === (to === "fork");
}
