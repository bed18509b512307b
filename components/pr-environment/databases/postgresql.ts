import type { StatefulSetArgs } from "@pulumi/kubernetes/apps/v1";
import type { ConfigMapArgs, PersistentVolumeClaimArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import type { input } from "@pulumi/kubernetes/types";
import { POSTGRESQL_RESOURCES, WAIT_RESOURCES } from "../../../config/limits";
import { formatBytes, parseBytes } from "../../../config/quantity";
import { CONTAINER_SECURITY, podSecurity } from "../../security";
import { metadata, podLabels, selector } from "../context";
import type { PlanContext } from "../context";

/** Port, host, user and database name of an environment's PostgreSQL. */
export const POSTGRESQL_PORT = 5432;
export const POSTGRESQL_HOST = "postgresql";
export const POSTGRESQL_USER = "app";
export const POSTGRESQL_DATABASE = "app";

/** Secret with the connection, one key per variable that the app gets. */
export const POSTGRESQL_SECRET = "postgresql";

/** User `postgres` in docker.io/library/postgres and in the embedded cluster's image. */
const POSTGRESQL_IMAGE_USER = 999;

/**
 * Seconds between the signal to end and the kill. PostgreSQL's fast shutdown of a small data set takes well under one, and one that
 * is killed loses nothing but recovers at its next start. Longer is not free: when a namespace is deleted, its controller comes back
 * to look for ended pods only after half of the longest grace period among them.
 */
const GRACE_SECONDS = 5;

/** Seconds that an app waits for its database. Image pull, volume, first initialisation and bootstrap SQL must fit. */
const WAIT_SECONDS = 180;

const DATA_FOLDER = "/var/lib/postgresql/data";

/** What an environment's PostgreSQL consists of, its Secret apart, which needs the generated password. */
export interface PostgresqlPlan {
  version: string;
  service: ServiceArgs;
  volume: PersistentVolumeClaimArgs;
  /** SQL for a new database; undefined when there is none. */
  bootstrap: ConfigMapArgs | undefined;
  statefulSet: StatefulSetArgs;
}

/** Plans the database; undefined when the config does not enable it. */
export function planPostgresql(context: PlanContext): PostgresqlPlan | undefined {
  const { postgresql } = context.config.databases;
  if (!postgresql.enabled) return undefined;
  const version = postgresql.version ?? context.platform.defaultVersions.postgresql ?? "";
  const bootstrap = planBootstrap(context);
  return {
    version,
    service: {
      metadata: {
        ...metadata(context, POSTGRESQL_HOST, "postgresql"),
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        selector: selector("postgresql"),
        ports: [{ name: "postgresql", port: POSTGRESQL_PORT, targetPort: POSTGRESQL_PORT }],
      },
    },
    volume: {
      // A claim of its own rather than a template of the StatefulSet: its size can change in place, and replacing the StatefulSet
      // keeps the data. Where volumes bind to the first pod's zone it stays pending until that pod, so there is nothing to await.
      metadata: {
        ...metadata(context, "postgresql-data", "postgresql"),
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: formatBytes(parseBytes(postgresql.storage)) } },
        ...(context.platform.storageClass === null ? {} : { storageClassName: context.platform.storageClass }),
      },
    },
    bootstrap,
    statefulSet: planStatefulSet(context, version, bootstrap !== undefined),
  };
}

function planBootstrap(context: PlanContext): ConfigMapArgs | undefined {
  const { initSQL, postInitApplicationSQL } = context.config.databases.postgresql.bootstrap;
  const script = (statements: string[], before = "") =>
    before + statements.map((statement) => `${statement.trim().replace(/;$/, "")};\n`).join("");
  const data = {
    ...(initSQL.length > 0 ? { "10-init.sql": script(initSQL, "\\connect postgres\n") } : {}),
    ...(postInitApplicationSQL.length > 0 ? { "20-post-init-application.sql": script(postInitApplicationSQL) } : {}),
  };
  if (Object.keys(data).length === 0) return undefined;
  return { metadata: metadata(context, "postgresql-bootstrap", "postgresql"), data };
}

function planStatefulSet(context: PlanContext, version: string, hasBootstrap: boolean): StatefulSetArgs {
  const about = metadata(context, "postgresql", "postgresql");
  return {
    metadata: about,
    spec: {
      replicas: 1,
      serviceName: POSTGRESQL_HOST,
      selector: { matchLabels: selector("postgresql") },
      template: {
        metadata: { labels: podLabels(context, "postgresql") },
        spec: {
          serviceAccountName: "postgresql",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          priorityClassName: context.platform.priorityClasses.environment,
          terminationGracePeriodSeconds: GRACE_SECONDS,
          securityContext: podSecurity(POSTGRESQL_IMAGE_USER),
          containers: [planContainer(imageOf(context, version), version, hasBootstrap)],
          volumes: [
            { name: "data", persistentVolumeClaim: { claimName: "postgresql-data" } },
            { name: "run", emptyDir: { sizeLimit: "16Mi" } },
            { name: "tmp", emptyDir: { sizeLimit: "64Mi" } },
            ...(hasBootstrap ? [{ name: "bootstrap", configMap: { name: "postgresql-bootstrap" } }] : []),
          ],
        },
      },
    },
  };
}

function planContainer(image: string, version: string, hasBootstrap: boolean): input.core.v1.Container {
  // Over TCP, because the temporary server of the first initialisation listens on the socket only and is not the database yet.
  const ready = {
    exec: { command: ["pg_isready", "--quiet", "--host=127.0.0.1", `--username=${POSTGRESQL_USER}`, "--timeout=3"] },
  };
  return {
    name: "postgresql",
    image,
    imagePullPolicy: "IfNotPresent",
    env: [
      { name: "POSTGRES_USER", value: POSTGRESQL_USER },
      { name: "POSTGRES_DB", value: POSTGRESQL_DATABASE },
      { name: "POSTGRES_PASSWORD", valueFrom: { secretKeyRef: { name: POSTGRESQL_SECRET, key: "PGPASSWORD" } } },
      // Each major version has a folder of its own, since none reads another's files.
      { name: "PGDATA", value: `${DATA_FOLDER}/${version}` },
    ],
    ports: [{ name: "postgresql", containerPort: POSTGRESQL_PORT }],
    resources: POSTGRESQL_RESOURCES,
    securityContext: CONTAINER_SECURITY,
    // A small data set starts in one or two seconds: ask each second, and let only a start be slow (recovery, bootstrap SQL).
    startupProbe: { ...ready, periodSeconds: 1, timeoutSeconds: 4, failureThreshold: WAIT_SECONDS },
    readinessProbe: { ...ready, periodSeconds: 5, timeoutSeconds: 4, failureThreshold: 3 },
    // A minute of silence before a restart: a server that is busy is better than one that recovers.
    livenessProbe: { ...ready, periodSeconds: 10, timeoutSeconds: 4, failureThreshold: 6 },
    volumeMounts: [
      { name: "data", mountPath: DATA_FOLDER },
      { name: "run", mountPath: "/var/run/postgresql" },
      { name: "tmp", mountPath: "/tmp" },
      ...(hasBootstrap ? [{ name: "bootstrap", mountPath: "/docker-entrypoint-initdb.d", readOnly: true }] : []),
    ],
  };
}

const WAIT_SCRIPT = `set -eu
echo "waiting up to \${WAIT_SECONDS} s for PostgreSQL at \${PGHOST}:\${PGPORT}"
start=$(date +%s)
until pg_isready --quiet --timeout=2; do
  if [ $(( $(date +%s) - start )) -ge "\${WAIT_SECONDS}" ]; then
    echo "PostgreSQL at \${PGHOST}:\${PGPORT} took no connections for \${WAIT_SECONDS} s; its own log says why: kubectl logs statefulset/postgresql" >&2
    exit 1
  fi
  sleep 0.2
done
echo "PostgreSQL takes connections after $(( $(date +%s) - start )) s"
`;

/** Holds the app back until the database takes connections, by PostgreSQL's own check. */
export function planWaitForPostgresql(context: PlanContext, version: string): input.core.v1.Container {
  return {
    name: "wait-for-postgresql",
    image: imageOf(context, version),
    imagePullPolicy: "IfNotPresent",
    command: ["sh", "-c", WAIT_SCRIPT],
    env: [
      { name: "PGHOST", value: POSTGRESQL_HOST },
      { name: "PGPORT", value: String(POSTGRESQL_PORT) },
      { name: "PGUSER", value: POSTGRESQL_USER },
      { name: "WAIT_SECONDS", value: String(WAIT_SECONDS) },
    ],
    resources: WAIT_RESOURCES,
    securityContext: CONTAINER_SECURITY,
  };
}

/** Keys of the Secret that an app's variables come from, in the order in which they are listed. */
export function connection(password: string): Record<string, string> {
  const [user, host, port, database] = [POSTGRESQL_USER, POSTGRESQL_HOST, POSTGRESQL_PORT, POSTGRESQL_DATABASE];
  return {
    DATABASE_URL: `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGPASSWORD: password,
    PGDATABASE: database,
  };
}

function imageOf({ platform }: PlanContext, version: string): string {
  return platform.images.postgresql[version] ?? "";
}
