import { Namespace } from "@pulumi/kubernetes/core/v1";
import { RoleBinding } from "@pulumi/kubernetes/rbac/v1";
import * as pulumi from "@pulumi/pulumi";
import type { AccessMode } from "../../config/access";
import type { Quota } from "../../config/quota";
import type { TrustTier } from "../../config/trust";
import { Children } from "../children";
import { throwIfInvalid } from "../problems";
import { createGate } from "./gate";
import type { Login } from "./gate";
import type { PrEnvironmentArgs } from "./args";
import { createLogins } from "./logins";
import { createDatabases } from "./databases";
import { createEgress } from "./egress";
import { createIsolation } from "./isolation";
import { planPrEnvironment } from "./plan";
import { validate } from "./validate";
import { createSecrets } from "./secrets";
import { createJobEnv, createJobs, createSeeds } from "./jobs";
import { createWorkloads } from "./workload";

export type { PrEnvironmentArgs, PrEnvironmentTransforms } from "./args";

/**
 * One pull request's own environment: a fenced namespace with an app, its databases and a URL.
 *
 * Deleting it is the deletion of one namespace; everything inside goes with it.
 *
 * @example
 * ```ts
 * new PrEnvironment("shop-pr-7", { config, pr: { number: 7, … }, platform });
 * ```
 */
export class PrEnvironment extends pulumi.ComponentResource {
  /** Name of the namespace. */
  readonly namespace: pulumi.Output<string>;
  /** URL of the app; null when the config switches its Ingress off. */
  readonly url: string | null;
  /** URLs of the public services, by name. */
  readonly serviceUrls: Record<string, string>;
  /** Databases that it has. */
  readonly databases: string[];
  /** What this config needs; to be given as `previousQuota` to the next deploy. */
  readonly quota: Quota;
  /** How much its code is trusted. */
  readonly trust: TrustTier;
  /** Who gets in at the URL. */
  readonly access: AccessMode;
  /** Who may log in at the URL, a secret; null when the access mode knows no login. */
  readonly login: pulumi.Output<Login> | null;
  /** Has a value once the app, its services and its databases run and every job has ended well; none when one of them fails. */
  readonly ready: pulumi.Output<true>;

  /**
   * @throws pulumi.InputPropertiesError with everything in which config, pull request and platform do not go together
   */
  constructor(name: string, args: PrEnvironmentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:environment:PrEnvironment", name, {}, opts);
    throwIfInvalid(`Environment ${name} cannot be made as asked.`, validate(args));
    const plan = planPrEnvironment(args);
    const { transform = {} } = args;

    const owner = new Children(name, this);
    // A namespace with nothing stuck in it goes within a minute; three tell a stuck finalizer from a slow volume.
    const namespace = owner
      .with({ customTimeouts: { delete: "3m" } })
      .add(Namespace, "namespace", plan.namespace, transform.namespace);
    // Deleted with the namespace: one request, in an order that the cluster knows best.
    const inside = owner.with({ dependsOn: [namespace], deletedWith: namespace });
    // Whoever deploys may write nothing in the namespace before this.
    const rights = inside.add(RoleBinding, "deployers", plan.deployers);
    const children = inside.with({ dependsOn: [namespace, rights] });

    const isolation = createIsolation(children, plan, transform);
    const fences = [namespace, rights, ...isolation.fences];
    const counted = children.with({ dependsOn: [namespace, rights, isolation.quota] });
    const { needs, workloads, data } = createDatabases({ children: counted, fences, owner }, plan, transform);
    const secrets = createSecrets(counted, plan.secrets, transform);
    const { gates, login } = createGate({ children: counted, owner }, plan, transform);
    const logins = createLogins({ children: counted, fences, owner }, plan, transform);
    const egress = createEgress(counted, fences, plan, transform);
    const pods = [...fences, ...needs, ...secrets.needs, ...logins.needs, ...egress];
    const { seeds, beforeApp, afterApp } = plan.jobs;
    const dependsOn = [...pods, ...workloads, ...createJobEnv(counted, plan.jobs, transform)];
    const seeded = createSeeds(counted, seeds, { dependsOn, data }, transform);
    const migrated = createJobs(counted, beforeApp, { dependsOn: [...dependsOn, ...seeded], data }, transform);
    const jobs = [...seeded, ...migrated];
    const needed = { pods, routes: [...fences, ...gates], jobs };
    const deployments = createWorkloads(counted, needed, plan, transform, secrets);
    const after = createJobs(counted, afterApp, { dependsOn: [...dependsOn, ...deployments], data }, transform);

    this.namespace = namespace.metadata.name;
    this.url = plan.context.url;
    this.serviceUrls = Object.fromEntries(
      Object.entries(plan.context.services).map(([service, { url }]) => [service, url]),
    );
    this.trust = plan.context.trust;
    this.access = plan.gate.mode;
    this.login = login ?? null;
    this.quota = plan.neededQuota;
    this.ready = pulumi
      .all([...deployments, ...workloads, ...logins.workloads, ...egress, ...jobs, ...after].map(({ id }) => id))
      .apply(() => true as const);
    this.databases = plan.databases.map(({ engine }) => engine);
    this.registerOutputs({
      namespace: this.namespace,
      url: this.url,
      serviceUrls: this.serviceUrls,
      databases: this.databases,
    });
  }
}
