import { BerthError, ExitCode } from "./errors";
import type { EnvironmentName } from "./naming";
import type { Target } from "./target";

/**
 * What is said of an environment that is not there.
 *
 * @param more further sentences, each with a space before it. @default none
 */
export function absent(target: Pick<Target, "name">, name: EnvironmentName, more = ""): BerthError {
  return new BerthError(`there is no environment ${name.namespace} on ${target.name}${more === "" ? "" : `.${more}`}`, {
    fix: "`berth list` shows those that exist.",
    exitCode: ExitCode.usage,
  });
}
