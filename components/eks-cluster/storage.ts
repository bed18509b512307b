import type { Input } from "@pulumi/pulumi";
import type { StorageClassArgs } from "@pulumi/kubernetes/storage/v1";
import { LABEL, MANAGED_BY } from "../../config/labels";
import type { EksClusterArgs } from "./args";
import { CLUSTER_TAG } from "./context";

/** Name of the default StorageClass. */
export const STORAGE_CLASS = "gp3";

/** Name of the default VolumeSnapshotClass. */
export const SNAPSHOT_CLASS = "ebs";

/** What {@link planStorageClass} and {@link planSnapshotClass} look at. */
export type StorageInputs = Pick<EksClusterArgs, "name" | "autoscaling">;

const labels = { [LABEL.managedBy]: MANAGED_BY };

/** EKS Auto Mode has a driver of its own ("Create a storage class", EKS user guide). */
function driver({ autoscaling }: StorageInputs): string {
  return autoscaling === "auto-mode" ? "ebs.csi.eks.amazonaws.com" : "ebs.csi.aws.com";
}

/**
 * The only default class: EKS marks its own `gp2` as default no more since 1.30 ("Kubernetes 1.30", EKS user guide). A volume is made where
 * its pod is scheduled, as it cannot follow the pod to another zone; it is encrypted with the cluster's key, can grow, and goes with its
 * claim.
 */
export function planStorageClass(args: StorageInputs, volumesKeyArn: Input<string>): StorageClassArgs {
  return {
    metadata: {
      name: STORAGE_CLASS,
      labels,
      annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
    },
    provisioner: driver(args),
    parameters: { type: "gp3", encrypted: "true", kmsKeyId: volumesKeyArn },
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion: true,
    reclaimPolicy: "Delete",
  };
}

/** A VolumeSnapshotClass, for which the Kubernetes package has no type: its kind comes with the snapshot controller. */
export interface SnapshotClassArgs {
  apiVersion: "snapshot.storage.k8s.io/v1";
  kind: "VolumeSnapshotClass";
  metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string> };
  driver: string;
  deletionPolicy: "Delete";
  parameters?: Record<string, string>;
}

/** The default class of snapshots. They have the cluster's tag, without which the driver may not make or delete them. */
export function planSnapshotClass(args: StorageInputs): SnapshotClassArgs {
  return {
    apiVersion: "snapshot.storage.k8s.io/v1",
    kind: "VolumeSnapshotClass",
    metadata: {
      name: SNAPSHOT_CLASS,
      labels,
      annotations: { "snapshot.storage.kubernetes.io/is-default-class": "true" },
    },
    driver: driver(args),
    deletionPolicy: "Delete",
    ...(args.autoscaling === "auto-mode" ? {} : { parameters: { tagSpecification_1: `${CLUSTER_TAG}=${args.name}` } }),
  };
}
