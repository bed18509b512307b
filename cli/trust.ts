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
  readonly workflow_run?: {
    readonly event?: string;
    readonly head_repository?: { readonly full_name?: string } | null;
  };
  readonly issue?: { readonly pull_request?: unknown };
}

/** What is known of whose code is deployed. */
export interface EventTrust {
  /** The tier that follows. @default left open: what the environment is, else the platform's default */
  readonly trust?: TrustTier;
  /** What does not say whose code it is, such as `the event workflow_dispatch of GitHub Actions`. @default it is said */
  readonly unclear?: string;
}

/** Events after which the head of a run is the code of the repository that `head_repository` names. */
const CLEAR_RUNS = ["push", "pull_request"];

/**
 * What the event of a workflow of GitHub Actions says of whose code it runs for. `fork` when its pull request, or the run that it follows,
 * comes from another repository, or from one that is gone, and for what is said of a pull request without naming its repository, such as a
 * comment. GitHub writes the payload, no file of the pull request does. Left open for the repository's own pull requests and pushes. Every
 * other event is unclear: a workflow that somebody starts by hand may check out whatever it is told. So that a workflow that forgets
 * `--trust` gives a fork nothing.
 *
 * @param env environment variables: GITHUB_ACTIONS, GITHUB_EVENT_NAME and GITHUB_EVENT_PATH, as GitHub's runner sets them
 * @returns nothing known outside of GitHub Actions
 * @throws BerthError (prerequisite) when the payload cannot be read, since nobody then knows whose code it is
 */
export function trustOfEvent(env: Readonly<Record<string, string | undefined>>): EventTrust {
  if (env["GITHUB_ACTIONS"] !== "true") return {};
  const { repository, pull_request: pull, workflow_run: run, issue } = readEvent(env["GITHUB_EVENT_PATH"]);
  if (pull) return ofOrigin(pull.head?.repo?.full_name, pull.base?.repo?.full_name);
  if (issue?.pull_request) return { trust: "fork" };
  const event = env["GITHUB_EVENT_NAME"] ?? "";
  if (run) {
    const origin = ofOrigin(run.head_repository?.full_name, repository?.full_name);
    if (origin.trust !== undefined || CLEAR_RUNS.includes(run.event ?? "")) return origin;
    return unclear(`${event} after ${run.event ?? "a run without one"}`);
  }
  return event === "push" ? {} : unclear(event === "" ? "without a name (GITHUB_EVENT_NAME)" : event);
}

function ofOrigin(from: string | undefined, to: string | undefined): EventTrust {
  return from === undefined || from !== to ? { trust: "fork" } : {};
}

function unclear(event: string): EventTrust {
  return { unclear: `the event ${event} of GitHub Actions` };
}

function readEvent(path: string | undefined): Event {
  const fix = "say with --trust trusted, internal or fork whose code it is.";
  if (!path) {
    throw new BerthError(
      "GITHUB_ACTIONS is true, and GITHUB_EVENT_PATH, which names the workflow's event, is not set",
      {
        fix,
        exitCode: ExitCode.prerequisite,
      },
    );
  }
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Event;
  } catch (error) {
    throw new BerthError(
      `the event of this workflow (GITHUB_EVENT_PATH, ${path}) cannot be read: ${messageOf(error)}`,
      { fix, exitCode: ExitCode.prerequisite, cause: error },
    );
  }
}
