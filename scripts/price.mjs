// `npm run price -- --config Pulumi.cluster.example.yaml`: what a cluster costs in a month.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureDependencies, nodejs, root } from "./dependencies.mjs";

ensureDependencies();
const args = ["--require", "tsx/cjs", join(root, "scripts/price.ts"), ...process.argv.slice(2)];
process.exit(spawnSync(nodejs, args, { stdio: "inherit" }).status ?? 1);
