import assert from "node:assert/strict";
import { record } from "../../../test/support/mocks";
import { HOST_FACTS, PR, config } from "../../../test/support/samples";
import { PrEnvironment } from "..";
import { validate } from "../validate";

const guests = { engine: "redis", version: "7", size: "1Gi", driver: "ebs.csi.aws.com", handle: "snap-1" } as const;
const cache = { ...guests, engine: "mariadb", version: "10.11", size: "2Gi" } as const;
const platform = { ...HOST_FACTS, snapshots: { shop: { guests, cache }, books: { theirs: guests } } };
const NAME = "shop-pr-7";

function problems(databases: object) {
  return validate({ config: config({ databases }), pr: PR, platform }).map(
    ({ propertyPath, reason }) => `${propertyPath}: ${reason}`,
  );
}

describe("a volume that is made of a snapshot", () => {
  it("names what the platform lists, before its claim, and gets a password of its own", async () => {
    const databases = { mariadb: { storage: "3Gi", from: { volumeSnapshot: "cache" } } };
    const made = await record(() => new PrEnvironment(NAME, { config: config({ databases }), pr: PR, platform }));
    const custom = (kind: string, suffix: string) =>
      made.get(`kubernetes:snapshot.storage.k8s.io/v1:${kind}`, `${NAME}-mariadb-${suffix}`);
    const content = custom("VolumeSnapshotContent", "snapshot-content");
    assert.equal(content.deletedWith, undefined);
    assert.deepEqual(content.inputs["spec"], {
      deletionPolicy: "Retain",
      driver: "ebs.csi.aws.com",
      source: { snapshotHandle: "snap-1" },
      volumeSnapshotRef: { name: "mariadb-from-cache", namespace: NAME },
    });
    const snapshot = custom("VolumeSnapshot", "snapshot");
    assert.equal(snapshot.deletedWith, `${NAME}-namespace`);
    assert.ok(snapshot.dependsOn?.includes(content.name));
    const claim = made.get("kubernetes:core/v1:PersistentVolumeClaim", `${NAME}-mariadb-volume`);
    assert.ok(claim.dependsOn?.includes(snapshot.name));
    assert.deepEqual((claim.inputs["spec"] as { dataSource: object }).dataSource, {
      apiGroup: "snapshot.storage.k8s.io",
      kind: "VolumeSnapshot",
      name: "mariadb-from-cache",
    });
    const { spec } = made.get("kubernetes:apps/v1:StatefulSet", `${NAME}-mariadb`).inputs;
    const { initContainers } = (spec as { template: { spec: { initContainers: { name: string }[] } } }).template.spec;
    assert.deepEqual(
      initContainers.map(({ name }) => name),
      ["set-password"],
    );
    assert.ok(made.registrations.every(({ name }) => name !== `${NAME}-seed-mariadb`));
  });

  it("is refused for another project's, another database's, another version's, and one that is larger", () => {
    const from = (volumeSnapshot: string) => ({ from: { volumeSnapshot } });
    assert.deepEqual(problems({ redis: from("guests") }), []);
    const ask = "Have the platform's owner add it to snapshots.shop of berth:platform, or use from.image.";
    assert.deepEqual(problems({ redis: from("theirs") }), [
      `config.databases.redis.from.volumeSnapshot: "theirs" is no snapshot of Redis that is allowed; accepted: guests. ${ask}`,
    ]);
    assert.deepEqual(problems({ s3: from("guests") }), [
      `config.databases.s3.from.volumeSnapshot: "guests" is no snapshot of S3 object store that is allowed; accepted: none, as this platform has none for project shop. ${ask}`,
    ]);
    assert.deepEqual(problems({ mariadb: { ...from("cache"), storage: "1Gi" } }), [
      'config.databases.mariadb.storage: 1Gi is smaller than the volume of snapshot "cache"; accepted: 2Gi or more. Raise it.',
    ]);
    const other = { ...HOST_FACTS, snapshots: { shop: { guests: { ...guests, version: "6" } } } };
    assert.deepEqual(
      validate({ config: config({ databases: { redis: from("guests") } }), pr: PR, platform: other }).map(
        ({ reason }) => reason,
      ),
      [
        '"guests" is of version 6, and the database\'s is 7; accepted: the same. Set databases.redis.version to "6", or take another snapshot.',
      ],
    );
  });
});

describe("an object store with a seed", () => {
  it("is refused where the platform has no client to fill it", () => {
    assert.deepEqual(problems({ s3: { seed: [{ object: "a", text: "b" }] } }), [
      "config.databases.s3.seed: this platform has no client by which object stores are filled. Ask its owner to set s3Client of berth:platform, or fill the bucket with a job.",
    ]);
  });
});
