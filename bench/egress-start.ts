import { parseArgs } from "node:util";
import { Kube } from "../lifecycle/kube";
import { environment, openOutside, up } from "../local";
import { canaryImage, removeLeftovers, startPods, type Outcome } from "../test/support/first-packet";

/*
 * Whether anything of a new pod gets out before its NetworkPolicies are in force: pods ask something outside, over TCP and UDP, as the
 * first thing that they do. The outside is a network namespace of this machine, which counts what arrives in it.
 */

/** Pods of one environment. Twenty start side by side on a node, which is more than an environment has. */
const BATCH = 20;

/** Starts without policies, to show that what gets out is seen. */
const CONTROLS = 20;

const render = ({ starts, environments, reached, packets, seconds }: Outcome) =>
  `${starts} starts in ${environments} fresh environments: ${reached} had an answer, ${packets} packets arrived outside (${seconds.toFixed(0)} s)`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { starts: { type: "string", default: "1000" }, cluster: { type: "string", default: "bench" } },
  });
  const starts = Number(values.starts);
  if (!Number.isInteger(starts) || starts < 1 || starts > 100_000) {
    throw new Error(`--starts is ${values.starts}: accepted is a whole number from 1 to 100000`);
  }
  await up({ name: values.cluster, nodes: "real", install: true });
  const { kubeconfig } = await environment(values.cluster);
  const kube = Kube.load(kubeconfig);
  await removeLeftovers({ kube });
  const outside = await openOutside(values.cluster);
  try {
    const ground = { kube, outside, image: await canaryImage(values.cluster) };
    const control = await startPods(ground, CONTROLS, { fenced: false, batch: BATCH });
    const fenced = await startPods(ground, starts, {
      fenced: true,
      batch: BATCH,
      onBatch: (soFar) => console.error(`  ${render(soFar)}`),
    });
    console.log("pods that ask outside, over TCP and UDP, as the first thing that they do");
    console.log(`  with an environment's policies  ${render(fenced)}`);
    console.log(`  without, to see that it counts  ${render(control)}`);
    const leaks = fenced.reached > 0 || fenced.packets > 0;
    // Each of them sends a SYN, an ACK and a datagram at least.
    const isBlind = control.reached < CONTROLS || control.packets < 3 * CONTROLS;
    if (isBlind) console.log("  the measurement is void: it has not seen all that got out");
    else console.log(`  goal: no leak: ${leaks ? "missed" : "met"}`);
    if (leaks || isBlind) process.exitCode = 1;
  } finally {
    await outside.close();
  }
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
