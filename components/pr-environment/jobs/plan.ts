import { createHash } from "node:crypto";
import type { ConfigMapArgs } from "@pulumi/kubernetes/core/v1";
import type { input } from "@pulumi/kubernetes/types";
import { parseDuration } from "../../../config/duration";
import { ANNOTATION, LABEL } from "../../../config/labels";
import { settingsOf } from "../../../config/databases";
import type { Engine } from "../../../config/databases";
import { rangeRules } from "../../../config/egress";
import { JOB, SNAPSHOT, fillTimes, longestSeconds } from "../../../config/jobs";
import { SEED_RESOURCES } from "../../../config/limits";
import { formatBytes, parseBytes } from "../../../config/quantity";
import type { Config } from "../../../config/schema";
import { DATABASE_WAIT_SECONDS, PULL_SECONDS, appOf } from "../../../config/workloads";
import { CONTAINER_SECURITY, podSecurity } from "../../security";
import type { PlainMetadata } from "../args";
import { APP_USER, metadata, podLabels } from "../context";
import type { PlanContext } from "../context";
import { IMAGE_USER } from "../databases/engine";
import type { DatabasePlan } from "../databases/engine";
import { FROM_FOLDER, SEED_FOLDER, planFirstData } from "../databases/first-data";
import { planCanary } from "../egress/canary";
import { planEnvFrom } from "../secrets/plan";
import { canonical, writableDirs, writableVolumes } from "../workload/container";
import { variablesOf } from "../workload/variables";

/*
 * What runs to its end: migrations, seeds and the like. A job's name has a hash of all that it is, the commit included, so that an
 * unchanged deploy finds it done and a new commit makes another one.
 */

/** ConfigMap with the variables of the config, for jobs: the app's own changes only after them. */
const JOB_ENV = "job-env";

/** Seconds between the signal to end and the kill, as for the app. */
const GRACE_SECONDS = 5;

/** Seconds of a pod's life beside its job's own time: for the images to arrive and the databases to answer. As the app has. */
const START_SECONDS = PULL_SECONDS + DATABASE_WAIT_SECONDS;

/** Arguments of a Job with plain metadata, as plans have them. */
export interface PlainJobArgs {
  metadata: PlainMetadata;
  spec: Omit<input.batch.v1.JobSpec, "template"> & {
    template: {
      metadata: { labels: Record<string, string>; annotations: Record<string, string> };
      spec: input.core.v1.PodSpec;
    };
  };
}

/** One thing that runs to its end. */
export interface JobPlan {
  name: string;
  /** Name of its resource in the stack, after the environment's. */
  suffix: string;
  /** Files that it reads; undefined when there are none. */
  files: ConfigMapArgs | undefined;
  job: PlainJobArgs;
  /** Seconds after which it has ended one way or the other, every try and pause included. */
  longest: number;
}

/** All jobs of an environment, each list in the order in which they run. */
export interface JobsPlan {
  /** Undefined when there are no jobs. */
  env: ConfigMapArgs | undefined;
  /** First data of new databases: these run at once, before all others. */
  seeds: JobPlan[];
  beforeApp: JobPlan[];
  afterApp: JobPlan[];
}

/** Plans the jobs of the config. They see what the app sees: its variables, folders and resources. */
export function planJobs(context: PlanContext, databases: readonly DatabasePlan[]): JobsPlan {
  const { config } = context;
  const planned = (when: Config["jobs"][number]["when"]) =>
    config.jobs.filter((job) => job.when === when).map((job) => planJob(context, databases, job));
  return {
    env: config.jobs.length === 0 ? undefined : { metadata: metadata(context, JOB_ENV, JOB), data: config.env },
    seeds: databases.flatMap((database) => planSeedJob(context, database) ?? []),
    beforeApp: planned("before-app"),
    afterApp: planned("after-app"),
  };
}

function planJob(context: PlanContext, databases: readonly DatabasePlan[], job: Config["jobs"][number]): JobPlan {
  const { config, pr } = context;
  const app = appOf(config);
  const own = Object.entries(job.env).map(([name, value]) => ({ name, value }));
  const container: input.core.v1.Container = {
    name: job.name,
    image: job.image ?? pr.image,
    imagePullPolicy: "IfNotPresent",
    command: job.command,
    envFrom: [{ configMapRef: { name: JOB_ENV } }, ...planEnvFrom(config, app.envFrom)],
    env: [...variablesOf(context, app), ...own],
    resources: canonical(app.resources),
    securityContext: CONTAINER_SECURITY,
    volumeMounts: writableDirs(app).map(({ name, path }) => ({ name, mountPath: path })),
  };
  return runToEnd(context, {
    name: job.name,
    title: `job-${job.name}`,
    user: APP_USER,
    container,
    waits: [...planCanary(context, canonical(app.resources)), ...databases.map(({ wait }) => wait)],
    volumes: writableVolumes(app),
    retries: job.retries,
    timeout: parseDuration(job.timeout),
    reaches: true,
    // A changed version starts with an empty database, and a changed variable may be what a migration goes by. With ranges comes a label,
    // and those of a Job's pods cannot change.
    identity: [
      config.env,
      databases.map(({ engine, version }) => [engine, version]),
      ...(rangeRules(config).length > 0 ? ["reaches ranges"] : []),
    ],
  });
}

/** The job that fills a new database; it is the same for every commit that has the same first data. */
function planSeedJob(context: PlanContext, { engine, version, image, wait }: DatabasePlan): JobPlan | undefined {
  const { databases } = context.config;
  const first = planFirstData(context, engine);
  if (first === undefined) return undefined;
  const { files, paths, snapshot, client, script, env } = first;
  const title = `seed-${engine}`;
  const seeds = [{ name: "seed", mountPath: SEED_FOLDER, readOnly: true }];
  const snapshots = [{ name: "from", mountPath: FROM_FOLDER }];
  return {
    ...runToEnd(context, {
      name: title,
      title,
      user: IMAGE_USER,
      container: {
        name: title,
        image: client ?? image,
        imagePullPolicy: "IfNotPresent",
        command: ["sh", "-c", script],
        env,
        resources: SEED_RESOURCES,
        securityContext: CONTAINER_SECURITY,
        volumeMounts: [
          ...(files ? seeds : []),
          ...(snapshot === undefined ? [] : snapshots),
          { name: "tmp", mountPath: "/tmp" },
        ],
      },
      // First of all: the snapshot's image and the seeds are the pull request's own.
      waits: [
        ...planCanary(context, SEED_RESOURCES),
        wait,
        ...(snapshot === undefined ? [] : [planSnapshot(snapshot)]),
      ],
      volumes: [
        ...(files ? [{ name: "seed", configMap: { name: title, items: paths } }] : []),
        ...(snapshot === undefined ? [] : [{ name: "from", emptyDir: { sizeLimit: snapshotRoom(databases, engine) } }]),
        { name: "tmp", emptyDir: { sizeLimit: "16Mi" } },
      ],
      ...fillTimes(databases, engine),
      reaches: false,
      identity: [version, files],
    }),
    files: files && { metadata: metadata(context, title, JOB), ...files },
  };
}

/** The container that takes a snapshot's files out of its image: kubelets that mount images as volumes are not everywhere yet. */
function planSnapshot(image: string): input.core.v1.Container {
  return {
    name: SNAPSHOT,
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["cp", "-R", "/snapshot/.", FROM_FOLDER],
    resources: SEED_RESOURCES,
    securityContext: CONTAINER_SECURITY,
    volumeMounts: [{ name: "from", mountPath: FROM_FOLDER }],
  };
}

/** Room for a snapshot's files, and for the statements that a packed one becomes: each no larger than what they fill. */
function snapshotRoom(databases: Config["databases"], engine: Engine): string {
  return formatBytes(2 * parseBytes(settingsOf(databases, engine).storage));
}

/** What a Job is made from. */
interface JobSpec {
  /** What people call it. */
  name: string;
  /** What its object's name begins with. */
  title: string;
  user: number;
  container: input.core.v1.Container;
  /** Init containers, in their order. */
  waits: input.core.v1.Container[];
  volumes: input.core.v1.Volume[];
  retries: number;
  /** Seconds. */
  timeout: number;
  /** Whether it is for it that `egress.allow` stands in the config. */
  reaches: boolean;
  /** What else tells this run from another, beside all of the above. */
  identity: unknown;
}

/** A Job that is awaited, kept when it is done, and made anew when it failed. */
function runToEnd(context: PlanContext, spec: JobSpec): JobPlan {
  const { name, container, waits, retries, timeout } = spec;
  // What has ended well stays as it is, so that a wake finds it done; all else waits, as its databases are stopped.
  const isSuspended = context.pr.asleep === true;
  const tries = retries + 1;
  const pod: input.core.v1.PodSpec = {
    serviceAccountName: JOB,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    priorityClassName: context.platform.priorityClasses.environment,
    terminationGracePeriodSeconds: GRACE_SECONDS,
    // A try that failed leaves its pod and with it the log.
    restartPolicy: "Never",
    // `berth deploy` ends a job that hangs after its own time; this ends it where nobody looks.
    activeDeadlineSeconds: timeout + START_SECONDS,
    securityContext: podSecurity(spec.user),
    ...(waits.length > 0 ? { initContainers: waits } : {}),
    containers: [container],
    volumes: spec.volumes,
  };
  const about: PlainMetadata = metadata(context, `${spec.title}-${hash([pod, tries, spec.identity])}`, JOB);
  const labels: Record<string, string> = about.labels;
  return {
    name,
    suffix: spec.title,
    files: undefined,
    longest: longestSeconds({ retries, timeout: timeout + START_SECONDS }),
    job: {
      metadata: {
        ...about,
        labels: { ...labels, [LABEL.job]: name },
        // A Job that failed never runs again by itself: the next deploy makes it anew.
        annotations: {
          "pulumi.com/replaceUnready": "true",
          ...(isSuspended ? { "pulumi.com/skipAwait": "true" } : {}),
        },
      },
      spec: {
        suspend: isSuspended,
        backoffLimit: retries,
        // The next try begins when the one before has ended, so that two never change a database at once.
        podReplacementPolicy: "Failed",
        // A node that is drained or lost is nobody's failure.
        podFailurePolicy: {
          rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }],
        },
        template: {
          metadata: {
            labels: { ...podLabels(context, JOB, spec.reaches), [LABEL.job]: name },
            annotations: { [ANNOTATION.jobTimeout]: String(timeout), [ANNOTATION.jobTries]: String(tries) },
          },
          spec: pod,
        },
      },
    },
  };
}

function hash(parts: unknown): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 10);
}
