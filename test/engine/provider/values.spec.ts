import assert from "node:assert/strict";

import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { find, get, operations, TestStack, uniqueName, withNamespace } from "./support";

const secretMark = "1b47061264138c4ac30d75fd1eb44270";
const isEncrypted = (value: unknown): boolean => JSON.stringify(value).includes(secretMark);

/** Values that are secret or not known yet, and kinds that are not known yet. */
describe("kubernetes provider: values", () => {
  let stack: TestStack;
  beforeEach(async () => {
    stack = await TestStack.open();
  });
  afterEach(() => stack.close());

  it("keeps the data of a Secret secret, in inputs and outputs", () =>
    withNamespace(async (namespace) => {
      const outcome = await stack.up(() => {
        new k8s.core.v1.Secret("secret", {
          metadata: { name: "secret", namespace },
          stringData: { password: "hunter2" },
        });
      });
      const { inputs, outputs } = await stack.resource("kubernetes:core/v1:Secret");
      assert.ok(isEncrypted(inputs?.["stringData"]));
      assert.ok(isEncrypted(outputs?.["data"]));
      const state = await stack.stateText();
      for (const text of ["hunter2", Buffer.from("hunter2").toString("base64")]) {
        assert.ok(!state.includes(text) && !outcome.output.includes(text), `${text} is in plain text`);
      }
      const live = await get("v1", "Secret", "secret", namespace);
      assert.equal(Buffer.from(live.data?.["password"] ?? "", "base64").toString(), "hunter2");
    }));

  it("keeps secret in any object what the program holds secret, and only that", () =>
    withNamespace(async (namespace) => {
      await stack.up(() => {
        new k8s.core.v1.ConfigMap("settings", {
          metadata: { name: "settings", namespace },
          data: { open: "visible", hidden: pulumi.secret("hunter2") },
        });
      });
      const { outputs } = await stack.resource("kubernetes:core/v1:ConfigMap");
      const data = outputs?.["data"] as Record<string, unknown>;
      assert.equal(data["open"], "visible");
      assert.ok(isEncrypted(data["hidden"]));
      assert.deepEqual((await get("v1", "ConfigMap", "settings", namespace)).data, {
        open: "visible",
        hidden: "hunter2",
      });
    }));

  it("previews objects with values that are not known yet", () =>
    withNamespace(async (namespace) => {
      const program = () => {
        const password = new random.RandomPassword("password", { length: 20 });
        const first = new k8s.core.v1.Secret("first", {
          metadata: { namespace },
          stringData: { password: password.result },
        });
        const second = new k8s.core.v1.ConfigMap("second", {
          metadata: { namespace, name: pulumi.interpolate`of-${first.metadata.uid}` },
          data: { uid: first.metadata.uid },
        });
        return { name: second.metadata.name };
      };
      const preview = await stack.preview(program);
      assert.equal(preview.changes.create, 4);
      const outcome = await stack.up();
      assert.match(String(outcome.outputs["name"]), /^of-[0-9a-f-]{36}$/);
      assert.deepEqual((await stack.up()).changes, { same: 4 });
    }));

  it("does not take for final in the preview what the server allocates in the update", () =>
    withNamespace(async (namespace) => {
      const program = () => {
        const service = new k8s.core.v1.Service("web", {
          metadata: { name: "web", namespace, annotations: { "pulumi.com/skipAwait": "true" } },
          spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
        });
        new k8s.core.v1.ConfigMap("address", {
          metadata: { name: "address", namespace },
          data: { address: service.spec.clusterIP },
        });
      };
      await stack.preview(program);
      await stack.up();
      const address = (await get("v1", "Service", "web", namespace)).spec?.["clusterIP"];
      assert.equal((await get("v1", "ConfigMap", "address", namespace)).data?.["address"], address);
    }));

  it("makes a CustomResourceDefinition and an object of it in one update, whatever the order, and deletes both", async () => {
    const group = `${uniqueName("g")}.berth.dev`;
    const program = () => {
      new k8s.apiextensions.CustomResource("berth", {
        apiVersion: `${group}/v1`,
        kind: "Mooring",
        metadata: { name: "one", namespace: "default" },
        spec: { depth: 3 },
      });
      new k8s.apiextensions.v1.CustomResourceDefinition("moorings", {
        metadata: { name: `moorings.${group}` },
        spec: {
          group,
          scope: "Namespaced",
          names: { plural: "moorings", singular: "mooring", kind: "Mooring" },
          versions: [
            {
              name: "v1",
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: "object",
                  properties: { spec: { type: "object", properties: { depth: { type: "integer", maximum: 9 } } } },
                },
              },
            },
          ],
        },
      });
    };
    assert.equal((await stack.preview(program)).changes.create, 3);
    const outcome = await stack.up();
    assert.deepEqual(operations(outcome, `kubernetes:${group}/v1:Mooring`), ["create"]);
    assert.equal((await get(`${group}/v1`, "Mooring", "one", "default")).spec?.["depth"], 3);
    assert.deepEqual((await stack.up()).changes, { same: 3 });
    await stack.destroy();
    assert.equal(await find("apiextensions.k8s.io/v1", "CustomResourceDefinition", `moorings.${group}`), null);
  });

  it("refuses settings that it does not know or support, by name", async () => {
    await stack.failing(
      stack.up(() => {
        new k8s.Provider("other", { kubeconfig: "apiVersion: v1\nkind: Nonsense: [" });
        const provider = new k8s.Provider("broken", { kubeconfig: "/nonexistent/kubeconfig" });
        new k8s.core.v1.ConfigMap("settings", { metadata: { name: "settings" } }, { provider });
      }),
      /kubeconfig/,
    );
  });

  it("says that a cluster cannot be reached, and forgets its objects only when told so", () =>
    withNamespace(async (namespace) => {
      const kubeconfig = (port: number) =>
        JSON.stringify({
          apiVersion: "v1",
          kind: "Config",
          clusters: [{ name: "c", cluster: { server: `https://127.0.0.1:${port}` } }],
          contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
          users: [{ name: "u", user: {} }],
          "current-context": "c",
        });
      // Port 9 (discard) is never listened on by a cluster.
      const program = (target: string, deleteUnreachable: boolean) => () => {
        const provider = new k8s.Provider("there", { kubeconfig: target, deleteUnreachable });
        new k8s.core.v1.ConfigMap("settings", { metadata: { name: "settings", namespace } }, { provider });
      };
      await stack.up(program(stack.cluster.kubeconfig, false));
      const provider = (deleteUnreachable: boolean) => {
        new k8s.Provider("there", { kubeconfig: kubeconfig(9), deleteUnreachable });
        return undefined;
      };
      const empty = () => provider(false);
      await stack.failing(stack.up(empty), /unreachable/);
      const told = () => provider(true);
      await stack.up(told);
      assert.equal((await stack.resources()).filter((one) => one.type.endsWith(":ConfigMap")).length, 0);
    }));
});
