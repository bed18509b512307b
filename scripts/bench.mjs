// `npm run bench [lifecycle|start|policies|first-try] [-- options]`: every published figure. `first-try` is run by its name only: it takes an hour.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureDependencies, nodejs, root } from "./dependencies.mjs";

const benches = ["start", "policies", "lifecycle"];
const byName = ["first-try"];
const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && !first.startsWith("-");
if (named && ![...benches, ...byName].includes(first)) {
  console.error(`error: no bench "${first}": accepted are ${[...benches, ...byName].join(", ")}`);
  process.exit(2);
}
ensureDependencies();
for (const bench of named ? [first] : benches) {
  const args = ["--require", "tsx/cjs", join(root, `bench/${bench}.ts`), ...(named ? rest : [])];
  const { status } = spawnSync(nodejs, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
