import type { EngineResult } from "./engine";
import { BerthError, diskFull, ExitCode } from "./errors";
import { KubeError, type Kube } from "./kube";
import type { Target } from "./target";

/** What went wrong in the engine, as far as the lifecycle reacts to it. */
export type EngineFailure = "locked" | "no-stack" | "other";

/** The engine's own words for why it failed: diagnostics first, else what it wrote to standard error. */
export function failureText(result: EngineResult): string {
  const text = result.summary.errors.length > 0 ? result.summary.errors.join("\n") : result.stderr;
  return text.replaceAll(/^error: /gm, "").trim() || `pulumi ended with code ${String(result.code)}`;
}

/** Which of the known failures this is. */
export function classify(result: EngineResult): EngineFailure {
  const text = textOf(result);
  if (text.includes("the stack is currently locked by")) return "locked";
  if (/no stack named '.*' found/.test(text)) return "no-stack";
  return "other";
}

/** What programs say when nothing answers them. */
const NO_ANSWER = /(?:unreachable|connection refused|no route to host|i\/o timeout)[^\n]*/i;

/** The API server's words for a right that nobody has given. */
const MISSING_RIGHT = /cannot (\w+) resource "([^"]+)" in API group "[^"]*" in the namespace "([^"]+)"/;

function missingRightOf([, verb = "", resource = "", namespace = ""]: RegExpExecArray): BerthError {
  return new BerthError(`you have no right to ${verb} ${resource} in the namespace ${namespace}`, {
    fix: "deploy once more: a deploy gives deployers their rights in an environment first, and the API server may learn of them a moment later. If that does not help, have an administrator of the cluster run the command, or bring the platform up to date (`pulumi up --stack platform`).",
    exitCode: ExitCode.prerequisite,
  });
}

/** The error with a fix for whoever was refused something in a namespace for want of a right; undefined for another refusal. */
export function missingRight(refusal: string): BerthError | undefined {
  const match = MISSING_RIGHT.exec(refusal);
  return match ? missingRightOf(match) : undefined;
}

interface Known {
  readonly pattern: RegExp;
  readonly make: (target: Target, match: RegExpExecArray, result: EngineResult) => BerthError;
}

const known: readonly Known[] = [
  {
    pattern: /no space left on device|disk quota exceeded/i,
    make: (target, _match, result) => diskFull(target.workDir, result.stderr),
  },
  {
    pattern: /incorrect passphrase|passphrase must be set|unable to find either `?PULUMI_CONFIG_PASSPHRASE/i,
    make: (target) =>
      new BerthError(`the passphrase does not open the secrets in the state of ${target.name}`, {
        fix: "set PULUMI_CONFIG_PASSPHRASE_FILE (or PULUMI_CONFIG_PASSPHRASE) to the passphrase that this state was made with; the embedded cluster keeps its own in its state folder.",
        exitCode: ExitCode.prerequisite,
      }),
  },
  {
    pattern:
      /(?:no resource plugin|could not find (?:latest version for )?(?:provider|plugin)|no such plugin|failed to load plugin)[^\n]*/i,
    make: (_target, match) =>
      new BerthError(`the engine lacks a plugin: ${match[0].trim()}`, {
        fix: "run `berth local up`, which installs what the embedded engine needs, or `pulumi plugin install` on a machine with the network.",
        exitCode: ExitCode.prerequisite,
      }),
  },
  {
    // What the engine says when an object that is only read is not there: an original of envFrom.
    pattern: /resource '([a-z0-9-]+)\/([a-z0-9.-]+)' does not exist/,
    make: (_target, [, namespace, name]) =>
      new BerthError(`envFrom names ${name ?? ""}, which does not exist in namespace ${namespace ?? ""}`, {
        fix: "create it there, with values made for previews, or remove it from envFrom. Then deploy again.",
        exitCode: ExitCode.environmentFailed,
      }),
  },
  { pattern: MISSING_RIGHT, make: (_target, match) => missingRightOf(match) },
  {
    pattern: /Cannot find module '([^']+)'/,
    make: (_target, match) =>
      new BerthError(`the program cannot load ${match[1] ?? "a module"}`, {
        fix: "run `npm ci --ignore-scripts` in Berth's folder, then `npm run build`.",
        exitCode: ExitCode.prerequisite,
      }),
  },
  {
    pattern: NO_ANSWER,
    make: (target, match) =>
      new BerthError(`the cluster ${target.name} stopped answering: ${match[0].trim()}`, {
        fix: "see that it runs (`berth local status` for the embedded one), then run the same command again.",
        exitCode: ExitCode.noCluster,
      }),
  },
];

/**
 * The error with a fix for what the machine or the set-up lacks; undefined when the environment itself is at fault.
 *
 * Takes any connection that was refused for one to the cluster; {@link setupErrorOf} tells them apart.
 */
export function setupError(target: Target, result: EngineResult): BerthError | undefined {
  const text = textOf(result);
  for (const { pattern, make } of known) {
    const match = pattern.exec(text);
    if (match) return make(target, match, result);
  }
  return undefined;
}

/**
 * The same, where the engine's words may be those of pods or webhooks, to which a connection was refused: the cluster counts as gone
 * only when the refusal was the API server's own, or it does not answer now.
 */
export async function setupErrorOf(target: Target, kube: Kube, result: EngineResult): Promise<BerthError | undefined> {
  const error = setupError(target, result);
  if (error?.exitCode !== ExitCode.noCluster) return error;
  const { host } = new URL(kube.server);
  const isOfServer = textOf(result)
    .split("\n")
    .some((line) => line.includes(host) && NO_ANSWER.test(line));
  return isOfServer || !(await answers(kube)) ? error : undefined;
}

/** Whether the API server answers, be it with a refusal. */
async function answers(kube: Kube): Promise<boolean> {
  try {
    await kube.get("/version", { timeout: 5_000 });
    return true;
  } catch (error) {
    return error instanceof KubeError;
  }
}

function textOf(result: EngineResult): string {
  return `${result.stderr}\n${result.summary.errors.join("\n")}`;
}
