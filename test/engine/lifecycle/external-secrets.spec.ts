import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { ExitCode } from "../../../lifecycle/errors";
import { pause } from "../../../lifecycle/kube";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import type { Target } from "../../../lifecycle/target";
import { simulatedCluster } from "./cluster";
import { configFor, deployTo, destroyFrom, failsWith, kubeOf, requestFor } from "./support";

const run = promisify(execFile);
const project = "external";
const { namespace } = environmentName(project, 1);
const inside = `/api/v1/namespaces/${namespace}`;
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const externalSecrets = `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets`;
const value = "a-value-of-the-store";

interface ExternalSecret extends KubeObject {
  spec: { target: { name: string }; data: { secretKey: string; remoteRef: object }[] };
  status?: object;
}

const request = (key: string, store = "previews", digit = "1") =>
  requestFor(project, digit, {
    config: configFor(project, {
      databases: {},
      externalSecrets: { mail: { store, data: { MAIL_KEY: { key, property: "key" } } } },
      envFrom: [{ secretRef: { name: "mail" } }],
    }),
  });

/** The operator's own definition of its objects, out of its Go module. */
async function externalSecretDefinition(): Promise<{ metadata: { name: string } }> {
  const wanted = "github.com/external-secrets/external-secrets@v1.3.2";
  const { stdout } = await run("go", ["mod", "download", "-json", wanted], {
    cwd: "/",
    env: { ...process.env, GOFLAGS: "-mod=mod" },
  });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  const file = join(Dir, "config/crds/bases/external-secrets.io_externalsecrets.yaml");
  return parse(await readFile(file, "utf8")) as { metadata: { name: string } };
}

/*
 * On the real API server with the operator's real definition: what Berth asks for is accepted by it, field by field. The operator is a
 * stand-in: it makes the Secret, says that it is ready, and tidies up behind a finalizer. That the operator reads a store is not shown
 * here: its Go module is compiled with the clients of every cloud.
 */
describe("Secrets from a store outside", function () {
  this.timeout(300_000);
  const simulated = simulatedCluster();
  const kube = () => kubeOf(simulated());
  let target: Target;
  let definition: { metadata: { name: string } };
  const end = new AbortController();
  let operator: Promise<unknown> = Promise.resolve();
  const namespaceWasThere: boolean[] = [];

  before(async () => {
    const platform = { ...(simulated().platform as object), externalSecrets: { [project]: ["previews"] } };
    target = { ...simulated(), platform };
    definition = await externalSecretDefinition();
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

  async function operate(): Promise<void> {
    while (!end.signal.aborted) {
      const list = await kube()
        .find<KubeList<ExternalSecret>>(externalSecrets)
        .catch(() => undefined);
      for (const object of list?.items ?? []) await handle(object).catch(() => undefined);
      await pause(200, end.signal).catch(() => undefined);
    }
  }

  /** Does for an object what the operator would do at its beginning and at its end. */
  async function handle({ metadata, spec, status }: ExternalSecret): Promise<void> {
    const path = `${externalSecrets}/${metadata.name}`;
    if (metadata.deletionTimestamp !== undefined) {
      const owner = await kube().get<KubeObject>(`/api/v1/namespaces/${namespace}`);
      namespaceWasThere.push(owner.metadata.deletionTimestamp === undefined);
      await kube().patch(path, { metadata: { finalizers: null } });
    } else if (status === undefined) {
      await kube().patch(path, { metadata: { finalizers: ["example.com/tidy"] } });
      const { name, uid } = metadata;
      const ownerReferences = [{ apiVersion: "external-secrets.io/v1", kind: "ExternalSecret", name, uid }];
      await kube().post(`${inside}/secrets`, {
        metadata: { name: spec.target.name, ownerReferences },
        stringData: Object.fromEntries(spec.data.map(({ secretKey }) => [secretKey, value])),
      });
      const ready = { type: "Ready", status: "True", reason: "SecretSynced", message: "" };
      await kube().patch(`${path}/status`, { status: { conditions: [ready] } });
    }
  }

  const asked = async () => (await kube().get<KubeList<ExternalSecret>>(externalSecrets)).items;
  const taken = async () => {
    const { spec } = await kube().get<{ spec: { template: { spec: { containers: { envFrom: object[] }[] } } } }>(
      `/apis/apps/v1/namespaces/${namespace}/deployments/app`,
    );
    return spec.template.spec.containers[0]?.envFrom.slice(1);
  };

  it("are what the app takes its variables from, once the operator says that they are there", async () => {
    assert.equal((await deployTo(target, request("shop/mail"))).outcome, "done");
    const [object] = await asked();
    assert.deepEqual(await taken(), [{ secretRef: { name: object?.spec.target.name } }]);
    const secret = await kube().get<{ data: Record<string, string> }>(
      `${inside}/secrets/${object?.spec.target.name ?? ""}`,
    );
    assert.equal(Buffer.from(secret.data["MAIL_KEY"] ?? "", "base64").toString(), value);
    assert.equal((await deployTo(target, request("shop/mail"))).outcome, "unchanged");
  });

  it("are asked for in fields that the operator knows, none of which the API server has dropped", async () => {
    const [object] = await asked();
    assert.ok(object);
    assert.deepEqual(
      object.spec.data.map(({ secretKey, remoteRef }) => [secretKey, { ...remoteRef }]),
      [
        [
          "MAIL_KEY",
          // The definition's own defaults beside what Berth gives.
          {
            key: "shop/mail",
            property: "key",
            conversionStrategy: "Default",
            decodingStrategy: "None",
            metadataPolicy: "None",
          },
        ],
      ],
    );
    const strict = { metadata: { name: "strict" }, apiVersion: "external-secrets.io/v1", kind: "ExternalSecret" };
    await kube().post(`${externalSecrets}?dryRun=All&fieldValidation=Strict`, { ...strict, spec: object.spec });
  });

  it("are others after another wish, and those of before go", async () => {
    const [before] = await asked();
    assert.equal((await deployTo(target, request("shop/mail-2", "previews", "2"))).outcome, "done");
    const after = await asked();
    assert.equal(after.length, 1);
    assert.notEqual(after[0]?.metadata.name, before?.metadata.name);
    assert.deepEqual(await taken(), [{ secretRef: { name: after[0]?.spec.target.name } }]);
  });

  it("of a store that the project may not name are refused before anything is changed", async () => {
    const before = await asked();
    await failsWith(deployTo(target, request("shop/mail", "production", "3")), {
      exitCode: ExitCode.environmentFailed,
      message: /config\.externalSecrets\.mail\.store: "production" is not allowed; accepted: previews/,
    });
    assert.deepEqual(await asked(), before);
  });

  it("go before the namespace, while the operator can tidy up, and leave nothing", async () => {
    namespaceWasThere.length = 0;
    const { receipt } = await destroyFrom(target, project);
    assert.deepEqual(receipt.left, []);
    assert.deepEqual(namespaceWasThere, [true]);
  });
});
