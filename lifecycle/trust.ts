import { LABEL } from "../config/labels";
import type { PrConfig } from "../config/pr";
import { TRUST_TIERS, mayBecome, type TrustTier } from "../config/trust";
import { BerthError, ExitCode } from "./errors";
import type { Kube, KubeObject } from "./kube";
import type { EnvironmentName } from "./naming";

/** What an environment was taken for before its namespace said it. */
const UNSAID: TrustTier = "internal";

/** The tier that a namespace says. */
export function trustOf({ metadata }: Pick<KubeObject, "metadata">): TrustTier | undefined {
  return TRUST_TIERS.find((tier) => tier === metadata.labels?.[LABEL.trust]);
}

/**
 * Keeps the environment of a fork one: a deploy that says no tier must not give its code more, whatever the platform's default has become.
 * Everything else that says no tier is left to that default.
 *
 * @param recorded what the environment's namespace says; undefined where there is none
 * @throws BerthError (usage) when an environment is asked to become that of a fork, or to be one no more
 */
export function settleTrust(
  name: EnvironmentName,
  asked: TrustTier | undefined,
  recorded: TrustTier | undefined,
): TrustTier | undefined {
  if (recorded === undefined) return asked;
  if (asked === undefined) return recorded === "fork" ? recorded : undefined;
  if (mayBecome(recorded, asked)) return asked;
  throw new BerthError(
    asked === "fork"
      ? `${name.namespace} was deployed with --trust ${recorded} and cannot become a fork's: what it keeps in databases and volumes was written by code that may have had secrets`
      : `${name.namespace} is a fork's and cannot be deployed with --trust ${asked}: its databases and volumes hold what the fork's code has written, and its pods would run on while egress and secrets come`,
    {
      fix: `run \`berth destroy ${name.namespace}\` first, then deploy it with --trust ${asked}.`,
      exitCode: ExitCode.usage,
    },
  );
}

/** Settles the tier of `berth:pr` by what the cluster says of the environment; see {@link settleTrust}. */
export async function withTrust(kube: Kube, name: EnvironmentName, pr: PrConfig): Promise<PrConfig> {
  const namespace = await kube.find<KubeObject>(`/api/v1/namespaces/${name.namespace}`);
  const recorded = namespace && (trustOf(namespace) ?? UNSAID);
  const trust = settleTrust(name, pr.trust, recorded);
  return trust === undefined ? pr : { ...pr, trust };
}
