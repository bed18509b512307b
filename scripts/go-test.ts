import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { findGo, goEnvironment } from "../local/toolchain/go";
import { BUILD_FLAGS } from "../local/toolchain/parts";

/*
 * Runs the tests of the Go module and of images' own programs, and writes the counts as JSON to the file that BERTH_TEST_COUNTS names.
 * With the flags of the toolchain's build, so that what that compiled is not compiled again, and without vet, which would analyse all
 * of Kubernetes first.
 */

/** Programs of one file that belong to no module (local/images/recipes/go-file.ts). */
const PROGRAMS = ["../local/images/canary"];

/** A line of `go test -json`, see `go doc test2json`. */
interface TestEvent {
  Action: string;
  Test?: string;
  Package?: string;
  Output?: string;
  Elapsed?: number;
}

async function main(): Promise<number> {
  const counts = process.env["BERTH_TEST_COUNTS"];
  if (!counts) throw new Error("BERTH_TEST_COUNTS is not set: accepted is the path of a file to write");
  const module = resolve(__dirname, "../local/go");
  const go = await findGo(await readFile(resolve(module, "go.mod"), "utf8"));
  const env = goEnvironment(process.env, go.arch);
  const found = [await runTests(go.command, module, [...BUILD_FLAGS, "./..."], env)];
  for (const program of PROGRAMS)
    found.push(
      await runTests(go.command, resolve(__dirname, program), ["."], { ...env, GO111MODULE: "off", GOFLAGS: "" }),
    );
  const [passed, failed] = [sumOf(found.map((each) => each.passed)), sumOf(found.map((each) => each.failed))];
  await writeFile(counts, JSON.stringify({ passed, failed }));
  return failed === 0 ? 0 : 1;
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0);

/** Runs the tests of some packages and prints what came of them. What fails without a test of its own counts as one. */
async function runTests(
  go: string,
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ passed: number; failed: number }> {
  const child = spawn(go, ["test", "-vet=off", "-json", ...args], { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number>((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done(code ?? 1));
  });
  let passed = 0;
  let failed = 0;
  const outputs = new Map<string, string[]>();
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as TestEvent;
    const name = `${event.Package ?? ""} ${event.Test ?? ""}`;
    if (event.Action === "build-output") process.stdout.write(event.Output ?? "");
    if (event.Action === "output") outputs.set(name, [...(outputs.get(name) ?? []), event.Output ?? ""]);
    if (event.Action === "pass" && event.Test) passed++;
    if (event.Action === "pass" && !event.Test) console.log(`  ✔ ${event.Package ?? ""} (${event.Elapsed ?? 0} s)`);
    if (event.Action === "fail") {
      if (event.Test) failed++;
      console.log(`  ✘ ${name}\n${(outputs.get(name) ?? []).join("")}`);
    }
  }
  const code = await ended;
  return { passed, failed: failed === 0 && code !== 0 ? 1 : failed };
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
