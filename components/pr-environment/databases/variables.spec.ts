import assert from "node:assert/strict";
import { ENGINES, bucketOf, servingVersion, settingsOf, variablesOf } from "../../../config/databases";
import { HOST_FACTS, PR, config } from "../../../test/support/samples";
import { planPrEnvironment } from "../plan";

const plan = (databases: object) => planPrEnvironment({ config: config({ databases }), pr: PR, platform: HOST_FACTS });

describe("variables of databases", () => {
  for (const databases of [Object.fromEntries(ENGINES.map((engine) => [engine, true])), { minio: true }]) {
    it(`are all in the Secret of ${Object.keys(databases).join(", ")}`, () => {
      for (const { engine, variables, connection } of plan(databases).databases) {
        const values = connection("s3cret");
        assert.deepEqual(
          variables.filter((name) => (values[name] ?? "") === ""),
          [],
          engine,
        );
      }
    });
  }

  it("reach the app, each from the Secret of its engine", () => {
    const { workloads } = plan({ minio: { bucket: "uploads" } });
    const text = JSON.stringify(workloads[0]?.deployment);
    for (const name of variablesOf(config({ databases: { minio: true } }).databases, "s3"))
      assert.ok(text.includes(JSON.stringify({ name, valueFrom: { secretKeyRef: { name: "s3", key: name } } })), name);
    assert.ok(!text.includes("AWS_"), "an app with minio keeps what it has of AWS");
  });

  it("of the object store say the same under each name that it has", () => {
    const [s3] = plan({ s3: { bucket: "uploads" } }).databases;
    const values = s3?.connection("s3cret") ?? {};
    assert.deepEqual(
      [values["S3_ENDPOINT"], values["S3_BUCKET"], values["S3_ACCESS_KEY"], values["S3_SECRET_KEY"]],
      ["http://s3:9000", "uploads", "app", "s3cret"],
    );
    assert.deepEqual(
      [
        values["AWS_ENDPOINT_URL_S3"],
        values["AWS_REGION"],
        values["AWS_ACCESS_KEY_ID"],
        values["AWS_SECRET_ACCESS_KEY"],
      ],
      [values["S3_ENDPOINT"], values["S3_REGION"], "app", "s3cret"],
    );
    const [minio] = plan({ minio: { bucket: "uploads" } }).databases;
    const old = minio?.connection("s3cret") ?? {};
    for (const name of ["ENDPOINT", "BUCKET", "ACCESS_KEY", "SECRET_KEY"])
      assert.equal(old[`MINIO_${name}`], values[`S3_${name}`], name);
  });

  it("come from minio where the config says minio", () => {
    const { databases } = config({ databases: { minio: { storage: "2Gi", bucket: "pictures" } } });
    assert.deepEqual(settingsOf(databases, "s3").storage, "2Gi");
    assert.equal(bucketOf(databases), "pictures");
  });
});

describe("the version that serves a wanted one", () => {
  it("is that one, else the longest series that it is of", () => {
    assert.equal(servingVersion("7.0.5", ["7", "7.0", "7.0.5"]), "7.0.5");
    assert.equal(servingVersion("7.0.5", ["7", "7.0", "7.0.14"]), "7.0");
    assert.equal(servingVersion("7.0.5", ["7", "8.0"]), "7");
    assert.equal(servingVersion("7.0.5", ["7.1", "17.0", "8"]), undefined);
    assert.equal(servingVersion("16", ["16.1"]), undefined, "a series is not served by one of its versions");
  });

  it("names the folder of the data, whatever the wanted one was called", () => {
    const folders = ["7.0", "7.0.5"].map((version) => {
      const [database] = plan({ mongodb: { version } }).databases;
      assert.equal(database?.version, "7.0");
      return /\/data\/db\/[^"]*/.exec(JSON.stringify(database.server))?.[0];
    });
    assert.deepEqual(folders, ["/data/db/7.0", "/data/db/7.0"]);
  });
});
