import type { CustomResourceArgs } from "@pulumi/kubernetes/apiextensions";
import type { StatefulSetArgs } from "@pulumi/kubernetes/apps/v1";
import type { ConfigMapArgs, PersistentVolumeClaimArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import type { input } from "@pulumi/kubernetes/types";
import { ENGINE_TITLES, servingVersion, settingsOf, variablesOf } from "../../../config/databases";
import type { Engine } from "../../../config/databases";
import { ANNOTATION } from "../../../config/labels";
import { DATABASE_RESOURCES, WAIT_RESOURCES } from "../../../config/limits";
import { formatBytes, parseBytes } from "../../../config/quantity";
import { DATABASE_WAIT_SECONDS } from "../../../config/workloads";
import { CONTAINER_SECURITY, podSecurity } from "../../security";
import { metadata, podLabels, selector } from "../context";
import type { PlanContext } from "../context";
import { planVolumeSnapshot } from "./snapshot";
import type { VolumeSnapshotPlan } from "./snapshot";

/*
 * What every database of an environment has in common: one pod on a volume of its own, behind a Service that is named after the
 * engine, with a Secret of the same name. What is particular to an engine is in its own file, as an `EngineSpec`.
 */

/** User and database name that apps get, where the engine has such. */
export const DATABASE_USER = "app";
export const DATABASE_NAME = "app";

/** User and group of the server in the images of docker.io/library and of the embedded cluster, the same for all engines. */
export const IMAGE_USER = 999;

/**
 * Seconds between the signal to end and the kill. The shutdown of a small data set takes well under one, and a server that is
 * killed loses nothing that it has confirmed but recovers at its next start (Redis: up to its last second). Longer is not free:
 * when a namespace is deleted, its controller comes back to look for ended pods only after half of the longest grace period
 * among them.
 */
export const GRACE_SECONDS = 5;

/** Seconds that an app waits for a database. Image pull, volume, first initialisation and bootstrap SQL must fit. */
export const WAIT_SECONDS = DATABASE_WAIT_SECONDS;

/** Name of the container that changes a password. */
const SET_PASSWORD = "set-password";

/** A folder that is empty at each start of the pod. */
interface ScratchFolder {
  name: string;
  path: string;
  sizeLimit: string;
}

/** What is particular to an engine. All of it is a function of the config alone. */
export interface EngineSpec {
  engine: Engine;
  port: number;
  /** Where the volume is mounted. Data are in a folder below it that is named after the version. */
  dataFolder: string;
  /** Folders beside the data that the server writes to. */
  scratch: ScratchFolder[];
  /** How the server is started, where it is not what the image does by itself. */
  command?: string[];
  args?: (version: string) => string[];
  env: (version: string) => input.core.v1.EnvVar[];
  /** The engine's own check, against 127.0.0.1, with a time limit of its own. Ends with 0 when the server takes connections. */
  probe: string[];
  /** Files for a new database; undefined when there are none. */
  bootstrap?: Bootstrap;
  /**
   * Shell script that gives the data a new password while no server runs: {@link EngineSpec.env} and the volume are there. It ends
   * with 0 when there are no data yet, and prints no password. Undefined when the server reads its password at each start.
   */
  setPassword?: (version: string) => string;
  wait: {
    /** The engine's own check as a shell command, against the Service. */
    check: string;
    /** Host and port as the shell has them. */
    address: string;
    env: input.core.v1.EnvVar[];
  };
  /** Keys of the Secret: those that an app's variables come from, and what the server alone needs. */
  connection: (password: string) => Record<string, string>;
}

interface Bootstrap {
  /** File names and their content. */
  files: Record<string, string>;
  /** Where the server looks for them. */
  path: string;
}

/** What one database of an environment consists of, its Secret apart, which needs the generated password. */
export interface DatabasePlan {
  engine: Engine;
  version: string;
  /** Image of the server, which has its clients too. */
  image: string;
  service: ServiceArgs;
  /** Type of the Secret. @default Opaque */
  secretType?: string;
  /** When the password was last changed; undefined when it is the one that the database was made with. */
  rotated: string | undefined;
  /** What runs it: a pod of our own, or an operator by an object of its kind. */
  server: PodServer | OperatedServer;
  /** Holds the app back until the database takes connections. */
  wait: input.core.v1.Container;
  /** Variables that the app gets, each a key of the engine's Secret. */
  variables: readonly string[];
  /** Makes the data of its Secret: at least one key per variable that the app gets. */
  connection: (password: string) => Record<string, string>;
}

/** A database in a pod of our own. */
export interface PodServer {
  kind: "pod";
  /** What the volume is made of; undefined when it begins empty. */
  snapshot: VolumeSnapshotPlan | undefined;
  volume: PersistentVolumeClaimArgs;
  /** Files for a new database; undefined when there are none. */
  bootstrap: ConfigMapArgs | undefined;
  statefulSet: StatefulSetArgs;
}

/** A database that an operator runs. */
export interface OperatedServer {
  kind: "operator";
  /** The operator's object. It goes before the namespace, as long as its operator can still take care of it. */
  object: CustomResourceArgs;
}

/** A variable that comes from the engine's Secret. */
export function fromSecret(engine: Engine, key: string, name: string = key): input.core.v1.EnvVar {
  return { name, valueFrom: { secretKeyRef: { name: engine, key } } };
}

/** Plans a database that the config enables. */
export function planDatabase(context: PlanContext, spec: EngineSpec): DatabasePlan {
  const { engine } = spec;
  const { config, platform } = context;
  const settings = settingsOf(config.databases, engine);
  const wanted = settings.version ?? platform.defaultVersions[engine] ?? "";
  const version = servingVersion(wanted, Object.keys(platform.images[engine])) ?? wanted;
  const image = platform.images[engine][version] ?? "";
  const skipAwait = { "pulumi.com/skipAwait": "true" };
  const snapshot = planVolumeSnapshot(context, engine);
  return {
    engine,
    version,
    image,
    service: {
      metadata: { ...metadata(context, engine, engine), annotations: skipAwait },
      spec: {
        selector: selector(engine),
        ports: [{ name: engine, port: spec.port, targetPort: spec.port }],
      },
    },
    server: {
      kind: "pod",
      snapshot,
      volume: {
        // A claim of its own rather than a template of the StatefulSet: its size can change in place, and replacing the StatefulSet
        // keeps the data. Where volumes bind to the first pod's zone it stays pending until that pod, so there is nothing to await.
        metadata: {
          ...metadata(context, `${engine}-data`, engine),
          annotations: { ...skipAwait, [ANNOTATION.dataVersion]: version },
        },
        spec: {
          accessModes: ["ReadWriteOnce"],
          resources: { requests: { storage: formatBytes(parseBytes(settings.storage)) } },
          ...(platform.storageClass === null ? {} : { storageClassName: platform.storageClass }),
          ...(snapshot && { dataSource: snapshot.dataSource }),
        },
      },
      bootstrap: spec.bootstrap && {
        metadata: metadata(context, bootstrapName(engine), engine),
        data: spec.bootstrap.files,
      },
      statefulSet: planStatefulSet(context, spec, image, version, snapshot !== undefined),
    },
    rotated: context.rotations[engine],
    wait: planWait(spec, image),
    variables: variablesOf(config.databases, engine),
    connection: spec.connection,
  };
}

function bootstrapName(engine: Engine): string {
  return `${engine}-bootstrap`;
}

/** @param isForeign whether its data were made with another environment's password */
function planStatefulSet(
  context: PlanContext,
  spec: EngineSpec,
  image: string,
  version: string,
  isForeign: boolean,
): StatefulSetArgs {
  const { engine, scratch, bootstrap } = spec;
  const rotated = context.rotations[engine];
  return {
    metadata: metadata(context, engine, engine),
    spec: {
      replicas: context.pr.asleep === true ? 0 : 1,
      serviceName: engine,
      selector: { matchLabels: selector(engine) },
      template: {
        metadata: {
          labels: podLabels(context, engine),
          ...(rotated !== undefined && { annotations: { [ANNOTATION.rotated]: rotated } }),
        },
        spec: {
          serviceAccountName: engine,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          priorityClassName: context.platform.priorityClasses.environment,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          securityContext: podSecurity(IMAGE_USER),
          ...((rotated !== undefined || isForeign) &&
            spec.setPassword && { initContainers: [planSetPassword(spec, spec.setPassword(version), image, version)] }),
          containers: [planContainer(spec, image, version)],
          volumes: [
            { name: "data", persistentVolumeClaim: { claimName: `${engine}-data` } },
            ...scratch.map(({ name, sizeLimit }) => ({ name, emptyDir: { sizeLimit } })),
            ...(bootstrap ? [{ name: "bootstrap", configMap: { name: bootstrapName(engine) } }] : []),
          ],
        },
      },
    },
  };
}

function planContainer(spec: EngineSpec, image: string, version: string): input.core.v1.Container {
  const { engine, port, scratch, bootstrap } = spec;
  const ready = { exec: { command: spec.probe } };
  return {
    name: engine,
    image,
    imagePullPolicy: "IfNotPresent",
    ...(spec.command && { command: spec.command }),
    ...(spec.args && { args: spec.args(version) }),
    env: spec.env(version),
    ports: [{ name: engine, containerPort: port }],
    resources: DATABASE_RESOURCES[engine],
    securityContext: CONTAINER_SECURITY,
    // A small data set starts in one or two seconds: ask each second, and let only a start be slow (recovery, bootstrap SQL).
    startupProbe: { ...ready, periodSeconds: 1, timeoutSeconds: 4, failureThreshold: WAIT_SECONDS },
    readinessProbe: { ...ready, periodSeconds: 5, timeoutSeconds: 4, failureThreshold: 3 },
    // A minute of silence before a restart: a server that is busy is better than one that recovers.
    livenessProbe: { ...ready, periodSeconds: 10, timeoutSeconds: 4, failureThreshold: 6 },
    volumeMounts: [
      { name: "data", mountPath: spec.dataFolder },
      ...scratch.map(({ name, path }) => ({ name, mountPath: path })),
      ...(bootstrap ? [{ name: "bootstrap", mountPath: bootstrap.path, readOnly: true }] : []),
    ],
  };
}

/**
 * Gives the data the password of the Secret before the server starts, at each start: what an interrupted change left half done is
 * put right by the next start, whatever it was. Nobody needs a right to run commands in pods for it.
 */
function planSetPassword(spec: EngineSpec, script: string, image: string, version: string): input.core.v1.Container {
  return {
    name: SET_PASSWORD,
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", script],
    env: spec.env(version),
    resources: DATABASE_RESOURCES[spec.engine],
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [
      { name: "data", mountPath: spec.dataFolder },
      ...spec.scratch.map(({ name, path }) => ({ name, mountPath: path })),
    ],
  };
}

function waitScript({ engine, wait: { address, check } }: EngineSpec, pods: string): string {
  const title = ENGINE_TITLES[engine];
  return `set -eu
echo "waiting up to \${WAIT_SECONDS} s for ${title} at ${address}"
start=$(date +%s)
until ${check}; do
  if [ $(( $(date +%s) - start )) -ge "\${WAIT_SECONDS}" ]; then
    echo "${title} at ${address} took no connections for \${WAIT_SECONDS} s; its own log says why: kubectl logs ${pods}" >&2
    exit 1
  fi
  sleep 0.2
done
echo "${title} takes connections after $(( $(date +%s) - start )) s"
`;
}

/**
 * Plans the container that holds the app back.
 *
 * @param pods whose log says why the database is not there, as `kubectl logs` takes it
 */
export function planWait(
  spec: EngineSpec,
  image: string,
  pods = `statefulset/${spec.engine}`,
): input.core.v1.Container {
  return {
    name: `wait-for-${spec.engine}`,
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", waitScript(spec, pods)],
    env: [...spec.wait.env, { name: "WAIT_SECONDS", value: String(WAIT_SECONDS) }],
    resources: WAIT_RESOURCES,
    securityContext: CONTAINER_SECURITY,
  };
}
