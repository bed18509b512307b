import assert from "node:assert/strict";
import { ExitCode } from "../../../lifecycle/errors";
import { pause } from "../../../lifecycle/kube";
import type { KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import type { Target } from "../../../lifecycle/target";
import { simulatedCluster } from "./cluster";
import { configFor, definitionFrom, deployTo, destroyFrom, failsWith, kubeOf, requestFor } from "./support";

const project = "operated";
const name = environmentName(project, 1);
const inside = `/api/v1/namespaces/${name.namespace}`;
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const clusters = `/apis/postgresql.cnpg.io/v1/namespaces/${name.namespace}/clusters`;
const cluster = `${clusters}/postgresql-cluster`;
const request = (postgresql: object = {}, digit = "1") =>
  requestFor(project, digit, {
    config: configFor(project, { databases: { postgresql: { operator: "cloudnative-pg", ...postgresql } } }),
  });

interface Cluster extends KubeObject {
  spec: Record<string, unknown>;
}

/*
 * On the real API server with the operator's real definition: what Berth asks for is accepted by it, field by field. The operator is a
 * stand-in: it says that the database is ready, and lets go of it. That the operator makes a database of it is not shown here.
 */
describe("a PostgreSQL of an operator", function () {
  this.timeout(300_000);
  const simulated = simulatedCluster();
  const kube = () => kubeOf(simulated());
  let target: Target;
  let definition: { metadata: { name: string } };
  const end = new AbortController();
  let operator: Promise<unknown> = Promise.resolve();
  let namespaceWasThere: boolean | undefined;
  let holdsBack = false;

  before(async () => {
    const images = { "16": `ghcr.io/cloudnative-pg/postgresql:16.9@sha256:${"0".repeat(64)}` };
    target = {
      ...simulated(),
      platform: {
        ...(simulated().platform as object),
        operators: { cloudnativePg: { apiServerCidrs: ["10.96.0.1/32"], images } },
      },
    };
    definition = await definitionFrom(
      "github.com/cloudnative-pg/cloudnative-pg@v1.28.0",
      "config/crd/bases/postgresql.cnpg.io_clusters.yaml",
    );
    await kube().delete(`${definitions}/${definition.metadata.name}`);
    await kube().post(definitions, definition);
    operator = operate();
  });
  after(async () => {
    end.abort();
    await operator;
    await destroyFrom(target, project);
    await kube().delete(`${definitions}/${definition.metadata.name}`);
  });

  /** Does for each object what the operator would do at its beginning and at its end. */
  async function operate(): Promise<void> {
    while (!end.signal.aborted) {
      const object = await kube()
        .find<KubeObject & { status?: object }>(cluster)
        .catch(() => undefined);
      if (object?.metadata.deletionTimestamp !== undefined) {
        const namespace = await kube().get<KubeObject>(inside);
        namespaceWasThere = namespace.metadata.deletionTimestamp === undefined;
        if (!holdsBack) await kube().patch(cluster, { metadata: { finalizers: null } });
      } else if (object !== undefined && object.status === undefined) {
        await kube().patch(cluster, { metadata: { finalizers: ["example.com/tidy"] } });
        const lastTransitionTime = new Date().toISOString().replace(/\.\d+/, "");
        const ready = { type: "Ready", status: "True", reason: "ClusterIsReady", message: "", lastTransitionTime };
        await kube().patch(`${cluster}/status`, { status: { conditions: [ready] } });
      }
      await pause(200, end.signal).catch(() => undefined);
    }
  }

  it("is deployed once its operator says that it is ready", async () => {
    const result = await deployTo(target, request({ storage: "2Gi", bootstrap: { initSQL: ["SELECT 1"] } }));
    assert.deepEqual(result.databases, ["postgresql"]);
    const statefulSets = await kube().get<{ items: unknown[] }>(
      `/apis/apps/v1/namespaces/${name.namespace}/statefulsets`,
    );
    assert.deepEqual(statefulSets.items, []);
  });

  it("is asked for in fields that the operator knows, none of which the API server has dropped", async () => {
    const { spec } = await kube().get<Cluster>(cluster);
    assert.deepEqual(spec["storage"], { resizeInUseVolumes: true, size: "2Gi", storageClass: "berth-local" });
    const asked = { metadata: { name: "strict" }, apiVersion: "postgresql.cnpg.io/v1", kind: "Cluster", spec };
    await kube().post(`${clusters}?dryRun=All&fieldValidation=Strict`, asked);
    const { initdb } = spec["bootstrap"] as { initdb: Record<string, unknown> };
    assert.deepEqual(initdb["secret"], { name: "postgresql" });
    assert.deepEqual(initdb["postInitSQL"], ["SELECT 1"]);
    assert.equal(spec["stopDelay"], 5);
    const secret = await kube().get<KubeObject & { type: string; data: Record<string, string> }>(
      `${inside}/secrets/postgresql`,
    );
    assert.equal(secret.type, "kubernetes.io/basic-auth");
    assert.equal(secret.data["password"], secret.data["PGPASSWORD"]);
  });

  it("grows in place", async () => {
    const before = await kube().get<Cluster>(cluster);
    await deployTo(target, request({ storage: "3Gi", bootstrap: { initSQL: ["SELECT 1"] } }, "2"));
    const after = await kube().get<Cluster>(cluster);
    assert.equal(after.metadata.uid, before.metadata.uid);
    assert.equal((after.spec["storage"] as { size: string }).size, "3Gi");
  });

  it("goes before its namespace, as long as its operator can let go of it", async () => {
    holdsBack = true;
    await failsWith(destroyFrom(target, project, { timeout: 12 }), {
      exitCode: ExitCode.leftovers,
      message: /postgresql-cluster/,
    });
    assert.equal(namespaceWasThere, true);
    holdsBack = false;
    const { receipt } = await destroyFrom(target, project);
    assert.deepEqual(receipt.left, []);
    assert.equal(namespaceWasThere, true);
  });
});
