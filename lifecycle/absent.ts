import { BerthError, ExitCode } from "./errors";
import type { Kube, KubeObject } from "./kube";
import type { EnvironmentName } from "./naming";
import { isOwned } from "./sweep";
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

/**
 * The namespace of an environment.
 *
 * @throws BerthError (usage) when there is no such environment
 */
export async function findEnvironment(
  kube: Kube,
  target: Pick<Target, "name">,
  name: EnvironmentName,
): Promise<KubeObject> {
  const namespace = await kube.find<KubeObject>(`/api/v1/namespaces/${name.namespace}`);
  if (namespace === undefined || !isOwned(namespace, name)) throw absent(target, name);
  return namespace;
}
