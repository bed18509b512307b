import { StatefulSet } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, PersistentVolumeClaim, Secret, Service } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import { metadata } from "../context";
import type { PrEnvironmentPlan } from "../plan";
import { POSTGRESQL_SECRET, connection } from "./postgresql";

/** Long enough that guessing is hopeless (190 bits); letters and digits only, so that it needs no quoting in a URL. */
const PASSWORD = { length: 32, special: false };

/**
 * Registers the databases that the plan has, each with credentials, volume and Service.
 *
 * @param children namespaced children
 * @param fences what every pod must depend on
 * @param owner children of the component that are not in the namespace
 * @returns what the app's pods need to be there when they start, and what is waited for until it runs
 */
export function createDatabases(
  { children, fences, owner }: { children: Children; fences: pulumi.Resource[]; owner: Children },
  plan: PrEnvironmentPlan,
  transform: PrEnvironmentTransforms,
): { needs: pulumi.Resource[]; workloads: pulumi.CustomResource[] } {
  const { postgresql, context } = plan;
  if (!postgresql) return { needs: [], workloads: [] };
  const password = owner.add(RandomPassword, "postgresql-password", PASSWORD);
  const secret = children.add(
    Secret,
    "postgresql-secret",
    {
      metadata: metadata(context, POSTGRESQL_SECRET, "postgresql"),
      stringData: pulumi.secret(password.result.apply(connection)),
    },
    transform.secret,
  );
  children.add(Service, "postgresql-service", postgresql.service, transform.service);
  const volume = children
    .with({ dependsOn: fences })
    .add(PersistentVolumeClaim, "postgresql-volume", postgresql.volume, transform.volume);
  const bootstrap = postgresql.bootstrap
    ? [children.add(ConfigMap, "postgresql-bootstrap", postgresql.bootstrap, transform.configMap)]
    : [];
  const statefulSet = children
    .with({ dependsOn: [...fences, secret, volume, ...bootstrap], customTimeouts: { create: "6m", update: "6m" } })
    .add(StatefulSet, "postgresql", postgresql.statefulSet, transform.database);
  return { needs: [secret], workloads: [statefulSet] };
}
