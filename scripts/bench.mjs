// `npm run bench [lifecycle|start|policies|first-try|egress-start] [-- options]`: every published figure. `first-try` (an hour) and `egress-start` (ten minutes) are run by their name only.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureDependencies, nodejs, root } from "./dependencies.mjs";

const benches = ["start", "policies", "lifecycle"];
const byName = ["first-try", "egress-start"];
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
