import { ENGINES, ENGINE_TITLES, perEngine, servingVersion, settingsOf, type Engine } from "../config/databases";
import { ANNOTATION, LABEL } from "../config/labels";
import type { Config } from "../config/load";
import { defaultVersion, parsePlatform } from "../config/platform";
import { formatBytes, parseBytes } from "../config/quantity";
import { BerthError, ExitCode } from "./errors";
import { pause, type Kube, type KubeList, type KubeObject } from "./kube";
import type { EnvironmentName } from "./naming";
import type { Progress } from "./progress";
import { platformOutputs } from "./platform";
import type { Target } from "./target";

/*
 * What a config would do to the data that an environment has: looked up on the cluster, where the data are, so that it is right
 * whatever the last deploy was and however it ended.
 */

/** A database's volume on the cluster. */
export interface DataVolume {
  readonly engine: Engine;
  /** Name of the PersistentVolumeClaim. */
  readonly claim: string;
  /** Version whose data the database uses; undefined when the claim does not say it. */
  readonly version: string | undefined;
  /** What the claim asks for, in bytes. */
  readonly size: number;
  /** Undefined when the claim does not name one. */
  readonly storageClass: string | undefined;
}

/** Data that the app would no longer have. */
export interface Loss {
  readonly engine: Engine;
  /** Field of berth.yaml that says so. */
  readonly path: string;
  /** What would be lost, as a sentence without a full stop. */
  readonly message: string;
}

/** A change of a volume that cannot be made. */
export interface Refusal {
  readonly engine: Engine;
  /** Field of berth.yaml that asks for it. */
  readonly path: string;
  /** Why it cannot be made, as a sentence without a full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}

/** A volume that is to grow. */
export interface Growth {
  readonly engine: Engine;
  readonly claim: string;
  /** Bytes. */
  readonly from: number;
  readonly to: number;
}

/** What a config would do to data. */
export interface DataChanges {
  readonly losses: readonly Loss[];
  readonly refusals: readonly Refusal[];
  readonly growths: readonly Growth[];
}

/** What {@link compareData} has to know beside the volumes. */
export interface DataFacts {
  /** The version that a config gets which names none; undefined when that is not known. */
  readonly defaultVersions: Partial<Record<Engine, string>>;
  /** Storage classes whose volumes can grow. */
  readonly growing: readonly string[];
}

/** Compares a config with the volumes that are there. */
export function compareData(volumes: readonly DataVolume[], config: Config, facts: DataFacts): DataChanges {
  const losses: Loss[] = [];
  const refusals: Refusal[] = [];
  const growths: Growth[] = [];
  for (const volume of volumes) {
    const { engine, claim, size, storageClass } = volume;
    const title = ENGINE_TITLES[engine];
    const has = formatBytes(size);
    const { enabled, version: named, storage } = settingsOf(config.databases, engine);
    if (!enabled) {
      losses.push({
        engine,
        path: `databases.${engine}`,
        message: `${title} is not enabled any more: its volume of ${has} is deleted with all that is in it`,
      });
      continue;
    }
    const version = named ?? facts.defaultVersions[engine];
    if (
      volume.version !== undefined &&
      version !== undefined &&
      servingVersion(version, [volume.version]) === undefined
    ) {
      losses.push({
        engine,
        path: `databases.${engine}.version`,
        message: `${title} ${version} starts empty: the data of ${title} ${volume.version} stay on the volume, where the app does not reach them`,
      });
    }
    const wanted = parseBytes(storage);
    const path = `databases.${engine}.storage`;
    if (wanted < size) {
      refusals.push({
        engine,
        path,
        message: `${formatBytes(wanted)} is less than the ${has} that the volume of ${title} has, and volumes do not shrink`,
        fix: `Set it to ${has} or more; or have the database removed with its data first.`,
      });
    } else if (wanted > size && (storageClass === undefined || !facts.growing.includes(storageClass))) {
      refusals.push({
        engine,
        path,
        message: `the volume of ${title} cannot grow from ${has} to ${formatBytes(wanted)}: its storage class ${storageClass ?? "is not known and"} does not allow it`,
        fix: `Set it to ${has}, or set allowVolumeExpansion of the storage class if its driver can do it.`,
      });
    } else if (wanted > size) {
      growths.push({ engine, claim, from: size, to: wanted });
    }
  }
  return { losses, refusals, growths };
}

/** A PersistentVolumeClaim, as far as it is read here. */
interface Claim extends KubeObject {
  spec: { storageClassName?: string; resources?: { requests?: { storage?: string } } };
  status?: { capacity?: { storage?: string }; conditions?: { type: string; message?: string }[] };
}

interface StorageClass extends KubeObject {
  allowVolumeExpansion?: boolean;
}

const nothing: DataChanges = { losses: [], refusals: [], growths: [] };

/** What a config would do to the data of an environment, which may not be there. */
export async function findDataChanges(
  target: Target,
  kube: Kube,
  name: EnvironmentName,
  config: Config,
): Promise<DataChanges> {
  const volumes = await volumesOf(kube, name);
  if (volumes.length === 0) return nothing;
  const unnamed = volumes.some(({ engine }) => settingsOf(config.databases, engine).version === undefined);
  const [defaultVersions, classes] = await Promise.all([
    unnamed ? platformVersions(target) : {},
    kube.get<KubeList<StorageClass>>("/apis/storage.k8s.io/v1/storageclasses"),
  ]);
  const growing = classes.items.filter((each) => each.allowVolumeExpansion === true).map((each) => each.metadata.name);
  return compareData(volumes, config, { defaultVersions, growing });
}

function claimsPath(name: EnvironmentName): string {
  return `/api/v1/namespaces/${name.namespace}/persistentvolumeclaims`;
}

async function volumesOf(kube: Kube, name: EnvironmentName): Promise<DataVolume[]> {
  const claims = await kube.get<KubeList<Claim>>(claimsPath(name), { query: { labelSelector: LABEL.component } });
  return claims.items.flatMap(({ metadata, spec }) => {
    const engine = ENGINES.find((each) => each === metadata.labels?.[LABEL.component]);
    if (engine === undefined || metadata.deletionTimestamp !== undefined) return [];
    return {
      engine,
      claim: metadata.name,
      version: metadata.annotations?.[ANNOTATION.dataVersion],
      size: parseBytes(spec.resources?.requests?.storage ?? "0"),
      storageClass: spec.storageClassName,
    };
  });
}

/** The platform's default versions: from its settings where they are at hand, else from its stack. */
async function platformVersions(target: Target): Promise<Partial<Record<Engine, string>>> {
  if (target.platform !== undefined) {
    const platform = parsePlatform(target.platform);
    return perEngine((engine) => defaultVersion(engine, platform));
  }
  return withoutNulls((await platformOutputs(target))?.["defaultVersions"]);
}

function withoutNulls(versions: unknown): Partial<Record<Engine, string>> {
  const entries = Object.entries((versions ?? {}) as Record<string, string | null>);
  return Object.fromEntries(
    entries.flatMap(([engine, version]) => (version === null ? [] : [[engine, version] as const])),
  );
}

/**
 * Refuses a config that asks for what cannot be done to volumes, or that would lose data which nobody has agreed to lose.
 *
 * @throws BerthError (usage, or data loss)
 */
export function assertSafe(name: EnvironmentName, changes: DataChanges, allowDataLoss: boolean): void {
  const { losses, refusals } = changes;
  if (refusals.length > 0) {
    throw new BerthError(`${name.namespace} cannot be changed as asked:\n${linesOf(refusals)}`, {
      fix: [...new Set(refusals.map(({ fix }) => fix))].join(" "),
      exitCode: ExitCode.usage,
    });
  }
  if (losses.length > 0 && !allowDataLoss) {
    throw new BerthError(`${name.namespace} would lose data:\n${linesOf(losses)}`, {
      fix: "put back what the config had; or, if nobody needs the data, deploy with --allow-data-loss.",
      exitCode: ExitCode.dataLoss,
    });
  }
}

function linesOf(findings: readonly { path: string; message: string }[]): string {
  return findings.map(({ path, message }) => `  ${path}: ${message}.`).join("\n");
}

/** How long a volume may take to grow. Milliseconds; that of a cloud takes some seconds to some minutes. */
const growPatience = 180_000;

/** Between two looks at it. Milliseconds. */
const growPoll = 1_000;

/**
 * Waits until volumes have the size that their claims ask for. One that takes too long is told of and no failure: the database
 * runs on what it had.
 */
export async function awaitGrowth(
  kube: Kube,
  name: EnvironmentName,
  growths: readonly Growth[],
  progress: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + growPatience;
  for (const { claim, to } of growths) {
    for (;;) {
      const found = await kube.find<Claim>(`${claimsPath(name)}/${claim}`);
      const size = parseBytes(found?.status?.capacity?.storage ?? "0");
      if (found === undefined || size >= to || signal?.aborted === true) break;
      if (Date.now() > deadline) {
        const said = found.status?.conditions?.map(({ type, message }) => message ?? type) ?? [];
        const text = `volume ${claim} still has ${formatBytes(size)}, not ${formatBytes(to)}`;
        progress({ kind: "warning", text: [text, ...said].join(": ") });
        break;
      }
      await pause(growPoll, signal);
    }
  }
}
