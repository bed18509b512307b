/** An error as the AWS API answers with it. */
export class AwsError extends Error {
  override readonly name = "AwsError";

  /**
   * @param code for example `InvalidSubnet.Conflict`
   * @param text for people
   */
  constructor(
    readonly code: string,
    readonly text: string,
  ) {
    super(`${code}: ${text}`);
  }
}

/** An error by which something that was asked for cannot be made, for ternaries and default values. */
export function fail(code: string, text: string): never {
  throw new AwsError(code, text);
}
