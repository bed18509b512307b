import { createHash } from "node:crypto";
import { join } from "node:path";
import { platformFactsSchema, subjectText, type PlatformFacts } from "../config/platform";
import { platformOutputs } from "./platform";
import { isObject, type Pack } from "./policies";
import type { Target } from "./target";
import { writeWhole } from "./workspace";

/*
 * What the platform knows takes the place of rules' own defaults, in the pack as in the API server: else one would refuse what the other
 * lets through.
 */

/** What rules take from the platform. A platform from before does not tell all of it. */
const knownSchema = platformFactsSchema
  .pick({ deployers: true, egressHosts: true, operators: true, privateEgress: true })
  .partial();
type Known = Partial<Pick<PlatformFacts, "deployers" | "egressHosts" | "operators" | "privateEgress">>;

/** Parameters of rules, by rule; none where the platform does not say. */
function parametersOf({ deployers, egressHosts, operators, privateEgress }: Known): Record<string, object> {
  const who = deployers && { deployers: deployers.subjects.map(subjectText) };
  const apiServer = operators?.cloudnativePg?.apiServerCidrs;
  return {
    ...(who && { "previews-touch-no-platform": who, "tier-without-privileges": who }),
    ...(egressHosts && { "host-rules-need-a-cni": { cni: egressHosts === "proxy" ? "none" : egressHosts } }),
    ...(privateEgress && { "no-reserved-egress": { permitted: privateEgress, ...(apiServer && { apiServer }) } }),
  };
}

/**
 * The config of a pack with what the platform knows, for the rules that the pack has. What the config says itself stays.
 *
 * @param outputs those of the platform's stack
 */
export function settingsWith({ rules, settings }: Pick<Pack, "rules" | "settings">, outputs: unknown): object {
  const known = knownSchema.safeParse(outputs);
  if (!known.success) return settings;
  const added = Object.entries(parametersOf(known.data)).filter(([rule]) => rules.some(({ name }) => name === rule));
  return {
    ...settings,
    ...Object.fromEntries(
      added.map(([rule, parameters]) => {
        const given = settings[rule];
        if (isObject(given)) return [rule, { ...parameters, ...given }];
        return [rule, given === undefined ? parameters : { enforcementLevel: given, ...parameters }];
      }),
    ),
  };
}

/**
 * Has the pack judge by what the platform knows. The config that says so stands in the target's work folder, named by its content.
 *
 * @throws Error when it cannot be written
 */
export async function withPlatform(target: Target, pack: Pack): Promise<Pack> {
  const text = JSON.stringify(settingsWith(pack, await platformOutputs(target)), null, 2);
  if (text === JSON.stringify(pack.settings, null, 2)) return pack;
  const print = createHash("sha256").update(pack.print).update(text).digest("hex");
  const config = join(target.workDir, `policies-${print.slice(0, 12)}.json`);
  await writeWhole(config, text);
  return { ...pack, config, print };
}
