import { absent } from "./absent";
import { runEngine } from "./engine";
import type { EnvironmentName } from "./naming";
import { runIdFor } from "./run-id";
import type { Target } from "./target";
import { engineFailed } from "./update";
import { writeProject } from "./workspace";

/** Who may open an environment's URL. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * Reads an environment's login from its stack, where it is encrypted. Nothing else of Berth prints it.
 *
 * @returns null when the environment's access mode knows no login.
 * @throws BerthError (usage) when there is no such environment; the engine's own failure, such as a wrong passphrase.
 */
export async function readLogin(target: Target, name: EnvironmentName): Promise<Login | null> {
  await writeProject(target);
  const args = ["stack", "output", "--json", "--show-secrets", "--stack", name.stack];
  const result = await runEngine(target, args, { runId: runIdFor(target, name.stack) });
  if (/no stack named '.*' found/.test(result.stderr)) throw absent(target, name);
  if (result.code !== 0) throw engineFailed(target, name.stack, result);
  return (JSON.parse(result.stdout) as { login?: Login | null }).login ?? null;
}
