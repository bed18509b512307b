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

describe("sealedSecrets", () => {
  const SEALED = "kubernetes:bitnami.com/v1alpha1:SealedSecret";
  /** Texts with the form of sealed values. */
  const sealedValue = (fill: number) =>
    Buffer.concat([Buffer.from([2, 0]), Buffer.alloc(528, fill)]).toString("base64");
  const withSealed = { ...platform, sealedSecrets: { projects: null } };
  const make = (fill: number) => {
    const fields = {
      sealedSecrets: { stripe: { KEY: sealedValue(fill) } },
      envFrom: [secret("stripe"), secret("mail")],
    };
    return record(() => new PrEnvironment(NAME, { config: config(fields), pr: PR, platform: withSealed }));
  };
  const namesOf = (recording: Recording) => {
    const { inputs } = recording.get(DEPLOYMENT, `${NAME}-app`);
    const { template } = inputs["spec"] as { template: { spec: { containers: { envFrom: object[] }[] } } };
    return template.spec.containers[0]?.envFrom.slice(1);
  };

  it("become SealedSecrets that any namespace may open, and are waited for until they are opened", async () => {
    const recording = await make(1);
    const { inputs, deletedWith, customTimeouts } = recording.get(SEALED, `${NAME}-sealed-stripe`);
    const { name, namespace, annotations } = inputs["metadata"] as {
      name: string;
      namespace: string;
      annotations: Record<string, string>;
    };
    assert.match(name, /^sealed-stripe-[0-9a-f]{8}$/);
    assert.equal(namespace, NAME);
    assert.equal(annotations["sealedsecrets.bitnami.com/cluster-wide"], "true");
    assert.equal(annotations["pulumi.com/waitFor"], "condition=Synced");
    assert.deepEqual((inputs["spec"] as { encryptedData: object }).encryptedData, { KEY: sealedValue(1) });
    assert.deepEqual(
      [deletedWith, customTimeouts],
      [`${NAME}-namespace`, { create: "1m", update: "1m", delete: "1m" }],
    );
    assert.deepEqual(namesOf(recording), [secret(name), secret("preview-mail")]);
    assert.ok(recording.get(DEPLOYMENT, `${NAME}-app`).dependsOn?.includes(`${NAME}-sealed-stripe`));
  });

  it("have another name when they have other values, so that no pod starts with those of before", async () => {
    assert.notDeepEqual(namesOf(await make(1)), namesOf(await make(2)));
    assert.deepEqual(namesOf(await make(1)), namesOf(await make(1)));
  });

  it("are refused where the platform has no controller, or not for this project", () => {
    const fields = config({ sealedSecrets: { stripe: { KEY: sealedValue(1) } } });
    const refusals = (sealedSecrets: { projects: string[] | null } | null) =>
      validate({ config: fields, pr: PR, platform: { ...platform, sealedSecrets } });
    assert.deepEqual(refusals(null), [
      {
        propertyPath: "config.sealedSecrets",
        reason:
          "given, but this platform has no SealedSecrets controller; accepted: none. Have its owner set sealedSecrets of berth:platform, or remove it.",
      },
    ]);
    assert.deepEqual(refusals({ projects: ["books"] }), [
      {
        propertyPath: "config.sealedSecrets",
        reason:
          "given for project shop; accepted for: books. Have the platform's owner add it to sealedSecrets.projects of berth:platform, or remove it.",
      },
    ]);
    assert.deepEqual(refusals({ projects: ["shop"] }), []);
  });
});

describe("externalSecrets", () => {
  const EXTERNAL = "kubernetes:external-secrets.io/v1:ExternalSecret";
  const fields = {
    externalSecrets: { mail: { store: "previews", data: { MAIL_KEY: { key: "shop/mail", property: "key" } } } },
    envFrom: [secret("mail")],
  };
  const withStores = { ...platform, externalSecrets: { shop: ["previews"] } };

  it("become ExternalSecrets of a ClusterSecretStore, and are waited for until they are filled", async () => {
    const recording = await record(
      () => new PrEnvironment(NAME, { config: config(fields), pr: PR, platform: withStores }),
    );
    const { inputs, deletedWith } = recording.get(EXTERNAL, `${NAME}-external-mail`);
    const { name, annotations } = inputs["metadata"] as { name: string; annotations: Record<string, string> };
    assert.match(name, /^external-mail-[0-9a-f]{8}$/);
    assert.equal(annotations["pulumi.com/waitFor"], "condition=Ready");
    const spec = inputs["spec"] as { secretStoreRef: object; target: { name: string }; data: object[] };
    assert.deepEqual(spec.secretStoreRef, { kind: "ClusterSecretStore", name: "previews" });
    assert.equal(spec.target.name, name);
    assert.deepEqual(spec.data, [{ secretKey: "MAIL_KEY", remoteRef: { key: "shop/mail", property: "key" } }]);
    // It may have a finalizer, so that it goes before its namespace.
    assert.equal(deletedWith, undefined);
    const { template } = recording.get(DEPLOYMENT, `${NAME}-app`).inputs["spec"] as {
      template: { spec: { containers: { envFrom: object[] }[] } };
    };
    assert.deepEqual(template.spec.containers[0]?.envFrom.slice(1), [secret(name)]);
    assert.deepEqual(recording.ofType(SECRET), []);
  });

  it("are refused for a store that the platform does not let this project name", () => {
    assert.deepEqual(validate({ config: config(fields), pr: PR, platform }), [
      {
        propertyPath: "config.externalSecrets.mail.store",
        reason:
          '"previews" is not allowed; accepted: none for project shop. Have the platform\'s owner add it to externalSecrets.shop of berth:platform.',
      },
    ]);
  });

  it("have names that sealedSecrets has not", () => {
    const sealedSecrets = { mail: { KEY: Buffer.concat([Buffer.from([2, 0]), Buffer.alloc(528)]).toString("base64") } };
    assert.throws(
      () => config({ ...fields, sealedSecrets }),
      /externalSecrets\.mail is a name that sealedSecrets has too/,
    );
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
