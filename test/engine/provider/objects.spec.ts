import assert from "node:assert/strict";

import * as k8s from "@pulumi/kubernetes";

import { change, find, get, kube, operations, remove, TestStack, uniqueName, withNamespace } from "./support";

const configMap = "kubernetes:core/v1:ConfigMap";

/** The life of single objects: what is created, changed, replaced, taken over and deleted. */
describe("kubernetes provider: objects", () => {
  let stack: TestStack;
  beforeEach(async () => {
    stack = await TestStack.open();
  });
  afterEach(() => stack.close());

  const map =
    (namespace: string, data: Record<string, string>, metadata: object = { name: "settings" }) =>
    () => {
      const made = new k8s.core.v1.ConfigMap("settings", { metadata: { namespace, ...metadata }, data });
      return { name: made.metadata.name, uid: made.metadata.uid };
    };

  it("creates an object, finds nothing to do the second time, and deletes it", () =>
    withNamespace(async (namespace) => {
      const first = await stack.up(map(namespace, { a: "1" }));
      assert.equal(first.changes.create, 2);
      assert.deepEqual((await get("v1", "ConfigMap", "settings", namespace)).data, { a: "1" });

      const second = await stack.up();
      assert.deepEqual(second.changes, { same: 2 });

      await stack.destroy();
      assert.equal(await find("v1", "ConfigMap", "settings", namespace), null);
    }));

  it("updates in place what may change, and removes what the program no longer gives", () =>
    withNamespace(async (namespace) => {
      const labels = (values: Record<string, string>) =>
        map(namespace, { a: "1" }, { name: "settings", labels: values, annotations: { keep: "1" } });
      const before = await stack.up(labels({ one: "1", two: "2" }));
      const after = await stack.up(labels({ two: "changed" }));
      assert.deepEqual(operations(after, configMap), ["update"]);
      assert.equal(after.outputs["uid"], before.outputs["uid"]);
      assert.deepEqual((await get("v1", "ConfigMap", "settings", namespace)).metadata?.labels, { two: "changed" });
    }));

  it("keeps fields that others added", () =>
    withNamespace(async (namespace) => {
      await stack.up(map(namespace, { a: "1" }));
      const object = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "settings", namespace, labels: { theirs: "1" } },
      };
      await change(object);
      await stack.up(map(namespace, { a: "1" }, { name: "settings", labels: { ours: "1" } }));
      assert.deepEqual((await get("v1", "ConfigMap", "settings", namespace)).metadata?.labels, {
        theirs: "1",
        ours: "1",
      });
    }));

  it("refuses to overwrite what somebody else manages, and says how to, until it is told so", () =>
    withNamespace(async (namespace) => {
      await stack.up(map(namespace, { a: "1" }, { name: "settings", labels: { level: "ours" } }));
      const theirs = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "settings", namespace, labels: { level: "x" } },
      };
      await change(theirs);
      await stack.failing(
        stack.up(map(namespace, { a: "1" }, { name: "settings", labels: { level: "new" } })),
        /metadata\.labels\.level/,
        /somebody-else/,
        /patchForce/,
      );
      const forced = { "pulumi.com/patchForce": "true" };
      await stack.up(map(namespace, { a: "1" }, { name: "settings", labels: { level: "new" }, annotations: forced }));
      assert.equal((await get("v1", "ConfigMap", "settings", namespace)).metadata?.labels?.["level"], "new");
    }));

  it("names an object that the program did not name, and creates its replacement before it deletes the old one", () =>
    withNamespace(async (namespace) => {
      const before = await stack.up(map(namespace, { a: "1" }, {}));
      assert.match(String(before.outputs["name"]), /^settings-[0-9a-f]{8}$/);
      const after = await stack.up(map(namespace, { a: "2" }, {}));
      assert.deepEqual(operations(after, configMap), ["create-replacement", "replace", "delete-replaced"]);
      assert.notEqual(after.outputs["name"], before.outputs["name"]);
      assert.equal(await find("v1", "ConfigMap", String(before.outputs["name"]), namespace), null);
    }));

  it("deletes an object of a fixed name before it creates the replacement", () =>
    withNamespace(async (namespace) => {
      const before = await stack.up(map(namespace, { a: "1" }));
      const preview = await stack.preview(map(namespace, { a: "2" }));
      assert.ok(operations(preview, configMap).includes("replace"));
      const after = await stack.up();
      assert.deepEqual(operations(after, configMap), ["delete-replaced", "replace", "create-replacement"]);
      assert.notEqual(after.outputs["uid"], before.outputs["uid"]);
    }));

  it("replaces a StatefulSet whose claim templates change, and updates its replicas in place", () =>
    withNamespace(async (namespace) => {
      const set = (replicas: number, size: string) => () => {
        new k8s.apps.v1.StatefulSet("db", {
          metadata: { name: "db", namespace, annotations: { "pulumi.com/skipAwait": "true" } },
          spec: {
            replicas,
            serviceName: "db",
            selector: { matchLabels: { app: "db" } },
            template: { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "db", image: "db" }] } },
            volumeClaimTemplates: [
              {
                metadata: { name: "data" },
                spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: size } } },
              },
            ],
          },
        });
      };
      await stack.up(set(0, "1Gi"));
      const updated = await stack.up(set(1, "1Gi"));
      assert.deepEqual(operations(updated, "kubernetes:apps/v1:StatefulSet"), ["update"]);
      const replaced = await stack.preview(set(1, "2Gi"));
      assert.ok(operations(replaced, "kubernetes:apps/v1:StatefulSet").includes("replace"));
    }));

  it("does not take over an object that exists already", () =>
    withNamespace(async (namespace) => {
      await (await kube()).create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings", namespace } });
      await stack.failing(stack.up(map(namespace, { a: "1" })), /already exists/);
      assert.equal((await get("v1", "ConfigMap", "settings", namespace)).data, undefined);
    }));

  it("lets the server check an object in the preview, and names the wrong field", () =>
    withNamespace(async (namespace) => {
      const wrong = () => {
        new k8s.core.v1.Service("web", {
          metadata: { name: "web", namespace },
          spec: { selector: { app: "web" }, ports: [{ port: 80_000 }] },
        });
      };
      await stack.failing(stack.preview(wrong), /spec\.ports\[0\]\.port/, /between 1 and 65535/);
      assert.equal(await find("v1", "Service", "web", namespace), null);
    }));

  it("previews a change of what tells a list's items apart, and what is wrong with it", () =>
    withNamespace(async (namespace) => {
      const serves =
        (port: number, ...more: { name: string; port: number }[]) =>
        () => {
          new k8s.core.v1.Service("web", {
            metadata: { name: "web", namespace, annotations: { "pulumi.com/skipAwait": "true" } },
            spec: { selector: { app: "web" }, ports: [{ name: "http", port, targetPort: port }, ...more] },
          });
        };
      await stack.up(serves(3000));
      await stack.failing(
        stack.preview(serves(8080, { name: "http", port: 9090 })),
        /spec\.ports\[1\]\.name: Duplicate value: "http"/,
      );
      for (const port of [8080, 9090]) {
        assert.deepEqual(operations(await stack.preview(serves(port)), "kubernetes:core/v1:Service"), ["update"]);
        await stack.up();
        const { ports } = (await get("v1", "Service", "web", namespace)).spec as { ports: object[] };
        assert.deepEqual({ ...ports[0] }, { name: "http", port, targetPort: port, protocol: "TCP" });
        assert.equal(ports.length, 1);
      }
    }));

  it("previews objects of a namespace that the same update makes", async () => {
    const namespace = uniqueName("new");
    const program = () => {
      const made = new k8s.core.v1.Namespace("namespace", { metadata: { name: namespace } });
      new k8s.core.v1.ConfigMap("settings", {
        metadata: { name: "settings", namespace: made.metadata.name },
        data: {},
      });
    };
    assert.equal((await stack.preview(program)).changes.create, 3);
    assert.equal((await stack.up()).changes.create, 3);
    await stack.destroy();
    assert.equal(await find("v1", "Namespace", namespace), null);
  });

  it("notices drift when it refreshes, and the next update corrects it", () =>
    withNamespace(async (namespace) => {
      await stack.up(map(namespace, { a: "1" }, { name: "settings", labels: { level: "ours" } }));
      const theirs = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "settings", namespace, labels: { level: "x" } },
      };
      await change(theirs);
      assert.deepEqual((await stack.up()).changes, { same: 2 });

      const refreshed = await stack.refresh();
      assert.equal(refreshed.changes.update, 1);
      const forced = { "pulumi.com/patchForce": "true" };
      await stack.up(map(namespace, { a: "1" }, { name: "settings", labels: { level: "ours" }, annotations: forced }));
      assert.equal((await get("v1", "ConfigMap", "settings", namespace)).metadata?.labels?.["level"], "ours");
    }));

  it("finds nothing to refresh in an object that nobody touched", () =>
    withNamespace(async (namespace) => {
      await stack.up(() => {
        new k8s.networking.v1.NetworkPolicy("fence", {
          metadata: { name: "fence", namespace },
          spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [], egress: [] },
        });
        new k8s.core.v1.LimitRange("limits", {
          metadata: { name: "limits", namespace },
          spec: { limits: [{ type: "Container", default: { cpu: "1000m", memory: "1024Mi" } }] },
        });
        new k8s.core.v1.Secret("secret", { metadata: { name: "secret", namespace }, stringData: { password: "x" } });
      });
      await stack.refresh();
      assert.deepEqual((await stack.up()).changes, { same: 4 });
    }));

  it("forgets an object that was deleted by somebody else, and creates it again", () =>
    withNamespace(async (namespace) => {
      await stack.up(map(namespace, { a: "1" }));
      await remove("v1", "ConfigMap", "settings", namespace);
      const refreshed = await stack.refresh();
      assert.equal(refreshed.changes.delete, 1);
      assert.deepEqual(operations(await stack.up(), configMap), ["create"]);
    }));

  it("imports an object that exists and manages it from then on", () =>
    withNamespace(async (namespace) => {
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "found", namespace }, data: { a: "1" } };
      await (await kube()).create(object);
      const program = (data: Record<string, string>, options: object) => () => {
        new k8s.core.v1.ConfigMap("settings", { metadata: { name: "found", namespace }, data }, options);
      };
      const imported = await stack.up(program({ a: "1" }, { import: `${namespace}/found` }));
      assert.deepEqual(operations(imported, configMap), ["import"]);
      assert.deepEqual((await stack.up(program({ a: "1" }, {}))).changes, { same: 2 });
      await stack.destroy();
      assert.equal(await find("v1", "ConfigMap", "found", namespace), null);
    }));

  it("reads an object by its id without managing it", () =>
    withNamespace(async (namespace) => {
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "found", namespace }, data: { a: "1" } };
      await (await kube()).create(object);
      const outcome = await stack.up(() => ({
        data: k8s.core.v1.ConfigMap.get("settings", `${namespace}/found`).data,
      }));
      assert.deepEqual(outcome.outputs["data"], { a: "1" });
      await stack.destroy();
      assert.ok(await find("v1", "ConfigMap", "found", namespace));
    }));

  it("edits single fields of an object with a Patch resource, and gives them back", () =>
    withNamespace(async (namespace) => {
      await (
        await kube()
      ).create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "theirs", namespace }, data: { a: "1" } });
      await stack.up(() => {
        new k8s.core.v1.ConfigMapPatch("edit", { metadata: { name: "theirs", namespace, labels: { ours: "1" } } });
      });
      assert.deepEqual((await get("v1", "ConfigMap", "theirs", namespace)).metadata?.labels, { ours: "1" });
      await stack.destroy();
      const left = await get("v1", "ConfigMap", "theirs", namespace);
      assert.equal(left.metadata?.labels, undefined);
      assert.deepEqual(left.data, { a: "1" });
    }));
});
