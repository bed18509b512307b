import { PLATFORM_STACK, parseStackName } from "../config/names";
import { UsageError } from "./errors";

/** What a stack can be. */
export const ROLES = ["cluster", "platform", "github", "pr"] as const;

/** Role of a stack. */
export type Role = (typeof ROLES)[number];

/** What comes after `cluster-` and `github-`: lower-case letters, digits and dashes, none at either end. */
const SUFFIX = "[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?";

/** Which stacks a role may have. */
const NAMES: Record<Role, { matches: (stack: string) => boolean; called: string }> = {
  cluster: { matches: (stack) => CLUSTER.test(stack), called: "a cluster's stack is called cluster or cluster-<name>" },
  platform: {
    matches: (stack) => stack === PLATFORM_STACK,
    called: `the platform's stack is called ${PLATFORM_STACK}`,
  },
  github: {
    matches: (stack) => GITHUB.test(stack),
    called: "the stack of GitHub repositories is called github or github-<name>",
  },
  pr: {
    matches: (stack) => parseStackName(stack) !== undefined,
    called: "a pull request's stack is called pr-<projectId>-<number>",
  },
};

const CLUSTER = new RegExp(`^cluster(?:-${SUFFIX})?$`);
const GITHUB = new RegExp(`^github(?:-${SUFFIX})?$`);

/**
 * Checks that a stack is what its name says, so that no pull request's stack ever makes what all share.
 *
 * @param role the value of `berth:role`
 * @param stack the stack's name
 * @throws UsageError when the role is unknown, or does not fit the name
 */
export function checkRole(role: string | undefined, stack: string): Role {
  const known = ROLES.find((candidate) => candidate === role);
  const fitting = ROLES.find((candidate) => NAMES[candidate].matches(stack));
  if (known === undefined) {
    throw new UsageError(
      `berth:role is ${role === undefined ? "missing" : `"${role}"`}; accepted: ${ROLES.join(", ")}. ` +
        `Set it: pulumi config set berth:role ${fitting ?? "ROLE"}`,
    );
  }
  if (fitting === known) return known;
  throw new UsageError(
    `Stack "${stack}" cannot have role ${known}: ${NAMES[known].called}. Select the right stack, or correct berth:role.`,
  );
}
