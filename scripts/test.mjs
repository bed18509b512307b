// Runs every suite and prints last the line `N passed, N failed` that sums them. A suite that cannot run counts as a
// failure; one that is left out is named.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureDependencies, nodejs, root } from "./dependencies.mjs";
import { abandonedStates, hasClusters, ownState } from "./test-state.mjs";

const mocha = (...patterns) => ({ mocha: patterns });
/** In the order of cost: what is quick and likely to fail comes first. */
const suites = {
  checks: {
    commands: [
      ["type check", "node_modules/typescript/bin/tsc", "--noEmit", "-p", "."],
      ["lint", "node_modules/eslint/bin/eslint.js", "--max-warnings", "0", "."],
      ["format", "node_modules/prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."],
    ],
  },
  unit: mocha(
    "{bench,cli,components,config,lifecycle,local,policies,scripts,services,stacks}/**/*.spec.ts",
    "test/support/**/*.spec.ts",
  ),
  golden: mocha("test/golden/**/*.spec.ts"),
  judges: { script: "scripts/judges/index.ts" },
  go: { script: "scripts/go-test.ts" },
  example: mocha("examples/guestbook/test/**/*.spec.ts"),
  engine: mocha("test/engine/**/*.spec.ts"),
  node: mocha("test/node/**/*.spec.ts"),
  browser: mocha("test/browser/**/*.spec.ts"),
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { without: { type: "string", default: "" }, grep: { type: "string" }, help: { type: "boolean" } },
});
if (options.help) {
  console.log(
    "usage: npm test -- [SUITE…] [--without SUITE,SUITE] [--grep TEXT]\n" +
      `suites: ${Object.keys(suites).join(", ")} (default: all)\n` +
      "Clusters of a run are its own and go with it; with BERTH_STATE=FOLDER they are kept there and used again.",
  );
  process.exit(0);
}
const without = options.without.split(",").filter(Boolean);
for (const name of [...positionals, ...without]) {
  if (!(name in suites)) {
    console.error(`error: no suite "${name}": accepted are ${Object.keys(suites).join(", ")}`);
    process.exit(2);
  }
}
const chosen = Object.keys(suites).filter(
  (name) => (positionals.length === 0 || positionals.includes(name)) && !without.includes(name),
);

ensureDependencies();
const scratch = mkdtempSync(join(tmpdir(), "berth-test-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

/** The signal that asked for the end, if one has. */
let interruptedBy;
/** Programs that run now. */
const running = new Set();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    interruptedBy ??= signal;
    // A terminal's Ctrl-C has reached the child already.
    if (signal !== "SIGINT" || !process.stdin.isTTY) for (const child of running) child.kill(signal);
  });
}

/**
 * Runs a program to its end and gives its exit code; null after a signal, or when it did not start. A watched one has a
 * channel that closes when this process is killed, so that it can end too. `output` is a file for what it prints.
 */
async function run(args, { env = {}, watched = false, output = "inherit" } = {}) {
  const stdio = ["inherit", output, output, ...(watched ? ["ipc"] : [])];
  const child = spawn(nodejs, args, { cwd: root, stdio, env: { ...process.env, ...env } });
  running.add(child);
  try {
    const [code] = await once(child, "close");
    return code;
  } catch (error) {
    console.error(`error: ${nodejs} did not start: ${error.message}`);
    return null;
  } finally {
    running.delete(child);
  }
}

async function runCommands(commands) {
  let failed = 0;
  for (const [title, ...args] of commands) {
    const ok = (await run(args)) === 0;
    console.log(`  ${ok ? "✔" : "✘"} ${title}`);
    if (!ok) failed++;
  }
  return { passed: commands.length - failed, failed };
}

/** Runs a program that writes its counts to the file that BERTH_TEST_COUNTS names. */
async function runCounted(name, args, how = {}) {
  const file = join(scratch, `${name}.json`);
  const status = await run(args, { ...how, env: { BERTH_TEST_COUNTS: file } });
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const { passed, failed, details = [] } = JSON.parse(readFileSync(file, "utf8"));
  const empty = passed + failed === 0 && !options.grep;
  if (empty) console.error(`error: the suite ${name} holds no test`);
  return { passed, failed: failed === 0 && (status !== 0 || empty) ? 1 : failed, details };
}

function runMocha(name, patterns, output) {
  const args = ["node_modules/mocha/bin/mocha.js", "--require", "tsx/cjs", "--reporter", "scripts/mocha-reporter.cjs"];
  args.push("--forbid-only", "--forbid-pending", "--exit", ...(options.grep ? ["--grep", options.grep] : []));
  const watched = ["engine", "node", "browser"].includes(name);
  if (watched) args.push("--require", "test/support/hooks.ts", "--timeout", "300000", "--retries", "1");
  else args.push("--timeout", "20000");
  return runCounted(name, [...args, ...patterns], { watched, output });
}

function runSuite(name, output) {
  const suite = suites[name];
  if (suite.commands) return runCommands(suite.commands);
  if (suite.script) return runCounted(name, ["--require", "tsx/cjs", suite.script]);
  return runMocha(name, suite.mocha, output);
}

/** Takes down every cluster of a state folder and removes the folder. */
async function tearDown(state) {
  const down = ["dist/cli/berth.js", "local", "down", "--all", "--delete-data"];
  const ok = !hasClusters(state) || (await run(down, { env: { BERTH_STATE: state } })) === 0;
  if (ok) rmSync(state, { recursive: true, force: true });
  else console.error(`error: ${state} still holds clusters\nfix: BERTH_STATE=${state} bin/berth.mjs local down --all`);
  return { name: "clean-up", passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
}

const results = [];
/** Runs a part unless the end was asked for, and notes its result and how long it took. */
async function part(name, work) {
  if (interruptedBy) return;
  const started = Date.now();
  results.push({ name, ...(await work()), seconds: Math.round((Date.now() - started) / 1000) });
}

const needsNode = ["example", "node", "browser"].some((name) => chosen.includes(name));
const keepsState = process.env.BERTH_STATE !== undefined;
if (needsNode || chosen.includes("engine")) {
  if (needsNode) ensureDependencies(join(root, "examples/guestbook"));
  // Imported only now: it needs a package.
  const { ensureBuilt } = await import("./build.mjs");
  await ensureBuilt();
  process.env.BERTH_STATE ??= ownState;
  await part("set-up", async () => {
    for (const state of abandonedStates()) await tearDown(state);
    const args = ["--require", "tsx/cjs", "scripts/set-up.ts"];
    if (!needsNode) args.push("--engine-only");
    const ok = (await run(args)) === 0;
    return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
  });
}
/** Runs while the engine's suite does: each waits more than it computes, and they share no cluster. */
const aside = chosen.includes("engine") && chosen.includes("node") ? "node" : undefined;
const asideLog = join(scratch, `${aside}.log`);
let asideDone;
for (const name of chosen) {
  if (name === aside) {
    await asideDone;
    if (existsSync(asideLog)) console.log(`\n── ${name} ──\n${readFileSync(asideLog, "utf8")}`);
    continue;
  }
  if (!interruptedBy) {
    const withAside = name === "engine" && aside !== undefined;
    console.log(`\n── ${name} ──${withAside ? ` (${aside} runs at the same time; what it prints follows)` : ""}`);
    if (withAside) asideDone = part(aside, () => runSuite(aside, openSync(asideLog, "w")));
  }
  await part(name, () => runSuite(name));
}
if (!keepsState && existsSync(ownState)) {
  const started = Date.now();
  results.push({ ...(await tearDown(ownState)), seconds: Math.round((Date.now() - started) / 1000) });
}

/** Of each failure; a log of an hour is often kept by its end alone. */
const DETAIL_LINES = 40;
for (const { name, details = [] } of results) {
  for (const detail of details) console.log(`\n${name} ${detail.split("\n").slice(0, DETAIL_LINES).join("\n")}`);
}

console.log("");
for (const { name, passed, failed, seconds } of results) {
  console.log(`${name.padEnd(8)} ${passed} passed, ${failed} failed (${seconds} s)`);
}
for (const name of without) console.log(`${name.padEnd(8)} left out (--without ${name})`);
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
if (interruptedBy) console.error(`interrupted by ${interruptedBy}`);
process.exitCode = interruptedBy ? 130 : sum("failed") === 0 ? 0 : 1;
