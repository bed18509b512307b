import type { CustomResourceArgs } from "@pulumi/kubernetes/apiextensions";
import type { input } from "@pulumi/kubernetes/types";
import type { Engine } from "../../../config/databases";
import { SNAPSHOT_API, fromOf } from "../../../config/seed";
import { metadata } from "../context";
import type { PlanContext } from "../context";

/** What makes a snapshot of a volume known in an environment, and a new volume of it. */
export interface VolumeSnapshotPlan {
  /** Says which snapshot it is. The only object of an environment outside its namespace. */
  content: CustomResourceArgs;
  /** Stands for it in the namespace, where a claim can name it. */
  snapshot: CustomResourceArgs;
  /** What the claim names. */
  dataSource: input.core.v1.TypedLocalObjectReference;
}

/** Plans the snapshot that a database's volume is made of; undefined when its config names none. All of it has passed `validate`. */
export function planVolumeSnapshot(context: PlanContext, engine: Engine): VolumeSnapshotPlan | undefined {
  const { config, platform, namespace } = context;
  const name = fromOf(config.databases, engine)?.volumeSnapshot;
  const listed = name === undefined ? undefined : platform.snapshots[config.projectId]?.[name];
  if (name === undefined || listed === undefined) return undefined;
  const apiVersion = `${SNAPSHOT_API}/v1`;
  const about = metadata(context, `${engine}-from-${name}`, engine);
  const contentName = `${namespace}-${about.name}`;
  return {
    content: {
      apiVersion,
      kind: "VolumeSnapshotContent",
      metadata: { name: contentName, labels: about.labels },
      spec: {
        // The snapshot is the platform's: it outlives what is made of it.
        deletionPolicy: "Retain",
        driver: listed.driver,
        source: { snapshotHandle: listed.handle },
        volumeSnapshotRef: { name: about.name, namespace },
      },
    },
    snapshot: {
      apiVersion,
      kind: "VolumeSnapshot",
      // The claim waits for it by itself.
      metadata: { ...about, annotations: { "pulumi.com/skipAwait": "true" } },
      spec: { source: { volumeSnapshotContentName: contentName } },
    },
    dataSource: { apiGroup: SNAPSHOT_API, kind: "VolumeSnapshot", name: about.name },
  };
}
