import type { InvalidProperty } from "../problems";
import type { NetworkArgs } from "./args";

/** Finds what is wrong with the arguments of a network. */
export function validate(_args: NetworkArgs): InvalidProperty[] {
  return [];
}
