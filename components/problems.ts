import * as pulumi from "@pulumi/pulumi";

/** One argument of a component that cannot be, or does not go with the others. */
export interface InvalidProperty {
  /** Place as one would write it, such as `spec.instanceTypes[0]`. */
  propertyPath: string;
  /** Value, what is accepted and the fix, in one sentence or two. */
  reason: string;
}

/** The same problems, seen from whoever passed the arguments on under a property of their own. */
export function under(prefix: string, problems: readonly InvalidProperty[]): InvalidProperty[] {
  return problems.map(({ propertyPath, reason }) => ({
    propertyPath: propertyPath.startsWith("[") ? `${prefix}${propertyPath}` : `${prefix}.${propertyPath}`,
    reason,
  }));
}

/**
 * Ends the construction of a component whose arguments cannot be.
 *
 * @param message what cannot be made
 * @throws pulumi.InputPropertiesError with all problems, unless there is none
 */
export function throwIfInvalid(message: string, problems: readonly InvalidProperty[]): void {
  if (problems.length > 0) throw new pulumi.InputPropertiesError({ message, errors: [...problems] });
}
