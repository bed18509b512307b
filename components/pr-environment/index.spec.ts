import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { DIGEST, HOST_FACTS, PR, config } from "../../test/support/samples";
import { parseBytes } from "../../config/quantity";
import { MOCK_PASSWORD, record } from "../../test/support/mocks";
import type { Recording, Registration } from "../../test/support/mocks";
import { PrEnvironment } from ".";
import type { PrEnvironmentArgs } from ".";

const NAME = "shop-pr-7";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";
const STATEFUL_SET = "kubernetes:apps/v1:StatefulSet";
const NAMESPACE = "kubernetes:core/v1:Namespace";

function environment(fields: Record<string, unknown>, args: Partial<PrEnvironmentArgs> = {}): Promise<Recording> {
  return record(() => new PrEnvironment(NAME, { config: config(fields), pr: PR, platform: HOST_FACTS, ...args }));
}

/** The parts of a pod template that are asserted here. */
interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: {
    serviceAccountName: string;
    automountServiceAccountToken: boolean;
    enableServiceLinks: boolean;
    priorityClassName: string;
    terminationGracePeriodSeconds: number;
    securityContext: Record<string, unknown>;
    initContainers?: Container[];
    containers: Container[];
    volumes: { name: string; emptyDir?: { sizeLimit?: string } }[];
  };
}

interface Container {
  name: string;
  image: string;
  env: { name: string; value?: string; valueFrom?: { secretKeyRef: { name: string; key: string } } }[];
  envFrom?: object[];
  resources: { requests: Record<string, string>; limits: Record<string, string> };
  securityContext: object;
  volumeMounts?: { name: string; mountPath: string }[];
  [probe: string]: unknown;
}

function podOf({ inputs }: Registration): PodTemplate {
  return (inputs["spec"] as { template: PodTemplate }).template;
}

function containersOf(pod: PodTemplate): Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
}

function onlyContainer(one: Registration): Container {
  const [container, ...rest] = podOf(one).spec.containers;
  assert.deepEqual(rest, []);
  return container ?? assert.fail("no container");
}

function envOf(container: Container): Record<string, string | undefined> {
  return Object.fromEntries(
    container.env.map(({ name, value, valueFrom }) => [
      name,
      value ?? (valueFrom && `${valueFrom.secretKeyRef.name}/${valueFrom.secretKeyRef.key}`),
    ]),
  );
}

describe("PrEnvironment", () => {
  let full: Recording;
  before(async () => {
    full = await environment({
      databases: { postgresql: { bootstrap: { initSQL: ["CREATE ROLE reader;"] } } },
      egress: { allow: [{ cidr: "203.0.113.0/24", ports: [443] }] },
      writableDirs: ["/data"],
      env: { LOG_LEVEL: "debug" },
    });
  });

  it("starts no pod before every fence is up", () => {
    const fences = full.registrations
      .filter(({ type }) =>
        ["Namespace", "ResourceQuota", "LimitRange", "NetworkPolicy", "ServiceAccount"].includes(
          type.split(":").at(-1) ?? "",
        ),
      )
      .map(({ name }) => name);
    assert.equal(fences.length, 1 + 1 + 1 + 6 + 2);
    for (const workload of [full.get(DEPLOYMENT, `${NAME}-app`), full.get(STATEFUL_SET, `${NAME}-postgresql`)]) {
      const missing = fences.filter((fence) => !workload.dependsOn?.includes(fence));
      assert.deepEqual(missing, [], `${workload.name} may start before them`);
    }
  });

  it("gives its deployers their rights right after its namespace, before anything else comes into it", () => {
    const rights = full.get("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", `${NAME}-deployers`);
    assert.deepEqual(rights.dependsOn, [`${NAME}-namespace`]);
    const { metadata, roleRef, subjects } = rights.inputs as Record<"metadata" | "roleRef" | "subjects", object>;
    assert.deepEqual(
      { ...metadata, labels: undefined },
      { name: "berth-environment", namespace: NAME, labels: undefined },
    );
    assert.deepEqual(
      { roleRef, subjects },
      {
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "berth-environment" },
        subjects: [
          { kind: "ServiceAccount", name: "berth-deployer", namespace: "berth-system" },
          { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "berth:deployers" },
        ],
      },
    );
    const others = full.registrations.filter(({ type }) => type.startsWith("kubernetes:") && type !== NAMESPACE);
    for (const { name, dependsOn } of others) {
      if (name !== rights.name) assert.ok(dependsOn?.includes(rights.name), `${name} may come before them`);
    }
  });

  it("has its quota grown before anything comes that the quota counts", () => {
    const counted = ["Deployment", "StatefulSet", "Service", "ConfigMap", "Secret", "PersistentVolumeClaim"];
    const some = full.registrations.filter(({ type }) => counted.includes(type.split(":").at(-1) ?? ""));
    assert.equal(some.length, 8);
    for (const { name, dependsOn } of some) assert.ok(dependsOn?.includes(`${NAME}-quota`), name);
  });

  it("deletes with one request: all that is in the namespace goes with it, and only the namespace has a time limit", () => {
    const inNamespace = full.registrations.filter(({ type }) => type.startsWith("kubernetes:") && type !== NAMESPACE);
    assert.ok(inNamespace.length > 15);
    for (const one of inNamespace) assert.equal(one.deletedWith, `${NAME}-namespace`, `${one.type} ${one.name}`);
    assert.deepEqual(full.get(NAMESPACE, `${NAME}-namespace`).customTimeouts, { delete: "3m" });
  });

  it("parents every child to itself and names it after itself", () => {
    const [component, ...children] = full.registrations;
    assert.equal(component?.type, "berth:environment:PrEnvironment");
    for (const { name, parent } of children) {
      assert.equal(parent, NAME);
      assert.ok(name.startsWith(`${NAME}-`), name);
    }
  });

  it("labels the namespace with who, which pull request and commit, and the restricted profile", () => {
    const { metadata } = full.get(NAMESPACE, `${NAME}-namespace`).inputs as { metadata: Record<string, unknown> };
    assert.deepEqual(metadata, {
      name: NAME,
      labels: {
        "app.kubernetes.io/managed-by": "berth",
        "berth.dev/environment": NAME,
        "berth.dev/project": "shop",
        "berth.dev/trust": "internal",
        "berth.dev/pr": "7",
        "berth.dev/commit": PR.commit,
        "berth.dev/owner": "dependabot-bot",
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "latest",
        "pod-security.kubernetes.io/warn": "restricted",
        "pod-security.kubernetes.io/audit": "restricted",
      },
      annotations: { "berth.dev/branch": PR.branch, "berth.dev/repository": "acme/shop" },
    });
  });

  it("puts the environment's name on every object", () => {
    for (const { type, name, inputs } of full.registrations.filter((one) => one.type.startsWith("kubernetes:"))) {
      const { labels } = (inputs as { metadata: { labels: Record<string, string> } }).metadata;
      assert.equal(labels["berth.dev/environment"], NAME, `${type} ${name}`);
    }
  });

  describe("every pod", () => {
    const pods = () => [full.get(DEPLOYMENT, `${NAME}-app`), full.get(STATEFUL_SET, `${NAME}-postgresql`)].map(podOf);

    it("satisfies the restricted profile and has a read-only root", () => {
      for (const pod of pods()) {
        const { runAsNonRoot, runAsUser, seccompProfile } = pod.spec.securityContext;
        assert.equal(runAsNonRoot, true);
        assert.ok(Number(runAsUser) > 0);
        assert.deepEqual(seccompProfile, { type: "RuntimeDefault" });
        for (const container of containersOf(pod)) {
          assert.deepEqual(container.securityContext, {
            allowPrivilegeEscalation: false,
            privileged: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          });
        }
      }
    });

    it("has an identity of its own, without token or service links, and the environments' priority", () => {
      assert.deepEqual(
        pods().map(({ spec }) => spec.serviceAccountName),
        ["app", "postgresql"],
      );
      for (const { spec } of pods()) {
        assert.equal(spec.automountServiceAccountToken, false);
        assert.equal(spec.enableServiceLinks, false);
        assert.equal(spec.priorityClassName, "berth-environment");
      }
    });

    it("ends soon, so that a teardown does not wait for it", () => {
      assert.deepEqual(
        pods().map(({ spec }) => spec.terminationGracePeriodSeconds),
        [5, 5],
      );
    });

    it("asks for resources in every container and bounds every folder it writes to", () => {
      for (const pod of pods()) {
        for (const { resources } of containersOf(pod)) {
          for (const amounts of [resources.requests, resources.limits])
            assert.deepEqual(Object.keys(amounts), ["cpu", "memory"]);
        }
        for (const { emptyDir } of pod.spec.volumes) if (emptyDir) assert.ok(emptyDir.sizeLimit);
      }
    });

    it("runs images by digest", () => {
      for (const { image } of pods().flatMap(containersOf)) assert.match(image, /@sha256:[0-9a-f]{64}$/);
    });
  });

  describe("the app", () => {
    it("gets the older system's variables, with the database's from its Secret", () => {
      assert.deepEqual(envOf(onlyContainer(full.get(DEPLOYMENT, `${NAME}-app`))), {
        PORT: "3000",
        PR_NUMBER: "7",
        COMMIT_SHA: PR.commit,
        BRANCH_NAME: PR.branch,
        APP_VERSION: "pr-7-0f1e2d3",
        PREVIEW_URL: "https://shop-pr-7.berth.localhost:8443",
        DATABASE_URL: "postgresql/DATABASE_URL",
        PGHOST: "postgresql/PGHOST",
        PGPORT: "postgresql/PGPORT",
        PGUSER: "postgresql/PGUSER",
        PGPASSWORD: "postgresql/PGPASSWORD",
        PGDATABASE: "postgresql/PGDATABASE",
      });
    });

    it("waits for its database before it starts", () => {
      const [wait, ...rest] = podOf(full.get(DEPLOYMENT, `${NAME}-app`)).spec.initContainers ?? [];
      assert.deepEqual(rest, []);
      assert.equal(wait?.name, "wait-for-postgresql");
      assert.equal(wait.image, HOST_FACTS.images.postgresql["15"]);
      assert.match(JSON.stringify(wait["command"]), /pg_isready/);
    });

    it("may write to /tmp and the configured folders only", () => {
      const { volumeMounts } = onlyContainer(full.get(DEPLOYMENT, `${NAME}-app`));
      assert.deepEqual(
        volumeMounts?.map(({ mountPath }) => mountPath),
        ["/tmp", "/data"],
      );
    });

    it("takes its port from one place", async () => {
      const { registrations } = await environment({ app: { port: 8123 } });
      const text = JSON.stringify(registrations);
      // PORT, container port, three probes, Service port and target, NetworkPolicy, Ingress.
      assert.equal(text.match(/8123/g)?.length, 9);
      assert.equal(text.includes("3000"), false);
    });

    it("rolls when a variable changes, and only then", async () => {
      const hashOf = async (env: Record<string, string>, pr = PR) => {
        const recording = await environment({ env }, { pr });
        return podOf(recording.get(DEPLOYMENT, `${NAME}-app`)).metadata.annotations?.["berth.dev/config-hash"];
      };
      const first = await hashOf({ A: "1", B: "2" });
      assert.equal(await hashOf({ B: "2", A: "1" }), first);
      assert.equal(await hashOf({ A: "1", B: "2" }, { ...PR, commit: "abcdef0" }), first);
      assert.notEqual(await hashOf({ A: "1", B: "3" }), first);
    });

    it("is replaced one by one, without a moment in which none serves", () => {
      const { spec } = full.get(DEPLOYMENT, `${NAME}-app`).inputs as {
        spec: { strategy: object; progressDeadlineSeconds: number };
      };
      assert.deepEqual(spec.strategy, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
      // Pulls, the wait for the database, the start, the first readiness, and some slack.
      assert.equal(spec.progressDeadlineSeconds, 600 + 180 + 120 + 3 + 30);
    });

    it("has no route when the config switches it off", async () => {
      const recording = await environment({ ingress: { enabled: false } });
      assert.deepEqual(recording.ofType("kubernetes:networking.k8s.io/v1:Ingress"), []);
      assert.equal((recording.result as PrEnvironment).url, null);
      assert.equal("PREVIEW_URL" in envOf(onlyContainer(recording.get(DEPLOYMENT, `${NAME}-app`))), false);
    });

    it("has nothing awaited on its Service and Ingress, which say no more than the Deployment", () => {
      for (const { inputs } of [
        ...full.ofType("kubernetes:core/v1:Service"),
        ...full.ofType("kubernetes:networking.k8s.io/v1:Ingress"),
      ]) {
        const { annotations } = (inputs as { metadata: { annotations: Record<string, string> } }).metadata;
        assert.equal(annotations["pulumi.com/skipAwait"], "true");
      }
    });
  });

  describe("PostgreSQL", () => {
    it("has its password in a Secret that Pulumi knows to be one, and nowhere else", () => {
      const { inputs } = full.get("kubernetes:core/v1:Secret", `${NAME}-postgresql-secret`);
      assert.deepEqual(inputs["stringData"], {
        secret: {
          DATABASE_URL: `postgresql://app:${MOCK_PASSWORD}@postgresql:5432/app`,
          PGHOST: "postgresql",
          PGPORT: "5432",
          PGUSER: "app",
          PGPASSWORD: MOCK_PASSWORD,
          PGDATABASE: "app",
        },
      });
      const others = full.registrations.filter(({ type }) => type !== "kubernetes:core/v1:Secret");
      assert.equal(JSON.stringify(others).includes(MOCK_PASSWORD), false);
    });

    it("has a start that may be slow, apart from a liveness that is patient, and asks each second", () => {
      const container = onlyContainer(full.get(STATEFUL_SET, `${NAME}-postgresql`));
      const numbers = (probe: unknown) => {
        const { periodSeconds, failureThreshold } = probe as { periodSeconds: number; failureThreshold: number };
        return [periodSeconds, failureThreshold];
      };
      assert.deepEqual(numbers(container["startupProbe"]), [1, 180]);
      assert.deepEqual(numbers(container["livenessProbe"]), [10, 6]);
    });

    it("keeps its data on a claim of the configured size, whose class the platform chooses", async () => {
      const claim = async (platform: PrEnvironmentArgs["platform"]) => {
        const recording = await environment({ databases: { postgresql: { storage: "2048Mi" } } }, { platform });
        return recording.get("kubernetes:core/v1:PersistentVolumeClaim", `${NAME}-postgresql-volume`).inputs["spec"];
      };
      const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "2Gi" } } };
      assert.deepEqual(await claim(HOST_FACTS), spec);
      assert.deepEqual(await claim({ ...HOST_FACTS, storageClass: "gp3" }), { ...spec, storageClassName: "gp3" });
    });

    it("keeps the files of each major version apart", async () => {
      const images = {
        ...HOST_FACTS.images,
        postgresql: { "15": `localhost/a@${DIGEST}`, "16": `localhost/b@${DIGEST}` },
      };
      const recording = await environment(
        { databases: { postgresql: { version: "16" } } },
        { platform: { ...HOST_FACTS, images } },
      );
      const container = onlyContainer(recording.get(STATEFUL_SET, `${NAME}-postgresql`));
      assert.equal(envOf(container)["PGDATA"], "/var/lib/postgresql/data/16");
      assert.equal(container.image, images.postgresql["16"]);
    });

    it("runs the configured SQL in the right database, each statement ended once", () => {
      assert.deepEqual(full.get("kubernetes:core/v1:ConfigMap", `${NAME}-postgresql-bootstrap`).inputs["data"], {
        "10-init.sql": "\\connect postgres\nCREATE ROLE reader;\n",
      });
    });

    it("is absent when not enabled", async () => {
      const recording = await environment({});
      assert.deepEqual(recording.ofType(STATEFUL_SET), []);
      assert.deepEqual(recording.ofType("random:index/randomPassword:RandomPassword"), []);
      assert.deepEqual((recording.result as PrEnvironment).databases, []);
    });
  });

  describe("MariaDB and Redis", () => {
    let both: Recording;
    before(async () => {
      both = await environment({ databases: { mariadb: { storage: "2Gi" }, redis: { storage: "300Mi" } } });
    });

    it("have their passwords in Secrets that Pulumi knows to be such, and nowhere else", () => {
      assert.deepEqual(both.get("kubernetes:core/v1:Secret", `${NAME}-mariadb-secret`).inputs["stringData"], {
        secret: {
          MYSQL_URL: `mysql://app:${MOCK_PASSWORD}@mariadb:3306/app`,
          MYSQL_HOST: "mariadb",
          MYSQL_PORT: "3306",
          MYSQL_USER: "app",
          MYSQL_PASSWORD: MOCK_PASSWORD,
          MYSQL_DATABASE: "app",
        },
      });
      assert.deepEqual(both.get("kubernetes:core/v1:Secret", `${NAME}-redis-secret`).inputs["stringData"], {
        secret: {
          REDIS_URL: `redis://:${MOCK_PASSWORD}@redis:6379`,
          REDIS_HOST: "redis",
          REDIS_PORT: "6379",
          REDIS_PASSWORD: MOCK_PASSWORD,
        },
      });
      const others = both.registrations.filter(({ type }) => type !== "kubernetes:core/v1:Secret");
      assert.equal(JSON.stringify(others).includes(MOCK_PASSWORD), false);
    });

    it("give the app exactly the variables that are in their Secrets", () => {
      const env = envOf(onlyContainer(both.get(DEPLOYMENT, `${NAME}-app`)));
      for (const engine of ["mariadb", "redis"]) {
        const { inputs } = both.get("kubernetes:core/v1:Secret", `${NAME}-${engine}-secret`);
        const keys = Object.keys((inputs["stringData"] as { secret: object }).secret);
        const own = Object.keys(env).filter((name) => env[name]?.startsWith(`${engine}/`) === true);
        assert.deepEqual(own.sort(), keys.sort());
        for (const key of keys) assert.equal(env[key], `${engine}/${key}`);
      }
    });

    it("name their Secret in no argument list, where only the name of a variable may stand", () => {
      const pods = [...both.ofType(STATEFUL_SET), both.get(DEPLOYMENT, `${NAME}-app`)].map(podOf);
      for (const { command = [], args = [] } of pods.flatMap(containersOf) as { command?: string[]; args?: string[] }[])
        for (const text of [...command, ...args]) assert.doesNotMatch(text, /--(requirepass|password)|\$\([A-Z_]+\)/);
    });

    it("are waited for by the app, each by its own check, one after the other", () => {
      const waits = podOf(both.get(DEPLOYMENT, `${NAME}-app`)).spec.initContainers ?? [];
      assert.deepEqual(
        waits.map(({ name, image }) => [name, image]),
        [
          ["wait-for-mariadb", HOST_FACTS.images.mariadb["10.11"]],
          ["wait-for-redis", HOST_FACTS.images.redis["7"]],
        ],
      );
      assert.match(JSON.stringify(waits[0]?.["command"]), /mariadb-admin .* ping/);
      assert.match(JSON.stringify(waits[1]?.["command"]), /redis-cli .* ping/);
    });

    it("satisfy the restricted profile, with a read-only root and bounded folders", () => {
      for (const pod of both.ofType(STATEFUL_SET).map(podOf)) {
        assert.equal(pod.spec.securityContext["runAsNonRoot"], true);
        assert.equal(pod.spec.securityContext["runAsUser"], 999);
        assert.equal(pod.spec.automountServiceAccountToken, false);
        assert.equal(pod.spec.terminationGracePeriodSeconds, 5);
        for (const { emptyDir } of pod.spec.volumes) if (emptyDir) assert.ok(emptyDir.sizeLimit);
        for (const container of containersOf(pod)) {
          assert.deepEqual(container.securityContext, {
            allowPrivilegeEscalation: false,
            privileged: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          });
        }
      }
    });

    it("tell a slow start from a failure", () => {
      for (const engine of ["mariadb", "redis"]) {
        const container = onlyContainer(both.get(STATEFUL_SET, `${NAME}-${engine}`));
        const startup = container["startupProbe"] as { failureThreshold: number; exec: { command: string[] } };
        assert.equal(startup.failureThreshold, 180);
        assert.match(startup.exec.command.join(" "), engine === "redis" ? /redis-cli .*ping/ : /mariadb-admin .*ping/);
      }
    });

    it("keep their data on claims of the configured size, each version in a folder of its own", () => {
      const size = (engine: string) =>
        (
          both.get("kubernetes:core/v1:PersistentVolumeClaim", `${NAME}-${engine}-volume`).inputs["spec"] as {
            resources: object;
          }
        ).resources;
      assert.deepEqual(size("mariadb"), { requests: { storage: "2Gi" } });
      assert.deepEqual(size("redis"), { requests: { storage: "300Mi" } });
      const args = onlyContainer(both.get(STATEFUL_SET, `${NAME}-mariadb`))["args"] as string[];
      assert.ok(args.includes("--datadir=/var/lib/mysql/10.11"));
      assert.equal(envOf(onlyContainer(both.get(STATEFUL_SET, `${NAME}-redis`)))["DATA_FOLDER"], "/data/7");
    });

    it("have Redis refuse writes rather than be killed for its memory or drop keys", () => {
      const container = onlyContainer(both.get(STATEFUL_SET, `${NAME}-redis`));
      const script = (container["command"] as string[]).join(" ");
      const bytes = Number(/maxmemory (\d+)/.exec(script)?.[1]);
      assert.equal(bytes, parseBytes(container.resources.limits["memory"] ?? "") / 2);
      assert.match(script, /maxmemory-policy noeviction/);
      assert.match(script, /appendonly yes/);
    });

    it("are told of in the order in which they are listed", async () => {
      const recording = await environment({
        databases: { s3: true, mongodb: true, redis: true, postgresql: true, mariadb: true },
      });
      const { databases } = recording.result as PrEnvironment;
      assert.deepEqual(databases, ["postgresql", "mariadb", "redis", "mongodb", "s3"]);
    });

    it("are refused by a platform that offers none, each by its name", async () => {
      const platform = { ...HOST_FACTS, images: { ...HOST_FACTS.images, mariadb: {}, redis: {} } };
      const make = environment({ databases: { mariadb: true, redis: true } }, { platform });
      await assert.rejects(make, (error) => {
        assert.ok(pulumi.InputPropertiesError.isInstance(error));
        assert.deepEqual(
          error.errors.map(({ reason }) => reason.split(".")[0]),
          ["this platform offers no MariaDB", "this platform offers no Redis"],
        );
        return true;
      });
    });
  });

  it("applies a transform last", async () => {
    const recording = await environment(
      {},
      {
        transform: {
          deployment: (args, opts) => ({
            args: { ...args, metadata: { name: "app", labels: { team: "a" } } },
            opts: { ...opts, protect: true },
          }),
        },
      },
    );
    const { inputs, protect } = recording.get(DEPLOYMENT, `${NAME}-app`);
    assert.deepEqual(inputs["metadata"], { name: "app", labels: { team: "a" } });
    assert.equal(protect, true);
  });

  it("says everything in which config, pull request and platform do not go together, and makes nothing", async () => {
    const registered: string[] = [];
    await assert.rejects(
      record(() => {
        try {
          return new PrEnvironment(NAME, {
            config: config({
              image: { repository: "ghcr.io/acme/shop" },
              databases: { postgresql: { version: "12" } },
              egress: { allow: [{ cidr: "10.0.0.0/24", ports: [443] }] },
            }),
            pr: PR,
            platform: HOST_FACTS,
          });
        } catch (error) {
          assert.ok(pulumi.InputPropertiesError.isInstance(error));
          registered.push(...error.errors.map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`));
          throw error;
        }
      }),
      /Environment shop-pr-7 cannot be made as asked\./,
    );
    assert.deepEqual(registered, [
      `pr.image: "${PR.image}" is not from ghcr.io/acme/shop, which the config's image.repository asks for. Deploy an image from there, or change image.repository.`,
      'config.databases.postgresql.version: "12" is not offered by this platform; accepted: 15. Choose one of them, or leave version out for the default.',
      'config.egress.allow[0].cidr: "10.0.0.0/24" is private; private ranges that this platform opens: none. Ask its owner to add it to privateEgress of berth:platform.',
    ]);
  });

  it("reaches a private range that the platform opens", async () => {
    const allow = [{ cidr: "10.20.30.0/24", ports: [443] }];
    const recording = await environment(
      { egress: { allow } },
      { platform: { ...HOST_FACTS, privateEgress: ["10.20.0.0/16"] } },
    );
    const { spec } = recording.get("kubernetes:networking.k8s.io/v1:NetworkPolicy", `${NAME}-policy-allow-app-egress`)
      .inputs as {
      spec: { egress: object[] };
    };
    assert.deepEqual(spec.egress, [
      { to: [{ ipBlock: { cidr: "10.20.30.0/24" } }], ports: [{ port: 443, protocol: "TCP" }] },
    ]);
  });
});
