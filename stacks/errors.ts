import * as pulumi from "@pulumi/pulumi";
import { ConfigError } from "../config/problems";

/** Something that whoever runs the stack can correct; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Runs a step of the program so that what the user can correct is told as a message alone, and only a defect of the program
 * itself with a stack trace.
 */
export async function withPlainErrors<Result>(step: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    throw plain(error);
  }
}

/**
 * Runs checks that do not depend on each other, and tells the problems of all of them at once.
 *
 * @throws UsageError with every ConfigError's message
 */
export function checkAll<Results extends Record<string, unknown>>(checks: {
  [Key in keyof Results]: () => Results[Key];
}): Results {
  const problems: string[] = [];
  const results = Object.entries(checks).map(([key, check]) => {
    try {
      return [key, (check as () => unknown)()];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
      return [key, undefined];
    }
  });
  if (problems.length > 0) throw new UsageError(problems.join("\n"));
  return Object.fromEntries(results) as Results;
}

/** The engine shows a RunError's message without a stack trace. */
function plain(error: unknown): unknown {
  if (error instanceof ConfigError || error instanceof UsageError) return new pulumi.RunError(error.message);
  if (pulumi.InputPropertiesError.isInstance(error)) {
    const details = error.errors.map(({ propertyPath, reason }) => `  ${propertyPath}: ${reason}`);
    return new pulumi.RunError([error.message, ...details].join("\n"));
  }
  return error;
}
