import assert from "node:assert/strict";
import { DIGEST, HOST_FACTS, PR, config } from "../../test/support/samples";
import { record } from "../../test/support/mocks";
import type { Recording, Registration } from "../../test/support/mocks";
import { PrEnvironment } from ".";
import type { PrEnvironmentArgs } from ".";

const NAME = "shop-pr-7";
const at = "2026-01-31T09:30:00.000Z";
const databases = { postgresql: true, mariadb: true, redis: true, mongodb: true, s3: true };

function environment(args: Partial<PrEnvironmentArgs>): Promise<Recording> {
  return record(
    () => new PrEnvironment(NAME, { config: config({ databases }), pr: PR, platform: HOST_FACTS, ...args }),
  );
}

interface Template {
  metadata: { annotations?: Record<string, string> };
  spec: { initContainers?: { name: string; env: object[]; securityContext: object; resources: object }[] };
}

const templateOf = ({ inputs }: Registration) => (inputs["spec"] as { template: Template }).template;
const statefulSet = (made: Recording, engine: string) =>
  made.get("kubernetes:apps/v1:StatefulSet", `${NAME}-${engine}`);
const deployment = (made: Recording) => made.get("kubernetes:apps/v1:Deployment", `${NAME}-app`);
const password = (made: Recording, engine: string) =>
  made.get("random:index/randomPassword:RandomPassword", `${NAME}-${engine}-password`);

describe("a change of passwords", () => {
  let before: Recording;
  let after: Recording;

  beforeEach(async () => {
    before = await environment({});
    after = await environment({ rotations: { postgresql: at, redis: at } });
  });

  it("makes new passwords by their keeper, for the databases that it is for", () => {
    for (const engine of ["postgresql", "redis"])
      assert.deepEqual(password(after, engine).inputs["keepers"], { rotated: at });
    assert.equal(password(after, "mariadb").inputs["keepers"], undefined);
    assert.equal(password(before, "postgresql").inputs["keepers"], undefined);
  });

  it("restarts those databases and the app, and no other", () => {
    for (const one of [statefulSet(after, "postgresql"), statefulSet(after, "redis"), deployment(after)])
      assert.equal(templateOf(one).metadata.annotations?.["berth.dev/rotated"], at, one.name);
    assert.deepEqual(statefulSet(after, "mariadb"), statefulSet(before, "mariadb"));
    assert.equal(templateOf(deployment(before)).metadata.annotations?.["berth.dev/rotated"], undefined);
  });

  it("reaches each server before the app starts with it", () => {
    const needs = deployment(after).dependsOn ?? [];
    for (const engine of ["postgresql", "redis"]) {
      assert.ok(needs.includes(`${NAME}-${engine}`), engine);
      assert.ok(statefulSet(after, engine).dependsOn?.includes(`${NAME}-${engine}-secret`), engine);
    }
    assert.ok(!needs.includes(`${NAME}-mariadb`));
    assert.ok(!(deployment(before).dependsOn ?? []).includes(`${NAME}-postgresql`));
  });

  it("is made in the data before the server starts, in a container as confined as the server, without the password in its command", async () => {
    const made = await environment({ rotations: { postgresql: at, mariadb: at, redis: at, mongodb: at, s3: at } });
    for (const engine of ["postgresql", "mariadb", "mongodb"]) {
      const [container, ...rest] = templateOf(statefulSet(made, engine)).spec.initContainers ?? [];
      assert.deepEqual(rest, []);
      assert.equal(container?.name, "set-password");
      const { template } = statefulSet(made, engine).inputs["spec"] as {
        template: { spec: { containers: { env: object[]; securityContext: object; resources: object }[] } };
      };
      const [server] = template.spec.containers;
      assert.deepEqual(container.env, server?.env);
      assert.deepEqual(container.securityContext, server?.securityContext);
      // Not more than the server, so that the quota has room for it.
      assert.deepEqual(container.resources, server?.resources);
      assert.ok(!JSON.stringify(container).includes("mock-password"));
    }
    // These take their password from their settings at each start.
    for (const engine of ["redis", "s3"])
      assert.equal(templateOf(statefulSet(made, engine)).spec.initContainers, undefined);
  });

  it("changes neither volumes nor Services nor the names of Secrets", () => {
    const fixed = (made: Recording) => [
      ...made.ofType("kubernetes:core/v1:PersistentVolumeClaim"),
      ...made.ofType("kubernetes:core/v1:Service"),
    ];
    assert.deepEqual(fixed(after), fixed(before));
    const names = (made: Recording) =>
      made
        .ofType("kubernetes:core/v1:Secret")
        .map(({ inputs }) => (inputs["metadata"] as { name: string }).name)
        .sort();
    assert.deepEqual(names(after), names(before));
  });
});

describe("a database's volume", () => {
  const claim = (made: Recording) => made.get("kubernetes:core/v1:PersistentVolumeClaim", `${NAME}-postgresql-volume`);
  const annotations = ({ inputs }: Registration) =>
    (inputs["metadata"] as { annotations: Record<string, string> }).annotations;

  it("says which version's data are used on it", async () => {
    const platform = {
      ...HOST_FACTS,
      images: { ...HOST_FACTS.images, postgresql: { "15": `localhost/a@${DIGEST}`, "16": `localhost/b@${DIGEST}` } },
    };
    const versionOf = async (version: string) =>
      annotations(claim(await environment({ platform, config: config({ databases: { postgresql: { version } } }) })))[
        "berth.dev/data-version"
      ];
    assert.equal(await versionOf("15"), "15");
    assert.equal(await versionOf("16"), "16");
  });

  it("keeps the storage class that it was made with", async () => {
    assert.deepEqual(claim(await environment({})).ignoreChanges, ["spec.storageClassName", "spec.dataSource"]);
  });
});
