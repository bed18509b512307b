// Runs every suite and prints last the line `N passed, N failed` that sums them. A suite that cannot run counts as a
// failure; one that is left out is named.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ensureDependencies, nodejs, root } from "./dependencies.mjs";

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
  unit: mocha("{bench,cli,components,config,lifecycle,local,scripts,stacks}/**/*.spec.ts", "test/support/**/*.spec.ts"),
  golden: mocha("test/golden/**/*.spec.ts"),
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
    `usage: npm test -- [SUITE…] [--without SUITE,SUITE] [--grep TEXT]\nsuites: ${Object.keys(suites).join(", ")} (default: all)`,
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
const chosen = (positionals.length > 0 ? positionals : Object.keys(suites)).filter((name) => !without.includes(name));

ensureDependencies();
const scratch = mkdtempSync(join(tmpdir(), "berth-test-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

function run(command, args, settings = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: "inherit", ...settings });
  if (result.error) console.error(`error: ${command} did not start: ${result.error.message}`);
  return result;
}

function runCommands(commands) {
  let failed = 0;
  for (const [title, script, ...args] of commands) {
    const ok = run(nodejs, [script, ...args]).status === 0;
    console.log(`  ${ok ? "✔" : "✘"} ${title}`);
    if (!ok) failed++;
  }
  return { passed: commands.length - failed, failed };
}

/** Runs a program that writes its counts to the file that BERTH_TEST_COUNTS names. */
function runCounted(name, args) {
  const file = join(scratch, `${name}.json`);
  const { status } = run(nodejs, args, { env: { ...process.env, BERTH_TEST_COUNTS: file } });
  if (!existsSync(file)) return { passed: 0, failed: 1 };
  const { passed, failed } = JSON.parse(readFileSync(file, "utf8"));
  const empty = passed + failed === 0 && !options.grep;
  if (empty) console.error(`error: the suite ${name} holds no test`);
  return { passed, failed: failed === 0 && (status !== 0 || empty) ? 1 : failed };
}

function runMocha(name, patterns) {
  const args = ["node_modules/mocha/bin/mocha.js", "--require", "tsx/cjs", "--reporter", "scripts/mocha-reporter.cjs"];
  args.push("--forbid-only", "--forbid-pending", "--exit", ...(options.grep ? ["--grep", options.grep] : []));
  if (["engine", "node", "browser"].includes(name))
    args.push("--require", "test/support/hooks.ts", "--timeout", "300000", "--retries", "1");
  else args.push("--timeout", "20000");
  return runCounted(name, [...args, ...patterns]);
}

function runSuite(name) {
  const suite = suites[name];
  if (suite.commands) return runCommands(suite.commands);
  if (suite.script) return runCounted(name, ["--require", "tsx/cjs", suite.script]);
  return runMocha(name, suite.mocha);
}

const results = [];
const needsNode = ["example", "node", "browser"].some((name) => chosen.includes(name));
if (needsNode || chosen.includes("engine")) {
  if (needsNode) ensureDependencies(join(root, "examples/guestbook"));
  // Imported only now: it needs a package.
  const { ensureBuilt } = await import("./build.mjs");
  await ensureBuilt();
  const args = ["--require", "tsx/cjs", "scripts/set-up.ts"];
  if (!needsNode) args.push("--engine-only");
  const ok = run(nodejs, args).status === 0;
  results.push({ name: "set-up", passed: ok ? 1 : 0, failed: ok ? 0 : 1, seconds: 0 });
}
for (const name of chosen) {
  console.log(`\n── ${name} ──`);
  const started = Date.now();
  results.push({ name, ...runSuite(name), seconds: Math.round((Date.now() - started) / 1000) });
}

console.log("");
for (const { name, passed, failed, seconds } of results) {
  console.log(`${name.padEnd(8)} ${passed} passed, ${failed} failed (${seconds} s)`);
}
for (const name of without) console.log(`${name.padEnd(8)} left out (--without ${name})`);
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exitCode = sum("failed") === 0 ? 0 : 1;
