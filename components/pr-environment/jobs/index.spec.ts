import assert from "node:assert/strict";
import { parseConfig } from "../../../config/parse";
import { DIGEST, HOST_FACTS, PR, S3_FACTS, config } from "../../../test/support/samples";
import { record } from "../../../test/support/mocks";
import type { Recording } from "../../../test/support/mocks";
import { PrEnvironment } from "..";
import { planPrEnvironment } from "../plan";
import type { PlainJobArgs } from "./plan";

const NAME = "shop-pr-7";
const JOB = "kubernetes:batch/v1:Job";
const migrate = { name: "migrate", command: ["node", "migrate.js"] };

function environment(fields: Record<string, unknown>): Promise<Recording> {
  return record(() => new PrEnvironment(NAME, { config: config(fields), pr: PR, platform: HOST_FACTS }));
}

function jobsOf(fields: Record<string, unknown>, pr: Partial<typeof PR> = {}): PlainJobArgs[] {
  const plan = planPrEnvironment({
    config: parseConfig({ projectId: "shop", ...fields }),
    pr: { ...PR, ...pr },
    platform: HOST_FACTS,
  });
  return [...plan.jobs.beforeApp, ...plan.jobs.afterApp].map(({ job }) => job);
}

function nameOf(fields: Record<string, unknown>, pr: Partial<typeof PR> = {}): string {
  return jobsOf(fields, pr)[0]?.metadata.name ?? assert.fail("no job");
}

describe("jobs of an environment", () => {
  let all: Recording;
  before(async () => {
    all = await environment({
      databases: { postgresql: true, redis: true },
      env: { LOG_LEVEL: "debug" },
      jobs: [
        { ...migrate, env: { LOG_LEVEL: "trace" }, retries: 1, timeout: "1m" },
        { name: "seed", command: ["node", "seed.js"], image: `localhost/seeder@${DIGEST}` },
        { name: "index", command: ["node", "index.js"], when: "after-app" },
      ],
    });
  });

  it("run one after another, after the databases and before anything of the app changes, or after it", () => {
    const needs = (type: string, name: string) => all.get(type, `${NAME}-${name}`).dependsOn ?? [];
    for (const each of ["postgresql", "redis", "service-account-job", "policy-allow-job-to-databases", "job-env"])
      assert.ok(needs(JOB, "job-migrate").includes(`${NAME}-${each}`), each);
    assert.ok(needs(JOB, "job-seed").includes(`${NAME}-job-migrate`));
    for (const [type, name] of [
      ["kubernetes:apps/v1:Deployment", "app"],
      ["kubernetes:core/v1:ConfigMap", "app-env"],
      ["kubernetes:core/v1:Service", "app-service"],
      ["kubernetes:networking.k8s.io/v1:Ingress", "app-ingress"],
    ] as const) {
      for (const job of ["job-migrate", "job-seed"]) assert.ok(needs(type, name).includes(`${NAME}-${job}`), name);
      assert.ok(!needs(type, name).includes(`${NAME}-job-index`), name);
    }
    assert.ok(needs(JOB, "job-index").includes(`${NAME}-app`));
  });

  it("replace the last commit's once that is gone, go with the namespace, and have time for every try and pause", () => {
    const { deletedWith, customTimeouts } = all.get(JOB, `${NAME}-job-migrate`);
    assert.equal(deletedWith, `${NAME}-namespace`);
    // Two tries of a minute, thirteen minutes each for images and databases, and a pause of 10 s.
    assert.deepEqual(customTimeouts, { create: "1690s", update: "1690s" });
  });

  it("see the app's variables, their own before them, and the databases' credentials by reference", () => {
    const { inputs } = all.get(JOB, `${NAME}-job-migrate`);
    const { spec } = inputs as unknown as PlainJobArgs;
    const pod = spec.template.spec as unknown as {
      containers: { env: { name: string; value?: string }[]; envFrom: object[] }[];
    };
    const [container] = pod.containers;
    const env = new Map(container?.env.map(({ name, value }) => [name, value]));
    assert.deepEqual(container?.envFrom, [{ configMapRef: { name: "job-env" } }]);
    assert.equal(env.get("LOG_LEVEL"), "trace");
    assert.equal(env.get("COMMIT_SHA"), PR.commit);
    assert.ok(env.has("DATABASE_URL") && env.has("REDIS_URL"));
    assert.equal(env.get("DATABASE_URL"), undefined);
    assert.deepEqual(all.get("kubernetes:core/v1:ConfigMap", `${NAME}-job-env`).inputs["data"], { LOG_LEVEL: "debug" });
  });

  it("are confined like every pod, wait for each database, and are not started again by themselves", () => {
    const [job] = jobsOf({ databases: { postgresql: true, redis: true }, jobs: [migrate] });
    const pod = job?.spec.template.spec as unknown as Record<string, unknown> & {
      initContainers: { name: string }[];
      containers: { securityContext: object; image: string }[];
    };
    assert.deepEqual(
      pod.initContainers.map(({ name }) => name),
      ["wait-for-postgresql", "wait-for-redis"],
    );
    assert.equal(pod["serviceAccountName"], "job");
    assert.equal(pod["automountServiceAccountToken"], false);
    assert.equal(pod["restartPolicy"], "Never");
    assert.equal(pod["activeDeadlineSeconds"], 300 + 780);
    assert.equal(pod.containers[0]?.image, PR.image);
    assert.deepEqual(pod.containers[0].securityContext, {
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.equal(job?.spec.backoffLimit, 2);
    assert.equal(job.spec.podReplacementPolicy, "Failed");
  });

  it("have a name that stays for the same commit and changes with all that they are", () => {
    const fields = { jobs: [migrate] };
    const name = nameOf(fields);
    assert.match(name, /^job-migrate-[0-9a-f]{10}$/);
    assert.equal(nameOf(structuredClone(fields)), name);
    assert.equal(nameOf(fields, { generation: 9 }), name);
    const ranges = (...cidrs: string[]) => ({
      ...fields,
      egress: { allow: cidrs.map((cidr) => ({ cidr, ports: [443] })) },
    });
    const reaching = nameOf(ranges("203.0.113.0/24"));
    assert.equal(nameOf(ranges("203.0.113.0/24", "198.51.100.0/24")), reaching);
    const others = [
      nameOf(fields, { commit: "f".repeat(40) }),
      nameOf(fields, { image: `localhost/other@${DIGEST}` }),
      nameOf({ ...fields, env: { A: "1" } }),
      nameOf({ ...fields, databases: { postgresql: true } }),
      nameOf({ jobs: [{ ...migrate, command: ["node"] }] }),
      nameOf({ jobs: [{ ...migrate, env: { A: "1" } }] }),
      nameOf({ jobs: [{ ...migrate, image: `localhost/migrator@${DIGEST}` }] }),
      nameOf({ jobs: [{ ...migrate, timeout: "6m" }] }),
      nameOf({ jobs: [{ ...migrate, retries: 3 }] }),
      reaching,
    ];
    assert.equal(new Set([name, ...others]).size, others.length + 1);
  });

  it("have a name that fits, however long the config's is", () => {
    assert.ok(nameOf({ jobs: [{ ...migrate, name: "a".repeat(30) }] }).length <= 57);
  });

  it("reach the databases, the cluster's DNS and what the app reaches outside, and nothing else", () => {
    const { networkPolicies } = planPrEnvironment({
      config: config({
        databases: { postgresql: true },
        jobs: [migrate],
        egress: { allow: [{ cidr: "203.0.113.0/24", ports: [443] }] },
      }),
      pr: PR,
      platform: HOST_FACTS,
    });
    const mine = Object.entries(networkPolicies).filter(([, { spec }]) => JSON.stringify(spec).includes('"job"'));
    assert.deepEqual(mine.map(([name]) => name).sort(), [
      "allow-app-egress",
      "allow-job-to-databases",
      "allow-postgresql-from-app",
    ]);
    const spec = networkPolicies["allow-job-to-databases"]?.spec as unknown as {
      policyTypes: string[];
      egress: { to: object[]; ports: object[] }[];
    };
    assert.deepEqual(spec.policyTypes, ["Egress"]);
    assert.equal(spec.egress.length, 2);
    assert.deepEqual(spec.egress[1], {
      to: [{ podSelector: { matchLabels: { "berth.dev/component": "postgresql" } } }],
      ports: [{ port: 5432, protocol: "TCP" }],
    });
  });

  it("leave no trace where there are none", async () => {
    const none = await environment({ databases: { postgresql: true } });
    assert.deepEqual(
      none.registrations.filter(({ name }) => name.includes("job")),
      [],
    );
  });

  it("fill new databases first, each with its engine's own client, once for each seed", async () => {
    const databases = {
      postgresql: { seed: ["CREATE TABLE a ()", "INSERT INTO a DEFAULT VALUES;"] },
      mariadb: { seed: ["CREATE TABLE a (b int)"] },
      redis: { seed: ["# a comment\nSET a 1\n\nSET b 2"] },
    };
    const made = await environment({ databases, jobs: [migrate] });
    const seeds = ["postgresql", "mariadb", "redis"].map((engine) => made.get(JOB, `${NAME}-seed-${engine}`));
    for (const { name, dependsOn } of seeds) {
      assert.ok(dependsOn?.includes(`${name}-files`));
      assert.ok(made.get(JOB, `${NAME}-job-migrate`).dependsOn?.includes(name));
      assert.ok(made.get("kubernetes:apps/v1:Deployment", `${NAME}-app`).dependsOn?.includes(name));
    }
    const files = (engine: string) =>
      made.get("kubernetes:core/v1:ConfigMap", `${NAME}-seed-${engine}-files`).inputs["data"];
    assert.deepEqual(files("postgresql"), {
      "001": "CREATE TABLE a ()\n;\n",
      "002": "INSERT INTO a DEFAULT VALUES;\n",
    });
    assert.deepEqual(files("redis"), { "001": "SET a 1\nSET b 2\n" });
    const plan = (commit: string) =>
      planPrEnvironment({ config: config({ databases }), pr: { ...PR, commit }, platform: HOST_FACTS }).jobs.seeds.map(
        ({ job }) => job.metadata.name,
      );
    assert.deepEqual(plan("a".repeat(40)), plan("b".repeat(40)));
  });

  it("fill collections and buckets by files whose names say where they go", () => {
    const of = firstData({
      mongodb: {
        seed: [
          { collection: "users", documents: '{"_id": 1}\n{"_id": 2}' },
          { collection: "a.b", documents: ' [{"_id": 1}]' },
        ],
      },
      s3: {
        seed: [
          { object: "images/logo.svg", text: "<svg/>" },
          { object: "pixel.gif", base64: "R0lGODlh" },
        ],
      },
    });
    assert.deepEqual(of("mongodb").data, { "001": '{"_id": 1}\n{"_id": 2}', "002": ' [{"_id": 1}]' });
    assert.deepEqual(
      of("mongodb").paths.map(({ path }) => path),
      ["001.lines.users.json", "002.list.a.b.json"],
    );
    assert.deepEqual([of("s3").data, of("s3").binaryData], [{ "001": "<svg/>" }, { "002": "R0lGODlh" }]);
    assert.deepEqual(
      of("s3").paths.map(({ key, path }) => [key, path]),
      [
        ["001", "images/logo.svg"],
        ["002", "pixel.gif"],
      ],
    );
    // The object store's own image has no client.
    assert.equal(of("s3").image, S3_FACTS.s3Client?.image);
    assert.equal(of("mongodb").image, S3_FACTS.images.mongodb["7.0"]);
  });

  it("take a snapshot out of its image before they fill, in room for twice what the volume holds, and have half an hour for it", () => {
    const from = { image: `localhost/snapshot@${DIGEST}` };
    const of = firstData({ postgresql: { from, storage: "2Gi" }, mariadb: { from, seed: ["SELECT 1"] } });
    const { pod, longest, suffix } = of("postgresql");
    const [wait, snapshot] = pod.initContainers;
    assert.deepEqual([wait?.name, snapshot?.name], ["wait-for-postgresql", "snapshot"]);
    assert.equal(snapshot?.image, from.image);
    assert.deepEqual(snapshot.command, ["cp", "-R", "/snapshot/.", "/from"]);
    assert.deepEqual(pod.volumes, [
      { name: "from", emptyDir: { sizeLimit: "4Gi" } },
      { name: "tmp", emptyDir: { sizeLimit: "16Mi" } },
    ]);
    assert.equal(longest, 2 * (1800 + 780) + 10);
    assert.equal(suffix, "seed-postgresql");
    assert.deepEqual(
      of("mariadb").pod.containers[0]?.volumeMounts.map(({ mountPath }) => mountPath),
      ["/seed", "/from", "/tmp"],
    );
  });
});

/** What fills each database of a config. */
function firstData(databases: Record<string, unknown>) {
  const { jobs } = planPrEnvironment({ config: config({ databases }), pr: PR, platform: S3_FACTS });
  return (engine: string) => {
    const plan = jobs.seeds.find(({ name }) => name === `seed-${engine}`) ?? assert.fail(engine);
    const pod = plan.job.spec.template.spec as unknown as {
      initContainers: { name: string; image: string; command: string[] }[];
      containers: { image: string; volumeMounts: { mountPath: string }[] }[];
      volumes: { name: string; configMap?: { items: { key: string; path: string }[] } }[];
    };
    const paths = pod.volumes.flatMap(({ configMap }) => configMap?.items ?? []);
    const { data, binaryData } = plan.files ?? {};
    return { ...plan, pod, paths, data, binaryData, image: pod.containers[0]?.image };
  };
}
