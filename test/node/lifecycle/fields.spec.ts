import assert from "node:assert/strict";
import { parseConfig } from "../../../config/parse";
import { appPod } from "../../../cli/demo/egress";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { setAsleep } from "../../../lifecycle/sleep";
import { RealCluster } from "./support";

/** The cluster that tests with real pods share. */
const clusterName = "test-real";

/** What every part of a config comes to in the pods that run, read from inside them and from the API server. */
describe("each field of a config in the pods that run", function () {
  this.timeout(600_000);
  const project = "fields";
  const { namespace } = environmentName(project, 1);
  let cluster: RealCluster;
  let url: string;

  const fields = parseConfig({
    projectId: project,
    app: { port: 4000, healthPath: "/health", metricsPath: "/internal/metrics" },
    metrics: { enabled: true, interval: "15s" },
    env: { GREETING: "hello from the config" },
    resources: { requests: { cpu: "60m", memory: "96Mi" }, limits: { cpu: "300m", memory: "200Mi" } },
    writableDirs: ["/app/cache"],
    databases: {
      postgresql: {
        storage: "300Mi",
        bootstrap: {
          initSQL: ["CREATE ROLE reporting NOLOGIN"],
          postInitApplicationSQL: ["CREATE TABLE made (word text)"],
        },
      },
    },
    ttl: "2d",
  });

  interface LivePod extends KubeObject {
    spec: {
      containers: {
        ports: { containerPort: number }[];
        resources: object;
        startupProbe: { httpGet: { path: string; port: number } };
      }[];
    };
  }

  before(async () => {
    cluster = await RealCluster.start(clusterName);
    await cluster.destroy(project);
    ({ url } = await cluster.deploy(project, { config: fields }));
  });
  after(() => cluster.destroy(project));

  const shell = (command: string) => cluster.exec(project, ["sh", "-c", command]);

  const sql = (text: string) =>
    cluster.execIn(project, "postgresql-0", [
      "sh",
      "-c",
      `PGPASSWORD=$POSTGRES_PASSWORD psql -At -U app -h 127.0.0.1 app -c "${text}"`,
    ]);

  it("app.port: the app listens there, its probes ask there, and the URL leads there", async () => {
    assert.equal((await shell("echo $PORT")).trim(), "4000");
    const pod = (await appPod(cluster.kube, namespace)) as unknown as LivePod;
    const container = pod.spec.containers[0] ?? assert.fail();
    assert.deepEqual(
      container.ports.map(({ containerPort }) => containerPort),
      [4000],
    );
    assert.deepEqual([container.startupProbe.httpGet.path, container.startupProbe.httpGet.port], ["/health", 4000]);
    assert.equal((await cluster.visitor.ask(url, "/health")).status, 200);
  });

  it("env: the app has the variable", async () => {
    assert.equal((await shell("echo $GREETING")).trim(), "hello from the config");
  });

  it("the injected variables: as in k8s-ee", async () => {
    const names = (await shell("env")).split("\n").map((line) => line.split("=")[0]);
    for (const name of [
      "PR_NUMBER",
      "COMMIT_SHA",
      "BRANCH_NAME",
      "APP_VERSION",
      "PREVIEW_URL",
      "DATABASE_URL",
      "PGHOST",
    ])
      assert.ok(names.includes(name), name);
  });

  it("resources: the kernel holds the app to them", async () => {
    const limit = "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes";
    assert.equal(Number(await shell(limit)), 200 * 2 ** 20);
    const pod = (await appPod(cluster.kube, namespace)) as unknown as LivePod;
    const { requests, limits } = fields.resources;
    assert.deepEqual(pod.spec.containers[0]?.resources, { requests, limits });
  });

  it("writableDirs: those can be written, all else cannot", async () => {
    assert.equal((await shell("echo x > /app/cache/a && cat /app/cache/a")).trim(), "x");
    assert.equal((await shell("echo x > /tmp/a && cat /tmp/a")).trim(), "x");
    assert.equal((await shell("(echo x > /app/other) 2>/dev/null && echo written || echo refused")).trim(), "refused");
  });

  it("databases.postgresql.storage: the volume has that size, and the quota no more", async () => {
    const { spec } = await cluster.kube.get<{ spec: { resources: { requests: { storage: string } } } }>(
      `/api/v1/namespaces/${namespace}/persistentvolumeclaims/postgresql-data`,
    );
    assert.equal(spec.resources.requests.storage, "300Mi");
    const quotas = await cluster.kube.get<KubeList<KubeObject & { spec: { hard: Record<string, string> } }>>(
      `/api/v1/namespaces/${namespace}/resourcequotas`,
    );
    assert.equal(quotas.items[0]?.spec.hard["requests.storage"], "300Mi");
  });

  it("databases.postgresql.bootstrap: the server has the role, and the app's database the table", async () => {
    assert.equal((await sql("SELECT rolname FROM pg_roles WHERE rolname = 'reporting'")).trim(), "reporting");
    assert.equal((await sql("SELECT count(*) FROM made")).trim(), "0");
  });

  it("metrics and ttl: what finds the app and what ends it can read their annotations", async () => {
    const pod = await appPod(cluster.kube, namespace);
    const { annotations = {} } = pod.metadata;
    assert.equal(annotations["prometheus.io/port"], "4000");
    assert.equal(annotations["prometheus.io/path"], "/internal/metrics");
    assert.equal(annotations["prometheus.io/interval"], "15s");
    const owner = await cluster.kube.get<KubeObject>(`/api/v1/namespaces/${namespace}`);
    const expires = Date.parse(owner.metadata.annotations?.["berth.dev/expires-at"] ?? "");
    assert.ok(Math.abs(expires - Date.now() - 2 * 86_400_000) < 300_000);
  });

  it("sleep: no pod is left, and a wake brings back what the database held", async () => {
    await sql("CREATE TABLE nap (word text)");
    await sql("INSERT INTO nap VALUES ('kept')");
    const how = { who: "test", timeout: 180 };
    await setAsleep(cluster.target, environmentName(project, 1), true, how);
    const pods = await cluster.kube.get<KubeList>(`/api/v1/namespaces/${namespace}/pods`);
    assert.deepEqual(
      pods.items.filter((pod) => pod.metadata.deletionTimestamp === undefined),
      [],
    );
    await setAsleep(cluster.target, environmentName(project, 1), false, how);
    await cluster.visitor.askUntil(url, "/health", ({ status }) => status === 200);
    assert.equal((await sql("SELECT word FROM nap")).trim(), "kept");
  });
});
