import assert from "node:assert/strict";
import { parsePlatform } from "../../../config/platform";
import { planPlatform } from "../../platform/plan";
import { HOST_PLATFORM, PR, config } from "../../../test/support/samples";
import { MOCK_VALUE, record } from "../../../test/support/mocks";
import type { Recording } from "../../../test/support/mocks";
import { PrEnvironment } from "..";
import { validate } from "../validate";

const NAME = "shop-pr-7";
const SECRET = "kubernetes:core/v1:Secret";
const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";
const DEPLOYMENT = "kubernetes:apps/v1:Deployment";

const platform = planPlatform(
  parsePlatform({
    ...HOST_PLATFORM,
    previewSecrets: {
      shop: { namespace: "shop-preview-secrets", secrets: ["stripe", "mail"], configMaps: ["flags"] },
      books: { namespace: "books-preview-secrets", repository: "acme/books", secrets: ["stripe"] },
    },
  }),
).facts;

const secret = (name: string) => ({ secretRef: { name } });
const configMap = (name: string) => ({ configMapRef: { name } });

describe("envFrom", () => {
  let recording: Recording;
  before(async () => {
    const fields = { envFrom: [secret("stripe"), configMap("flags")] };
    recording = await record(() => new PrEnvironment(NAME, { config: config(fields), pr: PR, platform }));
  });

  it("reads the originals and changes nothing about them", () => {
    const original = recording.get(SECRET, `${NAME}-original-secret-stripe`);
    assert.deepEqual(original, {
      type: SECRET,
      name: `${NAME}-original-secret-stripe`,
      parent: NAME,
      inputs: {},
      reads: "shop-preview-secrets/stripe",
    });
    assert.equal(recording.get(CONFIG_MAP, `${NAME}-original-config-map-flags`).reads, "shop-preview-secrets/flags");
  });

  it("copies a Secret into the environment, as a secret of the state, gone with the namespace", () => {
    const { inputs, deletedWith } = recording.get(SECRET, `${NAME}-copy-secret-stripe`);
    assert.deepEqual(inputs["data"], { secret: { KEY: MOCK_VALUE } });
    const metadata = inputs["metadata"] as { name: string; namespace: string; annotations: object };
    assert.deepEqual([metadata.name, metadata.namespace], ["preview-stripe", NAME]);
    assert.deepEqual(metadata.annotations, { "berth.dev/copied-from": "shop-preview-secrets/stripe" });
    assert.equal(deletedWith, `${NAME}-namespace`);
  });

  it("gives the app the copies, behind its env, and starts it after them", () => {
    const { inputs, dependsOn } = recording.get(DEPLOYMENT, `${NAME}-app`);
    const { template } = inputs["spec"] as { template: { spec: { containers: { envFrom: object[] }[] } } };
    assert.deepEqual(template.spec.containers[0]?.envFrom.slice(1), [
      secret("preview-stripe"),
      configMap("preview-flags"),
    ]);
    for (const name of ["copy-secret-stripe", "copy-config-map-flags"])
      assert.ok(dependsOn?.includes(`${NAME}-${name}`));
  });

  it("notes on the pods which versions they were started with, and nothing of the values", () => {
    const { inputs } = recording.get(DEPLOYMENT, `${NAME}-app`);
    const { template } = inputs["spec"] as { template: { metadata: { annotations: Record<string, unknown> } } };
    assert.match(String(template.metadata.annotations["berth.dev/secret-versions"]), /^[0-9a-f]{16}$/);
    assert.ok(!JSON.stringify(inputs).includes(MOCK_VALUE));
  });

  it("leaves pods without Secrets as they are", async () => {
    const plain = await record(() => new PrEnvironment(NAME, { config: config(), pr: PR, platform }));
    assert.ok(!JSON.stringify(plain.get(DEPLOYMENT, `${NAME}-app`).inputs).includes("secret-versions"));
    assert.deepEqual(plain.ofType(SECRET), []);
  });
});

describe("envFrom of what is not allowed", () => {
  const refusals = (fields: object, pr = PR) => validate({ config: config({ ...fields }), pr, platform });

  it("is refused with what is", () => {
    assert.deepEqual(refusals({ envFrom: [secret("stripe"), secret("stripe-live"), configMap("stripe")] }), [
      {
        propertyPath: "config.envFrom[1].secretRef.name",
        reason:
          '"stripe-live" is not allowed; accepted: mail, stripe, the Secrets for previews in namespace shop-preview-secrets. Choose one of them, or have the platform\'s owner add it to previewSecrets.shop.secrets of berth:platform.',
      },
      {
        propertyPath: "config.envFrom[2].configMapRef.name",
        reason:
          '"stripe" is not allowed; accepted: flags, the ConfigMaps for previews in namespace shop-preview-secrets. Choose one of them, or have the platform\'s owner add it to previewSecrets.shop.configMaps of berth:platform.',
      },
    ]);
  });

  it("is refused for a project that has no preview secrets", () => {
    assert.deepEqual(refusals({ projectId: "other", envFrom: [secret("stripe")] }), [
      {
        propertyPath: "config.envFrom[0].secretRef.name",
        reason:
          '"stripe" is not allowed; accepted: none, as this platform has no Secrets for previews of project other. Remove it, or have the platform\'s owner add it to previewSecrets.other.secrets of berth:platform.',
      },
    ]);
  });

  it("is refused for another repository that takes the project's name", () => {
    const fields = { projectId: "books", envFrom: [secret("stripe")] };
    assert.deepEqual(refusals(fields, { ...PR, repository: "mallory/books" }), [
      {
        propertyPath: "pr.repository",
        reason:
          '"mallory/books"; accepted: acme/books, to which the preview secrets of project books belong. Deploy from there, or remove envFrom.',
      },
    ]);
    assert.match(
      refusals(fields, { ...PR, repository: undefined })[0]?.reason ?? "",
      /^missing; accepted: acme\/books/,
    );
    assert.deepEqual(refusals(fields, { ...PR, repository: "acme/books" }), []);
    assert.deepEqual(refusals({ projectId: "books" }, { ...PR, repository: "mallory/books" }), []);
  });
});
