import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { HOST_PLATFORM } from "../test/support/samples";
import { summarise, type Series } from "./statistics";

/*
 * How long Node takes to load the program and to register the platform stack, compiled by esbuild beforehand or by tsx on the fly.
 * The resources go to a monitor that accepts everything, so that neither engine nor cluster is in the figure.
 */

const root = resolve(__dirname, "..");

/** Runs a stack's program as Pulumi's runner does: settings first, then the entry point. */
const harness = `
const pulumi = require("@pulumi/pulumi");
const [entry, platform] = process.argv.slice(1);
pulumi.runtime.setAllConfig({ "berth:role": "platform", "berth:platform": platform });
(async () => {
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
    call: ({ token }) => { throw new Error("unexpected call of " + token); },
  }, "berth", "platform", false);
  await pulumi.runtime.runInPulumiStack(require(entry));
  await pulumi.runtime.disconnect();
})().catch((error) => { console.error(error); process.exit(1); });
`;

const subjects = [
  { name: "compiled by esbuild (dist/)", flags: [], entry: "dist/stacks/index.js" },
  { name: "compiled at start by tsx", flags: ["--require", "tsx/cjs"], entry: "stacks/index.ts" },
];

function seconds({ flags, entry }: (typeof subjects)[number]): number {
  const started = performance.now();
  const args = [...flags, "--eval", harness, "--", resolve(root, entry), JSON.stringify(HOST_PLATFORM)];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`${entry} ended with exit code ${status}:\n${stderr}`);
  return (performance.now() - started) / 1000;
}

function main(): void {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "7" } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) {
    throw new Error(`--rounds is ${values.rounds}: accepted is a whole number from 1 to 100`);
  }
  // tsx keeps what it compiled; the first run fills its cache and is not counted.
  for (const subject of subjects) seconds(subject);
  const series = subjects.map(({ name }): Series => ({ name, seconds: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const [index, subject] of subjects.entries()) series[index]?.seconds.push(seconds(subject));
  }
  console.log("start of the platform stack's program");
  for (const { name, median, min, max, ratio } of summarise(series)) {
    console.log(
      `  ${name.padEnd(32)} ${median.toFixed(2)} s  (${min.toFixed(2)} to ${max.toFixed(2)})  ${ratio.toFixed(2)} ×`,
    );
  }
}

main();
