import { createHash } from "node:crypto";

import type { CheckRequest } from "./types";

/**
 * A physical name for a resource whose program gives none: the logical name and seven hexadecimal digits, as Pulumi's
 * bridged providers make it, so that two resources of one name do not collide. An old name is kept by the caller.
 *
 * @param request names, seed and the wishes of the stack's config
 * @param maximum longest name that the API takes
 * @throws Error when the stack's config forbids generated names
 */
export function autoname(
  { name, randomSeed, autonaming }: Pick<CheckRequest, "name" | "randomSeed" | "autonaming">,
  maximum = 255,
): string {
  if (autonaming?.mode === "disable")
    throw new Error(`a name is required for "${name}", because the stack's config turns generated names off`);
  if (autonaming) return autonaming.proposedName;
  const digits = createHash("sha256").update(randomSeed).update(name).digest("hex").slice(0, 7);
  return `${name.slice(0, Math.max(0, maximum - digits.length - 1))}-${digits}`;
}
