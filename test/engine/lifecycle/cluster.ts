import { join } from "node:path";
import { berthRoot, embeddedTarget } from "../../../cli/context";
import type { Target } from "../../../lifecycle/target";
import { testCluster, testClusterName } from "../../support/cluster";
import { BerthProcess } from "./support";

/**
 * The simulated cluster that all engine tests share. Specs keep apart by project.
 *
 * @returns The target, once mocha has run `before`.
 */
export function simulatedCluster(): () => Target {
  let target: Target | undefined;
  before(async function () {
    this.timeout(600_000);
    await testCluster();
    target = await embeddedTarget(testClusterName);
  });
  return () => {
    if (target === undefined) throw new Error(`the cluster ${testClusterName} is not up yet`);
    return target;
  };
}

/**
 * Starts the command line on a cluster, as a process of its own.
 *
 * @param cwd Folder to start it in. @default this process's own
 */
export function spawnBerth(target: Target, args: readonly string[], cwd?: string): BerthProcess {
  const program = join(berthRoot, "dist", "cli", "berth.js");
  return new BerthProcess(process.execPath, [program, "--cluster", target.name, ...args], { cwd });
}
