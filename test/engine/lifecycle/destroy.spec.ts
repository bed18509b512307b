import assert from "node:assert/strict";
import { LABEL } from "../../../config/labels";
import { ExitCode } from "../../../lifecycle/errors";
import type { Kube, KubeObject } from "../../../lifecycle/kube";
import { list } from "../../../lifecycle/list";
import { environmentName } from "../../../lifecycle/naming";
import { readRecords } from "../../../lifecycle/records";
import { simulatedCluster } from "./cluster";
import { configFor, deployTo, destroyFrom, failsWith, kubeOf, requestFor } from "./support";

const project = "gone";
const name = environmentName(project, 1);
const inside = `/api/v1/namespaces/${name.namespace}`;
const withoutDatabase = requestFor(project, "1", { config: configFor(project, { databases: {} }) });

/** A ConfigMap that somebody outside Berth has put into the environment. */
function configMap(more: Partial<KubeObject["metadata"]>): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "stray", ...more }, data: {} };
}

async function releaseFinalizers(kube: Kube, path: string): Promise<void> {
  await kube.patch(path, { metadata: { finalizers: null } });
}

describe("destroying an environment", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const kube = () => kubeOf(target());

  it("that never was is no error", async () => {
    const result = await destroyFrom(target(), project);
    assert.equal(result.outcome, "unchanged");
    assert.deepEqual(result.receipt.left, []);
  });

  it("ends in an error that names object, finalizer and controller when one does not let go", async () => {
    await deployTo(target(), withoutDatabase);
    await kube().post(`${inside}/configmaps`, configMap({ finalizers: ["example.com/protect"] }));
    await failsWith(destroyFrom(target(), project, { timeout: 12 }), {
      exitCode: ExitCode.leftovers,
      message: /ConfigMap stray waits for example\.com\/protect: no controller for it was found/,
    });
    const [environment] = await list(target(), project);
    assert.equal(environment?.state, "destroying");
    const [record] = await readRecords(target(), name.namespace);
    assert.equal(record?.outcome, "leftovers");
  });

  it("goes to its end once the finalizer is gone", async () => {
    await releaseFinalizers(kube(), `${inside}/configmaps/stray`);
    assert.deepEqual((await destroyFrom(target(), project)).receipt.left, []);
  });

  it("removes a custom resource with a finalizer while its operator and the namespace are there", async () => {
    await kube().post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition);
    const widgets = `/apis/example.com/v1/namespaces/${name.namespace}/widgets`;
    await deployTo(target(), withoutDatabase);
    await created(() =>
      kube().post(widgets, {
        apiVersion: "example.com/v1",
        kind: "Widget",
        metadata: { name: "w", finalizers: ["example.com/tidy"] },
      }),
    );
    const end = new AbortController();
    let namespaceWasThere: boolean | undefined;
    const operator = kube().watch<KubeObject>(widgets, {}, end.signal, ({ type, object }) => {
      if (type === "DELETED" || object.metadata.deletionTimestamp === undefined) return;
      void (async () => {
        const namespace = await kube().get<KubeObject>(inside);
        namespaceWasThere = namespace.metadata.deletionTimestamp === undefined;
        await releaseFinalizers(kube(), `${widgets}/w`);
      })();
    });
    try {
      const { receipt } = await destroyFrom(target(), project);
      assert.deepEqual(receipt.removedByLabel, ["Widget w"]);
      assert.deepEqual(receipt.left, []);
      assert.equal(namespaceWasThere, true);
    } finally {
      end.abort();
      await operator;
      await kube().delete("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com");
    }
  });

  it("works when somebody has deleted its namespace", async () => {
    await deployTo(target(), withoutDatabase);
    await kube().delete(inside);
    assert.deepEqual((await destroyFrom(target(), project)).receipt.left, []);
    assert.deepEqual(await list(target(), project), []);
  });

  it("removes cluster-scoped objects that carry its label, and no others", async () => {
    await deployTo(target(), withoutDatabase);
    const roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    const role = (roleName: string, environment: string) => ({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: roleName, labels: { [LABEL.environment]: environment } },
    });
    await kube().post(roles, role("mine", name.namespace));
    await kube().post(roles, role("others", "gone-pr-2"));
    const { receipt } = await destroyFrom(target(), project);
    assert.deepEqual(receipt.removedByLabel, ["ClusterRole mine"]);
    assert.equal(await kube().find(`${roles}/mine`), undefined);
    assert.notEqual(await kube().find(`${roles}/others`), undefined);
    await kube().delete(`${roles}/others`);
  });

  it("fails when a volume stays, and lists it", async () => {
    await deployTo(target(), withoutDatabase);
    const volumes = "/api/v1/persistentvolumes";
    await kube().post(volumes, {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "kept" },
      spec: {
        capacity: { storage: "1Gi" },
        accessModes: ["ReadWriteOnce"],
        persistentVolumeReclaimPolicy: "Retain",
        hostPath: { path: "/nowhere" },
        claimRef: { namespace: name.namespace, name: "data" },
      },
    });
    const error = await failsWith(destroyFrom(target(), project), {
      exitCode: ExitCode.leftovers,
      message: /1 resource left:\n {2}PersistentVolume kept/,
    });
    assert.match(error.fix, /receipt/);
    await kube().delete(`${volumes}/kept`);
    assert.deepEqual((await destroyFrom(target(), project)).receipt.left, []);
  });
});

describe("a namespace of an environment's name that is not Berth's", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const kube = () => kubeOf(target());
  const refusal = { exitCode: ExitCode.usage, message: /gone-pr-1 exists and is not Berth's/ };

  before(async () => {
    await kube().post("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: name.namespace },
    });
  });

  after(async () => {
    await kube().delete(inside);
  });

  it("is refused by deploy, and never adopted", async () => {
    const before = await kube().get<KubeObject>(inside);
    await failsWith(deployTo(target(), withoutDatabase), refusal);
    const { metadata } = await kube().get<KubeObject>(inside);
    assert.deepEqual(metadata.labels, before.metadata.labels);
    assert.equal(metadata.uid, before.metadata.uid);
  });

  it("is refused by destroy, and stays", async () => {
    await failsWith(destroyFrom(target(), project), refusal);
    assert.equal((await kube().get<KubeObject>(inside)).metadata.deletionTimestamp, undefined);
  });

  it("is not listed", async () => {
    assert.deepEqual(await list(target(), project), []);
  });
});

const widgetDefinition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget" },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
};

/** A new type is served a moment after its definition is accepted. */
async function created(create: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await create();
      return;
    } catch (error) {
      if (attempt > 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
