import type { InvalidProperty } from "../problems";
import type { EksClusterArgs } from "./args";

/** Problems of the plain arguments, with paths relative to them. */
export function validate(_args: EksClusterArgs): InvalidProperty[] {
  return [];
}
