import { readFileSync } from "node:fs";
import type { TrustTier } from "../config/trust";
import { BerthError, ExitCode, messageOf } from "../lifecycle/errors";

/** What a payload of GitHub Actions says of where a pull request comes from. */
interface Event {
  readonly repository?: { readonly full_name?: string };
  readonly pull_request?: {
    readonly head?: { readonly repo?: { readonly full_name?: string } | null };
    readonly base?: { readonly repo?: { readonly full_name?: string } };
  };
  readonly workflow_run?: { readonly head_repository?: { readonly full_name?: string } | null };
}

/**
 * The tier of what a workflow of GitHub Actions runs for: `fork` when the event's pull request, or the run that it follows, comes from
 * another repository, or from one that is gone. GitHub writes the payload, no file of the pull request does. So that a workflow that
 * forgets `--trust` gives a fork nothing.
 *
 * @param env environment variables: GITHUB_ACTIONS and GITHUB_EVENT_PATH, as GitHub's runner sets them
 * @returns undefined outside of GitHub Actions and for every other event
 * @throws BerthError (prerequisite) when the payload cannot be read, since nobody then knows whose code it is
 */
export function trustOfEvent(env: Readonly<Record<string, string | undefined>>): TrustTier | undefined {
  const path = env["GITHUB_EVENT_PATH"];
  if (env["GITHUB_ACTIONS"] !== "true" || !path) return undefined;
  let event: Event;
  try {
    event = JSON.parse(readFileSync(path, "utf8")) as Event;
  } catch (error) {
    throw new BerthError(
      `the event of this workflow (GITHUB_EVENT_PATH, ${path}) cannot be read: ${messageOf(error)}`,
      {
        fix: "say with --trust trusted, internal or fork whose code it is.",
        exitCode: ExitCode.prerequisite,
        cause: error,
      },
    );
  }
  const { pull_request: pull, workflow_run: run } = event;
  const [from, to] = pull
    ? [pull.head?.repo?.full_name, pull.base?.repo?.full_name]
    : run
      ? [run.head_repository?.full_name, event.repository?.full_name]
      : [];
  if (!pull && !run) return undefined;
  return from === undefined || from !== to ? "fork" : undefined;
}
