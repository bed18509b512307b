import * as policy from "@pulumi/policy";

/*
 * Values that a preview does not know. The package exports both names, but its types leave them out as internal.
 */

interface Internals {
  readonly UnknownValueError: new (sentinel: string, path: readonly string[]) => Error;
  readonly unknownCheckingProxy: <Props extends object>(props: Props) => Props;
}

/**
 * `UnknownValueError` is what reading an unknown value throws, and what tells the engine that a rule could not be decided. `unknownCheckingProxy` wraps inputs as the
 * engine does, so that reading an unknown value throws it.
 */
export const { UnknownValueError, unknownCheckingProxy } = policy as unknown as Internals;
