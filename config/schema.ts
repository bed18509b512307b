import { z } from "zod";
import { ACCESS_MODE, ACCESS_MODES, APP_PROTOCOLS } from "./access";
import { isCidr } from "./cidr";
import { DURATION, isDuration } from "./duration";
import { EGRESS_HOST, isEgressHost } from "./egress";
import { ENGINES, VERSION_PATTERNS } from "./engines";
import { OBJECT_NAME_PATTERN, checked, flag, imageByDigest, port, switchable, text, whole } from "./fields";
import { isImageByDigest } from "./image";
import {
  BOUNDS,
  DEFAULT_SIZE,
  JOB_BOUNDS,
  SIZES,
  SIZE_NAMES,
  isContainerCpu,
  isContainerMemory,
  isVolumeSize,
} from "./limits";
import { PROJECT_ID_PATTERN, SERVICE_NAME_PATTERN } from "./names";
import { LIVENESS, READINESS, STARTUP } from "./probes";
import type { ProbeTimes } from "./probes";
import { isBytes, isCpu } from "./quantity";
import { PEOPLE } from "./oauth";
import { isSealed } from "./sealed";

/*
 * The one definition of berth.yaml: types, defaults, JSON Schema and error messages come from it. Names, places and defaults are
 * those of k8s-ee.yaml where it has the field.
 *
 * The message of each check says what is accepted, as a noun phrase: errors are composed around it (problems.ts).
 */

const list = <T extends z.ZodType>(item: T, most: number, what: string) =>
  z.array(item, `a list of ${what}`).max(most, `at most ${most} ${what}`);

/** Amazon S3's rules for bucket names that every client and server keeps to (User Guide, "General purpose bucket naming rules"). */
const isBucketName = (name: string) =>
  /^(?=.{3,63}$)[a-z0-9](-*[a-z0-9])*(\.[a-z0-9](-*[a-z0-9])*)*$/.test(name) && !/^\d+(\.\d+){3}$/.test(name);
/** Most pods of one app or service at once: enough to try out what several of them do, without filling a shared node. */
const MOST_REPLICAS = 5;

/** Most services of one environment: beyond that a preview is no longer one application. */
const MOST_SERVICES = 10;

/** The sizes with their figures, for the reference. */
const SIZES_TEXT = `Preset for what is not given below: ${SIZE_NAMES.map((name) => {
  const { requests, limits } = SIZES[name];
  return `${name} is ${requests.cpu} CPU and ${requests.memory}, at most ${limits.cpu} and ${limits.memory}`;
}).join("; ")}.`;

/** The fields of a mapping that have a value. */
function given<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

const { min, max } = BOUNDS.container;
const cpu = () => checked(`CPU from ${min.cpu} to ${max.cpu}, such as 250m or 0.5`, isContainerCpu);
const memory = () => checked(`memory from ${min.memory} to ${max.memory}, such as 256Mi`, isContainerMemory);

/** Where an app is asked for its health when the config does not say. */
export const DEFAULT_HEALTH_PATH = "/health";

const PATH = /^\/[^\s?#]*$/;
const path = (example: string) =>
  text(`an absolute path, such as ${example}`, PATH).max(256, "a path of at most 256 characters");
const healthPath = () => path("/health");

const replicas = () => whole(1, MOST_REPLICAS).default(1);
const words = (what: string) =>
  list(z.string("text").max(4096, "text of at most 4096 characters"), 100, what).min(1, `at least one of the ${what}`);
const command = () => words("words");
const args = () => words("arguments");
const protocol = () =>
  z
    .enum(APP_PROTOCOLS, "http, h2c or grpc")
    .default("http")
    .describe(
      "What it speaks: `http` (websockets included), `h2c` (HTTP/2 without TLS; health checks still come by HTTP/1.1), or `grpc`, whose health checks are those of gRPC (grpc.health.v1) in place of healthPath.",
    );

const trigger = z
  .enum(["automatic", "on-demand"], "automatic or on-demand")
  .default("automatic")
  .describe(
    "Whether a deploy that no person asked for (`berth deploy --automatic`) may create the environment, or only update one that is there.",
  );

const app = z.strictObject({
  port: port()
    .default(3000)
    .describe(
      "Port the app listens on, also given to it as PORT. Container, Service, NetworkPolicy and Ingress follow it.",
    ),
  healthPath: healthPath()
    .default(DEFAULT_HEALTH_PATH)
    .describe(
      "Path that answers with 2xx or 3xx when the app can serve. Start, readiness and liveness probes ask for it.",
    ),
  metricsPath: path("/metrics")
    .default("/metrics")
    .describe("Path of the app's metrics in Prometheus' format, asked for where `metrics.enabled` is true."),
  protocol: protocol(),
  replicas: replicas().describe("Pods of the app that run at once. They share nothing but the databases."),
  command: command().optional().describe("Program to run instead of the image's ENTRYPOINT, word by word."),
  args: args().optional().describe("Arguments instead of the image's CMD. With a command the image's CMD is not used."),
});

/** A path that does not lead out of the folder that it is seen from. */
const RELATIVE_PATH = /^(?!\/)(?!(.*\/)?\.\.(\/|$))[A-Za-z0-9._/@+-]+$/;
const RELATIVE = "a path inside the repository, such as services/shop";
const relative = () => text(RELATIVE, RELATIVE_PATH).max(256, RELATIVE);

const REPOSITORY = /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$|^[a-z0-9]+([._-]+[a-z0-9]+)*$/;
const image = z.strictObject({
  context: relative()
    .default(".")
    .describe("Folder that `berth build` gives to the image's build, seen from the config's folder."),
  dockerfile: relative()
    .default("Dockerfile")
    .describe("Dockerfile that `berth build` builds the app's image from, seen from `image.context`."),
  repository: text("a repository without tag, such as ghcr.io/acme/shop", REPOSITORY)
    .optional()
    .describe(
      "Repository that the app's image must come from. An image from anywhere else is refused. Any when left out.",
    ),
});

const ENV_NAME = "a name of letters, digits and underscores that does not start with a digit";
const variableName = () => text(ENV_NAME, /^[A-Za-z_][A-Za-z0-9_]*$/);
const variables = () =>
  z
    .record(
      variableName(),
      z.string('text; numbers and booleans in quotes, such as "true"').max(32768, "text of at most 32768 characters"),
      "a mapping of names to text",
    )
    .default({});
const env = (subject: string) =>
  variables().describe(
    `Variables for ${subject}, through a ConfigMap. Not for secrets: anyone who can read the repository reads them.`,
  );

const OBJECT_NAME = "the name of a Kubernetes object: lower-case letters, digits, dashes and dots";
const reference = () =>
  z.strictObject(
    {
      name: text(OBJECT_NAME, OBJECT_NAME_PATTERN).describe(
        "Name of the object among the project's preview secrets, which the platform allows by name.",
      ),
    },
    "a mapping with name",
  );
const envFrom = (subject: string) =>
  list(
    z.strictObject(
      {
        secretRef: reference().optional().describe("A Secret whose keys become variables."),
        configMapRef: reference().optional().describe("A ConfigMap whose keys become variables."),
      },
      "a mapping with secretRef or configMapRef",
    ),
    20,
    "references",
  )
    .default([])
    .describe(
      `Secrets and ConfigMaps made for previews whose keys become variables of ${subject}. Each deploy copies them anew; a change restarts ${subject}. They win over env.`,
    );

const secretName = () =>
  text("a name of at most 50 lower-case letters, digits and dashes", /^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$/);

const sealedSecrets = z
  .record(
    secretName(),
    z
      .record(
        variableName(),
        checked("a value sealed by `berth seal` or `kubeseal --raw --scope cluster-wide`", isSealed),
        "a mapping of names to sealed values",
      )
      .refine((values) => Object.keys(values).length > 0, "at least one sealed value"),
    "a mapping of names to sealed values",
  )
  .default({})
  .describe(
    "Secrets whose values stand here encrypted, for the cluster's SealedSecrets controller alone. envFrom gives them to the app by name.",
  );

const externalSecrets = z
  .record(
    secretName(),
    z.strictObject(
      {
        store: text(OBJECT_NAME, OBJECT_NAME_PATTERN).describe(
          "ClusterSecretStore that holds the values. The platform says which this project may name.",
        ),
        data: z
          .record(
            variableName(),
            z.strictObject(
              {
                key: z
                  .string("the name of an entry of the store")
                  .min(1, "the name of an entry of the store")
                  .max(1024, "a name of at most 1024 characters")
                  .describe("Entry of the store."),
                property: z
                  .string("the name of a field")
                  .min(1, "the name of a field")
                  .max(1024, "a name of at most 1024 characters")
                  .optional()
                  .describe("Field of the entry, where it has several. The whole entry when left out."),
              },
              "a mapping with key",
            ),
            "a mapping of names to entries",
          )
          .refine((values) => Object.keys(values).length > 0, "at least one entry")
          .describe("What each key of the Secret is taken from."),
      },
      "a mapping with store and data",
    ),
    "a mapping of names to stores and entries",
  )
  .default({})
  .describe(
    "Secrets that the External Secrets Operator of the cluster fills from a store outside. envFrom gives them to the app by name.",
  );

const SIZE = `one of ${SIZE_NAMES.join(", ")}`;
const amounts = (subject: string) =>
  z.strictObject({
    cpu: cpu().optional().describe(`CPU ${subject}. The size's when left out.`),
    memory: memory().optional().describe(`Memory ${subject}. The size's when left out.`),
  });
const resources = (subject: string) =>
  z
    .strictObject({
      size: z.enum(SIZE_NAMES, SIZE).default(DEFAULT_SIZE).describe(SIZES_TEXT),
      requests: amounts(`${subject} is promised`)
        .prefault({})
        .describe(`What the scheduler keeps free for ${subject}.`),
      limits: amounts(`${subject} may use at most`)
        .prefault({})
        .describe(`What ${subject} may use at most; above its memory it is killed.`),
    })
    .transform(({ size, requests, limits }) => ({
      size,
      requests: { ...SIZES[size].requests, ...given(requests) },
      limits: { ...SIZES[size].limits, ...given(limits) },
    }))
    .prefault({})
    .describe(`CPU and memory of ${subject}.`);

const DIRECTORY = "an absolute path without . or .., such as /app/tmp";
const writableDirs = (subject: string) =>
  list(text(DIRECTORY, /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/), 10, "folders")
    .default([])
    .describe(`Folders ${subject} may write to, empty at each start of a pod. /tmp always is; all else is read-only.`);

const probeFields = (usual: ProbeTimes) => ({
  enabled: flag().optional().describe("Whether it is asked. Yes where there is a port to ask."),
  path: healthPath().optional().describe("Path that answers with 2xx or 3xx. healthPath when left out."),
  port: port().optional().describe("Port that is asked. The app's or service's own when left out."),
  tcp: flag().default(false).describe("Whether a connection is enough, without a request."),
  initialDelaySeconds: whole(0, 600).default(0).describe("Seconds before the first time."),
  periodSeconds: whole(1, 300).default(usual.periodSeconds).describe("Seconds from one time to the next."),
  timeoutSeconds: whole(1, 60).default(usual.timeoutSeconds).describe("Seconds that an answer may take."),
  failureThreshold: whole(1, 600).default(usual.failureThreshold).describe("Failures in a row that count as one."),
});
const startupFields = z.strictObject(probeFields(STARTUP));
const readinessFields = z.strictObject({
  ...probeFields(READINESS),
  successThreshold: whole(1, 10).default(1).describe("Answers in a row after which it counts as ready."),
});
const livenessFields = z.strictObject(probeFields(LIVENESS));
const probes = (subject: string) =>
  z
    .strictObject({
      startup: switchable(startupFields)
        .prefault({})
        .describe(
          "Whether it has started. It has failureThreshold × periodSeconds for that, counted from when its container runs: pulling the image takes nothing of it.",
        ),
      readiness: switchable(readinessFields).prefault({}).describe("Whether it gets requests."),
      liveness: switchable(livenessFields).prefault({}).describe("Whether it still works; it is restarted when not."),
    })
    .prefault({})
    .describe(`How it is found out whether ${subject} has started, can serve and still works.`);

const SERVICE_NAME =
  "1 to 20 lower-case letters, digits and dashes that begin with a letter and do not end with a dash";
const SERVICE_IMAGE =
  "an image by digest such as docker.io/library/nginx@sha256:…, or a repository whose image the deploy gives";
const service = z.strictObject(
  {
    name: text(SERVICE_NAME, SERVICE_NAME_PATTERN).describe(
      "Name of the service: its host inside the environment, and part of its URL if it is public.",
    ),
    image: checked(SERVICE_IMAGE, (value) => isImageByDigest(value) || REPOSITORY.test(value))
      .optional()
      .describe(
        "Its image by digest; or a repository, of which `berth deploy --service-image` must give one. The app's image when left out.",
      ),
    port: port()
      .optional()
      .describe(
        "Port it listens on, also given to it as PORT. None for one that nobody connects to, such as a worker.",
      ),
    extraPorts: list(port(), 10, "ports")
      .default([])
      .describe("Further ports that the app and the other services reach."),
    public: flag()
      .default(false)
      .describe("Whether its port gets a URL behind the gateway, https://{projectId}-pr-{number}-{name}.{domain}."),
    protocol: protocol(),
    healthPath: healthPath().default(DEFAULT_HEALTH_PATH).describe("Path that its probes ask for."),
    replicas: replicas().describe("Pods of it that run at once."),
    command: command().optional().describe("Program to run instead of the image's ENTRYPOINT, word by word."),
    args: args().optional().describe("Arguments instead of the image's CMD."),
    env: env("the service"),
    envFrom: envFrom("the service"),
    resources: resources("the service"),
    writableDirs: writableDirs("the service"),
    probes: probes("the service"),
    databases: list(z.enum(ENGINES, `one of ${ENGINES.join(", ")}`), ENGINES.length, "databases")
      .default([])
      .describe("Databases of the environment that it reaches, waits for and gets the variables of."),
  },
  "a mapping with name",
);
const services = list(service, MOST_SERVICES, "services")
  .default([])
  .describe("Further parts of the application, each with pods of its own beside the app.");

const sql = () => list(z.string("an SQL statement").min(1, "an SQL statement"), 100, "SQL statements").default([]);

const SEED_FILE = "a file inside the config's folder, such as db/seed.sql";
const seed = (what: string) =>
  list(
    z.union(
      [
        z.string().min(1),
        z.strictObject({
          file: text(SEED_FILE, RELATIVE_PATH).describe(
            "File whose content stands here, seen from the config's folder. At most 256 KiB, in UTF-8.",
          ),
        }),
      ],
      `${what}, or a mapping with file`,
    ),
    100,
    "entries",
  ).default([]);
const volume = () =>
  checked(`a size from ${BOUNDS.volume.min} to ${BOUNDS.volume.max}, such as 1Gi`, isVolumeSize)
    .default("1Gi")
    .describe("Size of the database's volume. It can grow later where the storage class allows it, never shrink.");

const postgresqlOptions = z.strictObject({
  enabled: flag().default(true).describe("Whether the environment gets a PostgreSQL of its own."),
  version: text('a PostgreSQL major version in quotes, such as "16"', VERSION_PATTERNS.postgresql)
    .optional()
    .describe(
      "Major version; the platform says which it offers and which is the default. A changed version starts empty.",
    ),
  storage: volume(),
  operator: z
    .enum(["none", "cloudnative-pg"], "none or cloudnative-pg")
    .default("none")
    .describe(
      "Who runs the server: none for a pod of Berth's own, cloudnative-pg for that operator, where the platform has it. Address and variables are the same; a changed operator starts empty.",
    ),
  bootstrap: z
    .strictObject({
      initSQL: sql().describe("Statements run in database postgres when the database is first created."),
      postInitApplicationSQL: sql().describe("Statements run in the app's database after it is first created."),
    })
    .prefault({})
    .describe("SQL for a new database. Not run again on one that exists."),
  seed: seed("an SQL statement").describe(
    "SQL for an empty database, run by psql as the app's user in one transaction, before the jobs. Not run on one that has tables.",
  ),
});

const MARIADB_VERSION = 'a MariaDB version in quotes, such as "11.4"';
const mariadbOptions = z.strictObject({
  enabled: flag().default(true).describe("Whether the environment gets a MariaDB of its own."),
  version: text(MARIADB_VERSION, VERSION_PATTERNS.mariadb)
    .optional()
    .describe("Version; the platform says which it offers and which is the default. A changed version starts empty."),
  storage: volume(),
  seed: seed("an SQL statement").describe(
    "SQL for an empty database, run as the app's user before the jobs. Not run on one that has tables; a failed one begins with an empty database again.",
  ),
});

const REDIS_VERSION = 'a Redis version in quotes, such as "7"';
const redisOptions = z.strictObject({
  enabled: flag().default(true).describe("Whether the environment gets a Redis of its own."),
  version: text(REDIS_VERSION, VERSION_PATTERNS.redis)
    .optional()
    .describe("Version; the platform says which it offers and which is the default. A changed version starts empty."),
  storage: volume(),
  seed: seed("a Redis command, such as SET greeting hello").describe(
    "Commands for an empty Redis, one a line, run in one transaction before the jobs. Not run on one that has keys.",
  ),
});

const MONGODB_VERSION = 'a MongoDB version in quotes, such as "8.0"';
const mongodbOptions = z.strictObject({
  enabled: flag().default(true).describe("Whether the environment gets a MongoDB of its own."),
  version: text(MONGODB_VERSION, VERSION_PATTERNS.mongodb)
    .optional()
    .describe(
      "Version; the platform says which it offers and which is the default. 7.0.5 is served by 7.0 where that is offered. A changed version starts empty.",
    ),
  storage: volume(),
});

const BUCKET = "a bucket name: 3 to 63 lower-case letters, digits, dots and dashes, no IP address";
const bucket = () =>
  checked(BUCKET, isBucketName)
    .default("data")
    .describe("Bucket that is there before the app starts. It may make more.");

const S3_VERSION = 'a version of the object store in quotes, such as "1"';
const s3Options = z.strictObject({
  enabled: flag().default(true).describe("Whether the environment gets an S3-compatible object store of its own."),
  version: text(S3_VERSION, VERSION_PATTERNS.s3)
    .optional()
    .describe("Version; the platform says which it offers and which is the default. A changed version starts empty."),
  storage: volume(),
  bucket: bucket(),
});

const minioOptions = z.strictObject({
  enabled: flag().default(true).describe("Whether the environment gets an object store of its own."),
  storage: volume(),
  bucket: bucket(),
});

const mongodb = switchable(mongodbOptions)
  .prefault(false)
  .describe(
    "A MongoDB of the environment's own, reached by MONGODB_URI and MONGODB_URL, which are the same. One server without replicas: no transactions, no change streams.",
  );

const s3 = switchable(s3Options)
  .prefault(false)
  .describe(
    "An S3-compatible object store of the environment's own, reached by the S3_* variables, and by AWS SDKs through the AWS_* ones. Clients must use path style.",
  );

const minio = switchable(minioOptions)
  .prefault(false)
  .describe(
    "The same object store under its name in k8s-ee.yaml, reached by the MINIO_* and S3_* variables and none of AWS_*. It is not MinIO, which is archived. Only one of s3 and minio.",
  );

const mariadb = switchable(mariadbOptions)
  .prefault(false)
  .describe("A MariaDB of the environment's own, reached by MYSQL_URL and the other MYSQL_* variables.");

const redis = switchable(redisOptions)
  .prefault(false)
  .describe(
    "A Redis of the environment's own that keeps its keys on disk, reached by REDIS_URL and the REDIS_* variables.",
  );

const postgresql = switchable(postgresqlOptions)
  .prefault(false)
  .describe("A PostgreSQL of the environment's own, reached by DATABASE_URL and the PG* variables.");

const HEADER_VALUE = "text, or false to leave the header to the app";
const ingress = z.strictObject({
  enabled: flag().default(true).describe("Whether the app gets a URL behind the gateway."),
  annotations: z
    .record(
      text(
        "an annotation key, such as example.com/name",
        /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
      ),
      z.string('text; numbers and booleans in quotes, such as "true"'),
      "a mapping of annotation keys to text",
    )
    .default({})
    .describe("Annotations for the Ingress, read by the gateway."),
  headers: z
    .record(
      text("the name of a header, such as X-Frame-Options", /^[A-Za-z0-9-]{1,100}$/),
      z.union(
        [text(HEADER_VALUE, /^[\x20-\x7e]*$/).max(4096, "at most 4096 characters"), z.literal(false, HEADER_VALUE)],
        HEADER_VALUE,
      ),
      "a mapping of header names to text or false",
    )
    .default({})
    .describe(
      "Headers that the gateway sets on every answer, in place of the app's own; `false` leaves one to the app. By default X-Content-Type-Options, Referrer-Policy, X-Frame-Options, X-Robots-Tag and, over https, Strict-Transport-Security.",
    ),
});

const people = (kind: keyof typeof PEOPLE, what: string) =>
  list(text(PEOPLE[kind].accepted, PEOPLE[kind].pattern), 50, what).default([]);

const access = z.strictObject({
  mode: z
    .enum(ACCESS_MODES, ACCESS_MODE)
    .optional()
    .describe(
      "Who gets in: `public` is everyone who knows the URL, `basic` who knows the environment's generated password (`berth status --show-secrets` tells it), `oidc` who has logged in with the platform's provider. The platform's default when left out, which is public unless it says otherwise.",
    ),
  allow: list(checked("an IPv4 range in CIDR notation, such as 203.0.113.0/24", isCidr), 50, "ranges")
    .default([])
    .describe("Addresses from which the URL may be opened, in any mode. All when left out."),
  oidc: z
    .strictObject({
      emails: people("emails", "e-mail addresses").describe("People who may enter, by verified e-mail address."),
      emailDomains: people("emailDomains", "domains").describe("Domains of e-mail addresses that may enter."),
      groups: people("groups", "groups").describe("Groups of the provider whose members may enter."),
    })
    .prefault({})
    .describe(
      "Who may enter with mode oidc: whoever is on one of the lists, and whom the platform lets in at all. Without lists, all of the latter.",
    ),
});

const oauth = z.strictObject({
  callback: flag()
    .default(false)
    .describe(
      "Whether the app or a service logs people in by itself through the platform's one callback URL. They then get the OAUTH_* variables.",
    ),
});

const metrics = z.strictObject({
  enabled: flag().default(false).describe("Whether the platform's Prometheus finds the app and may reach its port."),
  interval: checked(`${DURATION}, from 5s to 1h`, (value) => isDuration(value, { min: "5s", max: "1h" }))
    .default("30s")
    .describe("How often the metrics are asked for."),
});

const EXPIRY = `${DURATION}, from 10m to 90d`;
const expiry = () => checked(EXPIRY, (value) => isDuration(value, { min: "10m", max: "90d" }));
const ttl = expiry()
  .optional()
  .describe(
    "How long the environment lives after its last deploy; then it may be removed. Shown by `berth status` and `berth list`. For ever when left out.",
  );

const sleep = z.strictObject({
  after: expiry()
    .optional()
    .describe(
      "How long after its last deploy or wake `berth sleep --due` stops its pods; volumes, passwords and URL stay. Never when left out.",
    ),
});

const [BUDGET_CPU, BUDGET_BYTES] = ["an amount of CPU, such as 2 or 1500m", "an amount, such as 4Gi"];
const USD = "a number of US dollars above 0";
const budget = z.strictObject({
  cpu: checked(BUDGET_CPU, isCpu)
    .optional()
    .describe("Most CPU that all of its pods together, with a job or the seeds, may be promised."),
  memory: checked(BUDGET_BYTES, isBytes)
    .optional()
    .describe("Most memory that all of its pods together, with a job or the seeds, may be promised."),
  storage: checked(BUDGET_BYTES, isBytes).optional().describe("Most that all of its volumes together may hold."),
  monthlyUsd: z
    .number(USD)
    .positive(USD)
    .optional()
    .describe(
      "Most that it may cost in a month: its share of an m7i.xlarge and gp3 volumes at list prices of us-east-1. An estimate.",
    ),
});

const egressRule = z.strictObject(
  {
    cidr: checked("an IPv4 range in CIDR notation, such as 203.0.113.0/24", isCidr)
      .optional()
      .describe(
        "Addresses that are reached. Metadata, link-local and private addresses inside a wider range stay closed. Either this or host.",
      ),
    host: checked(EGRESS_HOST, isEgressHost)
      .optional()
      .describe(
        "Host that is reached by name, by way of a proxy of the environment's own to which HTTPS_PROXY and HTTP_PROXY lead: TLS by its server name, which nobody decrypts, and plain HTTP. Jobs reach it too.",
      ),
    ports: list(port(), 20, "ports").min(1, "at least one port").describe("TCP ports there."),
  },
  "a mapping with ports and either cidr or host",
);

const egress = z.strictObject({
  allow: list(egressRule, 50, "rules")
    .default([])
    .describe("What the app and its services may reach outside their environment. Nothing by default."),
});

const JOB_NAME = "1 to 30 lower-case letters, digits and dashes that start with a letter, no dash at the end";
const JOB_TIMEOUT = `${DURATION}, from ${JOB_BOUNDS.timeout.min} to ${JOB_BOUNDS.timeout.max}`;
const jobs = list(
  z.strictObject(
    {
      name: text(JOB_NAME, /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/).describe(
        "Name of the job, such as migrate. Its pods and log are found by it.",
      ),
      command: list(z.string("a program or an argument").min(1, "a program or an argument"), 50, "words")
        .min(1, "at least a program")
        .describe("Program and arguments, in place of what the image starts by itself. No shell reads them."),
      image: imageByDigest().optional().describe("Image, by digest. The app's when left out."),
      env: variables().describe("Variables for this job, beside those of the app, over which they win."),
      when: z
        .enum(["before-app", "after-app"], "before-app or after-app")
        .default("before-app")
        .describe(
          "before-app: after the databases answer and before the app starts or changes. after-app: once the app runs.",
        ),
      retries: whole(0, JOB_BOUNDS.retries)
        .default(2)
        .describe("How often it is tried again when it fails, after 10 s and then twice as long each time."),
      timeout: checked(JOB_TIMEOUT, (value) => isDuration(value, JOB_BOUNDS.timeout))
        .default("5m")
        .describe("Longest time of a try once its container runs. A job that hangs is ended and not tried again."),
    },
    "a mapping with name and command",
  ),
  20,
  "jobs",
)
  .default([])
  .describe(
    "Migrations, seeds and the like: run one after another, once for each commit. A failed one fails the deploy.",
  );

/** The schema of berth.yaml. `z.input` of it is what a person may write, `z.output` what the program reads. */
export const configSchema = z.strictObject(
  {
    projectId: text(
      "1 to 20 lower-case letters, digits and dashes, no dash at either end",
      PROJECT_ID_PATTERN,
    ).describe("Short name of the project. Namespace, host and stack of each environment start with it."),
    trigger,
    app: app.prefault({}).describe("How the app is reached."),
    image: image.prefault({}).describe("Where the app's image comes from."),
    env: env("the app"),
    envFrom: envFrom("the app"),
    sealedSecrets,
    externalSecrets,
    resources: resources("the app"),
    writableDirs: writableDirs("the app"),
    probes: probes("the app"),
    services,
    databases: z
      .strictObject({ postgresql, mariadb, redis, mongodb, s3, minio })
      .prefault({})
      .describe("Databases of the environment's own."),
    ingress: ingress.prefault({}).describe("The app's URL."),
    access: access.prefault({}).describe("Who may open the URLs of the app and of public services."),
    oauth: oauth.prefault({}).describe("Log-ins that the app or a service makes by itself."),
    metrics: metrics.prefault({}).describe("The app's metrics, for Prometheus."),
    ttl,
    sleep: sleep.prefault({}).describe("When its pods may be stopped."),
    budget: budget
      .prefault({})
      .describe("What the environment may ask for at most. A config that asks for more is refused, with the figures."),
    egress: egress.prefault({}).describe("What the app and its services may reach outside their environment."),
    jobs,
  },
  "a mapping of fields",
);

/** berth.yaml with every default filled in. */
export type Config = z.output<typeof configSchema>;
