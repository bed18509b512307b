import assert from "node:assert/strict";
import { ENGINES, MINIO_VARIABLES, variablesOf } from "../../../config/databases";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { simulatedCluster } from "./cluster";
import { configFor, deployTo, destroyFrom, kubeOf, requestFor } from "./support";

const project = "engines";
const name = environmentName(project, 1);
const inside = `/api/v1/namespaces/${name.namespace}`;
const all = Object.fromEntries(ENGINES.map((engine) => [engine, true]));
const request = (databases: object, digit = "1") =>
  requestFor(project, digit, { config: configFor(project, { databases }) });

interface AppPod extends KubeObject {
  spec: {
    initContainers?: { name: string }[];
    containers: { env: { name: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[] }[];
  };
}

// Pod Security, quota and admission are the API server's own here; what runs in the pods is shown on real nodes.
describe("an environment with all databases there are", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const kube = () => kubeOf(target());
  const appPod = async (): Promise<AppPod> => {
    const { items } = await kube().get<KubeList<AppPod>>(`${inside}/pods`, {
      query: { labelSelector: "berth.dev/component=app" },
    });
    return items.find(({ metadata }) => metadata.deletionTimestamp === undefined) ?? assert.fail("there is no app");
  };

  after(async () => {
    await destroyFrom(target(), project);
  });

  it("has room for all its pods, and the API server takes each of them", async () => {
    const { databases } = await deployTo(target(), request(all));
    assert.deepEqual(databases, [...ENGINES]);
    const { items } = await kube().get<KubeList>(`${inside}/pods`);
    assert.equal(items.length, 1 + ENGINES.length);
    const { status } = await kube().get<KubeObject & { status: Record<"hard" | "used", Record<string, string>> }>(
      `${inside}/resourcequotas/environment`,
    );
    assert.equal(status.hard["requests.storage"], "5Gi");
    assert.equal(status.used["requests.storage"], "5Gi");
  });

  it("has its app wait for each, and take its variables from what is in their Secrets", async () => {
    const { spec } = await appPod();
    assert.deepEqual(
      spec.initContainers?.map((container) => container.name),
      ENGINES.map((engine) => `wait-for-${engine}`),
    );
    const { databases } = configFor(project, { databases: all });
    for (const engine of ENGINES) {
      const { data } = await kube().get<KubeObject & { data: Record<string, string> }>(`${inside}/secrets/${engine}`);
      for (const variable of variablesOf(databases, engine)) {
        const env = spec.containers[0]?.env.find((one) => one.name === variable);
        assert.deepEqual(env?.valueFrom?.secretKeyRef, { name: engine, key: variable });
        assert.ok(data[variable], variable);
      }
    }
  });

  it("keeps the object store when k8s-ee's name for it takes its place", async () => {
    const claim = `${inside}/persistentvolumeclaims/s3-data`;
    const before = await kube().get<KubeObject>(claim);
    const renamed = Object.fromEntries(ENGINES.map((engine) => [engine === "s3" ? "minio" : engine, true]));
    await deployTo(target(), request(renamed, "2"));
    assert.equal((await kube().get<KubeObject>(claim)).metadata.uid, before.metadata.uid);
    const names = (await appPod()).spec.containers[0]?.env.map((one) => one.name) ?? [];
    for (const variable of MINIO_VARIABLES) assert.ok(names.includes(variable), variable);
    assert.ok(!names.some((one) => one.startsWith("AWS_")));
  });

  it("leaves nothing", async () => {
    assert.deepEqual((await destroyFrom(target(), project)).receipt.left, []);
  });
});
