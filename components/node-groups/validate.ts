import type { InvalidProperty } from "../problems";
import type { NodeGroupsArgs } from "./args";

/** Finds what is wrong with the arguments of a pool. */
export function validate(_args: NodeGroupsArgs): InvalidProperty[] {
  return [];
}
