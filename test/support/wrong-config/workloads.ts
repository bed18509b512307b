import type { WrongConfig } from ".";

/** A field below the app or a service, a wrong value as YAML has it, how it is shown, and what is accepted. */
type WrongField = readonly [field: string, yaml: string, shown: string, accepted: string];

const SHORT = ['"no"', '"no"', "true, false or a mapping of options"] as const;

/** One wrong value for each field that the app and every service have. */
const WRONG_OF_BOTH: readonly WrongField[] = [
  ["probes", "all", '"all"', "a mapping of startup, readiness, liveness"],
  ...["startup", "readiness", "liveness"].flatMap((kind): WrongField[] => [
    [`probes.${kind}`, ...SHORT],
    [`probes.${kind}.enabled`, "1", "1", "true or false"],
    [`probes.${kind}.path`, "health", '"health"', "an absolute path, such as /health"],
    [`probes.${kind}.port`, "0", "0", "a whole number from 1 to 65535"],
    [`probes.${kind}.tcp`, "1", "1", "true or false"],
    [`probes.${kind}.initialDelaySeconds`, "601", "601", "a whole number from 0 to 600"],
    [`probes.${kind}.periodSeconds`, "0", "0", "a whole number from 1 to 300"],
    [`probes.${kind}.timeoutSeconds`, "1.5", "1.5", "a whole number from 1 to 60"],
    [`probes.${kind}.failureThreshold`, "601", "601", "a whole number from 1 to 600"],
  ]),
  ["probes.readiness.successThreshold", "11", "11", "a whole number from 1 to 10"],
  ["resources.size", "huge", '"huge"', "one of small, medium, large"],
];

/** The same for what is `app.*` of the app and stands in each service itself. */
const WRONG_TO_RUN: readonly WrongField[] = [
  ["replicas", "0", "0", "a whole number from 1 to 5"],
  ["command", "node", '"node"', "a list of words"],
  ["command[0]", "1", "1", "text"],
  ["args", "[]", "a list of 0", "at least one of the arguments"],
  ["args[0]", "1", "1", "text"],
];

/** The same for what only services have, and for what the app's table above has. */
const WRONG_OF_SERVICES: readonly WrongField[] = [
  [
    "image",
    '"nginx:1"',
    '"nginx:1"',
    "an image by digest such as docker.io/library/nginx@sha256:…, or a repository whose image the deploy gives",
  ],
  ["port", "0", "0", "a whole number from 1 to 65535"],
  ["extraPorts", "80", "80", "a list of ports"],
  ["extraPorts[0]", "0", "0", "a whole number from 1 to 65535"],
  ["public", "1", "1", "true or false"],
  ["protocol", "http2", '"http2"', "http, h2c or grpc"],
  ["healthPath", "health", '"health"', "an absolute path, such as /health"],
  ["env", "[A]", "a list of 1", "a mapping of names to text"],
  ["envFrom", "stripe", '"stripe"', "a list of references"],
  ["envFrom[0]", "stripe", '"stripe"', "a mapping with secretRef or configMapRef"],
  ["envFrom[0].secretRef", "stripe", '"stripe"', "a mapping with name"],
  [
    "envFrom[0].secretRef.name",
    "A",
    '"A"',
    "the name of a Kubernetes object: lower-case letters, digits, dashes and dots",
  ],
  ["envFrom[0].configMapRef", "stripe", '"stripe"', "a mapping with name"],
  [
    "envFrom[0].configMapRef.name",
    "A",
    '"A"',
    "the name of a Kubernetes object: lower-case letters, digits, dashes and dots",
  ],
  ["resources", "small", '"small"', "a mapping of size, requests, limits"],
  ...["requests", "limits"].flatMap((kind): WrongField[] => [
    [`resources.${kind}`, "1", "1", "a mapping of cpu, memory"],
    [`resources.${kind}.cpu`, "2", "2", "CPU from 10m to 1, such as 250m or 0.5"],
    [`resources.${kind}.memory`, "1Mi", '"1Mi"', "memory from 32Mi to 1Gi, such as 256Mi"],
  ]),
  ["writableDirs", "/data", '"/data"', "a list of folders"],
  ["writableDirs[0]", "data", '"data"', "an absolute path without . or .., such as /app/tmp"],
  ["databases", "all", '"all"', "a list of databases"],
  ["databases[0]", "sqlite", '"sqlite"', "one of postgresql, mariadb, redis, mongodb, s3"],
];

/** Wrong values of what runs: the app, services and jobs, with their images, variables and resources; and what is said about each. */
export const WRONG_WORKLOADS: readonly WrongConfig[] = [
  [
    "app: web",
    'app is "web"; accepted: a mapping of port, healthPath, metricsPath, protocol, replicas, command, args. Change app to what is accepted.',
  ],
  [
    "app: { protocol: http2 }",
    'app.protocol is "http2"; accepted: http, h2c or grpc. Change app.protocol to what is accepted.',
  ],
  ["app: { port: 0 }", "app.port is 0; accepted: a whole number from 1 to 65535. Change app.port to what is accepted."],
  [
    "app: { healthPath: health }",
    'app.healthPath is "health"; accepted: an absolute path, such as /health. Change app.healthPath to what is accepted.',
  ],
  [
    "image: shop",
    'image is "shop"; accepted: a mapping of context, dockerfile, repository. Change image to what is accepted.',
  ],
  [
    'image: { repository: "ghcr.io/acme/shop:1" }',
    'image.repository is "ghcr.io/acme/shop:1"; accepted: a repository without tag, such as ghcr.io/acme/shop. Change image.repository to what is accepted.',
  ],
  ["env: [A]", "env is a list of 1; accepted: a mapping of names to text. Change env to what is accepted."],
  [
    "env: { A: 1 }",
    'env.A is a value not shown here; accepted: text; numbers and booleans in quotes, such as "true". Change env.A to what is accepted.',
  ],
  [
    "env: { 1A: x }",
    'env["1A"] is a key that is not accepted; accepted: a name of letters, digits and underscores that does not start with a digit. Rename the key.',
  ],
  [
    'env: { PORT: "1" }',
    "env.PORT is a variable that Berth sets; accepted: any name that Berth does not set. Remove it and set app.port.",
  ],
  ["envFrom: stripe", 'envFrom is "stripe"; accepted: a list of references. Change envFrom to what is accepted.'],
  [
    "envFrom: [stripe]",
    'envFrom[0] is "stripe"; accepted: a mapping with secretRef or configMapRef. Change envFrom[0] to what is accepted.',
  ],
  [
    "envFrom: [{}]",
    "envFrom[0] is without a reference; accepted: exactly one of secretRef and configMapRef. Add one of them.",
  ],
  [
    "envFrom: [{ secretRef: { name: Stripe } }]",
    'envFrom[0].secretRef.name is "Stripe"; accepted: the name of a Kubernetes object: lower-case letters, digits, dashes and dots. Change envFrom[0].secretRef.name to what is accepted.',
  ],
  [
    "envFrom: [{ secretRef: stripe }]",
    'envFrom[0].secretRef is "stripe"; accepted: a mapping with name. Change envFrom[0].secretRef to what is accepted.',
  ],
  [
    "envFrom: [{ configMapRef: settings }]",
    'envFrom[0].configMapRef is "settings"; accepted: a mapping with name. Change envFrom[0].configMapRef to what is accepted.',
  ],
  [
    "envFrom: [{ configMapRef: { name: a_b } }]",
    'envFrom[0].configMapRef.name is "a_b"; accepted: the name of a Kubernetes object: lower-case letters, digits, dashes and dots. Change envFrom[0].configMapRef.name to what is accepted.',
  ],
  [
    "sealedSecrets: stripe",
    "sealedSecrets is a value not shown here; accepted: a mapping of names to sealed values. Change sealedSecrets to what is accepted.",
  ],
  [
    "externalSecrets: mail",
    'externalSecrets is "mail"; accepted: a mapping of names to stores and entries. Change externalSecrets to what is accepted.',
  ],
  [
    "sealedSecrets: { stripe: { KEY: forgotten } }",
    "sealedSecrets.stripe.KEY is a value not shown here; accepted: a value sealed by `berth seal` or `kubeseal --raw --scope cluster-wide`. Change sealedSecrets.stripe.KEY to what is accepted.",
  ],
  [
    "externalSecrets: { mail: { store: Vault, data: { KEY: { key: shop/mail } } } }",
    'externalSecrets.mail.store is "Vault"; accepted: the name of a Kubernetes object: lower-case letters, digits, dashes and dots. Change externalSecrets.mail.store to what is accepted.',
  ],
  [
    "resources: small",
    'resources is "small"; accepted: a mapping of size, requests, limits. Change resources to what is accepted.',
  ],
  [
    "resources: { requests: 1 }",
    "resources.requests is 1; accepted: a mapping of cpu, memory. Change resources.requests to what is accepted.",
  ],
  [
    "resources: { requests: { cpu: 2 } }",
    "resources.requests.cpu is 2; accepted: CPU from 10m to 1, such as 250m or 0.5. Change resources.requests.cpu to what is accepted.",
  ],
  [
    "resources: { requests: { memory: 1Mi } }",
    'resources.requests.memory is "1Mi"; accepted: memory from 32Mi to 1Gi, such as 256Mi. Change resources.requests.memory to what is accepted.',
  ],
  [
    "resources: { limits: 1 }",
    "resources.limits is 1; accepted: a mapping of cpu, memory. Change resources.limits to what is accepted.",
  ],
  [
    "resources: { limits: { cpu: lots } }",
    'resources.limits.cpu is "lots"; accepted: CPU from 10m to 1, such as 250m or 0.5. Change resources.limits.cpu to what is accepted.',
  ],
  [
    "resources: { limits: { memory: 2Gi } }",
    'resources.limits.memory is "2Gi"; accepted: memory from 32Mi to 1Gi, such as 256Mi. Change resources.limits.memory to what is accepted.',
  ],
  [
    "resources: { requests: { cpu: 500m } }",
    "resources.requests.cpu is 500m, above the limit of 200m; accepted: at most resources.limits.cpu. Lower resources.requests.cpu or raise resources.limits.cpu.",
  ],
  [
    "resources: { requests: { memory: 1Gi } }",
    "resources.requests.memory is 1Gi, above the limit of 384Mi; accepted: at most resources.limits.memory. Lower resources.requests.memory or raise resources.limits.memory.",
  ],
  [
    "writableDirs: /data",
    'writableDirs is "/data"; accepted: a list of folders. Change writableDirs to what is accepted.',
  ],
  [
    "writableDirs: [data]",
    'writableDirs[0] is "data"; accepted: an absolute path without . or .., such as /app/tmp. Change writableDirs[0] to what is accepted.',
  ],
  [
    "writableDirs: [/etc]",
    'writableDirs[0] is "/etc", a folder of the system; accepted: a folder outside /bin, /dev, /etc, /lib, /lib64, /proc, /sbin, /sys, /usr, /var/run/secrets. Have the app write elsewhere, such as to /tmp.',
  ],
  [
    "app:",
    "app is null; accepted: a mapping of port, healthPath, metricsPath, protocol, replicas, command, args. Change app to what is accepted.",
  ],
  ["jobs: x", 'jobs is "x"; accepted: a list of jobs. Change jobs to what is accepted.'],
  ["jobs: [x]", 'jobs[0] is "x"; accepted: a mapping with name and command. Change jobs[0] to what is accepted.'],
  [
    "jobs: [{ name: A, command: [b] }]",
    'jobs[0].name is "A"; accepted: 1 to 30 lower-case letters, digits and dashes that start with a letter, no dash at the end. Change jobs[0].name to what is accepted.',
  ],
  [
    "jobs: [{ name: a, command: [] }]",
    "jobs[0].command is a list of 0; accepted: at least a program. Change jobs[0].command to what is accepted.",
  ],
  [
    "jobs: [{ name: a, command: [1] }]",
    "jobs[0].command[0] is 1; accepted: a program or an argument. Change jobs[0].command[0] to what is accepted.",
  ],
  [
    "jobs: [{ name: a, command: [b], image: shop }]",
    'jobs[0].image is "shop"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change jobs[0].image to what is accepted.',
  ],
  [
    "jobs: [{ name: a, command: [b], env: x }]",
    "jobs[0].env is a value not shown here; accepted: a mapping of names to text. Change jobs[0].env to what is accepted.",
  ],
  [
    "jobs: [{ name: a, command: [b], when: x }]",
    'jobs[0].when is "x"; accepted: before-app or after-app. Change jobs[0].when to what is accepted.',
  ],
  [
    "jobs: [{ name: a, command: [b], retries: 7 }]",
    "jobs[0].retries is 7; accepted: a whole number from 0 to 6. Change jobs[0].retries to what is accepted.",
  ],
  [
    "jobs: [{ name: a, command: [b], timeout: 2h }]",
    'jobs[0].timeout is "2h"; accepted: a span of time such as 30s, 15m, 8h or 7d, from 1s to 1h. Change jobs[0].timeout to what is accepted.',
  ],
  [
    "app: { metricsPath: metrics }",
    'app.metricsPath is "metrics"; accepted: an absolute path, such as /metrics. Change app.metricsPath to what is accepted.',
  ],
  [
    "image: { context: ../other }",
    'image.context is "../other"; accepted: a path inside the repository, such as services/shop. Change image.context to what is accepted.',
  ],
  [
    "image: { dockerfile: /etc/Dockerfile }",
    'image.dockerfile is "/etc/Dockerfile"; accepted: a path inside the repository, such as services/shop. Change image.dockerfile to what is accepted.',
  ],
  // The tables above, for the app and for a service.
  ...[...WRONG_OF_BOTH, ...WRONG_TO_RUN.map((one): WrongField => [`app.${one[0]}`, one[1], one[2], one[3]])].map(
    ([field, yaml, shown, accepted]) => [nested(field, yaml), messageOf(field, shown, accepted)] as const,
  ),
  ...[...WRONG_OF_BOTH, ...WRONG_TO_RUN, ...WRONG_OF_SERVICES].map(
    ([field, yaml, shown, accepted]) =>
      [
        `services: [{ name: api, ${nested(field, yaml)} }]`,
        messageOf(`services[0].${field}`, shown, accepted),
      ] as const,
  ),
  ["services: api", messageOf("services", '"api"', "a list of services")],
  ["services: [api]", messageOf("services[0]", '"api"', "a mapping with name")],
  [
    "services: [{ name: Api }]",
    messageOf(
      "services[0].name",
      '"Api"',
      "1 to 20 lower-case letters, digits and dashes that begin with a letter and do not end with a dash",
    ),
  ],
];

function messageOf(field: string, shown: string, accepted: string): string {
  return `${field} is ${shown}; accepted: ${accepted}. Change ${field} to what is accepted.`;
}

/** `a.b[0].c` with a value, as YAML of one line. */
function nested(field: string, value: string): string {
  const [key = "", ...rest] = field.split(".");
  const inner = rest.length === 0 ? value : `{ ${nested(rest.join("."), value)} }`;
  return key.endsWith("[0]") ? `${key.slice(0, -3)}: [${inner}]` : `${key}: ${inner}`;
}
