import { createHash } from "node:crypto";
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

import { LocalError } from "../errors";
import { auditPolicy, authenticationConfiguration } from "./audit";
import { ensureCertificates, planCertificates, planClients, planGatewayCertificate } from "./certificates";
import { ensureCgroups, hierarchies } from "./cgroups";
import type { ComponentContext, SuperviseConfig } from "./components";
import {
  checkAddresses,
  ensurePassphrase,
  ensureSpec,
  isPortFree,
  chooseLoopbackPorts,
  readSpec,
  type WantedCluster,
} from "./create";
import { stopCluster } from "./down";
import { ensureEncryption } from "./encryption";
import { readIfPresent, writeJson, writePrivate } from "./files";
import { gatewayFiles, gatewaySupervision, localDomain } from "./gateway";
import { importImages, runningNode, type ImageArchive } from "./images";
import { openInternet, reachableResolvers } from "./internet";
import { writeKubeconfig } from "./kubeconfig";
import { apply, awaitReadiness, type Kubectl } from "./kubectl";
import { linkOwner, ownerAlias } from "./link";
import { withLock } from "../lock";
import { accessManifests, dnsManifests, gatewayManifests, manifestList, storageManifests } from "./manifests";
import { type Machine, nodeFiles, nodeSupervision } from "./node";
import { apiServerUrl, cgroupPath, nodeNames, planEndpoints, planNetwork } from "./plan";
import { checkMachine, checkRoom } from "./preflight";
import { simulatedFiles, simulatedNodes, simulatedSupervision } from "./simulated";
import { timeSteps, type Step } from "./steps";
import { clusterFolder, type ClusterFolder, type ClusterSpec } from "./spec";
import {
  awaitSupervisor,
  readStatus,
  startSupervisor,
  stopSupervisor,
  supervisorPid,
  type SupervisorStatus,
} from "./supervisor";

/** Programs that make up a cluster. */
export interface Programs {
  /** The multi-call binary. */
  berthNode: string;
  kubectl: string;
  /** Needed when the cluster has a gateway. */
  traefik?: string;
}

/** What {@link up} needs. */
export interface UpOptions extends WantedCluster {
  programs: Programs;
  /** Images of every real node. */
  images?: { pause: ImageArchive; coredns: ImageArchive };
  /** More images to bring to a real node. */
  moreImages?: readonly ImageArchive[];
  /** Called when a step begins (without `seconds`) and when it ends. */
  onStep?: (step: { title: string; seconds?: number }) => void;
  signal?: AbortSignal;
}

/** What {@link up} did. */
export interface UpResult {
  spec: ClusterSpec;
  folder: ClusterFolder;
  steps: Step[];
  /** From the call to a cluster that takes work, in seconds. */
  seconds: number;
  /** Nothing had to be started. */
  wasRunning: boolean;
  /** Something that the user should know, such as another port than usual. */
  remark?: string;
}

/** How long the parts of a cluster may take to be ready before `up` gives up, in milliseconds. */
const patience = 120_000;

/**
 * Starts the cluster, or brings a running one to what is asked for. Safe to call again at any time: what is good stays, what
 * is missing or broken is made again.
 *
 * @throws LocalError when the machine lacks something (exit code 7), somebody else works on the cluster (6) or it does not start
 * (1). What was started by this call is stopped then, and what it was asked to change about a cluster stays as it was. A cluster
 * that this call was the first to make leaves nothing when it was interrupted or lacked something.
 */
export async function up(options: UpOptions): Promise<UpResult> {
  const begin = performance.now();
  const folder = clusterFolder(options.name);
  const former = await readSpec(options.name);
  await mkdir(folder.root, { recursive: true, mode: 0o700 });
  return withLock(folder.lock, { what: `the cluster ${options.name}`, waitSeconds: 60 }, async () => {
    const { steps, step } = timeSteps(options.onStep);
    const trace = { hasStarted: false, seconds: 0 };
    const onReady = (): void => {
      trace.seconds = (performance.now() - begin) / 1000;
    };
    const onStart = (): void => {
      trace.hasStarted = true;
    };
    try {
      const { spec, remark } = await ensureSpec(options);
      const wasRunning = await start({ ...options, spec, folder, step, onStart, onReady });
      return {
        spec,
        folder,
        steps,
        seconds: trace.seconds,
        wasRunning,
        ...(remark === undefined ? {} : { remark }),
      };
    } catch (error) {
      // A cluster that ran before this call goes on: a wrong option must not end it.
      if (trace.hasStarted) await stopCluster(folder);
      // Logs of a cluster that failed stay to be read; one that never started, or was called off, leaves nothing.
      if (former === null && (!trace.hasStarted || options.signal?.aborted === true)) {
        await rm(folder.root, { recursive: true, force: true });
      } else if (former !== null && !trace.hasStarted) await writeJson(folder.spec, former);
      throw error;
    }
  });
}

type StartContext = Omit<UpOptions, "name"> & {
  spec: ClusterSpec;
  folder: ClusterFolder;
  step: <T>(title: string, action: () => Promise<T>) => Promise<T>;
  /** Called before the first thing is started. */
  onStart: () => void;
  /** Called when the cluster takes work. */
  onReady: () => void;
};

/** @returns whether everything ran already. */
async function start(context: StartContext): Promise<boolean> {
  const { spec, folder, programs, step, signal } = context;
  if (spec.gatewayPort !== undefined && programs.traefik === undefined)
    throw new Error("a gateway needs the program traefik");
  if (spec.nodes === "real" && context.images === undefined) throw new Error("a real node needs images");

  const { queueWay } = await step("check the machine", async () => {
    await checkRoom({ spec, folder, gatewayRuns: (await supervisorPid(folder, "gateway")) !== null });
    return checkMachine({ nodes: spec.nodes, folder });
  });
  const machine = await planMachine(context, queueWay);
  const { supervision, fingerprint } = await step("write certificates and configuration", () =>
    prepare(context, machine),
  );

  const wasRunning = await isHealthy(folder, spec, fingerprint);
  if (!wasRunning) {
    context.onStart();
    await step("stop what is left of an earlier run", () => stopCluster(folder));
    if (spec.nodes === "real") await checkAddresses(spec);
    signal?.throwIfAborted();
    const all = spec.nodes === "real" ? await hierarchies() : null;
    const joins = all === null ? [] : await ensureCgroups(all, cgroupPath(spec));
    if (spec.internet && spec.nodes === "real") await openInternet(spec, folder);
    const startedAt = new Date().toISOString();
    await startSupervisor({ folder, name: "node", berthNode: programs.berthNode, config: supervision, joins });
    await writeJson(runRecordFile(folder), { fingerprint, startedAt } satisfies RunRecord);
  }
  await settle(context);
  await writeKubeconfig({
    path: folder.kubeconfig,
    pki: folder.pki,
    client: "admin",
    server: apiServerUrl(spec),
    context: `berth-${spec.name}`,
  });
  return wasRunning;
}

/** Waits for the parts, in the order in which they can be waited for, and puts into the cluster what belongs there. */
async function settle(context: StartContext): Promise<void> {
  const { spec, folder, step, signal } = context;
  const bootstrap: Kubectl = access(context, join(folder.clients, "bootstrap.conf"));
  const ready = (title: string, accept: (status: SupervisorStatus) => boolean): Promise<SupervisorStatus> =>
    step(title, () =>
      awaitSupervisor({ folder, name: "node", accept, timeout: patience, ...(signal === undefined ? {} : { signal }) }),
    );
  const isReady = (status: SupervisorStatus, component: string): boolean =>
    status.components?.[component]?.state === "ready";

  const images = loadNodeImages(context, (status) => isReady(status, "containerd"), ready);
  const apiReady = ready("API server", (status) => isReady(status, "kube-apiserver"));
  const applied = apiReady.then(() =>
    step("apply access rights and storage class", async () => {
      const nodes = spec.nodes === "simulated" ? simulatedNodes(spec) : [];
      const manifests = [...accessManifests(spec), ...gatewayManifests(), ...storageManifests(), ...nodes];
      await apply(bootstrap, manifestList(manifests));
    }),
  );
  const gateway = applied.then(() => ensureGateway(context));
  const dns = Promise.all([images, apiReady]).then(async () => {
    if (context.images === undefined || spec.nodes === "simulated") return;
    const image = context.images.coredns.ref;
    const resolvers = spec.internet ? reachableResolvers(await readFile("/etc/resolv.conf", "utf8")) : [];
    await step("apply DNS", () => apply(bootstrap, manifestList(dnsManifests(spec, image, resolvers))));
  });
  const components = ready("all components", (status) => status.state === "ready");
  // All of them, so that none goes on in the background while the caller already cleans up.
  const results = await Promise.allSettled([images, applied, gateway, dns, components]);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  const real = spec.nodes === "real";
  const settled = await Promise.allSettled([
    step(real ? "node and DNS" : "simulated nodes", () => awaitNodes(context, bootstrap)).then(context.onReady),
    loadMoreImages(context),
  ]);
  const broken = settled.find((result) => result.status === "rejected");
  if (broken !== undefined) throw broken.reason;
}

async function awaitNodes({ spec, folder }: StartContext, bootstrap: Kubectl): Promise<void> {
  const real = spec.nodes === "real";
  const since = (await readRunRecord(folder))?.startedAt;
  const missing = await awaitReadiness(
    bootstrap,
    nodeNames(spec),
    { dns: real, ...(real && since !== undefined ? { since: new Date(since) } : {}) },
    patience,
  );
  if (missing !== null) throw notReady(`${missing} after ${patience / 1000} s`, folder);
}

/** Images that the cluster does not need to be ready; after its start, for unpacking them takes the processor from it. */
async function loadMoreImages({ spec, folder, step, signal, moreImages = [] }: StartContext): Promise<void> {
  if (spec.nodes === "simulated" || moreImages.length === 0) return;
  await step("load more images", async () => importImages(await runningNode(spec.name, folder), moreImages, signal));
}

function notReady(what: string, folder: ClusterFolder): LocalError {
  return new LocalError({
    message: `The cluster did not start: ${what}.`,
    fix: `Read the logs in ${folder.logs} ("berth local logs"), then run "berth local up" again.`,
    exitCode: 1,
  });
}

async function loadNodeImages(
  context: StartContext,
  containerdReady: (status: SupervisorStatus) => boolean,
  ready: (title: string, accept: (status: SupervisorStatus) => boolean) => Promise<SupervisorStatus>,
): Promise<void> {
  const { images, spec, folder, step, signal } = context;
  if (images === undefined || spec.nodes === "simulated") return;
  await ready("containerd", containerdReady);
  const pid = await runningNode(spec.name, folder);
  await step("load the node's images", () => importImages(pid, [images.pause, images.coredns], signal));
}

async function ensureGateway(context: StartContext): Promise<void> {
  const { spec, folder, programs, step, signal } = context;
  const { gatewayPort: port, gatewayTlsPort: tlsPort } = spec;
  if (port === undefined || tlsPort === undefined || programs.traefik === undefined) {
    await stopSupervisor(folder, "gateway", 5000);
    return;
  }
  const certificates = await ensureCertificates(folder.pki, [planGatewayCertificate(localDomain)]);
  const files = gatewayFiles(folder);
  await Promise.all(Object.entries(files).map(([path, text]) => writePrivate(path, text)));
  const config = gatewaySupervision({ folder, traefik: programs.traefik, port, tlsPort });
  const fingerprint = hash([JSON.stringify(config), JSON.stringify(files), certificates.fingerprint]);
  const path = join(folder.run, "gateway-fingerprint.json");
  const same = (await readIfPresent(path)) === JSON.stringify({ fingerprint });
  await step("gateway", async () => {
    if (!same || (await supervisorPid(folder, "gateway")) === null) {
      await stopSupervisor(folder, "gateway", 5000);
      await startSupervisor({ folder, name: "gateway", berthNode: programs.berthNode, config });
      await writePrivate(path, JSON.stringify({ fingerprint }));
    }
    await awaitSupervisor({
      folder,
      name: "gateway",
      accept: (status) => status.state === "ready",
      timeout: patience,
      ...(signal === undefined ? {} : { signal }),
    });
  });
}

function access(context: StartContext, kubeconfig: string): Kubectl {
  return {
    program: context.programs.kubectl,
    kubeconfig,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
  };
}

async function planMachine(context: StartContext, queueWay: Machine["queueWay"]): Promise<Machine> {
  const all = await hierarchies();
  return {
    cgroupVersion: all?.version ?? 2,
    keepVisible: [dirname(context.programs.berthNode)],
    pauseImage: context.images?.pause.tag ?? "",
    queueWay,
  };
}

/** Writes every file that the components read. */
async function prepare(
  context: StartContext,
  machine: Machine,
): Promise<{ supervision: SuperviseConfig; fingerprint: string }> {
  const { folder, programs } = context;
  const spec = await freshPorts(context);
  const nodes = nodeNames(spec);
  const certificates = await ensureCertificates(
    folder.pki,
    planCertificates({ network: planNetwork(spec.index), apiAddress: planEndpoints(spec).apiServer.address, nodes }),
  );
  const server = apiServerUrl(spec);
  const clients = Object.keys(planClients(nodes));
  await Promise.all([
    ...clients.map((client) =>
      writeKubeconfig({
        path: join(folder.clients, `${client}.conf`),
        pki: folder.pki,
        client,
        server,
        context: `berth-${spec.name}`,
      }),
    ),
    ensureEncryption(join(folder.config, "encryption.yaml")),
    ensurePassphrase(folder.passphrase),
    mkdir(folder.volumes, { recursive: true, mode: 0o711 }),
    mkdir(join(folder.data, "etcd"), { recursive: true, mode: 0o700 }),
    mkdir(folder.nodeVar, { recursive: true, mode: 0o755 }),
    mkdir(folder.pulumi, { recursive: true, mode: 0o700 }),
    mkdir(folder.logs, { recursive: true, mode: 0o700 }),
  ]);
  const files = {
    [join(folder.config, "audit-policy.yaml")]: auditPolicy(),
    [join(folder.config, "authentication.yaml")]: authenticationConfiguration(),
    ...(spec.nodes === "real" ? nodeFiles(spec, folder, machine) : simulatedFiles(folder)),
  };
  await Promise.all(Object.entries(files).map(([path, text]) => writePrivate(path, text)));
  const components: ComponentContext = { spec, folder, berthNode: programs.berthNode };
  const supervision = spec.nodes === "real" ? nodeSupervision(components, machine) : simulatedSupervision(components);
  const binary = await stat(programs.berthNode);
  const fingerprint = hash([
    JSON.stringify(supervision),
    JSON.stringify(files),
    `${binary.size} ${binary.mtimeMs}`,
    certificates.fingerprint,
  ]);
  return { supervision, fingerprint };
}

/** A simulated cluster that does not run takes other ports when somebody has taken one of its own meanwhile. */
async function freshPorts(context: StartContext): Promise<ClusterSpec> {
  const { spec, folder } = context;
  if (spec.ports === undefined || (await supervisorPid(folder, "node")) !== null) return spec;
  const free = await Promise.all(Object.values(spec.ports).map((port: number) => isPortFree(port)));
  if (!free.includes(false)) return spec;
  spec.ports = await chooseLoopbackPorts();
  await writeJson(folder.spec, spec);
  return spec;
}

function hash(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** What the running node was started from. */
interface RunRecord {
  /** Hash over the configuration, certificates and program. */
  fingerprint: string;
  /** RFC 3339. */
  startedAt: string;
}

function runRecordFile(folder: ClusterFolder): string {
  return join(folder.run, "node-started.json");
}

async function readRunRecord(folder: ClusterFolder): Promise<RunRecord | null> {
  const text = await readIfPresent(runRecordFile(folder));
  return text === null ? null : (JSON.parse(text) as RunRecord);
}

/** Whether the node runs, from the same configuration, with its connection to the machine. */
async function isHealthy(folder: ClusterFolder, spec: ClusterSpec, fingerprint: string): Promise<boolean> {
  if ((await supervisorPid(folder, "node")) === null) return false;
  if ((await readRunRecord(folder))?.fingerprint !== fingerprint) return false;
  if (spec.nodes === "real" && (await linkOwner(planNetwork(spec.index).hostInterface)) !== ownerAlias(folder))
    return false;
  return (await readStatus(folder, "node"))?.state === "ready";
}
