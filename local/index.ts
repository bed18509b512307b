import type { Engine } from "../config/databases";
import type { ProviderInput } from "../config/platform";
import type { WantedCluster } from "./cluster/create";
import { readSpec } from "./cluster/create";
import { importImages, type ImageArchive } from "./cluster/images";
import { checkMachine } from "./cluster/preflight";
import { checkName, clusterFolder, type NodeKind } from "./cluster/spec";
import { clusterStatus, type ClusterStatus as NodeStatus } from "./cluster/status";
import { timeSteps, type Step } from "./cluster/steps";
import { supervisorPid } from "./cluster/supervisor";
import { up as startCluster } from "./cluster/up";
import {
  imagesByEngine,
  missingEngines,
  offeredEngines,
  offers,
  simulatedEgressProxy,
  simulatedImages,
  simulatedSealedSecrets,
  withImages,
  type DatabaseImages,
} from "./databases";
import { changeChoices, describeEngine, pluginEnvironment, readChoices, type Choices } from "./environment";
import { ensureImages, type BuiltImage, type ImageName, type ImageProgress } from "./images";
import type { PluginDescription, PluginSource } from "./plugins";
import { ensureToolchain, locateToolchain, type Part, type Toolchain, type ToolchainEvent } from "./toolchain";

export { down, type DownResult } from "./cluster/down";
export { loadImage, type ImageArchive } from "./cluster/images";
export { listClusters, type ClusterSummary, type Part as ClusterPart } from "./cluster/status";
export {
  cloudEnvironment,
  environment,
  gatewayAuthority,
  pluginEnvironment,
  type LocalEnvironment,
  type LocalPlatform,
} from "./environment";
export { LocalError } from "./errors";
export { openOutside, type Outside } from "./outside";

/** Name of a cluster that nobody named. */
export const defaultName = "default";

/** A cluster with its parts and the engine's. */
export interface ClusterStatus extends NodeStatus {
  /** Parts of the Pulumi engine; empty while its programs are not built. */
  engine: PluginDescription[];
}

/**
 * Looks at one cluster: its parts, how they are, and which are real, simulated or stand-ins.
 *
 * @returns null when there is no cluster of this name.
 */
export async function status(name: string): Promise<ClusterStatus | null> {
  const node = await clusterStatus(name);
  if (node === null) return null;
  const toolchain = await locateToolchain();
  return { ...node, engine: toolchain === null ? [] : await describeEngine(toolchain, clusterFolder(name)) };
}

/** What {@link up} is asked for. Absent fields keep what an existing cluster has. */
export interface UpOptions extends Partial<WantedCluster> {
  /** @default "default" */
  name?: string;
  /**
   * Installs missing Debian packages; takes root.
   * @default false
   */
  install?: boolean;
  /**
   * Uses a `pulumi` and a `kubectl` on PATH when their versions fit.
   * @default false
   */
  systemTools?: boolean;
  /**
   * Makes and loads images of databases for real nodes: PostgreSQL, and those that environments have needed before. Without it
   * each is made when an environment needs it, see {@link offerDatabases}.
   * @default true
   */
  databases?: boolean;
  /**
   * Takes only plugins of this source for the engine.
   * @default official ones where the user has them, else the stand-ins
   */
  plugins?: PluginSource;
  /**
   * Settings of the platform besides those that follow from the cluster, by field of `berth:platform`; they take the place of those given before.
   * @default those given before
   */
  settings?: Record<string, unknown>;
  /**
   * The OpenID provider of environments with `access.mode: oidc`.
   * @default the one that the cluster has, or none
   */
  provider?: ProviderInput;
  /** Called when a step begins (without `seconds`) and when it ends. */
  onStep?: (step: { title: string; seconds?: number }) => void;
  /** Called before Debian packages are installed, with their names. */
  onInstall?: (names: readonly string[]) => void;
  /** Called while the toolchain is built. */
  onToolchain?: (event: ToolchainEvent) => void;
  /** Called while images are built. */
  onImage?: (progress: ImageProgress) => void;
  signal?: AbortSignal;
}

/** What {@link up} did. */
export interface UpResult {
  status: ClusterStatus;
  /** Steps of this call in the order in which they ended; they overlap. */
  steps: Step[];
  /** From start to readiness of the cluster alone, without builds, in seconds. */
  readySeconds: number;
  /** The whole call, in seconds. */
  seconds: number;
  /** Nothing had to be started. */
  wasRunning: boolean;
  /** Something that the user should know. */
  remark?: string;
}

/**
 * Brings up an embedded cluster with everything it takes: checks the machine, builds or reuses programs and images, starts the
 * cluster or repairs it. Safe to call again at any time.
 *
 * @throws LocalError with the fix and the exit code; the signal's reason when interrupted. What this call started is stopped
 * then.
 */
export async function up(options: UpOptions = {}): Promise<UpResult> {
  const begin = performance.now();
  const name = checkName(options.name ?? defaultName);
  const { signal } = options;
  const folder = clusterFolder(name);
  const existing = await readSpec(name);
  const nodes: NodeKind = options.nodes ?? existing?.nodes ?? "real";
  const wantsGateway = options.gateway ?? (existing === null ? nodes === "real" : existing.gatewayPort !== undefined);
  // Before a build of several minutes: it would be for nothing.
  await checkMachine({
    nodes,
    folder,
    install: options.install ?? false,
    ...(options.onInstall && { onInstall: options.onInstall }),
    ...(signal && { signal }),
  });

  const { steps, step } = timeSteps(options.onStep);

  const toolchain = await step("programs", () => obtainToolchain(options, wantsGateway));
  const { databases: before, ...had } = await readChoices(folder);
  const engines: Engine[] =
    options.databases === false ? [] : [...new Set<Engine>(["postgresql", ...offeredEngines(before)])];
  const [images] = await Promise.all([
    nodes === "real" ? step("images", () => obtainImages(options, toolchain, engines, had)) : null,
    step("engine plugins", () => pluginEnvironment(toolchain, options.plugins)),
  ]);
  const result = await startCluster({
    ...options,
    name,
    nodes,
    programs: { berthNode: toolchain.berthNode, kubectl: toolchain.kubectl, traefik: toolchain.traefik },
    ...(images === null ? {} : { images: images.parts, moreImages: Object.values(images.more) }),
  });
  const offered = images === null ? simulatedImages : imagesByEngine(images.more);
  const sealedSecrets = images?.more["sealed-secrets"]?.ref;
  const egressProxy = images?.more["egress-proxy"]?.ref;
  await changeChoices(folder, ({ databases, logins, settings, ...kept }) => ({
    ...(kept.sealedSecrets === undefined ? {} : { sealedSecrets: sealedSecrets ?? kept.sealedSecrets }),
    ...(kept.egressProxy === undefined ? {} : { egressProxy: egressProxy ?? kept.egressProxy }),
    ...(logins === undefined && options.provider === undefined
      ? {}
      : { logins: { ...logins, ...(options.provider && { provider: options.provider }) } }),
    // What has been offered while this command was at work stays.
    databases: options.databases === false ? offered : withImages(databases, offered),
    ...(options.plugins === undefined ? {} : { plugins: options.plugins }),
    ...withSettings(options.settings ?? settings),
  }));
  const found = await status(name);
  if (found === null) throw new Error(`the cluster ${name} is gone although it has just been started`);
  return {
    status: found,
    steps: [...steps, ...result.steps],
    readySeconds: result.seconds,
    seconds: (performance.now() - begin) / 1000,
    wasRunning: result.wasRunning,
    ...(result.remark === undefined ? {} : { remark: result.remark }),
  };
}

function withSettings(settings: Record<string, unknown> | undefined): Pick<Choices, "settings"> {
  return settings === undefined ? {} : { settings };
}

async function obtainToolchain(options: UpOptions, wantsGateway: boolean): Promise<Toolchain> {
  const parts: Part[] = ["node", "engine", ...(wantsGateway ? (["gateway"] as const) : [])];
  return ensureToolchain({
    parts,
    systemTools: options.systemTools ?? false,
    ...(options.onToolchain && { onProgress: options.onToolchain }),
    ...(options.signal && { signal: options.signal }),
  });
}

interface NodeImages {
  /** Of the node's own parts. */
  parts: { pause: ImageArchive; coredns: ImageArchive };
  /** Of what environments and the platform may have. */
  more: Partial<Record<ImageName, BuiltImage>>;
}

async function obtainImages(
  options: Pick<UpOptions, "onImage" | "signal">,
  { berthNode }: Toolchain,
  engines: readonly Engine[],
  had: Pick<Choices, "sealedSecrets" | "egressProxy">,
): Promise<NodeImages> {
  const names: ImageName[] = ["pause", "coredns", ...engines.map((engine) => offers[engine].image)];
  if (had.sealedSecrets !== undefined) names.push("sealed-secrets");
  if (had.egressProxy !== undefined) names.push("egress-proxy");
  const { pause, coredns, ...more } = await ensureImages<ImageName>(names, { ...imageSettings(options), berthNode });
  return { parts: { pause, coredns }, more };
}

function imageSettings({ onImage, signal }: Pick<UpOptions, "onImage" | "signal">): {
  onProgress?: (progress: ImageProgress) => void;
  signal?: AbortSignal;
} {
  return { ...(onImage && { onProgress: onImage }), ...(signal && { signal }) };
}

/**
 * Makes sure that environments on an embedded cluster can have these databases: makes and loads the images that it lacks, once.
 * Does nothing for a cluster that does not run, which {@link environment} tells.
 *
 * @param engines which databases.
 * @throws LocalError when an image cannot be made; the signal's reason when interrupted.
 */
export async function offerDatabases(
  name: string,
  engines: readonly Engine[],
  options: Pick<UpOptions, "onImage" | "signal"> = {},
): Promise<void> {
  const folder = clusterFolder(name);
  const [spec, pid] = await Promise.all([readSpec(name), supervisorPid(folder, "node")]);
  if (spec === null || pid === null) return;
  const missing = missingEngines(engines, (await readChoices(folder)).databases);
  if (missing.length === 0) return;
  const more = spec.nodes === "real" ? await makeDatabases(pid, missing, options) : simulatedImages;
  await changeChoices(folder, ({ databases, ...rest }) => ({ ...rest, databases: withImages(databases, more) }));
}

/**
 * Makes sure that environments on an embedded cluster can log people in: makes and loads the images of the callback broker and, where
 * it is asked for, of the proxy, once for each state of their sources. Does nothing for a cluster that does not run, which
 * {@link environment} tells.
 *
 * @param proxy whether people are to log in before they reach an app.
 * @throws LocalError when an image cannot be made; the signal's reason when interrupted.
 */
export async function offerLogins(
  name: string,
  proxy: boolean,
  options: Pick<UpOptions, "onImage" | "signal"> = {},
): Promise<void> {
  const folder = clusterFolder(name);
  const [spec, pid] = await Promise.all([readSpec(name), supervisorPid(folder, "node")]);
  if (spec === null || pid === null) return;
  const wanted: ImageName[] = ["oauth-broker", ...(proxy ? (["access-proxy"] as const) : [])];
  const refs: Partial<Record<ImageName, string>> = {};
  if (spec.nodes === "real") {
    const images = await ensureImages(wanted, imageSettings(options));
    await importImages(pid, Object.values(images), options.signal);
    for (const one of wanted) refs[one] = images[one].ref;
  } else {
    for (const one of wanted) refs[one] = `localhost/berth/simulated-${one}@sha256:${"0".repeat(64)}`;
  }
  await changeChoices(folder, ({ logins, ...rest }) => ({
    ...rest,
    logins: {
      ...logins,
      broker: refs["oauth-broker"],
      ...(proxy ? { proxy: refs["access-proxy"] } : {}),
    },
  }));
}

async function makeDatabases(
  nodePid: number,
  engines: readonly Engine[],
  options: Pick<UpOptions, "onImage" | "signal">,
): Promise<DatabaseImages> {
  const images = await ensureImages(
    engines.map((engine) => offers[engine].image),
    imageSettings(options),
  );
  await importImages(nodePid, Object.values(images), options.signal);
  return imagesByEngine(images);
}

/**
 * Makes sure that an embedded cluster's platform has the SealedSecrets controller: compiles it and loads its image, once. With simulated
 * nodes nothing runs in its pod, so that nothing is ever opened. Does nothing for a cluster that does not run.
 *
 * @throws LocalError when the image cannot be made; the signal's reason when interrupted.
 */
export async function offerSealedSecrets(
  name: string,
  options: Pick<UpOptions, "onImage" | "signal"> = {},
): Promise<void> {
  const folder = clusterFolder(name);
  const [spec, pid] = await Promise.all([readSpec(name), supervisorPid(folder, "node")]);
  if (spec === null || pid === null || (await readChoices(folder)).sealedSecrets !== undefined) return;
  const sealedSecrets =
    spec.nodes === "real" ? await makeImage(pid, "sealed-secrets", options) : simulatedSealedSecrets;
  await changeChoices(folder, (choices) => ({ ...choices, sealedSecrets }));
}

/**
 * Makes sure that environments on an embedded cluster can reach hosts outside by name: makes and loads the image of the egress proxy, once.
 * Does nothing for a cluster that does not run.
 *
 * @throws LocalError when the image cannot be made; the signal's reason when interrupted.
 */
export async function offerEgressProxy(
  name: string,
  options: Pick<UpOptions, "onImage" | "signal"> = {},
): Promise<void> {
  const folder = clusterFolder(name);
  const [spec, pid] = await Promise.all([readSpec(name), supervisorPid(folder, "node")]);
  if (spec === null || pid === null || (await readChoices(folder)).egressProxy !== undefined) return;
  const egressProxy = spec.nodes === "real" ? await makeImage(pid, "egress-proxy", options) : simulatedEgressProxy;
  await changeChoices(folder, (choices) => ({ ...choices, egressProxy }));
}

async function makeImage(
  nodePid: number,
  name: ImageName,
  options: Pick<UpOptions, "onImage" | "signal">,
): Promise<string> {
  const { [name]: image } = await ensureImages([name], imageSettings(options));
  await importImages(nodePid, [image], options.signal);
  return image.ref;
}
