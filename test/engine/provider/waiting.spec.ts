import assert from "node:assert/strict";

import { CoreV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

import { testCluster } from "../../support/cluster";
import { change, find, get, kube, operations, TestStack, uniqueName, withNamespace } from "./support";

const deployment = "kubernetes:apps/v1:Deployment";
const labels = { app: "web" };

/** When an object counts as ready, and what is said when it does not become so. */
describe("kubernetes provider: waiting", () => {
  let stack: TestStack;
  beforeEach(async () => {
    stack = await TestStack.open();
  });
  afterEach(() => stack.close());

  interface DeploymentOptions {
    pod?: Partial<k8s.types.input.core.v1.PodSpec>;
    annotations?: Record<string, string>;
    options?: pulumi.CustomResourceOptions;
  }

  const web = (namespace: string, { pod = {}, annotations = {}, options = {} }: DeploymentOptions = {}) => {
    const made = new k8s.apps.v1.Deployment(
      "web",
      {
        metadata: { name: "web", namespace, annotations },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "web:1" }], ...pod } },
        },
      },
      options,
    );
    return { ready: made.status.readyReplicas };
  };
  const soon = { customTimeouts: { create: "5s", update: "5s", delete: "30s" } };
  /** Leaves pods to nobody, so that a test can say how they are. */
  const unscheduled = { schedulerName: "nobody" };

  it("waits until a Deployment's pods are ready", () =>
    withNamespace(async (namespace) => {
      const outcome = await stack.up(() => web(namespace));
      assert.equal(outcome.outputs["ready"], 2);
    }));

  it("says why pods are not scheduled, keeps the object in the state, and tries again in the next update", () =>
    withNamespace(async (namespace) => {
      const nowhere = { nodeSelector: { "berth.dev/nowhere": "true" } };
      await stack.failing(
        stack.up(() => web(namespace, { pod: nowhere, options: soon })),
        /Unschedulable/,
        /didn't match Pod's node affinity\/selector/,
      );
      const kept = await stack.resource(deployment);
      assert.ok((kept.initErrors ?? []).length > 0);
      const retried = await stack.up(() => web(namespace));
      assert.deepEqual(operations(retried, deployment), ["update"]);
      assert.deepEqual((await stack.resource(deployment)).initErrors ?? [], []);
    }));

  it("says that an image cannot be pulled", () =>
    withNamespace(async (namespace) => {
      const pulling = sayOfPods(namespace, {
        reason: "ImagePullBackOff",
        message: 'Back-off pulling image "web:1"',
      });
      await stack.failing(
        stack.up(() => web(namespace, { pod: unscheduled, options: soon })),
        /ImagePullBackOff/,
        /Back-off pulling image/,
      );
      await pulling;
    }));

  it("says that a quota refuses the pods", () =>
    withNamespace(async (namespace) => {
      await stack.failing(
        stack.up(() => {
          const quota = new k8s.core.v1.ResourceQuota("quota", {
            metadata: { name: "quota", namespace },
            spec: { hard: { pods: "0" } },
          });
          web(namespace, { options: { ...soon, dependsOn: quota } });
        }),
        /exceeded quota: quota/,
      );
    }));

  it("waits until a quota is enforced", () =>
    withNamespace(async (namespace) => {
      await stack.up(() => {
        new k8s.core.v1.ResourceQuota("quota", {
          metadata: { name: "quota", namespace },
          spec: { hard: { pods: "3" } },
        });
      });
      assert.deepEqual((await get("v1", "ResourceQuota", "quota", namespace)).status?.["hard"], { pods: "3" });
    }));

  it("does not wait for what is annotated with skipAwait", () =>
    withNamespace(async (namespace) => {
      await stack.up(() => {
        web(namespace, { pod: unscheduled, annotations: { "pulumi.com/skipAwait": "true" } });
        new k8s.core.v1.Service("web", {
          metadata: { name: "web", namespace, annotations: { "pulumi.com/skipAwait": "true" } },
          spec: { selector: { app: "nothing" }, ports: [{ port: 80 }] },
        });
      });
    }));

  it("gives up after the annotated time", () =>
    withNamespace(async (namespace) => {
      const begin = Date.now();
      const annotations = { "pulumi.com/timeoutSeconds": "2" };
      await stack.failing(
        stack.up(() => web(namespace, { pod: unscheduled, annotations })),
        /timed out/,
      );
      assert.ok(Date.now() - begin < 30_000);
    }));

  it("waits for a Service's endpoints and a Job's completion", () =>
    withNamespace(async (namespace) => {
      await stack.up(() => {
        web(namespace);
        new k8s.core.v1.Service("web", {
          metadata: { name: "web", namespace },
          spec: { selector: labels, ports: [{ port: 80 }] },
        });
        new k8s.batch.v1.Job("job", {
          metadata: { name: "job", namespace },
          spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "job", image: "job" }] } } },
        });
      });
      const job = await get("batch/v1", "Job", "job", namespace);
      assert.equal(job.status?.["succeeded"], 1);
    }));

  it("does not wait for a claim that is bound by its first pod", () =>
    withNamespace(async (namespace) => {
      const name = uniqueName("class");
      await stack.up(() => {
        const slow = new k8s.storage.v1.StorageClass("slow", {
          metadata: { name },
          provisioner: "berth.dev/none",
          volumeBindingMode: "WaitForFirstConsumer",
        });
        new k8s.core.v1.PersistentVolumeClaim("data", {
          metadata: { name: "data", namespace },
          spec: {
            storageClassName: slow.metadata.name,
            accessModes: ["ReadWriteOnce"],
            resources: { requests: { storage: "1Gi" } },
          },
        });
      });
      assert.equal((await get("v1", "PersistentVolumeClaim", "data", namespace)).status?.["phase"], "Pending");
    }));

  describe("with the annotation waitFor", () => {
    const configMap = (namespace: string, waitFor: string) => () => {
      new k8s.core.v1.ConfigMap("state", {
        metadata: {
          name: "state",
          namespace,
          annotations: { "pulumi.com/waitFor": waitFor, "pulumi.com/timeoutSeconds": "10" },
        },
        data: { phase: "starting" },
      });
    };

    it("waits for a field's value", () =>
      withNamespace(async (namespace) => {
        const running = stack.up(configMap(namespace, "jsonpath={.data.phase}=running"));
        const done = {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name: "state", namespace },
          data: { phase: "running" },
        };
        await until(async () => (await find("v1", "ConfigMap", "state", namespace)) !== null);
        await change(done);
        await running;
      }));

    it("waits for all of several conditions and fields, and says which one is missing", () =>
      withNamespace(async (namespace) => {
        const both = JSON.stringify(["jsonpath={.data.phase}=starting", "condition=Ready"]);
        await stack.failing(stack.up(configMap(namespace, both)), /Ready/);
      }));

    it("refuses what is neither", () =>
      withNamespace(async (namespace) => {
        await stack.failing(stack.up(configMap(namespace, "sometime")), /sometime/);
      }));
  });

  it("names what holds up the deletion of a namespace", async () => {
    const name = uniqueName("stuck");
    const api = await kube();
    await stack.up(() => {
      new k8s.core.v1.Namespace("namespace", { metadata: { name } }, { customTimeouts: { delete: "8s" } });
    });
    const held = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "held", namespace: name, finalizers: ["berth.dev/held"] },
    };
    await api.create(held);
    await stack.failing(stack.destroy(), /held/, /berth\.dev\/held/, /finalizers/);
    await change({ ...held, metadata: { name: "held", namespace: name, finalizers: null } });
    await stack.destroy();
    assert.equal(await find("v1", "Namespace", name), null);
  });
});

/** Waits until pods exist in the namespace, then writes into their status that their container waits for a reason. */
async function sayOfPods(namespace: string, waiting: { reason: string; message: string }): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile((await testCluster()).kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  await until(async () => (await core.listNamespacedPod({ namespace })).items.length >= 2);
  for (const pod of (await core.listNamespacedPod({ namespace })).items) {
    const status = {
      containerStatuses: [
        { name: "web", image: "web:1", imageID: "", ready: false, restartCount: 0, state: { waiting } },
      ],
    };
    await core.patchNamespacedPodStatus(
      { name: pod.metadata?.name ?? "", namespace, body: { status } },
      setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
    );
  }
}

async function until(test: () => Promise<boolean>): Promise<void> {
  const limit = Date.now() + 30_000;
  while (!(await test())) {
    assert.ok(Date.now() < limit, "the cluster did not do what the test waits for within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
