import { ACCESS_MODES } from "../access";
import type { AccessMode } from "../access";
import { USUAL_VERSIONS, sortVersions } from "../databases";
import type { Engine } from "../databases";
import type { TrustLimits, TrustTier } from "../trust";
import type { PlatformConfig } from "./schema";

/** The version of an engine that a config gets when it names none; undefined when the platform offers none. */
export function defaultVersion(
  engine: Engine,
  { images, defaultVersions }: Pick<PlatformConfig, "images" | "defaultVersions">,
): string | undefined {
  const offered = sortVersions(Object.keys(images[engine]));
  return defaultVersions[engine] ?? offered.find((one) => one === USUAL_VERSIONS[engine]) ?? offered.at(-1);
}

/** Access modes that configs may name: those that are accepted and that the gateway can keep. */
export function acceptedModes({
  gateway,
  access,
  oauth,
}: Pick<PlatformConfig, "gateway" | "access" | "oauth">): AccessMode[] {
  const wanted = access.accepted ?? ACCESS_MODES;
  const kept: Record<AccessMode, boolean> = {
    public: true,
    basic: gateway.mode !== "existing",
    oidc: gateway.mode !== "existing" && oauth?.oidc !== undefined,
  };
  return ACCESS_MODES.filter((mode) => wanted.includes(mode) && kept[mode]);
}

/** What environments of each tier may have. */
export function trustLimits({
  trust: { internal, fork },
}: Pick<PlatformConfig, "trust">): Record<TrustTier, TrustLimits> {
  const all = { secrets: true, egress: true, privileges: true, images: null, quota: null };
  return {
    trusted: all,
    internal: { ...all, secrets: internal.secrets, egress: internal.egress, quota: internal.quota ?? null },
    fork: { secrets: false, egress: false, privileges: false, images: fork.images, quota: fork.quota },
  };
}
