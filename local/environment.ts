import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { z } from "zod";

import type { ProviderInput } from "../config/platform";
import { readSpec } from "./cluster/create";
import { readIfPresent, writeJson } from "./cluster/files";
import { gatewayAuthorityFile, localDomain } from "./cluster/gateway";
import { storageClassName } from "./cluster/manifests";
import { planNetwork } from "./cluster/plan";
import { engineVersion } from "./cluster/versions";
import { clusterFolder, type ClusterFolder, type ClusterSpec, type NodeKind } from "./cluster/spec";
import { supervisorPid } from "./cluster/supervisor";
import type { DatabaseImages } from "./databases";
import { LocalError } from "./errors";
import { withLock } from "./lock";
import { cacheDir } from "./paths";
import { describePlugins, ensurePulumiHome, type PluginDescription, type PluginSource } from "./plugins";
import { locateToolchain, type Toolchain } from "./toolchain";

/** The value of `berth:platform` that fits an embedded cluster. */
export interface LocalPlatform {
  domain: string;
  gateway: { mode: "host"; scheme: "https"; port: number; sources: string[] };
  storageClass: string;
  images: DatabaseImages;
  /** Absent until an environment has needed the callback broker. */
  oauth?: { image: string; oidc?: ProviderInput & { proxyImage: string } };
  sealedSecrets?: { image: string };
  /** Absent until an environment has needed it. */
  egressProxy?: { image: string };
  /** None: the cluster has no CSI driver. */
  snapshots: Record<string, never>;
  /** The client by which object stores are filled; absent until an environment has needed one. */
  s3Client?: { image: string };
  /** The node's agent refuses what comes from pods that it does not know yet, and all new connections while it is down. */
  networkPlugin: "fail-closed";
}

/** Everything that is needed to deploy to an embedded cluster. */
export interface LocalEnvironment {
  name: string;
  nodes: NodeKind;
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** Variables for the Pulumi engine and for people's shells. No secret's value, only paths. */
  env: Record<string, string>;
  /** Settings of the platform: the cluster's own, and those that its user added. */
  platform: LocalPlatform & Record<string, unknown>;
  /** Absolute path of the `pulumi` program. */
  pulumi: string;
  /** Path of the log of connections that pods were refused; absent with simulated nodes, where no pod connects to anything. */
  egressLog?: string;
}

/**
 * Path of the certificate of the authority that signed the gateway's; curl takes it with `--cacert`.
 *
 * @param name an embedded cluster.
 * @throws LocalError (exit code 5) when there is no such cluster, or it has no gateway.
 */
export async function gatewayAuthority(name: string): Promise<string> {
  const spec = await readSpec(name);
  const path = gatewayAuthorityFile(clusterFolder(name));
  if (spec?.gatewayTlsPort !== undefined && (await readIfPresent(path)) !== null) return path;
  throw new LocalError({
    message: spec === null ? `There is no embedded cluster ${name}.` : `The embedded cluster ${name} has no gateway.`,
    fix: `Start it with "berth local up --gateway --name ${name}".`,
    exitCode: 5,
  });
}

/** What a cluster has for log-ins. */
export interface Logins {
  /** Images of the callback broker and of the proxy, once an environment has needed them. */
  broker?: string;
  proxy?: string;
  /** The provider that somebody has named. */
  provider?: ProviderInput;
}

/** What `up` chose for deployments to a cluster and {@link environment} must find again. */
export interface Choices {
  /** Images of databases that environments may have. */
  databases: DatabaseImages;
  /** What log-ins take; absent until an environment has needed it. */
  logins?: Logins;
  /** Where the engine's plugins come from; absent when what is there decides. */
  plugins?: PluginSource;
  /** Image of the SealedSecrets controller; absent as long as nobody has asked for it. */
  sealedSecrets?: string;
  /** Image of the egress proxy; absent until an environment has needed it. */
  egressProxy?: string;
  /** Further settings of the platform, by field. @default none */
  settings?: Record<string, unknown>;
}

const imagesShape = z.record(z.string(), z.string()).default({});
const choicesShape = z.object({
  postgresql: imagesShape,
  mariadb: imagesShape,
  redis: imagesShape,
  mongodb: imagesShape,
  s3: imagesShape,
  logins: z
    .object({
      broker: z.string().optional(),
      proxy: z.string().optional(),
      provider: z.custom<ProviderInput>().optional(),
    })
    .optional(),
  plugins: z.enum(["official", "stand-in"]).optional(),
  sealedSecrets: z.string().optional(),
  egressProxy: z.string().optional(),
  settings: z.record(z.string(), z.unknown()).optional(),
});

function choicesFile(folder: ClusterFolder): string {
  return join(folder.root, "deployments.json");
}

/**
 * Keeps choices beside the cluster's other facts. Two commands that do so at the same time do it one after the other.
 *
 * @param change gets what has been chosen so far and gives what is to be kept.
 */
export async function changeChoices(folder: ClusterFolder, change: (choices: Choices) => Choices): Promise<void> {
  await withLock(`${choicesFile(folder)}.lock`, { waitSeconds: 30 }, async () => {
    const { databases, ...rest } = change(await readChoices(folder));
    await writeJson(choicesFile(folder), { ...databases, ...rest });
  });
}

/** The choices of the last `up`; none when it did not get so far. */
export async function readChoices(folder: ClusterFolder): Promise<Choices> {
  const text = await readIfPresent(choicesFile(folder));
  const { logins, plugins, sealedSecrets, egressProxy, settings, ...databases } = choicesShape.parse(
    text === null ? {} : JSON.parse(text),
  );
  return {
    databases,
    ...(logins === undefined ? {} : { logins }),
    ...(plugins === undefined ? {} : { plugins }),
    ...(sealedSecrets === undefined ? {} : { sealedSecrets }),
    ...(egressProxy === undefined ? {} : { egressProxy }),
    ...(settings === undefined ? {} : { settings }),
  };
}

/**
 * Makes sure that the engine's plugins are installed and gives the variables that go with them.
 *
 * @param plugins takes only plugins of this source. @default official ones where the user has them, else the stand-ins
 */
export async function pluginEnvironment(
  toolchain: Pick<Toolchain, "berthPlugins">,
  plugins?: PluginSource,
): Promise<Record<string, string>> {
  const home = await ensurePulumiHome({
    toolchain,
    cacheDir: cacheDir(),
    ...(plugins === undefined ? {} : { plugins }),
  });
  return {
    PULUMI_HOME: home.path,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

/**
 * Variables for deployments of the stack `cluster` without an AWS account: where the aws and eks stand-ins keep what they "made",
 * beside the embedded cluster's other data, and whose kubeconfig the cluster that they stand in for gets.
 *
 * @param name an embedded cluster. @throws LocalError as {@link environment} does.
 */
export async function cloudEnvironment(name: string): Promise<Record<string, string>> {
  const { kubeconfig } = await environment(name);
  return {
    BERTH_STAND_IN_STATE: join(clusterFolder(name).root, "clouds"),
    BERTH_STAND_IN_KUBECONFIG: kubeconfig,
  };
}

/** Which parts of the engine are Pulumi's own and which are stand-ins. */
export async function describeEngine(
  toolchain: Pick<Toolchain, "berthPlugins">,
  folder: ClusterFolder,
): Promise<PluginDescription[]> {
  const { plugins } = await readChoices(folder);
  const home = await ensurePulumiHome({
    toolchain,
    cacheDir: cacheDir(),
    ...(plugins === undefined ? {} : { plugins }),
  });
  return describePlugins(home.plugins, await engineVersion());
}

/**
 * The platform's settings on an embedded cluster.
 *
 * @param choices what it has been chosen to offer.
 */
export function planPlatform(
  spec: ClusterSpec,
  choices: Pick<Choices, "databases" | "logins" | "sealedSecrets" | "egressProxy">,
): LocalPlatform {
  const { databases: images, logins, sealedSecrets, egressProxy } = choices;
  const { broker, proxy, provider } = logins ?? {};
  // Its image has the client too.
  const [s3] = Object.values(images.s3);
  const oidc = proxy === undefined || provider === undefined ? {} : { oidc: { ...provider, proxyImage: proxy } };
  return {
    domain: localDomain,
    gateway: {
      mode: "host",
      scheme: "https",
      // Without a gateway nothing answers there; the URL must still be a URL.
      port: spec.gatewayTlsPort ?? 443,
      sources: [`${planNetwork(spec.index).hostAddress}/32`],
    },
    storageClass: storageClassName,
    images,
    ...(broker === undefined ? {} : { oauth: { image: broker, ...oidc } }),
    ...(sealedSecrets === undefined ? {} : { sealedSecrets: { image: sealedSecrets } }),
    ...(egressProxy === undefined ? {} : { egressProxy: { image: egressProxy } }),
    ...(s3 === undefined ? {} : { s3Client: { image: s3 } }),
    networkPlugin: "fail-closed",
    // Its provisioner makes empty volumes only: one that was to be made of a snapshot would be empty without a word.
    snapshots: {},
  };
}

/**
 * Gives what is needed to deploy to an embedded cluster.
 *
 * @throws LocalError (exit code 5) when there is no such cluster or it does not run, or when its programs are gone.
 */
export async function environment(name: string): Promise<LocalEnvironment> {
  const spec = await readSpec(name);
  const folder = clusterFolder(name);
  if (
    spec === null ||
    (await supervisorPid(folder, "node")) === null ||
    (await readIfPresent(folder.kubeconfig)) === null
  ) {
    throw new LocalError({
      message: spec === null ? `There is no embedded cluster ${name}.` : `The embedded cluster ${name} does not run.`,
      fix: `Start it with "berth local up --name ${name}".`,
      exitCode: 5,
    });
  }
  const toolchain = await locateToolchain();
  if (toolchain === null) {
    throw new LocalError({
      message: "The programs of the embedded cluster are not built, or not from the present sources.",
      fix: `Run "berth local up --name ${name}", which builds them and keeps the cluster's data.`,
      exitCode: 5,
    });
  }
  const { plugins, settings, ...choices } = await readChoices(folder);
  const path = [toolchain.binDir, dirname(toolchain.pulumi), dirname(toolchain.nodejs), process.env["PATH"] ?? ""];
  return {
    name,
    nodes: spec.nodes,
    kubeconfig: folder.kubeconfig,
    env: {
      ...(await pluginEnvironment(toolchain, plugins)),
      KUBECONFIG: folder.kubeconfig,
      PULUMI_BACKEND_URL: pathToFileURL(folder.pulumi).href,
      PULUMI_CONFIG_PASSPHRASE_FILE: folder.passphrase,
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
      PATH: [...new Set(path)].join(delimiter),
    },
    platform: { ...settings, ...planPlatform(spec, choices) },
    pulumi: toolchain.pulumi,
    ...(spec.nodes === "real" ? { egressLog: folder.egressLog } : {}),
  };
}
