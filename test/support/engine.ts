import { execFileSync } from "node:child_process";
import { delimiter, dirname } from "node:path";

import { pluginEnvironment } from "../../local";
import { ensureToolchain } from "../../local/toolchain";
import { pluginSource, type TestEngine } from "./cluster";

/*
 * The Pulumi engine without a cluster, for tests of what needs none.
 */

let shared: Promise<TestEngine> | undefined;

/**
 * The engine that is built here, with its plugins. With `BERTH_TEST_KUBECONFIG` it is the `pulumi` on PATH with the plugins of PULUMI_HOME,
 * as for the tests on a cluster.
 */
export function testEngine(): Promise<TestEngine> {
  shared ??= obtain(process.env);
  return shared;
}

async function obtain(given: NodeJS.ProcessEnv): Promise<TestEngine> {
  if (given["BERTH_TEST_KUBECONFIG"])
    return { pulumi: execFileSync("which", ["pulumi"], { encoding: "utf8" }).trim(), env: {} };
  const toolchain = await ensureToolchain({ parts: ["engine"] });
  const path = [toolchain.binDir, dirname(toolchain.pulumi), dirname(toolchain.nodejs), given["PATH"] ?? ""];
  return {
    pulumi: toolchain.pulumi,
    env: { ...(await pluginEnvironment(toolchain, pluginSource(given))), PATH: path.join(delimiter) },
  };
}
