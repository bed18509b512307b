/** Most nonces that one environment may have in use: more log-ins in ten minutes are no people. */
const MOST_PER_ENVIRONMENT = 1000;

/**
 * Remembers nonces until their states expire.
 *
 * It is in memory of the one process there is. A state from before the process's start is refused ({@link take}), so that a restart
 * does not make a used state good again.
 */
export class Nonces {
  private readonly used = new Map<string, Map<string, number>>();

  /** @param since when this process began, in seconds since 1970 */
  constructor(private readonly since: number) {}

  /**
   * Takes the nonce of a verified state.
   *
   * @param now seconds since 1970
   * @returns what speaks against it: taken before, older than this process, or too many at once
   */
  take(
    { env, nonce, iat, exp }: { env: string; nonce: string; iat: number; exp: number },
    now: number,
  ): "taken" | "replayed" | "older" | "crowded" {
    if (iat < this.since) return "older";
    this.forget(now);
    const ofEnvironment = this.used.get(env) ?? new Map<string, number>();
    if (ofEnvironment.has(nonce)) return "replayed";
    if (ofEnvironment.size >= MOST_PER_ENVIRONMENT) return "crowded";
    this.used.set(env, ofEnvironment.set(nonce, exp));
    return "taken";
  }

  private forget(now: number): void {
    for (const [environment, nonces] of this.used) {
      for (const [nonce, exp] of nonces) if (exp <= now) nonces.delete(nonce);
      if (nonces.size === 0) this.used.delete(environment);
    }
  }
}
