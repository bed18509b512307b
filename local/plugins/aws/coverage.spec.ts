import assert from "node:assert/strict";

import { rules } from "./rules";
import { buildWorld } from "../../../test/support/aws/world";
import { Workbench, type Made } from "../../../test/support/aws/workbench";

describe("the stand-in for AWS, on every type that it covers", () => {
  let bench: Workbench;
  let world: Made[];

  before(async () => {
    bench = await Workbench.open({ region: "eu-central-1" });
    world = await buildWorld(bench);
  });
  after(() => bench.close());

  it("is tried on all of them", () => {
    assert.deepEqual([...new Set(world.map(({ type }) => type))].sort(), Object.keys(rules.types).sort());
  });

  it("gives each output that a program may read, and no other", () => {
    for (const made of world) {
      const { outputs = [], optionalOutputs = [] } = rules.types[made.type] ?? {};
      const given = Object.keys(made.outputs);
      const missing = outputs.filter((name) => made.outputs[name] === undefined);
      const unknown = given.filter((name) => !outputs.includes(name) && !optionalOutputs.includes(name));
      assert.deepEqual({ missing, unknown }, { missing: [], unknown: [] }, made.type);
    }
  });

  it("reads each back as it was made", async () => {
    for (const { type, name, id, inputs, outputs } of world) {
      const urn = `urn:pulumi:case::project::${type}::${name}`;
      const found = await bench.provider.read({ urn, type, name, id, state: outputs, inputs });
      assert.ok(found, `${type} ${name} is gone`);
      assert.deepEqual({ ...found.inputs }, { ...inputs }, `${type} ${name}`);
    }
  });

  it("finds nothing to change in any", () => {
    for (const made of world) assert.deepEqual(bench.difference(made, {}).changes, {}, made.type);
  });

  it("lets all go in the opposite order, and then nothing is left", async () => {
    for (const made of [...world].reverse()) await bench.remove(made);
    assert.deepEqual(await bench.outside((account) => account.everything()), []);
  });
});
