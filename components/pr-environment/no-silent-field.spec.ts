import assert from "node:assert/strict";
import { planBuild } from "../../config/build";
import { ENGINES } from "../../config/databases";
import type { Engine } from "../../config/databases";
import { planDates } from "../../config/dates";
import { examine } from "../../config/parse";
import { configSchema } from "../../config/schema";
import type { PlatformFacts } from "../../config/platform";
import { DIGEST, OAUTH_FACTS, PR } from "../../test/support/samples";
import { fieldPaths } from "../../test/support/schema-fields";
import { planPrEnvironment } from "./plan";
import { validate } from "./validate";

/*
 * Every field of berth.yaml must do something: this walks the schema, and for each field at the end of a path changes its value and
 * looks for a difference in what would be made. A new field without a sample here fails, and so does one that changes nothing.
 */

type Values = Record<string, unknown>;

/** Texts with the form of sealed values: the length of an RSA ciphertext, and enough behind it. */
const sealed = (last: number) => Buffer.concat([Buffer.from([2, 0]), Buffer.alloc(528, last)]).toString("base64");
const [SEALED_A, SEALED_B] = [sealed(1), sealed(2)];

/** Two accepted values for each field, by its path; `*` stands for any place in a list and any key of a mapping. */
const SAMPLES: Record<string, [unknown, unknown]> = {
  projectId: ["shop", "store"],
  "app.port": [3000, 8080],
  "app.healthPath": ["/health", "/ready"],
  "app.protocol": ["http", "h2c"],
  "app.metricsPath": ["/metrics", "/internal/metrics"],
  trigger: ["automatic", "on-demand"],
  "image.context": [".", "web"],
  "image.dockerfile": ["Dockerfile", "prod.Dockerfile"],
  ttl: ["1d", "2d"],
  "sleep.after": ["8h", "9h"],
  "budget.cpu": ["10m", "2"],
  "budget.memory": ["64Mi", "4Gi"],
  "budget.storage": ["500Mi", "1Gi"],
  "budget.monthlyUsd": [0.5, 50],
  "metrics.enabled": [false, true],
  "metrics.interval": ["30s", "15s"],
  "image.repository": ["localhost/berth/guestbook", "localhost/berth/other"],
  "app.replicas": [1, 2],
  "app.command.*": ["node", "bun"],
  "app.args.*": ["a", "b"],
  "env.*": ["a", "b"],
  "envFrom.*.secretRef.name": ["a", "b"],
  "envFrom.*.configMapRef.name": ["a", "b"],
  "sealedSecrets.*.*": [SEALED_A, SEALED_B],
  "externalSecrets.*.store": ["a", "b"],
  "externalSecrets.*.data.*.key": ["a", "b"],
  "externalSecrets.*.data.*.property": ["a", "b"],
  "resources.size": ["small", "medium"],
  "resources.requests.cpu": ["50m", "60m"],
  "resources.requests.memory": ["128Mi", "129Mi"],
  "resources.limits.cpu": ["200m", "300m"],
  "resources.limits.memory": ["384Mi", "385Mi"],
  "writableDirs.*": ["/data", "/cache"],
  "databases.postgresql": [false, true],
  "databases.postgresql.enabled": [false, true],
  "databases.postgresql.version": ["15", "16"],
  "databases.postgresql.storage": ["1Gi", "2Gi"],
  "databases.postgresql.operator": ["none", "cloudnative-pg"],
  "databases.postgresql.bootstrap.initSQL.*": ["SELECT 1", "SELECT 2"],
  "databases.postgresql.bootstrap.postInitApplicationSQL.*": ["SELECT 1", "SELECT 2"],
  "databases.mariadb": [false, true],
  "databases.mariadb.enabled": [false, true],
  "databases.mariadb.version": ["10.11", "11.4"],
  "databases.mariadb.storage": ["1Gi", "2Gi"],
  "databases.redis": [false, true],
  "databases.redis.enabled": [false, true],
  "databases.redis.version": ["7", "8"],
  "databases.redis.storage": ["1Gi", "2Gi"],
  "databases.mongodb": [false, true],
  "databases.mongodb.enabled": [false, true],
  "databases.mongodb.version": ["7.0", "8.0"],
  "databases.mongodb.storage": ["1Gi", "2Gi"],
  "databases.s3": [false, true],
  "databases.s3.enabled": [false, true],
  "databases.s3.version": ["1", "2"],
  "databases.s3.storage": ["1Gi", "2Gi"],
  "databases.s3.bucket": ["uploads", "pictures"],
  "databases.minio": [false, true],
  "databases.minio.enabled": [false, true],
  "databases.minio.storage": ["1Gi", "2Gi"],
  "databases.minio.bucket": ["uploads", "pictures"],
  ...Object.fromEntries(
    ["postgresql", "mariadb", "redis"].flatMap((engine): [string, [unknown, unknown]][] => [
      [`databases.${engine}.seed.*`, ["SET a 1", "SET a 2"]],
      [`databases.${engine}.seed.*.file`, ["db/a.sql", "db/b.sql"]],
    ]),
  ),
  "databases.mongodb.seed.*.collection": ["users", "orders"],
  "databases.mongodb.seed.*.documents": ["{}", "[{}]"],
  "databases.mongodb.seed.*.file": ["db/a.json", "db/b.json"],
  "databases.s3.seed.*.object": ["a.txt", "b.txt"],
  "databases.s3.seed.*.text": ["a", "b"],
  "databases.s3.seed.*.base64": ["YQ==", "Yg=="],
  "databases.s3.seed.*.file": ["db/a.png", "db/b.png"],
  ...Object.fromEntries(
    ["postgresql", "mariadb", "mongodb", "s3"].map((engine): [string, [unknown, unknown]] => [
      `databases.${engine}.from.image`,
      [`localhost/snapshot@${DIGEST}`, `localhost/other@${DIGEST}`],
    ]),
  ),
  ...Object.fromEntries(
    ENGINES.map((engine): [string, [unknown, unknown]] => [
      `databases.${engine}.from.volumeSnapshot`,
      [`${engine}-a`, `${engine}-b`],
    ]),
  ),
  "ingress.enabled": [true, false],
  "ingress.annotations.*": ["a", "b"],
  ...probeSamples("probes"),
  "services.*.name": ["api", "worker"],
  "services.*.image": [`ghcr.io/acme/api@${DIGEST}`, `ghcr.io/acme/worker@${DIGEST}`],
  "services.*.port": [8080, 9090],
  "services.*.protocol": ["http", "h2c"],
  "services.*.extraPorts.*": [9000, 9001],
  "services.*.public": [false, true],
  "services.*.healthPath": ["/health", "/ready"],
  "services.*.replicas": [1, 2],
  "services.*.command.*": ["node", "bun"],
  "services.*.args.*": ["a", "b"],
  "services.*.env.*": ["a", "b"],
  "services.*.envFrom.*.secretRef.name": ["a", "b"],
  "services.*.envFrom.*.configMapRef.name": ["a", "b"],
  "services.*.resources.size": ["small", "large"],
  "services.*.resources.requests.cpu": ["50m", "60m"],
  "services.*.resources.requests.memory": ["128Mi", "129Mi"],
  "services.*.resources.limits.cpu": ["200m", "300m"],
  "services.*.resources.limits.memory": ["384Mi", "385Mi"],
  "services.*.writableDirs.*": ["/data", "/cache"],
  ...probeSamples("services.*.probes"),
  "services.*.databases.*": ["postgresql", "redis"],
  "ingress.headers.*": ["a", false],
  "access.mode": ["public", "basic"],
  "access.allow.*": ["203.0.113.0/24", "198.51.100.0/24"],
  "access.oidc.emails.*": ["a@example.com", "b@example.com"],
  "access.oidc.emailDomains.*": ["example.com", "example.org"],
  "access.oidc.groups.*": ["a", "b"],
  "oauth.callback": [false, true],
  "egress.allow.*.cidr": ["203.0.113.0/24", "198.51.100.0/24"],
  "egress.allow.*.host": ["api.example.com", "*.example.com"],
  "egress.allow.*.ports.*": [443, 8443],
  "jobs.*.name": ["migrate", "seed"],
  "jobs.*.command.*": ["migrate", "seed"],
  "jobs.*.image": [`localhost/migrator@${DIGEST}`, `localhost/other@${DIGEST}`],
  "jobs.*.env.*": ["a", "b"],
  "jobs.*.when": ["before-app", "after-app"],
  "jobs.*.retries": [0, 2],
  "jobs.*.timeout": ["5m", "10m"],
};

/** Samples for the three probes at a path. */
function probeSamples(path: string): Record<string, [unknown, unknown]> {
  const each: Record<string, [unknown, unknown]> = {
    enabled: [true, false],
    path: ["/a", "/b"],
    port: [8081, 8082],
    tcp: [false, true],
    initialDelaySeconds: [0, 5],
    periodSeconds: [2, 4],
    timeoutSeconds: [2, 4],
    failureThreshold: [10, 20],
  };
  const of = (kind: string) =>
    Object.fromEntries(Object.entries(each).map(([field, values]) => [`${path}.${kind}.${field}`, values]));
  return {
    [`${path}.startup`]: [true, false],
    [`${path}.readiness`]: [true, false],
    [`${path}.liveness`]: [true, false],
    ...of("startup"),
    ...of("readiness"),
    [`${path}.readiness.successThreshold`]: [1, 2],
    ...of("liveness"),
  };
}

/** A version of each database that the platform below offers. */
const VERSIONS: Record<Engine, string> = { postgresql: "16", mariadb: "11.4", redis: "7", mongodb: "8.0", s3: "1" };

/** What a field needs beside it to be accepted. */
const BESIDE: Record<string, Values> = {
  "budget.storage": { databases: { redis: true } },
  "app.metricsPath": { metrics: { enabled: true } },
  "metrics.interval": { metrics: { enabled: true } },
  "access.oidc.emails.*": { access: { mode: "oidc" } },
  "access.oidc.emailDomains.*": { access: { mode: "oidc" } },
  "access.oidc.groups.*": { access: { mode: "oidc" } },
  "jobs.*.name": { jobs: [{ command: ["true"] }] },
  "jobs.*.command.*": { jobs: [{ name: "migrate" }] },
  ...Object.fromEntries(
    ["image", "env.*", "when", "retries", "timeout"].map((field): [string, Values] => [
      `jobs.*.${field}`,
      { jobs: [{ name: "migrate", command: ["true"] }] },
    ]),
  ),
  ...Object.fromEntries(
    ENGINES.map((engine): [string, Values] => [
      `databases.${engine}.from.volumeSnapshot`,
      { databases: { [engine]: { version: VERSIONS[engine] } } },
    ]),
  ),
  "databases.mongodb.seed.*.collection": { databases: { mongodb: { seed: [{ documents: "{}" }] } } },
  "databases.mongodb.seed.*.documents": { databases: { mongodb: { seed: [{ collection: "users" }] } } },
  "databases.mongodb.seed.*.file": { databases: { mongodb: { seed: [{ collection: "users" }] } } },
  "databases.s3.seed.*.object": { databases: { s3: { seed: [{ text: "a" }] } } },
  ...Object.fromEntries(
    ["text", "base64", "file"].map((field): [string, Values] => [
      `databases.s3.seed.*.${field}`,
      { databases: { s3: { seed: [{ object: "a.txt" }] } } },
    ]),
  ),
  "externalSecrets.*.store": { externalSecrets: { key: { data: { key: { key: "a" } } } } },
  "externalSecrets.*.data.*.key": { externalSecrets: { key: { store: "a" } } },
  "externalSecrets.*.data.*.property": { externalSecrets: { key: { store: "a", data: { key: { key: "a" } } } } },
  "egress.allow.*.cidr": { egress: { allow: [{ ports: [443] }] } },
  "egress.allow.*.host": { egress: { allow: [{ ports: [443] }] } },
  "egress.allow.*.ports.*": { egress: { allow: [{ cidr: "203.0.113.0/24" }] } },
  // What has a URL must have a readiness probe.
  "probes.readiness": { ingress: { enabled: false } },
  "probes.readiness.enabled": { ingress: { enabled: false } },
  "services.*.databases.*": { services: [{ name: "api" }], databases: { postgresql: true, redis: true } },
};

/** What a field of a service needs beside it. */
const SERVICE = { services: [{ name: "api", port: 8080 }] };

const facts: PlatformFacts = {
  ...OAUTH_FACTS,
  sealedSecrets: { projects: null },
  egressProxy: { image: `localhost/egress-proxy@${DIGEST}` },
  snapshots: {
    shop: Object.fromEntries(
      ENGINES.flatMap((engine) =>
        ["a", "b"].map((name) => [
          `${engine}-${name}`,
          { engine, version: VERSIONS[engine], size: "1Gi", driver: "ebs.csi.aws.com", handle: `snap-${name}` },
        ]),
      ),
    ),
  },
  s3Client: { image: `localhost/rclone@${DIGEST}` },
  externalSecrets: { shop: ["a", "b"] },
  previewSecrets: { shop: { namespace: "previews", repository: null, secrets: ["a", "b"], configMaps: ["a", "b"] } },
  operators: {
    cloudnativePg: {
      namespace: "cnpg-system",
      apiServerCidrs: ["10.0.0.0/16"],
      images: { "16": `ghcr.io/cloudnative-pg/postgresql:16.9@${DIGEST}` },
    },
  },
  images: {
    postgresql: { "15": `localhost/postgres@${DIGEST}`, "16": `localhost/postgres-16@${DIGEST}` },
    mariadb: { "10.11": `localhost/mariadb@${DIGEST}`, "11.4": `localhost/mariadb-11@${DIGEST}` },
    redis: { "7": `localhost/redis@${DIGEST}`, "8": `localhost/redis-8@${DIGEST}` },
    mongodb: { "7.0": `localhost/mongo@${DIGEST}`, "8.0": `localhost/mongo-8@${DIGEST}` },
    s3: { "1": `localhost/versitygw@${DIGEST}`, "2": `localhost/versitygw-2@${DIGEST}` },
  },
};

describe("no field of berth.yaml is silent", () => {
  const paths = fieldPaths(configSchema);

  it("each has a sample here, and no sample is left over", () => {
    assert.deepEqual([...paths].sort(), Object.keys(SAMPLES).sort());
  });

  for (const path of paths) {
    it(path, () => {
      const [first, second] = SAMPLES[path] ?? assert.fail("no sample");
      assert.notEqual(outcome(path, first), outcome(path, second), `${path} changes nothing in what is made`);
    });
  }
});

/** What comes of a config in which one field has a value: the whole plan, the image's build and the dates, or why it is refused. */
function outcome(path: string, value: unknown): string {
  const result = examine(
    merge(
      { projectId: "shop" },
      merge(
        structuredClone(BESIDE[path] ?? (path.startsWith("services.") ? SERVICE : {})),
        nest(path.split("."), value),
      ),
    ),
  );
  if ("findings" in result) return JSON.stringify(result.findings);
  const { config } = result;
  const args = { config, pr: PR, platform: facts };
  const refused = validate(args);
  // The context holds the config itself, which proves nothing.
  const { context, ...made } = planPrEnvironment(args);
  return JSON.stringify(
    refused.length > 0
      ? refused
      : { ...made, url: context.url, build: planBuild(config, "/repo", PR.number), dates: planDates(config, 0) },
  );
}

function nest([key, ...rest]: string[], value: unknown): Values {
  assert.ok(key);
  const [next] = rest;
  const inner = next === undefined ? value : next === "*" ? list(rest, value, key) : nest(rest, value);
  return { [key]: inner };
}

/** In what is a mapping of names, `*` is a key, elsewhere a place in a list. */
function list([, ...rest]: string[], value: unknown, parent: string): unknown {
  const inner = rest.length === 0 ? value : rest[0] === "*" ? list(rest, value, parent) : nest(rest, value);
  return ["env", "annotations", "headers", "sealedSecrets", "externalSecrets", "data"].includes(parent)
    ? { key: inner }
    : [inner];
}

function merge(a: Values, b: Values): Values {
  const both = { ...a };
  for (const [key, value] of Object.entries(b)) both[key] = combine(both[key], value);
  return both;
}

function combine(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b)) return [merge(a[0] as Values, b[0] as Values)];
  if (typeof a === "object" && a !== null && typeof b === "object" && b !== null)
    return merge(a as Values, b as Values);
  return b;
}
