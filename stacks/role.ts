import { PLATFORM_STACK, parseStackName } from "../config/names";
import { UsageError } from "./errors";

/** What a stack can be. Clusters and GitHub repositories will be roles too. */
export const ROLES = ["platform", "pr"] as const;

/** Role of a stack. */
export type Role = (typeof ROLES)[number];

/**
 * Checks that a stack is what its name says, so that no pull request's stack ever makes what all share.
 *
 * @param role the value of `berth:role`
 * @param stack the stack's name
 * @throws UsageError when the role is unknown, or does not fit the name
 */
export function checkRole(role: string | undefined, stack: string): Role {
  const known = ROLES.find((candidate) => candidate === role);
  if (known === undefined) {
    throw new UsageError(
      `berth:role is ${role === undefined ? "missing" : `"${role}"`}; accepted: ${ROLES.join(", ")}. ` +
        `Set it: pulumi config set berth:role ${ROLES.includes(roleOf(stack) as Role) ? (roleOf(stack) ?? "") : "ROLE"}`,
    );
  }
  if (roleOf(stack) === known) return known;
  throw new UsageError(
    `Stack "${stack}" cannot have role ${known}: ` +
      (known === "platform"
        ? `the platform's stack is called ${PLATFORM_STACK}.`
        : "a pull request's stack is called pr-<projectId>-<number>.") +
      " Select the right stack, or correct berth:role.",
  );
}

function roleOf(stack: string): Role | undefined {
  if (stack === PLATFORM_STACK) return "platform";
  return parseStackName(stack) === undefined ? undefined : "pr";
}
