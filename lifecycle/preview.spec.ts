import assert from "node:assert/strict";
import { changesOf } from "./preview";

const type = "kubernetes:core/v1:PersistentVolumeClaim";
const urn = (suffix: string, kind = type) => `urn:pulumi:pr-shop-7::berth::${kind}::shop-pr-7-${suffix}`;

describe("the changes of a preview", () => {
  it("are each object's, with the paths of its fields and nothing of their values", () => {
    const state = { type, custom: true, id: "shop-pr-7/postgresql-data" };
    const { changes, unchanged } = changesOf({
      steps: [
        { op: "update", urn: urn("a"), oldState: state, newState: state, detailedDiff: { "spec.b": {}, "spec.a": {} } },
        { op: "delete", urn: urn("b"), oldState: { ...state, id: "shop-pr-7/redis-data" } },
        { op: "create", urn: urn("c"), newState: { type, custom: true } },
        { op: "same", urn: urn("d"), oldState: state, newState: state },
      ],
    });
    assert.deepEqual(changes, [
      { op: "update", object: "PersistentVolumeClaim shop-pr-7/postgresql-data", fields: ["spec.a", "spec.b"] },
      { op: "delete", object: "PersistentVolumeClaim shop-pr-7/redis-data", fields: [] },
      { op: "create", object: "PersistentVolumeClaim shop-pr-7-c", fields: [] },
    ]);
    assert.equal(unchanged, 1);
  });

  it("leave out what stands in previews only", () => {
    const state = { type, custom: true, id: "shop-pr-7/redis-data" };
    const marker = 'metadata.annotations["berth.dev/awaits-quota"]';
    const step = (fields: string[]) => ({
      op: "update",
      urn: urn("a"),
      oldState: state,
      newState: state,
      detailedDiff: Object.fromEntries(fields.map((field) => [field, {}])),
    });
    assert.deepEqual(changesOf({ steps: [step([marker]), step([marker, "spec.resources"])] }), {
      changes: [{ op: "update", object: "PersistentVolumeClaim shop-pr-7/redis-data", fields: ["spec.resources"] }],
      unchanged: 1,
    });
  });

  it("name an object that is replaced once, and neither components nor the stack", () => {
    const password = "random:index/randomPassword:RandomPassword";
    const state = { type: password, custom: true, id: "none" };
    const steps = ["create-replacement", "replace", "delete-replaced"].map((op) => ({
      op,
      urn: urn("password", password),
      oldState: state,
      newState: state,
      detailedDiff: { keepers: {} },
    }));
    const own = { type: "pulumi:pulumi:Stack", custom: true };
    const component = { type: "berth:environment:PrEnvironment", custom: false };
    const { changes, unchanged } = changesOf({
      steps: [...steps, { op: "same", urn: "s", newState: own }, { op: "same", urn: "c", newState: component }],
    });
    assert.deepEqual(changes, [{ op: "replace", object: "RandomPassword shop-pr-7-password", fields: ["keepers"] }]);
    assert.equal(unchanged, 0);
  });
});
