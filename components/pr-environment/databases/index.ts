import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import { StatefulSet } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, PersistentVolumeClaim, Secret, Service } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";
import type { Engine } from "../../../config/databases";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import { metadata } from "../context";
import { withRoomLater } from "../isolation/room";
import type { PrEnvironmentPlan } from "../plan";
import type { VolumeSnapshotPlan } from "./snapshot";

/** How passwords are made. Long enough that guessing is hopeless (190 bits); letters and digits only, so that it needs no quoting in a URL. */
export const PASSWORD = { length: 32, special: false };

/** What registering databases takes. */
interface Place {
  /** Namespaced children. */
  children: Children;
  /** What every pod must depend on. */
  fences: pulumi.Resource[];
  /** Children of the component that are not in the namespace. */
  owner: Children;
}

/**
 * Registers the databases that the plan has, each with credentials, volume and Service.
 *
 * @returns what the app's pods need to be there when they start, what is waited for until it runs, and what
 * tells the data of each database from that of another of its name
 */
export function createDatabases(
  { children, fences, owner }: Place,
  { databases, context, quotaGrows }: PrEnvironmentPlan,
  transform: PrEnvironmentTransforms,
): { needs: pulumi.Resource[]; workloads: pulumi.CustomResource[]; data: pulumi.Output<string>[] } {
  const createSnapshot = (engine: Engine, { content, snapshot }: VolumeSnapshotPlan) => {
    // Waits for its end while the namespace goes, which is when the snapshot lets go of it.
    const known = owner.add(CustomResource, `${engine}-snapshot-content`, content, transform.snapshot);
    return children
      .with({ dependsOn: [...fences, known] })
      .add(CustomResource, `${engine}-snapshot`, snapshot, transform.snapshot);
  };
  const created = databases.map((plan) => {
    const { engine } = plan;
    const keepers = plan.rotated === undefined ? {} : { keepers: { rotated: plan.rotated } };
    const password = owner.add(RandomPassword, `${engine}-password`, { ...PASSWORD, ...keepers });
    const secret = children.add(
      Secret,
      `${engine}-secret`,
      {
        metadata: metadata(context, engine, engine),
        ...(plan.secretType !== undefined && { type: plan.secretType }),
        stringData: pulumi.secret(password.result.apply(plan.connection)),
      },
      transform.secret,
    );
    children.add(Service, `${engine}-service`, withRoomLater(plan.service, quotaGrows), transform.service);
    const { server } = plan;
    // The server has a changed password before anything starts that uses it.
    const needs = (workload: pulumi.Resource) => (plan.rotated === undefined ? [secret] : [secret, workload]);
    if (server.kind === "operator") {
      // Not deleted with the namespace but before it, so that its operator still finds what it needs.
      const object = owner
        .with({ dependsOn: [...fences, secret], customTimeouts: { create: "6m", update: "6m", delete: "3m" } })
        .add(CustomResource, engine, server.object, transform.operatedDatabase);
      return { needs: needs(object), workload: object, data: object.metadata.uid };
    }
    const source = server.snapshot ? [createSnapshot(engine, server.snapshot)] : [];
    const volume = children
      // Another storage class of the platform, or another snapshot, is for new volumes: one that holds data is never replaced.
      .with({ dependsOn: [...fences, ...source], ignoreChanges: ["spec.storageClassName", "spec.dataSource"] })
      .add(PersistentVolumeClaim, `${engine}-volume`, withRoomLater(server.volume, quotaGrows), transform.volume);
    const bootstrap = server.bootstrap
      ? [children.add(ConfigMap, `${engine}-bootstrap`, server.bootstrap, transform.configMap)]
      : [];
    const statefulSet = children
      .with({ dependsOn: [...fences, secret, volume, ...bootstrap], customTimeouts: { create: "6m", update: "6m" } })
      .add(StatefulSet, engine, server.statefulSet, transform.database);
    return { needs: needs(statefulSet), workload: statefulSet, data: volume.metadata.uid };
  });
  return {
    needs: created.flatMap(({ needs }) => needs),
    workloads: created.map(({ workload }) => workload),
    data: created.map(({ data }) => data),
  };
}
