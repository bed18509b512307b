import { environmentName as namespaceOf, MAX_PR_NUMBER, stackName } from "../config/names";
import { BerthError, ExitCode } from "./errors";

/** The Pulumi project of every stack. */
export const pulumiProject = "berth";

/** Every name that follows from a project and a pull request. */
export interface EnvironmentName {
  readonly projectId: string;
  /** The pull request's number. */
  readonly number: number;
  /** The environment, its namespace and its host's first label. */
  readonly namespace: string;
  /** The Pulumi stack. */
  readonly stack: string;
}

const namePattern = /^(.+)-pr-([1-9][0-9]*)$/;

/**
 * The names of one environment.
 *
 * @throws BerthError (usage) for a project or number that gives no DNS label.
 */
export function environmentName(projectId: string, number: number): EnvironmentName {
  try {
    const key = { projectId, number };
    return { projectId, number, namespace: namespaceOf(key), stack: stackName(key) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BerthError(error.message, {
      fix: "correct projectId in berth.yaml (or --project), or the number given with --pr.",
      exitCode: ExitCode.usage,
    });
  }
}

/**
 * The names of the environment that is called `text`, such as `shop-pr-12`.
 *
 * @throws BerthError (usage) when it has another form.
 */
export function parseEnvironmentName(text: string): EnvironmentName {
  const match = namePattern.exec(text);
  const [, projectId, number] = match ?? [];
  if (projectId === undefined || number === undefined) {
    throw new BerthError(`"${text}" is not the name of an environment`, {
      fix: "give it as PROJECT-pr-NUMBER, such as shop-pr-12; `berth list` shows those that exist.",
      exitCode: ExitCode.usage,
    });
  }
  return environmentName(projectId, Number(number));
}

/**
 * Reads `--pr`.
 *
 * @throws BerthError (usage) for anything but decimal digits without a leading zero, or a number that is too high.
 */
export function parsePrNumber(text: string): number {
  const number = /^[1-9][0-9]*$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number) || number > MAX_PR_NUMBER) {
    throw new BerthError(`--pr "${text}" is not the number of a pull request`, {
      fix: `pass its decimal number, from 1 to ${MAX_PR_NUMBER}, such as --pr 12.`,
      exitCode: ExitCode.usage,
    });
  }
  return number;
}
