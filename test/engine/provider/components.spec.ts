import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

import { find, get, operations, TestStack, uniqueName, withNamespace } from "./support";

const configMap = "kubernetes:core/v1:ConfigMap";

/** Components that make resources from manifests and charts. */
describe("kubernetes provider: components", () => {
  let stack: TestStack;
  let folder: string;
  beforeEach(async () => {
    stack = await TestStack.open();
    folder = await mkdtemp(join(tmpdir(), "berth-manifests-"));
  });
  afterEach(async () => {
    await stack.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("makes a resource of each object of a ConfigGroup, namespaces first", async () => {
    const namespace = uniqueName("group");
    const yaml = `
apiVersion: v1
kind: ConfigMap
metadata: { name: one, namespace: ${namespace} }
data: { a: "1" }
---
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
`;
    const two = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "two", namespace }, data: { b: "2" } };
    const program = () => {
      const group = new k8s.yaml.v2.ConfigGroup("group", { yaml, objs: [two] });
      return { count: group.resources.apply((resources) => (resources as unknown[]).length) };
    };
    assert.equal((await stack.preview(program)).changes.create, 5);
    const outcome = await stack.up();
    assert.equal(outcome.outputs["count"], 3);
    assert.deepEqual((await get("v1", "ConfigMap", "one", namespace)).data, { a: "1" });
    const names = (await stack.resources())
      .filter((one) => one.type === configMap)
      .map((one) => one.urn.split("::").at(-1));
    assert.deepEqual(names.sort(), [`group:${namespace}/one`, `group:${namespace}/two`]);
    assert.deepEqual((await stack.up()).changes, { same: 5 });
    await stack.destroy();
    assert.equal(await find("v1", "Namespace", namespace), null);
  });

  it("reads a ConfigFile, updates and deletes with it", () =>
    withNamespace(async (namespace) => {
      const file = join(folder, "manifest.yaml");
      const write = (names: string[]) =>
        writeFile(
          file,
          JSON.stringify({
            apiVersion: "v1",
            kind: "List",
            items: names.map((name) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace } })),
          }),
        );
      await write(["one", "two"]);
      await stack.up(() => {
        new k8s.yaml.v2.ConfigFile("file", { file });
        return {};
      });
      assert.ok(await find("v1", "ConfigMap", "two", namespace));
      await write(["one"]);
      assert.deepEqual(operations(await stack.up(), configMap), ["same", "delete"]);
      assert.equal(await find("v1", "ConfigMap", "two", namespace), null);
    }));

  it("names the document of a manifest that is no object", async () => {
    const file = join(folder, "manifest.yaml");
    await writeFile(file, "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: one }\n---\nkind: Nothing\n");
    await stack.failing(
      stack.up(() => {
        new k8s.yaml.v2.ConfigFile("file", { file });
        return {};
      }),
      /manifest\.yaml, document 2/,
      /apiVersion/,
    );
  });

  describe("with a chart", () => {
    const group = () => `${uniqueName("c")}.berth.dev`;
    let chart: string;
    let kindGroup: string;
    beforeEach(async () => {
      chart = join(folder, "quay");
      kindGroup = group();
      await mkdir(join(chart, "templates"), { recursive: true });
      await mkdir(join(chart, "crds"));
      const files: Record<string, string> = {
        "Chart.yaml": "apiVersion: v2\nname: quay\nversion: 1.2.3\n",
        "values.yaml": "depth: 3\npassword: none\n",
        "crds/moorings.yaml": `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: moorings.${kindGroup} }
spec:
  group: ${kindGroup}
  scope: Namespaced
  names: { plural: moorings, singular: mooring, kind: Mooring }
  versions:
    - { name: v1, served: true, storage: true, schema: { openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true } } }
`,
        "templates/mooring.yaml": `
apiVersion: ${kindGroup}/v1
kind: Mooring
metadata: { name: {{ .Release.Name }}-mooring }
spec: { depth: {{ .Values.depth }} }
`,
        "templates/settings.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-settings }
data:
  depth: {{ .Values.depth | quote }}
  password: {{ .Values.password | quote }}
  version: {{ .Capabilities.KubeVersion.Version | quote }}
`,
        "templates/hook.yaml": `
apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-hook, annotations: { "helm.sh/hook": pre-install } }
`,
      };
      for (const [name, text] of Object.entries(files)) await writeFile(join(chart, name), text);
    });

    it("makes its objects in the release's namespace, definitions first, without hooks", () =>
      withNamespace(async (namespace) => {
        const program = (depth: number) => () => {
          new k8s.helm.v4.Chart("quay", { chart, namespace, values: { depth } });
          return {};
        };
        await stack.up(program(5));
        const { data = {} } = await get("v1", "ConfigMap", "quay-settings", namespace);
        assert.equal(data["depth"], "5");
        assert.match(data["version"] ?? "", /^v1\.\d+/);
        assert.equal((await get(`${kindGroup}/v1`, "Mooring", "quay-mooring", namespace)).spec?.["depth"], 5);
        assert.equal(await find("v1", "ConfigMap", "quay-hook", namespace), null);

        const updated = await stack.up(program(6));
        assert.deepEqual(operations(updated, `kubernetes:${kindGroup}/v1:Mooring`), ["update"]);
        assert.deepEqual((await stack.up()).changes.same, 5);
      }));

    it("keeps secret values out of the state's plain text", () =>
      withNamespace(async (namespace) => {
        await stack.up(() => {
          const values = { password: pulumi.secret("hunter2") };
          new k8s.helm.v4.Chart("quay", { chart, namespace, values, skipCrds: false });
          return {};
        });
        assert.equal((await get("v1", "ConfigMap", "quay-settings", namespace)).data?.["password"], "hunter2");
        assert.ok(!(await stack.stateText()).includes("hunter2"));
      }));

    it("says which value a template misses", async () => {
      await writeFile(
        join(chart, "templates", "strict.yaml"),
        '{{ required "depth of the berth is needed" .Values.berth }}',
      );
      await stack.failing(
        stack.up(() => {
          new k8s.helm.v4.Chart("quay", { chart });
          return {};
        }),
        /depth of the berth is needed/,
      );
    });
  });
});
