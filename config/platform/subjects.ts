import type { PlatformFacts } from "./facts";

/** A subject as the rules on bindings write it, such as `ServiceAccount berth-system/berth-deployer`. */
export function subjectText({ kind, name, ...rest }: PlatformFacts["deployers"]["subjects"][number]): string {
  return "namespace" in rest ? `${kind} ${rest.namespace}/${name}` : `${kind} ${name}`;
}
