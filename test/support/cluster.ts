import { execFileSync } from "node:child_process";

import { down, environment, up } from "../../local";
import type { PluginSource } from "../../local/plugins";

/*
 * One simulated cluster for all tests of a run. Starting it takes seconds, so the tests share it and keep apart by namespace and
 * stack.
 */

/** What a test needs to run stacks. */
export interface TestEngine {
  /** Absolute path of the `pulumi` program. */
  pulumi: string;
  /** Variables for the engine, on top of this process's own. */
  env: Record<string, string>;
}

/** What a test needs to deploy to a cluster and to look into it. */
export interface TestCluster extends TestEngine {
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** Nodes are simulated: no container runs. */
  simulated: boolean;
}

/** Name of the embedded cluster that tests share. */
export const testClusterName = "test-sim";

let shared: Promise<TestCluster> | undefined;
let startedHere = false;

/**
 * The cluster of this test run: the running `test-sim`, or a new one. With `BERTH_TEST_KUBECONFIG` it is the cluster of that file,
 * with the `pulumi` on PATH and the plugins of PULUMI_HOME; the tests then run against any cluster and the official plugins.
 */
export function testCluster(): Promise<TestCluster> {
  shared ??= obtain(process.env);
  return shared;
}

async function obtain(given: NodeJS.ProcessEnv): Promise<TestCluster> {
  const own = given["BERTH_TEST_KUBECONFIG"];
  if (own) {
    const pulumi = execFileSync("which", ["pulumi"], { encoding: "utf8" }).trim();
    return { kubeconfig: own, pulumi, env: { KUBECONFIG: own }, simulated: given["BERTH_TEST_NODES"] !== "real" };
  }
  const result = await up({ name: testClusterName, nodes: "simulated", plugins: pluginSource(given) });
  startedHere = !result.wasRunning;
  const { kubeconfig, pulumi, env } = await environment(testClusterName);
  return { kubeconfig, pulumi, env, simulated: true };
}

/** Which plugins the tests judge: `BERTH_TEST_PLUGINS=official` holds the official ones against the same expectations. */
export function pluginSource(given: NodeJS.ProcessEnv): PluginSource | undefined {
  const wanted = given["BERTH_TEST_PLUGINS"];
  if (wanted === undefined || wanted === "" || wanted === "official" || wanted === "stand-in")
    return wanted || undefined;
  throw new Error(`BERTH_TEST_PLUGINS is "${wanted}"; accepted are official and stand-in`);
}

/** Takes down what this run started. A cluster that ran before is left alone. */
export async function closeTestCluster(): Promise<void> {
  await shared?.catch(() => undefined);
  if (startedHere) await down(testClusterName);
  startedHere = false;
}
