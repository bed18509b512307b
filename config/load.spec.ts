import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, loadConfig, parseConfigText } from "./load";
import type { Problem } from "./load";
import { parseConfig } from "./parse";

/** The problems of a text that is not accepted. */
function problemsOf(text: string): readonly Problem[] {
  try {
    parseConfigText(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  assert.fail("it was accepted");
}

/** The one problem of a text, whose path and line are `path` and `line`. */
function problem(text: string, path: string, line: number): Problem {
  const [only, ...rest] = problemsOf(text);
  assert.deepEqual(rest, [], "more than one problem");
  assert.ok(only);
  assert.equal(only.path, path);
  assert.equal(only.line, line);
  return only;
}

describe("berth.yaml", () => {
  it("fills in every default of the older file", () => {
    assert.deepEqual(parseConfigText("projectId: shop\n"), {
      projectId: "shop",
      trigger: "automatic",
      app: { port: 3000, healthPath: "/health", metricsPath: "/metrics", protocol: "http", replicas: 1 },
      image: { context: ".", dockerfile: "Dockerfile" },
      env: {},
      envFrom: [],
      sealedSecrets: {},
      externalSecrets: {},
      resources: {
        size: "small",
        requests: { cpu: "50m", memory: "128Mi" },
        limits: { cpu: "200m", memory: "384Mi" },
      },
      writableDirs: [],
      probes: {
        startup: { tcp: false, initialDelaySeconds: 0, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 120 },
        readiness: {
          tcp: false,
          initialDelaySeconds: 0,
          periodSeconds: 3,
          timeoutSeconds: 3,
          failureThreshold: 3,
          successThreshold: 1,
        },
        liveness: { tcp: false, initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
      },
      services: [],
      databases: {
        postgresql: {
          enabled: false,
          storage: "1Gi",
          operator: "none",
          bootstrap: { initSQL: [], postInitApplicationSQL: [] },
          seed: [],
        },
        mariadb: { enabled: false, storage: "1Gi", seed: [] },
        redis: { enabled: false, storage: "1Gi", seed: [] },
        mongodb: { enabled: false, storage: "1Gi", seed: [] },
        s3: { enabled: false, storage: "1Gi", bucket: "data", seed: [] },
        minio: { enabled: false, storage: "1Gi", bucket: "data" },
      },
      ingress: { enabled: true, annotations: {}, headers: {} },
      access: { allow: [], oidc: { emails: [], emailDomains: [], groups: [] } },
      oauth: { callback: false },
      metrics: { enabled: false, interval: "30s" },
      sleep: {},
      budget: {},
      egress: { allow: [] },
      jobs: [],
    });
  });

  it("reads a k8s-ee.yaml whose fields it supports, with those that ask for nothing", () => {
    const config = parseConfigText(`
projectId: shop
trigger: automatic
app: { port: 8080, healthPath: /api/health }
image: { context: ., dockerfile: Dockerfile, repository: ghcr.io/acme/shop }
env: { LOG_LEVEL: debug }
envFrom:
  - secretRef: { name: stripe }
resources:
  limits: { memory: 512Mi }
writableDirs: [/app/tmp]
databases:
  postgresql: { enabled: true, version: "16", storage: 2Gi, bootstrap: { postInitApplicationSQL: [CREATE EXTENSION citext] } }
  redis: { enabled: true }
  mariadb: { enabled: true, version: "11.4", storage: 2Gi }
  mongodb: { enabled: true, version: "7.0", storage: 3Gi }
  minio: { storage: 2Gi, bucket: uploads }
ingress: { annotations: { example.com/a: b } }
metrics: { enabled: false, interval: 30s }
`);
    assert.equal(config.image.repository, "ghcr.io/acme/shop");
    assert.equal(config.databases.postgresql.storage, "2Gi");
    assert.deepEqual(config.databases.mariadb, { enabled: true, version: "11.4", storage: "2Gi", seed: [] });
    assert.deepEqual(config.databases.redis, { enabled: true, storage: "1Gi", seed: [] });
    assert.deepEqual(config.databases.mongodb, { enabled: true, version: "7.0", storage: "3Gi", seed: [] });
    assert.deepEqual(config.databases.minio, { enabled: true, storage: "2Gi", bucket: "uploads" });
    assert.equal(config.databases.s3.enabled, false);
  });

  it("takes true for a database with all defaults", () => {
    assert.deepEqual(parseConfigText("projectId: shop\ndatabases: { postgresql: true }").databases.postgresql, {
      enabled: true,
      storage: "1Gi",
      operator: "none",
      bootstrap: { initSQL: [], postInitApplicationSQL: [] },
      seed: [],
    });
  });

  it("accepts its own output again, so that a stack's config may hold either", () => {
    const config = parseConfigText(
      "projectId: shop\ndatabases: { postgresql: true, mariadb: true, redis: true }\negress: { allow: [{ cidr: 203.0.113.0/24, ports: [443] }] }",
    );
    assert.deepEqual(parseConfig(config), config);
  });

  it("tells all problems at once, in the order of the file", () => {
    const text = "app:\n  port: 0\nprojectId: Shop\nsecrets: {}\n";
    assert.deepEqual(
      problemsOf(text).map(({ path, line }) => [path, line]),
      [
        ["app.port", 2],
        ["projectId", 3],
        ["secrets", 4],
      ],
    );
  });

  it("says value, what is accepted and the fix", () => {
    assert.throws(() => parseConfigText("projectId: shop\napp:\n  port: 70000\n"), {
      name: "ConfigError",
      message:
        "berth.yaml has a problem:\n" +
        "  line 3: app.port is 70000; accepted: a whole number from 1 to 65535. Change app.port to what is accepted.",
    });
  });

  it("suggests the field that was meant", () => {
    assert.match(
      problem("projectId: shop\napp: { helthPath: /x }", "app.helthPath", 2).fix,
      /^Did you mean app\.healthPath\?/,
    );
    assert.match(
      problem("projectId: shop\ndatabases: { postgres: true }", "databases.postgres", 2).fix,
      /databases\.postgresql/,
    );
    const inUnion = problem(
      "projectId: shop\ndatabases:\n  postgresql:\n    storge: 1Gi",
      "databases.postgresql.storge",
      4,
    );
    assert.match(inUnion.fix, /databases\.postgresql\.storage/);
    assert.equal(problem("projectId: shop\nzzz: 1", "zzz", 2).fix, "Remove it.");
  });

  it("says that a required field is missing", () => {
    assert.equal(problem("app: {}\n", "projectId", 1).value, "missing");
    assert.equal(problem("", "projectId", 1).fix, "Add projectId.");
  });

  describe("refuses", () => {
    const accept = "projectId: shop\n";
    for (const [what, text, path] of [
      ["a variable that Berth sets", "env: { PORT: '1' }", "env.PORT"],
      ["a variable of a database that is enabled", "env: { PGHOST: x }\ndatabases: { postgresql: true }", "env.PGHOST"],
      ["a variable of MariaDB", "env: { MYSQL_HOST: x }\ndatabases: { mariadb: true }", "env.MYSQL_HOST"],
      ["a variable of Redis", "env: { REDIS_URL: x }\ndatabases: { redis: true }", "env.REDIS_URL"],
      ["a number as variable", "env: { COUNT: 3 }", "env.COUNT"],
      ["a variable name with a dash", "env: { A-B: x }", "env.A-B"],
      ["a reference without kind", "envFrom: [{}]", "envFrom[0]"],
      ["two references in one", "envFrom: [{ secretRef: { name: a }, configMapRef: { name: a } }]", "envFrom[0]"],
      ["a reference twice", "envFrom: [{ secretRef: { name: a } }, { secretRef: { name: a } }]", "envFrom[1]"],
      ["a request above its limit", "resources: { requests: { cpu: 500m } }", "resources.requests.cpu"],
      ["memory above the most of a container", "resources: { limits: { memory: 2Gi } }", "resources.limits.memory"],
      ["a quantity that is none", "resources: { limits: { cpu: lots } }", "resources.limits.cpu"],
      ["a volume above the most", "databases: { postgresql: { storage: 50Gi } }", "databases.postgresql.storage"],
      ["a version that is a number", "databases: { postgresql: { version: 16 } }", "databases.postgresql.version"],
      ["a MariaDB version without point", "databases: { mariadb: { version: '11' } }", "databases.mariadb.version"],
      ["a MariaDB volume above the most", "databases: { mariadb: { storage: 50Gi } }", "databases.mariadb.storage"],
      ["a Redis version that is a number", "databases: { redis: { version: 7 } }", "databases.redis.version"],
      ["a variable of MongoDB", "env: { MONGODB_URI: x }\ndatabases: { mongodb: true }", "env.MONGODB_URI"],
      ["a variable of AWS SDKs", "env: { AWS_REGION: x }\ndatabases: { s3: true }", "env.AWS_REGION"],
      ["a variable of minio", "env: { MINIO_BUCKET: x }\ndatabases: { minio: true }", "env.MINIO_BUCKET"],
      ["a MongoDB version that is a number", "databases: { mongodb: { version: 7 } }", "databases.mongodb.version"],
      ["a version of the store that is a name", "databases: { s3: { version: v1 } }", "databases.s3.version"],
      ["a bucket name in capitals", "databases: { s3: { bucket: Uploads } }", "databases.s3.bucket"],
      ["a bucket name that is an address", "databases: { minio: { bucket: 10.0.0.1 } }", "databases.minio.bucket"],
      ["a bucket name that leads out of the volume", "databases: { s3: { bucket: ../x } }", "databases.s3.bucket"],
      ["both names of the object store", "databases: { s3: true, minio: true }", "databases.minio"],
      ["a Redis that is neither on nor off", "databases: { redis: maybe }", "databases.redis"],
      [
        "bootstrap without database",
        "databases: { postgresql: { enabled: false, bootstrap: { initSQL: [SELECT 1] } } }",
        "databases.postgresql.bootstrap",
      ],
      ["a relative folder", "writableDirs: [tmp]", "writableDirs[0]"],
      ["a folder with ..", "writableDirs: [/data/../etc]", "writableDirs[0]"],
      ["a folder of the system", "writableDirs: [/etc/ssl]", "writableDirs[0]"],
      ["a folder above one of the system", "writableDirs: [/var]", "writableDirs[0]"],
      ["a folder inside another", "writableDirs: [/data, /data/cache]", "writableDirs[1]"],
      ["annotations without Ingress", "ingress: { enabled: false, annotations: { a: b } }", "ingress.annotations"],
      [
        "another ingress class",
        "ingress: { annotations: { kubernetes.io/ingress.class: nginx } }",
        'ingress.annotations["kubernetes.io/ingress.class"]',
      ],
      ["egress to everything", "egress: { allow: [{ cidr: 0.0.0.0/0, ports: [443] }] }", "egress.allow[0].cidr"],
      [
        "egress to half of everything",
        "egress: { allow: [{ cidr: 128.0.0.0/1, ports: [443] }] }",
        "egress.allow[0].cidr",
      ],
      [
        "egress to the metadata service",
        "egress: { allow: [{ cidr: 169.254.169.254/32, ports: [80] }] }",
        "egress.allow[0].cidr",
      ],
      ["egress to loopback", "egress: { allow: [{ cidr: 127.0.0.0/8, ports: [80] }] }", "egress.allow[0].cidr"],
      ["egress to a host name", "egress: { allow: [{ cidr: api.example.com, ports: [80] }] }", "egress.allow[0].cidr"],
      ["egress without ports", "egress: { allow: [{ cidr: 203.0.113.0/24, ports: [] }] }", "egress.allow[0].ports"],
      ["a port out of range", "egress: { allow: [{ cidr: 203.0.113.0/24, ports: [0] }] }", "egress.allow[0].ports[0]"],
      [
        "a range twice",
        "egress: { allow: [{ cidr: 203.0.113.0/24, ports: [80] }, { cidr: 203.0.113.0/24, ports: [443] }] }",
        "egress.allow[1].cidr",
      ],
      ["a health path with a query", "app: { healthPath: '/health?full' }", "app.healthPath"],
    ] as const) {
      it(what, () => assert.equal(problem(accept + text, path, 2).path, path));
    }
  });

  it("never shows the value of a variable, which may be a secret in the wrong place", () => {
    const [first] = problemsOf("projectId: shop\nenv: { TOKEN: [hunter2], PORT: hunter2, 'A B': hunter2 }");
    assert.ok(first);
    assert.throws(
      () => parseConfigText("projectId: shop\nenv: { TOKEN: [hunter2], 'A B': hunter2 }"),
      (error: Error) => !error.message.includes("hunter2"),
    );
  });

  it("gives the line of a key that stands twice, and of YAML that is none", () => {
    assert.match(
      problem("projectId: shop\nenv: { A: x }\nenv: { B: y }\n", "", 3).value,
      /^not valid YAML \(Map keys must be unique/,
    );
    assert.match(problem("projectId: [shop\n", "", 2).value, /^not valid YAML/);
  });

  it("refuses more than one document, and a document that is no mapping", () => {
    assert.match(problem("projectId: shop\n---\nprojectId: shop\n", "", 2).value, /not valid YAML/);
    assert.equal(problem("- projectId: shop\n", "", 1).accepted, "a mapping of fields");
  });

  it("refuses a small file that stands for a large value", () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [${"*a,".repeat(10)}]\nc: &c [${"*b,".repeat(10)}]\nd: [${"*c,".repeat(10)}]\n`;
    assert.match(problemsOf(bomb)[0]?.accepted ?? "", /at most 100 uses/);
  });

  describe("as a file", () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-config-"));
    after(() => rmSync(folder, { recursive: true }));

    it("is read", () => {
      const path = join(folder, "berth.yaml");
      writeFileSync(path, "projectId: shop\n");
      assert.equal(loadConfig(path).projectId, "shop");
    });

    it("that is missing gives an error with its path", () => {
      const path = join(folder, "none.yaml");
      assert.throws(() => loadConfig(path), {
        message: `${path} has a problem:\n  the document is missing; accepted: a file of at most 256 KiB. Create it (\`berth config init\` writes a first one), or name another (\`berth deploy --config FILE\`).`,
      });
    });

    it("that is a folder or too large gives an error", () => {
      assert.throws(() => loadConfig(folder), /not readable \(EISDIR/);
      const path = join(folder, "large.yaml");
      writeFileSync(path, "#".repeat(300_000));
      assert.throws(() => loadConfig(path), /is 300000 bytes long/);
    });
  });
});
