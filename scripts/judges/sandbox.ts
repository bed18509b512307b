import { LocalError } from "../../local/errors";
import { runLines } from "../../local/toolchain/process";

/**
 * Runs a program in a network namespace that has no way out: what a scanner judges by is what was installed, and it tells nobody about it.
 *
 * @param accepted exit codes of a run that came to its end
 * @returns standard output
 * @throws LocalError with the last lines of standard error on any other exit code
 */
export async function withoutNetwork(program: string, args: readonly string[], accepted: number[]): Promise<string> {
  const output: string[] = [];
  const messages: string[] = [];
  const { code } = await runLines(
    "unshare",
    ["--map-root-user", "--net", program, ...args],
    {},
    (line) => output.push(line),
    (line) => messages.push(line),
  );
  if (code !== null && accepted.includes(code)) return output.join("\n");
  throw new LocalError({
    message: `${program} ended with ${code ?? "a signal"}:\n${messages.slice(-12).join("\n")}`,
    fix: "Run it by hand; the folder of installed scanners below the cache can be removed at any time.",
    exitCode: 1,
  });
}
