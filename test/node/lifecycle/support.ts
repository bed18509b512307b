import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { embeddedTarget, berthRoot } from "../../../cli/context";
import {
  appPod,
  execInPod,
  parseProbe,
  proberCommand,
  type Attempt,
  type AttemptResult,
} from "../../../cli/demo/egress";
import { Visitor } from "../../../cli/demo/http";
import type { Engine } from "../../../config/databases";
import { loadConfig, type Config } from "../../../config/load";
import type { TrustTier } from "../../../config/trust";
import { deploy, type DeployOptions, type DeployResult } from "../../../lifecycle/deploy";
import { destroy, type DestroyResult } from "../../../lifecycle/destroy";
import { Kube, pause, type KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import type { Target } from "../../../lifecycle/target";
import { isReady, type Pod } from "../../../lifecycle/trouble";
import { gatewayAuthority, loadImage, offerDatabases, offerEgressProxy, up } from "../../../local";
import { onNode, runningNode } from "../../../local/cluster/images";
import { clusterFolder } from "../../../local/cluster/spec";
import { ensureImages } from "../../../local/images";
import { locateToolchain } from "../../../local/toolchain";

const run = promisify(execFile);

/** A cluster with a real node, the example's images, and what tests do with them. */
export class RealCluster {
  private constructor(
    readonly target: Target,
    readonly kube: Kube,
    /** Two versions of the example app, by digest. */
    readonly images: readonly [string, string],
    /** Opens environments' URLs, and checks the gateway's certificate. */
    readonly visitor: Visitor,
    /** Certificate of the gateway's authority, in PEM. */
    readonly authority: string,
    private readonly kubectl: string,
    private readonly nodePid: number,
  ) {}

  /**
   * Starts the cluster, or gets hold of a running one.
   *
   * @param databases What environments may have. @default what the cluster offers anyway
   * @param egressProxy Whether egress rules may name hosts. @default what the cluster offers anyway
   */
  static async start(
    name: string,
    databases: readonly Engine[] = [],
    { egressProxy = false }: { egressProxy?: boolean } = {},
  ): Promise<RealCluster> {
    await up({ name, nodes: "real" });
    await offerDatabases(name, databases);
    if (egressProxy) await offerEgressProxy(name);
    const images: string[] = [];
    for (const version of ["1", "2"]) {
      const { guestbook } = await ensureImages(["guestbook"], { guestbook: { version } });
      await loadImage(name, guestbook);
      images.push(guestbook.ref);
    }
    const [first = "", second = ""] = images;
    const toolchain = await locateToolchain();
    if (toolchain === null) throw new Error("the toolchain is gone although the cluster runs");
    const target = await embeddedTarget(name);
    const pid = await runningNode(name, clusterFolder(name));
    const kube = Kube.load(target.kubeconfig);
    const authority = await readFile(await gatewayAuthority(name), "utf8");
    const visitor = new Visitor(authority);
    return new RealCluster(target, kube, [first, second], visitor, authority, toolchain.kubectl, pid);
  }

  /**
   * Deploys the example app as a project's pull request 1.
   *
   * @param options.platform Settings of the platform that are changed for this deploy; the next one takes them back.
   */
  deploy(
    projectId: string,
    options: Partial<DeployOptions> & {
      image?: string;
      digit?: string;
      config?: Partial<Config>;
      platform?: object;
      trust?: TrustTier;
    } = {},
  ): Promise<DeployResult> {
    const { image, digit = "1", config, platform = {}, trust, ...rest } = options;
    return deploy(
      { ...this.target, platform: { ...(this.target.platform as object), ...platform } },
      {
        config: { ...loadConfig(join(berthRoot, "examples", "guestbook", "berth.yaml")), projectId, ...config },
        number: 1,
        commit: digit.repeat(40),
        image: image ?? this.images[0],
        branch: "test",
        owner: "test",
        ...(trust === undefined ? {} : { trust }),
      },
      { who: "test", timeout: 180, ...rest },
    );
  }

  /** Destroys a project's pull request 1. */
  destroy(projectId: string): Promise<DestroyResult> {
    return destroy(this.target, environmentName(projectId, 1), { who: "test", timeout: 120 });
  }

  /** Resolves once another pod of that path is ready; a StatefulSet's next pod has its predecessor's name. */
  async untilReplaced(path: string, uid: string | undefined): Promise<void> {
    const end = Date.now() + 90_000;
    for (;;) {
      const pod = await this.kube.find<Pod>(path);
      const isReady = pod?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
      if (pod?.metadata.uid !== uid && isReady === true) return;
      if (Date.now() > end) throw new Error(`no new pod ${path} is ready after 90 s: ${JSON.stringify(pod?.status)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Runs a command in the app's pod and gives its standard output. */
  async exec(projectId: string, argv: readonly string[]): Promise<string> {
    const pod = await appPod(this.kube, environmentName(projectId, 1).namespace);
    return execInPod(this.target, this.kubectl, pod, argv);
  }

  /** Runs a command in a pod of that name and gives its standard output. */
  async execIn(projectId: string, name: string, argv: readonly string[]): Promise<string> {
    const { namespace } = environmentName(projectId, 1);
    return execInPod(this.target, this.kubectl, { metadata: { name, namespace } }, argv);
  }

  /** Tries connections from the app's pod. */
  async probe(projectId: string, attempts: readonly Attempt[]): Promise<AttemptResult[]> {
    return parseProbe(await this.exec(projectId, proberCommand("node", attempts)));
  }

  /** Tries connections from the node itself, which no policy holds back. */
  async probeFromNode(attempts: readonly Attempt[]): Promise<AttemptResult[]> {
    return parseProbe(await this.onNode(proberCommand(process.execPath, attempts)));
  }

  /**
   * Has a database's pod run on a small, empty file system in the place of its volume while something is done: the volumes of the
   * embedded cluster share one disk, so that none is full before all are.
   *
   * @param size as `mount` takes it, such as `96m`
   */
  async onSmallVolume(projectId: string, engine: Engine, size: string, action: () => Promise<void>): Promise<void> {
    const { namespace } = environmentName(projectId, 1);
    const claim = await this.kube.get<KubeObject & { spec: { volumeName: string } }>(
      `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${engine}-data`,
    );
    const volume = await this.kube.get<KubeObject & { spec: { local: { path: string } } }>(
      `/api/v1/persistentvolumes/${claim.spec.volumeName}`,
    );
    const { path } = volume.spec.local;
    const owner = (await this.onNode(["stat", "--format", "uid=%u,gid=%g,mode=%a", path])).trim();
    // With no pod there: what is mounted into one that runs goes with its own mount.
    await this.stop(projectId, engine);
    await this.onNode(["mount", "-t", "tmpfs", "-o", `size=${size},${owner}`, "tmpfs", path]);
    try {
      await this.scale(projectId, engine, 1);
      await action();
    } finally {
      await this.stop(projectId, engine);
      await this.onNode(["umount", "--lazy", path]);
      await this.scale(projectId, engine, 1);
      await this.untilPod(projectId, engine, (pod) => pod !== undefined && isReady(pod));
    }
  }

  private async stop(projectId: string, engine: Engine): Promise<void> {
    await this.scale(projectId, engine, 0);
    await this.untilPod(projectId, engine, (pod) => pod === undefined);
  }

  private async scale(projectId: string, engine: Engine, replicas: 0 | 1): Promise<void> {
    const { namespace } = environmentName(projectId, 1);
    await this.kube.patch(`/apis/apps/v1/namespaces/${namespace}/statefulsets/${engine}`, { spec: { replicas } });
  }

  private async untilPod(projectId: string, engine: Engine, is: (pod: Pod | undefined) => boolean): Promise<void> {
    const { namespace } = environmentName(projectId, 1);
    const end = Date.now() + 90_000;
    for (;;) {
      const pod = await this.kube.find<Pod>(`/api/v1/namespaces/${namespace}/pods/${engine}-0`);
      if (is(pod)) return;
      if (Date.now() > end)
        throw new Error(`${engine}-0 of ${namespace} stays as it is: ${JSON.stringify(pod?.status)}`);
      await pause(200);
    }
  }

  /** Runs a program on the node and gives its standard output. */
  async onNode(argv: readonly string[]): Promise<string> {
    const [program = "", ...args] = onNode(this.nodePid, argv);
    return (await run(program, args, { timeout: 60_000 })).stdout;
  }
}
