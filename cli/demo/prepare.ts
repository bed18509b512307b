import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { ensurePlatform } from "../../lifecycle/platform";
import type { Stops } from "../../lifecycle/progress";
import { connect, type Target } from "../../lifecycle/target";
import { gatewayAuthority, loadImage, openOutside, up } from "../../local";
import { onNode, runningNode } from "../../local/cluster/images";
import { checkMachine } from "../../local/cluster/preflight";
import { clusterFolder } from "../../local/cluster/spec";
import { ensureImages, type BuiltImage, type ImageProgress } from "../../local/images";
import { ensureToolchain, type Toolchain } from "../../local/toolchain";
import { buildProgress } from "../build-progress";
import { berthRoot, embeddedTarget } from "../context";
import type { Reporter } from "../reporter";
import { Visitor } from "./http";
import { commits, type OutsideWorld } from "./story";
import type { Timeline } from "./timeline";

/** What is to be set up. */
interface Preparation {
  /** Name of the embedded cluster. */
  readonly name: string;
  /** Whether missing Debian packages may be installed. */
  readonly install: boolean;
  readonly systemTools?: boolean;
  readonly timeline: Timeline;
  readonly reporter: Reporter;
  readonly stops: Required<Stops>;
}

/** What the story is told on. */
interface Prepared {
  readonly target: Target;
  readonly kubectl: string;
  readonly images: readonly [string, string];
  readonly openOutside: () => Promise<OutsideWorld>;
  readonly visitor: Visitor;
}

/** Sets everything up, from a machine with nothing to a cluster with a platform. What is there already is used. */
export async function prepare(preparation: Preparation): Promise<Prepared> {
  const { name, install, timeline, stops } = preparation;
  const { signal } = stops;
  const folder = clusterFolder(name);
  await timeline.step("check the machine", () => checkMachine({ nodes: "real", folder, install, signal }));
  const { toolchain, apps } = await timeline.step(
    "programs and images, built or from the cache",
    () => buildAll(preparation),
    ({ built }) => (built.length === 0 ? "all in the cache" : `built: ${built.join(", ")}`),
  );
  await timeline.step(
    "start a real one-node Kubernetes",
    () => startCluster(preparation),
    ({ readySeconds, wasRunning }) =>
      wasRunning ? "was running" : `ready ${readySeconds.toFixed(1)} s after its start`,
  );
  await timeline.step("load the app's images into the node", async () => {
    for (const app of apps) await loadImage(name, app, signal);
  });
  const target = await embeddedTarget(name);
  const kube = await connect(target);
  await timeline.step(
    "platform stack",
    () => ensurePlatform(target, kube, preparation.reporter.progress, stops),
    (worked) => (worked ? "deployed" : "up to date"),
  );
  return {
    target,
    kubectl: toolchain.kubectl,
    images: [apps[0].ref, apps[1].ref],
    visitor: new Visitor(await readFile(await gatewayAuthority(name), "utf8")),
    openOutside: async () => {
      const [outside, node] = await Promise.all([openOutside(name), runningNode(name, folder)]);
      return {
        address: outside.address,
        metadataAddress: outside.metadataAddress,
        onNode: (argv) => onNode(node, argv),
        close: () => outside.close(),
      };
    },
  };
}

/** Builds the programs and, beside them, the images: the former keep the compiler busy, the latter the disk and apt. */
async function buildAll({ systemTools, reporter, stops }: Preparation): Promise<{
  toolchain: Toolchain;
  apps: [BuiltImage, BuiltImage];
  built: string[];
}> {
  const built: string[] = [];
  const failed = new AbortController();
  const signal = AbortSignal.any([stops.signal, failed.signal]);
  const { onToolchain, onImage } = buildProgress(reporter);
  const onProgress = (progress: ImageProgress) => {
    if (progress.phase === "built") built.push(`image ${progress.image}`);
    onImage(progress);
  };
  const settings = { onProgress, signal };
  const guestbook = async (commit: string) =>
    (await ensureImages(["guestbook"], { ...settings, guestbook: { version: commit } })).guestbook;
  const images = async (): Promise<[BuiltImage, BuiltImage]> => {
    await ensureImages(["postgres"], settings);
    // The second commit shares the layer with Node that the first one makes.
    const first = await guestbook(commits[0]);
    return [first, await guestbook(commits[1])];
  };
  const programs = () =>
    ensureToolchain({
      systemTools: systemTools ?? false,
      signal,
      onProgress: (event) => {
        if (event.kind === "ready") built.push(...event.built);
        onToolchain(event);
      },
    });
  const stopOthers = (error: unknown) => {
    failed.abort(error);
    throw error;
  };
  const [toolchain, apps] = await Promise.all([programs().catch(stopOthers), images().catch(stopOthers)]);
  return { toolchain, apps, built };
}

function startCluster({ name, install, systemTools, reporter, stops }: Preparation): ReturnType<typeof up> {
  return up({
    name,
    nodes: "real",
    install,
    systemTools: systemTools ?? false,
    signal: stops.signal,
    onStep: ({ title, seconds }) => {
      if (seconds === undefined) reporter.tell({ kind: "detail", text: title });
    },
  });
}

/** A path as one would type it from here. */
function fromHere(...parts: readonly string[]): string {
  return relative(process.cwd(), join(berthRoot, ...parts));
}

/** The command line, as one would type it from here. */
export const berthCommand = fromHere("bin", "berth.mjs");

/** The command that deploys the example by hand. */
export function deployCommandLine(cluster: string, image: string, commit: string): string {
  const config = fromHere("examples", "guestbook", "berth.yaml");
  return `${berthCommand} deploy --cluster ${cluster} --pr 2 --config ${config} --commit ${commit.slice(0, 12)} --image ${image}`;
}
