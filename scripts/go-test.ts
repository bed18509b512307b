import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { findGo, goEnvironment } from "../local/toolchain/go";
import { BUILD_FLAGS } from "../local/toolchain/parts";

/*
 * Runs the Go module's tests and writes the counts as JSON to the file that BERTH_TEST_COUNTS names. With the flags of the
 * toolchain's build, so that what that compiled is not compiled again, and without vet, which would analyse all
 * of Kubernetes first.
 */

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
  const child = spawn(go.command, ["test", "-vet=off", ...BUILD_FLAGS, "-json", "./..."], {
    cwd: module,
    env: goEnvironment(process.env, go.arch),
    stdio: ["ignore", "pipe", "inherit"],
  });
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
  await writeFile(counts, JSON.stringify({ passed, failed: failed === 0 && code !== 0 ? 1 : failed }));
  return code;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  },
);
