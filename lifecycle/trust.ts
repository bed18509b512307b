import { LABEL } from "../config/labels";
import { parsePlatform } from "../config/platform";
import type { PrConfig } from "../config/pr";
import { TRUST_TIER, TRUST_TIERS, isStricter, mayBecome, type TrustTier } from "../config/trust";
import { BerthError, ExitCode } from "./errors";
import type { Kube, KubeObject } from "./kube";
import type { EnvironmentName } from "./naming";
import { platformOutputs } from "./platform";
import type { Target } from "./target";

/** What an environment was taken for before its namespace said it. */
const UNSAID: TrustTier = "internal";

/** What is known of the tier before a deploy. */
export interface TrustAsked {
  /** The tier that is asked for. */
  readonly asked?: TrustTier | undefined;
  /** What asks for the deploy without saying whose code it is, such as an event of GitHub Actions: named in the error. */
  readonly unclear?: string | undefined;
  /** The platform's default. @default unknown, so that what is recorded stays */
  readonly usual?: TrustTier | undefined;
  /** What the environment's namespace says. @default there is no environment yet */
  readonly recorded?: TrustTier | undefined;
}

/** The tier that a namespace says. */
export function trustOf({ metadata }: Pick<KubeObject, "metadata">): TrustTier | undefined {
  return TRUST_TIERS.find((tier) => tier === metadata.labels?.[LABEL.trust]);
}

/**
 * The tier of a deploy. One that says none keeps what the environment is, whatever the platform's default has become, unless that is
 * stricter: its code must not get more, and what the platform's owner takes away is taken from all.
 *
 * @returns undefined where the platform's default decides
 * @throws BerthError (usage) when an environment is asked to become that of a fork, or to be one no more, or nobody says whose code it is
 */
export function settleTrust(
  name: EnvironmentName,
  { asked, unclear, usual, recorded }: TrustAsked,
): TrustTier | undefined {
  if (asked !== undefined) {
    if (recorded === undefined || mayBecome(recorded, asked)) return asked;
    throw cannotBecome(name, recorded, asked);
  }
  if (recorded === "fork") return recorded;
  if (unclear !== undefined) throw nobodySays(unclear);
  if (recorded === undefined || usual === undefined || !isStricter(usual, recorded)) return recorded;
  if (mayBecome(recorded, usual)) return usual;
  throw new BerthError(
    `${name.namespace} was deployed as ${recorded}, and the platform's default (trust.default) is ${usual} now, which it cannot become: what it keeps in databases and volumes was written by code that may have had secrets`,
    {
      fix: `deploy it with --trust ${recorded} if its code is that; else run \`berth destroy ${name.namespace}\` first, then deploy it again.`,
      exitCode: ExitCode.usage,
    },
  );
}

function cannotBecome(name: EnvironmentName, recorded: TrustTier, asked: TrustTier): BerthError {
  return new BerthError(
    asked === "fork"
      ? `${name.namespace} was deployed with --trust ${recorded} and cannot become a fork's: what it keeps in databases and volumes was written by code that may have had secrets`
      : `${name.namespace} is a fork's and cannot be deployed with --trust ${asked}: its databases and volumes hold what the fork's code has written, and its pods would run on while egress and secrets come`,
    {
      fix: `run \`berth destroy ${name.namespace}\` first, then deploy it with --trust ${asked}.`,
      exitCode: ExitCode.usage,
    },
  );
}

function nobodySays(unclear: string): BerthError {
  return new BerthError(
    `${unclear} does not say whose code is deployed; accepted without --trust: push, and what names a pull request with its repository, such as pull_request`,
    {
      fix: `say with --trust ${TRUST_TIER} whose code it is: fork unless somebody with the right to push has written or read this commit.`,
      exitCode: ExitCode.usage,
    },
  );
}

/** Settles the tier of a deploy's `berth:pr` by what cluster and platform say; see {@link settleTrust}. */
export async function withTrust(
  target: Target,
  kube: Kube,
  name: EnvironmentName,
  pr: PrConfig,
  unclear: string | undefined,
): Promise<PrConfig> {
  const recorded = await recordedTrust(kube, name);
  const usual = pr.trust === undefined && recorded !== undefined ? await usualTrust(target) : undefined;
  const trust = settleTrust(name, { asked: pr.trust, unclear, usual, recorded });
  return trust === undefined ? pr : { ...pr, trust };
}

/** `berth:pr` of the last deploy, with the tier that the environment has: what repeats it must not change that. */
export async function withRecordedTrust(kube: Kube, name: EnvironmentName, pr: PrConfig): Promise<PrConfig> {
  const trust = (await recordedTrust(kube, name)) ?? pr.trust;
  return trust === undefined ? pr : { ...pr, trust };
}

/** What the environment's namespace says, unless it is on its way out. */
async function recordedTrust(kube: Kube, name: EnvironmentName): Promise<TrustTier | undefined> {
  const namespace = await kube.find<KubeObject>(`/api/v1/namespaces/${name.namespace}`);
  if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return undefined;
  return trustOf(namespace) ?? UNSAID;
}

/** The platform's default: from its settings where they are at hand, else from its stack. */
async function usualTrust(target: Target): Promise<TrustTier | undefined> {
  if (target.platform !== undefined) return parsePlatform(target.platform).trust.default;
  const said = (await platformOutputs(target))?.["trust"] as { default?: unknown } | undefined;
  return TRUST_TIERS.find((tier) => tier === said?.default);
}
